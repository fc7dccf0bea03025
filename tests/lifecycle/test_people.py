"""What people can do to a pull request, and what the next run makes of it: docs/run.md, row by row.

Each runs against a fake; `make e2e-forge` runs the same against a real Gitea.
"""

from __future__ import annotations

import pytest

from fluxbump.run.pull_request.state import PUSHED, SavedState
from tests.lifecycle.conftest import Make
from tests.lifecycle.people import Seen
from tests.lifecycle.site import JOB, PERSON
from tests.lifecycle.world import CONFIG, World
from tests.run.world import BRANCH, SUMMER

NEXT = "fluxbump/flux-2.6.1"
# Flux 2.6 is the first to call v1beta2 of OCIRepository deprecated.
DEPRECATED_SOON = {
    "apps/a.yaml": "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: OCIRepository\n"
    "metadata: {name: a}\nspec: {}\n"
}


def pull(there: World, number: int = 1) -> Seen:
    return there.people.pulls()[number]


def state(there: World, number: int = 1) -> SavedState:
    found = SavedState.parse(pull(there, number).body)
    assert found is not None
    return found


def superseded(there: World) -> None:
    """A run proposes a newer release in place of the first one."""
    there.publish(SUMMER)
    assert there.run() == ["pushed", "opened", "superseded"]


# --- what a run does by itself ----------------------------------------------------------------


def test_a_run_opens_one_pull_request(there: World) -> None:
    assert there.run() == ["pushed", "opened"]
    assert there.open() == {1: BRANCH}
    own = state(there)
    assert (own.release, own.chart_version) == ("2.5.1", "2.15.0")
    assert (own.base, own.head) == (there.tip("main"), there.tip(BRANCH))
    assert pull(there).base == "main"
    there.settled()


def test_a_base_that_moves_brings_a_refresh(there: World) -> None:
    there.run()
    main = there.push("main", {"README.md": "new\n"})
    assert there.run() == ["pushed", "refreshed"]
    assert there.fetched(f"origin/{BRANCH}^") == main
    assert (state(there).base, state(there).head) == (main, there.tip(BRANCH))
    assert there.people.comments(1) == []
    there.settled()


def test_a_newer_release_supersedes(there: World) -> None:
    there.run()
    superseded(there)
    assert there.open() == {2: NEXT}
    (comment,) = there.people.comments(1)
    assert comment == "Closed in favor of Flux 2.6.1: a newer release replaces it."
    assert set(there.branches()) == {"main", NEXT}
    assert pull(there).state == "closed"
    there.settled()


# --- what people can do -----------------------------------------------------------------------


@pytest.mark.parametrize("style", ["merge", "squash", "rebase"])
def test_merged(style: str, there: World) -> None:
    there.run()
    there.people.merge(1, style)
    assert there.run() == ["deleted"]
    assert set(there.branches()) == {"main"}
    assert pull(there).state == "merged"
    there.settled()
    there.publish(SUMMER)
    assert there.run() == ["pushed", "opened"]
    assert there.open() == {2: NEXT}


def test_closed(there: World) -> None:
    there.run()
    there.people.close(1)
    assert "#1 was closed unmerged" in there.said()
    there.settled()
    there.push("main", {"README.md": "new\n"})
    there.settled()
    assert there.tip(BRANCH)
    there.publish(SUMMER)
    there.run()
    assert there.open() == {2: NEXT}
    there.settled()


def test_closed_and_reopened(there: World) -> None:
    there.run()
    there.people.close(1)
    there.run()
    there.people.reopen(1)
    main = there.push("main", {"README.md": "new\n"})
    assert there.run() == ["pushed", "refreshed"]
    assert there.fetched(f"origin/{BRANCH}^") == main
    assert there.open() == {1: BRANCH}
    there.settled()
    there.publish(SUMMER)
    there.run()
    assert there.open() == {1: BRANCH, 2: NEXT}
    there.settled()


