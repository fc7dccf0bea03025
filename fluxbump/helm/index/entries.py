"""Read the releases of one chart from a chart index, and validate them. Pure.

An index is a mapping whose `entries` holds a list of releases for each chart; Helm writes it as
YAML, some servers as JSON. Its contents are not trusted. An entry that cannot be used is left out,
with one sentence in `ChartIndex.problems`. An index whose meaning is not certain is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from fluxbump.errors import IndexSourceError
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.helm.index import chart_section
from fluxbump.helm.index.entry import IndexEntry, IndexFields, shown
from fluxbump.text import budget, yaml

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class _Yaml(Struct, frozen=True):
    document: yaml.Document

    def fields(self, value: Any) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for key, node in yaml.entries(value):
            if key in found:
                where = self.document.at(node)
                raise IndexSourceError(f"the key {shown(key)} appears twice", where=where)
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
    """Read the releases of one chart from an index.

    Args:
        data: the index as it was received, YAML or JSON.
        chart: the chart's name.
        source: the URL or path of the index, for messages, without credentials.
        problems: one sentence for each version that is missing in `data`.

    Raises:
        IndexSourceError: `data` is not a chart index, does not have the chart, or has no usable
            entry of it.
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
        _add(releases, IndexEntry(reader, reader.fields(item), chart, position, said))
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


def _read(text: str, chart: str, source: str) -> tuple[IndexFields, Sequence[Any]]:
    """Return the reader for the format of the index, and the chart's entries."""
    if text.lstrip()[:1] == "{":
        try:
            root = json.loads(
                text, object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=str
            )
        except _DuplicateKeyError as error:
            raise _not_an_index(source, f"the key {shown(error.key)} appears twice") from None
        except (ValueError, RecursionError):
            pass  # YAML in flow style starts with a brace, too
        else:
            return _Json(), _chart_entries(_Json(), root, chart, source)
    return _read_yaml(text, chart, source)


def _read_yaml(text: str, chart: str, source: str) -> tuple[IndexFields, Sequence[Any]]:
    if chart_section.holds_more(text, chart, budget.INDEX.entries):
        raise _too_many(chart, source)
    span = chart_section.find(text, chart)
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


def _chart_entries(reader: IndexFields, root: object, chart: str, source: str) -> Sequence[Any]:
    top = reader.fields(root)
    if "entries" not in top:
        raise _not_an_index(source, "it has no entries")
    charts = reader.fields(top["entries"])
    if chart not in charts:
        named = ", ".join(shown(name) for name in sorted(charts)[:5]) or "no chart at all"
        raise IndexSourceError(
            f"the index has no chart {chart}", where=source, hint=f"it has {named}"
        )
    return reader.items(charts[chart])


def _refuse_many(count: int, chart: str, source: str) -> None:
    """Refuse an index with more releases of a chart than the budget allows."""
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
    """Return the error of a parser; one about the size does not tell the user to check the URL."""
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


def _add(releases: dict[str, ChartRelease], entry: IndexEntry) -> None:
    release = entry.release()
    if release is None:
        return
    first = releases.setdefault(str(release.version), release)
    if first is not release and repr(first) != repr(release):
        entry.say("appears twice with different content (fluxbump uses the first)")
