"""Rules about pins that must hold a version, and the same one."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from fluxbump import constraint, versions, yamltext
from fluxbump.model import (
    FLUX,
    FLUX2,
    Chart,
    Finding,
    Form,
    Location,
    Pin,
    Related,
    Severity,
    Track,
    TrackKind,
)
from fluxbump.rules.rule import Evidence, NotRun, Outcome, Rule

_WITHIN = ("embedded-manifest", "kustomize-override")
"""Kinds of pin that ask for a chart from inside other text, or from a patch."""


def _of(evidence: Evidence, kind: str) -> list[Pin]:
    return [pin for pin in evidence.inventory.pins if pin.kind == kind]


def _exact(evidence: Evidence, kind: str) -> list[Pin]:
    return [pin for pin in _of(evidence, kind) if pin.form is Form.EXACT]


def _custom(evidence: Evidence, track: Track) -> list[Pin]:
    return [pin for pin in _exact(evidence, "custom") if pin.track == track]


def _dependencies(evidence: Evidence) -> list[Pin]:
    """The wrappers' dependencies on the community chart, however they are held."""
    return [pin for pin in _of(evidence, "chart-dependency") if pin.track == FLUX2]


def _finding(code: str, pin: Pin, message: str, *related: Related) -> Finding:
    return Finding(code, Severity.ERROR, message, pin.location, related)


def _holds(pin: Pin) -> str:
    return {
        Form.RANGE: f"the range {pin.value}",
        Form.VARIABLE: f"the variable {pin.value}",
        Form.UNPINNED: f"{pin.value or 'no version'}, which is whatever is newest",
        Form.OPAQUE: f"{pin.value} behind an anchor, a tag or a digest",
        Form.EXACT: pin.value,
    }[pin.form]


# --- FB101, FB102: every side holds a version -------------------------------------------------


def chart_dependency(evidence: Evidence) -> Iterator[Outcome]:
    """The wrapper names one exact version of the community chart."""
    dependencies = _dependencies(evidence)
    for pin in dependencies:
        if pin.form is not Form.EXACT:
            yield _finding("FB101", pin, f"{pin.subject} is not exact: it holds {_holds(pin)}")
    urls = _of(evidence, "install-url")
    direct = [pin for pin in evidence.inventory.pins if pin.track == FLUX2]
    if urls and not direct:
        yield _finding(
            "FB101",
            urls[0],
            "cloud-init installs Flux, but no chart here depends on the community chart flux2",
        )


def install_manifest(evidence: Evidence) -> Iterator[Outcome]:
    """Every install URL in live code names one release, and the same one."""
    urls = _of(evidence, "install-url")
    for pin in urls:
        if pin.form is not Form.EXACT:
            what = _holds(pin)
            if pin.form is Form.OPAQUE:
                what = f"{pin.value}, and Flux has no such tag (they start with v)"
            yield _finding("FB102", pin, f"the install URL is not pinned: it holds {what}")
    exact = [pin for pin in urls if pin.form is Form.EXACT]
    for pin in exact[1:]:
        if pin.value != exact[0].value:
            yield _finding(
                "FB102",
                pin,
                f"the install URL holds {pin.value}, but the one in {exact[0].location} holds "
                f"{exact[0].value}",
                Related(exact[0].location, f"holds {exact[0].value}"),
            )
    configured = any(p.kind == "custom" and p.track == FLUX for p in evidence.inventory.pins)
    dependencies = _dependencies(evidence)
    if dependencies and not urls and not configured:
        yield _finding(
            "FB102",
            dependencies[0],
            "a chart depends on flux2, but nothing in live code installs a Flux release "
            "(install.yaml URL)",
        )


# --- FB103: both sides are the same release ---------------------------------------------------


def version_agreement(evidence: Evidence) -> Iterator[Outcome]:
    """What cloud-init installs is what the wrapper's chart ships."""
    installs = [*_exact(evidence, "install-url"), *_custom(evidence, FLUX)]
    chart_pins = ("chart-dependency", "helm-release", "terraform", *_WITHIN)
    charts = [pin for kind in chart_pins for pin in _exact(evidence, kind) if pin.track == FLUX2]
    for wrapper in [*charts, *_custom(evidence, FLUX2)]:
        shipped, source = evidence.shipped(wrapper)
        if shipped is None and evidence.no_index:
            yield NotRun("FB103", f"no chart index: {evidence.no_index}")
            continue
        for url in installs:
            if url.value != shipped:
                yield _disagreement(url, wrapper, shipped, source)


def _disagreement(url: Pin, wrapper: Pin, shipped: str | None, source: str) -> Finding:
    ships = f"ships Flux {shipped} (says {source})" if shipped else "is not in the chart index"
    return _finding(
        "FB103",
        url,
        f"cloud-init installs Flux {url.value}, but {wrapper.location} asks for "
        f"flux2 {wrapper.value}, which {ships}",
        Related(wrapper.location, f"flux2 {wrapper.value} {ships}"),
    )


# --- FB104: the values mirror -----------------------------------------------------------------


