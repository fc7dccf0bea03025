"""Whose a branch is: what a run never pushes to, replaces or deletes, whoever claims what of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fluxbump.errors import ConfigError
from fluxbump.run.job import Report
from fluxbump.run.pull_request.state import SavedState
from tests import helpers
from tests.forges.fake_server import Cut
from tests.git_server import Stage
from tests.helpers import assert_refused
from tests.run.conftest import Make
from tests.run.world import BRANCH, CONFIG, SPRING, SUMMER, World

NEXT = "fluxbump/flux-2.6.1"


def events(report: Report) -> list[str]:
    return [one.event for one in report.done]


def said(report: Report) -> str:
    return " ".join(one.message for one in report.done)


def merged_by_fast_forward(there: World) -> str:
    """The first pull request is merged so that the base is our commit, trailer and all."""
    there.run(SPRING)
    tip = there.tip(BRANCH)
    assert tip
    there.git("update-ref", "refs/heads/main", tip)
    there.forge.merge(1)
    there.run(SPRING)
    assert set(there.branches()) == {"main"}
    return tip


def left_alone(there: World, before: dict[str, str], *branches: str) -> None:
    assert {name: there.tip(name) for name in branches} == {name: before[name] for name in branches}


# --- a trailer is no proof --------------------------------------------------------------------


def test_a_branch_that_copies_our_commit_is_not_deleted_when_it_is_merged(there: World) -> None:
    there.git("update-ref", "refs/heads/fluxbump/flux-production", merged_by_fast_forward(there))
    there.forge.add("fluxbump/flux-production", base="release")
    there.forge.merge(2)
    before = there.branches()
    there.run(SPRING)
    left_alone(there, before, "fluxbump/flux-production")


def test_a_branch_that_copies_our_commit_is_not_pushed_to(there: World) -> None:
    there.git("update-ref", f"refs/heads/{NEXT}", merged_by_fast_forward(there))
    there.publish(SUMMER)
    before = there.branches()
    report = there.run(SUMMER)
    left_alone(there, before, NEXT)
    assert there.open() == []
    assert "holds a commit that no pull request records" in said(report)


def test_a_trailer_written_by_a_person_is_no_proof(there: World) -> None:
    tree = there.tree("main")
    message = f"mine\n\nFluxbump-Tree: {tree}\n"
    forged = there.git("commit-tree", tree, "-p", "main", "-m", message)
    there.git("update-ref", f"refs/heads/{BRANCH}", forged)
    there.run(SPRING)
    assert (there.tip(BRANCH), there.open()) == (forged, [])


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["production", "main"])
def test_a_branch_of_one_name_for_every_release_is_refused(name: str, make: Make) -> None:
    there = make(config=f"branch: {name}\n{CONFIG}")
    there.git("update-ref", "refs/heads/production", "main")
    marks = there.marks()
    result = there.command()
    assert_refused(result, ConfigError.exit_code, "has no placeholder")
    marks.require_nothing_changed()


@pytest.mark.parametrize("default", [BRANCH, "Fluxbump/Flux-2.5.1"])
def test_the_default_branch_is_not_pushed_to(default: str, there: World) -> None:
    there.git("update-ref", f"refs/heads/{default}", "main")
    there.git("symbolic-ref", "HEAD", f"refs/heads/{default}")
    before = there.branches()
    result = there.command("--base", "main")
    assert result.code == 0, result.err
    assert f"the branch {BRANCH} is the default branch" in result.out
    assert (there.branches(), there.open()) == (before, [])


def test_the_base_is_not_pushed_to(there: World) -> None:
    there.git("update-ref", f"refs/heads/{BRANCH}", "main")
    before = there.branches()
    result = there.command("--base", BRANCH)
    assert f"the branch {BRANCH} is the base branch" in result.out
    assert (there.branches(), there.open()) == (before, [])


# --- protection -------------------------------------------------------------------------------


def test_a_branch_that_was_protected_is_neither_pushed_to_nor_deleted(there: World) -> None:
    there.run(SPRING)
    there.forge.protected = {BRANCH}
    there.push("main", {"README.md": "new\n"})
    before = there.branches()
    report = there.run(SPRING)
    assert (
        said(report) == f"#1: the branch {BRANCH} is protected on GitHub: nothing is pushed to it"
    )
    left_alone(there, before, BRANCH)
    there.merge(1)
    there.run(SPRING)
    left_alone(there, before, BRANCH)


def test_a_protected_branch_stays_when_its_pull_request_is_superseded(there: World) -> None:
    there.run(SPRING)
    there.forge.protected = {BRANCH}
    before = there.branches()
    there.publish(SUMMER)
    there.run(SUMMER)
    left_alone(there, before, BRANCH)
    assert [one.branch for one in there.open()] == [NEXT]


# --- what a run left that was killed ----------------------------------------------------------


def pushed_and_not_opened(there: World) -> None:
    there.forge.trouble(Cut.BEFORE, method="POST", path="/pulls$", times=9)
    there.command()
    there.forge.quiet()
    assert (there.tip(BRANCH) is not None, there.open()) == (True, [])


def test_a_push_without_a_pull_request_is_taken_up(there: World) -> None:
    pushed_and_not_opened(there)
    assert events(there.run(SPRING)) == ["opened"]


def test_it_is_taken_up_when_the_base_has_moved(there: World) -> None:
    pushed_and_not_opened(there)
    main = there.push("main", {"README.md": "new\n"})
    assert events(there.run(SPRING)) == ["pushed", "opened"]
    assert there.git("rev-parse", f"{BRANCH}^") == main


def test_it_is_left_and_named_when_it_is_no_longer_what_is_wanted(there: World) -> None:
    pushed_and_not_opened(there)
    there.push("main", {"clusters/gamma/flux.yaml": helpers.release()})
    before = there.branches()
    report = there.run(SPRING)
    left_alone(there, before, BRANCH)
    assert "delete the branch if it is not needed" in said(report)
    there.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    assert events(there.run(SPRING)) == ["pushed", "opened"]


def test_a_refresh_that_ended_after_its_push_is_taken_up(there: World) -> None:
    there.run(SPRING)
    there.push("main", {"README.md": "new\n"})
    old = there.tip(BRANCH)
    # The first change of the body records the commit; the one after the push never comes.
    there.server.before(
        Stage.PUSH, lambda: there.forge.trouble(Cut.BEFORE, method="PATCH", times=9)
    )
    there.command()
    there.forge.quiet()
    state = SavedState.parse(there.forge.pulls[1].body)
    assert state is not None
    assert (state.head, state.pushing) == (old, there.tip(BRANCH))
    there.push("main", {"clusters/gamma/flux.yaml": helpers.release()})
    assert events(there.run(SPRING)) == ["pushed", "refreshed"]
    assert there.forge.pulls[1].comments == []


# --- "Update branch" --------------------------------------------------------------------------


def merged_from_the_base(there: World) -> str:
    """Somebody presses "Update branch": the forge merges the base into it."""
    head, main = there.tip(BRANCH), there.tip("main")
    assert head
    assert main
    tree = there.git("merge-tree", "--write-tree", head, main).splitlines()[0]
    message = f"Merge branch 'main' into {BRANCH}"
    made = there.git("commit-tree", tree, "-p", head, "-p", main, "-m", message)
    there.git("update-ref", f"refs/heads/{BRANCH}", made)
    return made


def rebased_onto_the_base(there: World) -> str:
    """Somebody presses "Update with rebase": the forge makes a commit of its own."""
    merged = merged_from_the_base(there)
    made = there.git("commit-tree", f"{merged}^{{tree}}", "-p", "main", "-m", "rebased")
    there.git("update-ref", f"refs/heads/{BRANCH}", made)
    return made


@pytest.mark.parametrize("update", [merged_from_the_base, rebased_onto_the_base])
@pytest.mark.parametrize("later", [False, True], ids=["at once", "the base has moved on"])
def test_an_updated_branch_is_still_ours(
    update: Callable[[World], str], later: bool, there: World
) -> None:
    there.run(SPRING)
    there.push("main", {"README.md": "new\n"})
    update(there)
    if later:
        there.push("main", {"other.txt": "new\n"})
    report = there.run(SPRING)
    assert "told" not in events(report)
    assert there.git("rev-parse", f"{BRANCH}^") == there.tip("main")
    assert there.forge.pulls[1].comments == []
    there.publish(SUMMER)
    there.run(SUMMER)
    assert [pull.branch for pull in there.open()] == [NEXT]
    assert set(there.branches()) == {"main", NEXT}


def test_an_updated_branch_is_ours_where_the_base_changed_a_file_of_it_too(there: World) -> None:
    there.run(SPRING)
    path = there.git("diff", "--name-only", "main", BRANCH).splitlines()[0]
    old = there.git("show", f"main:{path}")
    there.push("main", {path: f"{old}\n# a line at the end\n"})
    merged_from_the_base(there)
    assert "pushed" in events(there.run(SPRING))
    assert there.forge.pulls[1].comments == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_updated_branch_with_a_commit_of_a_person_is_theirs(when: str, there: World) -> None:
    there.run(SPRING)
    if when == "before":
        there.push(BRANCH, {"by-hand.txt": "mine\n"})
    there.push("main", {"README.md": "new\n"})
    merged_from_the_base(there)
    if when == "after":
        there.push(BRANCH, {"by-hand.txt": "mine\n"})
    before = there.branches()
    assert events(there.run(SPRING)) == ["told"]
    there.publish(SUMMER)
    there.run(SUMMER)
    left_alone(there, before, BRANCH)


def test_a_merge_with_an_edit_on_the_side_is_theirs(there: World) -> None:
    there.run(SPRING)
    there.push("main", {"README.md": "new\n"})
    merged = merged_from_the_base(there)
    edited = there.push(BRANCH, {"by-hand.txt": "mine\n"})
    made = there.git(
        "commit-tree", f"{edited}^{{tree}}", "-p", f"{merged}^1", "-p", f"{merged}^2", "-m", "merge"
    )
    there.git("update-ref", f"refs/heads/{BRANCH}", made)
    assert events(there.run(SPRING)) == ["told"]
    assert there.tip(BRANCH) == made
