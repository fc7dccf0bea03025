"""Writes the text of the dashboard issue: releases, pull requests, problems and boxes. Pure.

The text has no time of its own, so that a run with nothing new leaves the issue as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from fluxbump.check.finding_groups import grouped
from fluxbump.forges.forge import Issue, RequestState
from fluxbump.model import FLUX, FLUX2, Pin, Role
from fluxbump.run.actions import KnownRequest
from fluxbump.run.decision import Blocked, Decision, Update, describe, outcome, skipped_by_reason
from fluxbump.run.pull_request import boxes
from fluxbump.run.pull_request.boxes import Box, Ticked
from fluxbump.text import markdown, versions

TITLE = "Flux releases (dashboard of fluxbump)"
"""The title of a new dashboard. If a person changes it, the change stays."""

MAX_BODY = 30_000
"""The most characters of a dashboard."""

_MARK = "<!-- fluxbump:dashboard -->"
_MOST = 50
"""The most lines of a section."""


class DashboardInputs(Struct, frozen=True):
    """The facts from which the text of a dashboard is made.

    Attributes:
        decision: the decision of the run.
        pins: the pins of the base.
        requests: the open pull requests of ours, after the run.
        past: the closed and merged pull requests whose branch still exists.
        problems: the actions that failed, one sentence each.
        held: the releases on hold by a box of the dashboard itself.
        unanswered: the ticked boxes of the dashboard that the run has not answered.
    """

    decision: Decision
    pins: tuple[Pin, ...]
    requests: tuple[KnownRequest, ...] = ()
    past: tuple[KnownRequest, ...] = ()
    problems: tuple[str, ...] = ()
    held: frozenset[str] = frozenset()
    unanswered: frozenset[Ticked] = frozenset()


def find(issues: Iterable[Issue]) -> Issue | None:
    """Return the dashboard among the issues that we opened; the oldest one if there are several."""
    marked = (issue for issue in issues if issue.body.lstrip().startswith(_MARK))
    return min(marked, key=lambda issue: issue.number, default=None)


def is_same(first: str, other: str) -> bool:
    """Tell whether two texts are the same but for line breaks and white space at the ends.

    Forges change both.
    """
    return first.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


def applied(known: KnownRequest, ticked: Iterable[Ticked]) -> frozenset[Box]:
    """Return the boxes ticked for a pull request, in its own text and in the dashboard."""
    release = known.state.release if known.state is not None else ""
    return known.asked | {box.box for box in ticked if release and box.release == release}


def body(inputs: DashboardInputs) -> str:
    """Return the text of a dashboard."""
    sections = (
        _head(inputs.decision),
        _section("Pull requests", _requests(inputs)),
        _section("Left out", _skipped(inputs.decision)),
        _section("Problems", (f"- {markdown.plain(problem)}" for problem in inputs.problems)),
        _section("Installed releases", _installed(inputs.pins)),
        _steering(inputs),
    )
    said = "\n\n".join(section for section in sections if section)
    return said if len(said) <= MAX_BODY else f"{said[:MAX_BODY].rpartition(chr(10))[0]}\n"


def _head(decision: Decision) -> str:
    lines = [
        _MARK,
        "`fluxbump run` keeps this issue up to date, and overwrites edits.",
        "",
        f"**{outcome(decision)}**: {markdown.plain(describe(decision))}.",
    ]
    if isinstance(decision, Blocked):
        rules = ", ".join(decision.codes)
        lines += ["", f"Blocked by {rules}."] if rules else []
        lines += [
            f"- {group.findings[0].code}: {len(group.findings)} times, first at "
            f"{markdown.code(str(group.findings[0].location))}: {markdown.plain(group.message)}"
            for group in grouped(decision.findings)
        ]
    return "\n".join(lines)


def _section(title: str, lines: Iterable[str]) -> str:
    found = list(lines)
    if not found:
        return ""
    more = len(found) - _MOST
    kept = [*found[:_MOST], *([f"- {more} more"] if more > 0 else [])]
    return "\n".join([f"### {title}", "", *kept])


def _requests(inputs: DashboardInputs) -> Iterator[str]:
    for known in inputs.requests:
        if known.state is not None and known.request.state is RequestState.OPEN:
            yield f"- {_link(known)}: {_standing(known, inputs.held)}"
    for known in sorted(inputs.past, key=lambda known: -known.request.number):
        if known.state is not None:
            yield f"- {_link(known)}: {_end(known)}"


def _link(known: KnownRequest) -> str:
    return markdown.link(f"{known.request.number} {known.request.title}", known.request.url)


def _standing(known: KnownRequest, held_here: frozenset[str]) -> str:
    state = known.state
    if Box.HOLD in known.asked or (state is not None and state.release in held_here):
        return "open, on hold"
    if state is not None and state.reopened:
        return "open, reopened after a close"
    return "open, a draft" if known.request.draft else "open"


def _end(known: KnownRequest) -> str:
    if known.request.state is RequestState.MERGED:
        return "merged"
    by = known.state.superseded_by if known.state is not None else None
    return f"closed by fluxbump for Flux {by}" if by is not None else "closed by a person"


def _skipped(decision: Decision) -> Iterator[str]:
    for reason, releases in skipped_by_reason(decision.skipped):
        yield f"- {', '.join(map(markdown.plain, releases))}: {markdown.plain(reason)}"


def _installed(pins: Iterable[Pin]) -> Iterator[str]:
    """Yield a line for each folder with the releases of Flux or of its chart that it installs."""
    found: dict[str, set[str]] = defaultdict(set)
    for pin in pins:
        if pin.role is Role.INSTALLS and pin.track in (FLUX, FLUX2):
            name = "Flux" if pin.track == FLUX else "chart flux2"
            folder = str(PurePosixPath(pin.location.path).parent)
            found[folder].add(f"{name} {pin.value}")
    for folder, releases in sorted(found.items()):
        yield f"- {markdown.code(folder)}: {markdown.plain(', '.join(sorted(releases)))}"


def _steering(inputs: DashboardInputs) -> str:
    """Return the section with the boxes: for open and closed releases, and for refused wishes."""
    opened = _releases(inputs.requests, RequestState.OPEN)
    closed = [name for name in _releases(inputs.past, RequestState.CLOSED) if name not in opened]
    not_done = _not_done(inputs, opened, closed)
    lines = []
    for release in opened:
        lines.append(_box(Ticked(Box.REBUILD, release), not_done))
        ticked = release in inputs.held
        lines.append(_box(Ticked(Box.HOLD, release), not_done, ticked=ticked))
    lines += [_box(Ticked(Box.REOPEN, release), not_done) for release in closed]
    shown = {Ticked(Box.REBUILD, release) for release in opened}
    shown |= {Ticked(Box.REOPEN, release) for release in closed}
    others = sorted(not_done.keys() - shown, key=lambda asked: (asked.release, asked.box))
    lines += [_box(asked, not_done) for asked in others[:_MOST]]
    if not lines:
        return ""
    head = "Tick a box. The next run acts, clears the box, and says what it did."
    return "\n".join(["### Steer the next run", "", head, "", *lines])


def _not_done(
    inputs: DashboardInputs, opened: Collection[str], closed: Collection[str]
) -> dict[Ticked, str]:
    """Map the boxes that stay ticked to the reason why the run did not act.

    A box for a release that the base has reached is cleared.

    Args:
        inputs: the facts of the dashboard.
        opened: the releases with an open pull request.
        closed: the releases whose pull request a person closed.
    """
    decision = inputs.decision
    wanted = decision.release if isinstance(decision, Update) else None
    found = {}
    for asked in inputs.unanswered:
        release = asked.release
        done = asked.box is Box.REOPEN and release in opened
        if asked.box is Box.HOLD or done or _is_reached(release, inputs.decision):
            continue
        there = opened if asked.box is Box.REBUILD else closed
        if release not in there:
            state = "open" if asked.box is Box.REBUILD else "closed"
            found[asked] = f"no {state} pull request of fluxbump is for {release}"
        elif release != wanted:
            now = f"fluxbump opens {wanted} now" if wanted else "fluxbump opens no release now"
            found[asked] = now
        else:
            held = any(_is_held(known, inputs.held, release) for known in inputs.requests)
            found[asked] = "it is on hold" if held else "see the report of the run"
    return found


def _is_reached(release: str, decision: Decision) -> bool:
    held = versions.parse(decision.current) if decision.current else None
    asked = versions.parse(release)
    return asked is None or (held is not None and asked <= held)


def _is_held(known: KnownRequest, held_here: frozenset[str], release: str) -> bool:
    own = known.state.release if known.state is not None else ""
    return own == release and (Box.HOLD in known.asked or release in held_here)


_TEXTS = {
    Box.REBUILD: "Rebuild the branch for {}.",
    Box.HOLD: "Hold the pull request for {}.",
    Box.REOPEN: "Open {} again, after a close.",
}


def _box(asked: Ticked, not_done: Mapping[Ticked, str], *, ticked: bool = False) -> str:
    reason = not_done.get(asked)
    text = _TEXTS[asked.box].format(asked.release)
    said = f"{text} Not done: {reason}." if reason else text
    ticked = ticked or reason is not None
    return boxes.line(asked.box, said, hidden=True, release=asked.release, ticked=ticked)


def _releases(requests: Iterable[KnownRequest], fate: RequestState) -> list[str]:
    found = (known for known in requests if known.request.state is fate)
    return sorted(
        {
            known.state.release
            for known in found
            if known.state is not None and known.state.superseded_by is None
        }
    )
