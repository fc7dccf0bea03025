"""The JSON documents of `fluxbump status` and `fluxbump releases`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import FLUX, FLUX2, Note, Step
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.next_steps_json import NextJson, next_json
from fluxbump.reports.release_json import (
    ChartReleaseJson,
    IndexJson,
    TargetJson,
    chart_release,
    index_json,
    target,
)
from fluxbump.reports.result_json.parts import FindingJson, NoteJson, PinJson, findings, note, pin

if TYPE_CHECKING:
    from fluxbump.check.status import Listed, Survey


class StatusJson(TypedDict):
    """What `fluxbump status --output json` prints; no commit is null for the working tree."""

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


def status(view: Survey, commit: str | None, steps: Iterable[Step]) -> str:
    """Return the JSON document of `status`; `commit` is None for the working tree."""
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
        "unreadable": [
            note(Note(failed.location, failed.message)) for failed in view.inventory.unreadable
        ],
        "findings": findings(view.findings),
        "index": index_json(view.index) if view.index else None,
        "next": next_json(steps),
    }
    return dump(report)


def releases(rows: Iterable[Listed], index: ChartIndex, steps: Iterable[Step]) -> str:
    """Return the JSON document of `releases`."""
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
