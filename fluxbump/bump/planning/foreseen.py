"""What a bump would be refused for, as far as the repository alone tells. Pure.

Digests of downloads are left out: which they become, only the files of a release tell.
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
    """Return the error of a bump that no plan can be made for; None if one can.

    Args:
        inventory: of what is there.
        goal: what the bump leads to.
        index: all chart releases.
        options: what the user allows.
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
