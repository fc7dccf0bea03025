"""The tables that ship, derived from the manifests of releases: `make facts`."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from fixtures import derive_facts
from fixtures import manifests as made
from fluxbump.flux.tables import crds as tables
from fluxbump.flux.tables import images
from tests import helpers
from tests.helpers import ROOT

LAST = list(tables.crds())[-1]
NEW = "2.99.0"
TAGS = images.controllers(LAST)
SHIPPED = {path.name: path.read_bytes() for path in derive_facts.TARGET.glob("*.json")}


def put(source: Path, release: str, manifest: bytes | None = None) -> Path:
    """Put a manifest where the address of a release has it; return `source`."""
    path = source / f"v{release}" / "install.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.install(release) if manifest is None else manifest)
    return source


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifests of all releases that the tables know."""
    source = tmp_path_factory.mktemp("download")
    for release in tables.crds():
        put(source, release)
    return source


def derived(releases: derive_facts.Releases) -> dict[str, bytes]:
    return {name: text.encode() for name, text in derive_facts.derive(releases).items()}


# --- the releases of today --------------------------------------------------------------------


def test_the_manifests_of_all_releases_give_the_tables_that_ship(every: Path) -> None:
    releases = derive_facts.read(every)
    assert list(releases) == list(tables.crds())
    assert {one.source for one in releases.values()} == {
        str(every / f"v{release}" / "install.yaml") for release in releases
    }
    assert derived(releases) == SHIPPED
    assert len(SHIPPED) == 4


def test_what_is_not_read_again_stays_as_it_is() -> None:
    assert derived(derive_facts.known()) == SHIPPED


# --- a new one --------------------------------------------------------------------------------


def edited(manifest: bytes, kind: str, edit: Callable[[Any], None]) -> bytes:
    """Change `spec.versions` of one CRD."""
    yaml, documents = YAML(), manifest.decode().split("---\n")
    [place] = [at for at, text in enumerate(documents) if f'kind: "{kind}"\n' in text]
    content = yaml.load(documents[place])
    edit(content["spec"]["versions"])
    buffer = io.StringIO()
    yaml.dump(content, buffer)
    documents[place] = buffer.getvalue()
    return "---\n".join(documents).encode()


