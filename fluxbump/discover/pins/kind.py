"""What all kinds of pin share: the seam, what a kind is told, and how it reports a version."""

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
"""What notes advise."""


def from_elsewhere(place: Location, who: str, source: str, version: str | None) -> Note:
    """Say that flux2 is installed from a repository that is not known as the community's.

    It may be a mirror, so a bump to another version would leave it behind.

    Args:
        place: that installs it.
        who: installs it, with the verb.
        source: of the chart.
        version: of the chart; None if there is none.
    """
    message = f"{who} flux2 from {source}, not from the community"
    return Note(place, message, held=(FLUX2, version or ""), advice=MIRROR)


SETTINGS_FILE = "fluxbump.yaml"
"""What a team can set; a pin that it adds has its place there."""

COMMUNITY_REPOSITORIES = (
    "https://fluxcd-community.github.io/helm-charts",
    "oci://ghcr.io/fluxcd-community/charts",
)
"""Where the community publishes the chart `flux2`."""

OPERATOR_CHARTS = (
    "flux-operator",
    "flux-instance",
    "flux-operator-manifests",
    "flux-operator-mcp",
)
"""What the makers of flux-operator publish under one version: charts, and an artifact.

All are below ghcr.io/controlplaneio-fluxcd, and each release of the operator has all of them.
"""
DISTRIBUTION = "flux-manifests"
"""The artifact with the manifests of a Flux release: ghcr.io/fluxcd/flux-manifests."""
INSTANCE = "FluxInstance"
"""The kind of object by which flux-operator installs Flux."""

Found = Pin | Note

ProgramSource = Literal["pins", "mentions"]
"""What exact URLs and calls of helm in the source code of a program are."""


class CustomPin(Struct, frozen=True):
    """A pin that the configuration adds.

    Attributes:
        path: glob over the repository's paths.
        track: `flux`, `flux2` or the name of a bumped chart.
        key: dotted path to a YAML scalar, or empty.
        pattern: regular expression with a group `version`, or empty.
        line: of fluxbump.yaml, where it is said.
    """

    path: str
    track: str
    key: tuple[str, ...] = ()
    pattern: str = ""
    line: int = 1


class Context(Struct, frozen=True):
    """What a kind may know besides the file in front of it.

    Attributes:
        charts: wrappers and umbrellas by name.
        app_versions: chart version to Flux release, from the chart index; may be empty.
        releases: Flux releases that install URLs hold.
        repositories: where the community chart may come from.
        forks: the directories of charts that are called flux2 themselves.
        custom: pins that the configuration adds.
        places: by path of a file, those that may set the variables that it uses.
        beside: the text of files that are not searched for pins, and may set variables.
        named: variables that count in every file, whoever uses them, with their tracks.
        followed: what became of the variables; `pin_search.find_pins` knows.
        links: what files say of each other's releases.
        program_source: what exact URLs and calls of helm in the source code of a program are.
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
        """Whether something acts on a URL there: live code, or the code of a program."""
        if file.is_live(offset):
            return True
        return self.program_source == "pins" and file.is_code(offset)

    def chart_at(self, path: str) -> Chart | None:
        """Return the bumped chart whose Chart.yaml is at `path`."""
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
        """Return the version line that an object of Flux or of flux-operator holds.

        Args:
            kind: of the object.
            chart: what its source is, as its field says; a FluxInstance needs none.
        """
        manifests = (chart or "").strip().rstrip("/").endswith(f"/{DISTRIBUTION}")
        if kind == INSTANCE or (kind == "OCIRepository" and manifests):
            return FLUX
        return self.track_of(chart)

    def track_named(self, name: str) -> Track | None:
        """Return the track that the configuration calls `name`."""
        if name == FLUX.name:
            return FLUX
        return self.track_of(name)

    def names(self) -> tuple[str, ...]:
        """The names of all charts whose versions move."""
        return (FLUX2.name, *self.charts)

    def installable(self) -> tuple[str, ...]:
        """What an object or a command names that installs Flux, or the operator that does."""
        return (*self.names(), *OPERATOR_CHARTS, DISTRIBUTION, INSTANCE)

    def is_named_in(self, text: str) -> bool:
        """Whether a value in `text` can be the name of a chart whose version moves."""
        return name_search.is_named_in(text, self.installable())

    def is_installed_in(self, text: str) -> bool:
        """Whether `text` can install such a chart, or patch what does."""
        return name_search.is_installed_in(text, self.installable())

    def is_community(self, repository: str) -> bool:
        """Whether `repository` is one that serves the community chart."""
        return canonical(repository) in {canonical(known) for known in self.repositories}


class Kind(Protocol):
    """One kind of pin. Plain modules satisfy it; `pins.KINDS` lists them."""

    NAME: str
    """The kind's name, as the table, the JSON and the docs print it."""
    ROLE: Role
    """What its places do with the version, unless a pin says otherwise."""
    NEEDLES: tuple[str, ...]
    """Fixed texts, one of which a file of this kind contains that names no chart and no flux2.

    Files that do are searched anyway. A tree is searched for fixed text, so no pattern will do.
    """
    TRAITS: frozenset[KindTrait]
    """What else holds of all of them."""

    def find(self, file: TextFile, context: Context) -> Iterable[Found]:
        """Yield what `file` holds, in any order. Finds only: no I/O, no planning, no writing.

        What takes its version from a variable is yielded too; the search leaves it out where the
        variable is followed, for the assignment stands for it then.
        """
        ...