def tick(there: World, number: int, box: str) -> None:
    """Tick a box in the description, or clear it, as its click on the page does."""
    body = there.people.pulls()[number].body
    before, _, mark = f"- [ ] <!-- fluxbump:{box} -->".partition(" ]")
    clear, ticked = f"{before} ]{mark}", f"{before}x]{mark}"
    assert (clear in body) is not (ticked in body)
    old, new = (clear, ticked) if clear in body else (ticked, clear)
    there.people.edit(number, body=body.replace(old, new))


def test_box_to_rebuild(there: World) -> None:
    there.run()
    there.push(BRANCH, {"README.md": "by hand\n"})
    there.run()
    tick(there, 1, "rebuild")
    main = there.push("main", {"other.txt": "new\n"})
    assert there.run() == ["pushed", "refreshed", "told"]
    assert there.fetched(f"origin/{BRANCH}^") == main
    assert there.people.comments(1)[-1] == "The branch is rebuilt, as you asked."
    there.settled()


def test_box_to_hold(there: World) -> None:
    there.run()
    tick(there, 1, "hold")
    there.push("main", {"README.md": "new\n"})
    there.settled()
    there.publish(SUMMER)
    there.run()
    assert there.open() == {1: BRANCH, 2: NEXT}
    there.settled()
    tick(there, 1, "hold")
    assert "superseded" in there.run()
    assert there.open() == {2: NEXT}


def test_box_to_open_again(there: World) -> None:
    there.run()
    there.people.close(1)
    there.run()
    assert len(there.people.comments(1)) == 1
    tick(there, 1, "reopen")
    assert there.run() == ["opened", "told"]
    assert there.open() == {2: BRANCH}
    assert there.people.comments(1)[1:] == ["Opened again as #2, as you asked."]
    there.settled()


def test_reopened_after_a_run_had_closed_it(there: World) -> None:
    there.run()
    tip = there.tip(BRANCH)
    there.fetched(f"origin/{BRANCH}")
    superseded(there)
    there.put(BRANCH, str(tip))  # "Restore branch"
    there.people.reopen(1)
    assert "#1: it was reopened after it was closed" in there.said()
    assert there.open() == {1: BRANCH, 2: NEXT}
    there.settled()


def test_pushed_to(there: World) -> None:
    there.run()
    theirs = there.push(BRANCH, {"README.md": "by hand\n"})
    there.push("main", {"other.txt": "new\n"})
    assert there.run() == ["told"]
    assert len(there.people.comments(1)) == 1
    assert PUSHED in state(there).told
    there.settled()
    there.publish(SUMMER)
    assert "superseded" not in there.run()
    assert there.open() == {1: BRANCH, 2: NEXT}
    assert there.tip(BRANCH) == theirs
    assert len(there.people.comments(1)) == 1
    there.settled()


@pytest.mark.parametrize("style", ["merge", "rebase"])
def test_updated_by_the_forge(style: str, there: World) -> None:
    there.run()
    there.push("main", {"README.md": "new\n"})
    before = there.tip(BRANCH)
    there.people.update_branch(1, style)
    assert there.tip(BRANCH) != before
    main = there.push("main", {"other.txt": "new\n"})
    assert there.run() == ["pushed", "refreshed"]
    assert there.fetched(f"origin/{BRANCH}^") == main
    assert there.people.comments(1) == []
    there.settled()
    superseded(there)
    assert set(there.branches()) == {"main", NEXT}


@pytest.mark.parametrize("style", ["merge", "rebase"])
def test_updated_by_the_forge_with_a_commit_of_a_person(style: str, there: World) -> None:
    there.run()
    there.push(BRANCH, {"by-hand.txt": "mine\n"})
    there.push("main", {"README.md": "new\n"})
    there.people.update_branch(1, style)
    theirs = there.tip(BRANCH)
    assert there.run() == ["told"]
    assert there.tip(BRANCH) == theirs
    there.settled()


