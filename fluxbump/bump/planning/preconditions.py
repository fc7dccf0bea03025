"""Checks before pins move: files can be read, and pins agree and can be rewritten. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

from fluxbump.bump.changes import Change
from fluxbump.discover import chart_installs, environments, unparsed
from fluxbump.discover.digests import cli_archives
from fluxbump.discover.digests.spellings import MANIFEST
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import current
from fluxbump.errors import Again, HalfBumpError, PinError
from fluxbump.flux.releases import best_chart
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import FLUX, FLUX2, Form, Inventory, Pin, Related, Track, TrackKind
from fluxbump.text import versions

_CONFIGURE = "or add the place that holds the version under `pins` in fluxbump.yaml"


def require_readable(inventory: Inventory) -> None:
    """Refuse an inventory with a candidate that cannot be read, because it may hold a pin.

    Raises:
        HalfBumpError: there is such a candidate.
    """
    if inventory.unreadable:
        first = inventory.unreadable[0]
        raise HalfBumpError(
            unparsed.problem(first),
            where=first.location,
            hint=unparsed.advice(first),
            places=(
                Related(unreadable.location, unreadable.message)
                for unreadable in inventory.unreadable
            ),
        )


def require_agreement(inventory: Inventory) -> None:
    """Refuse install URLs, wrappers or installs of the chart that hold different versions.

    Raises:
        PinError: two of them hold different versions, and are not in different environments.
    """
    for kinds, track, what in (
        (traits.INSTALL_URL, FLUX, "install URLs"),
        (traits.WRAPPED, FLUX2, "wrapper charts"),
    ):
        pair = _disagreeing(inventory, kinds, track)
        if pair is not None:
            raise PinError(
                f"{what} disagree",
                where=pair[1].location,
                facts=_held_by(pair),
                next=[Again(("--align",), "sets both")],
            )
    disagreeing = chart_installs.disagreeing(inventory)
    if disagreeing:
        raise PinError(
            "the places that install the chart flux2 disagree",
            where=disagreeing[0].location,
            facts=_held_by(disagreeing),
            next=[Again(("--align",), "sets all of them")],
        )


def _disagreeing(
    inventory: Inventory, kinds: Collection[str], track: Track
) -> tuple[Pin, Pin] | None:
    """Return the first two pins of these kinds that disagree within an environment, else None."""
    pins = [
        pin
        for pin in inventory.pins
        if pin.kind in kinds and (pin.track, pin.form) == (track, Form.EXACT)
    ]
    if len({pin.value for pin in pins}) == 1:
        return None
    pairs = combinations(pins, 2)
    return next(
        (
            (first, other)
            for first, other in pairs
            if first.value != other.value and not environments.apart(first, other)
        ),
        None,
    )


def _held_by(pins: Iterable[Pin]) -> list[str]:
    return [f"{pin.location} holds {pin.value}" for pin in pins]


def require_rewritable(inventory: Inventory, index: ChartIndex) -> None:
    """Refuse the pins on which others depend if they hold no exact version.

    Raises:
        PinError: an install URL holds an unknown variable, or a wrapper holds no exact version.
    """
    known = FLUX in current(inventory)
    for pin in inventory.pins:
        if pin.kind in traits.INSTALL_URL and pin.form is Form.VARIABLE and not known:
            raise PinError(
                f"the install URL takes its release from the variable {pin.value}",
                where=pin.location,
                facts=["no file of the repository gives the release"],
                hint=f"write the release into the URL, {_CONFIGURE}",
            )
        if chart_installs.is_dependency(pin) and pin.form is not Form.EXACT:
            raise PinError(
                f"{pin.subject} is not an exact version: {pin.value or 'no version'}",
                where=pin.location,
                hint=f"pin it: version: {_exact_version(inventory, index)}",
            )


def _exact_version(inventory: Inventory, index: ChartIndex) -> str:
    """Return the chart version to write for the installed release, quoted for YAML."""
    release = versions.parse(current(inventory).get(FLUX, ""))
    chart = best_chart(release, index) if release is not None else None
    return f'"{chart.version}"' if chart is not None else '"X.Y.Z"'


def require_digests(
    pins: Sequence[Pin], changes: Iterable[Change], targets: Mapping[Track, str]
) -> None:
    """Refuse a digest that stays while the release of its file moves: the download would fail.

    Raises:
        HalfBumpError: a digest has no new value.
    """
    if not any(change.pin.track == FLUX for change in changes):
        return
    archives = cli_archives.digests(pins)
    for pin in pins:
        of_archive = pin in archives
        if not of_archive and not pin.track.name.startswith(MANIFEST):
            continue  # `chart_archives` handles the digests of chart archives
        if pin.track.kind is TrackKind.DIGEST and pin.track not in targets:
            files = (
                "checksums of both releases are" if of_archive else f"file of {targets[FLUX]} is"
            )
            name = "flux_X.Y.Z_checksums.txt" if of_archive else "install.yaml"
            message = f"the {files} not available, and it must move with the release"
            raise HalfBumpError(
                f"no new value for the {pin.subject}",
                where=pin.location,
                facts=[message],
                hint=f"use --releases with a URL or a directory that has vX.Y.Z/{name}",
                places=[Related(pin.location, message)],
            )