def new_manifest() -> bytes:
    """The newest release with a field more, one less, an API version more, and another image."""

    def fields(versions: Any) -> None:
        spec = versions[0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        spec["shard"] = {"type": "string", "enum": ["odd", "even"]}
        del spec["suspend"]

    def version(versions: Any) -> None:
        versions.append({**versions[0], "name": "v2", "storage": False})

    manifest = edited(made.install(NEW, like=LAST), "Kustomization", fields)
    manifest = edited(manifest, "Bucket", version)
    image = "/source-controller:"
    return manifest.replace(f"{image}{TAGS[image[1:-1]]}".encode(), f"{image}v99.0.0".encode())


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project to which `make facts` has added a release."""
    copy = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__", "monorepo", "edge")
    for name in ("fluxbump", "fixtures"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    source = put(copy / "download", NEW, new_manifest())
    (source / "notes.txt").write_text("not a release")
    result = python(copy, copy, "fixtures.derive_facts", str(source))
    assert result.returncode == 0, result.stderr
    read, kept, ignored_, *_, by_hand = result.stdout.splitlines()
    assert read == f"read from {source}: {NEW}"
    assert kept.startswith("as the tables had it: 2.0.0, ")
    assert kept.endswith(f", {LAST}")
    assert ignored_ == "not read, because its name is not vX.Y.Z: notes.txt"
    assert by_hand.endswith("kubernetes.py, to be added by hand: the Kubernetes for 2.99")
    return copy


def python(checkout: Path, where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of a copy of the project."""
    command = [sys.executable, "-m", *arguments]
    home = {**helpers.environment(checkout), "PYTHONPATH": str(checkout)}
    return subprocess.run(
        command, cwd=where, env=home, check=False, capture_output=True, text=True, timeout=60
    )


def table(checkout: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (checkout / "fluxbump" / "flux" / "tables" / name).read_text("utf-8")
    )
    return found


def test_a_new_release_is_in_every_table(checkout: Path) -> None:
    crds, controllers = table(checkout, "crds.json"), table(checkout, "controllers.json")
    assert list(crds["releases"])[-2:] == [LAST, NEW]
    assert crds["releases"][NEW] == NEW
    assert crds["classes"][NEW]["buckets.source.toolkit.fluxcd.io"]["v2"] == "served"
    assert controllers[NEW] == {**TAGS, "source-controller": "v99.0.0"}
    found = table(checkout, "fields.json")
    assert found["releases"][-1] == NEW
    assert found["kinds"]["source.toolkit.fluxcd.io/v2 Bucket"]["releases"] == [NEW, NEW]
    kustomization = found["kinds"]["kustomize.toolkit.fluxcd.io/v1 Kustomization"]
    assert kustomization["releases"] == ["2.0.0", NEW]
    shard = {"type": "string", "enum": ["odd", "even"], "since": NEW}
    assert kustomization["fields"]["spec.shard"] == shard
    assert kustomization["fields"]["spec.suspend"] == {"type": "boolean", "until": LAST}
    assert kustomization["fields"]["spec.prune"] == {"type": "boolean", "required": True}


def test_a_release_alone_gives_the_same_tables_as_all_together(
    checkout: Path, every: Path, tmp_path: Path
) -> None:
    source = tmp_path / "download"
    shutil.copytree(every, source)
    tables_ = derived(derive_facts.read(put(source, NEW, new_manifest())))
    assert tables_ == {
        name: (checkout / "fluxbump" / "flux" / "tables" / name).read_bytes() for name in SHIPPED
    }


def manifest(kind: str, api_version: str, spec: str) -> str:
    return f"apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: podinfo\nspec:\n{spec}"


SHARD = manifest(
    "Kustomization",
    "kustomize.toolkit.fluxcd.io/v1",
    "  interval: 5m\n  prune: true\n  shard: odd\n"
    "  sourceRef:\n    kind: GitRepository\n    name: podinfo\n",
)
BUCKET = manifest(
    "Bucket",
    "source.toolkit.fluxcd.io/v2",
    "  bucketName: podinfo\n  endpoint: minio.example.org\n  interval: 5m\n",
)


JUDGED: dict[str, tuple[str, str, list[str]]] = {
    "a new field": (NEW, SHARD, []),
    "a value that it does not take": (NEW, SHARD.replace("odd", "none"), ["FB204"]),
    "a field that is gone": (NEW, SHARD + "  suspend: true\n", ["FB204"]),
    "before the new field": (LAST, SHARD, ["FB204"]),
    "a new API version": (NEW, BUCKET, []),
    "before the new API version": (LAST, BUCKET, ["FB203"]),
}


@pytest.mark.parametrize("name", JUDGED)
def test_the_rules_know_a_new_release(
    checkout: Path, tmp_path: Path, index: Path, name: str
) -> None:
    release, text, expected = JUDGED[name]
    files = {"install.sh": helpers.script(release), "a.yaml": text}
    repo = helpers.repository(tmp_path / "repo", files, index)
    result = python(
        checkout, repo.path, "fluxbump", "check", "--select", "FB203,FB204", "--format", "json",
        "--releases", str(tmp_path / "nowhere"), "--index", str(index),
    )  # fmt: skip
    assert result.returncode == bool(expected), result.stderr
    said = json.loads(result.stdout)
    assert [one["code"] for one in said["findings"]] == expected
    assert said["not_run"] == []


# --- charts -----------------------------------------------------------------------------------


def listing(**changed: str) -> str:
    """An index of two charts: one that the table has, and a new one."""
    known = {
        "app": "2.4.0",
        "digest": "1c4a797cfe11370e9f2ea29b1d4834805ce4160d65008198389c91ecd8a3cdb9",
        **changed,
    }
    return (
        "apiVersion: v1\nentries:\n  flux2:\n"
        f"  - {{version: 9.9.9, appVersion: 2.99.0, digest: {'ab' * 32}, "
        'created: "2027-01-02T03:04:05.6Z", urls: [a.tgz]}\n'
        f"  - {{version: 2.14.1, appVersion: {known['app']}, digest: {known['digest']}, "
        'created: "2025-01-08T15:48:38.1Z", urls: [b.tgz]}\n'
        'generated: "2027-01-03T00:00:01.5Z"\n'
    )


def test_charts_are_added_from_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(derive_facts, "TARGET", tmp_path)
    (tmp_path / "index.yaml").write_text(listing())
    assert derive_facts.main(["", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()[0]
    assert said == f"read from {tmp_path}: 107 charts, the newest 9.9.9"
    until, _, first, *rest = (tmp_path / "charts.json").read_text().splitlines()
    assert until == '{"until": "2027-01-03T00:00:01+00:00",'
    assert first == f'["9.9.9", "2.99.0", "2027-01-02T03:04:05+00:00", "{"ab" * 32}"],'
    assert rest == SHIPPED["charts.json"].decode().splitlines()[2:]
    for name in SHIPPED.keys() - {"charts.json"}:
        assert (tmp_path / name).read_bytes() == SHIPPED[name]


@pytest.mark.parametrize("changed", [{"app": "2.4.1"}, {"digest": "cd" * 32}])
def test_a_published_chart_does_not_change(
    tmp_path: Path, refused: Callable[..., str], changed: dict[str, str]
) -> None:
    (tmp_path / "own.yaml").write_text(listing(**changed))
    said = refused("", str(tmp_path / "own.yaml"), code=7)
    assert said.startswith(f"{tmp_path}/own.yaml: flux2 2.14.1 is not what the table has: Flux 2.4")


# --- what cannot be used ----------------------------------------------------------------------


def without_controllers(text: str) -> str:
    return "---\n".join(one for one in text.split("---\n") if "kind: Deployment" not in one)


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "not YAML": (
        lambda text: text.replace("spec:", "spec: [", 1),
        "not a usable release manifest: line ",
    ),
    "an error page": (
        lambda _: "<html>Not Found</html>\n",
        "not a usable release manifest: it defines no custom resource of Flux",
    ),
    "another release": (
        lambda text: text.replace("v2.9.4", "v2.9.3"),
        "it is the manifest of Flux 2.9.3",
    ),
    "no release": (
        lambda text: text.replace("app.kubernetes.io/version", "version"),
        "its CRDs do not say of which release they are (app.kubernetes.io/version)",
    ),
    "no images": (without_controllers, "it deploys no controller"),
}


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run the deriver on what it refuses, and return the one line that it says."""
    target = tmp_path / "target"
    target.mkdir()
    monkeypatch.setattr(derive_facts, "TARGET", target)

    def call(*arguments: str, code: int) -> str:
        assert derive_facts.main(arguments) == code
        out, err = capsys.readouterr()
        assert not out
        assert not list(target.iterdir())
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        return err.removeprefix("error: ").rstrip("\n")

    return call


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_manifest_changes_no_table(
    tmp_path: Path, refused: Callable[..., str], name: str
) -> None:
    edit, expected = BROKEN[name]
    source = put(tmp_path / "download", "2.9.4", edit(made.install("2.9.4").decode()).encode())
    path = put(source, "2.9.3") / "v2.9.4" / "install.yaml"
    assert refused(str(source), code=7).startswith(f"{path}: {expected}")


def test_an_api_version_that_comes_back(tmp_path: Path, refused: Callable[..., str]) -> None:
    def unserved(versions: Any) -> None:
        versions[-1]["served"] = False

    source = put(tmp_path, "2.9.3", edited(made.install("2.9.3"), "Provider", unserved))
    said = refused(str(source), code=7)
    assert said == (
        f"{source}/v2.9.3/install.yaml: Flux 2.9.3 does not serve Provider "
        f"notification.toolkit.fluxcd.io/v1beta3, but Flux 2.2.0 and Flux {LAST} do"
    )


def test_a_source_that_is_none(tmp_path: Path, refused: Callable[..., str]) -> None:
    how = (
        "(make facts SOURCE=DIR, where DIR holds vX.Y.Z/install.yaml for each release to be read; "
        "make facts INDEX=URL for charts)"
    )
    assert refused(code=2) == refused("", code=2) == f"where are the release manifests? {how}"
    missing = tmp_path / "missing"
    assert refused(str(missing), code=2) == f"{missing}: no such directory {how}"
    (tmp_path / "2.9.4").mkdir()
    nothing = f"{tmp_path}: it holds no folder that is named vX.Y.Z {how}"
    assert refused(str(tmp_path), code=2) == nothing
    (tmp_path / "v2.9.4").mkdir()
    path = tmp_path / "v2.9.4" / "install.yaml"
    assert refused(str(tmp_path), code=7) == f"{path}: no such file {how}"
    path.write_bytes(b"kind: \xff\n")
    assert refused(str(tmp_path), code=7).endswith("it is not UTF-8")


def test_make_facts_says_what_to_give() -> None:
    tools = f"BIN={Path(sys.executable).parent}"
    command = ["make", "--no-print-directory", "-o", ".venv/.ready", tools, "facts"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    result = subprocess.run(
        command, cwd=ROOT, env=clean, check=False, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 2
    assert result.stderr.startswith("error: where are the release manifests? (make facts SOURCE=")
    assert "Traceback" not in result.stderr
