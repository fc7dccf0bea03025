"""Flux objects inside other text: found where their place is certain, noted where it is not."""

from __future__ import annotations

from textwrap import indent

import pytest

from fluxbump.discover.pins.charts import embedded
from fluxbump.model import Note, Pin
from fluxbump.text.live_code import TextFile
from tests import growth, linear
from tests.helpers import Cli, Repo, brief, find, repository, small
from tests.test_pins import CONTEXT

HR = """\
kind: HelmRelease
metadata:
  name: flux
spec:
  chart:
    spec:
      chart: bp-flux
      version: 1.1.2
"""
OCI = """\
kind: OCIRepository
metadata: {name: flux}
spec:
  url: oci://registry.example.org/charts/bp-flux
  ref:
    tag: 1.1.2
"""
JSON = (
    '{"kind": "HelmRelease", "spec": {"chart": {"spec": {"chart": "bp-flux", "version": "1.1.2"}}}}'
)
HELM_CHART = '{ "kind" = "HelmChart", "spec" = { "version" = "1.1.2", "chart" = "bp-flux" } }'
CONFIG_MAP = "kind: ConfigMap\ndata:\n  a: "
BAD_TEMPLATE = HR.replace(
    "      version: 1.1.2\n",
    "      {{- if .Values.new }}\n      version: 1.1.2\n"
    "      {{- else }}\n      version: 1.0.9\n      {{- end }}\n",
)


def terraform(version: str) -> str:
    return (
        'resource "kubernetes_manifest" "flux" {\n  manifest = {\n    kind = "HelmRelease"\n'
        f'    spec = {{ chart = {{ spec = {{\n      chart = "bp-flux"\n      version = {version}\n'
        "    } } }\n  }\n}\n"
    )


def pin(line: int, rest: str = "1.1.2") -> str:
    return f"{line} embedded-manifest bp-flux {rest}"


