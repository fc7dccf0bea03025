"""The rule that a wrapper's values repeat the version of its flux2 dependency (FB104)."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.check.rules.rule import (
    Evidence,
    Finding,
    NotApplicable,
    Outcome,
    Related,
    Rule,
    Severity,
    Trait,
    optional,
)
from fluxbump.discover import chart_installs
from fluxbump.discover.pins import traits
from fluxbump.model import Pin

_CODE = "FB104"


def _finding(pin: Pin, message: str, *related: Related, gist: str = "") -> Finding:
    return Finding(_CODE, Severity.ERROR, message, pin.location, related, gist=gist)


def values_mirror(evidence: Evidence) -> Iterator[Outcome]:
    """Check that each wrapper's values repeat the version of its dependency (FB104)."""
    mirrors = [pin for pin in evidence.inventory.pins if pin.kind in traits.MIRROR]
    history, base = optional(evidence.history), optional(evidence.baseline)
    for wrapper in chart_installs.dependencies(evidence.inventory):
        folder = wrapper.location.path.removesuffix("Chart.yaml")
        own = [mirror for mirror in mirrors if _beside(mirror, folder)]
        before = base.inventory.pins if base else ()
        gone = sum(p.kind in traits.MIRROR and _beside(p, folder) for p in before) > len(own)
        once = history is not None and wrapper.location.path in history.mirrored
        if gone or (not own and (mirrors or once)):
            yield _finding(
                wrapper,
                f"{folder}values.yaml has {'fewer mappings than before' if own else 'no mapping'} "
                "with `chart: flux2` and a version that mirrors this dependency"
                f"{_habit(gone=gone, once=once)}",
            )
        elif not own:
            yield NotApplicable(_CODE, f"no values mirror is kept here, nor was one ({folder})")
        yield from (_differs(mirror, wrapper) for mirror in own if mirror.value != wrapper.value)


def _differs(mirror: Pin, wrapper: Pin) -> Finding:
    said = f"the values say flux2 {mirror.value or 'without a version'}"
    return _finding(
        mirror,
        f"{said}, but {wrapper.location} depends on {wrapper.value}",
        Related(wrapper.location, f"depends on flux2 {wrapper.value}"),
        gist=f"{said}, but their chart depends on {wrapper.value}",
    )


def _habit(*, gone: bool, once: bool) -> str:
    """Return why a mirror is expected; empty if the base had one, which the message says."""
    if gone:
        return ""
    return ", as it once had" if once else ", as another chart here has"


def _beside(mirror: Pin, folder: str) -> bool:
    return mirror.location.path.removeprefix(folder).startswith("values")


RULES = (
    Rule(
        _CODE,
        "values-mirror",
        Severity.ERROR,
        "The wrapper's values repeat the version of its flux2 dependency.",
        values_mirror,
        traits=frozenset({Trait.AGREEMENT, Trait.STOPS_RUN, Trait.REALIGNED}),
        broken="values do not repeat the version of flux2",
    ),
)
