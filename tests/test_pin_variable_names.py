"""Variables that are called after a Flux release, also where nothing here uses them."""

from __future__ import annotations

import pytest

from fluxbump.model import Note, Role
from tests.helpers import Cli, Repo, brief, find, script

WORKFLOW = ".github/workflows/ci.yaml"
DIGEST = "ab" * 32
DOWNLOAD = "https://github.com/fluxcd/flux2/releases/download"
TABLE = (
    "flux_ver: 2.4.0\nflux_checksums:\n"
    f"  2.4.0:\n    # {DOWNLOAD}/v2.4.0/flux_2.4.0_linux\n    linux: sha256:{DIGEST}\n"
)


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        (WORKFLOW, "env:\n  FLUX_VERSION: 2.4.0\n", 2),
        (WORKFLOW, "jobs: {a: {env: {FLUX_CLI_VERSION: 'v2.4.0'}}}\n", 1),
        (".gitlab-ci.yml", "variables:\n  FLUX_VERSION:\n    value: v2.4.0\n", 3),
        ("Dockerfile", "FROM x\nARG FLUX2_VERSION=v2.4.0\n", 2),
        ("Dockerfile", "FROM x\nENV FLUX_VERSION 2.4.0\n", 2),
        ("a.sh", "export FLUX_VERSION=2.4.0\n", 1),
        ("a.sh", "curl -s https://fluxcd.io/install.sh | sudo FLUX_VERSION=2.4.0 bash\n", 1),
        ("a.sh", 'f() {\n    local __flux_version="2.4.0"\n}\n', 2),
        ("Makefile", "FLUX_VERSION ?= v2.4.0\n", 1),
        ("versions.env", "FLUXCD_VERSION=v2.4.0\n", 1),
        (".env", "FLUX_VERSION=2.4.0\n", 1),
        ("a.tfvars", 'flux_version = "v2.4.0"\n', 1),
        ("v.tf", 'variable "flux_version" {\n  type    = string\n  default = "v2.4.0"\n}\n', 3),
        ("l.tf", 'locals {\n  flux_version = "2.4.0"\n}\n', 2),
        ("docker-bake.hcl", 'variable "FLUX_VERSION" {\n  default = "2.4.0"\n}\n', 2),
        ("group_vars/all.yml", "flux_version: v2.4.0\n", 1),
        ("roles/flux/defaults/main.yml", 'flux_cli_version: "2.4.0"\n', 1),
        ("justfile", 'flux_version := "2.4.0"\n', 1),
        ("Taskfile.yml", "vars:\n  FLUX_VERSION: 2.4.0\n", 2),
        ("values.yaml", "cli:\n  fluxVersion: 2.4.0\n", 2),
        ("e.yaml", "env:\n  - name: FLUX_VERSION\n    value: v2.4.0\n", 3),
        ("a.sh", "FLUX_VER=2.4.0\n", 1),
        ("roles/flux/defaults/main.yml", "flux_ver: 2.4.0\n", 1),
        ("a.sh", "FLUX_VERSION=2.99.0\n", 1),
        ("a.sh", "FLUX_VERSION=v2.0.0-rc.3\n", 1),
        ("m.tf", 'module "flux" {\n  source       = "./flux"\n  flux_version = "v2.4.0"\n}\n', 3),
    ],
)
def test_a_name_that_says_flux_is_a_tool(path: str, text: str, line: int) -> None:
    (pin,) = find({path: text}).pins
    assert (pin.kind, pin.role, pin.location.line) == ("variable", Role.TOOL, line)
    assert pin.value in ("2.4.0", "2.99.0", "2.0.0-rc.3")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.sh", "FLUX_OPERATOR_VERSION=$(curl x)\n"),
        ("a.sh", "MY_FLUX_OPERATOR_VERSIONS=0.33.0\n"),
        ("a.sh", "INFLUX_VERSION=2.4.0\n"),
        ("a.sh", "INFLUX_VER=2.4.0\n"),
        ("a.sh", "FLUX_VERTICAL=2.4.0\n"),
        ("a.sh", "INFLUX_CLI_VERSION=2.4.0\n"),
        ("a.sh", "FLUX_VERSION_OLD=2.4.0\n"),
        ("a.sh", "FLUX_VERSION=0.194.3\n"),  # InfluxData's language
        ("a.sh", "FLUX_VERSION=1.25.4\n"),  # the first Flux
        ("a.sh", "FLUX_VERSION=3.0.0\n"),
        ("a.sh", "FLUX_VERSION=2.4\n"),
        ("a.sh", "FLUX_VERSION=2.4.0-ours.1\n"),
        ("a.sh", "FLUX_VERSION=$(curl x)\n"),
        ("a.sh", "# FLUX_VERSION=2.4.0\n"),
        ("README.md", "FLUX_VERSION=2.4.0\n"),
        ("a.py", 'FLUX_VERSION = "2.4.0"\n'),
        ("a.sh", 'test "$FLUX_VERSION" = 2.4.0\n'),
    ],
)
def test_what_only_looks_like_it_is_no_pin(path: str, text: str) -> None:
    assert find({path: text}).pins == ()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.sh", "export FLUX_OPERATOR_VERSION=v0.33.0\n"),
        ("a.env", "FLUX_OPERATOR_CHART_VERSION=0.33.0\n"),
        ("a.hcl", 'locals {\n  apps = {\n    flux_operator_version = "0.33.0"\n  }\n}\n'),
        ("values.yaml", "fluxOperatorVersion: 0.33.0\n"),
    ],
)
def test_the_operator_has_names_too(path: str, text: str) -> None:
    (pin,) = find({path: text}).pins
    assert (str(pin.track), pin.role, pin.value) == ("flux-operator", Role.OPERATOR, "0.33.0")


