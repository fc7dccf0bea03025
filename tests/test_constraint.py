import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from fluxbump.text import version_ranges
from tests import linear

_TABLE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "constraints.json").read_text(encoding="utf-8")
)
_VERSIONS = [Version.parse(text) for text in _TABLE["versions"]]
_VALID = [(text, answer) for text, answer in _TABLE["answers"].items() if answer is not None]
_INVALID = [text for text, answer in _TABLE["answers"].items() if answer is None]


@pytest.mark.parametrize(("text", "answer"), _VALID)
def test_answers_as_the_library_does(text: str, answer: str) -> None:
    parsed = version_ranges.parse(text)
    assert "".join("01"[parsed.admits(version)] for version in _VERSIONS) == answer


@pytest.mark.parametrize("text", _INVALID)
def test_refuses_what_the_library_refuses(text: str) -> None:
    with pytest.raises(version_ranges.ConstraintError) as caught:
        version_ranges.parse(text)
    assert "\n" not in str(caught.value)


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len(_VALID) > 150
    assert len(_INVALID) > 50
    assert len(_VERSIONS) > 30


@given(st.text(alphabet="0123xX*v.|<>=!~^-+a, \t", max_size=60))
def test_any_text_is_a_constraint_or_a_constraint_error(text: str) -> None:
    try:
        parsed = version_ranges.parse(text)
    except version_ranges.ConstraintError:
        return
    for version in _VERSIONS:
        parsed.admits(version)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_a_version_admits_itself(major: int, minor: int, patch: int) -> None:
    version = Version(major, minor, patch)
    for prefix in ("", "=", "v", "~", "^", ">=", "<="):
        assert version_ranges.parse(f"{prefix}{version}").admits(version)


@pytest.mark.parametrize(
    "text", ["1 " * 255 + "!", "1, " * 170 + "!", " " * 511, "1111" * 127 + " - ", "1.1-" * 128]
)
def test_hostile_text_is_answered(text: str) -> None:
    with linear.ends(), pytest.raises(version_ranges.ConstraintError):
        version_ranges.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.1.3", True),
        ("v1.1.3", True),
        ("=1.1.3", True),
        ("=v1.1.3", True),
        ("1.1.3-rc.1+build", True),
        ("", False),
        ("1.1", False),
        ("1.1.x", False),
        ("^1.1.3", False),
        ("~1.1.3", False),
        (">=1.1.3", False),
        ("1.1.3 || 1.1.4", False),
        ("==1.1.3", False),
        ("01.1.3", False),
        ("1.1.3\n", False),
        ("${VERSION}", False),
    ],
)
def test_exact_means_one_full_version(text: str, expected: bool) -> None:
    assert version_ranges.is_exact(text) is expected


@pytest.mark.parametrize(
    ("text", "version", "admitted"),
    [
        ("^1.2.0", "1.4.0", True),
        ("^1.2.0", "v1.4.0", True),
        ("^1.2.0", "2.0.0", False),
        ("^1.2.0", "1.4", False),
        ("not a range", "1.4.0", False),
    ],
)
def test_what_is_no_range_or_no_version_admits_nothing(
    text: str, version: str, admitted: bool
) -> None:
    assert version_ranges.admits(text, version) is admitted
