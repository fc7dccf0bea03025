"""No pattern of the package takes exponential time: what a stranger writes meets each of them."""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator

import pytest

import fluxbump
from fluxbump.text import patterns

_UNITS = (
    " ", "a", "a ", "{{ a }} ", "{% a %} ", "%{ a } ", "${a} ", "$a ", "1.", "1.2.3 ", "v1.2.3-a.",
    '"', "\\", '\\"', "'a' ", "- ", "- - ", "a: ", "a=", "# ", "\t", " \n", "\n\n", "# a\n", "a/",
    "(", "()", "[a] ", "a, ", "a.b", "a-", "_", "--a ", "--a=b ", "<!-- ", "`a` ", "| a ", "|",
    "https://a.b/", "sha256:aaaa ", "flux ", "flux2 2.3 ", "FROM a AS b ", "ARG A=", "&& ", "; ",
    "@", "*", "> ", "a\\\n", "<a ", "::", "renovate: a=b ", "is now ", "helm ", "fluxcd/flux2/",
)  # fmt: skip
_TIMES = 32
"""Repetitions: with two ways for each, an exponential pattern does not end; any other does at once.

One that is quadratic is held by the tests of whole files.
"""
_SECONDS = 2.0


def _patterns() -> Iterator[tuple[str, str, int]]:
    for module in pkgutil.walk_packages(fluxbump.__path__, "fluxbump."):
        if module.name == "fluxbump.__main__":
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern | patterns._Pattern) and isinstance(value.pattern, str):
                yield f"{module.name.removeprefix('fluxbump.')}.{name}", value.pattern, value.flags


EVERY = {name: (pattern, flags) for name, pattern, flags in _patterns()}


class _EndlessError(BaseException):
    pass


def _give_up(*_: object) -> None:
    raise _EndlessError


def _ends(compiled: re.Pattern[str], text: str) -> bool:
    """Whether a search takes less processor time than the limit."""
    before = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        compiled.search(text)
    except _EndlessError:
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return True


@pytest.mark.parametrize("name", EVERY)
def test_a_pattern_ends(name: str) -> None:
    compiled = re.compile(*EVERY[name])
    for unit in _UNITS:
        for tail in ("", "\n", "!", " x"):
            assert _ends(compiled, unit * _TIMES + tail), (unit, tail)


def test_the_limit_sees_what_never_ends() -> None:
    assert not _ends(re.compile("(a+)+b"), "a" * 60)
