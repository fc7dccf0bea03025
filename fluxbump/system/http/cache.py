"""Where answers are kept: one file per URL, with what a server takes to confirm it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from fluxbump.system import cache_file

_CONDITIONS = {"etag": "if-none-match", "last-modified": "if-modified-since"}
"""The headers of an answer that ask whether it still holds (RFC 9110, 13.1)."""


class KeptAnswer(Struct, frozen=True):
    """An answer that was kept.

    Attributes:
        body: of it.
        conditions: headers that ask the server for nothing if it still holds.
    """

    body: bytes
    conditions: Mapping[str, str]


def parse(data: bytes) -> KeptAnswer | None:
    """Read the file of a kept answer; None if it is damaged, or of somebody else."""
    line, _, body = data.partition(b"\n")
    try:
        head = json.loads(line)
        if head["sha256"] != hashlib.sha256(body).hexdigest():
            return None
        said = {str(name).lower(): head["headers"][name][0] for name in head["headers"]}
        conditions = {
            _CONDITIONS[name]: str(value)
            for name, value in said.items()
            if name in _CONDITIONS and str(value).isascii() and str(value).isprintable()
        }
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return KeptAnswer(body, conditions)


class Kept:
    """The kept answer for one URL: a file with a line of JSON, then the body.

    A file that is damaged, or cannot be read or written, counts as no file.

    Args:
        directory: of all kept answers.
        url: without user and fragment.
    """

    def __init__(self, directory: Path, url: str) -> None:
        self._path = directory / hashlib.sha256(url.encode()).hexdigest()

    def read(self) -> KeptAnswer | None:
        """Return the kept answer; None if there is none."""
        try:
            return parse(self._path.read_bytes())
        except OSError:
            return None

    def since(self) -> datetime | None:
        """Return when the kept answer was read or confirmed; None where there is none."""
        try:
            return datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        except OSError:
            return None

    def confirm(self) -> None:
        """Note that what is there is as good as new: the server has said so."""
        with suppress(OSError):
            self._path.touch()

    def write(self, headers: Mapping[str, str], body: bytes) -> None:
        """Keep an answer, if it may be kept (RFC 9111, 5.2.2.5).

        Args:
            headers: of the answer, names in lower case.
            body: of it.
        """
        rules = {rule.strip().lower() for rule in headers.get("cache-control", "").split(",")}
        if "no-store" in rules:
            return
        said = {name: [headers[name]] for name in _CONDITIONS if name in headers}
        head = {"sha256": hashlib.sha256(body).hexdigest(), "headers": said}
        cache_file.write(self._path, json.dumps(head).encode() + b"\n" + body)
