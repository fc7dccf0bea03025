"""The table of attacks in `SECURITY.md`: each names tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.helpers import ROOT

ROWS = [
    line
    for line in (ROOT / "SECURITY.md").read_text("utf-8").partition("## Attacks")[2].splitlines()
    if line.startswith("| ") and not line.startswith(("| Attack", "|---"))
]


@cache
def tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_the_table_is_read() -> None:
    assert len(ROWS) >= 16


@pytest.mark.parametrize("row", ROWS)
def test_each_attack_is_held_by_tests_that_exist(row: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
    assert named
    assert [name for path, name in named if name not in tests_of(path)] == []
