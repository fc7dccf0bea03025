"""The values that describe what a bump changes: a plan and the changes that it is made of."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from semver import Version

from fluxbump.flux.releases import Goal
from fluxbump.model import FLUX, Form, Location, Note, Pin, Related, Track, TrackKind
from fluxbump.text.splice import Edit


class Change(Struct, frozen=True):
    """A pin and the value that the bump writes there.

    Attributes:
        new: the version, digest or commit that the pin holds after the bump.
    """

    pin: Pin
    new: str


class Replacement(Struct, frozen=True):
    """A file that another program generates, and that the bump generates again as a whole.

    fluxbump edits no part of it. It first generates the old text from the release that the file
    names, and that must agree byte for byte. It then generates the new text in the same way.

    Attributes:
        path: the path of the file in the repository.
        text: the whole text of the file after the bump.
    """

    path: str
    text: str


class Row(Struct, frozen=True):
    """A row of a mapping table with the marker of the current release, and the row that follows it.

    Attributes:
        location: the place of the old row.
        old: the text of the row that has the marker before the bump.
        new: the text of the row that has the marker after the bump.
        edits: the edits that turn the old table into the new one.
    """

    location: Location
    old: str
    new: str
    edits: tuple[Edit, ...]


class Plan(Struct, frozen=True):
    """The version that each track gets in a bump, and the changes of pins that follow.

    Attributes:
        chart_release: the chart release that ships the target, or the Flux release alone if no
            chart has to ship it.
        current: the version that each track holds before the bump. A track is absent if its
            pins do not say.
        targets: the version that each track holds after the bump.
        changes: the pins that get another value.
        kept: the pins that stay, each with the reason (`the range ^1.1 admits 1.1.3`).
        notes: the facts that the reader of the bump should know.
        unmoved: the dependencies that do not hold the target and are not recognised as pins.
        replacements: the files that the bump generates again as a whole, with the pins in them.
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
        """Whether the bump moves flux-operator, and no pin of a Flux release."""
        if FLUX not in self.targets:
            return True
        moved = {change.pin.track.kind for change in self.changes}
        return TrackKind.OPERATOR in moved <= {TrackKind.OPERATOR, TrackKind.CHART}

    @property
    def release(self) -> Version:
        """The Flux release that the plan leads to."""
        return self.chart_release.app_version
