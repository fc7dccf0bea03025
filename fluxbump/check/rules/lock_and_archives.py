"""Rules about files that follow from pins: Chart.lock (FB111) and vendored archives (FB112)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from fluxbump.check.evidence_parts import Absent
from fluxbump.check.rules.rule import Evidence, NotRun, Outcome, Rule, Trait
from fluxbump.discover import chart_installs
from fluxbump.errors import PinError
from fluxbump.flux.chart_contents import Vendored
from fluxbump.helm import lock
from fluxbump.model import FLUX2, Finding, Form, Location, Pin, Related, Severity
from fluxbump.text import yaml


def chart_lock(evidence: Evidence) -> Iterator[Outcome]:
    """Check that each Chart.lock is the one that Helm would write (FB111)."""
    for chart in evidence.inventory.charts:
        path = f"{chart.directory}Chart.lock"
        text = evidence.charts.locks.get(path)
        if text is None:
            continue
        problem = _out_of_step(evidence.inventory.files[chart.path], path, text)
        if problem is not None:
            where, what = problem
            yield Finding(
                "FB111",
                Severity.ERROR,
                f"does not match {chart.path} ({what}). "
                f"Run helm dependency update {chart.directory.rstrip('/') or '.'}",
                where,
                (Related(Location(chart.path, 1), "declares the dependencies"),),
                gist=f"does not match its Chart.yaml ({what}). Run helm dependency update",
            )


def _out_of_step(chart: str, path: str, text: str) -> tuple[Location, str] | None:
    """Return where and how a lock differs from what Helm would write; None if it does not."""
    document = yaml.documents(text, path)[0]
    digest = document.at(yaml.get(document.root, "digest"))
    try:
        edits = lock.relock(
            chart_path=path,
            chart_text=chart,
            lock_path=path,
            lock_text=text,
            moved={},
            generated=datetime.fromtimestamp(0, UTC),
        )
    except PinError as error:
        return digest, error.message
    return (digest, "`helm dependency build` refuses it") if edits else None


def vendored_archive(evidence: Evidence) -> Iterator[Outcome]:
    """Check that each vendored flux2 is the one that its wrapper and the index name (FB112)."""
    dependencies = {
        pin.location.path: pin
        for pin in chart_installs.dependencies(evidence.inventory)
        if pin.form is Form.EXACT
    }
    for vendored in evidence.charts.vendored:
        pin = dependencies.get(vendored.wrapper)
        for problem in _problems(vendored, pin, evidence):
            related = (Related(pin.location, f"depends on flux2 {pin.value}"),) if pin else ()
            yield Finding("FB112", Severity.ERROR, problem, Location(vendored.path, 1), related)
        if vendored.sha256 and isinstance(evidence.index, Absent):
            reason = f"the digest of {vendored.path} was not compared: {evidence.index.why}"
            yield NotRun("FB112", reason)


def _problems(vendored: Vendored, pin: Pin | None, evidence: Evidence) -> Iterator[str]:
    if vendored.problem:
        yield vendored.problem
        return
    if vendored.name != FLUX2.name:
        yield f"holds the chart {vendored.name or 'without a name'}, not flux2"
    if pin is not None and vendored.version != pin.value:
        yield f"holds flux2 {vendored.version}, but {pin.location} depends on {pin.value}"
    if vendored.named is not None and vendored.named != vendored.version:
        yield f"is named after {vendored.named}, but holds flux2 {vendored.version}"
    release = evidence.chart(vendored.named or vendored.version)
    if release is None:
        return
    if vendored.version == str(release.version) and vendored.app_version.removeprefix("v") != str(
        release.app_version
    ):
        yield (
            f"claims Flux {vendored.app_version}, but the chart index says {release.app_version}"
        )
    if vendored.sha256 and release.digest and vendored.sha256 != release.digest:
        yield (
            f"is not the published archive of flux2 {release.version} "
            f"(sha256 {vendored.sha256}, not {release.digest})"
        )


RULES = (
    Rule(
        "FB111",
        "chart-lock",
        Severity.ERROR,
        "A Chart.lock is in step with its Chart.yaml.",
        chart_lock,
        traits=frozenset({Trait.AGREEMENT, Trait.STOPS_RUN}),
        advice="a Chart.lock is not in step with its Chart.yaml: `helm dependency update`",
        broken="a Chart.lock is not in step with its Chart.yaml",
    ),
    Rule(
        "FB112",
        "vendored-archive",
        Severity.ERROR,
        "A vendored flux2 is the version that the wrapper depends on, and what it claims to be.",
        vendored_archive,
        broken="a vendored flux2 is not the one that is named",
    ),
)
