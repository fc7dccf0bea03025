"""Digests of a file in the spellings that package managers use, and where texts hold one. Pure.

Nix prints a digest in its own base 32, least significant bits first, without the letters e, o, t
and u (nix manual, "nix-hash"); SRI is base 64 behind the algorithm (W3C, Subresource Integrity).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator

from msgspec import Struct

from fluxbump.model import Track, TrackKind
from fluxbump.text.patterns import lazy_pattern

_NIX = "0123456789abcdfghijklmnpqrsvwxyz"

MANIFEST = "install.yaml"
SHA256, SHA512 = "sha256", "sha512"
_BYTES = {SHA256: 32, SHA512: 64}
ENCODINGS = ("hex", "upper", "sri", "base64", "nix")
"""The encodings that a digest is found in."""


def _nix_length(size: int) -> int:
    return (size * 8 + 4) // 5


def _base64(size: int) -> str:
    """Match the base 64 of so many bytes."""
    full, rest = divmod(size, 3)
    count, padding = (full * 4 + rest + 1, 3 - rest) if rest else (full * 4, 0)
    return f"[A-Za-z0-9+/]{{{count}}}{'=' * padding}"


def _shapes(algorithm: str) -> str:
    size = _BYTES[algorithm]
    whole = "|".join(
        (
            rf"(?P<hex_{algorithm}>[0-9a-f]{{{size * 2}}})",
            rf"(?P<upper_{algorithm}>[0-9A-F]{{{size * 2}}})",
            rf"(?P<nix_{algorithm}>[{_NIX}]{{{_nix_length(size)}}})",
        )
    )
    return (
        rf"(?P<sri_{algorithm}>{algorithm}-{_base64(size)})"
        rf"|(?<![0-9A-Za-z])(?:{whole})(?![0-9A-Za-z])"
        rf"|(?<![0-9A-Za-z+/=-])(?P<base64_{algorithm}>{_base64(size)})(?![=0-9A-Za-z])"
    )


_SHAPED = lazy_pattern("|".join(map(_shapes, (SHA512, SHA256))))
_LONG = lazy_pattern(r"(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{43}")
"""What a text contains that holds a digest: 43 is what the shortest has, the base 64 of SHA-256."""


class Digest(Struct, frozen=True):
    """A text that has the shape of a digest, with its span."""

    algorithm: str
    encoding: str
    start: int
    end: int


def shaped(text: str) -> Iterator[Digest]:
    """Yield what looks like a digest; few texts hold one, and that is told first and quickly."""
    for match in _SHAPED.finditer(text) if _LONG.search(text) else ():
        encoding, _, algorithm = (match.lastgroup or "").partition("_")
        yield Digest(algorithm, encoding, *match.span())


def track(encoding: str, artifact: str = MANIFEST, algorithm: str = SHA256) -> Track:
    """Return the line of versions that an artifact's digest is, in one encoding."""
    return Track(TrackKind.DIGEST, f"{artifact} {algorithm} {encoding}")


def targets(tracks: Iterable[Track], data: bytes) -> dict[Track, str]:
    """Return what digests of the manifest become.

    Args:
        tracks: of the digests that pins hold; others are passed over.
        data: the new manifest.
    """
    known = digests(data)
    return {own_track: known[own_track] for own_track in tracks if own_track in known}


def digests(data: bytes) -> dict[Track, str]:
    """Return the digests of a manifest, in every algorithm and encoding."""
    return {
        track(encoding, algorithm=algorithm): value
        for algorithm in _BYTES
        for encoding, value in spelled(hashlib.new(algorithm, data).digest(), algorithm).items()
    }


def spelled(raw: bytes, algorithm: str = SHA256) -> dict[str, str]:
    """Spell the bytes of a digest in every encoding."""
    base64 = b64encode(raw).decode()
    return {
        "hex": raw.hex(),
        "upper": raw.hex().upper(),
        "sri": f"{algorithm}-{base64}",
        "base64": base64,
        "nix": nix(raw),
    }


def another(digest: str) -> str:
    """Return another digest of the same shape, whatever its encoding."""
    middle = len(digest) // 2
    return f"{digest[:middle]}{'1' if digest[middle] == '0' else '0'}{digest[middle + 1 :]}"


def nix(raw: bytes) -> str:
    """Spell the bytes of a digest as Nix does."""
    number = int.from_bytes(raw, "little")
    return "".join(_NIX[(number >> (5 * n)) & 31] for n in reversed(range(_nix_length(len(raw)))))
