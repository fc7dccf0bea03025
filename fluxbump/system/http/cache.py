"""Cache HTTP answers: one file per URL, with the headers to revalidate the answer."""

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
"""For headers of an answer, the request headers that revalidate it (RFC 9110, 13.1)."""


class KeptAnswer(Struct, frozen=True):
    """A cached answer.

    Attributes:
        body: the body of the answer.
        conditions: request headers that let the server answer without a body if nothing has
            changed.
    """

    body: bytes
    conditions: Mapping[str, str]


def parse(data: bytes) -> KeptAnswer | None:
    """Parse the file of a cached answer; None if it is damaged or has another format."""
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
    """The cache file for one URL: a line of JSON, then the body.

    A file that is damaged, or cannot be read or written, counts as missing.

    Args:
        directory: the directory of all cached answers.
        url: the URL, without user and fragment.
    """

    def __init__(self, directory: Path, url: str) -> None:
        self._path = directory / hashlib.sha256(url.encode()).hexdigest()

    def read(self) -> KeptAnswer | None:
        """Return the cached answer; None if there is none."""
        try:
            return parse(self._path.read_bytes())
        except OSError:
            return None

    def since(self) -> datetime | None:
        """Return when the cached answer was received or revalidated; None if there is none."""
        try:
            return datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        except OSError:
            return None

    def confirm(self) -> None:
        """Mark the cached answer as fresh, after the server has revalidated it."""
        with suppress(OSError):
            self._path.touch()

    def write(self, headers: Mapping[str, str], body: bytes) -> None:
        """Cache an answer, unless its headers forbid that (RFC 9111, 5.2.2.5).

        Args:
            headers: the headers of the answer, with names in lower case.
            body: the body of the answer.
        """
        rules = {rule.strip().lower() for rule in headers.get("cache-control", "").split(",")}
        if "no-store" in rules:
            return
        said = {name: [headers[name]] for name in _CONDITIONS if name in headers}
        head = {"sha256": hashlib.sha256(body).hexdigest(), "headers": said}
        cache_file.write(self._path, json.dumps(head).encode() + b"\n" + body)
