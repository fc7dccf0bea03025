"""Writes the route between two releases: a table, JSON, or a Mermaid flowchart. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace
from typing_extensions import TypedDict

from fluxbump.check.pin_history import Past
from fluxbump.flux import stored_versions
from fluxbump.flux.removed_versions import Removed
from fluxbump.flux.stored_versions import Conflict
from fluxbump.flux.upgrade_path import Hop, Route
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Step
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.next_steps_json import NextJson, next_json
from fluxbump.reports.release_json import IndexJson, index_json
from fluxbump.reports.table import Paint, table

# --- for people -------------------------------------------------------------------------------


Used = Mapping[str, Mapping[tuple[str, str], int]]
"""Release of a hop to how many manifests use a kind at a version that the hop removes."""


def text(
    route: Route,
    newest_safe: str | None,
    paint: Paint,
    history: str | None = None,
    used: Used | None = None,
) -> str:
    """Say the way, and what to do before each hop.

    Args:
        route: the route.
        newest_safe: the newest release that passes in one hop with the manifests as they are. None
            if it is not known.
        paint: the colors, and the width of the terminal.
        history: the facts from the history of the pins, a sentence.
        used: the removed API versions that manifests use. None lists all removed versions.
    """
    lines = [_headline(route, paint)]
    if route.hops:
        rows = [row for number, hop in enumerate(route.hops, 1) for row in _rows(number, hop, used)]
        lines += ["", *table(("HOP", "BUMP", "FIRST", "WHAT"), rows, paint)]
        lines += _unused(route, used)
    if history and route.hops:
        lines += ["", f"{history}."]
    if newest_safe and not route.problem and route.releases[-1:] != (newest_safe,):
        lines += ["", f"Newest release that passes now: {newest_safe}"]
    return "\n".join(lines)


def _headline(route: Route, paint: Paint) -> str:
    if route.problem:
        way = f"No safe route from Flux {route.start} to {route.goal}"
        return paint(way, "bold", "red") + f": {route.problem}"
    if not route.hops:
        return f"Already at Flux {route.goal}."
    count = f"{len(route.hops)} hop{'s' if len(route.hops) > 1 else ''}"
    return paint(f"Flux {' -> '.join(route.releases)}", "bold") + f" ({count})"


def steps_before(hop: Hop, used: Used | None = None) -> list[tuple[str, str]]:
    """Return what to do before a hop: each step with what it is about.

    Args:
        hop: of a route.
        used: what the manifests of this repository use; None for everything that is removed.
    """
    steps = [("Kubernetes", f"{hop.kubernetes} or newer")] if hop.kubernetes else []
    if used is None:
        steps += [("move manifests", _move(removed_version)) for removed_version in hop.removed]
    else:
        steps += [("move manifests", what) for what in _moves(hop, used.get(hop.new, {}))]
    steps += [("flux migrate", _migrate(stored)) for stored in hop.migrate]
    return [*steps, *(("flux migrate", _rewrite(stored)) for stored in hop.rewrite)]


def _rows(number: int, hop: Hop, used: Used | None) -> Iterator[tuple[str, str, str, str]]:
    """One row for each thing to do; the hop itself stands in the first."""
    names, last = (str(number), f"{hop.old} -> {hop.new}"), ""
    for step, what in steps_before(hop, used) or [("nothing", "")]:
        yield (*names, step if step != last else "", what)
        names, last = ("", ""), step


def _moves(hop: Hop, counts: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """Say which manifests of this repository move, and how many there are."""
    for removed in hop.removed:
        here = tuple(version for version in removed.versions if counts.get((removed.kind, version)))
        if here:
            count = sum(counts[removed.kind, version] for version in here)
            yield f"{count} {_move(replace(removed, versions=here))}"


def _unused(route: Route, used: Used | None) -> list[str]:
    """Say how many removed API versions no manifest of this repository uses."""
    if used is None:
        return []
    gone = sum(len(removed.versions) for hop in route.hops for removed in hop.removed)
    rest = gone - sum(len(counts) for counts in used.values())
    if not rest:
        return []
    versions = "1 API version that is" if rest == 1 else f"{rest} API versions that are"
    which = " other" if rest < gone else ""
    return ["", f"No manifest here uses the{which} {versions} removed on the route."]


def _move(removed: Removed) -> str:
    gone = f"{removed.kind} {' and '.join(removed.versions)}"
    return (
        f"{gone} to {removed.replaced_by}"
        if removed.replaced_by
        else f"{gone}: the kind is removed"
    )


def _migrate(conflict: Conflict) -> str:
    sure = "certain" if conflict.certain else "possible"
    return f"{conflict.kind} {' and '.join(conflict.stored)} ({sure})"


def _rewrite(removed: Removed) -> str:
    return f"{removed.kind} {' and '.join(removed.versions)} in managedFields (again after the hop)"


# --- for programs -----------------------------------------------------------------------------


class MigrateJson(TypedDict):
    """A CRD whose stored objects must be migrated before a hop."""

    crd: str
    kind: str
    stored: list[str]
    certain: bool


class RemovedJson(TypedDict):
    """API versions that manifests must leave before a hop, and the one that they move to."""

    kind: str
    group: str
    versions: list[str]
    replaced_by: str | None


class HopJson(TypedDict):
    """One bump on the way.

    `kubernetes` is the oldest that must run before it; `rewrite` what objects may have been written
    at, which `flux migrate` must rewrite before the hop and after it.
    """

    old: str
    new: str
    migrate: list[MigrateJson]
    removed: list[RemovedJson]
    rewrite: list[RemovedJson]
    kubernetes: str | None


class HistoryJson(TypedDict):
    """Which releases the pins have held, by git; or why that does not help."""

    releases: list[str]
    since: str | None
    problem: str | None


class PathJson(TypedDict):
    """What `fluxbump path --output json` prints."""

    schema: Literal["fluxbump/path/v1"]
    start: str
    goal: str
    problem: str | None
    hops: list[HopJson]
    newest_safe: str | None
    history: HistoryJson | None
    index: IndexJson | None
    next: list[NextJson]


def document(
    route: Route,
    newest_safe: str | None,
    past: Past | None = None,
    index: ChartIndex | None = None,
    steps: Sequence[Step] = (),
) -> PathJson:
    """Return the way for programs."""
    return {
        "schema": "fluxbump/path/v1",
        "start": route.start,
        "goal": route.goal,
        "problem": route.problem,
        "hops": [_hop(hop) for hop in route.hops],
        "newest_safe": newest_safe,
        "history": _history(past, route.start) if past else None,
        "index": index_json(index) if index else None,
        "next": next_json(steps),
    }


def json_text(
    route: Route,
    newest_safe: str | None,
    past: Past | None = None,
    index: ChartIndex | None = None,
    steps: Sequence[Step] = (),
) -> str:
    """Return the way as JSON."""
    return dump(document(route, newest_safe, past, index, steps))


def _history(past: Past, start: str) -> HistoryJson:
    return {
        "releases": sorted(past.releases, key=stored_versions.key),
        "since": past.since.isoformat() if past.since else None,
        "problem": past.silent(start),
    }


def _hop(hop: Hop) -> HopJson:
    return {
        "old": hop.old,
        "new": hop.new,
        "migrate": [
            {
                "crd": stored.crd,
                "kind": stored.kind,
                "stored": list(stored.stored),
                "certain": stored.certain,
            }
            for stored in hop.migrate
        ],
        "removed": [_removed(removed_version) for removed_version in hop.removed],
        "rewrite": [_removed(stored) for stored in hop.rewrite],
        "kubernetes": hop.kubernetes,
    }


def _removed(removed: Removed) -> RemovedJson:
    return {
        "kind": removed.kind,
        "group": removed.group,
        "versions": list(removed.versions),
        "replaced_by": removed.replaced_by,
    }


# --- as a diagram -----------------------------------------------------------------------------


def mermaid(route: Route) -> str:
    """Draw the way as a Mermaid flowchart; what to do before a hop is a box on it."""
    releases = route.releases if not route.problem else (route.start, route.goal)
    lines = [f'r{number}["Flux {_label(name)}"]' for number, name in enumerate(releases)]
    if route.problem:
        lines.append("r0 -. no safe route .-> r1")
    for number, hop in enumerate(route.hops, 1):
        steps = _steps(hop)
        if steps:
            lines.append(f's{number}["{"<br/>".join(steps)}"]')
            lines.append(f"r{number - 1} --> s{number} --> r{number}")
        else:
            lines.append(f"r{number - 1} --> r{number}")
    return "\n  ".join(["flowchart LR", *lines]) + "\n"


def _steps(hop: Hop) -> list[str]:
    steps = [f"Kubernetes {_label(hop.kubernetes)} or newer"] if hop.kubernetes else []
    steps += [f"move: {_label(_move(removed_version))}" for removed_version in hop.removed]
    steps += [f"flux migrate: {_label(_migrate(stored))}" for stored in hop.migrate]
    return [*steps, *(f"flux migrate: {_label(_rewrite(stored))}" for stored in hop.rewrite)]


def _label(name: str) -> str:
    """Return a text as a quoted Mermaid label takes it."""
    return name.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;")
