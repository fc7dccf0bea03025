"""Edits a mapping table: adds a row for the new release, and moves the marker to it. Pure.

Teams keep such tables by hand, in comments and documents. Outside of pins, it is the only text
that fluxbump rewrites.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fluxbump.bump.changes import Plan, Row
from fluxbump.discover.mentions.marked_rows import MARKER, MarkedRow, marked_rows, tokens
from fluxbump.model import FLUX
from fluxbump.text import versions
from fluxbump.text.live_code import TextFile
from fluxbump.text.splice import Edit


def rows(files: Iterable[TextFile], plan: Plan, app_versions: Mapping[str, str]) -> Iterator[Row]:
    """Yield the edits of the marked rows that name another release or chart than the target."""
    goal = _pair(plan)
    if goal is None:
        return
    for file in files:
        for marked in marked_rows(file, app_versions):
            if (marked.release, marked.chart) != goal:
                yield _row(file, marked, plan, goal)


def _pair(plan: Plan) -> tuple[str, str] | None:
    """Return the target and the chart that ships it, which a row maps; None without a chart."""
    chart = plan.chart_release.version
    return (plan.targets[FLUX], str(chart)) if chart is not None else None


def _row(file: TextFile, marked: MarkedRow, plan: Plan, goal: tuple[str, str]) -> Row:
    line = (marked.start, marked.end)
    existing = _row_of(goal, file, line)
    if existing is not None:
        arrival = _marker_arrival(file, marked, existing)
        new = _applied(file.text[slice(*existing)], existing[0], [arrival])
    else:
        renamed = {marked.release: goal[0], marked.chart: goal[1]}
        for track, version in plan.targets.items():
            renamed.setdefault(plan.current.get(track, ""), version)
        new = _successor(file.text, line, renamed)
        line_break = _line_break(file.text, line[1])
        arrival = Edit(file.path, line[0], line[0], new + line_break)
    removal = Edit(file.path, *_marker_removal(file.text, marked))
    return Row(file.location(line[0]), file.text[slice(*line)], new, (removal, arrival))


def _successor(text: str, line: tuple[int, int], renamed: Mapping[str, str]) -> str:
    """Return the marked row with the new versions, its columns kept if there is room."""
    parts, position = [], line[0]
    for token in tokens(text, *line):
        new = renamed.get(token.value, token.value)
        parts += [text[position : token.start], new]
        position = _keep_column(text, token.end, line[1], len(new) - len(token.value), parts)
    return "".join([*parts, text[position : line[1]]])


def _keep_column(text: str, start: int, end: int, growth: int, parts: list[str]) -> int:
    """Add or remove spaces behind a token so that the next column keeps its place.

    Args:
        text: the file.
        start: the end of the old token.
        end: the end of the row.
        growth: the characters by which the new token is longer. Negative if it is shorter.
        parts: the parts of the new row, which get the added spaces.

    Returns:
        The offset at which the rest of the row goes on.
    """
    room = len(text[start:end]) - len(text[start:end].lstrip(" "))
    if growth < 0 and room > 1:
        parts.append(" " * -growth)
    return start + (growth if 0 < growth < room else 0)


def _marker_removal(text: str, row: MarkedRow) -> tuple[int, int, str]:
    """Return the span that removes the marker and the space before it, and the filler for it.

    The filler keeps the width of the cell inside a table.
    """
    start = row.start + len(text[row.start : row.marker[0]].rstrip(" \t"))
    behind = text[row.marker[1] : row.end]
    padded = behind.lstrip().startswith("|") and _padded(text, (row.start, row.end))
    filler = " " * (row.marker[1] - start) if padded or behind.startswith("  ") else ""
    return start, row.marker[1], filler


def _padded(text: str, line: tuple[int, int]) -> bool:
    """Whether the table pads its cells: a neighboring row has its bars in the same columns."""
    bars = _bars(text[slice(*line)])
    neighbours = [_line_before(text, line), _line_after(text, line)]
    return any(
        bars and _bars(text[slice(*neighbour)]) == bars for neighbour in neighbours if neighbour
    )


def _bars(line: str) -> list[int]:
    return [position for position, character in enumerate(line) if character == "|"]


def _row_of(goal: tuple[str, str], file: TextFile, line: tuple[int, int]) -> tuple[int, int] | None:
    """Return the span of the row for the target in the same table; None if it has none.

    The rows of a table are neighboring lines of the same shape.
    """
    shape = _shape(file.text[slice(*line)])
    for step in (_line_before, _line_after):
        other = step(file.text, line)
        while other is not None and _shape(file.text[slice(*other)]) == shape:
            values = {token.value for token in tokens(file.text, *other)}
            if set(goal) <= values and not MARKER.search(file.text, *other):
                return other
            other = step(file.text, other)
    return None


def _shape(line: str) -> str:
    bare = versions.IN_TEXT.sub("V", MARKER.sub("", line))
    return " ".join(bare.split())


def _marker_arrival(file: TextFile, marked: MarkedRow, row: tuple[int, int]) -> Edit:
    """Return the edit that puts the marker behind the same column as in the old row."""
    text, marker = file.text, file.text[slice(*marked.marker)]
    before = tokens(text, marked.start, marked.marker[0])
    others = tokens(text, *row)
    gap = text[before[-1].end : marked.marker[0]] if before else ""
    if not before or gap.strip() or len(others) < len(before):
        return Edit(file.path, row[1], row[1], f" {marker}")
    start = others[len(before) - 1].end
    added = gap + marker
    room = len(text[start : row[1]]) - len(text[start : row[1]].lstrip(" "))
    return Edit(file.path, start, start + (len(added) if room > len(added) else 0), added)


def _applied(text: str, offset: int, edits: Iterable[Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: -edit.start):
        text = text[: edit.start - offset] + edit.new + text[edit.end - offset :]
    return text


def _line_before(text: str, line: tuple[int, int]) -> tuple[int, int] | None:
    if line[0] == 0:
        return None
    end = line[0] - 1
    start = text.rfind("\n", 0, end) + 1
    return start, end - (text[start:end].endswith("\r"))


def _line_after(text: str, line: tuple[int, int]) -> tuple[int, int] | None:
    start = text.find("\n", line[1]) + 1
    if start == 0 or start >= len(text):
        return None
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    return start, end - (text[start:end].endswith("\r"))


def _line_break(text: str, end: int) -> str:
    if end == len(text):  # the last line has no break of its own; the one before it has
        return "\r\n" if "\r\n" in text else "\n"
    return "\r\n" if text[end] == "\r" else "\n"
