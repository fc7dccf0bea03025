"""Finds the key whose value contains a character of a YAML document. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Span = tuple[int, int, str]
"""The start of a value, the offset behind it, and its key."""


class KeySpans:
    """An index of the spans of all values in a document.

    Args:
        values: the spans with their keys. Any two are apart, or one is in the other. If two have
            the same span, because of an alias, the later one counts.
    """

    def __init__(self, values: Iterable[Span]) -> None:
        self._bounds: list[int] = []
        self._keys: list[str | None] = []
        open_values: list[Span] = []
        for start, end, key in sorted(values, key=lambda span: (span[0], -span[1])):
            self._close(open_values, start)
            if start < end:
                open_values.append(
                    (start, min(end, open_values[-1][1]) if open_values else end, key)
                )
                self._add(start, key)
        self._close(open_values, None)

    def _close(self, open_values: list[Span], until: int | None) -> None:
        while open_values and (until is None or open_values[-1][1] <= until):
            _, end, _ = open_values.pop()
            self._add(end, open_values[-1][2] if open_values else None)

    def _add(self, bound: int, key: str | None) -> None:
        self._bounds.append(bound)
        self._keys.append(key)

    def around(self, position: int) -> str | None:
        """Return the key of the innermost value around a position; None outside of all values."""
        before = bisect_right(self._bounds, position)
        return self._keys[before - 1] if before else None
