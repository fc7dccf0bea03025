r"""Patterns that somebody else wrote: they are Python's, and take bounded time and memory.

The standard library's `re` has no bound: `(a|aa)+$` takes hours over a line. `regex` reads the same
patterns and gives up after a time; it is imported only if there is such a pattern. It has no bound
when it compiles, where it writes nested counts out, so what it may be given is decided here.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from fluxbump.text.patterns import lazy_pattern

if TYPE_CHECKING:
    import regex

LONGEST = 1_000
"""Characters of a pattern."""

MOST_TEXT = 4 << 20
"""Characters of a text; a group that is repeated takes some eighty bytes for each."""

SECONDS = 2.0
"""Processor time for one text."""

_MOST_REPEATS = 1_000  # what the counts of a pattern come to, one inside the other
_COUNT = lazy_pattern(r"\{([0-9]{0,40})(?:,([0-9]{0,40}))?\}")


class PatternLimitError(Exception):
    """A pattern takes more than it may over a text.

    Attributes:
        reason: what it takes, for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def require(pattern: str) -> None:
    """Check that a pattern can be used, and has a group `version`.

    Raises:
        ValueError: it cannot; one line that says why.
    """
    if "version" not in _bounded(pattern).groupindex:
        raise ValueError("has no group called version: (?P<version>…)")


@cache
def _bounded(pattern: str) -> regex.Pattern[str]:
    import regex

    if len(pattern) > LONGEST:
        raise ValueError(f"is longer than {LONGEST:,} characters")
    counts = [max(int(number[:9] or 0) for number in pair) for pair in _COUNT.findall(pattern)]
    if math.prod(max(count, 1) for count in counts) > _MOST_REPEATS:
        raise ValueError(f"its counts come to more than {_MOST_REPEATS:,} repetitions")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a later Python reads in another way
            re.compile(pattern)  # what only the other library reads is no pattern of Python
            return regex.compile(pattern)
    except (re.error, regex.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from None


def found(pattern: str, group: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where a group of a pattern is in a text; matches in which it holds nothing are passed.

    Args:
        pattern: that `require` takes.
        group: its name.
        text: that is searched.

    Raises:
        PatternLimitError: the search takes too much time or memory.
    """
    with _limited(text):
        for match in _bounded(pattern).finditer(text, timeout=SECONDS):
            start, end = match.span(group)
            if start < end:
                yield start, end


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern is found in a text.

    Raises:
        ValueError: it is no pattern that can be used.
        PatternLimitError: the search takes too much time or memory.
    """
    with _limited(text):
        return _bounded(pattern).search(text, timeout=SECONDS) is not None


@contextmanager
def _limited(text: str) -> Iterator[None]:
    if len(text) > MOST_TEXT:
        raise PatternLimitError(f"is for texts of up to {MOST_TEXT >> 20} MiB")
    try:
        yield
    except TimeoutError:
        raise PatternLimitError(f"takes more than {SECONDS:g} seconds") from None
    except MemoryError:
        raise PatternLimitError("takes too much memory") from None
