"""What all kinds of pin share: the seam, what a kind is told, and how it reports a version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Protocol

from msgspec import Struct, field

from fluxbump import versions
from fluxbump.model import FLUX, FLUX2, Chart, Form, Links, Location, Note, Pin, Track
from fluxbump.textfile import TextFile
from fluxbump.yamltext import Scalar

COMMUNITY_REPOSITORIES = (
    "https://fluxcd-community.github.io/helm-charts",
    "oci://ghcr.io/fluxcd-community/charts",
)
"""Where the community publishes the chart `flux2`."""

Found = Pin | Note


class CustomPin(Struct, frozen=True):
    """A pin that the configuration adds.

    Attributes:
        path: glob over the repository's paths.
        track: `flux`, `flux2` or the name of a bumped chart.
        key: dotted path to a YAML scalar, or empty.
        pattern: regular expression with a group `version`, or None.
        line: of fluxbump.yaml, where it is said.
    """

    path: str
    track: str
    key: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    line: int = 1


class Context(Struct, frozen=True):
    """What a kind may know besides the file in front of it.

    Attributes:
        charts: wrappers and umbrellas by name.
        app_versions: chart version to Flux release, from the chart index; may be empty.
        releases: Flux releases that install URLs hold.
        repositories: where the community chart may come from.
        custom: pins that the configuration adds.
        links: what files say of each other's releases.
    """

    charts: Mapping[str, Chart] = field(default_factory=dict)
    app_versions: Mapping[str, str] = field(default_factory=dict)
    releases: frozenset[str] = frozenset()
    repositories: tuple[str, ...] = COMMUNITY_REPOSITORIES
    custom: tuple[CustomPin, ...] = ()
    links: Links = Links()

    def chart_at(self, path: str) -> Chart | None:
        """Return the bumped chart whose Chart.yaml is at `path`."""
        return next((chart for chart in self.charts.values() if chart.path == path), None)

    def track_of(self, chart: str | None) -> Track | None:
        """Return the track of the chart that a reference names, or None for any other chart.

        A reference is a plain name, or an OCI address that ends in one. A chart of this
        repository that is itself called `flux2` hides the community's.
        """
        name = chart or ""
        if name.startswith("oci://"):
            name = name.rstrip("/").rsplit("/", 1)[-1]
        if name in self.charts:
            return self.charts[name].track
        return FLUX2 if name == FLUX2.name else None

    def track_named(self, name: str) -> Track | None:
        """Return the track that the configuration calls `name`."""
        if name == FLUX.name:
            return FLUX
        return self.track_of(name)

    def names(self) -> tuple[str, ...]:
        """The names of all charts whose versions move."""
        return (FLUX2.name, *self.charts)

    def is_named_in(self, text: str) -> bool:
        """Whether a value in `text` is the name of a chart whose version moves."""
        return _patterns(self.names()).name.search(text) is not None

    def is_installed_in(self, text: str) -> bool:
        """Whether `text` may install such a chart.

        It names the chart as a `chart` or `url`; or it has the chart's name and says nothing of
        a chart, as a patch does. What only depends on such a release does not install it.
        """
        patterns = _patterns(self.names())
        if patterns.chart.search(text) or patterns.url.search(text):
            return True
        return not _ANY_CHART.search(text) and patterns.name.search(text) is not None

    def is_community(self, repository: str) -> bool:
        """Whether `repository` is one that serves the community chart."""
        return repository.rstrip("/") in {known.rstrip("/") for known in self.repositories}


# Each pattern begins with fixed text, for which a text is searched many times faster.
_VALUE = r"""["']?\s*:\s*["']?"""
_ANY_CHART = re.compile(rf"chart(?<!\wchart){_VALUE}[\w.$/]")


class _Patterns(Struct, frozen=True):
    """What names a chart whose version moves: as its `chart`, its `url`, or its `name`."""

    chart: re.Pattern[str]
    url: re.Pattern[str]
    name: re.Pattern[str]


@cache
def _patterns(names: tuple[str, ...]) -> _Patterns:
    name = "(?:" + "|".join(re.escape(name) for name in names) + ")"
    reference = rf"""{_VALUE}(?:[^\s"']*/)?{name}/?(?![\w-])"""
    return _Patterns(
        chart=re.compile(f"chart{reference}"),
        url=re.compile(f"url{reference}"),
        name=re.compile(rf"name{_VALUE}{name}(?![\w-])"),
    )


class Kind(Protocol):
    """One kind of pin. Plain modules satisfy it; `pins.KINDS` lists them."""

    NAME: str
    """The kind's name, as the table, the JSON and the docs print it."""

    def find(self, file: TextFile, context: Context) -> Iterable[Found]:
        """Yield what `file` holds, in any order. Finds only: no I/O, no planning, no writing."""
        ...


_EXACT = re.compile(rf"=?\s*v?({versions.FULL.pattern})")
_VARIABLE = re.compile(r"\$[\w{(]|\{\{|%\{|<no value>")
_ANY = frozenset({"", "*", "x", "X", "latest", ">=0.0.0", ">=0.0.0-0", ">0.0.0-0", ">= 0.0.0"})


def form_of(text: str) -> tuple[Form, int]:
    """Tell how a version text is held, and how many characters stand before the version itself."""
    exact = _EXACT.fullmatch(text)
    if exact:
        return Form.EXACT, exact.start(1)
    if _VARIABLE.search(text):
        return Form.VARIABLE, 0
    return (Form.UNPINNED if text.strip() in _ANY else Form.RANGE), 0


def pin_at(kind: str, track: Track, scalar: Scalar, subject: str) -> Pin:
    """Make the pin that a YAML scalar holds."""
    form, skip = form_of(scalar.value)
    if not scalar.editable:
        form, skip = Form.OPAQUE, 0
    start = scalar.start + skip
    where = scalar.location
    location = Location(where.path, where.line, where.column + skip)
    return Pin(kind, track, location, start, scalar.end, scalar.value[skip:], form, subject)


def unpinned(kind: str, track: Track, location: Location, subject: str) -> Pin:
    """Make the pin of something that should hold a version and holds none."""
    return Pin(kind, track, location, 0, 0, "", Form.UNPINNED, subject)