# path, text, the pins
FOUND = [
    ("a.tftpl", "write_files:\n  - content: |\n" + indent(HR, "      "), [pin(10)]),
    ("a.tftpl", indent(HR.replace("flux\nspec", "${name}\nspec"), "  "), [pin(8)]),
    ("a.tftpl", HR.replace("bp-flux", '"bp-flux" # ours'), [pin(8)]),
    ("a.tftpl", HR.replace("1.1.2", '"1.1.2"').replace("\n", "\r\n"), [pin(8)]),
    ("a.tftpl", HR.replace("1.1.2", "${version}"), [pin(8, "${version} [variable]")]),
    ("a.tftpl", HR.replace("1.1.2", "v${version}-x"), [pin(8, "v${version}-x [variable]")]),
    ("a.tftpl", HR.replace("1.1.2", "~1.1"), [pin(8, "~1.1 [range]")]),
    ("a.tftpl", HR.replace("      version: 1.1.2\n", ""), [pin(1, " [unpinned]")]),
    ("a.tftpl", OCI, [pin(6)]),
    ("a.tftpl", indent(OCI, "    ") + "---\n" + indent(HR, "    "), [pin(6), pin(15)]),
    ("a.tpl", "%{ if x ~}\n" + HR + "%{ endif ~}\n", [pin(9)]),
    ("a.j2", "{% if x %}\n" + HR + "{% endif %}\n", [pin(9)]),
    ("c/templates/a.yaml", "{{- if .x }}\n" + HR + "  {{- with .y }}\n  a: b\n  {{- end }}\n",
     [pin(9)]),
    ("a.sh", "cat <<EOF | kubectl apply -f -\n" + HR + "EOF\nversion: 1.1.2\n", [pin(9)]),
    ("a.sh", "f() {\n  cat <<-EOF\n" + indent(HR, "\t") + "\tEOF\n}\n", [pin(10)]),
    ("a.sh", "items:\n" + HR.replace("kind", "- kind", 1).replace("\n", "\n  "), [pin(9)]),
    ("a.sh", "cat <<EOF\n" + JSON.replace(", ", ",\n").replace("{", "{\n") + "\nEOF\n", [pin(8)]),
    ("a.sh", f"kubectl apply -f - <<< '{JSON}'\n", [pin(1)]),
    ("a.tf", "x = <<-EOT\n" + indent(HR, "    ") + "  EOT\n", [pin(9)]),
    ("a.tf", terraform('"1.1.2"'), [pin(6)]),
    ("a.tf", terraform("var.v"), [pin(6, "var.v [variable]")]),
    ("a.tf", terraform('var.new ? "1.1.2" : "1.0.9"'),
     [pin(6, 'var.new ? "1.1.2" : "1.0.9" [variable]')]),
    ("a.tf", "x = jsonencode(" + JSON + ")\n", [pin(1)]),
    ("a.tf", 'y = { kind = "HelmRelease", spec = {} }\nx = yamlencode(' + HELM_CHART + ")\n",
     [pin(2)]),
    ("a.yaml", CONFIG_MAP + "|\n" + indent(HR, "    "), [pin(11)]),
    ("a.yaml", CONFIG_MAP + "|-\n    # version: 1.0.9\n\n" + indent(HR, "    ") + "b: c\n",
     [pin(13)]),
    ("a.yaml", CONFIG_MAP + "|\n    kind: List\n    items:\n    - " + indent(HR, "      ").lstrip(),
     [pin(13)]),
    ("a.yaml", CONFIG_MAP + f"'{JSON}'\n", [pin(3)]),
    ("a.yaml", "kind: Object\nspec:\n  forProvider:\n    manifest:\n" + indent(HR, "      "),
     [pin(12)]),
    ("a.yaml", "kind: ResourceSet\nspec:\n  resources:\n    - " + indent(HR, "      ").lstrip(),
     [pin(11)]),
    ("a.yaml", "kind: ResourceSet\nspec:\n  resourcesTemplate: |\n"
     + indent(HR.replace("name: flux", "name: << inputs.name >>"), "    "), [pin(11)]),
    ("a.yaml", "kind: ResourceSet\nspec:\n  resourcesTemplate: |\n"
     + indent(HR.replace("1.1.2", "<< inputs.version >>"), "    "),
     [pin(11, "<< inputs.version >> [variable]")]),
]  # fmt: skip

NOTED = [
    ("a.yaml", CONFIG_MAP + ">\n" + indent(HR, "    "), 4),
    ("a.yaml", CONFIG_MAP + '"' + HR.replace("\n", "\\n") + '"\n', 3),
    ("a.yaml", CONFIG_MAP + '"' + JSON.replace('"', '\\"') + '"\n', 3),
    ("a.tf", 'x = "' + HR.replace("\n", "\\n") + '"\n', 1),
    ("a.sh", "echo '" + HR + "' | kubectl apply -f -\n", 1),
    ("a.tftpl", BAD_TEMPLATE, 11),
    ("a.tftpl", HR.replace("1.1.2", "1.1.2' | kubectl"), 8),
    ("a.tftpl", HR.replace("      version: 1.1.2", "      {{ .version }}"), 1),
    ("a.tftpl", HR.replace("      version", "     version"), 1),
    ("a.sh", "cat <<-EOF\n" + indent(HR, "\t").replace("\t  chart:", "\t\t  chart:") + "EOF\n", 2),
    ("a.tftpl", OCI.replace("tag: 1.1.2", "digest: sha256:00"), 6),
]

