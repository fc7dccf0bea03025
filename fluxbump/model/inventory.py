"""The inventory of a repository: its version lines, pins, notes, mentions and charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field

from fluxbump.model.location import Location


class TrackKind(StrEnum):
    """What the versions of a version line are versions of."""

    RELEASE = "release"
    """Flux releases."""
    COMMUNITY = "community"
    """Versions of the community chart `flux2`."""
    CHART = "chart"
    """Versions of a chart of this repository."""
    IMAGE = "image"
    """Tags of the image of one controller, which names the track. Each tag belongs to a release."""
    OPERATOR = "operator"
    """Versions of flux-operator, which its charts and its artifact share."""
    COMMIT = "commit"
    """Commits of the flux2 repository. Each of them is the commit of a release."""
    DIGEST = "digest"
    """Digests of one artifact of a release. Its name, algorithm and encoding name the track."""


class Track(Struct, frozen=True, order=True):
    """A version line: all pins of a track move to a new version together.

    Attributes:
        kind: what its versions are versions of.
        name: the name of the line, which people see: `flux`, `flux2`, or the name of a chart.
    """

    kind: TrackKind
    name: str

    def __str__(self) -> str:
        return self.name


FLUX = Track(TrackKind.RELEASE, "flux")
FLUX2 = Track(TrackKind.COMMUNITY, "flux2")
OPERATOR = Track(TrackKind.OPERATOR, "flux-operator")
COMMITS = Track(TrackKind.COMMIT, "flux2 commit")
"""The track of an action that is pinned to a commit, with a comment that names the release."""


class Role(StrEnum):
    """What the place of a pin does with the version that it holds."""

    INSTALLS = "installs"
    """The place decides what runs in a cluster."""
    FOLLOWS = "follows"
    """The place repeats what other pins decide: a mirror, a chart's own version, a digest."""
    TOOL = "tool"
    """The place selects a program of Flux that people or CI run: the CLI, an action."""
    REFERENCE = "reference"
    """The place names the release, but runs nothing from it: a schema, a module of a program."""
    OPERATOR = "operator"
    """The place installs flux-operator or its instance chart, which have their own version line."""


class Form(StrEnum):
    """How a pin holds its version.

    A bump rewrites exact versions, and ranges that are one line of releases (`release_lines`).
    """

    EXACT = "exact"
    """One full version."""
    RANGE = "range"
    """A constraint such as `^1.1`, or a version with parts missing."""
    VARIABLE = "variable"
    """A substitution, such as `${FLUX_VERSION}`, in place of a version."""
    UNPINNED = "unpinned"
    """No statement of a version: `latest`, or nothing at all."""
    COMMIT = "commit"
    """A commit of flux2. The pin's value is the release that a comment after it names, if any."""
    OPAQUE = "opaque"
    """A value that fluxbump cannot replace in place; `discover/opaque_pins` says why.

    It uses an anchor, a tag, an escape or several lines of YAML, a digest decides what is taken, or
    it names something that nobody publishes.
    """


class Pin(Struct, frozen=True):
    """A place in live code that holds a track's version.

    Attributes:
        kind: the name of the kind that found the pin, a key of `pins.KINDS`.
        track: the version line that the version belongs to.
        location: the place of the version.
        start: the offset of the version's first character in the decoded text of the file.
        end: the offset after its last character. `text[start:end] == value` for exact pins.
        value: the version as written, without quotes and without a leading `v` or `=`.
        form: how the place holds the version.
        subject: what holds the version, for people: `HelmRelease bp-flux`.
        role: what the place does with the version. `pin_search.find_pins` takes the role of the
            kind unless the pin has another one.
        with_digest: True if a digest beside the version decides what is downloaded or run.
        in_patch: True if the pin is in a patch, which installs nothing by itself.
        cluster: the directory of the cluster that the place bootstraps, as the place itself names
            it: relative to the root, without a slash at either end. None if it names none.
    """

    kind: str
    track: Track
    location: Location
    start: int
    end: int
    value: str
    form: Form
    subject: str
    role: Role = Role.INSTALLS
    with_digest: bool = False
    in_patch: bool = False
    cluster: str | None = None


