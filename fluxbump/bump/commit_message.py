"""What the commit of a bump says. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fluxbump.bump.changes import Plan
from fluxbump.config.settings import Settings, fill
from fluxbump.git.overlay import ChangeSet
from fluxbump.model import FLUX, FLUX2, TrackKind
from fluxbump.text.printable import printable

_LINES = (TrackKind.RELEASE, TrackKind.COMMUNITY, TrackKind.OPERATOR, TrackKind.CHART)
"""The version lines that the message lists; images and digests follow from them."""


def values(planned: Plan) -> dict[str, str]:
    """Return what `branch` and `commit` of the configuration may name."""
    return {
        "release": planned.targets[FLUX],
        "old_release": planned.current.get(FLUX, "unknown"),
        "chart_version": planned.targets.get(FLUX2, "none"),
        "old_chart_version": planned.current.get(FLUX2, "unknown"),
    }


def message(
    planned: Plan, changes: ChangeSet, settings: Settings, values: Mapping[str, str]
) -> str:
    """Return the message of the commit that moves the pins."""
    moved = [
        f"{track} {planned.current.get(track, '?')} -> {new}"
        for track, new in planned.targets.items()
        if track.kind in _LINES and planned.current.get(track) != new
    ]
    chart = f" (chart flux2 {planned.targets[FLUX2]})" if FLUX2 in planned.targets else ""
    subject = f"Move Flux to {values['release']}{chart}"
    head = fill(settings.commit, dict(values)) if settings.commit else subject
    # A chart's name is as somebody wrote it: it must begin no line of its own, such as a trailer.
    lines = [*head.split("\n"), "", *(f"- {printable(line)}" for line in moved)]
    lines += ["", f"Pins: {len(planned.changes)} in {len(changes.files)} files."]
    return "".join(f"{printable(line)}\n" for line in lines)
