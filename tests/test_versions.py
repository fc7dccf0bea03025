"""Version texts."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from fluxbump.text import versions

_VALUES = ("1.2.3", "1.2.3-rc.1", "2.4.0", "12.4.0", "0.0.1")
_PIECES = st.sampled_from(
    [*_VALUES, "v", "V", ".", "-", "+", " ", "\n", "0", "x", "_", "1.2.30", "\u00e9", "v1.2.3."]
)


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_occurrences_are_what_the_pattern_for_any_version_finds(text: str) -> None:
    choice = "|".join(re.escape(one) for one in sorted(_VALUES, key=len, reverse=True))
    slow = re.compile(rf"(?<![\w.+])v?(?P<version>{choice})(?![\w+]|\.[0-9]|-\w)")
    expected = [(match.start("version"), match["version"]) for match in slow.finditer(text)]
    assert list(versions.occurrences(text, _VALUES)) == expected
    everything = {
        (match.start("version"), match["version"]) for match in versions.IN_TEXT.finditer(text)
    }
    assert {one for one in everything if one[1] in _VALUES} <= set(expected)
