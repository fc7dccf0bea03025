"""Get the `gotk-components.yaml` of a release from the first place that has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from fluxbump.errors import FluxbumpError, IndexSourceError
from fluxbump.flux import gotk
from fluxbump.flux.gotk import GotkManifest
from fluxbump.text.budget import MANIFEST

Components = Callable[[str, tuple[str, ...]], GotkManifest]
"""A function that returns a release's manifest with at least these components.

It raises IndexSourceError.
"""

Place = Callable[[str, tuple[str, ...]], tuple[bytes, str]]
"""A function that returns the bytes of such a manifest, and their place for messages.

It raises FluxbumpError.
"""


class Texts(Struct, frozen=True):
    """Asks several places for the manifest of a release.

    Attributes:
        places: functions that read the manifest, in the order in which they are asked.
    """

    places: Sequence[Place]

    def manifest(self, release: str, components: tuple[str, ...]) -> GotkManifest:
        """Return the manifest of a release.

        Args:
            release: without a leading `v`.
            components: the components that the caller needs; the manifest may have more.

        Raises:
            IndexSourceError: no place has the manifest; the message has the reason of each place.
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
    """Return a place that finds the manifest among the files of a release's artifact.

    Args:
        files: returns the files of a release's artifact, by path; raises IndexSourceError.
        name: the artifact's name, for messages.
    """

    def read(release: str, _: tuple[str, ...]) -> tuple[bytes, str]:
        where, held = f"{name}:v{release}", files(release)
        found = [path for path in sorted(held) if path.rpartition("/")[2] == gotk.FILE]
        if not found:
            raise IndexSourceError(f"it has no {gotk.FILE}", where=where)
        return held[found[0]], where

    return read


def manifest(data: bytes, release: str, where: str) -> GotkManifest:
    """Parse the manifest of a release, and check which release it is of.

    Args:
        data: the bytes of the file.
        release: the release that the manifest must be of, without a leading `v`.
        where: the place of the file, for messages.

    Raises:
        IndexSourceError: the file is too large, is no such manifest, or is of another release.
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
