"""Finds URLs and digests of the flux CLI's archives, `flux_VERSION_PLATFORM.tar.gz`. Pure.

Flux publishes them beside the manifest of a release. The version is in each URL twice. The sha256
of each file is in `flux_VERSION_checksums.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from fluxbump.discover.digests import spellings
from fluxbump.discover.digests.stale_digests import stays
from fluxbump.discover.embedded import program_source
from fluxbump.discover.variables import references
from fluxbump.model import FLUX, Form, Inventory, Pin, Track, TrackKind
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

NAME = "the archive of the flux CLI"
SUBJECT = "archive of the flux CLI"
RELEASES = "fluxcd/flux2/releases/download/"

_VERSION = rf"(?>(?:{references.PIECE}|[^/\s\"'`_$])+)"
URL = lazy_pattern(
    rf"{RELEASES}(?<![\w.-]{RELEASES})(?P<tag>(?>(?:{references.PIECE}|[^/\s\"'`])+))/"
    rf"flux_(?P<again>{_VERSION})_"
)

_PLATFORM = lazy_pattern(r"(?P<platform>[a-z]+_[a-z0-9]+\.(?:tar\.gz|zip))(?![\w.])")
_SUM = lazy_pattern(r"(?P<digest>[0-9a-f]{64})[ \t]+\*?flux_[^\s_]+_(?P<platform>\S+)")

Checksums = Callable[[str], str]
"""Returns the file with the checksums of a release; raises IndexSourceError."""


def platform(url: str) -> str | None:
    """Return the end of a URL, such as `linux_amd64.tar.gz`; None if it is an expression."""
    versioned = URL.search(url)
    match = _PLATFORM.match(url, versioned.end()) if versioned else None
    return match["platform"] if match else None


def track(platform: str, encoding: str) -> Track:
    """Return the track of the sha256 of a platform's archive in one encoding."""
    return spellings.track(encoding, f"{NAME} {platform}")


def digests(pins: Iterable[Pin]) -> list[Pin]:
    """Return the pins that are digests of archives."""
    return [
        pin
        for pin in pins
        if pin.track.kind is TrackKind.DIGEST and pin.track.name.startswith(f"{NAME} ")
    ]


def targets(inventory: Inventory, release: str, checksums: Checksums) -> dict[Track, str]:
    """Return the digest that each digest of an archive becomes at a release, by its track.

    Args:
        inventory: holds the digests.
        release: the release that the bump leads to, without a leading `v`.
        checksums: returns the checksums of a release.

    Raises:
        HalfBumpError: a digest beside a URL is that of something else, such as the unpacked
            archive, or the new release has no such archive.
        IndexSourceError: the checksums of the old release or of the new one are not available.
    """
    found: dict[Track, str] = {}
    for pin in digests(inventory.pins):
        old = {
            other.value
            for other in inventory.pins
            if (other.track, other.form) == (FLUX, Form.EXACT)
            and other.location.path == pin.location.path
        }
        if old == {release}:
            found.setdefault(pin.track, pin.value)  # the archive stays, and so does its digest
        if old <= {release}:
            continue
        known = {digests_in(checksums(earlier)).get(pin.track) for earlier in sorted(old)}
        new = digests_in(checksums(release)).get(pin.track)
        if pin.value not in known:
            raise stays(pin, f"is not that of Flux {' or '.join(sorted(old))}")
        if new is None:
            raise stays(pin, f"must move, and Flux {release} has no such archive")
        found[pin.track] = new
    return found


def digests_in(text: str) -> dict[Track, str]:
    """Return the digests in a file of checksums, each in all encodings, by track."""
    return {
        track(match["platform"], encoding): value
        for match in map(_SUM.fullmatch, text.splitlines())
        if match
        for encoding, value in spellings.spelled(bytes.fromhex(match["digest"])).items()
    }


def found(
    file: TextFile, is_acted_on: Callable[[TextFile, int], bool]
) -> Iterator[tuple[re.Match[str], str | None]]:
    """Yield the URLs in use, each with a doubt whether it is one of these; None if there is none.

    Args:
        file: the file to search.
        is_acted_on: returns whether a URL at an offset of a file is in use.
    """
    if RELEASES not in file.text:
        return
    doubts = program_source.doubts(file, URL)
    for match in URL.finditer(file.text):
        if is_acted_on(file, match.start()):
            yield match, doubts[match.start()] if file.is_program else _doubt(file, match)


def _doubt(file: TextFile, match: re.Match[str]) -> str | None:
    tag = match["tag"]
    if not (references.is_version(tag) and references.is_version(match["again"])):
        return f"{tag} is a pattern, not a release"
    if references.is_searched(file, match.start()):
        return f"{tag} is text that a tool searches for or inserts"
    return None
