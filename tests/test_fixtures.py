"""The fixtures keep the shape that every other test relies on."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from fixtures import facts, generate, gitrepo, states
from tests.tools import need_helm

EDGE = Path(generate.__file__).with_name("edge")

UNPARSABLE = {
    "charts/broken/Chart.yaml",
    "charts/duplicate-key/Chart.yaml",
    "charts/template/Chart.yaml",
    "releases/broken.yaml",
    "releases/templated.yaml",
}

PINS = {
    "infra/hetzner/cloudinit-control-plane.tftpl": {"/download/v2.4.0/install.yaml | kubectl": 1},
    "platform/flux/chart/Chart.yaml": {'    version: "2.14.1"\n': 1, "\nversion: 1.1.2\n": 1},
    "platform/flux/chart/values.yaml": {'chart: flux2, version: "2.14.1",': 1},
    "platform/flux/blueprint.yaml": {"\n  version: 1.1.2\n": 1},
    "products/catalyst/chart/Chart.yaml": {
        "\nversion: 1.1.8\n": 1,
        "\nappVersion: 1.1.6\n": 1,
        "name: bp-flux\n    version: 1.1.2\n": 1,
        "repository: oci://registry.example.org/blueprints\n": 10,
    },
}


def load(data: bytes | str) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(data))


def git(repository: Path, *arguments: str) -> str:
    result = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        env=gitrepo.environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    return result.stdout


def members(archive: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {
            member.name: content.read().decode()
            for member in tar
            if (content := tar.extractfile(member)) is not None
        }


def crds(archive: bytes) -> Iterator[Mapping[str, Any]]:
    for path, text in members(archive).items():
        if path.endswith(".crds.yaml"):
            lines = text.splitlines()
            assert lines[0] == "{{- if .Values.installCRDs }}"
            yield from load("\n".join(lines[1:-1]))


# --- the monorepo -----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["aligned", "incident"])
def test_monorepo_yaml_loads(state: states.State) -> None:
    found = states.files(state)
    loaded = {
        path: load(data)
        for path, data in found.items()
        if path.endswith(".yaml") and "/templates/" not in path
    }
    assert len(loaded) == 29
    names = {doc["metadata"]["name"] for docs in loaded.values() for doc in docs if "spec" in doc}
    assert {"bp-flux", "bp-catalyst-platform", "bp-crossplane"} <= names


@pytest.mark.parametrize("path", PINS)
def test_monorepo_holds_its_pins(path: str) -> None:
    text = states.files()[path].decode()
    assert {pin: text.count(pin) for pin in PINS[path]} == PINS[path]


@pytest.mark.parametrize(
    ("state", "flux", "umbrella"), [("aligned", "1.1.2", "1.1.8"), ("incident", "1.1.1", "1.1.1")]
)
def test_every_cluster_holds_the_state(state: states.State, flux: str, umbrella: str) -> None:
    found = states.files(state)
    for cluster in states.CLUSTERS:
        versions = {
            doc["metadata"]["name"]: doc["spec"]["chart"]["spec"]["version"]
            for path, data in found.items()
            if path.startswith(f"clusters/{cluster}/")
            for doc in load(data)
            if doc["kind"] == "HelmRelease"
        }
        assert versions == {
            "bp-cilium": "1.1.4",
            "bp-cert-manager": "1.1.1",
            "bp-flux": flux,
            "bp-crossplane": "1.1.2",
            "bp-keycloak": "1.1.2",
            "bp-catalyst-platform": umbrella,
        }


@pytest.mark.parametrize(("state", "marked"), [("aligned", "v2.4.0"), ("incident", "v2.3.0")])
def test_mapping_tables_mark_one_row(state: states.State, marked: str) -> None:
    found = states.files(state)
    for path, expected in {
        "infra/hetzner/cloudinit-control-plane.tftpl": "v2.4.0",
        "platform/flux/chart/Chart.yaml": marked,
    }.items():
        rows = [line for line in found[path].decode().splitlines() if "<- CURRENT" in line]
        assert [row.split()[1] for row in rows] == [expected]
    runbook = found["docs/RUNBOOK-PROVISIONING.md"].decode()
    assert runbook.count("| v2.4.0 (current) | 2.14.1 | 2.4.0 |") == 1


def test_cloud_config_installs_flux_once() -> None:
    template = states.files()["infra/hetzner/cloudinit-control-plane.tftpl"].decode()
    with pytest.raises(YAMLError):
        load(template)
    rendered = re.sub(r"^%\{.*~\}\n", "", template, flags=re.MULTILINE)
    rendered = re.sub(r"\$?\$\{[^}]*\}", "x", rendered)
    commands = load(rendered)[0]["runcmd"]
    (command,) = (command for command in commands if "fluxcd/flux2" in command)
    url = "https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml"
    assert command.startswith(f"curl -fsSL {url} | kubectl ")


def test_incident_differs_where_it_says(tmp_path: Path) -> None:
    aligned = generate.monorepo(tmp_path / "aligned")
    incident = generate.monorepo(tmp_path / "incident", "incident")
    paths = {file.relative_to(aligned) for file in aligned.rglob("*") if file.is_file()}
    assert paths == {file.relative_to(incident) for file in incident.rglob("*") if file.is_file()}
    differing = {
        path.as_posix()
        for path in paths
        if (aligned / path).read_bytes() != (incident / path).read_bytes()
    }
    assert differing == set(states.INCIDENT)


@pytest.mark.parametrize("old", ["absent", "e"])
def test_a_replacement_that_does_not_fit_once_is_an_error(old: str) -> None:
    with pytest.raises(ValueError, match="not one"):
        states._replaced("a.yaml", "three", [(old, "x")])


# --- repositories -----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["aligned", "incident"])
def test_repository_is_clean_and_the_same_each_time(
    state: states.State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody else")
    first = generate.repository(tmp_path / "first", state)
    second = generate.repository(tmp_path / "second", state, bare=True)
    assert git(first, "status", "--porcelain", "--branch", "--ignored") == "## main\n"
    assert git(first, "log", "--format=%H %aI %cI %an", "--all") == git(
        second, "log", "--format=%H %aI %cI %an", "main"
    )
    assert git(first, "log", "--format=%cI %ae").strip() == (
        "2026-04-29T12:00:00+00:00 platform@example.org"
    )
    assert git(second, "rev-parse", "--is-bare-repository") == "true\n"
    assert set(git(first, "ls-files").splitlines()) == set(states.files())
    assert git(first, "config", "--local", "user.email") == "platform@example.org\n"


def test_repository_does_not_write_over_anything(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(FileExistsError, match="not empty"):
        generate.repository(tmp_path)


def test_big_makes_as_many_files_as_asked(tmp_path: Path) -> None:
    bare = generate.big(tmp_path / "bare", files=300, clusters=3)
    tree = generate.big(tmp_path / "tree", files=300, clusters=3, worktree=True)
    listed = git(bare, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert len(listed) == 300
    assert sum(path.endswith("/03-flux.yaml") for path in listed) == 3
    assert sum(path.endswith("/13-bp-catalyst-platform.yaml") for path in listed) == 3
    assert git(bare, "rev-parse", "main") == git(tree, "rev-parse", "main")
    assert git(tree, "status", "--porcelain") == ""
    files = [tree / path for path in listed if path.startswith("services/")]
    for path in files:
        assert 100 < path.stat().st_size < 6000
        if path.suffix == ".yaml":
            assert load(path.read_bytes())
    named = [
        path for path in files if b"flux2" in (data := path.read_bytes()) or b"bp-flux" in data
    ]
    assert 0 < len(named) / len(files) < 0.1


def test_big_refuses_fewer_files_than_the_clusters_have(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="10 clusters alone"):
        generate.big(tmp_path / "big", files=20, clusters=10)


# --- the index and its archives -----------------------------------------------------------------


def test_index_lists_every_version(tmp_path: Path) -> None:
    made = generate.index(tmp_path / "index")
    entries = load((made / "index.yaml").read_bytes())[0]["entries"]
    assert sorted(entries) == ["flux2", "flux2-multi-tenancy", "flux2-notification", "flux2-sync"]
    assert len(entries["flux2"]) == 106
    apps = {entry["version"]: entry["appVersion"] for entry in entries["flux2"]}
    assert (apps["2.13.0"], apps["2.14.0"], apps["2.14.1"]) == ("2.3.0", "2.4.0", "2.4.0")
    assert (apps["2.15.0"], apps["2.8.0"]) == ("2.5.1", "2.0.0-rc.3")
    assert not {"2.5.0", "2.6.0", "2.7.0", "2.7.1", "2.8.0", "2.8.4"} & set(apps.values())
    for entry in entries["flux2"]:
        archive = (made / entry["urls"][0]).read_bytes()
        assert entry["digest"] == hashlib.sha256(archive).hexdigest()
    assert sum(1 for _ in made.iterdir()) == 107


def test_index_of_some_archives(tmp_path: Path) -> None:
    made = generate.index(tmp_path / "index", only=["2.14.1"])
    assert {path.name for path in made.iterdir()} == {"index.yaml", "flux2-2.14.1.tgz"}
    with pytest.raises(ValueError, match=r"not in the index: 9\.9\.9"):
        generate.index(tmp_path / "other", only=["9.9.9"])


def test_archives_are_the_same_each_time() -> None:
    assert generate.chart_archive("2.14.1") == generate.chart_archive("2.14.1")
    plain = gzip.decompress(generate.chart_archive("2.14.1"))
    assert plain != gzip.decompress(generate.chart_archive("2.14.0"))


def test_archive_monitors_only_when_asked() -> None:
    found = members(generate.chart_archive("2.14.1"))
    assert load(found["flux2/values.yaml"])[0]["prometheus"]["podMonitor"]["create"] is False
    monitor = found["flux2/templates/podmonitor.yaml"]
    assert monitor.startswith("{{- if .Values.prometheus.podMonitor.create }}\n")


def test_archives_ship_what_the_index_says() -> None:
    for chart in facts.charts()["flux2"]:
        found = members(generate.chart_archive(chart.version))
        described = load(found["flux2/Chart.yaml"])[0]
        assert (described["version"], described["appVersion"]) == (chart.version, chart.app_version)


def test_archive_holds_the_incident() -> None:
    versions = {
        archive: {
            crd["metadata"]["name"]: {version["name"] for version in crd["spec"]["versions"]}
            for crd in crds(generate.chart_archive(archive))
        }
        for archive in ("2.13.0", "2.14.1")
    }
    bucket = "buckets.source.toolkit.fluxcd.io"
    assert versions["2.13.0"][bucket] == {"v1beta1", "v1beta2"}
    assert versions["2.14.1"][bucket] == {"v1", "v1beta1", "v1beta2"}
    stored = [
        version["name"]
        for crd in crds(generate.chart_archive("2.14.1"))
        if crd["metadata"]["name"] == bucket
        for version in crd["spec"]["versions"]
        if version["storage"]
    ]
    assert stored == ["v1"]


def test_archive_takes_another_release_name_and_files() -> None:
    found = members(
        generate.chart_archive(
            "9.0.0", app_version="2.99.0", name="other", extra={"README.md": b"hello\n"}
        )
    )
    assert load(found["other/Chart.yaml"])[0]["appVersion"] == "2.99.0"
    assert found["other/README.md"] == "hello\n"
    with pytest.raises(ValueError, match=r"no flux2 9\.0\.0"):
        generate.chart_archive("9.0.0")


@pytest.mark.parametrize("name", ["helm3", "helm4"])
def test_wrapper_renders(name: str, tmp_path: Path) -> None:
    helm = need_helm(name)
    chart = generate.monorepo(tmp_path) / "platform/flux/chart"
    (chart / "charts").mkdir()
    (chart / "charts/flux2-2.14.1.tgz").write_bytes(generate.chart_archive("2.14.1"))

    def template(*options: str) -> str:
        command = [str(helm), "template", "flux", str(chart), *options]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    rendered = template()
    for controller in ("source", "kustomize", "helm", "notification"):
        assert f"\n  name: {controller}-controller\n" in rendered
    assert "image: ghcr.io/fluxcd/source-controller:v1.4.1\n" in rendered
    assert "monitoring.coreos.com" not in rendered
    toggles = (
        "--set=observability.podMonitor.enabled=true",
        "--set=flux2.prometheus.podMonitor.create=true",
    )
    assert template(*toggles).count("kind: PodMonitor") == 2


# --- edge cases ---------------------------------------------------------------------------------


def edge_files() -> list[str]:
    return sorted(
        path.relative_to(EDGE).as_posix()
        for path in EDGE.rglob("*")
        if path.is_file() and path.parent != EDGE
    )


@pytest.mark.parametrize("name", edge_files())
def test_edge_case_is_described(name: str) -> None:
    case = name.rsplit("/", 1)[0] if name.startswith("charts/") else name
    assert f"| `{case}` |" in (EDGE / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", [name for name in edge_files() if name.endswith(".yaml")])
def test_edge_case_parses_unless_it_must_not(name: str) -> None:
    data = (EDGE / name).read_bytes()
    if name in UNPARSABLE:
        with pytest.raises(YAMLError):
            load(data)
    else:
        assert load(data)


def test_edge_cases_keep_their_bytes() -> None:
    assert (EDGE / "charts/bom/values.yaml").read_bytes().startswith(b"\xef\xbb\xbf")
    assert (EDGE / "charts/crlf/Chart.yaml").read_bytes().count(b"\r\n") == 11
    assert (EDGE / "charts/crlf/values.yaml").read_bytes().count(b"\r\n") == 2
    assert (EDGE / "install/crlf.sh").read_bytes().endswith(b"\r\n")
    assert (EDGE / "charts/no-final-newline/Chart.yaml").read_bytes().endswith(b": 2.14.1")
    assert b"\xe9" in (EDGE / "install/latin-1.sh").read_bytes()
