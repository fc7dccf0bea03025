"""Work grows linearly with a text, and what saves work changes nothing that is found."""

from __future__ import annotations

import gc
import importlib
import pkgutil
import re
from functools import partial

import pytest

import fluxbump
from fluxbump.discover import inventory
from fluxbump.discover.mentions import statements
from fluxbump.discover.scope import Scope
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.helm import binary
from fluxbump.model import FLUX, FLUX2
from fluxbump.text import budget, live_code, patterns, yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.syntax import hcl
from tests import growth, linear
from tests.fuzz.targets import TARGETS

_READER = statements.reader([FLUX, FLUX2], {"2.14.1": "2.4.0"})
_RIGHT = {FLUX: ("2.4.0",), FLUX2: ("2.14.1",)}


@pytest.mark.parametrize(
    "unit",
    ['resource "helm_release" "flux" {\n', "resource ", "resource {a = b ", 'resource "a" { b { '],
)
def test_terraform_of_any_shape_is_read_in_one_walk(unit: str) -> None:
    linear.assert_linear(
        lambda text: list(hcl.blocks(text, "resource")), growth.again(unit), 24_000
    )


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
    def stale(text: str) -> list[statements.Said]:
        return list(statements.stale(TextFile("README.md", text), _READER, _RIGHT))

    grow = growth.again(unit)
    assert stale(grow(220_000)) == []
    linear.assert_linear(stale, grow, 22_000)


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
    for module in pkgutil.walk_packages(fluxbump.__path__, "fluxbump."):
        if module.name != "fluxbump.__main__":
            importlib.import_module(module.name)
    # Whatever holds it: a table of patterns is compiled no earlier than a name.
    found = [value for value in gc.get_objects() if isinstance(value, patterns._Pattern)]
    assert found
    for value in found:
        re.compile(value.pattern, value.flags)


def test_a_pattern_that_is_compiled_later_finds_the_same() -> None:
    later = patterns.lazy_pattern("a(b+)", re.IGNORECASE)
    assert later.pattern == "a(b+)"
    match = later.search("xABBy")
    assert match is not None
    assert match[1] == "BB"
    assert later.sub("-", "xABBy") == "x-y"
    with pytest.raises(AttributeError):
        later.no_such_method  # type: ignore[attr-defined]  # noqa: B018  # that it fails is the test


_SMALL = 4_000
"""Characters of the smaller text; of each kind there are some hundred pieces in it."""


@pytest.mark.parametrize("name", growth.REPOSITORY)
def test_work_on_a_file_grows_with_its_size(name: str) -> None:
    path, grow = growth.REPOSITORY[name]
    linear.assert_linear(partial(growth.reads_repository, path), grow, _SMALL)


@pytest.mark.parametrize("name", growth.LONG)
def test_work_on_a_long_file_grows_with_its_size(name: str) -> None:
    path, grow = growth.LONG[name]
    linear.assert_linear(partial(growth.reads_repository, path), grow, 20_000)


@pytest.mark.parametrize("name", growth.TREES)
def test_work_on_a_tree_grows_with_its_files(name: str) -> None:
    linear.assert_linear(lambda trees: growth.reads_tree(*trees), growth.TREES[name], 100)


@pytest.mark.parametrize("name", growth.BOUNDED)
def test_a_file_that_makes_many_steps_is_named(name: str) -> None:
    path, grow = growth.BOUNDED[name]
    assert growth.given_up({path: grow(1_000_000)}) == {path}
    linear.assert_linear(lambda text: growth.given_up({path: text}), grow, 100_000)


@pytest.mark.parametrize("name", growth.BOUNDED_TREES)
def test_work_on_files_that_make_many_steps_of_one_of_them_grows_with_them(name: str) -> None:
    linear.assert_linear(lambda trees: growth.reads_tree(*trees), growth.BOUNDED_TREES[name], 300)


@pytest.mark.parametrize("name", growth.PARSED)
def test_a_parser_takes_time_that_grows_with_the_text(name: str) -> None:
    target, grow = growth.PARSED[name]
    linear.assert_linear(lambda text: TARGETS[target]("x.yaml", text.encode()), grow, _SMALL)


def test_a_file_that_is_too_large_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "REPOSITORY_FILE", budget.FileBudget(size=100))
    files = {"x.sh": b"helm upgrade flux fc/flux2 --version 2.14.1\n" * 3}
    found = inventory.discover(MemorySnapshot(files), Scope())
    (large,) = found.unreadable
    assert (str(large.location), large.message) == ("x.sh:1", "takes more than 0 KiB")
    assert found.pins == ()


def test_a_list_of_itself_is_read_once() -> None:
    (found,) = binary.objects("&a\nkind: List\nitems: [*a]\n")
    assert found.kind == "List"
