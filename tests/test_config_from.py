"""Whose configuration judges a change, and what a change newly accepts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers import Repo, Result, assert_refused

IGNORE = "ignore:\n- {code: FB103, path: '*', reason: trust me}\n"
CLOUD_INIT = "infra/hetzner/cloudinit-control-plane.tftpl"


@pytest.fixture
def change(repo: Repo) -> Repo:
    """A branch on which cloud-init installs another release than the chart ships."""
    repo.git("switch", "--quiet", "--create", "change")
    text = (repo.path / CLOUD_INIT).read_text("utf-8")
    assert "v2.4.0/install.yaml" in text
    repo.commit({CLOUD_INIT: text.replace("v2.4.0/install.yaml", "v2.3.0/install.yaml")})
    return repo


def check(repo: Repo, *arguments: str, **environ: str) -> Result:
    command = ("check", "--no-render", "--select", "FB103")
    return replace(repo, extra=environ).fluxbump(*command, *arguments)


def test_a_change_cannot_accept_its_own_finding(change: Repo) -> None:
    change.commit({"fluxbump.yaml": IGNORE})
    result = check(change, "--base", "main")
    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[0] == "New suppressions to review first (1)"
    assert lines[1] == ("fluxbump.yaml:2:1  ignore: FB103 in *, does not count here (trust me)")
    assert "--config-from head uses the changed one" in result.err


def test_a_change_cannot_exclude_its_own_file(change: Repo) -> None:
    change.commit({"fluxbump.yaml": f"exclude:\n- docs/*\n- {CLOUD_INIT}\n"})
    result = check(change, "--base", "main", "--format", "json")
    assert result.code == 1
    assert [(one["line"], one["statement"], one["code"], one["applied"])
            for one in json.loads(result.out)["new_suppressions"]] == [
        (2, "exclude: docs/*", None, False),
        (3, f"exclude: {CLOUD_INIT}", None, False),
    ]  # fmt: skip


def test_a_ci_that_names_the_base_takes_its_configuration(change: Repo) -> None:
    change.commit({"fluxbump.yaml": IGNORE})
    change.git("update-ref", "refs/remotes/origin/main", "main")
    assert check(change).code == 0
    assert check(change, GITHUB_BASE_REF="main").code == 1
    assert check(change, "--config-from", "head", GITHUB_BASE_REF="main").code == 0


def test_the_changed_configuration_counts_if_it_is_asked_for(change: Repo) -> None:
    change.commit({"fluxbump.yaml": IGNORE})
    result = check(change, "--base", "main", "--config-from", "head", "--format", "github")
    assert result.code == 0
    assert result.out.splitlines()[0] == (
        "::warning file=fluxbump.yaml,line=2,col=1,title=New suppression"
        "::ignore: FB103 in *, counts at once (trust me)"
    )


def test_what_the_base_accepts_is_accepted_and_not_new(repo: Repo) -> None:
    repo.commit({"fluxbump.yaml": IGNORE})
    repo.git("switch", "--quiet", "--create", "change")
    text = (repo.path / CLOUD_INIT).read_text("utf-8")
    repo.commit({CLOUD_INIT: text.replace("v2.4.0/install.yaml", "v2.3.0/install.yaml")})
    result = check(repo, "--base", "main", "--format", "json")
    assert (result.code, result.json["new_suppressions"]) == (0, [])
    # To be stricter a change need not wait until it is merged.
    (repo.path / "fluxbump.yaml").unlink()
    assert check(repo, "--base", "main").code == 1


def test_a_comment_counts_at_once_and_is_listed_first(change: Repo) -> None:
    text = (change.path / CLOUD_INIT).read_text("utf-8")
    lines = [
        f"{line} # fluxbump: ignore[FB103] soon" if "v2.3.0/install.yaml" in line else line
        for line in text.split("\n")
    ]
    change.commit({CLOUD_INIT: "\n".join(lines)})
    number = next(at for at, line in enumerate(lines, 1) if "ignore[FB103]" in line)
    result = check(change, "--base", "main", "--format", "markdown")
    assert result.code == 0
    said = result.out.splitlines()
    at = said.index("#### New suppressions to review first")
    assert at < min(said.index(line) for line in said if line.startswith("#### Suppressed"))
    assert said[at + 2].startswith(f"- `{CLOUD_INIT}:{number}`: comment: FB103 on this line")
    assert said[at + 2].endswith("counts at once (soon)")


def test_a_comment_is_not_new_when_its_line_moves_or_its_version_does(change: Repo) -> None:
    path = "clusters/beta.example.org/bootstrap-kit/03-flux.yaml"
    text = (change.path / path).read_text("utf-8")
    old = text.replace('version: "1.1.2"', 'version: "1.1.2" # fluxbump: ignore[FB109] later')
    assert old != text
    change.commit({path: old})
    change.git("branch", "--force", "main", "change")
    change.commit({path: "# a line more\n" + old.replace("1.1.2", "1.1.3")})
    result = check(change, "--base", "main", "--format", "json")
    assert json.loads(result.out)["new_suppressions"] == []


def test_a_comment_that_moves_to_another_place_is_new(change: Repo) -> None:
    path = "apps/a.yaml"
    mark = "# fluxbump: ignore[FB205] later"
    change.commit({path: f"a: 1 {mark}\nb: 2\n"})
    change.git("branch", "--force", "main", "change")
    change.commit({path: f"a: 1\nb: 2 {mark}\n"})
    new = json.loads(check(change, "--base", "main", "--format", "json").out)["new_suppressions"]
    assert [(one["path"], one["line"]) for one in new] == [(path, 2)]


def test_a_broken_configuration_of_the_base_can_be_repaired(change: Repo) -> None:
    change.git("switch", "--quiet", "main")
    change.commit({"fluxbump.yaml": "exclud: []\n"})
    change.git("switch", "--quiet", "--create", "fix")
    change.commit({"fluxbump.yaml": "exclude: []\n"})
    result = check(change, "--base", "main")
    assert result.code == 0
    assert "fluxbump.yaml of the base is not used: exclud: unknown key" in result.err


def test_the_base_is_needed_for_its_configuration(change: Repo) -> None:
    result = check(change, "--no-base", "--config-from", "base")
    assert_refused(result, 2, "--config-from base needs a base")


# --- the baseline file -------------------------------------------------------------------------

ACCEPTED = "accepted.json"


def test_a_change_cannot_accept_its_own_finding_in_the_baseline_file(change: Repo) -> None:
    check(change, "--write-baseline", ACCEPTED)
    change.commit({})
    result = check(change, "--base", "main", "--baseline", ACCEPTED)
    assert result.code == 1
    assert result.out.splitlines()[:2] == [
        "New suppressions to review first (1)",
        "accepted.json:1:1  baseline file: 1 entry of FB103, does not count here (no reason given)",
    ]
    # In a CI that names the base, too; and where the operator says so, it counts.
    change.git("update-ref", "refs/remotes/origin/main", "main")
    assert check(change, "--baseline", ACCEPTED, GITHUB_BASE_REF="main").code == 1
    head = check(change, "--base", "main", "--baseline", ACCEPTED, "--config-from", "head")
    assert head.code == 0
    assert "baseline file: 1 entry of FB103, counts at once" in head.out
    # Nobody compares with anything: the file is what it is.
    assert check(change, "--baseline", ACCEPTED, "--no-base").code == 0


@pytest.mark.parametrize("how", ["link", "folder", "absolute"])
def test_a_link_hides_no_baseline_file(change: Repo, tmp_path: Path, how: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    check(change, "--write-baseline", str(elsewhere / ACCEPTED))
    named = ACCEPTED
    if how == "link":
        (change.path / ACCEPTED).symlink_to(elsewhere / ACCEPTED)
    elif how == "folder":
        (change.path / "folder").symlink_to(elsewhere)
        named = f"folder/{ACCEPTED}"
    else:
        (change.path / ACCEPTED).write_bytes((elsewhere / ACCEPTED).read_bytes())
        (tmp_path / "way").symlink_to(change.path.parent)
        named = str(tmp_path / "way" / change.path.name / ACCEPTED)
    change.commit({})
    assert check(change, "--base", "main", "--baseline", named).code == 1
    # One outside of the repository is the operator's.
    outside = str(elsewhere / ACCEPTED)
    assert check(change, "--base", "main", "--baseline", outside).code == 0


def test_what_the_baseline_file_of_the_base_accepts_is_accepted(repo: Repo) -> None:
    text = (repo.path / CLOUD_INIT).read_text("utf-8")
    repo.commit({CLOUD_INIT: text.replace("v2.4.0/install.yaml", "v2.3.0/install.yaml")})
    check(repo, "--write-baseline", ACCEPTED)
    repo.commit({})
    repo.git("switch", "--quiet", "--create", "change")
    repo.commit({"docs/new.md": "new\n"})
    result = check(repo, "--base", "main", "--baseline", ACCEPTED, "--format", "json")
    assert (result.code, result.json["new_suppressions"]) == (0, [])
    # To be stricter a change need not wait until it is merged.
    empty = '{"schema": "fluxbump/baseline/v1", "findings": []}'
    repo.commit({ACCEPTED: empty})
    assert check(repo, "--base", "main", "--baseline", ACCEPTED).code == 1


# --- a clone without the base ------------------------------------------------------------------


@pytest.fixture
def shallow(change: Repo, tmp_path: Path) -> Repo:
    """What a CI checks out by default: one commit, which accepts its own finding."""
    check(change, "--write-baseline", ACCEPTED)
    change.commit({"fluxbump.yaml": IGNORE})
    path = tmp_path / "shallow"
    url = f"file://{change.path}"
    change.git("clone", "--quiet", "--depth=1", "--branch=change", url, str(path))
    return replace(change, path=path)


@pytest.mark.parametrize("variable", ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_DIFF_BASE_SHA"])
def test_a_shallow_clone_does_not_switch_off_the_gate(shallow: Repo, variable: str) -> None:
    named = {variable: "main"}
    result = check(shallow, **named)
    assert result.code == 1
    assert "ignore: FB103 in *, does not count here (trust me)" in result.out
    assert (
        "no ignore or exclude entry of fluxbump.yaml counts: the clone lacks the base that the CI "
        "names (fetch the full history, or use --config-from head)"
    ) in result.err
    (shallow.path / "fluxbump.yaml").unlink()
    result = check(shallow, "--baseline", ACCEPTED, **named)
    assert result.code == 1
    assert "no entry of accepted.json counts: the clone lacks the base" in result.err
    accepted = check(shallow, "--baseline", ACCEPTED, "--config-from", "head", **named)
    assert accepted.code == 0


def test_a_shallow_clone_says_how_to_get_the_base(shallow: Repo) -> None:
    asked = check(shallow, GITHUB_BASE_REF="main")
    assert (
        "not compared with origin/main: no such revision: origin/main; the clone is shallow, so it "
        "lacks a part of the history (fetch the full history: git fetch --unshallow)\n"
    ) in asked.err
    named = check(shallow, "--base", "HEAD~1")
    assert_refused(named, 6, "no such revision: HEAD~1", "shallow", "git fetch --unshallow")
    shallow.git("fetch", "--quiet", "--unshallow")
    assert check(shallow, "--base", "HEAD~1").code in {0, 1}
    unknown = check(shallow, "--base", "HEAD~99")
    assert_refused(unknown, 6, "no such revision: HEAD~99 (name a branch, a tag, or a commit)")


def test_a_checkout_without_branches_has_commits(shallow: Repo) -> None:
    shallow.git("checkout", "--quiet", "--detach")
    shallow.git("pack-refs", "--all")
    (shallow.path / ".git/packed-refs").unlink()
    for head in (".git/refs/heads/change", ".git/refs/remotes/origin/HEAD"):
        (shallow.path / head).unlink(missing_ok=True)
    assert shallow.git("for-each-ref") == ""
    result = check(shallow, "--base", "origin/main")
    assert_refused(result, 6, "no such revision: origin/main")


def test_a_shallow_clone_without_suppressions_is_checked_as_before(shallow: Repo) -> None:
    (shallow.path / "fluxbump.yaml").write_text("bump: minor\n", "utf-8")
    result = check(shallow, GITHUB_BASE_REF="main")
    assert result.code == 1
    assert "counts" not in result.err
