"""Release notes from outside: whatever they hold, they do nothing on a forge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fluxbump.run.pull_request.release_notes import MAX_INPUT, sanitise
from fluxbump.text import markdown

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ROOM = 1_000_000
SENTINEL = "the end of it"

pieces = st.sampled_from([
    "@name", "@org/team", " @a", "#12", "GH-7", "a/b#3", "!4", "fixes ", "`", "``", "```", "~~~",
    "<", ">", "<!--", "-->", "<!-- fluxbump", "<b>", "</details>", "<img src=x>", "&", "&#64;x",
    "&lt;", "&#10;", "[a]", "(https://e.org/x)", "[b](https://e.org/pull/1)", "![i](x)", "\\", "|",
    "https://e.org/a_(b)", "https://u:secret@e.org/", "www.e.org", "# h", "## ", "===", "---", "- ",
    "* ", "1. ", "> ", "  ", "    ", "\t", "\n", "\n\n", "\r\n", "/close", "/merge x", "$x$", "**",
    "_", "~", "word", "é", "\u202e", "\u200b", "\x00", "\u2028", "[x]: https://e.org",
])  # fmt: skip
hostile = st.one_of(st.lists(pieces, max_size=40).map("".join), st.text(max_size=200))


def flat(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from flat(token.children or ())


def parsed(text: str) -> list[Token]:
    return list(flat(PARSER.parse(text)))


@given(hostile)
@example("```\n<!-- fluxbump")
@example("- a\n\n      ```\n@x\n")
@example("`` ` ``` `")
@example("[a](https://e.org/`)`<b>`")
@example("&#64;name &#35;12 &lt;b&gt;")
@example("\\@name \\#12 \\[a\\](https://e.org) \\<b>")
@example("@\u200bname #\u202e12")
@example("<<b>b>@<b></b>name")
@example("<b>/close\n")
def test_nothing_that_acts_is_left(text: str) -> None:
    out = sanitise(text, ROOM)
    tokens = parsed(out)
    types = {token.type for token in tokens}
    assert not types & {"html_block", "html_inline", "link_open", "image", "table_open"}
    assert all(token.tag >= "h4" for token in tokens if token.type == "heading_open")
    assert "<!--" not in out
    assert "secret" not in out
    for token in tokens:
        if token.type in ("text", "code_inline", "fence", "code_block"):
            shown = token.content
            assert not re.search(r"(?<![\w.+-])@\w", shown), out
            assert not re.search(r"#\d|\bGH-\d|(?<!\w)!\d", shown), out
        if token.type in ("text", "text_special"):
            assert not re.search(r"@\w", token.content), out
    assert not re.search(r"^\s*/[a-z]+(?:\s|$)", out, re.MULTILINE), out
    assert [c for c in out if not c.isprintable() and c not in f"\n{markdown.GAP}"] == []


@given(hostile, st.integers(0, 400))
def test_it_keeps_to_its_length_and_ends_outside_of_code(text: str, limit: int) -> None:
    out = sanitise(text, limit)
    assert len(out) <= limit
    *_, opening, inline, closing = PARSER.parse(f"{out}\n\n{SENTINEL}")
    assert (opening.type, inline.content, closing.type) == (
        "paragraph_open", SENTINEL, "paragraph_close",
    )  # fmt: skip
    if out != sanitise(text, ROOM):
        assert out == "" or out.endswith("left out, for length.*")


@given(hostile)
def test_it_is_the_same_every_time(text: str) -> None:
    assert sanitise(text, 300) == sanitise(text, 300)


NOTES = """## Flux 2.6.4

Flux v2.6.4 is a *patch* release with **fixes** by @name. <!-- hidden -->
Fixes #12, fluxcd/flux2#4 and https://github.com/fluxcd/flux2/issues/5.

* [CHANGELOG](https://github.com/fluxcd/flux2/blob/v1/CHANGELOG.md) and `flux migrate`
  - below it
![logo](https://e.org/x.png) &lt;b&gt; a|b
```sh
flux install # for @name
```
"""


def test_what_is_good_in_them_stays() -> None:
    gap = markdown.GAP
    assert sanitise(NOTES, ROOM) == (
        "##### Flux 2.6.4\n\n"
        f"Flux v2.6.4 is a *patch* release with **fixes** by @{gap}name.\n"
        f"Fixes #{gap}12, fluxcd/flux2#{gap}4 and `https://github.com/fluxcd/flux2/issues/5`.\n\n"
        "- CHANGELOG (`https://github.com/fluxcd/flux2/blob/v1/CHANGELOG.md`) and `flux migrate`\n"
        "   - below it\nlogo &lt;b&gt; a\\|b\n\n"
        f"```\nflux install # for @{gap}name\n```"
    )


@pytest.mark.parametrize("limit", [60, 150, 250, 300])
def test_cut_at_a_line(limit: int) -> None:
    whole, out = sanitise(NOTES, ROOM), sanitise(NOTES, limit)
    *kept, end = out.split("\n")
    left = re.fullmatch(r"\*(\d+) more lines? left out, for length\.\*", end)
    assert left
    assert whole.startswith("\n".join(kept).rstrip("\n`"))


def test_much_is_read_in_part_and_quickly() -> None:
    out = sanitise("<!--" * MAX_INPUT, 500)
    assert out.endswith("*More was left out, for length.*") or "left out, for length" in out
    for unit in ("[", "![", "`", "(", "<a", "> ", "\\", "https://(", "&", "*", "- "):
        assert len(sanitise(unit * (MAX_INPUT // len(unit)), 1000)) <= 1000


# --- pieces -----------------------------------------------------------------------------------


@given(hostile)
def test_a_code_span_holds_any_text(text: str) -> None:
    (inline,) = [one for one in PARSER.parse(f"x {markdown.code(text)} y") if one.children]
    assert [one.type for one in inline.children or ()] == ["text", "code_inline", "text"]


@given(hostile)
def test_a_table_cell_holds_any_text(text: str) -> None:
    cells = (markdown.code(text, cell=True), markdown.plain(text), "end")
    out = f"| A | B | C |\n| --- | --- | --- |\n| {' | '.join(cells)} |"
    tokens = PARSER.parse(out)
    assert [one.type for one in tokens].count("td_open") == 3
    assert tokens[-5].content == "end"
    assert not {one.type for one in flat(tokens)} & {"html_inline", "link_open", "image"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://e.org/a b(c)", "https://e.org/a%20b%28c%29"),
        ("https://me:secret@e.org:8443/x?token=1#L3", "https://e.org:8443/x#L3"),
        ("https://e.org/pull/1#12", "https://e.org/pull/1"),
        ("https://e.org/@name", "https://e.org/%40name"),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://e.org:x/", None),
        ("https://[::1", None),
        ("https://e.org/" + "x" * 600, None),
    ],
)
def test_addresses(url: str, shown: str | None) -> None:
    assert markdown.address(url) == shown


def test_secrets_are_not_set() -> None:
    text = "see https://me:s3cret@e.org/x and ssh://s3cret@e.org"
    assert "s3cret" not in markdown.plain(text) + markdown.code(text) + sanitise(text, ROOM)
