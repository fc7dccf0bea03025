"""Defines the protocol of a kind of pin, the context that it gets, and how it makes its pins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol, runtime_checkable

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.discover.pins import name_search
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.variables.references import Reference
from fluxbump.discover.variables.resolve import Followed
from fluxbump.discover.variables.setting_files import Places
from fluxbump.helm.chart_repository import canonical
from fluxbump.model import (
    FLUX,
    FLUX2,
    OPERATOR,
    Chart,
    Form,
    Links,
    Location,
    Note,
    Pin,
    Role,
    Track,
)
from fluxbump.text.live_code import TextFile
from fluxbump.text.version_forms import form_of
from fluxbump.text.yaml import Scalar

BY_HAND = "Change it by hand"
CONFIGURE = "If it is a pin, add it under `pins` in fluxbump.yaml"
MIRROR = "If that is a mirror, list it under `repositories` in fluxbump.yaml"
"""Texts of advice that several kinds give in their notes."""


def from_elsewhere(place: Location, who: str, source: str, version: str | None) -> Note:
    """Make the note that flux2 is installed from a repository not known as the community's.

    That repository may be a mirror. A bump would then leave this installation behind.

    Args:
        place: the place that installs the chart.
        who: the subject and the verb of the message.
        source: the repository of the chart.
        version: the version of the chart; None if the place names none.
    """
    message = f"{who} flux2 from {source}, not from the community"
    return Note(place, message, held=(FLUX2, version or ""), advice=MIRROR)


SETTINGS_FILE = "fluxbump.yaml"
"""The file with the configuration of a team. A problem with a configured pin points to it."""

COMMUNITY_REPOSITORIES = (
    "https://fluxcd-community.github.io/helm-charts",
    "oci://ghcr.io/fluxcd-community/charts",
)
"""The repositories in which the community publishes the chart `flux2`."""

OPERATOR_CHARTS = (
    "flux-operator",
    "flux-instance",
    "flux-operator-manifests",
    "flux-operator-mcp",
)
"""Names of the charts and the artifact that share the version of flux-operator.

All are below ghcr.io/controlplaneio-fluxcd, and each release of the operator has all of them.
"""
DISTRIBUTION = "flux-manifests"
"""The artifact with the manifests of a Flux release: ghcr.io/fluxcd/flux-manifests."""
INSTANCE = "FluxInstance"
"""The kind of object by which flux-operator installs Flux."""

Found = Pin | Note

ProgramSource = Literal["pins", "mentions"]
"""Whether exact URLs and helm calls in the source code of programs count as pins or as mentions."""


class CustomPin(Struct, frozen=True):
    """A pin that the configuration adds.

    Attributes:
        path: a glob pattern for paths in the repository.
        track: `flux`, `flux2` or the name of a bumped chart.
        key: the keys that lead to a YAML scalar; empty if `pattern` finds the version.
        pattern: a regular expression with a group `version`; empty if `key` finds the version.
        line: the line of fluxbump.yaml with the entry.
    """

    path: str
    track: str
    key: tuple[str, ...] = ()
    pattern: str = ""
    line: int = 1


class Context(Struct, frozen=True):
    """What a kind may know of the repository besides the file that it reads.

    Attributes:
        charts: the repository's wrappers and umbrellas, by name.
        app_versions: the Flux release of each chart version, from the index; may be empty.
        releases: the Flux releases that install URLs in the repository hold.
        repositories: the chart repositories that serve the community's chart, mirrors included.
        forks: the directories of the repository's own charts that are named flux2.
        custom: the pins that the configuration adds.
        places: the files that may set a variable, by the path of the file that uses it.
        beside: the text, by path, of files that may set variables and are not searched for pins.
        named: variables that count even if no pin uses them, with their tracks.
        followed: the result of following variables; empty before `pin_search.find_pins`.
        links: what files say about the releases that other files hold.
        program_source: whether exact URLs and helm calls in programs are pins or mentions.
    """

    charts: Mapping[str, Chart] = field(default_factory=dict)
    app_versions: Mapping[str, str] = field(default_factory=dict)
    releases: frozenset[str] = frozenset()
    repositories: tuple[str, ...] = COMMUNITY_REPOSITORIES
    forks: tuple[str, ...] = ()
    custom: tuple[CustomPin, ...] = ()
    places: Mapping[str, Places] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    named: tuple[tuple[Reference, Track], ...] = ()
    followed: Followed = field(default_factory=Followed)
    links: Links = Links()
    program_source: ProgramSource = "pins"

    def is_acted_on(self, file: TextFile, offset: int) -> bool:
        """Whether a URL at an offset is in use: in live code, or in a program whose pins count."""
        if file.is_live(offset):
            return True
        return self.program_source == "pins" and file.is_code(offset)

    def chart_at(self, path: str) -> Chart | None:
        """Return the wrapper or umbrella whose Chart.yaml is at `path`; None if there is none."""
        return next((chart for chart in self.charts.values() if chart.path == path), None)

    def track_of(self, chart: str | None) -> Track | None:
        """Return the track of the chart that a reference names, or None for any other chart.

        A reference is a plain name, or an OCI address that ends in one. A chart of this
        repository that is itself called `flux2` hides the community's.
        """
        name = (chart or "").strip()  # a block scalar ends in a line break
        if name.startswith("oci://"):
            name = name.rstrip("/").rsplit("/", 1)[-1]
        if name in self.charts:
            return self.charts[name].track
        if name in OPERATOR_CHARTS:
            return OPERATOR
        return FLUX2 if name == FLUX2.name else None

    def track_of_object(self, kind: str, chart: str | None) -> Track | None:
        """Return the track of the version that an object holds; None if fluxbump does not bump it.

        Args:
            kind: the `kind` of the object.
            chart: the chart or artifact that the object names; a FluxInstance needs none.
        """
        manifests = (chart or "").strip().rstrip("/").endswith(f"/{DISTRIBUTION}")
        if kind == INSTANCE or (kind == "OCIRepository" and manifests):
            return FLUX
        return self.track_of(chart)

    def track_named(self, name: str) -> Track | None:
        """Return the track that the configuration names; None if there is no such track."""
        if name == FLUX.name:
            return FLUX
        return self.track_of(name)

    def names(self) -> tuple[str, ...]:
        """Return the names of all charts that fluxbump bumps, without those of the operator."""
        return (FLUX2.name, *self.charts)

    def installable(self) -> tuple[str, ...]:
        """Return the names by which an object or a command installs Flux or flux-operator."""
        return (*self.names(), *OPERATOR_CHARTS, DISTRIBUTION, INSTANCE)

    def is_named_in(self, text: str) -> bool:
        """Whether a value in `text` can be one of the names of `installable`."""
        return name_search.is_named_in(text, self.installable())

    def is_installed_in(self, text: str) -> bool:
        """Whether `text` can install something named in `installable`, or patch such an object."""
        return name_search.is_installed_in(text, self.installable())

    def is_community(self, repository: str) -> bool:
        """Whether a chart repository serves the community's chart, by the URL's canonical form."""
        return canonical(repository) in {canonical(known) for known in self.repositories}


class Kind(Protocol):
    """One kind of pin. Plain modules satisfy it; `pins.KINDS` lists them."""

    NAME: str
    """The kind's name, as the table, the JSON and the docs print it."""
    ROLE: Role
    """What the places of this kind do with the version, unless a pin has a role of its own."""
    NEEDLES: tuple[str, ...]
    """Fixed texts by which a file with such a pin is found.

    Files that name flux2 or another chart are searched anyway, so only other files need a needle.
    """
    TRAITS: frozenset[KindTrait]
    """The traits that all pins of this kind have."""

    def find(self, file: TextFile, context: Context) -> Iterable[Found]:
        """Yield the pins and notes of a file, in any order, without I/O.

        A pin that holds a variable is yielded too. The search drops it if the variable is followed.
        """
        ...