class Note(Struct, frozen=True):
    """A place that fluxbump found and does not change, or is not sure about.

    Attributes:
        location: the place.
        message: what is there, as one fact.
        certain: True if the place holds no version, so that the rules have missed nothing.
        held: the track that the place may belong to, with the version that the place names, which
            is empty if it names none. A bump that moves this track would leave the place behind.
            None if fluxbump knows no track that the place may belong to.
        advice: what a reader can do about it; empty if there is nothing to do.
    """

    location: Location
    message: str
    certain: bool = False
    held: tuple[Track, str] | None = None
    advice: str = ""

    @property
    def said(self) -> str:
        """The message, followed by the advice as a sentence of its own."""
        return f"{self.message}. {self.advice}" if self.advice else self.message


class Mention(Struct, frozen=True):
    """A place in a comment, a document or application code that names a version.

    Attributes:
        track: the version line that the version belongs to.
        location: the place.
        value: the version.
        text: the line that has the version, shortened for people.
    """

    track: Track
    location: Location
    value: str
    text: str


class Unreadable(Struct, frozen=True):
    """A candidate file that could not be parsed.

    Attributes:
        location: the place of the problem.
        message: the problem, for people.
        within_budget: True if the content is invalid. False if the file was not parsed, because it
            exceeds its budget (`text/budget`).
    """

    location: Location
    message: str
    within_budget: bool = True


class Dependency(Struct, frozen=True):
    """One entry under `dependencies:` of a Chart.yaml. A field that it does not have is empty."""

    name: str
    version: str
    repository: str


class Chart(Struct, frozen=True):
    """A chart of this repository whose version moves with Flux: a wrapper or an umbrella.

    Attributes:
        name: `name` in its Chart.yaml.
        path: the path of its Chart.yaml.
        version: `version` as written there, without a leading `v`.
        dependencies: all entries under `dependencies:`, in the order of the file.
        wrapper: True if the chart depends on the community chart directly.
    """

    name: str
    path: str
    version: str
    dependencies: tuple[Dependency, ...]
    wrapper: bool

    @property
    def directory(self) -> str:
        """The chart's directory with a trailing `/`; empty for the repository's root."""
        return self.path[: -len("Chart.yaml")]

    @property
    def track(self) -> Track:
        """The version line of this chart."""
        return Track(TrackKind.CHART, self.name)


class Links(Struct, frozen=True):
    """The references between files: which HelmReleases, variables and patches belong to what.

    Attributes:
        releases: the track of each `HelmRelease NAME` and of each variable `${NAME}`.
        unsure: the names, in the same form, that may also belong to other charts.
        patches: by path of a patch, the kind and name of each object that kustomizations apply it
            to. A kind or name is empty if the kustomization does not state it.
    """

    releases: Mapping[str, Track] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()
    patches: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


class Inventory(Struct, frozen=True):
    """All charts, pins, notes and unreadable candidates of one snapshot.

    Attributes:
        charts: the wrappers and umbrellas. Each chart comes after the charts that it depends on.
        pins: the pins in the order of path and offset.
        notes: the places that fluxbump found and does not change.
        unreadable: the candidate files that could not be parsed.
        files: the decoded text of every candidate file that may hold a pin, by path.
        others: the text of each file that holds no pin but contains one of `searched` or another
            phrase that rules read, by path.
        searched: the versions that were searched for in the whole snapshot.
        aliases: the repository names, as `@NAME`, that stand for the community's repository here.
        forks: the directories of charts that are themselves called flux2.
        unrecognised: dependencies that may belong to a track that moves, but are no pins. Each
            comes with its place; its `repository` says where the chart comes from.
        excluded: the pins in files that the configuration excludes although they may be live.
        uses: the pins that hold a variable, as they were before fluxbump followed the variable.
        places: by path of a pin in `uses`, the groups of files that may set its variable.
        links: the references between the files.
    """

    charts: tuple[Chart, ...] = ()
    pins: tuple[Pin, ...] = ()
    notes: tuple[Note, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    searched: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = ()
    forks: tuple[str, ...] = ()
    unrecognised: tuple[tuple[Location, Dependency], ...] = ()
    excluded: tuple[Pin, ...] = ()
    uses: tuple[Pin, ...] = ()
    places: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    links: Links = Links()
