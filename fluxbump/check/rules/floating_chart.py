"""The rule about charts without an exact version, checked by what Helm takes today (FB115)."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.check.rules.pin_findings import of_pin
from fluxbump.check.rules.rule import Evidence, Outcome, Rule, Trait, needed
from fluxbump.discover import release_installs
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import installs
from fluxbump.helm.chart_releases import ChartRelease
from fluxbump.model import FLUX2, Finding, Form, Pin, Related, Severity
from fluxbump.text import version_ranges

_CODE = "FB115"
_ELSEWHERE = traits.WRAPPED  # FB101 wants that exact, whatever it comes to
_STABLE = ">=0.0.0"


def floating(evidence: Evidence) -> Iterator[Outcome]:
    """Check that a chart flux2 without an exact version ships the installed release (FB115)."""
    beside = _beside(evidence)
    for pin in _floating(evidence):
        yield _judged(pin, _newest(pin, evidence), beside)


def _none(evidence: Evidence) -> str | None:
    if _floating(evidence):
        return None
    return "every version of the chart flux2 here is exact, or a variable"


def _floating(evidence: Evidence) -> list[Pin]:
    return [pin for pin in installs(evidence.inventory.pins, FLUX2) if _floats(pin)]


def _floats(pin: Pin) -> bool:
    return pin.kind not in _ELSEWHERE and pin.form in (Form.RANGE, Form.UNPINNED)


def _newest(pin: Pin, evidence: Evidence) -> ChartRelease | None:
    """Return the chart that Helm takes today; None if no chart in the index fits."""
    try:
        wanted = version_ranges.parse(pin.value if pin.form is Form.RANGE else _any(pin.value))
    except version_ranges.ConstraintError:
        return None
    fitting = (
        chart_release
        for chart_release in needed(evidence.index).values()
        if wanted.admits(chart_release.version)
    )
    return max(fitting, key=lambda chart_release: chart_release.version, default=None)


def _any(text: str) -> str:
    """Return the range that an open version stands for: all versions, or all stable ones."""
    return text if text.endswith("-0") else _STABLE


def _beside(evidence: Evidence) -> list[tuple[Pin, str, str]]:
    """Return the exact pins to compare with, each with its release and a text about it.

    They are the pins that install Flux, or if there are none, the exact charts.
    """
    files = evidence.inventory.files
    installed = [
        (pin, pin.value, f"{release_installs.name(pin, files)} installs Flux {pin.value}")
        for pin in release_installs.exact(evidence.inventory)
    ]
    if installed:
        return installed
    exact = (pin for pin in evidence.inventory.pins if pin.form is Form.EXACT)
    charts = installs(exact, FLUX2)
    shipped = [(pin, evidence.shipped(pin)[0]) for pin in charts]
    return [
        (pin, release, f"{pin.subject} asks for flux2 {pin.value}, which ships Flux {release}")
        for pin, release in shipped
        if release
    ]


def _judged(pin: Pin, newest: ChartRelease | None, beside: list[tuple[Pin, str, str]]) -> Finding:
    held = f"holds {_words(pin)}"
    if newest is None:
        return of_pin(
            _CODE, Severity.WARNING, pin, f"{held}, which admits no chart of the chart index"
        )
    release = str(newest.app_version)
    when = f" of {newest.created:%Y-%m-%d}" if newest.created else ""
    today = f"{held}, today flux2 {newest.version}{when}, which ships Flux {release}"
    others = [(other, said) for other, its_release, said in beside if its_release != release]
    if others:
        first, said = others[0]
        tail = f"{today}, but {said} ({first.location}). Write an exact version"
        related = [Related(other.location, said) for other, said in others]
        return of_pin(_CODE, Severity.ERROR, pin, tail, *related)
    same = ", as here" if beside else ""
    tail = f"{today}{same}. The next chart moves it without a commit"
    return of_pin(_CODE, Severity.WARNING, pin, tail)


def _words(pin: Pin) -> str:
    if pin.form is Form.RANGE:
        return f"the range {pin.value}"
    return f"{pin.value}, which is the newest version" if pin.value else "no version"


RULES = (
    Rule(
        _CODE,
        "floating-chart",
        Severity.ERROR,
        "A chart flux2 without an exact version comes to the release that is installed.",
        floating,
        needs=("index",),
        inapplicable=_none,
        traits=frozenset({Trait.AGREEMENT}),
        broken="a floating chart comes to another release",
    ),
)
