"""Predicts whether a bump would be refused, from the repository alone. Pure.

Digests of downloads are left out, because their new values come from the files of a release.
"""

from __future__ import annotations

from msgspec.structs import replace

from fluxbump.bump.planning.plan import Options, plan
from fluxbump.errors import PinError, RefusedError
from fluxbump.flux import controller_images
from fluxbump.flux.releases import Goal
from fluxbump.flux.tables import images
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Inventory, TrackKind


def refusal(
    inventory: Inventory, goal: Goal, index: ChartIndex, options: Options
) -> PinError | RefusedError | None:
    """Return the error that stops the plan of a bump, or None if a plan can be made.

    Args:
        inventory: the pins and charts of the repository.
        goal: the release that the bump leads to.
        index: the chart index.
        options: the changes that the plan is allowed to make.
    """
    pins = tuple(pin for pin in inventory.pins if pin.track.kind is not TrackKind.DIGEST)
    without, release = replace(inventory, pins=pins), str(goal.app_version)
    try:
        known = images.controllers(release)
        following = controller_images.following(without, release, None) if known else {}
        plan(without, goal, index, options, following=following)
    except (PinError, RefusedError) as error:
        return error
    return None
