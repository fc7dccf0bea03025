"""Writes the sections of a pull request's body, but those of the checks. Pure.

`markdown` escapes all text from the repository, the index or the forge, so that it has no effect.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from fluxbump.flux import removed_versions, stored_versions
from fluxbump.flux.removed_versions import Removed
from fluxbump.flux.stored_versions import Conflict, Release
from fluxbump.model import FLUX, FLUX2, Mention, Track, TrackKind
from fluxbump.run.decision import skipped_by_reason
from fluxbump.run.pull_request import boxes
from fluxbump.run.pull_request.body_parts import BodyInputs, Link, Section, header, place_of, row
from fluxbump.run.pull_request.boxes import Box
from fluxbump.text import markdown
from fluxbump.text.markdown import code, plain

if TYPE_CHECKING:
    from fluxbump.bump.prepared_bump import Prepared

# --- what moves -------------------------------------------------------------------------------


def headline(inputs: BodyInputs) -> Section:
    """Return the sentence that says which release the pull request moves to."""
    planned = inputs.prepared.plan
    chart = planned.chart_release
    when = f", published {chart.created:%Y-%m-%d}" if chart.created else ""
    held = planned.current.get(FLUX2)
    step = _step(inputs.current, inputs.release)
    lines = [f"Moves Flux {step}."]
    if FLUX2 in planned.targets:
        charts = _step(held, planned.targets[FLUX2])
        lines = [f"Moves Flux {step} (chart flux2 {charts}{when})."]
    hops = inputs.way.hops if inputs.way else ()
    if len(hops) > 1:
        goal = hops[-1].new
        lines += [
            "",
            f"It is the first of {len(hops)} hops to {goal}. Each hop has its own pull request.",
        ]
    return Section("", head=tuple(lines))


def _step(old: str | None, new: str) -> str:
    return f"to **{plain(new)}**" if old in (None, new) else f"from {plain(old or '')} to {new}"


def tracks(inputs: BodyInputs) -> Section:
    """Return the table of the tracks that move, with the reason for each."""
    planned = inputs.prepared.plan
    rows = tuple(
        row(code(str(track), cell=True), plain(planned.current.get(track, "?")), plain(new), why)
        for track, new in planned.targets.items()
        if planned.current.get(track) != new
        for why in [_why(track)]
    )
    return Section(
        "Version lines", rows, "version line", header("Line", "From", "To", "Why"), table=True
    )


def _why(track: Track) -> str:
    if track == FLUX:
        return "the release"
    if track == FLUX2:
        return "the chart that ships it"
    return "what it depends on has moved" if track.kind is TrackKind.CHART else ""


def pins(inputs: BodyInputs) -> Section:
    """Return the table of the pins that move."""
    rows = tuple(
        row(
            place_of(change.pin.location, inputs.link, cell=True),
            plain(f"{change.pin.kind}, {change.pin.track}"),
            plain(change.pin.value),
            plain(change.new),
        )
        for change in inputs.prepared.plan.changes
    )
    return Section("Pins", rows, "pin", header("Place", "Kind", "From", "To"), table=True)


def others(inputs: BodyInputs) -> Section:
    """Return the list of other changes: rows of mapping tables, and derived files."""
    prepared = inputs.prepared
    items = [f"- {place_of(row.location, inputs.link)}: a mapping row" for row in prepared.rows]
    for path, data in sorted(prepared.changes.files.items()):
        if path not in prepared.inventory.files and data is None:
            items.append(f"- {code(path)} goes")
        elif path not in prepared.inventory.files and not _in_rows(path, prepared):
            items.append(f"- {code(path)} is derived")
    return Section("Changes that follow", tuple(items), "place")


def _in_rows(path: str, prepared: Prepared) -> bool:
    return any(row.location.path == path for row in prepared.rows)


# --- what clusters meet -----------------------------------------------------------------------


def before_merging(inputs: BodyInputs) -> Section:
    """Return the migration that clusters need before the merge. Empty if they need none."""
    first = inputs.way.hops[0] if inputs.way and inputs.way.hops else None
    if first is None or not (first.migrate or first.rewrite):
        return Section("")
    why = []
    if first.migrate:
        why.append("The API server refuses a CRD without a version that it has stored.")
    if first.rewrite:
        why.append(
            "It refuses every server-side apply of an object whose managedFields name a version "
            f"that Flux {first.new} removes, so run it again after the upgrade."
        )
    head = f"Run `flux migrate` in every cluster, while it runs Flux {first.old}. {' '.join(why)}"
    items = (*map(_migrate, first.migrate), *map(_rewrite, first.rewrite))
    return Section("Before you merge", items, "kind", (head, ""))


def _rewrite(removed: Removed) -> str:
    return f"- {removed.kind} {' and '.join(removed.versions)}: objects may have been written at it"


def _migrate(conflict: Conflict) -> str:
    sure = "every cluster stores it" if conflict.certain else "a cluster with a long history may"
    return f"- {conflict.kind} {' and '.join(conflict.stored)}: {sure}"


def after_merging(inputs: BodyInputs) -> Section:
    """Return the steps after the upgrade of the clusters, which no run can see."""
    hops = inputs.way.hops if inputs.way else ()
    items = []
    if hops and hops[0].rewrite:
        items.append("- Run `flux migrate` in every cluster again.")
    if len(hops) > 1:
        goal = f"{plain(hops[1].new)}, the next hop"
        items.append(
            f"- Check that every cluster runs Flux {plain(inputs.release)} (`flux version`), and "
            f"merge the pull request for {goal}, only then."
        )
    return Section("After you merge", tuple(items), "step")


def definitions(inputs: BodyInputs) -> Section:
    """Return the table of the differences between the CRDs of the two releases."""
    table = inputs.prepared.before.crds
    old, new = table.get(inputs.current or ""), table.get(inputs.release)
    if old is None or new is None:
        unknown = inputs.current if old is None else inputs.release
        head = (f"The CRDs of Flux {plain(unknown or '?')} are not known.",)
        return Section("CRD changes", head=head)
    rows = tuple(_differences(old, new))
    if not rows:
        return Section("CRD changes", head=("Both releases serve and store the same versions.",))
    columns = header("Kind", "New", "No longer served", "Removed", "Storage version")
    return Section("CRD changes", rows, "kind", columns, table=True)


def _differences(old: Release, new: Release) -> Iterator[str]:
    for name in sorted({*old, *new}):
        crd, other = old.get(name), new.get(name)
        before = crd.names if crd else frozenset[str]()
        after = other.names if other else frozenset[str]()
        unserved = (crd.served if crd else frozenset()) - (other.served if other else frozenset())
        stored = (crd.storage if crd else "", other.storage if other else "")
        if (before, stored[0]) == (after, stored[1]) and not unserved:
            continue
        store = " to ".join(dict.fromkeys(version for version in stored if version))
        cells = (after - before, (unserved & after), before - after)
        kind = (new.get(name) or old[name]).kind
        yield row(kind, *(", ".join(sorted(cell)) or "-" for cell in cells), store or "-")


def route(inputs: BodyInputs) -> Section:
    """Return a diagram of the route. Empty if it has one hop."""
    hops = inputs.way.hops if inputs.way else ()
    if not hops[1:]:
        return Section("")
    lines = ["```mermaid", "flowchart LR", f'  hop0["{_node(hops[0].old)}"]']
    for number, hop in enumerate(hops, 1):
        step = ' -- "flux migrate" -->' if hop.migrate or hop.rewrite else " -->"
        here = " (this pull request)" if number == 1 else ""
        lines.append(f'  hop{number - 1}{step} hop{number}["{_node(hop.new)}{here}"]')
    return Section("The route", head=(*lines, "```"))


def _node(release: str) -> str:
    """Return a release as a label, without characters that are no part of a version."""
    return re.sub(r"[^0-9A-Za-z.+-]", "", release)


def later(inputs: BodyInputs) -> Section:
    """Return the list of the later hops, and of the releases that are left out."""
    items = []
    for hop in inputs.way.hops[1:] if inputs.way else ():
        steps = []
        if hop.migrate:
            steps.append(f"`flux migrate` ({plain(stored_versions.describe(hop.migrate))})")
        elif hop.rewrite:
            steps.append("`flux migrate` (managedFields)")
        if hop.removed:
            steps.append(f"manifests move ({plain(removed_versions.describe(hop.removed))})")
        first = f", before which: {'; '.join(steps)}" if steps else ""
        items.append(f"- {hop.old} to {hop.new}{first}")
    for reason, releases in skipped_by_reason(inputs.skipped):
        items.append(f"- Not {', '.join(map(plain, releases))}: {plain(reason)}")
    return Section("Next steps, and releases left out", tuple(items), "line")


# --- what is left to people -------------------------------------------------------------------


def mentions(inputs: BodyInputs) -> Section:
    """Return the list of places that name an old version, one item for each line of a file."""
    key = _line_of
    items = tuple(
        _mention(list(group), inputs.link) for _, group in groupby(inputs.prepared.mentions, key)
    )
    return Section("Mentions to review (not changed)", items, "mention")


def _line_of(mention: Mention) -> tuple[str, int]:
    return mention.location.path, mention.location.line


def _mention(mentions: Sequence[Mention], link: Link | None) -> str:
    values = ", ".join(dict.fromkeys(f"{mention.track} {mention.value}" for mention in mentions))
    return f"- {place_of(mentions[0].location, link)} {plain(values)}: {code(mentions[0].text)}"


def left(inputs: BodyInputs) -> Section:
    """Return the list of the pins and places that fluxbump has seen and does not change."""
    kept = inputs.prepared.plan.kept
    items = [
        f"- {place_of(pin.location, inputs.link)} {plain(f'{pin.subject}: {why}')}"
        for pin, why in kept
    ]
    items += [
        f"- {place_of(note.location, inputs.link)} {plain(note.said)}"
        for note in inputs.prepared.notes
        if not note.certain
    ]
    return Section("Not changed", tuple(items), "place")


def commands(inputs: BodyInputs) -> Section:
    """Return the commands with which a reader can reproduce the change."""
    branch, remote = shlex.quote(inputs.prepared.branch), shlex.quote(inputs.remote)
    base = shlex.quote(f"{inputs.remote}/{inputs.base_branch}")
    lines = (
        f"git fetch {remote} {branch}",
        f"git diff {base}...FETCH_HEAD",
        f"fluxbump to {inputs.release} --rev {base} --dry-run",
        f"fluxbump check --rev FETCH_HEAD --base {base}",
    )
    return Section("Reproduce this change", head=markdown.block(lines, "sh"))


def steering(*, hidden: bool, tasks: bool, reopens: bool) -> Section:
    """Return the boxes by which people steer the next run.

    Args:
        hidden: whether the forge hides HTML comments.
        tasks: whether the forge draws boxes to click.
        reopens: whether the forge lets the text of a closed pull request change.
    """
    how = "Tick a box" if tasks else "Write an `x` between the brackets"
    known = {
        Box.REBUILD: "Rebuild the branch. Commits that others pushed to it are lost.",
        Box.HOLD: "Hold: leave it as it is, until the box is cleared.",
        Box.REOPEN: "Open it again, after a close.",
    }
    if not reopens:
        del known[Box.REOPEN]
    items = tuple(boxes.line(box, text, hidden=hidden) for box, text in known.items())
    head = f"{how}. The next run acts, clears the box, and says what it did."
    return Section("Steer the next run", head=(head, "", *items))


def footer(_: BodyInputs) -> Section:
    """Return the last lines, which say what a close or a push to the branch does."""
    what = (
        "Made by `fluxbump run`. If you close this pull request, fluxbump does not open it again. "
        "If you push to its branch, fluxbump stops updating it."
    )
    return Section("", head=("---", "", what))
