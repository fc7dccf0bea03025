"""The report of a bump as text: its preview, and what was written. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from fluxbump.bump.changes import Row
from fluxbump.bump.migrate.edits import Migration
from fluxbump.check.finding_groups import FindingGroup, grouped
from fluxbump.model import (
    FLUX,
    FLUX2,
    OPERATOR,
    Finding,
    Form,
    Mention,
    Note,
    Pin,
    Snapshot,
    TrackKind,
)
from fluxbump.reports.table import Paint, printable, table
from fluxbump.reports.table import section as _section
from fluxbump.reports.terminal.fit import fitted

if TYPE_CHECKING:
    from fluxbump.bump.deliver import Delivered
    from fluxbump.bump.in_place import Written
    from fluxbump.bump.prepared_bump import Prepared

_FEW = 4
_SHA = 12  # characters of a commit, where there is no room for all of them


def preview(prepared: Prepared[Snapshot], paint: Paint) -> str:
    """Return what a bump changes, what it leaves, and what the rules find, without the diff."""
    lines = [_headline(prepared, paint), ""]
    if prepared.plan.changes:
        lines += [*_changes(prepared, paint), ""]
    if prepared.migration:
        lines += _migration(prepared.migration, paint)
    lines += _fixings(prepared, paint)
    lines += _section("Mapping rows", [_row(row) for row in prepared.rows], paint)
    lines += _section("Derived files", _derived(prepared), paint)
    kept = prepared.plan.kept
    if prepared.empty:  # `nothing_to_do` names the pins that prevent a move
        kept = tuple(each for each in kept if each not in _in_the_way(kept))
    lines += _section("Not changed", [_kept(*each) for each in kept], paint)
    lines += _section("Notes", note_lines(prepared.notes), paint, len(prepared.notes))
    lines += _mentions(prepared.mentions, paint)
    new = [finding for finding in prepared.verdict.findings if finding not in prepared.inherited]
    lines += findings(new, paint)
    old = [finding for finding in prepared.verdict.findings if finding in prepared.inherited]
    lines += _section("Existing findings (not caused by this change)", _few(old), paint, len(old))
    skipped = [
        f"{skipped_rule.code}  {skipped_rule.reason}" for skipped_rule in prepared.verdict.not_run
    ]
    lines += _section("Rules not run", skipped, paint)
    return "\n".join(lines).rstrip("\n")


def _headline(prepared: Prepared[Snapshot], paint: Paint) -> str:
    current, plan = prepared.plan.current, prepared.plan
    if plan.operator_alone:
        operator = _step(current.get(OPERATOR), plan.targets[OPERATOR])
        return paint(f"flux-operator {operator}", "bold")
    when = f", {plan.chart_release.created:%Y-%m-%d}" if plan.chart_release.created else ""
    flux = _step(current.get(FLUX), plan.targets[FLUX])
    if FLUX2 not in plan.targets:
        return paint(f"Flux {flux}", "bold")
    chart = _step(current.get(FLUX2), plan.targets[FLUX2])
    return paint(f"Flux {flux}", "bold") + f" (chart flux2 {chart}{when})"


def _step(old: str | None, new: str) -> str:
    return new if old in (None, new) else f"{old} -> {new}"


def _changes(prepared: Prepared[Snapshot], paint: Paint) -> list[str]:
    rows = [
        (str(c.pin.location), c.pin.kind, str(c.pin.track), c.pin.value, c.new)
        for c in prepared.plan.changes
    ]
    return table(("PIN", "KIND", "TRACK", "OLD", "NEW"), rows, paint)


def _migration(migration: Migration, paint: Paint) -> list[str]:
    """Return the manifests that move to another apiVersion before the bump, and those to review."""
    rows = [
        (str(m.resource.api_location), m.resource.kind, m.resource.version, m.version)
        for m in migration.moves
    ]
    lines = table(("MANIFEST", "KIND", "OLD", "NEW"), rows, paint) if rows else []
    if not rows and not migration.notes:
        state = f"Flux {migration.new} serves every apiVersion here, and deprecates none"
        lines = [f"No manifest has to move: {state}."]
    elif not rows:
        lines = ["No manifest moves."]
    notes = note_lines(migration.notes)
    return [*lines, "", *_section("apiVersions to review", notes, paint, len(migration.notes))]


def _fixings(prepared: Prepared[Snapshot], paint: Paint) -> list[str]:
    """Return the settings that are fixed before the bump; empty without `--fix`."""
    done = [fixed for fixing in prepared.fixings for fixed in fixing.done]
    lines = [f"{fixed.location}  {fixed.message}" for fixed in done]
    if prepared.fixings and not done:
        return ["No setting has to be fixed.", ""]
    return _section("Settings fixed first", lines, paint)


def _row(row: Row) -> str:
    return f"{row.location}  {printable(row.new.strip())}"


def _derived(prepared: Prepared[Snapshot]) -> list[str]:
    moved = {*(prepared.migration.changes.files if prepared.migration else ())}
    moved |= {path for fixing in prepared.fixings for path in fixing.changes.files}
    return [
        f"{path}  {'removed' if data is None else 'written'}"
        for path, data in sorted(prepared.changes.files.items())
        if path not in prepared.inventory.files and path not in moved
    ]


def _kept(pin: Pin, reason: str) -> str:
    return f"{pin.location}  {pin.subject}: {reason}"


def note_lines(notes: Iterable[Note]) -> list[str]:
    """Return a line for each note; many notes with the same text become one line with a count."""
    alike = dict[str, list[Note]]()
    for note in notes:
        alike.setdefault(note.said, []).append(note)
    lines = []
    for said, group in alike.items():
        if len(group) > _FEW_NOTES:
            lines.append(f"{group[0].location} and {len(group) - 1} more  {printable(said)}")
        else:
            lines += [f"{note.location}  {printable(said)}" for note in group]
    return lines


_FEW_NOTES = 3
"""The most notes with the same text that are listed one by one."""


def _mentions(mentions: Iterable[Mention], paint: Paint) -> list[str]:
    """Return a section with one line for each line of a file, even if it names two versions."""
    lines = []
    for _, group in groupby(mentions, key=lambda m: (m.location.path, m.location.line)):
        some = list(group)
        values = ", ".join(dict.fromkeys(f"{m.track} {m.value}" for m in some))
        lines.append(f"{some[0].location}  [{values}] {printable(some[0].text)}")
    return _section("Mentions to review", lines, paint)


def findings(found: Sequence[Finding], paint: Paint) -> list[str]:
    """Return a red section of findings in groups, or nothing if there are no findings."""
    lines = _section("Findings", _few(found), Paint(enabled=False), len(found))
    return [paint(line, "red") if line else line for line in lines]


def _few(found: Sequence[Finding]) -> list[str]:
    """Return at most `_FEW` groups of findings of each rule. The worst groups come first."""
    lines = []
    for code, groups in groupby(grouped(found), key=lambda group: group.code):
        some = [_finding(group) for group in groups]
        lines += [line for shown in some[:_FEW] for line in shown]
        if len(some) > _FEW:
            lines.append(f"… and {len(some) - _FEW} more of {code}")
    return lines


def _finding(group: FindingGroup) -> list[str]:
    """Return the lines of a group: its first place, and related messages about that place."""
    first, *others = group.findings
    here = [other for other in first.related if other.location == first.location and not others]
    where = f"{first.location} and {len(others)} more" if others else str(first.location)
    return [
        f"{where}  {group.code} {group.severity}: {printable(group.message)}",
        *(f"  {printable(other.message)}" for other in here),
    ]


def delivered(prepared: Prepared, result: Delivered, paint: Paint) -> str:
    """Return the branch and the commit of a delivered bump, and the ref of a replaced branch."""
    words = {
        "created": "made",
        "unchanged": "already holds this result, so fluxbump wrote nothing",
        "replaced": "replaced",
    }
    number = len(prepared.steps)
    behind = f"  (and {number - 1} before it)" if number > 1 and result.written else ""
    label, commit = "commit  ", result.commit
    if paint.width is not None and len(label + commit) > paint.width:
        commit = commit[:_SHA]  # git accepts the first digits, but no line break
    lines = [
        f"branch  {paint(prepared.branch, 'green')}  ({words[result.outcome]})",
        f"{label}{commit}{behind}",
    ]
    if result.kept:
        lines.append(f"kept    {result.kept}  (the old tip: git log {result.kept})")
    return fitted("\n".join(lines), paint.width)


def written(result: Written, root: str | None, paint: Paint) -> str:
    """Return the files that a bump in place wrote, and the commands that undo it.

    Args:
        result: the paths that were written, created and removed.
        root: the path of the working tree, for the commands; None if they run there.
        paint: colors, and the width of the terminal.
    """
    lines = []
    for word, paths in (
        ("written", result.replaced),
        ("created", result.created),
        ("removed", result.removed),
    ):
        lines += [f"{word}  {paint(printable(path), 'green')}" for path in paths]
    lines = [fitted(line, paint.width) for line in lines]
    kept = [
        f"no undo  {printable(path)} had changes of its own, which git does not have"
        for path in sorted(result.unclean)
    ]
    lines += [*_undo(result, root), *(fitted(line, paint.width) for line in kept)]
    return "\n".join(lines)


def _undo(result: Written, root: str | None) -> Iterator[str]:
    """Yield the commands that undo a bump in place. Their lines are not broken."""
    back = [p for p in (*result.replaced, *result.removed) if p not in result.unclean]
    if back:
        git = shlex.join(["git", *(["-C", root] if root else []), "checkout", "--", *back])
        yield f"undo     {printable(git)}"
    if result.created:
        new = [f"{root}/{path}" if root else path for path in result.created]
        yield f"undo     {printable(shlex.join(['rm', '--', *new]))}"


def nothing_to_do(prepared: Prepared[Snapshot]) -> str:
    """Return why a bump changes nothing: all pins hold the target, or some cannot move."""
    left = [f"{place.location}  {place.message}" for place in prepared.plan.unmoved]
    left += [_kept(*each) for each in _in_the_way(prepared.plan.kept)]
    target = _held(prepared)
    if not target:
        left += _operator_stays(prepared)
    if target and not left:
        return f"Nothing to do: every pin holds {target}."
    other = "other " if prepared.plan.left else ""
    none = f"no {other}place holds an exact version of Flux"
    said = f"every {other}exact pin holds {target}" if target else none
    return "\n".join([f"Nothing moved: {said}.", *(f"  {printable(line)}" for line in left)])


def _in_the_way(kept: Iterable[tuple[Pin, str]]) -> tuple[tuple[Pin, str], ...]:
    """Return the pins without the target that a bump does not move, with the reasons."""
    return tuple(
        (pin, reason)
        for pin, reason in kept
        if pin.form is not Form.RANGE or " excludes " in reason
    )


def _held(prepared: Prepared[Snapshot]) -> str:
    """Return the names of the targets that exact pins hold already; empty if there are none."""
    targets = prepared.plan.targets
    tracks = {
        pin.track
        for pin in prepared.inventory.pins
        if pin.form is Form.EXACT
        and pin.track.kind is not TrackKind.CHART
        and targets.get(pin.track) == pin.value
    }
    chart = f" (chart flux2 {targets[FLUX2]})" if FLUX2 in targets else ""
    flux = [f"Flux {targets[FLUX]}{chart}"] if tracks - {OPERATOR} else []
    operator = [f"flux-operator {targets[OPERATOR]}"] if OPERATOR in tracks else []
    return " and ".join([*flux, *operator])


def _operator_stays(prepared: Prepared[Snapshot]) -> Iterator[str]:
    held = [pin for pin in prepared.inventory.pins if pin.track == OPERATOR]
    if held and OPERATOR not in prepared.plan.targets:
        more = f" and {len(held) - 1} more" if held[1:] else ""
        yield f"{held[0].location}{more}  flux-operator stays: --operator X.Y.Z moves it"


def floating(kept: Iterable[tuple[Pin, str]]) -> Iterator[str]:
    """Yield a line about charts without a version, which a bump leaves to each install."""
    loose = [pin for pin, _ in kept if pin.form is Form.UNPINNED]
    if loose:
        more = f" and {len(loose) - 1} more" if loose[1:] else ""
        yield (
            f"{loose[0].location}{more}: {loose[0].subject} has no version, so each install takes "
            "the newest (write a version there)"
        )
