"""Finds digests in texts, and writes digests in the encodings of package managers. Pure.

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
"""The encodings in which digests are found."""


def _nix_length(size: int) -> int:
    return (size * 8 + 4) // 5


def _base64(size: int) -> str:
    """Return a pattern for the base 64 of `size` bytes."""
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
"""Matches in each text with a digest; the shortest, the base 64 of SHA-256, has 43 characters."""


class Digest(Struct, frozen=True):
    """A text in the form of a digest, with its span."""

    algorithm: str
    encoding: str
    start: int
    end: int


def shaped(text: str) -> Iterator[Digest]:
    """Yield the texts in the form of a digest; a text without one is recognized quickly."""
    for match in _SHAPED.finditer(text) if _LONG.search(text) else ():
        encoding, _, algorithm = (match.lastgroup or "").partition("_")
        yield Digest(algorithm, encoding, *match.span())


def track(encoding: str, artifact: str = MANIFEST, algorithm: str = SHA256) -> Track:
    """Return the track of an artifact's digest in one encoding."""
    return Track(TrackKind.DIGEST, f"{artifact} {algorithm} {encoding}")


def targets(tracks: Iterable[Track], data: bytes) -> dict[Track, str]:
    """Return the new digests of the manifest, by track.

    Args:
        tracks: the tracks of pins, of which those of the manifest's digests count.
        data: the new manifest.
    """
    known = digests(data)
    return {own_track: known[own_track] for own_track in tracks if own_track in known}


def digests(data: bytes) -> dict[Track, str]:
    """Return the digests of a manifest in all algorithms and encodings, by track."""
    return {
        track(encoding, algorithm=algorithm): value
        for algorithm in _BYTES
        for encoding, value in spelled(hashlib.new(algorithm, data).digest(), algorithm).items()
    }


def spelled(raw: bytes, algorithm: str = SHA256) -> dict[str, str]:
    """Return a digest in all encodings, by the encoding's name."""
    base64 = b64encode(raw).decode()
    return {
        "hex": raw.hex(),
        "upper": raw.hex().upper(),
        "sri": f"{algorithm}-{base64}",
        "base64": base64,
        "nix": nix(raw),
    }


def another(digest: str) -> str:
    """Return a different digest in the same encoding."""
    middle = len(digest) // 2
    return f"{digest[:middle]}{'1' if digest[middle] == '0' else '0'}{digest[middle + 1 :]}"


def nix(raw: bytes) -> str:
    """Return a digest in Nix's base 32."""
    number = int.from_bytes(raw, "little")
    return "".join(_NIX[(number >> (5 * n)) & 31] for n in reversed(range(_nix_length(len(raw)))))
