r"""Runs regular expressions from configuration files within limits of time and memory.

The patterns have Python's syntax. The standard library's `re` has no time limit: `(a|aa)+$` takes
hours over a line. The package `regex` reads the same patterns and has one. It is imported only if
there is such a pattern. It has no limit while it compiles, where it expands nested counts, so this
module limits the patterns that it gets.
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
"""The maximum length of a pattern, in characters."""

MOST_TEXT = 4 << 20
"""The maximum length of a searched text, in characters.

A repeated group takes about 80 bytes of memory for each character.
"""

SECONDS = 2.0
"""The maximum processor time for the search of one text."""

_MOST_REPEATS = 1_000  # what the counts of a pattern come to, one inside the other
_COUNT = lazy_pattern(r"\{([0-9]{0,40})(?:,([0-9]{0,40}))?\}")


class PatternLimitError(Exception):
    """The search of a text for a pattern exceeds a limit.

    Attributes:
        reason: which limit, for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def require(pattern: str) -> None:
    """Check that a pattern can be used, and has a group `version`.

    Raises:
        ValueError: the pattern cannot be used; the message is one line that says why.
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
    """Yield the span of a group in each match of a pattern, unless the group is empty.

    Args:
        pattern: a pattern that `require` accepts.
        group: the name of the group.
        text: the text to search.

    Raises:
        PatternLimitError: the search takes too much time or memory.
    """
    with _limited(text):
        for match in _bounded(pattern).finditer(text, timeout=SECONDS):
            start, end = match.span(group)
            if start < end:
                yield start, end


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text.

    Raises:
        ValueError: the pattern cannot be used.
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
