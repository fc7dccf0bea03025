"""Check the answers of forges, and turn their errors into one line without secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import msgspec
from msgspec import Struct

from fluxbump.errors import ForgeError
from fluxbump.system.http.retries import retry_after
from fluxbump.text import printable

T = TypeVar("T")

_LONGEST = 300
_DEEPEST = 6
_SAYING = ("message", "error", "error_description", "errors", "detail", "details")
"""The keys under which forges put error messages."""
_LIMITED = (403, 429)
_SECONDARY = 60.0
"""Seconds to wait where a secondary limit says nothing: "wait for at least one minute".

https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""
_A_YEAR = 366 * 86_400


class StatusError(ForgeError):
    """The forge refused a request.

    Attributes:
        status: the HTTP status.
        said: the forge's message on one line; may be empty.
    """

    def __init__(self, message: str, *, status: int, said: str, hint: str | None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.said = said


class UncertainError(ForgeError):
    """A request may have been carried out, so repeating it could do it twice."""


class Answer(Struct, frozen=True):
    """A complete answer of a forge.

    Attributes:
        forge: the forge's name for messages.
        method: the method of the request.
        url: the URL of the request, without user and password.
        status: the HTTP status.
        headers: the headers, with names in any case.
        body: the decompressed body.
        hide: removes the token from a text.
    """

    forge: str
    method: str
    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes
    hide: Callable[[str], str] = str

    @property
    def about(self) -> str:
        """The request, for messages: `GitHub: GET /repos/o/r/pulls`."""
        return self.shown(f"{self.forge}: {self.method} {self.url.path}")

    def shown(self, text: str) -> str:
        """Return a text of the forge as one line without the token."""
        return one_line(self.hide(text))

    def read(self, shape: type[T]) -> T:
        """Return the body as a value of a type for msgspec; further keys are ignored.

        Raises:
            ForgeError: the body has another shape.
        """
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (ValueError, RecursionError) as error:
            reason = self.shown(str(error))
        raise ForgeError(
            f"{self.about}: answered what its documentation does not allow: {reason}",
            hint="check that this is the URL of its API",
        )

    def said(self) -> str:
        """Return the forge's message about an error on one line; may be empty."""
        try:
            found = list(_sayings(json.loads(self.body), _DEEPEST))
        except (ValueError, RecursionError):
            return ""
        return self.shown("; ".join(dict.fromkeys(found)))

    def wait(self, now: float) -> float | None:
        """Return the seconds to wait for a rate limit; None if the answer does not say.

        `Retry-After` comes first, then the time at which a used up limit is set back.
        https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
        https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers

        Args:
            now: seconds since the epoch.
        """
        asked = retry_after(self.headers.get("retry-after", ""), now)
        if asked is not None or self.status not in _LIMITED:
            return asked
        for prefix in ("x-ratelimit", "ratelimit"):
            reset = self.headers.get(f"{prefix}-reset", "")
            if self.headers.get(f"{prefix}-remaining", "").strip() == "0" and reset.isdecimal():
                # Small figures are seconds from now, as drafts of the standard have it.
                return float(reset) if float(reset) < _A_YEAR else max(0.0, float(reset) - now)
        return _SECONDARY if "rate limit" in self.said().lower() else None


def by_link(answer: Answer) -> str | None:
    """Return the URL of the next page in the `Link` header (RFC 8288); None if there is none."""
    return links(answer).get("next")


def links(answer: Answer) -> dict[str, str]:
    """Return the URLs in a `Link` header, by relation."""
    header = answer.headers.get("link")
    if not header:
        return {}
    response = httpx.Response(200, headers=httpx.Headers({"link": header}, encoding="utf-8"))
    return {name: link["url"] for name, link in response.links.items() if name and "url" in link}


def clock_time(moment: float) -> str:
    """Return a time as text for messages, in UTC.

    Args:
        moment: seconds since the epoch.
    """
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return "much later"


def one_line(text: str) -> str:
    """Return a text of another program as one short line."""
    line = printable.one_line(text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _sayings(value: Any, depth: int) -> Iterator[str]:
    """Yield the sentences of an error, as the forges put them into JSON.

    A string; a list; an object with one of the usual keys; GitHub's `{"resource", "field",
    "code"}`; GitLab's lists of sentences by field.
    """
    if not depth:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _sayings(item, depth - 1)
    elif isinstance(value, dict):
        known = [key for key in _SAYING if value.get(key)]
        for key in known:
            yield from _sayings(value[key], depth - 1)
        if not known and "code" in value:
            yield " ".join(str(value[key]) for key in ("resource", "field", "code") if key in value)
        elif not known:
            for name, inner in value.items():
                yield from (f"{name} {text}" for text in _sayings(inner, depth - 1))
