"""Sources of Flux that no single tool owns: entries of the chart, the repository, commands."""

from __future__ import annotations

import pytest

from fluxbump.discover.pins import KINDS
from fluxbump.discover.pins.kind import Context
from fluxbump.model import Note, Pin, Role
from fluxbump.text.live_code import TextFile
from tests.helpers import COMMUNITY, brief, find

ENTRY = f"{{name: flux2, url: '{COMMUNITY}', version: 2.14.1}}\n"
HCL = f'{{ chart = "flux2", repository = "{COMMUNITY}", version = "2.14.1" }}'
K0S = (
    f'repos = [{{ name = "c", url = "{COMMUNITY}" }}]\n'
    'charts = [{ name = "f", chartname = "c/flux2", version = "2.14.1" }]\n'
)
RANGE = "1 chart-entry flux2 ~> 2.14"
CHART = "1 chart-entry flux2 2.14.1"
SOURCE = "kind: GitRepository\nspec: {url: https://github.com/fluxcd/flux2, ref: {tag: v2.4.0}}\n"
ARGO = "repoURL: https://github.com/fluxcd/flux2\npath: manifests/install\ntargetRevision: v2.4.0\n"
ARCHIVE = "curl -sL https://github.com/fluxcd/flux2/archive/refs/tags/v2.4.0.tar.gz\n"
GO = "go install github.com/fluxcd/flux2/v2/cmd/flux@v2.4.0\n"
HELD = "1 tool-command flux 2.4.0"


def found(kind: str, path: str, text: str) -> list[Pin | Note]:
    return [*KINDS[kind].find(TextFile(path, text), Context())]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("zarf.yaml", ENTRY, [CHART]),
        ("zarf.yaml", ENTRY.replace("url", "repository").replace("'http", "{url: 'http").replace(
            "charts'", "charts'}"), [CHART]),
        ("a.yaml", ENTRY.replace("name: ", "remoteChart: ").replace("url", "repo"), [CHART]),
        ("a.yaml", ENTRY.replace("version: 2.14.1", "version: &v 2.14.1"), [f"{CHART} [opaque]"]),
        ("a.yaml", ENTRY.replace("version", "chart_version"), [CHART]),
        ("a.yaml", ENTRY.replace("fluxcd-community", "other"), []),
        ("a.yaml", ENTRY.replace("flux2", "flux2-sync"), []),
        ("a.yaml", f"{{name: flux2, version: 2.14.1}}\n# {COMMUNITY}\n", []),
        ("a.yaml", ENTRY.replace("{", "{chart: flux2-sync, "), []),
        ("a.tf", f"charts = {{\n  a = {HCL}\n}}\n", ["2 chart-entry flux2 2.14.1"]),
        ("prod.tfvars", f"charts = [{HCL}]\n", [CHART]),
        ("a.hcl", "a = " + HCL.replace("2.14.1", "~> 2.14"), [f"{RANGE} [range]"]),
        ("k0s.tf", K0S, ["2 chart-entry flux2 2.14.1"]),
        ("a.tf", "a = " + HCL.replace('"flux2"', '"flux2-sync"'), []),
        ("a.tf", "a = " + HCL.replace("fluxcd-community", "other"), []),
        ("a.tf", "a = " + HCL.replace('"2.14.1"', "var.flux"), []),
        ("a.tf", 'module "a" ' + HCL.replace("{", '{ source = "x/y",'), []),
        ("a.tf", f"# charts = {HCL}\n", []),
        ("Chart.yaml", ENTRY, []),
        ("Chart.lock", ENTRY, []),
        ("requirements.yaml", ENTRY, []),
        ("vendir.lock.yml", ENTRY, []),
        ("helmfile.lock", ENTRY, []),
    ],
)  # fmt: skip
def test_entries_of_the_chart(path: str, text: str, expected: list[str]) -> None:
    assert (
        brief(one for one in found("chart-entry", path, text) if isinstance(one, Pin)) == expected
    )


def test_a_table_of_versions_is_noted() -> None:
    (note,) = found("chart-entry", "a.yaml", f"- {ENTRY}- {ENTRY.replace('2.14.1', '2.13.0')}")
    assert isinstance(note, Note)
    assert note.message == "a list of several versions of the chart flux2"


