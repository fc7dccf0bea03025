"""A word that is not known: the error says which one, and has the command that was meant."""

from __future__ import annotations

import pytest

from tests.helpers import Cli, Repo, assert_refused


@pytest.mark.parametrize(
    ("typed", "problem", "meant"),
    [
        ("chekc --all", "no such command 'chekc'", "fluxbump check --all"),
        ("to 2.5.1 --dryrun", "no such option: --dryrun", "fluxbump to 2.5.1 --dry-run"),
        ("check --outptu json", "no such option: --outptu", "fluxbump check --output json"),
        ("--hlep", "no such option: --hlep", "fluxbump --help"),
    ],
)
def test_the_command_that_was_meant_can_be_typed(
    cli: Cli, typed: str, problem: str, meant: str
) -> None:
    result = cli(*typed.split())
    assert_refused(result, 2, f"error: {problem} (see fluxbump ")
    assert result.err.splitlines()[-1] == f"next: {meant}"
    assert "?" not in result.err


def test_a_word_that_is_like_none_has_no_advice(cli: Cli) -> None:
    result = cli("xyzzy")
    assert_refused(result, 2, "error: no such command 'xyzzy' (see fluxbump --help)")
    assert "next:" not in result.err


def test_a_number_is_asked_for_in_plain_words(cli: Cli) -> None:
    result = cli("releases", "--limit", "ten")
    assert_refused(result, 2, "error: invalid value for '--limit': 'ten' is not a whole number")


@pytest.mark.parametrize("command", ["status", "to 2.5.1", "path 2.8.5", "run --dry-run"])
def test_an_empty_repository_is_said_to_be_that(cli: Cli, repo: Repo, command: str) -> None:
    empty = repo.path.parent / "empty"
    empty.mkdir()
    repo.git("init", "--quiet", "--initial-branch", "main", str(empty))
    result = cli(*command.split(), cwd=empty)
    assert_refused(result, 6, "the repository has no commits (commit something first)")


def test_a_dry_run_says_that_nothing_is_pinned_without_a_network(cli: Cli, repo: Repo) -> None:
    for path in repo.git("ls-files").split():
        repo.git("rm", "--quiet", path)
    nowhere = "flux_repository: https://127.0.0.1:9/flux2\n"
    repo.commit({"README.md": "No Flux here.\n", "fluxbump.yaml": nowhere})
    result = cli("run", "--dry-run", cwd=repo)
    assert result.code == 0, result.err
    assert result.out.startswith("no Flux version found in live code.\n")
