"""The URLs of controllers' own files, and what tags of controllers say of the release."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import controller_url
from fluxbump.model import Finding, Note, Pin, Role, Severity
from fluxbump.text.live_code import TextFile
from tests.helpers import Cli, Repo, assert_refused, brief, chart_index, find, repository, snapshot

OWNER = "https://github.com/fluxcd"
ASSET = f"{OWNER}/source-controller/releases/download/{{}}/source-controller.crds.yaml"
RAW = (
    "https://raw.githubusercontent.com/fluxcd/source-controller/{}/config/crd/bases/"
    "source.toolkit.fluxcd.io_buckets.yaml"
)
REMOTE = "github.com/fluxcd/source-controller//config/default?ref={}"
HELD = "1 controller-url source-controller 1.4.1"
SOURCE = "ghcr.io/fluxcd/source-controller"
HELM = "ghcr.io/fluxcd/helm-controller"


def found(path: str, text: str) -> list[Pin | Note]:
    return [*controller_url.find(TextFile(path, text), Context())]


@pytest.mark.parametrize(
    ("url", "expected", "role"),
    [
        (ASSET.format("v1.4.1"), [HELD], Role.INSTALLS),
        (ASSET.format("v1.4.1").replace(".crds", ".deployment"), [HELD], Role.INSTALLS),
        (ASSET.format("1.4.1"), [f"{HELD} [opaque]"], Role.INSTALLS),
        (ASSET.format("v1.4.1").replace(".crds.yaml", "_checksums.txt"), [HELD], Role.REFERENCE),
        (REMOTE.format("v1.4.1"), [HELD], Role.INSTALLS),
        (f"https://{REMOTE.format('v1.4.1')}", [HELD], Role.INSTALLS),
        (REMOTE.format("v1.4.1").replace("//config", "/config"), [HELD], Role.INSTALLS),
        (REMOTE.format("v1.4.1").replace("?", "?timeout=90s&"), [HELD], Role.INSTALLS),
        ("git@github.com:fluxcd/source-controller.git//config/crd?ref=v1.4.1", [HELD],
         Role.INSTALLS),
        (RAW.format("v1.4.1"), [HELD], Role.REFERENCE),
        (RAW.format("refs/tags/v1.4.1"), [HELD], Role.REFERENCE),
        (f"{OWNER}/source-controller/raw/v1.4.1/config/crd/x.yaml", [HELD], Role.REFERENCE),
        (RAW.format("main"), [], None),
        (REMOTE.format("main"), [], None),
        (ASSET.format("v1.4.1").replace("fluxcd/", "other/"), [], None),
        (ASSET.format("v1.4.1").replace("source-controller", "flagger"), [], None),
    ],
)  # fmt: skip
def test_urls(url: str, expected: list[str], role: Role | None) -> None:
    text = f'- "{url}"\n'
    pins = [one for one in found("a.yaml", text) if isinstance(one, Pin)]
    assert brief(pins) == expected
    assert [pin.role for pin in pins] == ([role] if role else [])
    assert [text[pin.start : pin.end] for pin in pins] == [pin.value for pin in pins]


@pytest.mark.parametrize(
    "url",
    [
        f"{OWNER}/source-controller/releases/latest/download/source-controller.crds.yaml",
        "github.com/fluxcd/source-controller//config/default",
        "github.com/fluxcd/source-controller//config/default?timeout=90s",
    ],
)
def test_a_url_that_names_no_tag_is_noted(url: str) -> None:
    (note,) = found("a.yaml", f"- {url}\n")
    assert isinstance(note, Note)
    assert "the newest release, or of a branch" in note.message


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", f"# - {ASSET.format('v1.4.1')}\n"),
        ("a.md", f"{ASSET.format('v1.4.1')}\n"),
        ("a.sh", f"grep -q '{ASSET.format('v1.4.1')}' f\n"),
    ],
)
def test_what_nothing_acts_on_is_no_pin(path: str, text: str) -> None:
    assert [one for one in found(path, text) if isinstance(one, Pin)] == []


def test_a_variable_is_followed_to_the_tag_of_the_controller() -> None:
    text = "SOURCE_VER ?= v1.4.1\nget:\n\tcurl -sO " + RAW.format("${SOURCE_VER}") + "\n"
    (pin,) = find({"Makefile": text}).pins
    assert brief([pin]) == ["1 variable source-controller 1.4.1"]
    assert pin.role is Role.REFERENCE


def findings(files: Mapping[str, str], code: str) -> tuple[Finding, ...]:
    return judge(examine(snapshot(files), Settings(), chart_index()), (code,)).findings


def test_crds_of_another_release_than_the_images_are_an_error() -> None:
    images = f"images: [{SOURCE}:v1.5.0, {HELM}:v1.2.0]\n"
    (wrong,) = findings({"i.yaml": images, "k.yaml": f"- {ASSET.format('v1.4.1')}\n"}, "FB113")
    assert wrong.severity is Severity.ERROR
    assert wrong.message.startswith("manifest of source-controller holds v1.4.1 of Flux 2.4.0")
    assert str(wrong.location) == "k.yaml:1"


def test_a_raw_file_of_another_release_is_a_note() -> None:
    images = f"images: [{SOURCE}:v1.5.0, {HELM}:v1.2.0]\n"
    (wrong,) = findings({"i.yaml": images, "k.yaml": f"- {RAW.format('v1.4.1')}\n"}, "FB117")
    assert (wrong.severity, str(wrong.location)) == (Severity.NOTE, "k.yaml:1")
    newer = {"i.yaml": images, "k.yaml": f"- {RAW.format('v1.9.0')}\n"}
    assert [one.severity for one in findings(newer, "FB117")] == [Severity.NOTE]


# --- what the tags say of the release -------------------------------------------------------------

TIED = f"images: [{SOURCE}:v1.5.0, {HELM}:v1.2.0]\n"
"""Flux 2.5.0 and 2.5.1 ship both tags."""


@pytest.mark.parametrize(("cli_image", "outdated"), [("2.5.0", 0), ("2.5.1", 0), ("2.4.0", 1)])
def test_a_tool_agrees_with_any_release_of_the_tags(cli_image: str, outdated: int) -> None:
    files = {"i.yaml": TIED, "Dockerfile": f"FROM ghcr.io/fluxcd/flux-cli:v{cli_image}\n"}
    assert len(findings(files, "FB117")) == outdated


def test_the_rules_of_an_upgrade_run_where_patch_releases_share_their_tags(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    old = "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: OCIRepository\nmetadata: {name: a}\n"
    files = {"i.yaml": TIED, "a.yaml": old}
    repo = repository(tmp_path / "repo", files, index)
    result = cli("to", "2.8.5", cwd=repo)
    assert result.code == 1, result.out
    assert "FB203" in result.err
    assert "the controllers are those of Flux 2.5.0 or 2.5.1" in cli("status", cwd=repo).out


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (f"images:\n- {HELM}:v1.2.0\n- {SOURCE}:v1.5.77\n",
         ["no known release of Flux ships this tag of a controller",
          "i.yaml:3 holds source-controller 1.5.77", "no rule can check the upgrade"]),
        (f"images:\n- {HELM}:v1.2.0\n- {SOURCE}:v1.4.1\n",
         ["tags of controllers are of different releases",
          "i.yaml:2 holds helm-controller 1.2.0, of Flux 2.5.1",
          "i.yaml:3 holds source-controller 1.4.1, of Flux 2.4.0"]),
    ],
)  # fmt: skip
def test_tags_of_no_one_release_stop_a_bump(
    images: str,
    says: list[str],
    tmp_path: Path,
    index: Path,
    cli: Cli,
) -> None:
    repo = repository(tmp_path / "repo", {"i.yaml": images}, index)
    result = cli("to", "2.6.0", cwd=repo)
    assert_refused(result, 5, *says, "fluxbump to 2.6.0 --align")
    assert repo.branches() == ["main"]
    assert cli("to", "2.6.0", "--align", cwd=repo).code == 0
    after = f"images:\n- {HELM}:v1.3.0\n- {SOURCE}:v1.6.0\n"
    assert repo.show("fluxbump/flux-2.6.0", "i.yaml") == after


def test_clusters_may_be_at_different_releases(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = {
        "clusters/a/i.yaml": f"images: [{SOURCE}:v1.4.1]\n",
        "clusters/b/i.yaml": f"images: [{SOURCE}:v1.5.0]\n",
    }
    repo = repository(tmp_path / "repo", files, index)
    assert cli("to", "2.6.0", cwd=repo).code == 0


def test_another_install_says_what_the_tags_do_not(repo: Repo, cli: Cli) -> None:
    repo.commit({"zarf.yaml": f"images:\n  - {SOURCE}:v1.4.77\n"})
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.show("fluxbump/flux-2.5.1", "zarf.yaml") == f"images:\n  - {SOURCE}:v1.5.0\n"
