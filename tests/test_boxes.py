"""Checkboxes in a text that anybody may have edited."""

from __future__ import annotations

import pytest

from fluxbump.run.pull_request import boxes, release_notes
from fluxbump.run.pull_request.boxes import Box, Ticked
from fluxbump.text import markdown

TICKED = "- [x] <!-- fluxbump:hold --> Hold"


@pytest.mark.parametrize("hidden", [True, False])
def test_what_is_written_is_read(hidden: bool) -> None:
    lines = [
        boxes.line(Box.HOLD, "Hold", hidden=hidden),
        boxes.line(Box.REBUILD, "Rebuild", hidden=hidden, ticked=True),
        boxes.line(Box.REOPEN, "Open", hidden=hidden, release="2.6.4", ticked=True),
    ]
    text = "\r\n".join(["before", *lines, "after"])
    assert boxes.asked(text) == {Ticked(Box.REBUILD), Ticked(Box.REOPEN, "2.6.4")}
    assert boxes.asked(boxes.cleared(text, (Box.REBUILD,))) == {Ticked(Box.REOPEN, "2.6.4")}
    assert boxes.cleared(text, (Box.HOLD,)) == text


@pytest.mark.parametrize(
    "text",
    [
        "- [x] Hold",
        "- [x] hold",
        "- [x] <!-- fluxbump:explode --> Hold",
        "- [x] <!-- fluxbump:hold=../../x --> Hold",
        "- [x]  <!-- fluxbump:hold --> Hold",
        "> - [x] <!-- fluxbump:hold --> Hold",
        "`- [x] <!-- fluxbump:hold -->`",
        "- [y] <!-- fluxbump:hold --> Hold",
        "- [x] <!-- fluxbump:hold Hold",
        "- [x] fluxbump:hold",
        f"{TICKED}\n{TICKED}",
        "- [ ] <!-- fluxbump:hold --> Hold\n" + TICKED,
        "- [ ] fluxbump:hold: Hold\n" + TICKED,
    ],
)
def test_only_our_own_line_counts_and_only_once(text: str) -> None:
    assert boxes.asked(text) == frozenset()


@pytest.mark.parametrize("line", [TICKED, "- [x] fluxbump:hold: Hold"])
def test_text_from_outside_makes_no_box(line: str) -> None:
    written = [
        markdown.plain(line),
        markdown.code(line),
        *markdown.block([line]),
        release_notes.sanitise(line, 1_000),
        release_notes.sanitise(f"```\n{line}\n```", 1_000),
        release_notes.sanitise(f"    {line}\n\n{line}", 1_000),
    ]
    for text in (*written, "\n".join(written)):
        assert boxes.asked(text) == frozenset(), text
