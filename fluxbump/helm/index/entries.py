"""What a chart index says about one chart, as validated values. Pure.

An index is a mapping whose `entries` holds a list of releases for each chart; Helm writes it as
YAML, some servers as JSON. Nothing in it is believed: an entry that cannot be used is left out,
with one sentence in `ChartIndex.problems`, and an index whose meaning is not certain is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from msgspec import Struct
from semver import Version

from fluxbump.errors import IndexSourceError
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.helm.index import section
from fluxbump.text import budget, versions, yaml
from fluxbump.text.patterns import lazy_pattern

_DIGEST = lazy_pattern(r"(?:sha256:)?(?P<hex>[0-9a-fA-F]{64})")
_CREATED = lazy_pattern(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,9}))?(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_BOOLEANS = {"true": True, "false": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# Python refuses to turn very long digit strings into numbers, with an error of its own.
_LONGEST_VERSION = 128
_LONGEST_SHOWN = 60

_T = TypeVar("_T")


class _Reader(Protocol):
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


class _Yaml(Struct, frozen=True):
    document: yaml.Document

    def fields(self, value: Any) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for key, node in yaml.entries(value):
            if key in found:
                where = self.document.at(node)
                raise IndexSourceError(f"the key {_shown(key)} appears twice", where=where)
            found[key] = node
        return found

    def items(self, value: Any) -> Sequence[Any]:
        return tuple(yaml.items(value))

    def text(self, value: Any) -> str | None:
        scalar = self.document.scalar(value)
        if scalar is None:
            return None
        null = scalar.editable and not scalar.quoted and scalar.value in _NULLS
        return None if null else scalar.value


class _Json:
    def fields(self, value: Any) -> Mapping[str, Any]:
        return value if isinstance(value, dict) else {}

    def items(self, value: Any) -> Sequence[Any]:
        return value if isinstance(value, list) else ()

    def text(self, value: Any) -> str | None:
        if isinstance(value, bool):
            return str(value).lower()
        return value if isinstance(value, str) else None


def parse_index(
    data: bytes, *, chart: str = "flux2", source: str, problems: Iterable[str] = ()
) -> ChartIndex:
    """Read what an index says about one chart.

    Args:
        data: the index as it was received, YAML or JSON.
        chart: the chart's name.
        source: where `data` came from, for messages; must hold no credentials.
        problems: entries that `data` does not have, one sentence each.

    Raises:
        IndexSourceError: it is not a chart index, does not have the chart, or no entry of the
            chart can be used.
    """
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _not_an_index(source, f"byte {error.start} is not UTF-8") from None
    reader, items = _read(text, chart, source)
    _refuse_many(len(items), chart, source)
    said = list(problems)
    releases: dict[str, ChartRelease] = {}
    for position, item in enumerate(items, 1):
        _add(releases, _Entry(reader, reader.fields(item), chart, position, said))
    if not releases:
        raise IndexSourceError(
            f"the index has no usable release of {chart}",
            where=source,
            hint=said[0] if said else "check that this is the right index",
        )
    newest_first = sorted(
        releases.values(), key=lambda release: (release.version, str(release.version)), reverse=True
    )
    return ChartIndex(source, tuple(newest_first), tuple(said))


def _read(text: str, chart: str, source: str) -> tuple[_Reader, Sequence[Any]]:
    """Return the chart's entries, and what reads them."""
    if text.lstrip()[:1] == "{":
        try:
            root = json.loads(
                text, object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=str
            )
        except _DuplicateKeyError as error:
            raise _not_an_index(source, f"the key {_shown(error.key)} appears twice") from None
        except (ValueError, RecursionError):
            pass  # YAML in flow style starts with a brace, too
        else:
            return _Json(), _chart_entries(_Json(), root, chart, source)
    return _read_yaml(text, chart, source)


def _read_yaml(text: str, chart: str, source: str) -> tuple[_Reader, Sequence[Any]]:
    if section.holds_more(text, chart, budget.INDEX.entries):
        raise _too_many(chart, source)
    span = section.find(text, chart)
    if span:
        start, end = span
        part = yaml.Document(source, text, start, end, text.count("\n", 0, start))
        # A part that does not parse may refer to an anchor that stands outside of it.
        if part.root is not None:
            reader = _Yaml(part)
            return reader, reader.items(reader.fields(part.root).get(chart))
    whole = yaml.Document(source, text, 0, len(text), 0)
    root = whole.root
    if root is None:
        where, reason = whole.problem or (source, "it is empty")
        raise _not_read(str(where), reason)
    reader = _Yaml(whole)
    return reader, _chart_entries(reader, root, chart, source)


