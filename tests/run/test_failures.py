"""A run that cannot go on: what was done is told in every format, and why it is known."""

from __future__ import annotations

import json
import subprocess

import pytest

from fluxbump.run.decision import Outcome
from tests.forges.fake_server import Reply
from tests.git_server import git, hook
from tests.run.world import BRANCH, SPRING, SUMMER, World

NEXT = "fluxbump/flux-2.6.1"
NO_DELETE = (
    "while read old new ref; do case $new in *[!0]*) ;; *) echo 'may not be deleted' >&2; exit 1;;"
    " esac; done"
)


def test_a_branch_that_may_not_be_deleted_ends_no_run(there: World) -> None:
    there.run(SPRING)
    hook(there.bare, "pre-receive", NO_DELETE)
    there.publish(SUMMER)
    for _ in range(2):
        report = there.run(SUMMER)
        assert report.error is None
        assert any(
            effect.event == "left" and effect.message.startswith(f"the branch {BRANCH} stays: ")
            for effect in report.done
        )
    assert [pull.branch for pull in there.open()] == [NEXT]
    assert set(there.branches()) == {"main", BRANCH, NEXT}


def test_a_merged_branch_that_may_not_be_deleted_ends_no_run(there: World) -> None:
    there.run(SPRING)
    there.merge(1)
    hook(there.bare, "pre-receive", NO_DELETE)
    result = there.command("--output", "json")
    assert result.code == 0, result.err
    assert f"the branch {BRANCH} stays: " in " ".join(
        effect["message"] for effect in result.json["done"]
    )


def refusing_to_open(there: World) -> None:
    refused = Reply(422, {"message": "Validation Failed", "documentation_url": "https://e.org"})
    there.forge.trouble(refused, method="POST", path="/pulls$", times=9)


@pytest.mark.parametrize("output", ["text", "json"])
def test_what_was_done_before_an_error_is_printed(output: str, there: World) -> None:
    refusing_to_open(there)
    result = there.command("--output", output, "--log-format", "json")
    assert result.code == 10
    assert f"pushed {BRANCH}" in result.out
    last = [json.loads(line) for line in result.err.splitlines() if line.startswith("{")][-1]
    assert (last["event"], last["exit_code"]) == ("failed", 10)
    assert "Validation Failed" in last["message"]
    if output == "json":
        said = json.loads(result.out)
        assert [effect["event"] for effect in said["done"]] == ["pushed"]
        assert said["error"]["message"] == last["message"]


def test_an_archived_repository_is_skipped(there: World) -> None:
    there.forge.archived = True
    hook(there.bare, "pre-receive", "echo 'This repository was archived' >&2; exit 1")
    report = there.run(SPRING)
    assert (report.outcome, report.skipped) == (
        Outcome.SKIPPED,
        "the repository is archived on GitHub",
    )
    result = there.command("--exit-code")
    assert (result.code, "skipped: the repository is archived" in result.out) == (0, True)


def test_an_archived_repository_gets_no_branch_that_nobody_asks_for(there: World) -> None:
    there.forge.archived = True
    assert there.run(SPRING).outcome is Outcome.SKIPPED
    assert set(there.branches()) == {"main"}


def test_a_repository_without_pull_requests_is_an_error_before_a_branch_is_pushed(
    there: World,
) -> None:
    there.forge.takes_requests = False
    result = there.command()
    assert result.code == 10
    assert "the repository has pull requests disabled on GitHub" in result.err
    assert "allow pull requests in the settings of the repository" in result.err
    assert set(there.branches()) == {"main"}


@pytest.mark.parametrize("more", [(), ("--base", "main"), ("--dry-run",)])
def test_an_empty_repository_is_skipped(more: tuple[str, ...], there: World) -> None:
    there.git("update-ref", "-d", "refs/heads/main")
    result = there.command(*more, "--exit-code", "--output", "json")
    assert (result.code, result.json["outcome"]) == (0, "skipped"), result.err
    assert result.json["summary"].endswith("monorepo.git is empty: it has no commit")
    assert there.forge.exchanges == []


def test_an_empty_repository_of_a_fleet_is_skipped(there: World) -> None:
    there.git("update-ref", "-d", "refs/heads/main")
    file = there.root / "fleet.yaml"
    file.write_text(
        f"repositories:\n  - name: new\n    url: {there.url}\n"
        f"    forge_url: {there.forge.api_base}\n"
    )
    arguments = [there.arguments()[0], "fleet", str(file), "--index", str(there.index)]
    done = subprocess.run(
        arguments, cwd=there.root, env=there.environ, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "skipped" in done.stdout
    assert "is empty: it has no commit" in done.stdout


def test_a_token_that_may_only_read_is_told_so(there: World) -> None:
    there.forge.writable = False
    hook(there.bare, "pre-receive", "echo 'denied' >&2; exit 1")
    result = there.command()
    assert result.code == 6
    assert "the token can read the repository on GitHub, but not write to it" in result.err


def test_a_dry_run_with_a_remote_on_this_disk_shows_what_it_would_propose(there: World) -> None:
    checkout = there.checkout()
    git(checkout, "remote", "set-url", "origin", f"file://{there.bare}")
    marks = there.marks()
    arguments = there.arguments("--dry-run", repo=checkout)
    arguments[(at := arguments.index("--forge-url")) : at + 2] = []
    done = subprocess.run(
        arguments, cwd=there.root, env=there.environ, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Would open a pull request from fluxbump/flux-2.5.1" in done.stdout
    assert "the remote is a local repository: no forge is asked" in done.stderr
    marks.require_nothing_changed()


def test_a_remote_without_a_default_branch_names_its_branches(there: World) -> None:
    there.git("update-ref", "refs/heads/develop", "main")
    there.git("symbolic-ref", "HEAD", "refs/heads/gone")
    result = there.command()
    assert result.code == 6
    assert "has no default branch, only the branches develop, main\n" in result.err
    assert "\n  use --base develop, or another of them\n" in result.err
    assert there.command("--base", "main").code == 0
