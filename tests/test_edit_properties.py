"""Properties of edits: the planned values change, and not one byte beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from fluxbump.bump import edit
from fluxbump.bump.changes import Plan
from fluxbump.bump.planning.plan import Options, plan
from fluxbump.discover.inventory import discover
from fluxbump.discover.scope import Scope
from fluxbump.flux.releases import resolve
from fluxbump.git.overlay_snapshot import ChangeSet, MemorySnapshot, Overlay
from fluxbump.text import splice, yaml_load
from fluxbump.text.live_code import decode
from fluxbump.text.splice import Edit
from tests.helpers import COMMUNITY, EDGE, URL, app_versions, chart_index

Node = str | list["Node"] | dict[str, "Node"]
T = TypeVar("T")

SCOPE = Scope(app_versions=app_versions())
FAST = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])

# --- YAML texts -------------------------------------------------------------------------------

# Values and comments that look like pins, and what makes scanners trip.
NOISE = (
    "2.14.1", "1.1.2", "v2.4.0", "flux2", "bp-flux", "version: 2.14.1", "# no comment", "it's",
    'a "quoted" word', "naïve 🚀", "{{ x }}", "a: b", "- item", "~", "1.10", "*star", "&and", "",
    "%percent", "back\\slash", "[open", "tab\there",
    URL.format("2.4.0").replace("install", "other"),
)  # fmt: skip
COMMENTS = ("version: 2.13.0", "1.1.2", "naïve 🚀 # twice", "it's", '"', "flux2 2.14.1", "---", "")


@dataclass
class Writer:
    """Writes a tree as YAML, each time another way."""

    draw: Any

    def choose(self, *options: T) -> T:
        chosen: T = self.draw(st.sampled_from(options))
        return chosen

    def scalar(self, value: str, *, flow: bool) -> str:
        plain = value and value.replace(".", "").replace("-", "").replace("/", "").isalnum()
        styles = ["single", "double", *(["plain", "plain"] if plain else [])]
        style = self.choose(*styles)
        if style == "plain":
            return value
        if style == "single" and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'

    def comment(self, gap: str = "  ") -> str:
        chosen = self.choose(None, None, *COMMENTS)
        return "" if chosen is None else f"{gap}# {chosen}"

    def lines(self, node: Node, indent: int) -> Iterator[str]:
        """Write a collection in block style."""
        pad = " " * indent
        pairs = (
            [(f"{self.scalar(key, flow=False)}:", value) for key, value in self.shuffled(node)]
            if isinstance(node, dict)
            else [("-", value) for value in node]
        )
        for head, value in pairs:
            if self.choose(*[False] * 4, True):
                yield f"{pad}{self.comment('')}" if self.choose(True, False) else ""
            if not value or isinstance(value, str) or self.choose(True, False, False):
                space = self.choose(" ", " ", "   ")
                yield f"{pad}{head}{space}{self.flow(value)}{self.comment()}"
            else:
                yield f"{pad}{head}{self.comment()}"
                yield from self.lines(value, indent + self.choose(1, 2, 4))

    def flow(self, node: Node) -> str:
        if isinstance(node, str):
            return self.scalar(node, flow=True)
        space = self.choose("", " ")
        if isinstance(node, list):
            return f"[{space}" + f",{space}".join(self.flow(one) for one in node) + f"{space}]"
        pairs = (f"{self.flow(key)}: {self.flow(value)}" for key, value in self.shuffled(node))
        return f"{{{space}" + ", ".join(pairs) + f"{space}}}"

    def shuffled(self, node: dict[str, Node]) -> list[tuple[str, Node]]:
        pairs: list[tuple[str, Node]] = self.draw(st.permutations(list(node.items())))
        return pairs

    def text(self, node: dict[str, Node]) -> bytes:
        whole = self.choose(False, False, False, True)
        body = [self.flow(node)] if whole else list(self.lines(node, 0))
        head = self.choose([], ["# head: 2.14.1"], ["---"], ["# head", "--- # first"])
        line_break = self.choose("\n", "\n", "\r\n")
        text = line_break.join([*head, *body]) + self.choose(line_break, "", line_break * 2)
        return (self.choose("", "", "\ufeff") + text).encode()


def noisy(draw: Any, node: dict[str, Node]) -> dict[str, Node]:
    """Add keys that mean nothing to a mapping and to what it holds."""
    grown = {
        key: noisy(draw, value) if isinstance(value, dict) else value for key, value in node.items()
    }
    extra = draw(st.dictionaries(st.sampled_from(["x", "y-z", "ü"]), NOISY, max_size=2))
    return {**extra, **grown}


NOISY: st.SearchStrategy[Node] = st.recursive(
    st.sampled_from(NOISE),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def repositories(draw: Any) -> tuple[dict[str, bytes], dict[str, Node]]:
    """Files of a wrapper, its values, an umbrella and a HelmRelease; and what they hold."""
    dependency: Node = {"name": "flux2", "version": "2.14.1", "repository": COMMUNITY}
    other: Node = {"name": "other", "version": "2.14.1", "repository": "oci://x.example.org"}
    bundled: Node = {"name": "bp-flux", "version": "1.1.2", "repository": "oci://x.example.org"}
    trees: dict[str, dict[str, Node]] = {
        "c/Chart.yaml": {
            "apiVersion": "v2", "name": "bp-flux", "version": "1.1.2",
            "dependencies": draw(st.permutations([dependency, other])),
        },
        "c/values.yaml": {"a": {"upstream": {"chart": "flux2", "version": "2.14.1"}}},
        "u/Chart.yaml": {"name": "bp-top", "version": "3.0.7", "dependencies": [other, bundled]},
        "h.yaml": {
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "flux"},
            "spec": {"chart": {"spec": {"chart": "bp-flux", "version": "1.1.2"}}},
        },
        "b.yaml": {
            "kind": "Blueprint", "metadata": {"name": "bp-flux"}, "spec": {"version": "1.1.2"},
        },
    }  # fmt: skip
    trees = {path: noisy(draw, tree) for path, tree in trees.items()}
    writer = Writer(draw)
    files = {path: writer.text(tree) for path, tree in trees.items()}
    return {**files, "i.sh": f"apply {URL.format('2.4.0')}\n".encode()}, dict(trees)


MOVES: Mapping[str, Mapping[tuple[str | int, ...], str]] = {
    "c/Chart.yaml": {("version",): "1.1.3", ("dependencies", "flux2", "version"): "2.15.0"},
    "c/values.yaml": {("a", "upstream", "version"): "2.15.0"},
    "u/Chart.yaml": {("version",): "3.0.8", ("dependencies", "bp-flux", "version"): "1.1.3"},
    "h.yaml": {("spec", "chart", "spec", "version"): "1.1.3"},
    "b.yaml": {("spec", "version"): "1.1.3"},
}


def moved(tree: Node, moves: Mapping[tuple[str | int, ...], str]) -> Node:
    """The tree with other values at these places; list items are named by their `name`."""
    for place, new in moves.items():
        tree = _set(tree, place, new)
    return tree


def _set(node: Node, place: tuple[str | int, ...], new: str) -> Node:
    if not place:
        return new
    if isinstance(node, list):
        return [
            _set(i, place[1:], new) if isinstance(i, dict) and i["name"] == place[0] else i
            for i in node
        ]
    assert isinstance(node, dict)
    return {
        key: _set(value, place[1:], new) if key == place[0] else value
        for key, value in node.items()
    }


def independent(data: bytes) -> object:
    """Read YAML with the pure parser, every scalar as text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Texts
    return yaml_load.load(data.decode("utf-8-sig"))


