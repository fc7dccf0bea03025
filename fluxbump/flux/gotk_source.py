"""Where the `gotk-components.yaml` of a release comes from: the first place that has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from fluxbump.errors import FluxbumpError, IndexSourceError
from fluxbump.flux import gotk
from fluxbump.flux.gotk import GotkManifest
from fluxbump.text.budget import MANIFEST

Components = Callable[[str, tuple[str, ...]], GotkManifest]
"""Gives the manifest of a release with these components at least; raises IndexSourceError."""

Place = Callable[[str, tuple[str, ...]], tuple[bytes, str]]
"""Reads that manifest, and says where it was; raises FluxbumpError."""


class Texts(Struct, frozen=True):
    """Places that have the manifests of releases.

    Attributes:
        places: in the order in which they are asked.
    """

    places: Sequence[Place]

    def manifest(self, release: str, components: tuple[str, ...]) -> GotkManifest:
        """Return the manifest of a release.

        Args:
            release: without a leading `v`.
            components: that are wanted; the manifest may have more.

        Raises:
            IndexSourceError: no place has it; says why of each.
        """
        reasons = []
        for read in self.places:
            try:
                data, where = read(release, components)
                return manifest(data, release, where)
            except FluxbumpError as error:
                place = f"{error.where}: " if error.where else ""
                reasons.append(f"{place}{error.message}")
        raise IndexSourceError("; ".join(reasons) or "there is no place to ask")


def published(files: Callable[[str], Mapping[str, bytes]], name: str) -> Place:
    """Return a place that is an artifact of each release, with the manifest among its files.

    Args:
        files: gives the files of a release's artifact, by path; raises IndexSourceError.
        name: of the artifact, for messages.
    """

    def read(release: str, _: tuple[str, ...]) -> tuple[bytes, str]:
        where, held = f"{name}:v{release}", files(release)
        found = [path for path in sorted(held) if path.rpartition("/")[2] == gotk.FILE]
        if not found:
            raise IndexSourceError(f"it has no {gotk.FILE}", where=where)
        return held[found[0]], where

    return read


def manifest(data: bytes, release: str, where: str) -> GotkManifest:
    """Read a manifest that somebody keeps.

    Args:
        data: of the file.
        release: that it must be of, without a leading `v`.
        where: it was, for messages.

    Raises:
        IndexSourceError: it is no such manifest, or one of another release.
    """
    if len(data) > MANIFEST.size:
        raise IndexSourceError(f"larger than {MANIFEST.shown_size}", where=where)
    try:
        found = gotk.read(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise IndexSourceError("it is not UTF-8", where=where) from None
    if found is None:
        raise IndexSourceError("it is not what `flux install --export` writes", where=where)
    said = {f"v{found.version}", *(label.value for label in found.labels)}
    if said != {f"v{release}"}:
        named = f"it says {' and '.join(sorted(said))}"
        raise IndexSourceError(f"it is not the manifest of v{release}: {named}", where=where)
    return found
