"""Rules that umbrellas, HelmReleases and mirrors hold the version of a chart (FB108 to FB110)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from fluxbump.check.rules.pin_findings import error_at, holds, of_kinds
from fluxbump.check.rules.rule import Evidence, Outcome, Rule, Trait, optional
from fluxbump.discover.pins import traits
from fluxbump.model import (
    Chart,
    Finding,
    Form,
    Location,
    Pin,
    Related,
    Role,
    Severity,
    Track,
    TrackKind,
)
from fluxbump.text import version_ranges, yaml

_MOST_RELATED = 20


def _pins_before(evidence: Evidence) -> tuple[Pin, ...]:
    before = optional(evidence.baseline)
    return before.inventory.pins if before else ()


def umbrella_dependency(evidence: Evidence) -> Iterator[Outcome]:
    """Check that every umbrella depends on the version that its wrapper has (FB108)."""
    yield from _behind_chart(evidence, "FB108", of_kinds(evidence, traits.WRAPPED))


def helm_release(evidence: Evidence) -> Iterator[Outcome]:
    """Check that every HelmRelease asks for the version that its chart has (FB109)."""
    every = evidence.inventory.pins
    pins = [pin for pin in every if pin.role is Role.INSTALLS and pin.kind not in traits.WRAPPED]
    yield from _behind_chart(evidence, "FB109", pins)


def version_mirror(evidence: Evidence) -> Iterator[Outcome]:
    """Check that files which repeat a chart's version hold the present one (FB110).

    An appVersion that repeated the version at the base must still do so.
    """
    repeating = of_kinds(evidence, traits.REPEATS_CHART)
    yield from _behind_chart(evidence, "FB110", repeating)
    mirrors = {pin.location.path for pin in of_kinds(evidence, traits.APP_VERSION)}
    own = {pin.location.path: pin for pin in of_kinds(evidence, traits.OWN_VERSION)}
    for pin in _pins_before(evidence):
        chart = own.get(pin.location.path)
        if (
            pin.kind in traits.APP_VERSION
            and chart is not None
            and chart.location.path not in mirrors
        ):
            yield error_at(
                "FB110",
                replace(chart, location=_app_version(evidence, chart.location)),
                f"{pin.subject} mirrored {pin.track} at the base ({pin.value}), and no longer does",
                Related(chart.location, f"{chart.subject} is {chart.value}"),
            )


def _app_version(evidence: Evidence, chart: Location) -> Location:
    document = yaml.documents(evidence.inventory.files[chart.path], chart.path)[0]
    scalar = document.scalar(yaml.get(document.root, "appVersion"))
    return scalar.location if scalar else chart


def _behind_chart(evidence: Evidence, code: str, pins: Iterable[Pin]) -> Iterator[Finding]:
    charts = {chart.track: chart for chart in evidence.inventory.charts}
    own = {pin.track: pin for pin in of_kinds(evidence, traits.OWN_VERSION)}
    pins = [pin for pin in pins if pin.track.kind is TrackKind.CHART]
    off = [pin for pin in pins if pin.track in charts and _differs(pin, charts[pin.track])]
    of_track: dict[Track, list[Pin]] = {}
    for pin in off:
        of_track.setdefault(pin.track, []).append(pin)
    for pin in off:
        chart, version = charts[pin.track], own[pin.track]
        # Each place has a finding of its own, so few others beside it are enough.
        others = [o for o in of_track[pin.track][: _MOST_RELATED + 1] if o is not pin]
        yield error_at(
            code,
            pin,
            f"{pin.subject} holds {holds(pin)}, but {version.location} is {chart.version}",
            Related(version.location, f"chart {chart.name} is {chart.version}"),
            *(
                Related(other.location, f"{other.subject} holds {holds(other)}")
                for other in others[:_MOST_RELATED]
            ),
            gist=f"a place ({pin.kind}) holds {holds(pin)}, but chart {chart.name} is "
            f"{chart.version}",
        )


def _differs(pin: Pin, chart: Chart) -> bool:
    if pin.form is Form.RANGE:
        return not version_ranges.admits(pin.value, chart.version)
    if pin.form is Form.VARIABLE:
        return False  # its value is not here to be judged; the inventory lists it
    return pin.value != chart.version


_TRAITS = frozenset({Trait.AGREEMENT, Trait.STOPS_RUN, Trait.REALIGNED})

RULES = (
    Rule(
        "FB108",
        "umbrella-dependency",
        Severity.ERROR,
        "An umbrella chart depends on the version that its wrapper has.",
        umbrella_dependency,
        traits=_TRAITS,
        broken="an umbrella chart depends on another version",
    ),
    Rule(
        "FB109",
        "helm-release-version",
        Severity.ERROR,
        "Every HelmRelease asks for the version that its chart has.",
        helm_release,
        traits=_TRAITS,
        broken="HelmReleases ask for another version of the chart",
    ),
    Rule(
        "FB110",
        "version-mirror",
        Severity.ERROR,
        "Files that repeat a chart's version hold the version that it has.",
        version_mirror,
        traits=_TRAITS,
        broken="files repeat another version of the chart",
    ),
)
