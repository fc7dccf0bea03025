"""A cluster for one test: a fresh API server, and the real kubectl, helm and flux against it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import build, flux_migrate_cli
from tests.e2e.server import Server
from tests.tools import need_helm

ADMIN = "admin"
Object = dict[str, Any]

_PATHS = {
    "clusterrolebindings": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "clusterroles": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "configmaps": "/api/v1/configmaps",
    "customresourcedefinitions": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "deployments": "/apis/apps/v1/deployments",
    "networkpolicies": "/apis/networking.k8s.io/v1/networkpolicies",
    "persistentvolumeclaims": "/api/v1/persistentvolumeclaims",
    "secrets": "/api/v1/secrets",
    "serviceaccounts": "/api/v1/serviceaccounts",
    "services": "/api/v1/services",
}
_LONGEST = 120  # seconds that one command may take


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def ok(self) -> str:
        """Return the standard output of a command that has to have succeeded."""
        assert self.code == 0, self.err or self.out
        return self.out


@dataclass(frozen=True)
class Cluster:
    """A cluster without controllers.

    Attributes:
        server: its API server.
        directory: scratch space; commands run in it.
        far: the port of a slow link to the server.
    """

    server: Server
    directory: Path
    far: int

    def __post_init__(self) -> None:
        programs = self.directory / "bin"
        programs.mkdir()
        (programs / "kubectl").symlink_to(build.need().with_name("kubectl"))
        (self.directory / f"{ADMIN}.kubeconfig").write_text(self.server.config)

    def environment(self, user: str = ADMIN) -> dict[str, str]:
        """Return the whole environment of a command, as an administrator or a known account."""
        return {
            "PATH": os.pathsep.join([str(self.directory / "bin"), os.environ["PATH"]]),
            "HOME": str(self.directory),
            "KUBECONFIG": str(self.directory / f"{user}.kubeconfig"),
            "LC_ALL": "C.UTF-8",
        }

    def run(self, program: str | Path, *arguments: str, user: str = ADMIN, given: str = "") -> Said:
        """Run a program.

        Args:
            program: its path, or its name on PATH.
            arguments: its arguments.
            user: `admin`, or one that `log_in` has made.
            given: its standard input.
        """
        done = subprocess.run(
            [program, *arguments],
            cwd=self.directory,
            env=self.environment(user),
            input=given,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def kubectl(self, *arguments: str, user: str = ADMIN, given: str = "") -> Said:
        return self.run(build.need().with_name("kubectl"), *arguments, user=user, given=given)

    def helm(
        self, which: str, *arguments: str, user: str = ADMIN, namespace: str = "flux-system"
    ) -> Said:
        """Run a helm: `helm3` or `helm4`."""
        return self.run(need_helm(which), "--namespace", namespace, *arguments, user=user)

    def flux(self, *arguments: str) -> Said:
        return self.run(flux_migrate_cli.need(), *arguments)

    def log_in(self, account: str, namespace: str = "flux-system") -> None:
        """Ask for a token of a ServiceAccount, as its pod would have it.

        From then on it is a user: `helm-controller`, and over the slow link `helm-controller-far`.
        """
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        token = self.server.ask("POST", path, json={"spec": {}})["status"]["token"]
        config: dict[str, Any] = json.loads(self.server.config)
        config["users"][0]["user"] = {"token": token}
        (self.directory / f"{account}.kubeconfig").write_text(json.dumps(config))
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self.far}"
        (self.directory / f"{account}-far.kubeconfig").write_text(json.dumps(config))

    def apply(self, manifest: bytes | str, *arguments: str, user: str = ADMIN) -> Said:
        """Apply a manifest server-side."""
        text = manifest.decode() if isinstance(manifest, bytes) else manifest
        command = ["apply", "--server-side", *arguments, "--filename", "-"]
        return self.kubectl(*command, user=user, given=text)

    def objects(self, kind: str) -> dict[str, Object]:
        """Return all objects of a kind, by name: `configmaps`, `helmreleases`."""
        path = _PATHS.get(kind) or self._path(kind)
        return {found["metadata"]["name"]: found for found in self.server.ask("GET", path)["items"]}

    def _path(self, kind: str) -> str:
        (crd,) = (crd for name, crd in self.crds().items() if kind in (name, name.split(".")[0]))
        (version,) = (found["name"] for found in crd["spec"]["versions"] if found["storage"])
        return f"/apis/{crd['spec']['group']}/{version}/{crd['spec']['names']['plural']}"

    def images(self) -> dict[str, str]:
        """Return the images of the controllers in `flux-system`, by Deployment."""
        return {
            name: found["spec"]["template"]["spec"]["containers"][0]["image"]
            for name, found in self.objects("deployments").items()
            if found["metadata"]["namespace"] == "flux-system"
        }

    def bindings(self) -> set[str]:
        """Return the names of the ClusterRoleBindings that Kubernetes did not make itself."""
        bootstrapped = "kubernetes.io/bootstrapping"
        return {
            name
            for name, found in self.objects("clusterrolebindings").items()
            if bootstrapped not in found["metadata"].get("labels", {})
        }

    def crds(self) -> dict[str, Object]:
        """Return all CRDs of Flux, by name."""
        found = self.objects("customresourcedefinitions")
        return {name: crd for name, crd in found.items() if name.endswith(".fluxcd.io")}

    def kubernetes(self) -> str:
        """Return the server's version as it says it, `v1.37.2`."""
        return self.server.version

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until what the server does in the background is done."""
        limit = time.monotonic() + _LONGEST
        while not condition():
            late = time.monotonic() >= limit
            assert not late, f"the server did not get there; its CRDs: {sorted(self.crds())}"
            time.sleep(0.1)

    def deleting(self, *kinds: str) -> set[str]:
        """Return the names of what waits to be deleted, among all objects of kinds."""
        return {
            name
            for kind in kinds
            for name, found in self.objects(kind).items()
            if "deletionTimestamp" in found["metadata"]
        }