def test_several_versions_of_the_operator_in_one_file_are_left_alone() -> None:
    found = find({"a.yaml": "a: {fluxOperatorVersion: 0.33.0}\nb: {fluxOperatorVersion: 0.20.0}\n"})
    assert found.pins == ()
    assert ["several versions of flux-operator" in note.message for note in found.notes] == [True]


@pytest.mark.parametrize(("more", "expected"), [("", 0), ("curl https://fluxcd.io/install.sh", 1)])
def test_before_2_the_file_has_to_say_whose_flux_it_is(more: str, expected: int) -> None:
    files = {"a.sh": f"export FLUX_VERSION=0.41.2\n{more}\n"}
    assert len(find(files, app_versions={"2.7.1": "0.41.2"}).pins) == expected


def test_several_releases_in_one_file_are_left_alone() -> None:
    found = find({WORKFLOW: "a: {FLUX_VERSION: 2.4.0}\nb: {FLUX_VERSION: 2.3.0}\n"})
    assert found.pins == ()
    assert ["sets FLUX_VERSION to several" in note.message for note in found.notes] == [True]


def test_what_a_use_cannot_choose_among_is_no_tool() -> None:
    url = script("${FLUX_VERSION}").replace("vv", "v")
    files = {"d/a.sh": url, "d/a.env": "FLUX_VERSION=2.4.0\n", "d/b.env": "FLUX_VERSION=2.3.0\n"}
    assert [one.split()[1] for one in brief(find(files).pins)] == ["install-url"]


def test_a_use_decides_the_role() -> None:
    files = {"a.sh": "FLUX_VERSION=v2.4.0\nflux install --version $FLUX_VERSION\n"}
    (pin,) = find(files).pins
    assert pin.role is Role.INSTALLS


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("v.env", f"FLUX_VERSION=2.4.0\nFLUX_SHA256={DIGEST}\n"),
        ("a.sh", f'export FLUX_VERSION="2.4.0"\nSHA256SUM="{DIGEST}"\n'),
        ("v.bzl", f'FLUX_VERSION = "2.4.0"\nFLUX_SHA256 = {{\n    "arm64": "{DIGEST}",\n}}\n'),
        (
            "u.bzl",
            f'FLUX_VERSION = "2.4.0"\nFLUX_SHA256 = {{}}\nurl = "{DOWNLOAD}/v%s/%s" % (v, name)\n',
        ),
    ],
)
def test_a_digest_beside_it_stops_a_bump(path: str, text: str, repo: Repo, cli: Cli) -> None:
    repo.commit({path: text})
    refused = cli("to", "2.5.1", cwd=repo)
    assert refused.code == 5
    assert refused.err.startswith(f"error: {path}:2: ")
    assert "\n  a digest that may be of Flux 2.4.0\n" in refused.err


def test_a_table_of_digests_beside_it_stops_a_bump(repo: Repo, cli: Cli) -> None:
    repo.commit({"defaults/main.yml": TABLE})
    refused = cli("to", "2.5.1", cwd=repo)
    assert refused.code == 5
    assert refused.err.startswith("error: defaults/main.yml:5: ")
    assert (
        "\n  the digest of 2.4.0 is in a table, which has a key for each release\n" in refused.err
    )


def test_a_note_is_no_doubt_where_the_digest_belongs_to_another(repo: Repo, cli: Cli) -> None:
    image = f"KIND_VERSION=v1.30.0@sha256:{DIGEST}\n"
    others = f"{image}HELM_SHA256={DIGEST}\nFLUX_OPERATOR_SHA256={DIGEST}\n"
    repo.commit({"v.env": f"FLUX_VERSION=2.4.0\n{others}"})
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.show("fluxbump/flux-2.5.1", "v.env").startswith("FLUX_VERSION=2.5.1\n")
    assert not any(isinstance(one, Note) for one in find({"v.env": "FLUX_VERSION=2.4.0\n"}).notes)


