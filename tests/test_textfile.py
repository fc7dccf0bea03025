"""Which parts of a file are live code."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxbump import hcl
from fluxbump.model import Location
from fluxbump.textfile import Language, TextFile, hash_comment, language_of


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.yaml", Language.HASH), ("a.sh", Language.HASH), ("Dockerfile", Language.HASH),
        ("a/b.tftpl", Language.HASH), ("Makefile", Language.HASH), ("x", Language.HASH),
        (".github/workflows/a.yml", Language.HASH), ("a.tpl", Language.HASH),
        ("a.tf", Language.HCL), ("a.tfvars", Language.HCL), ("A.HCL", Language.HCL),
        ("a.md", Language.DOCUMENT), ("docs/A.MD", Language.DOCUMENT), ("a.rst", Language.DOCUMENT),
        ("README", Language.DOCUMENT), ("CHANGELOG", Language.DOCUMENT),
        ("a.go", Language.APPLICATION), ("a.py", Language.APPLICATION),
        ("a.tsx", Language.APPLICATION),
        ("a.md.sh", Language.HASH), ("md", Language.HASH), (".md", Language.HASH),
    ],
)  # fmt: skip
def test_language(path: str, language: Language) -> None:
    assert language_of(path) == language


# `^` stands where the comment starts; without it there is none.
LINES = [
    "plain",
    "^# comment",
    "   ^# comment",
    "a ^# comment",
    "a\t^# comment",
    "a#b",
    "${#a} $#",
    "https://x/#frag",
    '"# not" ^# comment',
    "'# not' ^# comment",
    "a: 'it''s # not'",
    "'it''s # not' ^# comment",
    "'a'\"# not\"",
    "\"a\"'# not' ^# comment",
    "don't # comment".replace("# ", "^# "),
    'say "# not\\" # not"',
    '"a\\\\" ^# comment',
    'a " b ^# comment',
    "echo 'a' 'b' ^# 'c'",
    "x=\"$(echo '# not')\" ^# comment",
    "- '# not': \"# not\" ^# comment",
    "{a: '# not', b: \"# not\"} ^# comment",
    "[\"# not\",'# not'] ^#comment",
    "it's fine, isn't it ^# comment",
    "",
    "^#",
]


@pytest.mark.parametrize("line", LINES)
def test_hash_comment(line: str) -> None:
    expected = line.find("^") if "^" in line else None
    assert hash_comment(line.replace("^", "")) == expected


@given(st.text(st.sampled_from("ab '\"#\\:=-"), max_size=30))
def test_what_stands_behind_a_comment_does_not_matter(line: str) -> None:
    found = hash_comment(line)
    if found is not None:
        assert line[found] == "#"
        assert hash_comment(line[: found + 1]) == found
    else:
        assert hash_comment(f"{line}\t") is None


TF = """\
# one
x = "# two" // three
/* four
   five */ y = "http://six"
z = <<-EOT
  seven # eight
  // nine
EOT
# ten
w = "\\" # eleven" # twelve
"""
LIVE = {
    "one": False, "two": True, "three": False, "four": False, "five": False, "six": True,
    "seven": True, "eight": False, "nine": True, "ten": False, "eleven": True, "twelve": False,
}  # fmt: skip


@pytest.mark.parametrize("word", LIVE)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_terraform(word: str, line_break: str) -> None:
    text = TF.replace("\n", line_break)
    assert TextFile("a.tf", text).is_live(text.index(word)) == LIVE[word]


def test_terraform_blocks() -> None:
    text = """
resource "helm_release" "a" { # }
  chart   = "one" /* } */
  version = var.x
  set { chart = "two" }
  values = ["}", "{"]
}
resource helm_release b { chart = "three" }
data "helm_release" "c" { chart = "four" }
"""
    found = list(hcl.blocks(text, "resource", "helm_release"))
    assert [block.labels[-1] for block in found] == ["a", "b"]
    charts = [block.attribute("chart") for block in found]
    assert [chart.value if chart else None for chart in charts] == ["one", "three"]
    for chart in charts:
        assert chart is not None
        assert text[chart.start : chart.end] == chart.value
    version = found[0].attribute("version")
    assert version is not None
    assert version.value is None


@pytest.mark.parametrize(
    ("path", "text", "live"),
    [
        ("a.yaml", "x: HERE", True),
        ("a.yaml", "x: 1 # HERE", False),
        ("a.yaml", "description: HERE", False),
        ("a.yaml", "description: |\n  one\n  HERE\n", False),
        ("a.yaml", "description:\n  nested: HERE\n", True),
        ("a.yaml", "a: {summary: HERE}", False),
        ("a.yaml", "x: 1\n---\nmessage: HERE\n", False),
        ("a.yaml", "message: 1\n---\nx: HERE\n", True),
        ("a.yaml", "run: |\n  # HERE\n", False),
        ("a.yaml", "run: |\n  x HERE\n", True),
        ("a.yaml", "broken: [\nx: HERE\n", True),
        ("a.sh", "x <<E\n# HERE\nE\n", False),
        ("a.sh", "\ufeff# HERE", False),
        ("a.sh", "\ufeffx HERE", True),
        ("a.yaml", "\ufeff# HERE\n", False),
        ("a.tf", "\ufeff# HERE\n", False),
        ("a.sh", "one\r\n# HERE\r\n", False),
        ("a.sh", "# one\rHERE", False),
        ("a.md", "HERE", False),
        ("a.go", 'x := "HERE"', False),
        ("a.sh", "x 'one # HERE", False),
    ],
)
def test_live(path: str, text: str, live: bool) -> None:
    assert TextFile(path, text).is_live(text.index("HERE")) == live


def test_locations_and_lines() -> None:
    file = TextFile("a.sh", "one\r\ntwö three\n\nlast")
    for word, line, column in (("one", 1, 1), ("three", 2, 5), ("last", 4, 1)):
        offset = file.text.index(word)
        assert file.location(offset) == Location("a.sh", line, column)
        start, end = file.line_span(offset)
        assert file.text[start:end] == file.text.splitlines()[line - 1]
    assert file.line_span(len(file.text)) == (len(file.text) - 4, len(file.text))


def test_objects() -> None:
    text = (
        "kind: A\nname: x\n---\nkind: List\nitems:\n- {kind: B, name: x}\n- kind: A\n  name: x\n"
        "---\nkind: A\nname: y\n---\nkind: AB\nname: x\n---\n- kind: A\n  name: x\n"
    )
    file = TextFile("a.yaml", text)
    found = [
        document.at(node).line
        for document, node in file.objects({"A"}, re.compile("name: x").search)
    ]
    assert found == [1, 7]
    assert list(TextFile("a.txt", text).objects({"A"}, re.compile("").search)) == []
