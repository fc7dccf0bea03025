"""The journal of a replacement of files in a working tree, by which it can be undone. Pure.

A journal lies in the git directory. Whoever can write there can run programs through git's hooks,
but a journal may also be damaged or old, so nothing in it is believed: paths stay inside of the
working tree, and a file is put back only where it holds what the journal says was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256

from msgspec import Struct

LONGEST = 64 * 1024 * 1024
"""The largest journal that is read, in bytes."""

_HEX16 = r"[0-9a-f]{16}"
_HEX64 = r"[0-9a-f]{64}"
_FORMAT = "fluxbump/in-place/v1"


class JournalStep(Struct, frozen=True):
    """One file that is replaced, created or deleted.

    Attributes:
        path: relative to the working tree's root, with `/`.
        old: the digest of the old contents; None if there was no file.
        new: the digest of the new contents; None if the file is deleted.
    """

    path: str
    old: str | None
    new: str | None


class Journal(Struct, frozen=True):
    """All steps of one run.

    Attributes:
        token: hexadecimal, part of the names of temporary files.
        steps: in the order in which they are made.
    """

    token: str
    steps: tuple[JournalStep, ...]

    def temporary(self, number: int) -> str:
        """Return the name of the file that holds the new content of a step, beside its target."""
        return f".fluxbump-{self.token}-{number}"


def of(
    token: str, before: Mapping[str, bytes | None], after: Mapping[str, bytes | None]
) -> Journal:
    """Return the journal for files, from their bytes before and after."""
    return Journal(
        token,
        tuple(
            JournalStep(path, digest(before[path]), digest(new))
            for path, new in sorted(after.items())
        ),
    )


def digest(data: bytes | None) -> str | None:
    """Return the sha256 of a file's content, in hexadecimal; None for no file."""
    return None if data is None else sha256(data).hexdigest()


def dump(journal: Journal) -> bytes:
    """Return a journal as the bytes of its file."""
    steps = [[step.path, step.old, step.new] for step in journal.steps]
    # ASCII: a name that is not UTF-8 is held as lone surrogates, which only an escape can carry.
    return json.dumps({"format": _FORMAT, "token": journal.token, "steps": steps}).encode("ascii")


def parse(data: bytes) -> Journal:
    """Parse the file of a journal.

    Raises:
        ValueError: `data` is not a valid journal.
    """
    try:
        content = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(f"not of the format {_FORMAT}")
    token, steps = content.get("token"), content.get("steps")
    if not isinstance(token, str) or not re.fullmatch(_HEX16, token) or not isinstance(steps, list):
        raise ValueError("no token, or no steps")
    parsed = tuple(map(_step, steps))
    if len({step.path for step in parsed}) != len(parsed):
        raise ValueError("a path is there twice")
    return Journal(token, parsed)


def _step(entry: object) -> JournalStep:
    match entry:
        case [str(path), old, new] if is_inside(path):
            return JournalStep(path, _digest(old), _digest(new))
    raise ValueError("a step does not name a file of the working tree")


def _digest(value: object) -> str | None:
    if value is None or (isinstance(value, str) and re.fullmatch(_HEX64, value)):
        return value
    raise ValueError("a step without a digest")


def is_inside(path: str) -> bool:
    """Whether a path is inside of a working tree, and not in a `.git` folder."""
    parts = path.split("/")
    return "\0" not in path and not any(
        part in ("", ".", "..") or part.lower() == ".git" for part in parts
    )
