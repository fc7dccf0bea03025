"""Which parts of a file are live code."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxbump.model import Location
from fluxbump.text.live_code import Language, TextFile, hash_comment, language_of
from fluxbump.text.syntax import hcl
from tests import linear


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.yaml", Language.SCRIPT), ("a.sh", Language.SCRIPT), ("Dockerfile", Language.SCRIPT),
        ("a/b.tftpl", Language.SCRIPT), ("Makefile", Language.SCRIPT), ("x", Language.DOCUMENT),
        (".github/workflows/a.yml", Language.SCRIPT), ("a.tpl", Language.SCRIPT),
        ("a.tf", Language.HCL), ("a.tfvars", Language.HCL), ("A.HCL", Language.HCL),
        ("a.md", Language.DOCUMENT), ("docs/A.MD", Language.DOCUMENT), ("a.rst", Language.DOCUMENT),
        ("README", Language.DOCUMENT), ("CHANGELOG", Language.DOCUMENT),
        ("a.go", Language.APPLICATION), ("a.py", Language.APPLICATION),
        ("a.tsx", Language.APPLICATION),
        ("a.md.sh", Language.SCRIPT), ("md", Language.DOCUMENT), (".md", Language.DOCUMENT),
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


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("c/templates/x.yaml", "{{/* was HERE */}}"),
        ("c/templates/x.yaml", 'a: "{{- /* was\n HERE */ -}}"'),
        ("x.yaml.tpl", "a: 1 # HERE"),
        ("x.yaml.j2", "{# was\nHERE #}"),
        ("x.conf.erb", "<%# HERE %>"),
        ("x.sh.hbs", "{{!-- HERE --}}"),
        ("x.cue", "// was HERE"),
        ("x.cue", 'a: "x" // HERE'),
        ("Jenkinsfile", "/* was\nHERE */"),
        ("Jenkinsfile", 'sh """\n  # HERE\n"""'),
        ("x.ini", "; was HERE"),
        ("x.service", "; HERE"),
        ("x.properties", "! HERE"),
        ("x.tofu", "// was HERE"),
        ("x.ps1", "<# a\nHERE #>"),
        ("x.ps1", "a # HERE"),
        ("x.bat", "REM HERE"),
        ("x.cmd", "  :: HERE"),
        ("x.vim", '" HERE'),
        ("x.nix", "/* a # b\n HERE */"),
        ("x.nix", "''\n  # HERE\n''"),
        ("x.dhall", "{- a {- b -} HERE -}"),
        ("x.jsonnet", "# HERE"),
        ("x.libsonnet", "local a = 'x'; // HERE"),
        ("Tiltfile", "x = 1 # HERE"),
        ("x.bzl", 'def a():\n    """HERE"""'),
        ("x.rego", "# HERE"),
        ("x.toml", "a = 'b' # HERE"),
        ("devcontainer.json", "// HERE"),
        ("x.jsonc", "/* HERE */"),
        ("justfile", "# HERE"),
        ("x.org", "* History: HERE"),
        ("x.unknown", "HERE"),
        ("x.patch", "-HERE"),
        ("x.snap", "HERE"),
        ("x.csv", "HERE"),
        ("x.mts", "HERE"),
        ("README.md.gotmpl", "HERE"),
        ("index.html.j2", "HERE"),
        ("flake.lock", "HERE"),
        ("a/package-lock.json", "HERE"),
        (".terraform.lock.hcl", "HERE"),
        (".github/ISSUE_TEMPLATE/bug.yml", "body:\n  - value: helm upgrade HERE\n"),
        ("events.json", '{"message": "pulled"}\n{\n  "message": "pulled HERE"\n}\n'),
        ("values.yaml", "a: {{ b }}\ndescription: HERE\n"),
    ],
)
def test_not_live(path: str, text: str) -> None:
    assert not TextFile(path, text).is_live(text.index("HERE"))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.jsonnet", "local a = 'https://HERE';"),
        ("x.cue", 'a: "https://HERE"'),
        ("Jenkinsfile", "sh 'curl https://HERE'"),
        ("Jenkinsfile", "sh '''\n  curl https://HERE\n'''"),
        ("a.json", '{"a": "https://HERE"}'),
        ("x.nix", 'a = "https://HERE"; # b'),
        ("x.nix", "''\n  curl https://HERE\n''"),
        ("x.bat", "curl https://HERE # x"),
        ("x.service", "ExecStart=sh -c 'a; b HERE'"),
        ("x.sh.j2", "x=${#HERE}"),
        ("user-data.tpl", "HERE"),
        ("user-data", "HERE"),
        ("cloud-init-master.cfg", "HERE"),
        ("boot.ipxe", "HERE"),
        ("Dockerfile.build", "RUN HERE"),
        (".env.production", "A=HERE"),
        ("infra/boot", "#!/bin/sh\nHERE"),
        ("infra/seed.xyz", "#cloud-config\nHERE"),
        ("x.pkr.hcl", 'a = "HERE"'),
        ("a.yaml.dist", "a: HERE"),
        ("Chart.lock", "HERE"),
        ("a.yaml", "{{/* a */}}\nb: HERE"),
        ("events.json", '{"image": "a"}\n{\n  "image": "HERE"\n}\n'),
        ("values.yaml", "a: {{ b }}\nmessages: HERE\n"),
    ],
)
def test_still_live(path: str, text: str) -> None:
    assert TextFile(path, text).is_live(text.index("HERE"))


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("cmd/a.go", 'x := "https://HERE"', True),
        ("cmd/a.go", "// HERE", False),
        ("cmd/a.go", 'x := "https://x" // HERE', False),
        ("cmd/a.go", "x := `\nHERE\n`", True),
        ("a.mts", 'const x = "HERE"', True),
        ("a.py", 'x = "HERE"', True),
        ("a.py", '"""HERE"""\n', False),
        ("a.py", 'def a():\n    """HERE"""\n', False),
        ("a.py", 'x = """\nHERE\n"""\n', True),
        ("install", "#!/usr/bin/env python3\nx = 'HERE'", True),
        ("a_test.go", 'x := "HERE"', False),
        ("a.test.ts", '"HERE"', False),
        ("a.spec.ts", '"HERE"', False),
        ("test_a.py", '"HERE"', False),
        ("x/testdata/a.go", '"HERE"', False),
        ("x/__tests__/a.ts", '"HERE"', False),
        ("fixtures/a.go", '"HERE"', False),
        ("latest/a.go", '"HERE"', True),
        ("a.sh", "HERE", False),
        ("a.md", "HERE", False),
    ],
)
def test_code(path: str, text: str, code: bool) -> None:
    assert TextFile(path, text).is_code(text.index("HERE")) == code


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("a.nix", '"\\"'), ("a.jsonnet", "/*"), ("a.sh.j2", "{#"), ("a.yaml.tpl", "{{/*"),
        ("a.cue", '"""'), ("a.sh", "' \""), ("a.dhall", "{-"), ("a.go", "`\\"),
    ],
)  # fmt: skip
def test_work_on_a_long_line_grows_with_it(path: str, part: str) -> None:
    def asks(text: str) -> None:
        file = TextFile(path, text)
        for offset in range(0, len(text), 20):
            file.in_comment(offset)

    linear.assert_linear(asks, lambda times: part * times, 10_000)


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
