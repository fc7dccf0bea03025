"""Each row of the table of what people can do names the test that does it."""

from __future__ import annotations

import re

from tests.helpers import ROOT

TABLE = re.compile(
    r"^\| You \| The next run \| Shown by \|\n\|[-|]+\|\n((?:\|.*\|\n)+)", re.MULTILINE
)
TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)


def test_each_row_names_a_test_that_there_is() -> None:
    found = TABLE.search((ROOT / "docs" / "run.md").read_text("utf-8"))
    assert found
    rows = found[1].splitlines()
    named = [re.search(r"\| `(test_\w+)` \|$", row) for row in rows]
    assert [row for row, name in zip(rows, named, strict=True) if name is None] == []
    text = (ROOT / "tests" / "lifecycle" / "test_people.py").read_text("utf-8")
    tests = set(TEST.findall(text))
    assert {name[1] for name in named if name} <= tests
    assert len(rows) >= 13
