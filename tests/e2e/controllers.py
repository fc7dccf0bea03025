"""Stand-ins for three controllers of Flux, as strict as they were measured to be.

The real ones are not to be had from a package registry. These act when they are told to, not on
their own, and only while their Deployment has replicas: under the token of their own
ServiceAccount, with the real kubectl and the real helm. What they do is what a real cluster showed:
they finish deletions behind `finalizers.fluxcd.io`, they prune and uninstall as they do so, they
adopt what Helm finds, and they remediate a failed install by an uninstall.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.e2e import gitops
from tests.e2e.cluster import Cluster, Said
from tests.e2e.field_managers import taken_over
from tests.e2e.gitops import FLUX, Git, Object

FINALIZER = "finalizers.fluxcd.io"
_OWNER = "kustomize.toolkit.fluxcd.io/name"
_PLURALS = {
    "ConfigMap": "configmaps",
    "GitRepository": "gitrepositories",
    "HelmRelease": "helmreleases",
    "Kustomization": "kustomizations",
    "PersistentVolumeClaim": "persistentvolumeclaims",
}
_PRUNED = "helmreleases,kustomizations,configmaps,persistentvolumeclaims,deployments"


@dataclass
class Controllers:
    """The controllers of a cluster.

    Attributes:
        cluster: where they run.
        git: what they reconcile.
        helm: the helm that helm-controller is built on, `helm3` or `helm4`.
        failures: what Helm has said to helm-controller when it failed, oldest first.
    """

    cluster: Cluster
    git: Git
    helm: str
    failures: list[str] = field(default_factory=list)

    def act(self) -> None:
        """Let each controller that runs reconcile everything once."""
        for name, reconcile in (
            ("kustomize-controller", self._kustomize),
            ("helm-controller", self._release),
            ("source-controller", self._source),
        ):
            if name in self._running():
                self.cluster.log_in(name)
                reconcile()

    def _running(self) -> set[str]:
        return {
            name
            for name, found in self.cluster.objects("deployments").items()
            if found["metadata"]["namespace"] == FLUX
            if found["spec"]["replicas"] and "deletionTimestamp" not in found["metadata"]
        }

    def _each(self, *plurals: str) -> Iterator[tuple[str, Object]]:
        """Yield each object of kinds that there are, with the full name of its kind."""
        for crd in self.cluster.crds():
            if crd.partition(".")[0] in plurals:
                for found in self.cluster.objects(crd).values():
                    yield crd, found

    # --- kustomize-controller -----------------------------------------------------------------

    def _kustomize(self) -> None:
        for crd, found in self._each("kustomizations"):
            name = found["metadata"]["name"]
            if found["spec"].get("suspend"):
                continue
            if _is_deleted(found):
                self._prune(name)
                self._let_go(crd, found, "kustomize-controller")
            else:
                self._hold(crd, found, "kustomize-controller")
                self._apply(name)

    def _apply(self, name: str) -> None:
        wanted = self.git.path(name)
        for content in wanted:
            content["metadata"]["labels"] = {_OWNER: name}
            self._take_over(content)
        options = ["--force-conflicts", "--field-manager", "kustomize-controller"]
        self.cluster.apply(gitops.manifest(wanted), *options, user="kustomize-controller").ok()

    def _take_over(self, content: Object) -> None:
        plural = _PLURALS[content["kind"]]
        found = self.cluster.objects(plural).get(content["metadata"]["name"])
        entries = found["metadata"]["managedFields"] if found else []
        wanted = taken_over(entries)
        if wanted != entries:
            replace = {"op": "replace", "path": "/metadata/managedFields", "value": wanted}
            place = ["--namespace", content["metadata"]["namespace"]]
            command = [*place, "patch", plural, content["metadata"]["name"], "--type", "json"]
            patch = ["--patch", json.dumps([replace])]
            self.cluster.kubectl(*command, *patch, user="kustomize-controller").ok()

    def _prune(self, name: str) -> None:
        self.cluster.kubectl(
            "delete",
            _PRUNED,
            "--all-namespaces",
            f"--selector={_OWNER}={name}",
            "--wait=false",
            user="kustomize-controller",
        ).ok()

    # --- helm-controller ----------------------------------------------------------------------

    def _release(self) -> None:
        for crd, found in self._each("helmreleases"):
            if "helm-controller" not in self._running():
                return  # it has uninstalled itself
            if found["spec"].get("suspend") and not _is_deleted(found):
                continue
            if _is_deleted(found):
                if not found["spec"].get("suspend"):
                    self._helm(found, "uninstall", _release_name(found))
                self._let_go(crd, found, "helm-controller")
            else:
                self._hold(crd, found, "helm-controller")
                self._install(found)

    def _install(self, found: Object) -> None:
        chart = gitops.manifest([gitops.helm_chart(found)])
        self.cluster.apply(chart, "--field-manager", "helm-controller", user="helm-controller").ok()
        wanted = found["spec"]["chart"]["spec"]
        last = self._last(found)
        if last.get("status") == "deployed" and last["chart"] == "{chart}-{version}".format(
            **wanted
        ):
            return
        archive = str(self.cluster.directory / "{chart}-{version}.tgz".format(**wanted))
        adopt = ["--take-ownership"]
        if self.helm == "helm4":
            adopt.append("--force-conflicts")
        verb = "upgrade" if last else "install"
        said = self._helm(found, verb, _release_name(found), archive, *adopt)
        if said.code:
            self.failures.append(said.err.strip())
            if verb == "install" and _retries(found):
                self._helm(found, "uninstall", _release_name(found))

    def _last(self, found: Object) -> dict[str, Any]:
        """Return the last revision of a release in Helm's history; nothing if there is none."""
        command = ["history", _release_name(found), "--output", "json"]
        said = self._helm(found, *command)
        return dict(json.loads(said.out)[-1]) if said.code == 0 else {}

    def _helm(self, found: Object, *arguments: str) -> Said:
        namespace = found["metadata"]["namespace"]
        user = "helm-controller-far" if arguments[0] == "uninstall" else "helm-controller"
        return self.cluster.helm(self.helm, *arguments, user=user, namespace=namespace)

    # --- source-controller --------------------------------------------------------------------

    def _source(self) -> None:
        for crd, found in self._each("gitrepositories", "helmcharts"):
            if _is_deleted(found):
                self._let_go(crd, found, "source-controller")
            else:
                self._hold(crd, found, "source-controller")

    # --- finalizers ---------------------------------------------------------------------------

    def _hold(self, crd: str, found: Object, controller: str) -> None:
        if FINALIZER not in found["metadata"].get("finalizers", ()):
            self._finalizers(crd, found, controller, [FINALIZER])

    def _let_go(self, crd: str, found: Object, controller: str) -> None:
        self._finalizers(crd, found, controller, None)

    def _finalizers(
        self, crd: str, found: Object, controller: str, wanted: list[str] | None
    ) -> None:
        patch = json.dumps({"metadata": {"finalizers": wanted}})
        place = ["--namespace", found["metadata"]["namespace"]]
        command = [*place, "patch", crd, found["metadata"]["name"], "--type", "merge"]
        command += ["--field-manager", controller, "--patch", patch]
        said = self.cluster.kubectl(*command, user=controller)
        assert said.code == 0 or "(NotFound)" in said.err, said.err


def _is_deleted(found: Object) -> bool:
    return "deletionTimestamp" in found["metadata"]


def _release_name(found: Object) -> str:
    return str(found["spec"].get("releaseName", found["metadata"]["name"]))


def _retries(found: Object) -> int:
    return int(found["spec"].get("install", {}).get("remediation", {}).get("retries", 0))
