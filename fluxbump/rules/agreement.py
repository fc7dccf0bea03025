"""Rules about pins that must say the same thing."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.model import FLUX2, Form, Pin, TrackKind
from fluxbump.rules.rule import Evidence, Finding, Related, Rule, Severity


def _exact(evidence: Evidence, kind: str) -> list[Pin]:
    return [p for p in evidence.inventory.pins if p.kind == kind and p.form is Form.EXACT]


def _finding(rule: str, pin: Pin, message: str, other: Pin, says: str) -> Finding:
    related = (Related(other.location, says),)
    return Finding(rule, Severity.ERROR, message, pin.location, related)


def version_agreement(evidence: Evidence) -> Iterator[Finding]:
    """What cloud-init installs is what the wrapper's chart ships."""
    wrappers = [p for p in _exact(evidence, "chart-dependency") if p.track == FLUX2]
    for wrapper in wrappers:
        ships = evidence.app_versions.get(wrapper.value)
        for url in _exact(evidence, "install-url"):
            if url.value != ships:
                yield _finding(
                    "FB103",
                    url,
                    f"cloud-init installs Flux {url.value}, but {wrapper.location} depends on "
                    f"flux2 {wrapper.value}, which ships {_release(ships)}",
                    wrapper,
                    f"flux2 {wrapper.value} ships {_release(ships)}",
                )


def _release(ships: str | None) -> str:
    return f"Flux {ships}" if ships else "a release that the index does not know"


def values_mirror(evidence: Evidence) -> Iterator[Finding]:
    """The values mirror repeats the dependency."""
    wrappers = [p for p in _exact(evidence, "chart-dependency") if p.track == FLUX2]
    for mirror in _exact(evidence, "values-mirror"):
        folder = mirror.location.path.rsplit("/", 1)[0]
        for wrapper in wrappers:
            if wrapper.location.path.rsplit("/", 1)[0] == folder and wrapper.value != mirror.value:
                yield _finding(
                    "FB104",
                    mirror,
                    f"the values say flux2 {mirror.value}, but {wrapper.location} depends on "
                    f"{wrapper.value}",
                    wrapper,
                    f"depends on flux2 {wrapper.value}",
                )


def _behind_chart(evidence: Evidence, kind: str, code: str) -> Iterator[Finding]:
    own = {p.track: p for p in _exact(evidence, "chart-version")}
    for pin in _exact(evidence, kind):
        chart = own.get(pin.track)
        if pin.track.kind is TrackKind.CHART and chart is not None and chart.value != pin.value:
            yield _finding(
                code,
                pin,
                f"{pin.subject} says {pin.value}, but {chart.location} is {chart.value}",
                chart,
                f"{chart.subject} is {chart.value}",
            )


def umbrella_dependency(evidence: Evidence) -> Iterator[Finding]:
    """An umbrella depends on the version that its wrapper has."""
    yield from _behind_chart(evidence, "chart-dependency", "FB108")


def helm_release(evidence: Evidence) -> Iterator[Finding]:
    """Every cluster asks for the version that the chart has."""
    yield from _behind_chart(evidence, "helm-release", "FB109")
    yield from _behind_chart(evidence, "terraform", "FB109")


def version_mirror(evidence: Evidence) -> Iterator[Finding]:
    """A blueprint repeats its chart's version."""
    yield from _behind_chart(evidence, "blueprint", "FB110")


RULES = (
    Rule("FB103", "version-agreement", Severity.ERROR, version_agreement),
    Rule("FB104", "values-mirror", Severity.ERROR, values_mirror),
    Rule("FB108", "umbrella-dependency", Severity.ERROR, umbrella_dependency),
    Rule("FB109", "helm-release", Severity.ERROR, helm_release),
    Rule("FB110", "version-mirror", Severity.ERROR, version_mirror),
)
