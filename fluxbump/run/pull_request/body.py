"""Writes title and body of a pull request. Pure: the same inputs give the same bytes.

A run refreshes a body only if its content differs, which `digest` tells. If a body is too long for
the forge, release notes are shortened first, then mentions, then findings, then pins. The items
that are left out are counted. The boxes and the state at the end are never shortened. On each
forge a body has `MAX_BODY` characters at most, because nobody reads more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from fluxbump.flux import stored_versions
from fluxbump.forges.forge import Capabilities
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.run.pull_request import gate_sections, release_notes, sections, state
from fluxbump.run.pull_request.body_parts import BodyInputs, Section
from fluxbump.run.pull_request.state import SavedState
from fluxbump.text import markdown, versions

MAX_BODY = 15_000
"""The most characters of a body, with its state."""

MAX_NOTES = 6_000
"""The most characters of all release notes together, on each forge."""

STATE_ROOM = 800
"""The characters of a body that are kept free for the state."""

__all__ = ["BodyInputs", "body", "crossed", "digest", "text", "title"]

_MAX_TITLE = 200
_LEAST_NOTES = 200  # less of a release is not worth its heading
_LAST_LINES = 100  # that say which notes are missing
_SHORTENED = (
    "mentions", "left", "inherited", "not_run", "later", "others", "gate", "definitions", "pins",
    "tracks",
)  # fmt: skip
"""The sections in the order in which they are shortened."""

_ORDER = (
    gate_sections.risk, sections.headline, sections.tracks, sections.before_merging,
    sections.after_merging, gate_sections.gate, sections.definitions, sections.pins,
    sections.others, sections.mentions, sections.left, gate_sections.inherited,
    gate_sections.not_run, sections.route, sections.later, sections.commands,
)  # fmt: skip
_BEFORE_NOTES = "later"
_CUT = "More was left out, for length."


def title(inputs: BodyInputs) -> str:
    """Return the title: the first line of the commit message."""
    first = inputs.prepared.message.strip().partition("\n")[0]
    return markdown.quiet(markdown.clean(first, _MAX_TITLE))


def body(inputs: BodyInputs, own: SavedState, can: Capabilities) -> str:
    """Return the body, with the state at its end.

    Args:
        inputs: the content of the body.
        own: the state for the next run.
        can: the capabilities of the forge. Its `body_limit` is at least 2,000 characters.
    """
    return state.attach(text(inputs, can), own, hidden=can.hidden)


def digest(inputs: BodyInputs, can: Capabilities) -> str:
    """Return the sha256 of title and body without links and release notes, hexadecimal.

    Links name a commit, and the same content at another commit is no news. Release notes may be
    available in one run and not in the next. A refresh for another reason updates both.
    """
    known = replace(inputs, link=None, notes=None, without_notes=())
    said = text(known, can)
    return hashlib.sha256(f"{title(inputs)}\n{said}".encode()).hexdigest()


def crossed(
    old: str | None, new: str, index: ChartIndex, table: stored_versions.Table
) -> tuple[str, ...]:
    """Return the stable releases after `old` up to `new`, newest first, whose notes matter.

    Args:
        old: the release that is left. None if it is not known, and then only `new` matters.
        new: the release that the pull request moves to.
        index: the chart index, for releases with a chart.
        table: the known releases, with those that have no chart.
    """
    known = {*table, *(str(release.app_version) for release in index.releases), new}
    parsed = {release: versions.parse(release) for release in known}
    start, goal = versions.parse(old or new), versions.parse(new)
    found = {
        version: name
        for name, version in parsed.items()
        if version is not None and start is not None and goal is not None
        if version <= goal and not version.prerelease and (version > start or version == goal)
    }
    return tuple(found[version] for version in sorted(found, reverse=True))


def text(inputs: BodyInputs, can: Capabilities) -> str:
    """Return the body without its state, within what the forge allows less `STATE_ROOM`."""
    last = (
        sections.steering(hidden=can.hidden, tasks=can.tasks, reopens=can.closed_can_change),
        sections.footer(inputs),
    )
    end = _joined(section.render() for section in last)
    room = min(can.body_limit, MAX_BODY) - STATE_ROOM - len(end) - 2
    parts = {make.__name__: make(inputs) for make in _ORDER}
    if not can.diagrams:
        del parts["route"]
    counts = _fitting(parts, room, hidden=can.hidden)
    written = {
        name: section.render(counts.get(name), hidden=can.hidden) for name, section in parts.items()
    }
    free = min(room - len(_joined(written.values())) - 2, MAX_NOTES)
    noted = _notes(inputs, free, hidden=can.hidden)
    names = list(written)
    at = names.index(_BEFORE_NOTES) + 1
    order = [*names[:at], "notes", *names[at:]]
    said = _joined({**written, "notes": noted}[name] for name in order)
    return _joined((said if len(said) <= room else _cut(said, room), end))


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def _fitting(parts: Mapping[str, Section], room: int, *, hidden: bool) -> dict[str, int]:
    """Return the number of items that shortened sections keep, so that all sections fit in `room`.

    `room` is in characters. A section that is not shortened is not in the result.
    """
    sizes = {name: len(item.render(hidden=hidden)) for name, item in parts.items()}
    written = (section.render(hidden=hidden) for section in parts.values())
    over = len(_joined(written)) - room
    counts: dict[str, int] = {}
    for name in _SHORTENED:
        if over <= 0:
            break
        counts[name] = _count(parts[name], sizes[name] - over, hidden=hidden)
        over -= sizes[name] - len(parts[name].render(counts[name], hidden=hidden))
    return counts


def _count(section: Section, room: int, *, hidden: bool) -> int:
    """Return how many items of a section fit into `room` characters. 0 also if none fits."""
    low, high = 0, len(section.items)
    while low < high:
        middle = (low + high + 1) // 2
        if len(section.render(middle, hidden=hidden)) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _notes(inputs: BodyInputs, most: int, *, hidden: bool) -> str:
    """Return the section of release notes within `most` characters, newest release first."""
    known = inputs.notes or {}
    missing = list(inputs.without_notes)
    if not known and not missing:
        return ""
    heading = "### Release notes"
    parts, left = [heading], list[str]()
    releases = sorted(known, key=_newest, reverse=True)
    room = (
        most
        - len(heading)
        - _LAST_LINES
        - sum(len(_page(release, inputs)) + 2 for release in (*releases, *missing))
    )
    for release in releases:
        page = _page(release, inputs)
        written = _folded(release, known[release], page, room, hidden=hidden)
        if written:
            parts.append(written)
            room -= len(written) + 2
        else:
            left.append(release)
    if left:
        parts.append(f"Left out, for length: those of {_pages(left, inputs)}.")
    if missing:
        parts.append(f"Not available: those of {_pages(missing, inputs)}.")
    said = "\n\n".join(parts)
    return said if len(said) <= most else ""


def _pages(releases: Iterable[str], inputs: BodyInputs) -> str:
    return ", ".join(_page(release, inputs) for release in releases)


def _page(release: str, inputs: BodyInputs) -> str:
    """Return a release as a link to its page, or as text if there is no URL."""
    url = inputs.release_page(release) if inputs.release_page else ""
    return markdown.link(release, url) if url else markdown.plain(release)


def _newest(release: str) -> tuple[bool, object]:
    parsed = versions.parse(release)
    return (parsed is not None, parsed if parsed is not None else release)


def _folded(release: str, noted: str, page: str, room: int, *, hidden: bool) -> str:
    name = f"Flux {markdown.plain(release)}"
    whole = f"The whole of it: {page}\n\n" if page != markdown.plain(release) else ""
    before, behind = f"#### {name}\n\n{whole}", ""
    if hidden:
        before = f"<details>\n<summary>{name}</summary>\n\n{whole}"
        behind = "\n\n</details>"
    free = room - len(before) - len(behind)
    said = release_notes.sanitise(noted, free) if free >= _LEAST_NOTES else ""
    return f"{before}{said}{behind}" if said else ""


def _cut(said: str, room: int) -> str:
    """Keep whole lines from the top within `room` characters, and stop before a code block."""
    kept: list[str] = []
    room -= len(_CUT) + 2
    for line in said.split("\n"):
        if len(line) + 1 > room or line.startswith("```"):
            break
        kept.append(line)
        room -= len(line) + 1
    while kept and (not kept[-1] or kept[-1].startswith("#")):
        kept.pop()
    return "\n".join([*kept, "", _CUT])
