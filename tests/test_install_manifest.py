"""A committed copy of install.yaml: found by its objects, replaced whole, compared with itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import manifests
from fixtures.installs import gotk
from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import install_manifest
from fluxbump.text.live_code import TextFile
from tests.helpers import Cli, Repo, assert_refused, brief, find, repository, script

COPY = "clusters/a/flux/flux-install.yaml"
BRANCH = "fluxbump/flux-2.5.1"


def copied(release: str = "2.4.0") -> str:
    return manifests.install(release).decode()


@pytest.fixture
def releases(tmp_path: Path) -> str:
    for release in ("2.4.0", "2.5.1"):
        folder = tmp_path / "releases" / f"v{release}"
        folder.mkdir(parents=True)
        (folder / "install.yaml").write_bytes(manifests.install(release))
    return str(tmp_path / "releases")


def holding(tmp_path: Path, index: Path, text: str) -> Repo:
    return repository(tmp_path / "repo", {COPY: text}, index)


# --- what is one --------------------------------------------------------------------------------


def test_a_copy_is_a_pin_at_its_first_label() -> None:
    text = copied()
    line = text[: text.index("v2.4.0")].count("\n") + 1
    inventory = find({COPY: text})
    assert brief(inventory.pins) == [f"{line} install-manifest flux 2.4.0"]
    assert inventory.notes == ()


def test_a_copy_of_2021_has_other_labels() -> None:
    old = copied().replace("app.kubernetes.io/part-of: flux", "app.kubernetes.io/instance: flux")
    assert old != copied()
    assert brief(find({COPY: old}).pins) == brief(find({COPY: copied()}).pins)


@pytest.mark.parametrize(
    "text",
    [
        copied().replace("app.kubernetes.io/part-of: flux", "a: b"),
        copied().replace(
            'app.kubernetes.io/version: "v2.4.0"', "app.kubernetes.io/version: {{ v }}"
        ),
        copied().replace("labels:\n", "labels:\n    app.kubernetes.io/managed-by: Helm\n"),
        copied().replace("labels:\n", 'labels:\n    app.kubernetes.io/managed-by: "Helm"\n'),
        copied().partition("apiVersion: apps/v1")[0],
        gotk.components("2.4.0"),
    ],
    ids=["another's objects", "a template", "by Helm", "in quotes", "CRDs alone", "flux bootstrap"],
)
def test_other_manifests_are_none(text: str) -> None:
    assert list(install_manifest.find(TextFile(COPY, text), Context())) == []


# --- what a bump does ---------------------------------------------------------------------------


@pytest.mark.parametrize("breaks", ["\n", "\r\n"])
def test_the_whole_file_is_replaced(
    breaks: str, tmp_path: Path, index: Path, cli: Cli, releases: str
) -> None:
    repo = holding(tmp_path, index, copied().replace("\n", breaks))
    result = cli("to", "2.5.1", "--releases", releases, cwd=repo)
    assert result.code == 0, result.err
    expected = manifests.install("2.5.1").replace(b"\n", breaks.encode())
    assert repo.git_bytes("show", f"{BRANCH}:{COPY}") == expected
    assert cli("check", "--no-render", "--rev", BRANCH, cwd=repo).code == 0


def test_an_edited_copy_stops_the_bump_at_the_first_line_that_differs(
    tmp_path: Path, index: Path, cli: Cli, releases: str
) -> None:
    text = copied().replace("--log-level=info", "--log-level=debug", 1)
    line = text[: text.index("debug")].count("\n") + 1
    repo = holding(tmp_path, index, text)
    before = repo.state()
    assert_refused(
        cli("to", "2.5.1", "--releases", releases, "--quiet", cwd=repo),
        5,
        f"{COPY}:{line}: ",
        "holds `- --log-level=debug`, but Flux 2.4.0 writes `- --log-level=info`",
        "the file would stay behind while Flux moves to 2.5.1",
        "--leave-gotk",
    )
    assert repo.state() == before


def test_it_stays_if_that_is_asked_for(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = holding(tmp_path, index, copied())
    repo.commit({"up.sh": script("2.4.0")})
    result = cli("to", "2.5.1", "--leave-gotk", cwd=repo)
    assert result.code == 0, result.err
    assert "stays at 2.4.0, as asked" in result.out
    assert set(repo.changed(BRANCH)) == {"up.sh"}


def test_without_the_file_of_a_release_nothing_moves(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = holding(tmp_path, index, copied())
    empty = tmp_path / "empty"
    empty.mkdir()
    assert_refused(
        cli("to", "2.5.1", "--releases", str(empty), "--quiet", cwd=repo),
        5,
        "the install.yaml of Flux 2.4.0 is not available",
        "use --releases with a directory or a URL that has vX.Y.Z/install.yaml",
    )


# --- what check says ----------------------------------------------------------------------------


def test_a_label_or_an_image_of_another_release_is_an_error(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    first, rest = copied().split("v2.4.0", 1)
    repo = holding(tmp_path, index, f"{first}v2.5.1{rest}")
    found = cli("check", "--no-render", "--select", "FB116", "--format", "json", cwd=repo).json
    messages = [one["message"] for one in found["findings"]]
    assert messages[0].startswith("the first label says Flux v2.5.1, but ")
    assert "labels say v2.4.0" in messages[0]


def test_it_agrees_with_what_else_installs(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = holding(tmp_path, index, copied())
    repo.commit({"up.sh": script("2.5.1")})
    result = cli("check", "--no-render", "--select", "FB102", cwd=repo)
    assert result.code == 1
    assert COPY in result.out
    assert "up.sh:2" in result.out


def test_the_self_test_plants_a_fault_in_it(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = holding(tmp_path, index, copied())
    repo.commit({"up.sh": script("2.4.0")})
    result = cli("check", "--self-test", cwd=repo)
    assert result.code == 0, result.out
    assert "All 3 planted faults were refused." in result.out