def test_commits_taken_off_again(there: World) -> None:
    there.run()
    ours = there.tip(BRANCH)
    there.push(BRANCH, {"README.md": "by hand\n"})
    there.run()
    there.put(BRANCH, str(ours))
    main = there.push("main", {"other.txt": "new\n"})
    assert there.run() == ["pushed", "refreshed"]
    assert there.fetched(f"origin/{BRANCH}^") == main
    assert len(there.people.comments(1)) == 1
    there.settled()


def test_merged_and_reverted(there: World) -> None:
    before = there.fetched("origin/main")
    there.run()
    there.people.merge(1)
    there.run()
    there.fetched("origin/main")
    tree = f"{before}^{{tree}}"
    there.put("main", there.git("commit-tree", tree, "-p", "origin/main", "-m", "Revert"))
    assert "no longer in the base" in there.said()
    assert there.open() == {}
    there.settled()


def test_title_and_body_edited(there: World) -> None:
    there.run()
    edited = "Reviewed by me.\n\n" + pull(there).body
    there.people.edit(1, title="Mine", body=edited)
    there.settled()
    assert (pull(there).title, pull(there).body) == ("Mine", edited)
    there.push("main", {"README.md": "new\n"})
    assert there.run() == ["pushed", "refreshed"]
    assert pull(there).title.startswith("Move Flux to 2.5.1")
    assert "Reviewed by me" not in pull(there).body
    there.settled()


def test_base_branch_changed(there: World) -> None:
    there.put("release", there.fetched("origin/main"))
    there.run()
    there.people.edit(1, base="release")
    assert pull(there).base == "release"
    there.run()
    assert pull(there).base == "main"
    assert there.open() == {1: BRANCH}
    there.settled()


@pytest.mark.parametrize("draft", [True, False], ids=["made ready", "made a draft"])
def test_ready_or_a_draft(draft: bool, make: Make) -> None:
    there = make(files=DEPRECATED_SOON if draft else {})
    there.publish(SUMMER)
    there.run()
    assert pull(there).draft is draft
    title = pull(there).title.removeprefix("WIP: ")
    there.people.edit(1, title=title if draft else f"WIP: {title}")
    there.settled()
    there.push("main", {"README.md": "new\n"})
    assert there.run() == ["pushed", "refreshed"]
    assert pull(there).draft is not draft
    there.settled()


def test_labels_assignees_and_reviewers_changed(make: Make) -> None:
    there = make(config=f"{CONFIG}  labels: [flux]\n  assignees: [{PERSON}]\n")
    there.admin.make_labels("flux", "urgent")
    there.run()
    assert (pull(there).labels, pull(there).assignees) == (("flux",), (PERSON,))
    there.people.label(1, "urgent")
    there.people.edit(1, assignees=[JOB])
    there.people.request(1, PERSON)
    there.push("main", {"README.md": "new\n"})
    assert there.run() == ["pushed", "refreshed"]
    seen = pull(there)
    assert (seen.labels, seen.assignees, seen.reviewers) == (("urgent",), (JOB,), (PERSON,))
    there.settled()


def test_a_policy_asks_for_people(make: Make) -> None:
    config = (
        f"{CONFIG}  labels: [flux, nowhere]\n  assignees: [{PERSON}]\n  reviewers: [{PERSON}]\n"
    )
    there = make(config=config)
    there.admin.make_labels("flux")
    assert "labels not set: no label nowhere" in there.said()
    seen = pull(there)
    assert (seen.labels, seen.assignees, seen.reviewers) == (("flux",), (PERSON,), (PERSON,))
    there.settled()


def test_moved_by_hand(there: World) -> None:
    there.run()
    there.bump("2.5.1")
    assert there.run() == ["superseded"]
    assert len(there.people.comments(1)) == 1
    assert set(there.branches()) == {"main"}
    assert pull(there).state == "closed"
    there.settled()