def values_mirror(evidence: Evidence) -> Iterator[Outcome]:
    """The wrapper's values repeat the dependency."""
    mirrors = _of(evidence, "values-mirror")
    for wrapper in _dependencies(evidence):
        folder = wrapper.location.path.removesuffix("Chart.yaml")
        own = [mirror for mirror in mirrors if _beside(mirror, folder)]
        before = [] if evidence.base is None else evidence.base.pins
        gone = sum(p.kind == "values-mirror" and _beside(p, folder) for p in before) > len(own)
        if gone or not own:
            yield _finding(
                "FB104",
                wrapper,
                f"{folder}values.yaml has {'fewer mappings than before' if own else 'no mapping'} "
                "with `chart: flux2` and a version that mirrors this dependency",
            )
        for mirror in own:
            if mirror.value != wrapper.value:
                yield _finding(
                    "FB104",
                    mirror,
                    f"the values say flux2 {mirror.value or 'without a version'}, but "
                    f"{wrapper.location} depends on {wrapper.value}",
                    Related(wrapper.location, f"depends on flux2 {wrapper.value}"),
                )


def _beside(mirror: Pin, folder: str) -> bool:
    return mirror.location.path.removeprefix(folder).startswith("values")


# --- FB108, FB109, FB110: everything else follows the chart -----------------------------------


def umbrella_dependency(evidence: Evidence) -> Iterator[Outcome]:
    """An umbrella depends on the version that its wrapper has."""
    yield from _behind_chart(evidence, "FB108", "chart-dependency")


def helm_release(evidence: Evidence) -> Iterator[Outcome]:
    """Every cluster asks for the version that the chart has."""
    yield from _behind_chart(evidence, "FB109", "helm-release", "terraform", *_WITHIN, "custom")


def version_mirror(evidence: Evidence) -> Iterator[Outcome]:
    """A blueprint repeats its chart's version, and an appVersion that mirrored still does."""
    yield from _behind_chart(evidence, "FB110", "blueprint")
    mirrors = {pin.location.path for pin in _of(evidence, "app-version")}
    own = {pin.location.path: pin for pin in _of(evidence, "chart-version")}
    before = evidence.base.pins if evidence.base else ()
    for pin in before:
        chart = own.get(pin.location.path)
        if pin.kind == "app-version" and chart is not None and chart.location.path not in mirrors:
            yield _finding(
                "FB110",
                replace(chart, location=_app_version(evidence, chart.location)),
                f"{pin.subject} mirrored {pin.track} at the base ({pin.value}), and no longer does",
                Related(chart.location, f"{chart.subject} is {chart.value}"),
            )


def _app_version(evidence: Evidence, chart: Location) -> Location:
    document = yamltext.documents(evidence.inventory.files[chart.path], chart.path)[0]
    scalar = document.scalar(yamltext.get(document.root, "appVersion"))
    return scalar.location if scalar else chart


def _behind_chart(evidence: Evidence, code: str, *kinds: str) -> Iterator[Finding]:
    charts = {chart.track: chart for chart in evidence.inventory.charts}
    own = {pin.track: pin for pin in _of(evidence, "chart-version")}
    pins = [p for kind in kinds for p in _of(evidence, kind) if p.track.kind is TrackKind.CHART]
    off = [pin for pin in pins if pin.track in charts and _differs(pin, charts[pin.track])]
    for pin in off:
        chart, version = charts[pin.track], own[pin.track]
        others = [o for o in off if o.track == pin.track and o is not pin]
        yield _finding(
            code,
            pin,
            f"{pin.subject} holds {_holds(pin)}, but {version.location} is {chart.version}",
            Related(version.location, f"chart {chart.name} is {chart.version}"),
            *(
                Related(other.location, f"{other.subject} holds {_holds(other)}")
                for other in others
            ),
        )


def _differs(pin: Pin, chart: Chart) -> bool:
    if pin.form is Form.RANGE:
        return not _admits(pin.value, chart.version)
    if pin.form is Form.VARIABLE:
        return False  # its value is not here to be judged; the inventory lists it
    return pin.value != chart.version


def _admits(text: str, version: str) -> bool:
    parsed = versions.parse(version)
    try:
        return parsed is not None and constraint.parse(text).admits(parsed)
    except ValueError:
        return False


RULES = (
    Rule(
        "FB101",
        "chart-dependency-pinned",
        Severity.ERROR,
        "The wrapper depends on one exact version of the community chart flux2.",
        chart_dependency,
    ),
    Rule(
        "FB102",
        "install-manifest-pinned",
        Severity.ERROR,
        "Every install.yaml URL in live code names one release, and the same one.",
        install_manifest,
    ),
    Rule(
        "FB103",
        "version-agreement",
        Severity.ERROR,
        "The release that cloud-init installs is the one that the wrapper's chart ships.",
        version_agreement,
    ),
    Rule(
        "FB104",
        "values-mirror",
        Severity.ERROR,
        "The wrapper's values repeat the version of its flux2 dependency.",
        values_mirror,
    ),
    Rule(
        "FB108",
        "umbrella-dependency",
        Severity.ERROR,
        "An umbrella chart depends on the version that its wrapper has.",
        umbrella_dependency,
    ),
    Rule(
        "FB109",
        "helm-release-version",
        Severity.ERROR,
        "Every HelmRelease asks for the version that its chart has.",
        helm_release,
    ),
    Rule(
        "FB110",
        "version-mirror",
        Severity.ERROR,
        "Files that repeat a chart's version hold the version that it has.",
        version_mirror,
    ),
)
