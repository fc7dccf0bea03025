"""Install URLs that take their release from a variable, and texts that only look like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.bump.planning.plan import Options, plan
from fluxbump.flux.releases import resolve
from tests.helpers import Cli, brief, chart_index, find, repository, small

BASE = "https://github.com/fluxcd/flux2/releases/download"


def url(tag: str) -> str:
    return f"{BASE}/{tag}/install.yaml"


def held(files: dict[str, str]) -> list[str]:
    """Each pin as `path:line kind value [form]`."""
    pins = find(files).pins
    return [f"{p.location.path}:{one}" for p, one in zip(pins, brief(pins), strict=True)]


JINJA = url("v{{ v }}")
DEFAULTED = url("{{ v | default('v2.4.0') }}")
LOCAL = url('v${local.v["flux2"]}')
STEP = url("${{ steps.x.outputs.tag }}")
TF = f'url = "{url("${var.flux_version}")}"\n'

# what is there, and the places that are pins
FOLLOWED: dict[str, tuple[dict[str, str], list[str]]] = {
    "shell": ({"a.sh": f'export V="v2.4.0"\ncurl {url("${V}")}\n'}, ["a.sh:1"]),
    "readonly": ({"a.sh": f"readonly V=2.4.0\ncurl {url('v$V')}\n"}, ["a.sh:1"]),
    "a prefix is taken away": ({"a.sh": f"V=v2.4.0\ncurl {url('v${V#v}')}\n"}, ["a.sh:1"]),
    "default in the URL": ({"a.sh": f"curl {url('${X:-v2.4.0}')}\n"}, ["a.sh:1"]),
    "assigned default in the URL": ({"a.sh": f"curl {url('v${X:=2.4.0}')}\n"}, ["a.sh:1"]),
    "default in an assignment": (
        {"a.sh": f'V="${{V:-2.4.0}}"\ncurl {url("v$V")}\n'},
        ["a.sh:1"],
    ),
    "default by colon": ({"a.sh": f': "${{V:=2.4.0}}"\ncurl {url("v$V")}\n'}, ["a.sh:1"]),
    "twice the same": (
        {"a.sh": f"V=2.4.0\nif x; then V=2.4.0; fi\ncurl {url('v$V')}\n"},
        ["a.sh:1", "a.sh:2"],
    ),
    "default of a template, quoted": (
        {"Taskfile.yml": "vars:\n  V: '{{.V | default \"v2.4.0\"}}'\ncmd: curl " + url("{{.V}}")},
        ["Taskfile.yml:2"],
    ),
    "default of just": (
        {"justfile": f"v := env('FLUX', \"2.4.0\")\na:\n    curl {url('v{{v}}')}\n"},
        ["justfile:1"],
    ),
    "default of Terraform": (
        {"m.tf": f'locals {{\n  v = coalesce(var.flux, "v2.4.0")\n}}\nu = "{url("${local.v}")}"\n'},
        ["m.tf:2"],
    ),
    "default of an attribute": (
        {
            "m.tf": 'variable "f" {\n  type = object({ v = optional(string, "v2.4.0") })\n'
            f'  default = {{}}\n}}\nu = "{url("${var.f.v}")}"\n'
        },
        ["m.tf:2"],
    ),
    "one variable from another": (
        {"a.sh": f"A=2.4.0\nB=v$A\ncurl {url('$B')}\n"},
        ["a.sh:1"],
    ),
    "dockerfile": (
        {"Dockerfile": f"ARG V=2.4.0\nFROM x\nARG V\nADD {url('v${V}')} /\n"},
        ["Dockerfile:1"],
    ),
    "dockerfile environment": (
        {"Dockerfile": f"ENV V 2.4.0\nADD {url('v${V}')} /\n"},
        ["Dockerfile:1"],
    ),
    "workflow": (
        {".github/workflows/a.yaml": f"env:\n  V: v2.4.0\nrun: curl {url('${{ env.V }}')}\n"},
        [".github/workflows/a.yaml:2"],
    ),
    "ansible": (
        {"p.yml": f'- vars:\n    v: "2.4.0"\n  get_url: {{url: "{JINJA}"}}\n'},
        ["p.yml:2"],
    ),
    "taskfile": (
        {"Taskfile.yml": f"vars:\n  V: 2.4.0\ncmds:\n  - curl {url('v{{.V}}')}\n"},
        ["Taskfile.yml:2"],
    ),
    "entry of an environment": (
        {"j.yaml": f'env:\n  - name: V\n    value: "v2.4.0"\nargs: [curl {url("$(V)")}]\n'},
        ["j.yaml:3"],
    ),
    "fish": ({"a.fish": f"set -gx V 2.4.0\ncurl {url('v$V')}\n"}, ["a.fish:1"]),
    "powershell": ({"a.ps1": f'$V = "2.4.0"\niwr {url("v$V")}\n'}, ["a.ps1:1"]),
    "behind a byte order mark": (
        {"a.ps1": f'\ufeff$V = "2.4.0"\niwr {url("v$V")}\n'},
        ["a.ps1:1"],
    ),
    "tfvars behind a byte order mark": (
        {"m.tf": TF, "a.tfvars": '\ufeffflux_version = "v2.4.0"\n'},
        ["a.tfvars:1"],
    ),
    "make": ({"Makefile": f"V := 2.4.0\nx:\n\tcurl {url('v$(V)')}\n"}, ["Makefile:1"]),
    "jinja": ({"a.j2": f'{{% set v = "2.4.0" %}}\ncurl {JINJA}\n'}, ["a.j2:1"]),
    "jinja default": ({"a.j2": f"curl {DEFAULTED}\n"}, ["a.j2:1"]),
    "go template": (
        {"a.tpl": f'{{{{- $v := "v2.4.0" }}}}\ncurl {url("{{ $v }}")}\n'},
        ["a.tpl:1"],
    ),
    "local": (
        {"m.tf": f'locals {{\n  v = {{ flux2 = "2.4.0" }}\n}}\nu = "{LOCAL}"\n'},
        ["m.tf:2"],
    ),
    "default beside": (
        {"m.tf": TF, "v.tf": 'variable "flux_version" {\n  default = "v2.4.0"\n}\n'},
        ["v.tf:2"],
    ),
    "tfvars": (
        {"m.tf": TF, "a.tfvars": 'flux_version = "v2.4.0"\n'},
        ["a.tfvars:1"],
    ),
    "map in tfvars": (
        {
            "m.tf": f'u = "{url("v${var.versions.flux2}")}"\n',
            "a.tfvars": 'versions = {\n  k3s = "1.31.4"\n  flux2 = "2.4.0"\n}\n',
        },
        ["a.tfvars:3"],
    ),
    "role": (
        {
            "roles/f/tasks/main.yml": f"- get_url: {{url: '{url('v{{ flux_tag }}')}'}}\n",
            "roles/f/defaults/main.yml": "flux_tag: 2.4.0\n",
            "roles/g/defaults/main.yml": "flux_tag: 2.3.0\n",
        },
        ["roles/f/defaults/main.yml:1"],
    ),
    "inventory in another folder": (
        {
            "ansible/roles/f/tasks/main.yml": f"- get_url: {{url: '{url('v{{ flux_tag }}')}'}}\n",
            "ansible/roles/f/defaults/main.yml": "flux_dir: /usr/local/bin\n",
            "ansible/inventories/a/group_vars/all.yml": "flux_tag: 2.4.0\n",
            "other/group_vars/all.yml": "flux_tag: 2.3.0\n",
        },
        ["ansible/inventories/a/group_vars/all.yml:1"],
    ),
    "sourced": (
        {"d/a.sh": f"source ./my.conf\ncurl {url('v$V')}\n", "d/my.conf": "V=2.4.0\n"},
        ["d/my.conf:1"],
    ),
    "dotenv beside": ({"d/a.sh": f"curl {url('v$V')}\n", "d/.env": "V=2.4.0\n"}, ["d/.env:1"]),
    "template by call": (
        {
            "t/x.tftpl": f"curl {url('${flux}')}\n",
            "m.tf": 'templatefile("t/x.tftpl", { flux = var.fv })\n',
            "v.tf": 'variable "fv" {\n  default = "v2.4.0"\n}\n',
        },
        ["v.tf:2"],
    ),
    "template by call, under the same name": (
        {
            "m/t/x.tftpl": f"curl {url('${flux}')}\n",
            "m/m.tf": 'templatefile("${path.module}/t/x.tftpl", {\n  flux = var.flux\n})\n',
            "m/v.tf": 'variable "flux" {\n  default = "v2.4.0"\n}\n',
        },
        ["m/v.tf:2"],
    ),
    "template by name": (
        {
            "x.tftpl": f"curl {url('${flux}')}\n",
            "v.tf": 'variable "flux" {\n  default = "v2.4.0"\n}\n',
        },
        ["v.tf:2"],
    ),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_the_assignment_is_the_pin(name: str) -> None:
    files, places = FOLLOWED[name]
    kinds = {"variable"}
    found = find(files)
    assert [str(pin.location) for pin in found.pins] == places
    assert {pin.kind for pin in found.pins} == kinds
    assert {pin.value for pin in found.pins} == {"2.4.0"}


@pytest.mark.parametrize("name", FOLLOWED)
def test_the_assignment_moves_and_nothing_else(name: str) -> None:
    files, _ = FOLLOWED[name]
    found = find(files)
    planned = plan(found, resolve("2.5.1", chart_index()), chart_index(), Options())
    assert {change.new for change in planned.changes} == {"2.5.1"}


NOT_FOLLOWED = {
    "nothing sets it": {"a.sh": f"curl {url('$V')}\n"},
    "computed": {"a.sh": f"V=$(curl x)\ncurl {url('$V')}\n"},
    "computed later": {"a.sh": f"V=2.4.0\nV=$(curl x)\ncurl {url('$V')}\n"},
    "two values": {"a.sh": f"V=2.4.0\nV=2.5.1\ncurl {url('$V')}\n"},
    "in a comment": {"a.sh": f"# V=2.4.0\ncurl {url('$V')}\n"},
    "a comparison": {"a.sh": f'[ "$V" = "2.4.0" ]\ncurl {url("$V")}\n'},
    "another name": {"a.sh": f"MY_V=2.4.0\nV_2=2.4.0\ncurl {url('$V')}\n"},
    "parts": {"a.sh": f"A=2.4.0\nB=1\ncurl {url('$A-$B')}\n"},
    "a step of a workflow": {"a.yaml": f"tag: v2.4.0\nrun: curl {STEP}\n"},
    "two files disagree": {
        "m.tf": TF,
        "a.tfvars": 'flux_version = "v2.4.0"\n',
        "b.tfvars": 'flux_version = "v2.5.1"\n',
    },
}


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_what_cannot_be_followed_is_listed(name: str) -> None:
    found = find(NOT_FOLLOWED[name])
    assert [(pin.kind, str(pin.form)) for pin in found.pins] == [("install-url", "variable")]


PATTERNS = (
    *("vX.Y.Z", "<tag>", "v%s", "v$1", "v(?<currentValue>.*)", "v*", "{}", "v{version}", r"v\1"),
    *("...", "VERSION", "v[0-9]+", "{{{newValue}}}", "v.*", "${1}", "{{ .newVersion }}"),
)


@pytest.mark.parametrize("tag", PATTERNS)
def test_a_pattern_is_no_pin(tag: str) -> None:
    found = find({"a.sh": f'echo "{url(tag)}"\n'})
    assert found.pins == ()
    assert [str(note.location) for note in found.notes] == ["a.sh:1"]


@pytest.mark.parametrize(
    "line",
    [
        f"grep -q '{url('v2.4.0')}' f",
        f'sed -i "s#{url("v[0-9.]*")}#{url("$NEW")}#" f',
        f"x | sed -E 's|a|{url('v2.4.0')}|'",
        f"matchpattern: '{url('v2.4.0')}'",
        f"sed -i \\\n  's#a#{url('$NEW')}#' f",
    ],
)
def test_what_a_tool_searches_for_is_no_pin(line: str) -> None:
    found = find({"a.sh": f"{line}\n"})
    assert found.pins == ()
    assert found.notes


@pytest.mark.parametrize(
    "line", [f"curl {url('v2.4.0')} | sed s/a/b/ | sh", f"grep x f; curl {url('v2.4.0')}"]
)
def test_what_stands_beside_a_tool_is_a_pin(line: str) -> None:
    assert held({"a.sh": f"{line}\n"}) == ["a.sh:1 install-url flux 2.4.0"]


def test_a_mapping_under_a_key_like_a_pattern_is_searched() -> None:
    """The `jobTemplate` of a CronJob holds a whole object, on one line in JSON."""
    held_there = f'{{"jobTemplate": {{"args": ["curl {url("v2.4.0")}"]}}}}\n'
    assert held({"job.json": held_there}) == ["job.json:1 install-url flux 2.4.0"]


def test_helm_release_takes_its_version_from_a_local() -> None:
    files = {
        "m.tf": 'resource "helm_release" "f" {\n  chart = "flux2"\n  version = local.chart\n}\n'
        'locals {\n  chart = "2.14.1"\n}\n'
    }
    assert held(files) == ["m.tf:6 variable flux2 2.14.1"]


MODULE = (
    'variable "chart" {\n  default = "2.14.1"\n}\n'
    'resource "helm_release" "f" {\n  chart = "flux2"\n  version = var.chart\n}\n'
)


def caller(source: str, value: str) -> str:
    return f'module "f" {{\n  source = "{source}"\n  chart = {value}\n}}\n'


def test_what_a_module_block_passes_is_a_pin_beside_the_default() -> None:
    files = {
        "flux/m.tf": MODULE,
        "main.tf": caller("./flux", '"2.14.0"'),
        "prod/main.tf": caller("../flux/", '"2.14.1"'),
    }
    assert held(files) == [
        "flux/m.tf:2 variable flux2 2.14.1",
        "main.tf:3 variable flux2 2.14.0",
        "prod/main.tf:3 variable flux2 2.14.1",
    ]


def test_a_module_without_a_default_takes_what_is_passed() -> None:
    files = {
        "flux/m.tf": f'variable "flux_version" {{}}\n{TF}',
        "main.tf": 'module "f" {\n  source = "./flux"\n  flux_version = "v2.4.0"\n}\n',
    }
    assert held(files) == ["main.tf:3 variable flux 2.4.0"]


HANDED_ON = {
    "flux/main.tf": 'resource "helm_release" "f" {\n  chart = "flux2"\n  version = var.chart\n}\n',
    "flux/variables.tf": 'variable "chart" {\n  type = string\n}\n',
    "live/main.tf": 'module "f" {\n  source = "../flux"\n  chart = var.flux_chart\n}\n',
    "live/variables.tf": 'variable "flux_chart" {\n  default = "2.14.1"\n}\n',
}
SET = 'flux_chart = "2.14.0"\n'


def places(files: dict[str, str]) -> list[str]:
    return [f"{pin.location} {pin.kind} {pin.value} {pin.form}" for pin in find(files).pins]


def test_a_variable_that_a_module_is_handed_is_followed_to_its_caller() -> None:
    default = "live/variables.tf:2 variable 2.14.1 exact"
    assert places(HANDED_ON) == [default]
    assert places({**HANDED_ON, "live/environments/prod.tfvars": SET}) == [
        "live/environments/prod.tfvars:1 variable 2.14.0 exact",
        default,
    ]
    assert places({**HANDED_ON, "other/prod.tfvars": SET}) == [default]


def test_a_variable_is_followed_through_a_module_between() -> None:
    files = {
        **{path: text for path, text in HANDED_ON.items() if path.startswith("flux/")},
        "platform/main.tf": HANDED_ON["live/main.tf"],
        "platform/variables.tf": 'variable "flux_chart" {\n  type = string\n}\n',
        "live/main.tf": 'module "p" {\n  source = "../platform"\n  flux_chart = "2.14.1"\n}\n',
    }
    assert places(files) == ["live/main.tf:3 variable 2.14.1 exact"]


def test_what_nobody_sets_for_a_module_is_listed() -> None:
    files = {path: text for path, text in HANDED_ON.items() if path != "live/variables.tf"}
    assert places(files) == ["flux/main.tf:3 terraform var.chart variable"]


def test_values_of_an_environment_override_a_default() -> None:
    files = {
        "main.tf": HANDED_ON["flux/main.tf"],
        "variables.tf": 'variable "chart" {\n  default = "2.14.1"\n}\n',
        "env/dev.tfvars": 'chart = "2.15.0"\n',
        "env/prod.tfvars": 'chart = "2.14.1"\n',
    }
    assert places(files) == [
        "env/dev.tfvars:1 variable 2.15.0 exact",
        "env/prod.tfvars:1 variable 2.14.1 exact",
        "variables.tf:2 variable 2.14.1 exact",
    ]


def test_what_is_passed_to_another_module_is_no_pin() -> None:
    files = {
        "flux/m.tf": MODULE,
        "a.tf": caller("./other", '"2.14.0"'),
        "b.tf": caller("registry/flux/x", '"2.14.0"'),
        "c.tf": caller("./flux", "var.chart"),
    }
    assert held(files) == ["flux/m.tf:2 variable flux2 2.14.1"]


HELM = "helm upgrade -i flux2 oci://ghcr.io/fluxcd-community/charts/flux2 --version"
HELM_FILES = {
    "shell": ({"a.sh": f'CHART="2.14.1"\n{HELM} "${{CHART}}" --wait\n'}, ["a.sh:1"]),
    "default": ({"a.sh": f"{HELM} ${{CHART:-2.14.1}}\n"}, ["a.sh:1"]),
    "make": ({"Makefile": f"CHART ?= 2.14.1\nup:\n\t{HELM}=$(CHART)\n"}, ["Makefile:1"]),
    "sourced": (
        {"a.sh": f". ./versions.env\n{HELM} $CHART\n", "versions.env": "CHART=2.14.1\n"},
        ["versions.env:1"],
    ),
}


@pytest.mark.parametrize("name", HELM_FILES)
def test_a_helm_command_takes_its_version_from_an_assignment(name: str) -> None:
    files, places = HELM_FILES[name]
    assert held(files) == [f"{place} variable flux2 2.14.1" for place in places]


def test_a_helm_command_whose_variable_nothing_sets_is_listed() -> None:
    assert held({"a.sh": f"{HELM} $CHART\n"}) == ["a.sh:1 helm-command flux2 $CHART [variable]"]


def test_an_exact_url_lets_a_bump_pass_one_that_cannot_be_followed(
    cli: Cli, tmp_path: Path, index: Path
) -> None:
    files = small(**{"b.sh": f"curl {url('$V')}\n"})
    repo = repository(tmp_path / "repo", files, index)
    report = cli("to", "2.5.1", "-n", cwd=repo)
    assert report.code == 0, report.err
    checked = cli("check", cwd=repo).out
    assert "FB102 install-manifest-pinned  b.sh:1 takes its release from $V" in checked
    assert "FB102 error" not in checked
