"""A secret that is planted as the token, and the search for it in whatever a run leaves."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

PLANTED = "fbt_Pl4nted/S3cret+Value='\\n%41\"$HOME`id`"
"""A token with what shells, printf, URLs and JSON treat in ways of their own."""

_ENCODERS = (base64.b64encode, base64.urlsafe_b64encode)


def forms(secret: str = PLANTED) -> dict[str, bytes]:
    """Map the names of the ways to write a secret to the bytes that are searched for."""
    raw = secret.encode()
    found = {
        "as it is": raw,
        "percent-encoded": quote(secret, safe="").encode(),
        "percent-encoded path": quote(secret).encode(),
        "form-encoded": quote_plus(secret).encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
        "repr": repr(secret)[1:-1].encode(),
        "hexadecimal": raw.hex().encode(),
        # What is in every form of it but the encoded ones, so that a cut one is found as well.
        "in part": raw[: len(raw) // 3],
    }
    # Base64 writes three bytes as four letters, so what stands before a secret shifts it; the
    # letters that are the same whatever stands around it are searched for.
    for encode in _ENCODERS:
        for shift in range(3):
            letters = encode(b"\0" * shift + raw + b"\0" * 3)
            first = -(-shift * 4 // 3) + (shift > 0)
            last = (shift + len(raw)) * 4 // 3
            found[f"{encode.__name__} shifted by {shift}"] = letters[first:last]
    return found


def leaks(*places: bytes | str | Path, secret: str = PLANTED) -> list[str]:
    """Return where a secret is, and how it is written there; nothing when it is nowhere.

    Args:
        places: texts; files; directories with all that is below them, file names and the objects
            of git repositories included.
        secret: what is searched for.
    """
    wanted = forms(secret)
    return [
        f"{where}: {name}"
        for place in places
        for where, data in _contents(place)
        for name, form in wanted.items()
        if form in data
    ]


def _contents(place: bytes | str | Path) -> Iterator[tuple[str, bytes]]:
    if isinstance(place, bytes):
        yield "bytes", place
    elif isinstance(place, str):
        yield "text", place.encode("utf-8", "surrogateescape")
    elif place.is_dir():
        yield from _directory(place)
    else:
        yield from _file(place)


def _directory(place: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted([place, *place.rglob("*")]):
        yield f"the name of {path}", os.fsencode(path.name)
        if path.is_symlink():
            yield f"the target of {path}", os.fsencode(path.readlink())
        elif path.is_file():
            yield from _file(path)
        elif (path / "objects").is_dir() and (path / "HEAD").is_file():
            yield f"objects of {path}", _objects(path)


def _file(path: Path) -> Iterator[tuple[str, bytes]]:
    data = path.read_bytes()
    yield str(path), data
    if data[:1] == b"\x78":  # a loose object, or what is left of one
        with suppress(zlib.error):  # a text that begins with an x
            yield f"{path}, unpacked", zlib.decompressobj().decompress(data)


def _objects(git_dir: Path) -> bytes:
    """All objects, in packs too; none is fetched for that."""
    done = subprocess.run(
        ["git", f"--git-dir={git_dir}", "cat-file", "--batch-all-objects", "--batch"],
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        check=False,
    )
    return done.stdout
