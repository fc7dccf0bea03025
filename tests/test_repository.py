"""What a bump does to a git repository: one ref appears, and nothing else changes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.helpers import (
    Cli,
    Repo,
    assert_refused,
    contents,
    repository,
    script,
    small,
    wait_for,
)

BRANCH = "fluxbump/flux-2.5.1"
PINNED = "platform/flux/blueprint.yaml"


def make_dirty(repo: Repo) -> None:
    """Leave a modified, a staged, an untracked and a deleted file."""
    repo.write(PINNED, "broken: [\n")
    repo.write("platform/flux/chart/values.yaml", "staged: true\n")
    repo.git("add", "platform/flux/chart/values.yaml")
    repo.write("new.sh", script("2.0.0"))
    (repo.path / "README.md").unlink()


def expected_tree(repo: Repo, cli: Cli) -> str:
    tree: str = cli("to", "2.5.1", "-n", "-o", "json", "--rev", "main", cwd=repo).json["tree"]
    return tree


# --- what is not touched ----------------------------------------------------------------------


def test_local_changes_are_neither_read_nor_touched(repo: Repo, cli: Cli) -> None:
    tree = expected_tree(repo, cli)
    make_dirty(repo)
    before = repo.state()
    result = repo.fluxbump("to", "2.5.1")
    assert result.code == 0
    assert result.err == (
        f"fluxbump: uncommitted changes in new.sh, {PINNED} and 1 more are ignored "
        "(fluxbump to --in-place takes them along)\n"
    )
    assert repo.state() == before
    assert repo.tree(BRANCH) == tree


@pytest.mark.parametrize(
    "arguments",
    [["-n"], ["-n", "-o", "json"], ["-n", "-o", "patch"], ["-n", "--checkout", "--force"]],
    ids=" ".join,
)
def test_dry_run_writes_nothing(repo: Repo, arguments: list[str]) -> None:
    make_dirty(repo)
    before = contents(repo.path)
    assert repo.fluxbump("to", "2.5.1", *arguments).code == 0
    assert contents(repo.path) == before


@pytest.mark.parametrize("command", [["status"], ["releases"], ["to", "2.4.0"], ["to", "2.5.0"]])
def test_looking_writes_nothing(repo: Repo, cli: Cli, command: list[str]) -> None:
    before = contents(repo.path)
    assert cli(*command, cwd=repo).code in (0, 4)
    assert contents(repo.path) == before


# --- shapes of repositories -------------------------------------------------------------------


def test_bare_repository(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    tree = expected_tree(repo, cli)
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    bare = Repo(tmp_path / "bare.git", tmp_path, repo.index, _identity())
    assert bare.fluxbump("to", "2.5.1", "--repo", str(bare.path), cwd=tmp_path).code == 0
    assert bare.tree(BRANCH) == tree
    assert not (bare.path / "index").exists()
    assert_refused(cli("to", "2.5", "--checkout", cwd=bare), 6, "bare repository")


def _identity() -> dict[str, str]:
    who = {"NAME": "Somebody", "EMAIL": "somebody@example.org"}
    return {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}


def test_sparse_checkout(repo: Repo, cli: Cli) -> None:
    tree = expected_tree(repo, cli)
    repo.git("sparse-checkout", "set", "docs")
    assert not (repo.path / "platform").exists()
    before = repo.state()
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.state() == before
    assert repo.tree(BRANCH) == tree


def test_linked_worktree(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    tree = expected_tree(repo, cli)
    repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    side = Repo(tmp_path / "side", tmp_path, repo.index)
    before = repo.state(), side.state()
    assert cli("to", "2.5.1", cwd=side).code == 0
    assert (repo.state(), side.state()) == before
    assert side.tree(BRANCH) == tree


def test_subdirectory(repo: Repo, cli: Cli) -> None:
    tree = expected_tree(repo, cli)
    assert cli("to", "2.5.1", cwd=repo.path / "platform" / "flux").code == 0
    assert repo.tree(BRANCH) == tree


def test_another_revision_is_the_base(repo: Repo, cli: Cli) -> None:
    first = repo.tip("main")
    repo.commit({"platform/flux/chart/Chart.yaml": "name: [\n"})
    for revision in (first[:10], "HEAD^", "main~1"):
        result = cli("to", "2.5.1", "--rev", revision, cwd=repo)
        assert result.code == 0, result.err
    assert repo.tip(f"{BRANCH}^") == first


def test_repository_that_the_environment_names(repo: Repo, incident: Repo) -> None:
    """What `--repo` names wins over what a hook of another repository exports."""
    where = str(incident.git_dir)
    result = repo.fluxbump(
        "to", "2.5.1", "--repo", str(repo.path), GIT_DIR=where, GIT_INDEX_FILE="/x"
    )
    assert result.code == 0, result.err
    assert BRANCH in repo.branches()
    assert incident.branches() == ["main"]


def test_detached_head(repo: Repo, cli: Cli) -> None:
    repo.git("checkout", "--quiet", "--detach")
    before = repo.state()
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.state() == before


def test_sha256_repository(tmp_path: Path, index: Path, cli: Cli) -> None:
    path = tmp_path / "sha256"
    path.mkdir()
    repo = Repo(path, tmp_path, index, _identity())
    repo.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    archive = (index / "flux2-2.14.1.tgz").read_bytes()
    repo.commit({**small(), "chart/charts/flux2-2.14.1.tgz": archive})
    for name, value in _identity().items():
        repo.git("config", "x." + name.replace("_", ""), value)
    repo.git("config", "user.name", "Somebody")
    repo.git("config", "user.email", "somebody@example.org")
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert "chart/charts/flux2-2.15.0.tgz" in repo.git("ls-tree", "-r", "--name-only", BRANCH)


def test_no_repository_and_no_commits(cli: Cli, tmp_path: Path, index: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    assert_refused(cli("to", "2.5.1", cwd=plain), 6, "not a git repository", "--repo")
    Repo(plain, tmp_path, index).git("init", "--quiet")
    assert_refused(cli("to", "2.5.1", cwd=plain), 6, "no commits")


# --- what repositories hold ------------------------------------------------------------------


def test_modes_links_and_submodules_stay(repo: Repo, cli: Cli) -> None:
    repo.write("boot.sh", script())
    (repo.path / "boot.sh").chmod(0o755)
    (repo.path / "link.sh").symlink_to("boot.sh")
    repo.git("add", "--all")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.tip('main')},module")
    repo.git("commit", "--quiet", "--message", "more")
    assert cli("to", "2.5.1", cwd=repo).code == 0
    raw = repo.git("diff-tree", "-r", "main", BRANCH, "--", "boot.sh", "link.sh", "module")
    assert [line.split()[:2] for line in raw.splitlines()] == [[":100755", "100755"]]


# --- the branch -------------------------------------------------------------------------------


def test_running_again_changes_nothing(repo: Repo, cli: Cli) -> None:
    cli("to", "2.5.1", cwd=repo)
    before = contents(repo.path)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0
    assert "already holds this result" in result.out
    assert contents(repo.path) == before


def other_branch(repo: Repo) -> str:
    repo.git("switch", "--quiet", "--create", BRANCH)
    tip = repo.commit({"other.txt": "other\n"})
    repo.git("switch", "--quiet", "main")
    return tip


def test_branch_with_other_content_is_left_alone(repo: Repo, cli: Cli) -> None:
    tip = other_branch(repo)
    result = cli("to", "2.5.1", cwd=repo)
    assert_refused(result, 6, BRANCH, tip[:12], "--force")
    assert repo.tip(BRANCH) == tip


def test_force_keeps_the_old_tip(repo: Repo, cli: Cli) -> None:
    tip = other_branch(repo)
    result = cli("to", "2.5.1", "--force", cwd=repo)
    assert result.code == 0, result.err
    kept = next(line.split()[1] for line in result.out.splitlines() if line.startswith("kept "))
    assert repo.tip(kept) == tip
    assert repo.tip(f"{BRANCH}^") == repo.tip("main")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")
    assert repo.show(kept, "other.txt") == "other\n"
    assert cli("to", "2.5.1", "--force", "-o", "json", cwd=repo).json["outcome"] == "unchanged"


def test_force_spares_a_branch_that_is_checked_out(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    tip = other_branch(repo)
    repo.git("worktree", "add", "--quiet", str(tmp_path / "side"), BRANCH)
    assert_refused(cli("to", "2.5.1", "--force", cwd=repo), 6, BRANCH, "side")
    assert repo.tip(BRANCH) == tip


def test_branch_in_the_way_of_the_name(repo: Repo, cli: Cli) -> None:
    repo.git("branch", "fluxbump")
    before = contents(repo.path / ".git" / "refs")
    result = cli("to", "2.5.1", cwd=repo)
    assert_refused(result, 6, "refs/heads/fluxbump")
    assert contents(repo.path / ".git" / "refs") == before


def test_branch_template_is_not_a_place_to_hide(cli: Cli, tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "r", small(config='branch: "bump..{release}"\n'), index)
    assert_refused(cli("to", "2.5.1", cwd=repo), 3, "branch", "not a name", "fluxbump.yaml:1")


# --- checkout ---------------------------------------------------------------------------------


def test_checkout(repo: Repo, cli: Cli) -> None:
    repo.write("untracked.txt", "mine\n")
    repo.write("README.md", "mine too\n")
    os.utime(repo.path / PINNED)  # git's index no longer knows that it is unchanged
    result = cli("to", "2.5.1", "--checkout", cwd=repo)
    assert result.code == 0, result.err
    assert repo.git("branch", "--show-current").strip() == BRANCH
    assert repo.git("status", "--porcelain").splitlines() == [" M README.md", "?? untracked.txt"]
    assert "1.1.3" in (repo.path / PINNED).read_text("utf-8")


@pytest.mark.parametrize("staged", [False, True])
def test_checkout_refuses_to_overwrite(repo: Repo, cli: Cli, staged: bool) -> None:
    repo.write(PINNED, "mine\n")
    if staged:
        repo.git("add", "--all")
    before = repo.state()
    refused = cli("to", "2.5.1", "--checkout", cwd=repo)
    assert_refused(refused, 6, "local changes", PINNED)
    assert refused.err.splitlines()[-1] == (
        "next: fluxbump to 2.5.1  makes the branch without a switch"
    )
    assert repo.state() == before
    assert repo.branches() == ["main"]


def test_checkout_refuses_to_overwrite_an_untracked_file(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    archive = (index / "flux2-2.14.1.tgz").read_bytes()
    repo = repository(tmp_path / "r", small(), index)
    repo.commit({"chart/charts/flux2-2.14.1.tgz": archive})
    repo.write("chart/charts/flux2-2.15.0.tgz", "mine")
    result = cli("to", "2.5.1", "--checkout", cwd=repo)
    assert_refused(result, 6, "flux2-2.15.0.tgz")
    assert repo.branches() == ["main"]


def test_checkout_in_the_middle_of_a_merge(repo: Repo, cli: Cli) -> None:
    (repo.git_dir / "MERGE_HEAD").write_text(repo.tip("main") + "\n", encoding="utf-8")
    assert_refused(cli("to", "2.5.1", "--checkout", cwd=repo), 6, "MERGE_HEAD")
    assert repo.branches() == ["main"]


def test_checkout_of_a_branch_that_holds_the_result(repo: Repo, cli: Cli) -> None:
    cli("to", "2.5.1", cwd=repo)
    assert cli("to", "2.5.1", "--checkout", cwd=repo).code == 0
    assert repo.git("branch", "--show-current").strip() == BRANCH


def test_checkout_of_a_branch_that_another_worktree_has(
    repo: Repo, cli: Cli, tmp_path: Path
) -> None:
    cli("to", "2.5.1", cwd=repo)
    repo.git("worktree", "add", "--quiet", str(tmp_path / "side"), BRANCH)
    assert_refused(cli("to", "2.5.1", "--checkout", cwd=repo), 6, BRANCH)


# --- interruptions and races ------------------------------------------------------------------


def leftovers(repo: Repo) -> list[str]:
    return [str(path) for path in repo.git_dir.rglob("*.lock")]


def timed(repo: Repo) -> float:
    started = time.monotonic()
    assert repo.fluxbump("to", "2.5.1").code == 0
    repo.git("branch", "--quiet", "-D", BRANCH)
    return time.monotonic() - started


def begun(repo: Repo) -> subprocess.Popen[bytes]:
    """Start a bump in a process group of its own."""
    return subprocess.Popen(
        repo.command("to", "2.5.1"),
        cwd=repo.path,
        env=repo.environment(TMPDIR=str(repo.home)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.skipif(os.name != "posix", reason="needs process groups")
def test_killed_at_any_moment(repo: Repo, cli: Cli) -> None:
    runs = 15
    tree, before, duration = expected_tree(repo, cli), repo.state(), timed(repo)
    for run in range(runs):
        process = begun(repo)
        # The first half of a run imports and reads; most kills go to the second.
        time.sleep(duration * (0.3 + 0.75 * run / runs))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        wait_for(lambda: leftovers(repo) == [])  # git finishes what it has locked
        if BRANCH in repo.branches():
            assert repo.tree(BRANCH) == tree
            assert repo.tip(f"{BRANCH}^") == repo.tip("main")
            repo.git("branch", "--quiet", "-D", BRANCH)
    assert repo.state() == before
    repo.git("fsck", "--strict", "--no-dangling")
    assert repo.fluxbump("to", "2.5.1").code == 0


@pytest.mark.skipif(os.name != "posix", reason="needs process groups")
def test_killed_while_git_holds_the_lock(repo: Repo, cli: Cli) -> None:
    """What kills the whole process group leaves git to make the branch and to unlock it."""
    tree, seen = expected_tree(repo, cli), repo.home / "locked"
    hook = repo.git_dir / "hooks" / "reference-transaction"  # git runs it with the ref locked
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\n[ "$1" = prepared ] && touch "{seen}" && sleep 1\nexit 0\n')
    hook.chmod(0o755)
    process = begun(repo)
    wait_for(seen.exists)
    assert leftovers(repo) != []
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(lambda: leftovers(repo) == [])
    assert repo.tree(BRANCH) == tree


def test_hooks_hear_of_the_branch_and_of_nothing_else(repo: Repo, cli: Cli) -> None:
    heard = repo.home / "heard"
    hooks = repo.home / "hooks"
    hooks.mkdir()
    hook = hooks / "reference-transaction"
    hook.write_text(f'#!/bin/sh\necho "$1" >> "{heard}"\ncat >> "{heard}"\n')
    hook.chmod(0o755)
    repo.git("config", "core.hooksPath", str(hooks))
    expected_tree(repo, cli)
    assert not heard.exists()
    assert cli("to", "2.5.1", cwd=repo).code == 0
    created = f"{'0' * 40} {repo.tip(BRANCH)} refs/heads/{BRANCH}"
    assert heard.read_text().splitlines() == ["prepared", created, "committed", created]


def test_interrupted(repo: Repo) -> None:
    process = subprocess.Popen(
        repo.command("to", "2.5.1"),
        cwd=repo.path,
        env=repo.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    time.sleep(0.25)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    if process.returncode == 130:
        assert (out, err.count(b"\n")) == (b"", 1)
        assert b"interrupted" in err
        assert repo.branches() == ["main"]
    else:  # it was done before the signal came, or had not yet begun
        assert process.returncode in (0, -signal.SIGINT)
    assert leftovers(repo) == []


def test_two_at_once(repo: Repo, cli: Cli) -> None:
    tree = expected_tree(repo, cli)
    before = repo.state()
    processes = [
        subprocess.Popen(
            repo.command("to", "2.5.1", "--quiet"),
            cwd=repo.path,
            env=repo.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in processes:
        _, err = process.communicate()
        assert process.returncode in (0, 6)
        assert err.startswith(b"error: ") == (process.returncode != 0), err
    assert repo.tree(BRANCH) == tree
    assert repo.state() == before
    assert leftovers(repo) == []
