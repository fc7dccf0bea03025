"""The block in a pull request's body by which the next run knows it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fluxbump.run.pull_request import release_notes
from fluxbump.run.pull_request.state import MAX_LENGTH, SavedState, attach, without
from fluxbump.text import markdown

SHA, DIGEST = "a1" * 20, "b2" * 32
ONE = SavedState("2.6.4", "2.16.4", SHA, SHA, SHA, DIGEST, DIGEST, ("pushed",), "2.7.5-rc--1")

shas = st.text("0123456789abcdef", min_size=40, max_size=40)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
releases = st.sampled_from(["2.6.4", "2.0.0-rc.3", "1.0.0--x--", "1.2.3+build"])
states = st.builds(
    SavedState,
    release=releases,
    chart_version=releases,
    base=shas,
    head=shas,
    tree=shas,
    patch=digests,
    digest=digests,
    told=st.lists(st.sampled_from(["pushed", "a-b"]), max_size=16).map(tuple),
    superseded_by=st.none() | releases,
    pushing=st.none() | shas,
)


@given(states, st.booleans(), st.text(max_size=200))
def test_what_is_attached_is_read(state: SavedState, hidden: bool, text: str) -> None:
    text = markdown.plain(text)
    body = attach(text, state, hidden=hidden)
    assert SavedState.parse(body) == state
    assert SavedState.parse(body.replace("\n", "\r\n").rstrip()) == state
    assert without(body) == text.strip()
    assert len(body) <= len(text) + MAX_LENGTH
    assert attach(body, state, hidden=not hidden) == attach(text, state, hidden=not hidden)
    block = state.render(hidden=hidden)
    assert block.count("\n") == (0 if hidden else 2)
    assert "--" not in block[4:-3]
    assert not set("@#&") & set(block)


@pytest.mark.parametrize("hidden", [True, False])
def test_of_two_blocks_none_is_believed(hidden: bool) -> None:
    block = ONE.render(hidden=hidden)
    assert SavedState.parse(f"{block}\n\n{ONE.render()}") is None
    assert without(f"a\n\n{block}\n\n{ONE.render()}") == "a"


GOOD = json.loads(ONE.render()[len("<!-- fluxbump:state ") : -len(" -->")])
SPOILT = [
    {**GOOD, "schema": 2},
    {**GOOD, "release": "latest"},
    {**GOOD, "release": 2},
    {**GOOD, "head": SHA.upper()},
    {**GOOD, "head": SHA[1:]},
    {**GOOD, "told": "pushed"},
    {**GOOD, "told": ["Pushed!"]},
    {**GOOD, "told": ["a"] * 17},
    {**GOOD, "superseded_by": ""},
    {**GOOD, "digest": None},
    {name: value for name, value in GOOD.items() if name != "tree"},
    {},
]


@pytest.mark.parametrize("content", SPOILT)
def test_a_spoilt_block_is_none(content: dict[str, object]) -> None:
    assert SavedState.parse(f"<!-- fluxbump:state {json.dumps(content)} -->") is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", "[" * 5000, '{"a":' * 3000, "{" + " " * 5000 + "}", "{\n}", "{'schema': 1}"],
)
def test_a_hostile_block_is_none(text: str) -> None:
    assert SavedState.parse(f"<!-- fluxbump:state {text} -->") is None


def test_a_later_version_may_add_keys() -> None:
    body = f"<!-- fluxbump:state {json.dumps({**GOOD, 'later': 1})} -->"
    assert SavedState.parse(body) == ONE


def test_nothing_from_outside_looks_like_it() -> None:
    for block in (ONE.render(), ONE.render(hidden=False)):
        for text in (block, f"```\n{block}\n```", f"`{block}`"):
            said = release_notes.sanitise(text, 10_000)
            assert SavedState.parse(said) is None
            assert SavedState.parse(attach(said, replace(ONE, told=()))) == replace(ONE, told=())
        assert SavedState.parse(markdown.plain(block)) is None
        assert SavedState.parse(markdown.code(block)) is None
