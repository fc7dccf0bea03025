"""Digests of a file in the spellings that package managers use, and where texts hold one. Pure.

Nix prints a digest in its own base 32, least significant bits first, without the letters e, o, t
and u (nix manual, "nix-hash"); SRI is base 64 behind the algorithm (W3C, Subresource Integrity).
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator

from msgspec import Struct

from fluxbump.model import Track, TrackKind

_NIX = "0123456789abcdfghijklmnpqrsvwxyz"
_NIX_LENGTH = 52  # characters for 256 bits

MANIFEST = "install.yaml"
ENCODINGS = ("hex", "sri", "nix")
"""The encodings that a digest is found in."""

_SHAPED = re.compile(
    rf"(?P<sri>sha256-[A-Za-z0-9+/]{{43}}=)|(?<![0-9A-Za-z])(?:(?P<hex>[0-9a-f]{{64}})"
    rf"|(?P<nix>[{_NIX}]{{{_NIX_LENGTH}}}))(?![0-9A-Za-z])"
)


class Digest(Struct, frozen=True):
    """A text that has the shape of a sha256, with its span."""

    encoding: str
    start: int
    end: int


def shaped(text: str, start: int, end: int) -> Iterator[Digest]:
    """Yield what looks like a sha256 between two offsets."""
    for match in _SHAPED.finditer(text, start, end):
        yield Digest(match.lastgroup or "", *match.span())


def track(encoding: str, artifact: str = MANIFEST) -> Track:
    """Return the line of versions that an artifact's sha256 is, in one encoding."""
    return Track(TrackKind.DIGEST, f"{artifact} sha256 {encoding}")


def targets(tracks: Iterable[Track], data: bytes) -> dict[Track, str]:
    """Return what digests of the manifest become.

    Args:
        tracks: of the digests that pins hold; others are passed over.
        data: the new manifest.
    """
    spelled_out = spelled(hashlib.sha256(data).digest())
    known = {track(encoding): value for encoding, value in spelled_out.items()}
    return {one: known[one] for one in tracks if one in known}


def spelled(raw: bytes) -> dict[str, str]:
    """Spell the 32 bytes of a sha256 in every encoding."""
    return {"hex": raw.hex(), "sri": f"sha256-{b64encode(raw).decode()}", "nix": nix(raw)}


def nix(raw: bytes) -> str:
    """Spell the 32 bytes of a sha256 as Nix does."""
    number = int.from_bytes(raw, "little")
    return "".join(_NIX[(number >> (5 * n)) & 31] for n in reversed(range(_NIX_LENGTH)))