_Base: Any = type(YAML(typ="safe", pure=True).constructor)


class _Texts(_Base):  # type: ignore[misc]  # the base has no types
    def construct_object(self, node: Any, deep: bool = False) -> Any:
        if hasattr(node.value, "startswith"):
            return str(node.value)
        return super().construct_object(node, deep=True)


# --- the properties ---------------------------------------------------------------------------


def bump(files: Mapping[str, bytes], target: str = "2.5.1") -> tuple[Plan, ChangeSet]:
    """Plan and edit; the pins are found again on the result."""
    inventory = discover(MemorySnapshot(files), SCOPE)
    planned = plan(inventory, resolve(target, chart_index()), chart_index(), Options())
    changes = edit.change_set(inventory, planned, [], {})
    result = edit.verify(inventory, planned, changes, SCOPE)
    assert not plan(result, planned.chart_release, chart_index(), Options()).changes
    return planned, changes


def check_bytes(files: Mapping[str, bytes], planned: Plan, changes: ChangeSet) -> None:
    """What stands around the spans is what stood there, byte for byte."""
    assert set(changes.files) == {change.pin.location.path for change in planned.changes}
    for path, after in changes.files.items():
        assert after is not None
        text, position, expected = decode(files[path]), 0, b""
        for change in sorted(planned.changes, key=lambda one: one.pin.start):
            pin = change.pin
            if pin.location.path == path:
                assert text[pin.start : pin.end] == pin.value
                expected += text[position : pin.start].encode() + change.new.encode()
                position = pin.end
        assert after == expected + text[position:].encode()


