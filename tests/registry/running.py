"""A real registry on the loopback interface, and what is pushed to it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from fixtures import generate
from tests.registry import build
from tests.secrets import PLANTED
from tests.tools import need_helm

USER = "robot"
PASSWORD = PLANTED
_HTPASSWD = f"{USER}:$2a$04$49G.P194.boLHLfcnnAxa.dPAYnp8yTVpk79edYF8fIZao2yGrRsa\n"
"""The user, with the bcrypt of the password: a registry takes no other hash."""

CHARTS = "charts"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
FLUX_CONFIG = "application/vnd.cncf.flux.config.v1+json"
FLUX_CONTENT = "application/vnd.cncf.flux.content.v1.tar+gzip"
EMPTY = b"{}"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class Running:
    """A registry.

    Attributes:
        host: its name and port.
        directory: for files on their way to it.
        login: whether it wants `USER` and `PASSWORD`.
    """

    host: str
    directory: Path
    login: bool = False

    def spec(self, name: str = "flux2", *, host: str = "") -> str:
        return f"oci://{host or self.host}/{CHARTS}/{name}"

    def push_charts(self, releases: Mapping[str, str], helm: str = "helm3") -> dict[str, bytes]:
        """Push charts with the real helm; map their versions to their archives.

        Args:
            releases: chart version to the Flux release that it ships.
            helm: which one.
        """
        made = {
            version: generate.chart_archive(version, app_version=app)
            for version, app in releases.items()
        }
        return {version: self.push_chart(version, made[version], helm) for version in made}

    def push_chart(self, version: str, archive: bytes, helm: str = "helm3") -> bytes:
        path = self.directory / f"flux2-{version}.tgz"
        path.write_bytes(archive)
        command = [str(need_helm(helm)), "push", str(path), f"oci://{self.host}/{CHARTS}"]
        command += ["--plain-http"]
        command += ["--username", USER, "--password", PASSWORD] if self.login else []
        environ = {"HOME": str(self.directory), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return archive

    def push(
        self,
        name: str,
        tag: str,
        layers: Mapping[str, bytes],
        *,
        config: tuple[str, bytes] = (FLUX_CONFIG, EMPTY),
        annotations: Mapping[str, str] | None = None,
    ) -> str:
        """Push an artifact as `flux push artifact` makes it; return the digest of its manifest.

        Args:
            name: of the repository.
            tag: to put.
            layers: media type to contents.
            config: media type and contents.
            annotations: of the manifest.
        """
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.blob(name, *config),
            "layers": [self.blob(name, *layer) for layer in layers.items()],
            "annotations": dict(annotations or {}),
        }
        return self.put(name, tag, json.dumps(manifest).encode())

    def put(self, name: str, tag: str, manifest: bytes, media_type: str = MANIFEST) -> str:
        """Put a manifest; return its digest."""
        with self._client() as client:
            done = client.put(
                f"/v2/{name}/manifests/{tag}",
                content=manifest,
                headers={"content-type": media_type},
            )
        assert done.status_code == 201, done.text
        return digest_of(manifest)

    def blob(self, name: str, media_type: str, data: bytes) -> dict[str, Any]:
        """Upload a blob; return what a manifest says of it."""
        digest = digest_of(data)
        with self._client() as client:
            place = client.post(f"/v2/{name}/blobs/uploads/").raise_for_status().headers["location"]
            url = httpx.URL(place).copy_merge_params({"digest": digest})
            client.put(url, content=data).raise_for_status()
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def delete(self, name: str, tag: str) -> None:
        """Delete a tag."""
        with self._client() as client:
            done = client.delete(f"/v2/{name}/manifests/{tag}")
        assert done.status_code == 202, done.text

    def _client(self) -> httpx.Client:
        auth = (USER, PASSWORD) if self.login else None
        return httpx.Client(base_url=f"http://{self.host}", auth=auth, trust_env=False)


@contextmanager
def running(directory: Path, **config: Any) -> Iterator[Running]:
    """Start a registry.

    Args:
        directory: for its files; made.
        config: beside what every one has; `auth` is `htpasswd` for one that wants a login.
    """
    directory.mkdir(parents=True)
    is_htpasswd = config.get("auth") == "htpasswd"
    if is_htpasswd:
        (directory / "htpasswd").write_text(_HTPASSWD)
        path = str(directory / "htpasswd")
        config["auth"] = {"htpasswd": {"realm": "fluxbump", "path": path}}
    settings = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"inmemory": {}, "delete": {"enabled": True}},
        "http": {"secret": "of no importance"},
        **config,
    }
    file = directory / "config.yml"
    file.write_text(json.dumps(settings))  # JSON is YAML
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            [build.need(), file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        host = process.stdout.readline().strip()
        assert host, (directory / "log").read_text()
        yield Running(host, directory, login=is_htpasswd)
    finally:
        process.stdin.close()  # which ends it
        process.wait()
        process.stdout.close()


def tarball(files: Mapping[str, bytes]) -> bytes:
    """Return a tar as `flux push artifact` writes it: regular files, compressed."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)
