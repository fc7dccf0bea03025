"""Patterns of a stranger: what is refused, and what a search may take."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fluxbump.discover.inventory import discover
from fluxbump.discover.pins.kind import CustomPin
from fluxbump.discover.scope import Scope
from fluxbump.errors import ConfigError
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.text import bounded_pattern
from fluxbump.text.bounded_pattern import PatternLimitError

GROUP = "(?P<version>b)"


def test_a_search_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_pattern, "SECONDS", 0.05)
    with pytest.raises(PatternLimitError, match=r"takes more than 0\.05 seconds"):
        list(bounded_pattern.found(r"(?:a|aa)+$(?P<version>b)?", "version", "a" * 60 + "c"))


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("FLUX=.*", "has no group called version"),
        ("(?P<version>", "not a regular expression"),
        ("(?P<version>a)(?P<version>b)", "not a regular expression"),
        ("(?P<version>(?R))", "not a regular expression"),  # of the other library alone
        ("(?P<version>a{99999999999999999999})", "its counts come to more than 1,000 repetitions"),
        ("(?P<version>((a{1000}){1000}){1000})", "its counts come to more than 1,000 repetitions"),
        ("(?P<version>" + "(" * 490 + "a" + ")" * 490 + ")", "not a regular expression"),
        ("(?P<version>a)" + "b" * 1000, "is longer than 1,000 characters"),
    ],
)
def test_a_pattern_that_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        bounded_pattern.require(pattern)


@pytest.mark.parametrize("pattern", ["FLUX=(?P<version>[0-9.]+)?", "FLUX=(?P<version>[0-9.]*)"])
def test_a_group_that_holds_nothing_is_passed(pattern: str) -> None:
    files = {"a.env": b"FLUX=\nFLUX=2.4.0\n"}
    scope = Scope(custom=(CustomPin("a.env", "flux", pattern=pattern),), also=("FLUX",))
    assert list(bounded_pattern.found(pattern, "version", "FLUX=\nFLUX=2.4.0\n")) == [(11, 16)]
    discover(MemorySnapshot(files), scope)


def test_a_file_that_takes_too_long_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_pattern, "SECONDS", 0.05)
    files = {"x.txt": b"flux2 " + b"a" * 60 + b"c"}
    custom = CustomPin("x.txt", "flux", pattern="(?:a|aa)+$(?P<version>b)", line=7)
    with pytest.raises(ConfigError) as caught:
        discover(MemorySnapshot(files), Scope(custom=(custom,)))
    assert caught.value.message == "the pattern takes more than 0.05 seconds: x.txt"
    assert str(caught.value.where) == "fluxbump.yaml:7"


def test_a_text_that_is_too_large_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_pattern, "MOST_TEXT", 3)
    with pytest.raises(PatternLimitError, match="is for texts of up to"):
        list(bounded_pattern.found(GROUP, "version", "bbbb"))


def test_the_engine_is_not_imported_without_a_pattern() -> None:
    script = (
        "import sys; from fluxbump.config import file; file.parse('bump: minor\\n');"
        "print('regex' in sys.modules);"
        "file.parse('pins: [{path: a, track: flux, pattern: \"(?P<version>a)\"}]\\n');"
        "print('regex' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["False", "True"]