COMMUNITY = 'repository = "https://fluxcd-community.github.io/helm-charts"\n'


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.sh", "FLUX2_CHART_VERSION=${FLUX2_CHART_VERSION:-2.14.1}\n", 1),
        ("prod.tfvars", 'flux = {\n  flux2_chart_version      = "2.14.1"\n}\n', 2),
        ("terragrunt.hcl", 'inputs = {\n  flux2_chart_version = "2.14.1"\n}\n', 2),
        ("Makefile", "FLUX_CHART_VERSION := 2.14.1\n", 1),
        ("v.tf", 'variable "flux_helm_version" {\n  type = string\n  default = "2.14.1"\n}\n', 3),
        ("v.tf", 'variable "fluxv2_chart_version" {\n  default = "2.14.1"\n}\n', 2),
        ("values.yaml", "fluxChartVersion: 2.14.1\n", 1),
        ("v.tf", COMMUNITY + 'locals {\n  flux_chart_version = "1.10.0"\n}\n', 3),
    ],
)
def test_the_chart_has_names_too(path: str, text: str, line: int) -> None:
    (pin,) = find({path: text}, app_versions={"2.14.1": "2.4.0", "1.10.0": "0.35.0"}).pins
    assert (str(pin.track), pin.kind, pin.role) == ("flux2", "variable", Role.INSTALLS)
    assert pin.location.line == line


@pytest.mark.parametrize(
    "text",
    [
        'variable "flux_chart_version" {\n  default = "1.5.0"\n}\n',  # the first Flux
        'variable "flux2_sync_chart_version" {\n  default = "1.8.2"\n}\n',
        'variable "flux2_chart_version" {\n  default = "2.14.99"\n}\n',
        'variable "flux2_chart_version" {\n  default = "3.0.0"\n}\n',
        'variable "influx_chart_version" {\n  default = "2.14.1"\n}\n',
    ],
)
def test_what_is_no_version_of_the_chart_is_no_pin(text: str) -> None:
    found = find({"v.tf": text}, app_versions={"2.14.1": "2.4.0", "1.5.0": "0.1.0"})
    assert found.pins == ()


def notes(path: str, text: str) -> list[str]:
    found = find({path: text}, app_versions={"2.14.1": "2.4.0"})
    assert found.pins == ()
    return [f"{note.location.line} {note.message}" for note in found.notes]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.go", 'const (\n\tdefaultFluxVersion = "v2.4.0"\n)\n',
         "2 defaultFluxVersion in a program holds Flux 2.4.0"),
        ("a.go", 'const KindFluxVersion string = "2.4.0"\n', None),
        ("a.go", 'type T struct{}\nvar t = T{FluxVersion: "v2.4.0"}\n',
         "2 FluxVersion in a program holds Flux 2.4.0"),
        ("a.ts", "export const fluxVersion: string = '2.4.0';\n",
         "1 fluxVersion in a program holds Flux 2.4.0"),
        ("a.py", 'V = os.environ.get("FLUX_VERSION", "v2.4.0")\n',
         "1 FLUX_VERSION in a program holds Flux 2.4.0"),
        ("a.py", 'FLUX_CHART_VERSION = "2.14.1"\n',
         "1 FLUX_CHART_VERSION in a program holds chart flux2 2.14.1"),
        ("a_test.go", 'const defaultFluxVersion = "v2.4.0"\n', None),
        ("a.go", '// defaultFluxVersion = "v2.4.0"\n', None),
        ("a.go", 'const InfluxVersion = "2.4.0"\n', None),
        ("a.py", 'INFLUX_VERSION = "2.4.0"\n', None),
        ("a.kt", 'val springBootWebFluxVersion = "2.1.2"\n', None),
        ("a.py", 'FLUX_VERSION = "2.4.99"\n', None),
    ],
)  # fmt: skip
def test_a_constant_of_a_program_is_a_note(path: str, text: str, expected: str | None) -> None:
    assert notes(path, text) == ([expected] if expected else [])


def test_a_constant_that_renovate_is_told_of_moves() -> None:
    remark = "// renovate: datasource=github-releases depName=fluxcd/flux2\n"
    found = find({"a.go": f'{remark}const defaultFluxVersion = "v2.4.0"\n'})
    assert (brief(found.pins), found.notes) == (["2 tool-version flux 2.4.0"], ())


def test_a_place_with_a_note_is_no_mention_too(repo: Repo, cli: Cli) -> None:
    repo.commit({"a.go": 'const defaultFluxVersion = "v2.4.0"\n'})
    report = cli("to", "2.5.1", "-n", "-o", "json", cwd=repo).json
    assert [one["line"] for one in report["notes"] if one["path"] == "a.go"] == [1]
    assert not [one for one in report["mentions"] if one["path"] == "a.go"]
