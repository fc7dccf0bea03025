"""Validate one entry of a chart index, and turn it into a chart release. Pure."""

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
    """A reader for the nodes of a parsed index, in YAML or JSON."""

    def fields(self, value: Any) -> Mapping[str, Any]:
        """Return the values of a mapping by key; empty if the value is not a mapping."""
        ...

    def items(self, value: Any) -> Sequence[Any]:
        """Return the items of a list; empty if the value is not a list."""
        ...

    def text(self, value: Any) -> str | None:
        """Return the text of a scalar; None for null and for values that are not scalars."""
        ...


def shown(text: str) -> str:
    """Quote a text of an index for a message: short, on one line, without control characters."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")


class IndexEntry(Struct, frozen=True):
    """One entry of a chart in an index.

    Attributes:
        reader: the reader for the entry's nodes.
        fields: the entry's nodes, by key.
        chart: the chart's name.
        position: the 1-based position of the entry in the list.
        problems: the list to which problems are added, one sentence each.
    """

    reader: IndexFields
    fields: Mapping[str, Any]
    chart: str
    position: int
    problems: list[str]

    def say(self, problem: str) -> None:
        """Add a problem of this entry; the text continues the entry's name in a sentence."""
        version = self.text("version")
        name = f" ({shown(version)})" if version is not None else ""
        self.problems.append(f"{self.chart} entry {self.position}{name} {problem}")

    def text(self, key: str) -> str | None:
        """Return the text of a field; None for null and for values that are not scalars."""
        return self.reader.text(self.fields.get(key))

    def release(self) -> ChartRelease | None:
        """Return the chart release; None if the entry cannot be used. Problems are added anyway."""
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
