"""Read the manifests of Flux releases: `vX.Y.Z/install.yaml` below a URL or a directory.

A manifest is read only for a release that the tables do not know. A release never changes, so
what was read from a URL once is kept for good.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from msgspec import Struct

from fluxbump.errors import IndexSourceError
from fluxbump.flux import gotk, install_manifest
from fluxbump.flux.install_manifest import Shipped
from fluxbump.helm.index import places
from fluxbump.system.http.failure import HttpError
from fluxbump.text.budget import MANIFEST

_FILE = "install.yaml"
_NOT_FOUND = 404
_ELSEWHERE = "use --releases to name the place of the manifests"


class ManifestReader(Protocol):
    """A reader of URLs, such as `fluxbump.system.http.fetch.Web`."""

    def get(self, url: str, *, limit: int, settled: bool) -> bytes:
        """Return the body behind `url`.

        Raises:
            HttpError: the body is not available, or is larger than `limit` bytes.
        """
        ...


class Upstream(Struct, frozen=True):
    """A URL or directory that has the manifests of releases.

    Attributes:
        spec: an https or http URL, or the path of a directory; below it are the folders that are
            named after releases, as below `releases/download` of Flux's own repository.
        web: makes the reader of URLs; called only if `spec` is a URL.
    """

    spec: str
    web: Callable[[], ManifestReader]

    def shipped(self, release: str) -> Shipped:
        """Read the manifest of a release.

        Args:
            release: without a leading `v`.

        Raises:
            IndexSourceError: the manifest is not available, cannot be used, or belongs to another
                release.
        """
        data, source = self._read(release)
        found = install_manifest.install(data, source)
        if found.release not in (None, release):
            raise IndexSourceError(f"it is the manifest of Flux {found.release}", where=source)
        return found

    def data(self, release: str) -> bytes:
        """Return the bytes of a release's manifest, from which digests are computed.

        Raises:
            IndexSourceError: the manifest is not available, cannot be used, or belongs to another
                release.
        """
        self.shipped(release)
        return self._read(release)[0]

    def components(self, release: str) -> tuple[bytes, str]:
        """Return the `gotk-components.yaml` that the place keeps for a release, and its place.

        The file has what `flux install --export` writes, for places that keep such files.

        Raises:
            IndexSourceError: it is not available.
        """
        return self._read(release, gotk.FILE)

    def checksums(self, release: str) -> str:
        """Return the file with the sha256 of each file of the flux CLI of a release.

        Raises:
            IndexSourceError: it is not available.
        """
        return self._read(release, f"flux_{release}_checksums.txt")[0].decode("utf-8", "replace")

    def _read(self, release: str, name: str = _FILE) -> tuple[bytes, str]:
        if "://" in self.spec:
            return self._fetched(release, name)
        path = Path(self.spec, f"v{release}", name)
        if not path.is_file():
            raise IndexSourceError("no such file", where=str(path), hint=_ELSEWHERE)
        return places.read(path, MANIFEST.size), str(path)

    def _fetched(self, release: str, name: str) -> tuple[bytes, str]:
        """Return the manifest behind the URL, and the URL as it may be shown.

        Raises:
            IndexSourceError: it is not available.
        """
        try:
            parts = urlsplit(self.spec.strip())
            _ = parts.port  # reading it validates it
        except ValueError:
            raise IndexSourceError("the URL of the releases is not valid") from None
        path = f"{parts.path.rstrip('/')}/v{quote(release)}/{name}"
        url = parts._replace(path=path, fragment="").geturl()
        try:
            data = self.web().get(url, limit=MANIFEST.size, settled=True)
        except HttpError as error:
            if error.status == _NOT_FOUND:
                error.hint = _ELSEWHERE
            raise error.reading("the release manifest", IndexSourceError) from None
        return data, places.public(url)