@runtime_checkable
class ByFileName(Kind, Protocol):
    """A kind that reads some files by their names, whatever they contain."""

    FILE_NAMES: tuple[str, ...]
    """Names without folders."""


@runtime_checkable
class ByArgument(Kind, Protocol):
    """A kind whose version may be a shell function's parameter; then its arguments are the pins."""

    def of_arguments(self, file: TextFile) -> Iterable[Pin]:
        """Yield the pins that hold a parameter of the shell function around them."""
        ...


@runtime_checkable
class Selective(Kind, Protocol):
    """A kind whose places may name the controllers that they install."""

    def components(self, file: TextFile, pin: Pin) -> frozenset[str] | None:
        """Return the names of the controllers that a pin installs; None if it names none."""
        ...


def pin_at(kind: str, track: Track, scalar: Scalar, subject: str) -> Pin:
    """Make the pin of the version in a YAML scalar; `subject` says for people what holds it."""
    value = scalar.value if scalar.editable else scalar.value.strip()
    form, skip = form_of(value)
    if not scalar.editable and form is Form.EXACT:  # no other form is rewritten
        form = Form.OPAQUE
    start = scalar.start + (skip if scalar.editable else 0)
    where = scalar.location
    location = Location(where.path, where.line, where.column + start - scalar.start)
    return Pin(kind, track, location, start, scalar.end, value[skip:], form, subject)


def pin_in_template(kind: str, track: Track, file: TextFile, scalar: Scalar, subject: str) -> Pin:
    """Make the pin of the version in a scalar of a template; an action `{{ … }}` is a variable.

    Args:
        kind: the name of the kind that found it.
        track: the track of the version.
        file: the file with the template.
        scalar: a scalar of a document from `templated.documents`, whose offsets are the file's.
        subject: what holds the version, for people.
    """
    text = file.text[scalar.start : scalar.end]
    if "{{" not in text:
        return pin_at(kind, track, scalar, subject)
    where, form = scalar.location, Form.VARIABLE
    return Pin(kind, track, where, scalar.start, scalar.end, text, form, subject)


def beside_digest(pin: Pin) -> Pin:
    """Return the pin as opaque, because a digest beside it decides which content is used."""
    subject = f"{pin.subject} (with a digest)"
    return replace(pin, form=Form.OPAQUE, subject=subject, with_digest=True)


def in_patch(pin: Pin) -> Pin:
    """Return the pin with the remark that it is in a patch, which installs nothing by itself."""
    return replace(pin, subject=f"{pin.subject} (patch)", in_patch=True)


def as_of(kind: Kind, pin: Pin) -> Pin:
    """Return the pin with its own role or that of its kind; the operator's track has its own."""
    if pin.track == OPERATOR:
        return replace(pin, role=Role.OPERATOR)
    own = pin.role is not Role.INSTALLS or kind.ROLE is Role.INSTALLS
    return pin if own else replace(pin, role=kind.ROLE)


def unpinned(kind: str, track: Track, location: Location, subject: str) -> Pin:
    """Make the pin of a place that should hold a version and holds none."""
    return Pin(kind, track, location, 0, 0, "", Form.UNPINNED, subject)