@FAST
@given(repositories())
def test_only_the_planned_values_change(made: tuple[dict[str, bytes], dict[str, Node]]) -> None:
    files, trees = made
    for path, tree in trees.items():
        assert independent(files[path]) == tree, files[path].decode()
    planned, changes = bump(files)
    check_bytes(files, planned, changes)
    assert len(planned.changes) == 1 + sum(len(moves) for moves in MOVES.values())
    for path, tree in trees.items():
        after = changes.files[path]
        assert after is not None
        assert independent(after) == moved(tree, MOVES[path])
        assert yaml_load.load(decode(after).removeprefix("\ufeff")) == moved(tree, MOVES[path])


@FAST
@given(repositories())
def test_a_second_bump_has_nothing_to_do(made: tuple[dict[str, bytes], dict[str, Node]]) -> None:
    files, _ = made
    _, changes = bump(files)
    result = Overlay(MemorySnapshot(files), changes)
    again = discover(result, SCOPE)
    planned = plan(again, resolve("2.5.1", chart_index()), chart_index(), Options())
    assert planned.changes == ()
    assert not edit.change_set(again, planned, [], {}).files


EDITABLE = sorted(
    path.relative_to(EDGE).as_posix()
    for path in [*EDGE.glob("charts/*/*.yaml"), *EDGE.glob("install/*"), *EDGE.glob("releases/*")]
)
REFUSED = (
    "anchor-defined", "anchor-used", "broken", "template", "escaped", "folded", "tagged", "range",
    "two-versions", "variable", "prerelease", "duplicate-key", "digest", "other-source",
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    chosen=st.sets(st.sampled_from([p for p in EDITABLE if not any(r in p for r in REFUSED)])),
    crlf=st.booleans(),
    final=st.booleans(),
    bom=st.booleans(),
)
def test_edge_cases_together(chosen: set[str], crlf: bool, final: bool, bom: bool) -> None:
    files = {
        path: (EDGE / path).read_bytes() for path in {*chosen, "charts/version-first/Chart.yaml"}
    }
    for path, original in files.items():
        data = original.replace(b"\r\n", b"\n")
        data = data if final else data.rstrip(b"\n")
        data = data.replace(b"\n", b"\r\n") if crlf else data
        files[path] = b"\xef\xbb\xbf" + data if bom and not data.startswith(b"\xef") else data
    planned, changes = bump(files)
    assume(planned.changes)
    for path, after in changes.files.items():
        assert after is not None
        assert after.count(b"\r\n") == files[path].count(b"\r\n")
        assert after.count(b"\n") == files[path].count(b"\n")
        assert after.decode("utf-8", "replace").count("2.3.0") == files[path].decode(
            "utf-8", "replace"
        ).count("2.3.0")


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.text("ab", max_size=3))))
def test_splice(spans: list[tuple[int, int, str]]) -> None:
    text = "".join(chr(ord("A") + n % 26) for n in range(46))
    spans.sort()
    chosen: list[tuple[int, int, str]] = []
    for start, length, new in spans:
        if not chosen or start > chosen[-1][1]:
            chosen.append((start, start + length, new))
    edits = [Edit("f", *one) for one in chosen]
    expected = text
    for start, end, new in reversed(chosen):
        expected = expected[:start] + new + expected[end:]
    assert splice.splice(text, edits) == expected
    assert splice.splice(text, reversed(edits)) == expected
