"""YAML as text: where documents and scalars stand, and what is not parsed."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fluxbump.model import Location
from fluxbump.text import live_code, yaml, yaml_load
from fluxbump.text.yaml import Document, YamlError, documents


def one(text: str) -> Document:
    (document,) = documents(text, "f.yaml")
    return document


def held(text: str, *keys: str) -> tuple[str, str, bool, bool]:
    document = one(text)
    scalar = document.scalar(yaml.get(document.root, *keys))
    assert scalar is not None
    return scalar.value, text[scalar.start : scalar.end], scalar.editable, scalar.quoted


@pytest.mark.parametrize(
    ("text", "value", "span", "editable"),
    [
        ("a: 1.1.2", "1.1.2", "1.1.2", True),
        ("a: 1.10", "1.10", "1.10", True),
        ("a: 1.1.2 # c", "1.1.2", "1.1.2", True),
        ("a: '1.1.2'", "1.1.2", "1.1.2", True),
        ('a: "1.1.2"', "1.1.2", "1.1.2", True),
        ("{a: 1.1.2}", "1.1.2", "1.1.2", True),
        ("{a: 1.1.2,b: 2}", "1.1.2", "1.1.2", True),
        ('{"a":"1.1.2"}', "1.1.2", "1.1.2", True),
        ("? a\n: 1.1.2", "1.1.2", "1.1.2", True),
        ("a:\n  1.1.2", "1.1.2", "1.1.2", True),
        ("\ufeffa: 1.1.2", "1.1.2", "1.1.2", True),
        ("z: 🚀é\na: 1.1.2", "1.1.2", "1.1.2", True),
        ("a: 1.1.2\r\nb: 2\r\n", "1.1.2", "1.1.2", True),
        ("a: ''", "", "", True),
        ("a: 'it''s'", "it's", "it''s", False),
        ('a: "1\\x2E1"', "1.1", "1\\x2E1", False),
        ("a: &x 1.1.2", "1.1.2", "1.1.2", False),
        ("a: !!str 1.1.2", "1.1.2", "1.1.2", False),
        ("a: |\n  1.1.2\n", "1.1.2\n", "", False),
        ("a: >-\n  1.1.2\n", "1.1.2", "", False),
        ("a: one\n  two", "one two", "one\n  two", False),
        ("{b: https://x/y, a: 1.1.2}", "1.1.2", "1.1.2", True),
        ("{a: https://x:1/y?z#q}", "https://x:1/y?z#q", "https://x:1/y?z#q", True),
    ],
)
def test_scalar(text: str, value: str, span: str, editable: bool) -> None:
    found = held(text, "a")
    assert (found[0], found[2]) == (value, editable)
    if editable:
        assert found[1] == span


def test_alias_is_not_editable_where_it_is_used() -> None:
    """The scalar of an alias is the anchor's, and replacing it would change both."""
    assert not held("x: &v 1.1.2\na: *v\n", "a")[2]


def test_the_last_of_duplicate_keys_counts() -> None:
    text = "a: 1\na: 2\n"
    assert held(text, "a")[0] == "2"


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("", [""]),
        ("a: 1\n", ["a: 1\n"]),
        ("---\na: 1\n", ["---\na: 1\n"]),
        ("a: 1\n---\nb: 1\n", ["a: 1\n", "---\nb: 1\n"]),
        ("a: 1\r\n---\r\nb: 1\r\n", ["a: 1\r\n", "---\r\nb: 1\r\n"]),
        ("a: 1\n--- # c\nb: 1\n", ["a: 1\n", "--- # c\nb: 1\n"]),
        ("a: |\n  ---\n  x\n", ["a: |\n  ---\n  x\n"]),
        ("a: ----\n----: 1\n", ["a: ----\n----: 1\n"]),
        ("---\n---\n", ["---\n", "---\n"]),
        ("\ufeff---\na: 1\n", ["---\na: 1\n"]),
        ("a: 1\n...\n---\nb: 1\n---", ["a: 1\n...\n", "---\nb: 1\n", "---"]),
        # What stands before the first `---` is a comment, not a document of its own.
        ("# license\n---\na: 1\n", ["# license\n---\na: 1\n"]),
        ("%YAML 1.2\n---\na: 1\n", ["%YAML 1.2\n---\na: 1\n"]),
        ("\n\n# c\n\n--- # x\na: 1\n---\nb: 1\n", ["\n\n# c\n\n--- # x\na: 1\n", "---\nb: 1\n"]),
    ],
)
def test_documents(text: str, sources: list[str]) -> None:
    found = documents(text, "f.yaml")
    assert [document.source for document in found] == sources
    for document in found:
        assert document.root is None or document.problem is None
        line = text.count("\n", 0, document.start)
        assert document.line == line