SILENT = [
    ("a.md", HR),
    ("a.py", f'x = """\n{HR}"""\n'),
    ("a.sh", indent(HR, "# ")),
    ("a.tf", f"/*\n{terraform('1')}*/\n"),
    ("a.yaml", CONFIG_MAP + "|\n" + indent(HR.replace("bp-flux", "bp-other"), "    ")),
    ("a.yaml", "kind: ConfigMap\n" + indent("data:\n  a: |\n" + indent(HR, "    "), "# ")),
    ("a.tftpl", HR.replace("bp-flux", "bp-other") + "---\nchart: bp-flux\nversion: 1.1.2\n"),
    ("a.tftpl", "kind: HelmRelease\nspec:\n  values:\n    chart: bp-flux\n    version: 1.1.2\n"),
    ("a.tftpl", "chartRef:\n  kind: OCIRepository\n  name: bp-flux\n"),
    ("a.tftpl", HR.replace("chart: bp-flux", "chart: ${chart}") + "# bp-flux\n"),
    ("a.yaml", CONFIG_MAP + "|\n" + indent(HR.replace("HelmRelease", "HelmReleaseX"), "    ")),
]


def found(path: str, text: str) -> tuple[list[Pin], list[Note]]:
    both = list(embedded.find(TextFile(path, text), CONTEXT))
    pins = [one for one in both if isinstance(one, Pin)]
    for one in pins:
        assert one.form != "exact" or text[one.start : one.end] == one.value
        assert one.form == "unpinned" or TextFile(path, text).location(one.start) == one.location
    return pins, [one for one in both if isinstance(one, Note)]


@pytest.mark.parametrize(("path", "text", "expected"), FOUND)
def test_found(path: str, text: str, expected: list[str]) -> None:
    pins, notes = found(path, text)
    assert (brief(pins), notes) == (expected, [])


@pytest.mark.parametrize(("path", "text", "line"), NOTED)
def test_noted_where_it_is_not_certain(path: str, text: str, line: int) -> None:
    pins, notes = found(path, text)
    assert pins == []
    assert [note.location.line for note in notes] == [line]
    assert "bp-flux" in notes[0].message


@pytest.mark.parametrize(("path", "text"), SILENT)
def test_silent_about_the_rest(path: str, text: str) -> None:
    assert found(path, text) == ([], [])


def test_an_object_that_another_kind_reads_is_found_once() -> None:
    both = HR + "---\n" + CONFIG_MAP + "|\n" + indent(HR, "    ")
    inventory = find(small(release=both))
    here = [one for one in inventory.pins if one.location.path == "clusters/a/flux.yaml"]
    assert brief(here) == ["8 helm-release bp-flux 1.1.2", pin(20)]


@pytest.mark.parametrize(
    "unit",
    [
        "kind: HelmRelease {",
        "kind: HelmRelease\n",
        "  a: b\nkind: HelmRelease\n  c: {\n",
        "- kind: HelmRelease\n  spec: {\n",
    ],
    ids=["one line", "one column", "indented", "items"],
)
def test_work_on_a_text_that_repeats_itself_grows_with_it(unit: str) -> None:
    def reads(text: str) -> None:
        pins, _ = found("a.sh", text)
        assert pins == []

    linear.assert_linear(reads, growth.again(unit, tail="chart: bp-flux"), 10_000)


def test_all_of_them_move(repo: Repo, cli: Cli) -> None:
    files = {
        "infra/node.tftpl": "write_files:\n  - content: |\n" + indent(HR, "      "),
        "infra/flux.tf": terraform('"1.1.2"'),
        "infra/boot.yaml": CONFIG_MAP + "|\n" + indent(OCI, "    "),
    }
    small_one = repository(repo.home / "small", small(**files), repo.index)
    assert cli("to", "2.5.1", cwd=small_one).code == 0
    for path, before in files.items():
        after = small_one.show("fluxbump/flux-2.5.1", path)
        assert after == before.replace("1.1.2", "1.1.3")


def test_one_that_is_behind_is_refused(repo: Repo, cli: Cli) -> None:
    files = {"infra/node.tftpl": HR.replace("1.1.2", "1.0.9")}
    small_one = repository(repo.home / "small", small(**files), repo.index)
    result = cli("check", "--no-render", "--select", "FB109", cwd=small_one)
    assert result.code == 1
    assert "infra/node.tftpl:8" in result.out
