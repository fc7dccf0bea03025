"""What a forge, a repository or a token does not allow, and runs at the same time.

Each runs against a fake; `make e2e-forge` runs the same against a real Gitea.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests import helpers
from tests.helpers import assert_refused
from tests.lifecycle.conftest import Make
from tests.lifecycle.site import JOB, Kept
from tests.lifecycle.world import CONFIG, World
from tests.run.world import BRANCH, SUMMER

NEXT = "fluxbump/flux-2.6.1"
CLOSED = "Closed in favor of Flux 2.6.1: a newer release replaces it."


# --- branches ---------------------------------------------------------------------------------


def test_a_protected_branch_is_neither_pushed_to_nor_deleted(there: World) -> None:
    there.run()
    before = there.tip(BRANCH)
    there.admin.protect(BRANCH)
    there.push("main", {"README.md": "new\n"})
    said = there.said()
    assert f"#1: the branch {BRANCH} is protected on Gitea: nothing is pushed to it" in said
    there.settled()
    there.admin.merge(1)
    there.run()
    assert there.tip(BRANCH) == before


def test_a_rule_for_all_branches_refuses_the_push(there: World) -> None:
    there.admin.protect("**")
    result = there.attempt()
    assert result.code == 6
    assert f"declined): error: Not allowed to push to protected branch {BRANCH}\n" in result.err
    assert (there.open(), set(there.branches())) == ({}, {"main"})


@pytest.mark.parametrize("name", ["main", "production"])
def test_one_branch_for_every_release_is_refused(name: str, make: Make) -> None:
    there = make(config=f"branch: {name}\n{CONFIG}")
    before = there.state()
    assert_refused(there.attempt(), 3, "has no placeholder")
    assert there.state() == before


# --- how it is reached ------------------------------------------------------------------------


def test_http_is_refused_unless_it_is_allowed(there: World) -> None:
    host = urlsplit(there.place.git).netloc
    plain = replace(there.place, git=there.place.git.replace(host, "forge.internal"))
    away = replace(there, place=plain)
    through = {"http_proxy": f"http://{host}", "no_proxy": "127.0.0.1"}
    before = there.state()
    result = away.attempt(**through)
    assert (result.code, result.out) == (9, "")
    assert "--allow-http" in result.err
    assert there.state() == before
    assert away.attempt("--allow-http", "forge.internal", **through).code == 0
    assert there.open() == {1: BRANCH}


def test_a_private_authority_is_trusted_if_it_is_named(make: Make) -> None:
    there = make("safe_site")
    result = there.attempt()
    assert result.code == 6
    assert "the certificate of https://127.0.0.1" in result.err
    assert there.open() == {}
    trusted = {"SSL_CERT_FILE": str(there.place.authority)}
    result = there.attempt(**trusted)
    assert result.code == 0, result.err
    assert there.open() == {1: BRANCH}


# --- what a repository or a token does not allow ----------------------------------------------


def test_an_archived_repository_is_skipped(there: World) -> None:
    there.admin.settings(archived=True)
    result = there.attempt("--exit-code")
    assert result.code == 0, result.err
    assert "skipped: the repository is archived on Gitea" in result.out


def test_an_empty_repository_is_skipped(make: Make) -> None:
    result = make(empty=True).attempt("--exit-code")
    assert result.code == 0, result.err
    assert "is empty: it has no commit" in result.out


def test_requests_that_are_disabled_are_named(there: World) -> None:
    there.admin.settings(has_pull_requests=False)
    result = there.attempt()
    assert result.code in (6, 10)
    assert "the repository has pull requests disabled on Gitea" in result.err


def test_an_account_that_may_only_read_is_told_so(there: World) -> None:
    there.site.forbid(there.place, JOB)
    result = there.attempt()
    assert result.code == 6
    assert "the token can read the repository on Gitea, but not write to it" in result.err
    assert set(there.branches()) == {"main"}


def test_a_token_without_the_right_to_write_is_told_so(there: World) -> None:
    token = there.site.token(JOB, "read:repository", "read:issue")
    result = there.attempt(FLUXBUMP_TOKEN=token)
    assert result.code == 6
    assert "Gitea refused the token, but its account may write" in result.err
    assert "give the token itself the right to write" in result.err
    assert set(there.branches()) == {"main"}


def test_a_token_that_is_no_token_is_told_so(there: World) -> None:
    result = there.attempt(FLUXBUMP_TOKEN="0" * 40)
    assert (result.code, result.out) == (6, "")
    assert "0" * 40 not in result.err


# --- at the same time -------------------------------------------------------------------------


def test_four_runs_at_once_open_one_pull_request(there: World) -> None:
    results = there.at_once(4)
    assert [result.code for result in results] == [0] * 4, [result.err for result in results]
    assert there.open() == {1: BRANCH}
    assert there.people.comments(1) == []
    there.settled()


def test_four_runs_at_once_leave_one_comment(there: World) -> None:
    there.run()
    there.publish(SUMMER)
    results = there.at_once(4)
    assert [result.code for result in results] == [0] * 4, [result.err for result in results]
    there.run()
    assert there.open() == {2: NEXT}
    assert set(there.branches()) == {"main", NEXT}
    comments = there.people.comments(1)
    assert len(comments) <= 1
    # A run that cannot know whether another has commented says it in the body.
    assert any(text.startswith(CLOSED) for text in [*comments, there.people.pulls()[1].body])
    there.settled()


def test_four_runs_at_once_answer_a_close_once(there: World) -> None:
    there.run()
    there.people.close(1)
    results = there.at_once(4)
    assert [result.code for result in results] == [0] * 4, [result.err for result in results]
    assert len(there.people.comments(1)) == 1
    assert "refs/fluxbump/" not in there.git("ls-remote", "origin")
    there.settled()


def test_four_runs_at_once_open_one_dashboard(make: Make) -> None:
    there = make(config=f"{CONFIG}  dashboard: true\n")
    results = there.at_once(4)
    assert [result.code for result in results] == [0] * 4, [result.err for result in results]
    assert len(there.people.ask("GET", "/issues?type=issues&state=all")) == 1
    assert there.open() == {1: BRANCH}
    there.settled()


# --- an organization --------------------------------------------------------------------------


def test_discover_lists_the_repositories_of_an_organization(there: World) -> None:
    kept = [Kept("beta"), Kept("alpha"), Kept("old", archived=True), Kept("bare", empty=True)]
    url = there.site.organization(kept)
    forge_url = [word for word in there.place.options if word.startswith("http")]
    command = [str(helpers.SCRIPT), "fleet", "discover", url, "--forge", "gitea"]
    command += ["--forge-url", forge_url[0]] if forge_url else []
    done = subprocess.run(
        command, env=there.environ, cwd=there.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    listed = [line.strip("- ") for line in done.stdout.splitlines() if line.endswith(".git")]
    assert [address.rpartition("/")[2] for address in listed] == ["alpha.git", "beta.git"]
