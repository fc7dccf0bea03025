"""One entry of a chart in an index, on its way to a release that can be used. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from msgspec import Struct
from semver import Version

from fluxbump.helm.chart_releases import ChartRelease
from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

_DIGEST = lazy_pattern(r"(?:sha256:)?(?P<hex>[0-9a-fA-F]{64})")

_CREATED = lazy_pattern(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,9}))?(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})"
)

_BOOLEANS = {"true": True, "false": False}
# Python refuses to turn very long digit strings into numbers, with an error of its own.
_LONGEST_VERSION = 128
_LONGEST_SHOWN = 60
_T = TypeVar("_T")


class IndexFields(Protocol):
    """How to look into an index that is already parsed."""

    def fields(self, value: Any) -> Mapping[str, Any]:
        """Return a mapping's values by key; nothing for anything else."""
        ...

    def items(self, value: Any) -> Sequence[Any]:
        """Return a list's items; nothing for anything else."""
        ...

    def text(self, value: Any) -> str | None:
        """Return a scalar's text; None for null and for anything else."""
        ...


def shown(text: str) -> str:
    """Quote outside text for a message: on one line, without control characters, not too long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")


class IndexEntry(Struct, frozen=True):
    """One entry of the chart, on its way to a ChartRelease."""

    reader: IndexFields
    fields: Mapping[str, Any]
    chart: str
    position: int
    problems: list[str]

    def say(self, problem: str) -> None:
        """Add what is wrong with it, one sentence."""
        version = self.text("version")
        name = f" ({shown(version)})" if version is not None else ""
        self.problems.append(f"{self.chart} entry {self.position}{name} {problem}")

    def text(self, key: str) -> str | None:
        """Return the text of a field; None for null and for anything else."""
        return self.reader.text(self.fields.get(key))

    def release(self) -> ChartRelease | None:
        """Return the release, or None when it cannot be used; problems are said either way."""
        name = self.text("name")
        if name not in (None, self.chart):
            self.say(f"is left out: its name is {shown(str(name))}")
            return None
        version, app_version = self._version("version"), self._version("appVersion")
        if version is None or app_version is None:
            return None
        return ChartRelease(
            name=self.chart,
            version=version,
            app_version=app_version,
            created=self._optional("created", _created, "an RFC 3339 time"),
            digest=self._optional("digest", _digest, "a sha256"),
            urls=self._urls(),
            deprecated=bool(self._optional("deprecated", _boolean, "true or false")),
        )

    def _version(self, key: str) -> Version | None:
        text = self.text(key)
        if text is None:
            self.say(f"is left out: it has no {key}")
            return None
        version = versions.parse(text) if len(text) <= _LONGEST_VERSION else None
        if version is None:
            self.say(f"is left out: its {key} {shown(text)} is not a full version")
        return version

    def _optional(self, key: str, read: Callable[[str], _T | None], meaning: str) -> _T | None:
        text = self.text(key)
        if text is None:
            return None
        value = read(text)
        if value is None:
            self.say(f"has {key} {shown(text)}, which is not {meaning}")
        return value

    def _urls(self) -> tuple[str, ...]:
        items = self.reader.items(self.fields.get("urls"))
        urls = tuple(url for url in map(self.reader.text, items) if url and url.isprintable())
        if len(urls) < max(len(items), 1):
            self.say("has no URL" if not urls else "has URLs that are not text")
        return urls


def _created(text: str) -> datetime | None:
    match = _CREATED.fullmatch(text)
    if not match:
        return None
    # Go writes nanoseconds; Python knows microseconds.
    fraction = (match["fraction"] or "")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(
            f"{match['date']}T{match['time']}.{fraction}{match['offset'].upper()}"
        )
    except ValueError:
        return None


def _digest(text: str) -> str | None:
    match = _DIGEST.fullmatch(text)
    return match["hex"].lower() if match else None


def _boolean(text: str) -> bool | None:
    return _BOOLEANS.get(text.lower())
