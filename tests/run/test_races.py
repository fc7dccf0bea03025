"""Two runs at once, remotes that move or refuse, connections that are cut: one pull request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from fluxbump.errors import ForgeError
from fluxbump.git.remote_errors import DeclinedError, UnreachableError
from fluxbump.run.job import Report
from tests import helpers
from tests.forges.fake_server import Cut, Reply
from tests.git_server import Stage, hook
from tests.helpers import Result, assert_refused
from tests.run.conftest import Make
from tests.run.world import BRANCH, CONFIG, SPRING, SUMMER, World

NEXT = "fluxbump/flux-2.6.1"


def one_pull_request(there: World) -> None:
    """Check that in the end all is there once, and that the next run leaves it."""
    assert [(one.number, one.branch) for one in there.open()] == [(1, BRANCH)]
    assert set(there.branches()) == {"main", BRANCH}
    assert there.forge.pulls[1].comments == []
    assert there.git("rev-list", "--count", f"main..{BRANCH}") == "1"
    marks = there.marks()
    there.run(SPRING)
    marks.require_nothing_changed()


def events(report: Report) -> list[str]:
    return [one.event for one in report.done]


def stopped(result: Result, said: str) -> None:
    """Check that the remote ended a run that had decided, and that it tells both."""
    assert (result.code, result.out) == (6, "Flux 2.4.0 can move to 2.5.1.\n")
    helpers.assert_one_error(result.err)
    assert said in result.err


# --- two at once ------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.PUSH_REFS, Stage.PUSH], ids=["looked", "about to push"])
def test_two_runs_at_once_make_one_pull_request(stage: Stage, there: World) -> None:
    held = [there.server.hold(stage) for _ in range(2)]
    # Each has its own cache: on one machine they would wait for each other.
    runs = [
        there.start("--output", "json", XDG_CACHE_HOME=str(there.root / f"cache-{one}"))
        for one in range(2)
    ]
    for one in held:
        one.wait()  # by now both have seen that there is no branch
    for one in held:
        one.go.set()
    results = [one.end() for one in runs]
    assert [one.code for one in results] == [0, 0], [one.err for one in results]
    assert {one.json["pull_request"]["number"] for one in results} == {1}
    one_pull_request(there)


def test_two_runs_with_one_cache_make_one_pull_request(there: World) -> None:
    runs = [there.start() for _ in range(2)]
    assert [one.end().code for one in runs] == [0, 0]
    one_pull_request(there)


def test_two_runs_that_refresh_at_once_agree(there: World) -> None:
    there.run(SPRING)
    main = there.push("main", {"README.md": "new\n"})
    held = [there.server.hold(Stage.PUSH_REFS) for _ in range(2)]
    runs = [there.start(XDG_CACHE_HOME=str(there.root / f"cache-{one}")) for one in range(2)]
    for one in held:
        one.wait()
    for one in held:
        one.go.set()
    results = [one.end() for one in runs]
    assert [one.code for one in results] == [0, 0], [one.err for one in results]
    assert there.git("rev-parse", f"{BRANCH}^") == main
    one_pull_request(there)


def four_at_once(there: World, stage: Stage) -> list[Result]:
    held = [there.server.hold(stage) for _ in range(4)]
    runs = [there.start(XDG_CACHE_HOME=str(there.root / f"cache-{one}")) for one in range(4)]
    for one in held:
        one.wait()
    for one in held:
        one.go.set()
    return [one.end() for one in runs]


def test_four_runs_at_once_open_one_pull_request(there: World) -> None:
    results = four_at_once(there, Stage.PUSH_REFS)
    assert [one.code for one in results] == [0] * 4, [one.err for one in results]
    one_pull_request(there)


def test_four_runs_at_once_leave_one_comment(there: World) -> None:
    there.run(SPRING)
    there.publish(SUMMER)
    results = four_at_once(there, Stage.PUSH_REFS)
    there.run(SUMMER)
    assert [one.code for one in results] == [0] * 4, [one.err for one in results]
    assert [one.branch for one in there.open()] == [NEXT]
    assert set(there.branches()) == {"main", NEXT}
    assert len(there.forge.pulls[1].comments) == 1


def closed_by_a_person(there: World) -> None:
    there.forge.close(1)


def pushed_by_a_person(there: World) -> None:
    there.push(BRANCH, {"README.md": "by hand\n"})


def asked_to_rebuild(there: World) -> None:
    there.tick(1, "rebuild")


@pytest.mark.parametrize("what", [closed_by_a_person, pushed_by_a_person, asked_to_rebuild])
def test_four_runs_at_once_answer_once(what: Callable[[World], None], there: World) -> None:
    there.run(SPRING)
    what(there)
    results = four_at_once(there, Stage.PUSH_REFS)
    assert [result.code for result in results] == [0] * 4, [result.err for result in results]
    assert len(there.forge.pulls[1].comments) == 1
    assert claims(there) == []
    there.run(SPRING)
    assert len(there.forge.pulls[1].comments) == 1


def test_four_runs_at_once_open_one_dashboard(make: Make) -> None:
    there = make(config=f"{CONFIG}  dashboard: true\n")
    there.publish("2025-02-01")  # nothing else is to be done on that day
    results = four_at_once(there, Stage.PUSH_REFS)
    assert [result.code for result in results] == [0] * 4, [result.err for result in results]
    assert len(there.forge.issues) == 1
    assert claims(there) == []


def test_a_run_that_waited_for_the_claim_reads_the_branches_again(make: Make) -> None:
    there = make(config=f"{CONFIG}  dashboard: true\n")
    other: list[Result] = []
    cache = str(there.root / "cache-0")
    there.server.before(Stage.PUSH_REFS, lambda: other.append(there.command(XDG_CACHE_HOME=cache)))
    report = there.run(SPRING)
    assert [result.code for result in other] == [0], other[0].err
    assert [(effect.event, effect.message) for effect in report.done] == [("left", "#1: unchanged")]
    assert "again" not in [event.event for event in there.events]


# --- the claim of the run that acts alone -----------------------------------------------------


def claims(there: World) -> list[str]:
    return there.git("for-each-ref", "--format=%(refname)", "refs/fluxbump").splitlines()


def claimed(there: World, said: str) -> str:
    """Make the claim of another run."""
    commit = there.git("commit-tree", "main^{tree}", "-m", said)
    there.git("update-ref", "refs/fluxbump/claim", commit)
    return commit


def test_the_answer_is_left_to_the_run_that_has_the_claim(there: World) -> None:
    there.run(SPRING)
    closed_by_a_person(there)
    theirs = claimed(there, f"Fluxbump-Claim: {datetime.now(UTC).isoformat()} 00")
    report = there.run(SPRING)
    assert "#1: another run answers it" in [effect.message for effect in report.done]
    assert there.forge.pulls[1].comments == []
    assert there.git("rev-parse", "refs/fluxbump/claim") == theirs


@pytest.mark.parametrize(
    "said",
    [
        "Fluxbump-Claim: 2025-03-01T00:00:00+00:00 00",
        "Fluxbump-Claim: 2999-03-01T00:00:00+00:00 00",
        "Fluxbump-Claim: 2025-03-01T00:00:00 00",
        "Fluxbump-Claim: soon 00",
        "by hand",
    ],
)
def test_the_claim_of_a_killed_run_is_taken(said: str, there: World) -> None:
    there.run(SPRING)
    closed_by_a_person(there)
    claimed(there, said)
    there.run(SPRING)
    assert len(there.forge.pulls[1].comments) == 1
    assert claims(there) == []


def test_a_server_that_takes_no_claim_gets_the_answer(there: World) -> None:
    there.run(SPRING)
    closed_by_a_person(there)
    hook(there.bare, "update", 'case "$1" in refs/heads/*) ;; *) exit 1;; esac')
    there.run(SPRING)
    assert len(there.forge.pulls[1].comments) == 1


def test_a_run_that_fails_gives_its_claim_back(there: World) -> None:
    there.run(SPRING)
    closed_by_a_person(there)
    there.forge.trouble(Reply(403, {"message": "no"}), method="POST", path="/comments$")
    with pytest.raises(ForgeError):
        there.run(SPRING)
    assert claims(there) == []


def test_a_dry_run_claims_nothing(there: World) -> None:
    there.run(SPRING)
    closed_by_a_person(there)
    marks = there.marks()
    there.run(SPRING, dry_run=True)
    marks.require_nothing_changed()
    assert claims(there) == []


# --- a remote that moves ----------------------------------------------------------------------


def test_the_base_moves_between_fetch_and_push(there: World) -> None:
    there.server.before(Stage.PUSH, lambda: there.push("main", {"README.md": "new\n"}))
    # The push of the person comes through the same server; its plan is taken by then.
    assert events(there.run(SPRING)) == ["pushed", "opened"]
    assert events(there.run(SPRING)) == ["pushed", "refreshed"]
    assert there.git("rev-parse", f"{BRANCH}^") == there.tip("main")
    one_pull_request(there)


def test_a_person_makes_the_branch_between_look_and_push(there: World) -> None:
    made: list[str] = []

    def meanwhile() -> None:
        there.git("update-ref", f"refs/heads/{BRANCH}", "main")
        made.append(there.push(BRANCH, {"README.md": "by hand\n"}))

    there.server.before(Stage.PUSH_REFS, meanwhile)
    report = there.run(SPRING)
    assert there.tip(BRANCH) == made[0]
    assert report.done[-1].message == f"the branch {BRANCH} holds a commit that no run made"
    assert [one.event for one in there.events] == ["decided", "again", "left"]
    assert there.open() == []


def test_a_person_pushes_between_look_and_refresh(there: World) -> None:
    there.run(SPRING)
    there.push("main", {"README.md": "new\n"})
    theirs: list[str] = []
    there.server.before(
        Stage.PUSH, lambda: theirs.append(there.push(BRANCH, {"by-hand.txt": "mine\n"}))
    )
    assert events(there.run(SPRING)) == ["told"]
    assert there.tip(BRANCH) == theirs[0]
    assert len(there.forge.pulls[1].comments) == 1
    marks = there.marks()
    there.run(SPRING)
    marks.require_nothing_changed()


def test_a_person_pushes_before_their_branch_is_deleted(there: World) -> None:
    there.run(SPRING)
    there.publish(SUMMER)
    theirs: list[str] = []

    def meanwhile() -> None:
        # The first push is that of the new proposal, the second deletes the old branch.
        there.server.before(
            Stage.PUSH, lambda: theirs.append(there.push(BRANCH, {"by-hand.txt": "mine\n"}))
        )

    there.server.before(Stage.PUSH, meanwhile)
    there.run(SUMMER)
    assert there.tip(BRANCH) == theirs[0]
    assert [(one.number, one.branch) for one in there.open()] == [(2, NEXT)]
    assert len(there.forge.pulls[1].comments) == 1
    marks = there.marks()
    there.run(SUMMER)
    marks.require_nothing_changed()


# --- a remote that refuses --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pre-receive", "update"])
def test_a_push_that_a_hook_rejects(name: str, there: World) -> None:
    hook(there.bare, name, "echo 'not on my watch' >&2; exit 1")
    stopped(there.command(), BRANCH)
    assert (there.open(), set(there.branches())) == ([], {"main"})
    with pytest.raises(DeclinedError):
        there.run(SPRING)
    (there.bare / "hooks" / name).unlink()
    assert events(there.run(SPRING)) == ["pushed", "opened"]
    one_pull_request(there)


# --- connections that are cut -----------------------------------------------------------------


def _in_the_request(there: World) -> None:
    there.server.cut_request(Stage.PUSH, 40, always=True)


def _in_the_answer(there: World) -> None:
    there.server.cut_response(Stage.PUSH, 10)


@pytest.mark.parametrize("cut", [_in_the_request, _in_the_answer])
def test_a_connection_that_is_cut_in_a_push(cut: Callable[[World], None], there: World) -> None:
    cut(there)
    stopped(there.command(), "cannot be reached")
    there.server.clear()
    assert there.open() == []
    there.run(SPRING)
    one_pull_request(there)


@pytest.mark.parametrize("when", list(Cut), ids=lambda one: one.name.lower())
def test_a_connection_that_is_cut_while_a_pull_request_is_opened(when: Cut, there: World) -> None:
    there.forge.trouble(when, method="POST", path="/pulls$")
    there.command()  # may get over it by itself
    there.run(SPRING)
    one_pull_request(there)


@pytest.mark.parametrize(
    ("method", "path", "when"),
    [
        ("PATCH", "/pulls/1$", Cut.BEFORE),
        ("PATCH", "/pulls/1$", Cut.AFTER),
        ("POST", "/issues/1/comments$", Cut.BEFORE),
        ("POST", "/issues/1/comments$", Cut.AFTER),
    ],
)
def test_a_supersede_that_is_cut_anywhere_is_finished(
    method: str, path: str, when: Cut, there: World
) -> None:
    there.run(SPRING)
    there.publish(SUMMER)
    there.forge.trouble(when, method=method, path=path, times=8)
    there.command()
    there.forge.quiet()
    there.run(SUMMER)
    assert [(one.number, one.branch) for one in there.open()] == [(2, NEXT)]
    assert set(there.branches()) == {"main", NEXT}
    old = there.forge.pulls[1]
    # Nobody can tell whether a comment was made when its answer is lost: then the body says it.
    said = [*old.comments, old.body.partition("\n")[0]]
    assert 1 <= sum(one.startswith("Closed in favor of Flux 2.6.1: ") for one in said) <= 2
    assert len(old.comments) <= 1
    marks = there.marks()
    there.run(SUMMER)
    marks.require_nothing_changed()


def test_a_remote_that_is_gone_is_told_in_a_line(there: World) -> None:
    there.server.cut_request(Stage.FETCH_REFS, 0, always=True)
    assert_refused(there.command(), 6)
    with pytest.raises(UnreachableError):
        there.run(SPRING)
    there.server.clear()
    there.run(SPRING)
    one_pull_request(there)


def test_a_new_pull_request_that_is_not_listed_yet_is_not_opened_twice(there: World) -> None:
    there.forge.lag = 3
    there.run(SPRING)
    there.run(SPRING)
    there.run(SPRING)
    one_pull_request(there)


def test_the_secret_is_in_no_argument_of_a_child(there: World) -> None:
    """Git is called by way of a script that notes its arguments; the rest is searched anyway."""
    noted = there.root / "arguments"
    wrapper = there.root / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!/bin/sh\nprintf \'%s\\n\' "$@" >> \'{noted}\'\nPATH="${{PATH#*:}}" exec git "$@"\n',
        encoding="utf-8",
    )
    wrapper.chmod(0o755)
    environ = helpers.environment(there.home)
    there.command(PATH=f"{wrapper.parent}:{environ['PATH']}")
    there.publish(SUMMER)
    result = there.command("--verbose", PATH=f"{wrapper.parent}:{environ['PATH']}")
    assert result.code == 0, result.err
    said = noted.read_text("utf-8").splitlines()
    assert {"ls-remote", "fetch", "push"} <= set(said)  # and `judge` searches the file