@runtime_checkable
class ByFileName(Kind, Protocol):
    """A kind that reads some files by their names, whatever they contain."""

    FILE_NAMES: tuple[str, ...]
    """Names without folders."""


@runtime_checkable
class ByArgument(Kind, Protocol):
    """A kind whose version may be a parameter of a shell function; its calls are the pins then."""

    def of_arguments(self, file: TextFile) -> Iterable[Pin]:
        """Yield what takes its version from the function around it, which `find` passes over."""
        ...


@runtime_checkable
class Selective(Kind, Protocol):
    """A kind whose places say which controllers they install."""

    def components(self, file: TextFile, pin: Pin) -> frozenset[str] | None:
        """Return the controllers that a pin of the file installs; None where it does not say."""
        ...


def pin_at(kind: str, track: Track, scalar: Scalar, subject: str) -> Pin:
    """Make the pin that a YAML scalar holds."""
    value = scalar.value if scalar.editable else scalar.value.strip()
    form, skip = form_of(value)
    if not scalar.editable and form is Form.EXACT:  # no other form is rewritten
        form = Form.OPAQUE
    start = scalar.start + (skip if scalar.editable else 0)
    where = scalar.location
    location = Location(where.path, where.line, where.column + start - scalar.start)
    return Pin(kind, track, location, start, scalar.end, value[skip:], form, subject)


def pin_in_template(kind: str, track: Track, file: TextFile, scalar: Scalar, subject: str) -> Pin:
    """Make the pin that a scalar of a template holds; a directive in it is a variable.

    Args:
        kind: that found it.
        track: of the version.
        file: with the template.
        scalar: as `templated.documents` has it.
        subject: what holds it, for people.
    """
    text = file.text[scalar.start : scalar.end]
    if "{{" not in text:
        return pin_at(kind, track, scalar, subject)
    where, form = scalar.location, Form.VARIABLE
    return Pin(kind, track, where, scalar.start, scalar.end, text, form, subject)


def beside_digest(pin: Pin) -> Pin:
    """Return a pin that a digest stands beside, which decides what is taken."""
    subject = f"{pin.subject} (with a digest)"
    return replace(pin, form=Form.OPAQUE, subject=subject, with_digest=True)


def in_patch(pin: Pin) -> Pin:
    """Return a pin that is in a patch, and installs nothing by itself."""
    return replace(pin, subject=f"{pin.subject} (patch)", in_patch=True)


def as_of(kind: Kind, pin: Pin) -> Pin:
    """Return a pin with the role of the kind that found it, unless it has one of its own."""
    if pin.track == OPERATOR:
        return replace(pin, role=Role.OPERATOR)
    own = pin.role is not Role.INSTALLS or kind.ROLE is Role.INSTALLS
    return pin if own else replace(pin, role=kind.ROLE)


def unpinned(kind: str, track: Track, location: Location, subject: str) -> Pin:
    """Make the pin of something that should hold a version and holds none."""
    return Pin(kind, track, location, 0, 0, "", Form.UNPINNED, subject)
