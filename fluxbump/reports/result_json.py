"""Reports for programs: one JSON document, versioned, its schema in `fluxbump schema`. Pure.

Within a version, keys are only added. The `TypedDict`s below are the schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from fluxbump.model import (
    FLUX,
    FLUX2,
    ChartIndex,
    Finding,
    Location,
    Mention,
    Note,
    Pin,
    Snapshot,
    Track,
)
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.next_steps import Step
from fluxbump.reports.next_steps_json import NextJson, next_json
from fluxbump.reports.target import (
    ChartReleaseJson,
    IndexJson,
    TargetJson,
    chart_release,
    index_json,
    target,
)

if TYPE_CHECKING:
    from fluxbump.bump.bump import Delivered, Prepared
    from fluxbump.bump.in_place import Written
    from fluxbump.check.status import Listed, Survey
    from fluxbump.git.worktree import EditableWorktree
    from fluxbump.reports.next_steps import Step


class PlaceJson(TypedDict):
    """A place in a file; line and column count from 1."""

    path: str
    line: int
    column: int


class PinJson(PlaceJson):
    """A pin and what it holds."""

    kind: str
    role: str
    track: str
    subject: str
    form: str
    value: str


class ChangeJson(PlaceJson):
    """A pin that moves."""

    kind: str
    track: str
    subject: str
    old: str
    new: str


class KeptJson(PinJson):
    """A pin that stays, and why."""

    reason: str


class RowJson(PlaceJson):
    """A mapping-table row that is added, or gets the marker."""

    old: str
    new: str


class MentionJson(PlaceJson):
    """A place for a person to look at."""

    track: str
    value: str
    text: str


class NoteJson(PlaceJson):
    """Something that was seen and left alone."""

    message: str


class FindingJson(PlaceJson):
    """What a rule says."""

    code: str
    severity: str
    message: str
    related: list[NoteJson]


class NotRunJson(TypedDict):
    """A rule that could not be judged, and why."""

    code: str
    reason: str


class TrackJson(TypedDict):
    """A version line: what it holds, and what it becomes."""

    name: str
    old: str | None
    new: str


class MoveJson(PlaceJson):
    """A manifest that moves to another apiVersion; the place is that of the old one."""

    kind: str
    name: str
    namespace: str
    old: str
    new: str
    why: Literal["removed", "deprecated"]


class MigrationJson(TypedDict):
    """What moves before the bump, in a commit of its own, and what is left to review."""

    old: str
    new: str
    moves: list[MoveJson]
    notes: list[NoteJson]
    patch: str


class ToJson(TypedDict):
    """What `fluxbump to --output json` prints."""

    schema: Literal["fluxbump/to/v1"]
    base: str | None
    target: TargetJson
    outcome: Literal["created", "unchanged", "replaced", "written", "nothing-to-do", "not-written"]
    in_place: bool
    branch: str | None
    commit: str | None
    replaced: str | None
    tree: str | None
    tracks: list[TrackJson]
    changes: list[ChangeJson]
    rows: list[RowJson]
    files: list[str]
    kept: list[KeptJson]
    mentions: list[MentionJson]
    notes: list[NoteJson]
    findings: list[FindingJson]
    inherited: list[FindingJson]
    not_run: list[NotRunJson]
    migration: MigrationJson | None
    patch: str
    next: list[NextJson]
    index: IndexJson | None


class StatusJson(TypedDict):
    """What `fluxbump status --output json` prints; no commit is null for the work tree."""

    schema: Literal["fluxbump/status/v1"]
    commit: str | None
    agree: bool | None
    release: str | None
    chart_version: str | None
    chart_release: str | None
    newest: TargetJson | None
    pins: list[PinJson]
    notes: list[NoteJson]
    unreadable: list[NoteJson]
    findings: list[FindingJson]
    index: IndexJson | None
    next: list[NextJson]


class ReleaseJson(ChartReleaseJson):
    """A Flux release, the chart that would be taken for it, and all that ship it."""

    all_chart_versions: list[str]
    here: list[str]


class ReleasesJson(TypedDict):
    """What `fluxbump releases --output json` prints."""

    schema: Literal["fluxbump/releases/v1"]
    source: str
    releases: list[ReleaseJson]
    problems: list[str]
    index: IndexJson
    next: list[NextJson]


REPORTS = {"to": ToJson, "status": StatusJson, "releases": ReleasesJson}


def bump(prepared: Prepared, result: Delivered | None, steps: Sequence[Step]) -> str:
    """Say a bump, and what to type next."""
    return dump(
        {
            **_bump(prepared, steps),
            "base": prepared.base.commit.sha,
            "outcome": result.outcome if result else _outcome(prepared),
            "branch": prepared.branch,
            "commit": result.commit if result else None,
            "replaced": result.kept if result else None,
            "tree": prepared.built.tree,
        }
    )


def bump_in_place(
    prepared: Prepared[EditableWorktree], result: Written | None, steps: Sequence[Step]
) -> str:
    """Say a bump of the work tree, which has no branch and no tree."""
    head = prepared.base.commit
    return dump(
        {
            **_bump(prepared, steps),
            "base": head.sha if head else None,
            "outcome": "written" if result else _outcome(prepared),
            "in_place": True,
        }
    )


def _bump(prepared: Prepared[Snapshot], steps: Sequence[Step]) -> ToJson:
    plan = prepared.plan
    old = (one for one in prepared.verdict.findings if one in prepared.inherited)
    return {
        "schema": "fluxbump/to/v1",
        "base": None,
        "target": target(plan.chart_release),
        "outcome": "not-written",
        "in_place": False,
        "branch": None,
        "commit": None,
        "replaced": None,
        "tree": None,
        "tracks": _tracks(plan.current, plan.targets),
        "changes": [
            {
                **_place(c.pin.location),
                "kind": c.pin.kind,
                "track": str(c.pin.track),
                "subject": c.pin.subject,
                "old": c.pin.value,
                "new": c.new,
            }
            for c in plan.changes
        ],
        "rows": [{**_place(r.location), "old": r.old, "new": r.new} for r in prepared.rows],
        "files": sorted(prepared.changes.files),
        "kept": [{**pin(kept), "reason": reason} for kept, reason in plan.kept],
        "mentions": [_mention(mention) for mention in prepared.mentions],
        "notes": [note(found) for found in prepared.notes],
        "findings": findings(prepared.verdict.findings),
        "inherited": findings(old),
        "not_run": [
            {"code": skipped_rule.code, "reason": skipped_rule.reason}
            for skipped_rule in prepared.verdict.not_run
        ],
        "migration": _migration(prepared),
        "patch": prepared.built.patch.decode("utf-8", "replace"),
        "next": next_json(steps),
        "index": index_json(prepared.index) if prepared.index.releases else None,
    }


def _migration(prepared: Prepared[Snapshot]) -> MigrationJson | None:
    migration = prepared.migration
    if migration is None:
        return None
    patch = prepared.steps[0].patch if migration.moves else b""
    return {
        "old": migration.old,
        "new": migration.new,
        "moves": [
            {
                **_place(move.resource.api_location),
                "kind": move.resource.kind,
                "name": move.resource.name,
                "namespace": move.resource.namespace,
                "old": move.resource.api_version,
                "new": move.api_version,
                "why": move.why.value,
            }
            for move in migration.moves
        ],
        "notes": [note(found) for found in migration.notes],
        "patch": patch.decode("utf-8", "replace"),
    }


def _outcome(prepared: Prepared[Snapshot]) -> Literal["nothing-to-do", "not-written"]:
    return "nothing-to-do" if prepared.empty else "not-written"


def _place(location: Location) -> PlaceJson:
    return {"path": location.path, "line": location.line, "column": location.column}


def pin(one: Pin) -> PinJson:
    """Say a pin."""
    return {
        **_place(one.location),
        "kind": one.kind,
        "role": one.role.value,
        "track": str(one.track),
        "subject": one.subject,
        "form": one.form.value,
        "value": one.value,
    }


def note(one: Note) -> NoteJson:
    """Say a note."""
    return {**_place(one.location), "message": one.message}


def findings(found: Iterable[Finding]) -> list[FindingJson]:
    """Say findings."""
    return [
        {
            **_place(finding.location),
            "code": finding.code,
            "severity": finding.severity.value,
            "message": finding.message,
            "related": [{**_place(r.location), "message": r.message} for r in finding.related],
        }
        for finding in found
    ]


def _mention(one: Mention) -> MentionJson:
    return {
        **_place(one.location),
        "track": str(one.track),
        "value": one.value,
        "text": one.text,
    }


def _tracks(current: Mapping[Track, str], targets: Mapping[Track, str]) -> list[TrackJson]:
    return [
        {"name": str(track), "old": current.get(track), "new": new}
        for track, new in targets.items()
    ]


def status(view: Survey, commit: str | None, steps: Iterable[Step]) -> str:
    """Say where the repository is, and what to do."""
    report: StatusJson = {
        "schema": "fluxbump/status/v1",
        "commit": commit,
        "agree": view.agree,
        "release": view.current.get(FLUX),
        "chart_version": view.current.get(FLUX2),
        "chart_release": view.chart_release,
        "newest": target(view.newest) if view.newest else None,
        "pins": [pin(found) for found in view.inventory.pins],
        "notes": [note(found) for found in view.inventory.notes],
        "unreadable": [note(Note(one.location, one.message)) for one in view.inventory.unreadable],
        "findings": findings(view.findings),
        "index": index_json(view.index) if view.index else None,
        "next": next_json(steps),
    }
    return dump(report)


def releases(rows: Iterable[Listed], index: ChartIndex, steps: Iterable[Step]) -> str:
    """Say which releases there are."""
    report: ReleasesJson = {
        "schema": "fluxbump/releases/v1",
        "source": index.source,
        "releases": [
            {
                **chart_release(row.best),
                "all_chart_versions": list(row.charts),
                "here": list(row.here),
            }
            for row in rows
        ],
        "problems": list(index.problems),
        "index": index_json(index),
        "next": next_json(steps),
    }
    return dump(report)
