"""Where answers are kept: hishel's storage, as one file per URL.

hishel's own SQLite storage does not fit: it holds several answers per URL and does not say which
is the newest, and its journal cannot even be read in a directory that is not writable.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import hishel
import httpx

from fluxbump.system import cache_file


class Kept(hishel.BaseStorage):
    """The kept answer for one URL: a file with a line of JSON, then the body.

    A file that is damaged, or cannot be read or written, counts as no file.
    """

    def __init__(self, directory: Path, address: httpx.URL) -> None:
        super().__init__()
        self.url = str(address.copy_with(userinfo=b"", fragment=None))
        self._path = directory / hashlib.sha256(self.url.encode()).hexdigest()

    def body(self) -> bytes | None:
        """Return the kept body, or None."""
        found = self._read()
        return found[1] if found else None

    def since(self) -> datetime | None:
        """Return when the kept answer was read or confirmed; None where there is none."""
        try:
            return datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        except OSError:
            return None

    def get_entries(self, key: str) -> list[hishel.Entry]:
        """Return the kept answer, which hishel revalidates."""
        found = self._read()
        if not found:
            return []
        response = hishel.Response(200, hishel.Headers(found[0]), iter([found[1]]))
        return [hishel.Entry(uuid.uuid4(), hishel.Request("GET", self.url), response)]

    def create_entry(
        self,
        request: hishel.Request,
        response: hishel.Response,
        key: str,
        *,
        ttl: float | None = None,
        tti: float | None = None,
    ) -> hishel.Entry:
        """Return the answer with a body that is kept once it has been read to its end."""
        passing = replace(response, stream=self._passing(response))
        return hishel.Entry(uuid.uuid4(), request, passing)

    def update_headers(self, id: uuid.UUID, headers: hishel.Headers) -> None:  # noqa: A002  # hishel's name
        """Note that what is there is as good as new: a 304 confirms it."""
        with suppress(OSError):
            self._path.touch()

    def remove_entry(self, id: uuid.UUID) -> None:  # noqa: A002  # hishel's name
        """Forget the kept answer."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _passing(self, response: hishel.Response) -> Iterator[bytes]:
        chunks = []
        for chunk in cast("Iterator[bytes]", response.stream):
            chunks.append(chunk)
            yield chunk
        names = response.headers
        self._write({name: names.get_list(name) for name in names}, b"".join(chunks))

    def _read(self) -> tuple[dict[str, list[str]], bytes] | None:
        try:
            line, _, body = self._path.read_bytes().partition(b"\n")
            head = json.loads(line)
            headers = {
                str(name): [str(value) for value in head["headers"][name]]
                for name in head["headers"]
            }
            return (headers, body) if head["sha256"] == hashlib.sha256(body).hexdigest() else None
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def _write(self, headers: dict[str, list[str] | None], body: bytes) -> None:
        head = {"sha256": hashlib.sha256(body).hexdigest(), "headers": headers}
        cache_file.write(self._path, json.dumps(head).encode() + b"\n" + body)