def test_places_in_a_later_document() -> None:
    text = "# c\n---\na: 1\n---\nb:\n  c: 'x'\n"
    last = documents(text, "f.yaml")[-1]
    scalar = last.scalar(yaml.get(last.root, "b", "c"))
    assert scalar is not None
    assert scalar.location == Location("f.yaml", 6, 7)
    assert text[scalar.start : scalar.end] == "x"
    assert last.at(yaml.get(last.root, "b")) == Location("f.yaml", 6, 3)
    assert live_code.key_around(last, scalar.start) == "c"
    assert live_code.key_around(last, 0) is None


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [1\nb: 2\n", 2, 2),
        ("a: 1\n b: 2\n", 2, 3),
        ('a: "1\n', 2, 1),
        ("a: 1\nb: {{ y }}: z\n", 2, None),
        ("a:\n\t- b\n", 2, 1),
        ("a: *nowhere\n", 1, 4),
        ("a: \x01\n", 1, None),
        ("a: 'x' y\n", 1, 8),
    ],
)
def test_problem(text: str, line: int, column: int | None) -> None:
    document = one(text)
    assert document.root is None
    assert document.problem is not None
    where, message = document.problem
    assert where.line == line
    assert column is None or where.column == column
    assert message
    assert "\n" not in message


HOSTILE = [
    "[" * 100_000,
    "{a: " * 10_000,
    "- " * 50_000 + "x",
    "a: " + "[" * 250 + "]" * 250,
    "\n".join(f"{'  ' * depth}a:" for depth in range(400)),
    "? " * 5_000 + "x",
    "&a [*a]\n" * 3,
    "a: \ud800",
    "\x00",
    "a: " + "'" * 99_999,
    "!" * 5_000 + " x",
    "a: &" + "x" * 5_000 + " 1",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:10].strip())
def test_hostile_text_ends_soon(text: str) -> None:
    for document in documents(text, "f.yaml"):
        assert document.root is None or document.problem is None
    with suppress(YamlError):
        yaml_load.load(text)


def test_brackets_in_text_are_not_nesting() -> None:
    text = "a: |\n" + "  [[[[ {{{{ ]]]] }}}}\n" * 500 + "b: 1\n"
    assert held(text, "b")[0] == "1"
    comment = "# [[[[[[[[[[[[[[[[[[[[[[[[[[\n" * 50 + "b: 1\n"
    assert held(comment, "b")[0] == "1"


