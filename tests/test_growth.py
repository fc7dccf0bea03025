"""Work grows linearly with a text, and what saves work changes nothing that is found."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time

import pytest

import fluxbump
from fluxbump.discover.mentions import statements
from fluxbump.model import FLUX, FLUX2
from fluxbump.text import hcl, live_code, patterns, yaml
from fluxbump.text.live_code import TextFile

_SIZE = 240_000
_READER = statements.reader([FLUX, FLUX2], {"2.14.1": "2.4.0"})
_RIGHT = {FLUX: ("2.4.0",), FLUX2: ("2.14.1",)}


def _seconds(text: str) -> float:
    started = time.process_time()
    list(hcl.blocks(text, "resource"))
    return time.process_time() - started


@pytest.mark.parametrize(
    "unit",
    ['resource "helm_release" "flux" {\n', "resource ", "resource {a = b ", 'resource "a" { b { '],
)
def test_terraform_of_any_shape_is_read_in_one_walk(unit: str) -> None:
    assert _seconds(unit * (_SIZE // len(unit))) < 1


def test_blocks_hold_what_is_directly_inside_of_them() -> None:
    text = 'resource "a" {\n  x = "1"\n  inner {\n    y = "2"\n  }\n  z = 3 # three\n}\nw = "4"\n'
    (block,) = hcl.blocks(text, "resource")
    assert [one.name for one in block.attributes] == ["x", "z"]
    last = block.attribute("z")
    assert last is not None
    assert text[last.start : last.end] == "3"


def test_behind_a_block_that_never_closes_nothing_is_inside() -> None:
    text = 'resource "a" {\n  x = "1"\n  inner {\n    y = "2"\n  z = "3"\n'
    (block,) = hcl.blocks(text, "resource")
    assert [one.name for one in block.attributes] == ["x"]


@pytest.mark.parametrize("unit", ["we run flux v2.3.0 now ", "flux ", "2.3.0 of the flux "])
def test_one_long_line_is_no_prose(unit: str) -> None:
    file = TextFile("README.md", unit * (220_000 // len(unit)))
    started = time.process_time()
    assert not list(statements.stale(file, _READER, _RIGHT))
    assert time.process_time() - started < 2


def test_only_what_matters_is_asked_of_the_file() -> None:
    file = TextFile("README.md", "We run Flux v2.3.0. We run the flux2 chart 2.14.1.\n")
    wanted = statements.said(file, _READER, lambda one: one.track == FLUX)
    assert [one.value for one in wanted] == ["2.3.0"]


@pytest.mark.parametrize("other", ["e", "'*'"])
def test_the_innermost_key_is_found_with_and_without_a_star(other: str) -> None:
    (document,) = yaml.documents(f"a:\n  b: Flux\nc:\n  d: {other}\n", "a.yaml")
    assert live_code.key_around(document, document.text.index("Flux")) == "b"


def test_documents_of_one_text_share_a_tree_and_keep_their_places() -> None:
    first, second = yaml.documents("a: 1\n---\na: 1\n---\na: 1\n", "a.yaml")[1:]
    assert second.root is first.root
    places = [one.scalar(yaml.get(one.root, "a")) for one in (first, second)]
    assert [one.location.line for one in places if one] == [3, 5]


def test_every_pattern_compiles() -> None:
    found = 0
    for module in pkgutil.walk_packages(fluxbump.__path__, "fluxbump."):
        if module.name == "fluxbump.__main__":
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if type(value).__name__ == "_Pattern":
                re.compile(value.pattern, value.flags)
                found += 1
    assert found


def test_a_pattern_that_is_compiled_later_finds_the_same() -> None:
    later = patterns.lazy_pattern("a(b+)", re.IGNORECASE)
    assert later.pattern == "a(b+)"
    match = later.search("xABBy")
    assert match is not None
    assert match[1] == "BB"
    assert later.sub("-", "xABBy") == "x-y"
    with pytest.raises(AttributeError):
        later.no_such_method  # type: ignore[attr-defined]  # noqa: B018