def _chart_entries(reader: _Reader, root: object, chart: str, source: str) -> Sequence[Any]:
    top = reader.fields(root)
    if "entries" not in top:
        raise _not_an_index(source, "it has no entries")
    charts = reader.fields(top["entries"])
    if chart not in charts:
        named = ", ".join(_shown(name) for name in sorted(charts)[:5]) or "no chart at all"
        raise IndexSourceError(
            f"the index has no chart {chart}", where=source, hint=f"it has {named}"
        )
    return reader.items(charts[chart])


def _refuse_many(count: int, chart: str, source: str) -> None:
    """Refuse an index with more releases than any chart has."""
    if count > budget.INDEX.entries:
        raise _too_many(chart, source)


def _too_many(chart: str, source: str) -> IndexSourceError:
    return IndexSourceError(
        f"the index has more than {budget.INDEX.entries:,} releases of {chart}",
        where=source,
        hint="remove old releases from it, or use another index with --index",
    )


class _DuplicateKeyError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict[str, object]()
    for key, value in pairs:
        if key in found:
            raise _DuplicateKeyError(key)
        found[key] = value
    return found


def _not_read(where: str, reason: str) -> IndexSourceError:
    """Say why a parser gave up; if that is for its size, the URL is not what is wrong."""
    if "more than" not in reason:
        return _not_an_index(where, reason)
    hint = "remove old releases from it, or use another index with --index"
    return IndexSourceError(f"the chart index {reason}", where=where, hint=hint)


def _not_an_index(where: str, reason: str) -> IndexSourceError:
    return IndexSourceError(
        f"not a chart index: {reason}",
        where=where,
        hint="give the URL or path of a Helm repository, or of its index.yaml",
    )


def _shown(text: str) -> str:
    """Quote outside text for a message: on one line, without control characters, not too long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")


def _add(releases: dict[str, ChartRelease], entry: _Entry) -> None:
    release = entry.release()
    if release is None:
        return
    first = releases.setdefault(str(release.version), release)
    if repr(first) != repr(release):
        entry.say("appears twice with different content (fluxbump uses the first)")


class _Entry(Struct, frozen=True):
    """One entry of the chart, on its way to a ChartRelease."""

    reader: _Reader
    fields: Mapping[str, Any]
    chart: str
    position: int
    problems: list[str]

    def say(self, problem: str) -> None:
        version = self.text("version")
        name = f" ({_shown(version)})" if version is not None else ""
        self.problems.append(f"{self.chart} entry {self.position}{name} {problem}")

    def text(self, key: str) -> str | None:
        return self.reader.text(self.fields.get(key))

    def release(self) -> ChartRelease | None:
        """Return the release, or None when it cannot be used; problems are said either way."""
        name = self.text("name")
        if name not in (None, self.chart):
            self.say(f"is left out: its name is {_shown(str(name))}")
            return None
        version, app_version = self.version("version"), self.version("appVersion")
        if version is None or app_version is None:
            return None
        return ChartRelease(
            name=self.chart,
            version=version,
            app_version=app_version,
            created=self.optional("created", _created, "an RFC 3339 time"),
            digest=self.optional("digest", _digest, "a sha256"),
            urls=self.urls(),
            deprecated=bool(self.optional("deprecated", _boolean, "true or false")),
        )

    def version(self, key: str) -> Version | None:
        text = self.text(key)
        if text is None:
            self.say(f"is left out: it has no {key}")
            return None
        version = versions.parse(text) if len(text) <= _LONGEST_VERSION else None
        if version is None:
            self.say(f"is left out: its {key} {_shown(text)} is not a full version")
        return version

    def optional(self, key: str, read: Callable[[str], _T | None], meaning: str) -> _T | None:
        text = self.text(key)
        if text is None:
            return None
        value = read(text)
        if value is None:
            self.say(f"has {key} {_shown(text)}, which is not {meaning}")
        return value

    def urls(self) -> tuple[str, ...]:
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