@pytest.mark.parametrize(
    ("path", "text", "expected", "role"),
    [
        ("a.yaml", SOURCE, "2 flux-repository flux 2.4.0", Role.REFERENCE),
        ("a.yaml", SOURCE.replace("flux2,", "flux2.git,"), "2 flux-repository flux 2.4.0",
         Role.REFERENCE),
        ("a.yaml", SOURCE.replace("v2.4.0", "2.4.0"), "2 flux-repository flux 2.4.0 [opaque]",
         Role.REFERENCE),
        ("a.yaml", SOURCE.replace("tag: v2.4.0", "semver: '>=2.4.0'"), None, None),
        ("a.yaml", SOURCE.replace("tag: v2.4.0", "branch: main"), None, None),
        ("a.yaml", SOURCE.replace("flux2,", "flux2-monitoring-example,"), None, None),
        ("a.yaml", ARGO, "3 flux-repository flux 2.4.0", Role.INSTALLS),
        ("a.yaml", ARGO.replace("install", "monitoring"), "3 flux-repository flux 2.4.0",
         Role.REFERENCE),
        ("v.yml", "{slug: fluxcd/flux2, tag: v2.4.0}\n", "1 flux-repository flux 2.4.0",
         Role.REFERENCE),
        ("a.sh", ARCHIVE, "1 flux-repository flux 2.4.0", Role.REFERENCE),
        ("a.sh", ARCHIVE.replace("refs/tags/v2.4.0", "main"), None, None),
        ("flake.nix", '{ inputs.f.url = "github:fluxcd/flux2/v2.4.0"; }\n',
         "1 flux-repository flux 2.4.0", Role.REFERENCE),
    ],
)  # fmt: skip
def test_the_repository_at_a_tag(
    path: str, text: str, expected: str | None, role: Role | None
) -> None:
    pins = [one for one in find({path: text}).pins if one.kind == "flux-repository"]
    assert brief(pins) == ([expected] if expected else [])
    assert [pin.role for pin in pins] == ([role] if role else [])


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.sh", GO, [HELD]),
        ("a.sh", GO.replace("v2.4.0", "latest"), ["1 tool-command flux latest [unpinned]"]),
        ("a.sh", GO.replace("v2.4.0", "main"), []),
        ("a.sh", f"# {GO}", []),
        ("a.md", GO, []),
        ("a.sh", "arkade get flux@v2.4.0\n", [HELD]),
        ("a.sh", "arkade get flux --version v2.4.0\n", [HELD]),
        ("a.sh", "arkade get kubectl --version v2.4.0\n", []),
        ("a.ps1", "choco install flux -y --version=2.4.0\n", [HELD]),
        ("a.sh", "asdf install flux2 2.4.0\n", [HELD]),
        ("a.sh", "mise use -g aqua:fluxcd/flux2@2.4.0\n", [HELD]),
    ],
)
def test_commands_of_tools(path: str, text: str, expected: list[str]) -> None:
    pins = find({path: text}).pins
    assert brief(pins) == expected
    assert {pin.role for pin in pins} <= {Role.TOOL}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".flux-version", "2.4.0\n", ["1 tool-version flux 2.4.0"]),
        (".flux-version", "v2.4.0", ["1 tool-version flux 2.4.0"]),
        (".flux-version", "see the wiki, 2.4.0\n", []),
        (".prototools", 'flux = "2.4.0"\n[plugins]\n', ["1 tool-version flux 2.4.0"]),
        (".prototools", '[plugins]\nflux = "2.4.0"\n', []),
        (".pkgx.yaml", "dependencies:\n  fluxcd.io/flux2: 2.4.0\n", ["2 tool-version flux 2.4.0"]),
        (".pkgx.yaml", "dependencies:\n  # fluxcd.io: 2.4.0\n", []),
        (
            ".devcontainer/devcontainer.json",
            '{"features": {"ghcr.io/x/features/flux2:1": {"a": "b", "version": "2.4.0"}}}\n',
            ["1 tool-version flux 2.4.0"],
        ),
        (
            ".devcontainer/devcontainer.json",
            '{"features": {"ghcr.io/x/features/fluxbox:1": {"version": "2.4.0"}}}\n',
            [],
        ),
    ],
)
def test_files_of_tools(path: str, text: str, expected: list[str]) -> None:
    assert brief(find({path: text}).pins) == expected


HELMFILE = "releases: [{name: f, chart: c/flux2, version: '{{ .Values.flux.version }}'}]\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"helmfile.yaml": "environments: {a: {values: [{flux: {version: 2.14.1}}]}}\n---\n"
          + HELMFILE}, ["helmfile.yaml"]),
        ({"helmfile.yaml": "environments:\n  a:\n    values:\n    - env/a.yaml\n---\n" + HELMFILE,
          "env/a.yaml": "flux: {version: 2.14.1}\n"}, ["env/a.yaml"]),
        ({"helmfile.yaml": "environments:\n  a:\n    values:\n    - env/a.yaml\n    - b.yaml\n---\n"
          + HELMFILE, "env/a.yaml": "flux: {version: 2.14.1}\n",
          "b.yaml": "flux: {version: 2.14.0}\n"}, []),
    ],
)  # fmt: skip
def test_values_of_a_helmfile_are_followed(files: dict[str, str], expected: list[str]) -> None:
    pins = [pin for pin in find(files).pins if pin.form == "exact"]
    assert [(pin.kind, pin.location.path) for pin in pins] == [("variable", p) for p in expected]


def test_a_variable_with_a_version_of_the_chart_is_no_release() -> None:
    """The chart's versions run ahead of the releases, so 2.14.1 is no release to come."""
    inventory = find({"a.env": "FLUX_VERSION=2.14.1\n"})
    assert inventory.pins == ()
    (note,) = inventory.notes
    assert "FLUX_VERSION holds 2.14.1, a version of the chart flux2 and no release" in note.message


def test_what_is_followed_to_the_chart_needs_no_note() -> None:
    text = "FLUX_VERSION ?= 2.14.1\nx:\n\thelm upgrade -i f c/flux2 --version $(FLUX_VERSION)\n"
    inventory = find({"Makefile": text})
    assert brief(inventory.pins) == ["1 variable flux2 2.14.1"]
    assert inventory.notes == ()
