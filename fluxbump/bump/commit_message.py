"""Writes the commit message of a bump, and names its branch. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fluxbump.bump.changes import Plan
from fluxbump.config.settings import DEFAULT_BRANCH, Settings, fill
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.model import FLUX, FLUX2, OPERATOR, TrackKind
from fluxbump.text.printable import printable

_BESIDE_FLUX = (TrackKind.OPERATOR, TrackKind.CHART)
_LINES = (TrackKind.RELEASE, TrackKind.COMMUNITY, *_BESIDE_FLUX)
"""The version lines that the message lists; images and digests follow from them."""
_OPERATOR_BRANCH = "fluxbump/flux-operator-{}"


def values(planned: Plan) -> dict[str, str]:
    """Return the placeholders of `branch` and `commit` in the configuration, with their values."""
    return {
        "release": str(planned.release),
        "old_release": planned.current.get(FLUX, "unknown"),
        "chart_version": planned.targets.get(FLUX2, "none"),
        "old_chart_version": planned.current.get(FLUX2, "unknown"),
    }


def message(
    planned: Plan, changes: ChangeSet, settings: Settings, values: Mapping[str, str]
) -> str:
    """Return the message of the commit that moves the pins.

    Args:
        planned: the tracks and the pins that move.
        changes: the files that the commit changes, for their number.
        settings: can have a template for the first lines.
        values: the placeholders of that template, from `values`.
    """
    listed = _BESIDE_FLUX if planned.operator_alone else _LINES
    moved = [
        f"{track} {planned.current.get(track, '?')} -> {new}"
        for track, new in planned.targets.items()
        if track.kind in listed and planned.current.get(track) != new
    ]
    head = fill(settings.commit, dict(values)) if settings.commit else _subject(planned)
    # A chart's name is foreign text: it must begin no line of its own, such as a trailer.
    lines = [*head.split("\n"), "", *(f"- {printable(line)}" for line in moved)]
    lines += ["", f"Pins: {len(planned.changes)} in {len(changes.files)} files."]
    return "".join(f"{printable(line)}\n" for line in lines)


def branch(planned: Plan, settings: Settings, values: Mapping[str, str]) -> str:
    """Return the name of the branch of a bump.

    The default name holds a Flux release, so a move of flux-operator alone gets another name.
    """
    if planned.operator_alone and settings.branch == DEFAULT_BRANCH:
        return _OPERATOR_BRANCH.format(planned.targets[OPERATOR])
    return fill(settings.branch, dict(values))


def _subject(planned: Plan) -> str:
    if planned.operator_alone:
        return f"Move flux-operator to {planned.targets[OPERATOR]}"
    chart = f" (chart flux2 {planned.targets[FLUX2]})" if FLUX2 in planned.targets else ""
    return f"Move Flux to {planned.targets[FLUX]}{chart}"
