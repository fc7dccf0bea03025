"""What a repository holds: version lines, pins, notes, mentions, charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field

from fluxbump.model.location import Location


class TrackKind(StrEnum):
    """What a version line counts."""

    RELEASE = "release"
    """Flux releases."""
    COMMUNITY = "community"
    """Versions of the community chart `flux2`."""
    CHART = "chart"
    """Versions of a chart of this repository."""
    IMAGE = "image"
    """Tags of one controller's image, by the controller's name; each belongs to a release."""
    OPERATOR = "operator"
    """Versions of flux-operator, which its charts and its artifact share."""
    COMMIT = "commit"
    """Commits of flux2, each of which is that of a release."""
    DIGEST = "digest"
    """Digests of one artifact of a release, by its name, algorithm and encoding."""


class Track(Struct, frozen=True, order=True):
    """A version line that moves as one."""

    kind: TrackKind
    name: str

    def __str__(self) -> str:
        return self.name


FLUX = Track(TrackKind.RELEASE, "flux")
FLUX2 = Track(TrackKind.COMMUNITY, "flux2")
OPERATOR = Track(TrackKind.OPERATOR, "flux-operator")
COMMITS = Track(TrackKind.COMMIT, "flux2 commit")
"""What an action is pinned to whose comment names a release."""


class Role(StrEnum):
    """What the place of a pin does with the version."""

    INSTALLS = "installs"
    """What runs in a cluster comes from there."""
    FOLLOWS = "follows"
    """Repeats or derives from what other pins decide: a mirror, a chart's own version, a digest."""
    TOOL = "tool"
    """A program of Flux that people or CI run: the CLI, an action."""
    REFERENCE = "reference"
    """Names the release, and nothing runs from it: a schema, a module of a program."""
    OPERATOR = "operator"
    """Installs the flux-operator or its instance chart, which has a version line of its own."""


class Form(StrEnum):
    """How a pin holds its version; only `exact` can be rewritten."""

    EXACT = "exact"
    RANGE = "range"
    """A constraint such as `^1.1`, or a version with parts missing."""
    VARIABLE = "variable"
    """A substitution such as `${FLUX_VERSION}` stands where the version would."""
    UNPINNED = "unpinned"
    """Nothing says which version (`latest`, or no version at all)."""
    COMMIT = "commit"
    """A commit of flux2; the value is the release that a comment behind it names, if one does."""
    OPAQUE = "opaque"
    """A version that is shared by an anchor, tagged, escaped or spread over lines."""


class Pin(Struct, frozen=True):
    """A place in live code that holds a track's version.

    Attributes:
        kind: name of the kind that found it, a key of `pins.KINDS`.
        track: the version line it belongs to.
        location: where the version stands.
        start: offset of the version's first character in the file's decoded text.
        end: offset behind its last character. `text[start:end] == value` for exact pins.
        value: the version as it stands, without quotes and without a leading `v` or `=`.
        form: how it is held.
        subject: what holds it, for people: `HelmRelease bp-flux`.
        role: what that place does with the version; `pin_search.find_pins` takes it from the kind
            where the pin says nothing else.
        with_digest: a digest beside the version decides what is taken.
        in_patch: it is in a patch, which installs nothing by itself.
        cluster: the directory of the cluster that it bootstraps, as the place itself names it:
            relative to the root, without a slash at either end. None if it names none.
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
    """Something fluxbump saw and chose not to touch, or is not sure of.

    Attributes:
        location: where.
        message: what it is, one fact.
        certain: no version is held there, so nothing was left out of what rules judge.
        held: the line of versions that it may belong to, with the version that it goes with now;
            empty if that is not known. A bump that moves this line would leave it behind.
        advice: what a reader can do about it; empty if there is nothing to do.
    """

    location: Location
    message: str
    certain: bool = False
    held: tuple[Track, str] | None = None
    advice: str = ""

    @property
    def said(self) -> str:
        """The message, and what to do in a sentence of its own."""
        return f"{self.message}. {self.advice}" if self.advice else self.message


class Mention(Struct, frozen=True):
    """A place in a comment, a document or application code that names a version."""

    track: Track
    location: Location
    value: str
    text: str


class Unreadable(Struct, frozen=True):
    """A candidate that could not be parsed.

    Attributes:
        location: where it is wrong.
        message: why.
        within_budget: it is not what it should be; False if it exceeds the limits of a file.
    """

    location: Location
    message: str
    within_budget: bool = True


class Dependency(Struct, frozen=True):
    """One entry under `dependencies:` of a Chart.yaml."""

    name: str
    version: str
    repository: str


class Chart(Struct, frozen=True):
    """A chart of this repository whose version moves with Flux: a wrapper or an umbrella.

    Attributes:
        name: as in its Chart.yaml.
        path: of its Chart.yaml.
        version: as it stands, without a leading `v`.
        dependencies: all of them, in order.
        wrapper: it depends on the community chart itself.
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
        """The version line of the chart."""
        return Track(TrackKind.CHART, self.name)


class Links(Struct, frozen=True):
    """What files say of each other.

    Attributes:
        releases: `HelmRelease NAME` and variables `${NAME}`, each with the version line that it is
            of.
        unsure: those of them that other charts have a share in.
        patches: the path of a patch, with the kinds and names of the objects that kustomizations
            apply it to, each empty where a kustomization does not say it.
    """

    releases: Mapping[str, Track] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()
    patches: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


class Inventory(Struct, frozen=True):
    """All tracks, pins, notes and unreadable candidates of one snapshot.

    Attributes:
        charts: wrappers and umbrellas, each behind the charts that it depends on.
        pins: by path and offset.
        notes: what was seen and left alone.
        unreadable: candidates that could not be parsed.
        files: the decoded text of every candidate file, by path.
        others: the text of files that hold no pin, and contain one of `searched`.
        searched: versions that were looked for in the whole snapshot.
        aliases: names of repositories, as `@NAME`, that mean the community's here.
        forks: the directories of charts that are called flux2 themselves.
        unrecognised: dependencies that may belong to what moves, and are no pins; each with its
            place and, as its repository, where it comes from.
        excluded: pins in files that the configuration excludes and that may be live.
        uses: pins that take their version from a variable, before that was followed.
        places: by path of such a pin, groups of files that may set its variable.
        links: what the files say of each other's releases.
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
