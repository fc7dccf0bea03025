"""No pattern of the package takes exponential time: what a stranger writes meets each of them."""

from __future__ import annotations

import re
import signal
import time

import pytest

from tests import pattern_inputs

_UNITS = (
    " ", "a", "a ", "{{ a }} ", "{% a %} ", "%{ a } ", "${a} ", "$a ", "1.", "1.2.3 ", "v1.2.3-a.",
    '"', "\\", '\\"', "'a' ", "- ", "- - ", "a: ", "a=", "# ", "\t", " \n", "\n\n", "# a\n", "a/",
    "(", "()", "[a] ", "a, ", "a.b", "a-", "_", "--a ", "--a=b ", "<!-- ", "`a` ", "| a ", "|",
    "https://a.b/", "sha256:aaaa ", "flux ", "flux2 2.3 ", "FROM a AS b ", "ARG A=", "&& ", "; ",
    "@", "*", "> ", "a\\\n", "<a ", "::", "renovate: a=b ", "is now ", "helm ", "fluxcd/flux2/",
)  # fmt: skip
_TIMES = 32
"""Repetitions: with two ways for each, an exponential pattern does not end; any other does at once.

"""
_SECONDS = 2.0
"""Processor time after which a search is given up."""


EVERY = pattern_inputs.every()
USES = pattern_inputs.uses()
_SMALL = 1_500
"""Characters of the smaller text."""
_NOISE = 0.03
"""Seconds of processor time below which a search says nothing."""

ONCE_QUADRATIC = (
    "check.lost_installs._ANOTHER_WAY",
    "discover.cross_references._VARIABLE",
    "discover.digests.names.NAMED",
    "discover.objects.flux_objects._OBJECT",
    "discover.pins.releases.controller_image._SET_BLOCK",
    "discover.pins.releases.digest._URL",
    "discover.pins.releases.flux_cli._REFERENCE",
    "discover.pins.releases.flux_instance._SET",
    "discover.pins.releases.tool_version._TABLE",
    "discover.pins.tagged_urls._ANY_URL",
    "flux.gotk_options._DOMAIN",
    "helm.registry.manifest._NEXT",
    "run.pull_request.state._BLOCK",
    "text.bounded_pattern._COUNT",
    "text.literals._GIVES",
    "text.literals._LINK",
)
"""Patterns whose work grew with the square of a text that others write."""


class _EndlessError(BaseException):
    pass


def _give_up(*_: object) -> None:
    raise _EndlessError


def _ends(compiled: re.Pattern[str], text: str) -> bool:
    """Whether a search takes less processor time than the limit."""
    return _seconds(compiled, text, frozenset({"search"})) < _SECONDS


def _seconds(compiled: re.Pattern[str], text: str, methods: frozenset[str]) -> float:
    """Return the processor time that the uses of a pattern take of a text."""
    started = time.process_time()
    before = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        if methods <= {"match", "fullmatch"} and methods:
            for method in methods:
                getattr(compiled, method)(text)
        elif methods == {"search"}:
            compiled.search(text)
        else:
            for _ in compiled.finditer(text):
                pass
    except _EndlessError:
        return _SECONDS
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return time.process_time() - started


@pytest.mark.parametrize("name", EVERY)
def test_a_pattern_ends(name: str) -> None:
    compiled = re.compile(*EVERY[name])
    for unit in _UNITS:
        for tail in ("", "\n", "!", " x"):
            assert _ends(compiled, unit * _TIMES + tail), (unit, tail)


def _methods(name: str) -> frozenset[str]:
    """Return how a pattern is used; nothing if that is not known."""
    if " " in name:
        return frozenset({name.rpartition(" ")[2]}) - {"compile"}
    return USES.get(name.rpartition(".")[2].partition("[")[0], frozenset())


def _grows(compiled: re.Pattern[str], methods: frozenset[str], before: str, unit: str) -> bool:
    """Whether ten times the text takes thirty times as long, or more."""
    for begin, piece in ((before, unit), ("", before + unit)):
        small, large = (
            begin + piece * (size // len(piece)) + "\0" for size in (_SMALL, 10 * _SMALL)
        )
        taken = _seconds(compiled, large, methods)
        if taken < _NOISE:
            continue
        least = min(_seconds(compiled, small, methods) for _ in range(3))
        taken = min(taken, _seconds(compiled, large, methods))
        if taken > 30 * max(least, _NOISE / 30):
            return True
    return False


@pytest.mark.parametrize("name", ONCE_QUADRATIC)
def test_work_of_a_pattern_grows_with_the_text(name: str) -> None:
    compiled, methods = re.compile(*EVERY[name]), _methods(name)
    grown = [
        unit for unit in sorted(pattern_inputs.units(*EVERY[name]))
        if _grows(compiled, methods, *unit)
    ]  # fmt: skip
    assert grown == []


def test_a_quadratic_search_is_seen() -> None:
    pattern = re.compile(r"\w+:")
    assert pattern_inputs.units(pattern.pattern, 0) == {("", "a")}
    assert _grows(pattern, frozenset({"search"}), "", "a")


def test_the_limit_sees_what_never_ends() -> None:
    assert not _ends(re.compile("(a+)+b"), "a" * 60)
