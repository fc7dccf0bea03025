"""Match the image tags of Flux's controllers with the releases that ship them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fluxbump.errors import IndexSourceError, PinError
from fluxbump.flux.stored_versions import key as release_key
from fluxbump.flux.tables import images
from fluxbump.model import Form, Inventory, Pin, Role, Track, TrackKind

_MOVE = (Form.EXACT, Form.OPAQUE)

Asked = Callable[[str], Mapping[str, str]]
"""A function for releases that the tables do not know: it maps controllers to their image tags.

It raises IndexSourceError.
"""


def pinned(inventory: Inventory) -> list[Pin]:
    """Return the pins of controllers' image tags."""
    return [pin for pin in inventory.pins if pin.track.kind is TrackKind.IMAGE]


def installing(inventory: Inventory) -> list[Pin]:
    """Return the exact pins of controllers' image tags that a cluster runs."""
    return [pin for pin in pinned(inventory) if (pin.form, pin.role) == (Form.EXACT, Role.INSTALLS)]


def installed(inventory: Inventory) -> tuple[Pin, tuple[str, ...]] | None:
    """Return the first pin of an installed tag, and the releases that ship all installed tags.

    The releases come oldest first. None means that nothing is installed by tag, or that no release
    ships all of the tags. The tags alone say which release a list or a mirror installs. Patch
    releases can ship the same tag of a controller, and some the same tags of all; no two minor
    releases do.
    """
    pins = installing(inventory)
    having = [{*releases_with(pin.track.name, pin.value, {})} for pin in pins]
    common = set[str].intersection(*having) if having else set[str]()
    return (pins[0], tuple(sorted(common, key=release_key))) if common else None


def following(inventory: Inventory, release: str, ask: Asked | None) -> dict[Track, str]:
    """Return the tags that the inventory's images have at a release.

    Args:
        inventory: the pins of the repository.
        release: the release to go to, without a leading `v`.
        ask: returns the tags of a release that the tables do not know; None to ask nothing.

    Returns:
        The tags without a leading `v`.

    Raises:
        PinError: an image has to move, and it is not known to which tag.
    """
    pins = pinned(inventory)
    if not pins:
        return {}
    tags = _tags(release, ask)
    targets = {}
    for pin in pins:
        tag = tags.get(pin.track.name)
        if tag is not None:
            targets[pin.track] = tag.removeprefix("v")
        elif pin.form in _MOVE and pin.role is not Role.REFERENCE:
            why = (
                f"Flux {release} ships no {pin.track.name}"
                if tags
                else f"fluxbump does not know which tag Flux {release} ships"
            )
            raise PinError(
                f"no new tag for {pin.subject}",
                where=pin.location,
                facts=[why],
                hint="update fluxbump, or exclude the file in fluxbump.yaml and set it by hand",
            )
    return targets


def _tags(release: str, ask: Asked | None) -> Mapping[str, str]:
    known = images.controllers(release)
    if known or ask is None:
        return known
    try:
        return ask(release)
    except IndexSourceError:
        return {}


def releases_with(name: str, tag: str, more: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return the releases that ship a tag of a controller, oldest first.

    Args:
        name: the controller's name.
        tag: the image tag, without a leading `v`.
        more: the tags of releases that the tables do not know, by release and controller.
    """
    table = {**images.all_controllers(), **more}
    return tuple(
        sorted(
            (release_text for release_text in table if table[release_text].get(name) == f"v{tag}"),
            key=release_key,
        )
    )


def another(name: str, tag: str) -> str:
    """Return another tag of a controller that some release ships, without a leading `v`."""
    tags = (candidate.get(name, "") for candidate in images.all_controllers().values())
    return next(
        candidate.removeprefix("v") for candidate in tags if candidate and candidate != f"v{tag}"
    )
