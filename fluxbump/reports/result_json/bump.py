"""The JSON document of `fluxbump to`; the `TypedDict`s below are its schema. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from fluxbump.model import Mention, Snapshot, Step, Track
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.next_steps_json import NextJson, next_json
from fluxbump.reports.release_json import IndexJson, TargetJson, index_json, target
from fluxbump.reports.result_json.parts import (
    FindingJson,
    NoteJson,
    PinJson,
    PlaceJson,
    findings,
    note,
    pin,
    place,
)

if TYPE_CHECKING:
    from fluxbump.bump.deliver import Delivered
    from fluxbump.bump.in_place import Written
    from fluxbump.bump.prepared_bump import Prepared
    from fluxbump.git.worktree import EditableWorktree


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


def bump(prepared: Prepared, result: Delivered | None, steps: Sequence[Step]) -> str:
    """Return the JSON document of a bump to a branch.

    `result` is None if no branch was written, as in a dry run.
    """
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
    """Return the JSON document of a bump in place, in which branch and tree are null.

    `result` is None if no file was written, as in a dry run.
    """
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
    old = (found for found in prepared.verdict.findings if found in prepared.inherited)
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
                **place(c.pin.location),
                "kind": c.pin.kind,
                "track": str(c.pin.track),
                "subject": c.pin.subject,
                "old": c.pin.value,
                "new": c.new,
            }
            for c in plan.changes
        ],
        "rows": [{**place(r.location), "old": r.old, "new": r.new} for r in prepared.rows],
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
                **place(move.resource.api_location),
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


def _mention(mention: Mention) -> MentionJson:
    return {
        **place(mention.location),
        "track": str(mention.track),
        "value": mention.value,
        "text": mention.text,
    }


def _tracks(current: Mapping[Track, str], targets: Mapping[Track, str]) -> list[TrackJson]:
    return [
        {"name": str(track), "old": current.get(track), "new": new}
        for track, new in targets.items()
    ]