def test_an_alias_bomb_costs_nothing() -> None:
    text = "a0: &a0 x\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
    )
    loaded = yaml_load.load(text)
    assert isinstance(loaded, dict)
    assert len(list(yaml.mappings(one(text).root))) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("a: ~\nb: null\nc:\nd: '~'\n", {"a": None, "b": None, "c": None, "d": "~"}),
        ("a: 1.10\nb: true\nc: 0x1\n", {"a": "1.10", "b": "true", "c": "0x1"}),
        ("[a, [b], {c: d}]", ["a", ["b"], {"c": "d"}]),
        ("x: &x {a: 1}\ny: *x\n", {"x": {"a": "1"}, "y": {"a": "1"}}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
    ],
)
def test_load(text: str, value: object) -> None:
    assert yaml_load.load(text) == value


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: 1\n---\nb: 1\n", "[", "&x {y: *x}"])
def test_load_refuses(text: str) -> None:
    with pytest.raises(YamlError):
        yaml_load.load(text)


def test_a_key_that_is_no_scalar_is_refused_where_it_stands() -> None:
    for text in ("c: 2\n? [a, b]\n: 1\n", "c: 2\n? {a: b}\n: 1\n", "c: &c [a]\n? *c\n: *c\n"):
        found = one(text)
        assert found.root is None
        assert found.problem == (
            Location("f.yaml", 1 if "&c" in text else 2, 4 if "&c" in text else 3),
            "a key is a list or a mapping, and has to be text",
        )


@pytest.mark.parametrize("text", ["a: {{ b }}\nc: 2\n", "{{ b }}: x\nc: 2\n", "- {{ b }}\n"])
def test_what_a_template_looks_like_is_no_such_key(text: str) -> None:
    found = one(text)
    assert found.root is not None
    assert yaml.text_of(found.root, "c") in ("2", None)


def _bomb(key: str) -> str:
    """A key that takes nine to the power of ten when it is written out."""
    lists = [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise("abcdefghij")]
    return "\n".join(["a: &a [x]", *lists, key, ""])


@pytest.mark.parametrize("key", ["? *j\n: v", "? [*j]\n: v", "k: {*j : v}", "k: {{*j : v}: w}"])
def test_a_bomb_in_a_key_is_never_written_out(key: str) -> None:
    with pytest.raises(YamlError, match="key"):
        yaml_load.load(_bomb(key))


def test_the_documents_of_a_file_share_a_budget() -> None:
    first, second = documents("a: [1, 2, 3]\n---\nb: [4, 5, 6]\n", "f.yaml")
    first.budget.nodes = 8  # a root, a key, a list of three: six
    assert first.root is not None
    assert second.root is None
    assert second.problem == (Location("f.yaml", 2, 1), "holds more than 2,000,000 values")


def test_what_only_the_slow_parser_takes_has_a_budget_of_its_own() -> None:
    flow = "a: {b: http://x?y}\n"  # which the fast one refuses
    first, second = documents(f"{flow}---\n{flow}", "f.yaml")
    first.budget.slow = len(flow)
    assert first.root is not None
    assert second.root is None


def test_a_merged_mapping_that_others_change_is_not_editable() -> None:
    text = "a: &a\n  chart: x\nb:\n  chart: y\nc:\n  <<: *a\n  chart: z\n"
    document = one(text)
    held = [document.scalar(yaml.get(document.root, key, "chart")) for key in "abc"]
    assert [scalar.editable for scalar in held if scalar] == [False, True, True]


YAMLISH = st.lists(
    st.sampled_from([*"ab1.-:#&*!|>%@`'\"[]{},? \n\t\ufeff🚀é\\~", "\r\n", "---", "\n  "]),
    max_size=40,
).map("".join)


@settings(max_examples=400)
@given(YAMLISH)
@example("a: 'b'\n")
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    found = documents(text, "f.yaml")
    assert "".join(d.source for d in found) == text.removeprefix("\ufeff")
    for document in found:
        root = document.root
        if document.problem is not None:
            where = document.problem[0]
            assert 1 <= where.line <= text.count("\n") + 2
            assert root is None
        for mapping in yaml.mappings(root):
            for _, value in yaml.entries(mapping):
                scalar = document.scalar(value)
                if scalar is not None and scalar.editable and scalar.value:
                    assert text[scalar.start : scalar.end] == scalar.value
                    assert scalar.location.line == 1 + text.count("\n", 0, scalar.start)
