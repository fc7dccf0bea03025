"""What a bump changes: the plan, its edits, and the files after them. Values."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from semver import Version

from fluxbump.flux.releases import Goal
from fluxbump.model import FLUX, Form, Location, Note, Pin, Related, Track, TrackKind
from fluxbump.text.splice import Edit


class Change(Struct, frozen=True):
    """A pin and the version that it will hold."""

    pin: Pin
    new: str


class Replacement(Struct, frozen=True):
    """A file that another program writes, made again as that program writes it.

    No part of it was edited: the old text was made again from the release that it names, byte for
    byte, before the new one was made in the same way.

    Attributes:
        path: of the file.
        text: the new one.
    """

    path: str
    text: str


class Row(Struct, frozen=True):
    """A mapping-table row that carries the marker of the current release, and its successor."""

    location: Location
    old: str
    new: str
    edits: tuple[Edit, ...]


class Plan(Struct, frozen=True):
    """What each track becomes, and the changes that follow.

    Attributes:
        chart_release: the chart release that ships the target, or the target alone.
        current: what each track holds now; absent when its pins do not say.
        targets: what each track becomes.
        changes: pins whose value moves.
        kept: pins that stay, with the reason (`range ^1.1 admits 1.1.3`).
        notes: what a person should know.
        unmoved: what does not hold the target and is not recognised as a pin.
        replacements: files that become others as a whole; what their pins hold follows.
    """

    chart_release: Goal
    current: Mapping[Track, str]
    targets: Mapping[Track, str]
    changes: tuple[Change, ...]
    kept: tuple[tuple[Pin, str], ...] = ()
    notes: tuple[Note, ...] = ()
    unmoved: tuple[Related, ...] = ()
    replacements: tuple[Replacement, ...] = ()

    @property
    def left(self) -> frozenset[Location]:
        """The places of exact versions that stay behind because the user said so."""
        return frozenset(pin.location for pin, _ in self.kept if pin.form is Form.EXACT)

    @property
    def operator_alone(self) -> bool:
        """Whether flux-operator moves, and no place of a Flux release."""
        if FLUX not in self.targets:
            return True
        moved = {change.pin.track.kind for change in self.changes}
        return TrackKind.OPERATOR in moved <= {TrackKind.OPERATOR, TrackKind.CHART}

    @property
    def release(self) -> Version:
        """The Flux release that the plan leads to."""
        return self.chart_release.app_version
