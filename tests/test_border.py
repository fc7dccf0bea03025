"""What the border says of a bug: what had been changed by then, and never that nothing was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT, Repo, Result
from tests.test_fleet import Fleet

MADE = "the branch fluxbump/flux-2.5.1"


def with_bug(repo: Repo, module: str, name: str, *arguments: str) -> Result:
    """Run the command line with a function that raises."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.plant_bug", f"fluxbump.{module}", name, *arguments],
        cwd=repo.path,
        env={**repo.environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


def said(what: str) -> str:
    return f"error: bug in fluxbump: TypeError: planted\n  {what}\nnext: "


def test_a_bug_before_anything_is_written(repo: Repo) -> None:
    result = with_bug(repo, "bump.compose", "plan", "to", "2.5.1")
    assert result.code == 70
    assert result.err == (
        said("fluxbump wrote nothing") + "fluxbump to 2.5.1 --verbose  prints what to report\n"
    )
    assert repo.git("branch", "--list", "fluxbump/*") == ""


@pytest.mark.parametrize(("module", "name", "command"), [
    ("reports.table", "table", ["rules"]),
    ("check.rules.pages", "page", ["rule", "FB103"]),
    ("reports.json_schemas", "text", ["schema", "to"]),
    ("flux.tables.crds", "crds", ["matrix"]),
])  # fmt: skip
def test_a_bug_in_a_command_without_verbose_shows_what_to_report(
    module: str, name: str, command: list[str], repo: Repo
) -> None:
    result = with_bug(repo, module, name, *command)
    assert result.code == 70
    assert "Traceback (most recent call last):" in result.err
    assert result.err.endswith(
        "error: bug in fluxbump: TypeError: planted\n  fluxbump wrote nothing\n"
    )


def test_the_advice_of_a_bug_can_be_typed(repo: Repo) -> None:
    result = with_bug(repo, "bump.path_evidence", "answer_of", "path", "2.5.1")
    assert result.err.endswith("fluxbump path 2.5.1 --verbose  prints what to report\n")
    again = with_bug(repo, "bump.path_evidence", "answer_of", "path", "2.5.1", "--verbose")
    assert "Traceback (most recent call last):" in again.err


@pytest.mark.parametrize(("module", "name"), [
    ("bump.deliver", "Delivered"),  # as it is made
    ("reports.text", "delivered"),  # in the command, after it
])  # fmt: skip
def test_a_bug_after_the_branch_was_made(repo: Repo, module: str, name: str) -> None:
    result = with_bug(repo, module, name, "to", "2.5.1")
    assert (result.code, said(f"before that, fluxbump had made {MADE}") in result.err) == (70, True)
    assert "fluxbump/flux-2.5.1" in repo.git("branch", "--list", "fluxbump/*")


def test_a_bug_after_the_branch_was_replaced(repo: Repo) -> None:
    repo.git("branch", "fluxbump/flux-2.5.1")
    old = repo.tip("HEAD")
    result = with_bug(repo, "reports.text", "delivered", "to", "2.5.1", "--force")
    kept = f"refs/fluxbump/replaced/fluxbump/flux-2.5.1/{old[:12]}"
    assert (
        said(f"before that, fluxbump had replaced {MADE}, and kept its old tip as {kept}")
        in result.err
    )
    assert repo.tip(kept) == old


def test_a_bug_while_git_makes_the_branch(repo: Repo) -> None:
    """Nobody knows then whether it is there."""
    result = with_bug(repo, "git.writer", "Writer.update_refs", "to", "2.5.1")
    assert said(f"before that, fluxbump had perhaps made {MADE}") in result.err


def test_a_bug_after_files_were_replaced(repo: Repo) -> None:
    result = with_bug(repo, "bump.in_place", "Written", "to", "2.5.1", "--in-place")
    changed = repo.git("status", "--porcelain").splitlines()
    assert len(changed) > 2
    assert result.code == 70
    assert (
        said(f"before that, fluxbump had replaced {len(changed)} files of the working tree")
        in result.err
    )


def test_a_bug_while_files_are_replaced(repo: Repo) -> None:
    """What was replaced by then is put back, so nothing is."""
    name = "replace_journal.dump"
    result = with_bug(repo, "system.atomic_replace", name, "to", "2.5.1", "--in-place")
    assert said("fluxbump wrote nothing") in result.err
    assert repo.git("status", "--porcelain") == ""


def test_a_bug_in_a_fleet(tmp_path: Path) -> None:
    ships = Fleet(tmp_path)
    ships.write("fine-1", "fine-2")
    driver = [sys.executable, "-m", "tests.plant_bug", "fluxbump.reports.fleet", "text"]
    for more, what in (
        ([], "before that, fluxbump had begun runs in 2 repositories"),
        (["--dry-run"], "fluxbump wrote nothing"),
    ):
        done = subprocess.run(
            [*driver, "fleet", "fleet.yaml", *more],
            cwd=ships.path,
            env={**ships.environment(), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, said(what) in done.stderr) == (70, True), done.stderr
