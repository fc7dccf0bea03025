"""What people ask a run for without git: boxes in a description, a close, a reopen."""

from __future__ import annotations

from fluxbump.run.job import Report
from tests.run.conftest import Make
from tests.run.test_run import numbers, settled, state
from tests.run.world import BRANCH, CONFIG, SPRING, SUMMER, World

NEXT = "fluxbump/flux-2.6.1"
UNTICKED = "- [ ] <!-- fluxbump:{} -->"


def events(report: Report) -> list[str]:
    return [effect.event for effect in report.done]


def said(report: Report) -> str:
    return " ".join(effect.message for effect in report.done)


# --- rebuild ----------------------------------------------------------------------------------


def test_a_branch_is_rebuilt_over_what_a_person_pushed(there: World) -> None:
    there.run(SPRING)
    ours = there.tree(BRANCH)
    there.push(BRANCH, {"README.md": "by hand\n"})
    assert events(there.run(SPRING)) == ["told"]
    there.tick(1, "rebuild")
    assert events(there.run(SPRING)) == ["pushed", "refreshed", "told"]
    assert there.tree(BRANCH) == ours
    assert UNTICKED.format("rebuild") in there.forge.pulls[1].body
    assert there.forge.pulls[1].comments[1:] == ["The branch is rebuilt, as you asked."]
    settled(there, SPRING)
    there.push(BRANCH, {"README.md": "by hand\n"})
    assert events(there.run(SPRING)) == ["told"]
    settled(there, SPRING)


def test_a_branch_that_waits_for_new_content_is_rebuilt_on_the_base(make: Make) -> None:
    there = make(config=f"{CONFIG}  rebase_when: never\n")
    there.run(SPRING)
    main = there.push("main", {"unrelated.txt": "new\n"})
    settled(there, SPRING)
    there.tick(1, "rebuild")
    there.run(SPRING)
    assert there.git("rev-parse", f"{BRANCH}^") == main
    settled(there, SPRING)


def test_what_is_up_to_date_is_answered_and_not_pushed(there: World) -> None:
    there.run(SPRING)
    tip = there.tip(BRANCH)
    there.tick(1, "rebuild")
    assert events(there.run(SPRING)) == ["refreshed", "told"]
    assert there.tip(BRANCH) == tip
    assert there.forge.pulls[1].comments == ["The branch was up to date already, as you asked."]
    settled(there, SPRING)


# --- hold -------------------------------------------------------------------------------------


def test_what_is_on_hold_is_left_alone_until_the_box_is_cleared(there: World) -> None:
    there.run(SPRING)
    there.tick(1, "hold")
    there.push("main", {"README.md": "new\n"})
    settled(there, SPRING)
    assert "#1: on hold" in said(there.run(SPRING))
    there.publish(SUMMER)
    there.run(SUMMER)
    assert numbers(there) == {1: BRANCH, 2: NEXT}
    settled(there, SUMMER)
    there.tick(1, "hold")
    assert events(there.run(SUMMER)) == ["left", "superseded"]
    assert numbers(there) == {2: NEXT}


def test_max_open_counts_what_is_on_hold(make: Make) -> None:
    there = make(config=f"{CONFIG}  max_open: 1\n")
    there.run(SPRING)
    there.tick(1, "hold")
    there.publish(SUMMER)
    assert "max_open is 1" in said(there.run(SUMMER))
    assert numbers(there) == {1: BRANCH}


# --- close, and come back ---------------------------------------------------------------------


def test_a_close_is_answered_once(there: World) -> None:
    there.run(SPRING)
    there.forge.close(1)
    assert events(there.run(SPRING)) == ["left", "told"]
    (comment,) = there.forge.pulls[1].comments
    assert "does not open one for Flux 2.5.1 again" in comment
    assert "reopen this pull request" in comment
    settled(there, SPRING)
    there.publish(SUMMER)
    there.run(SUMMER)
    assert len(there.forge.pulls[1].comments) == 1
    settled(there, SUMMER)


def test_a_ticked_box_opens_what_was_closed(there: World) -> None:
    there.run(SPRING)
    there.forge.close(1)
    there.run(SPRING)
    there.tick(1, "reopen")
    assert events(there.run(SPRING)) == ["opened", "told"]
    assert numbers(there) == {2: BRANCH}
    assert UNTICKED.format("reopen") in there.forge.pulls[1].body
    assert there.forge.pulls[1].comments[1:] == ["Opened again as #2, as you asked."]
    settled(there, SPRING)
    there.forge.close(2)
    assert events(there.run(SPRING)) == ["left", "told"]
    settled(there, SPRING)


def test_a_ticked_box_for_another_release_is_told_in_the_report(there: World) -> None:
    there.run(SPRING)
    there.forge.close(1)
    there.run(SPRING)
    there.tick(1, "reopen")
    there.publish(SUMMER)
    report = there.run(SUMMER)
    assert "#1: a box in it asks for its release again, and policy leads to another" in said(report)
    assert numbers(there) == {2: NEXT}
    settled(there, SUMMER)


def test_what_a_person_closed_and_reopened_stays_beside_a_newer_one(there: World) -> None:
    there.run(SPRING)
    there.forge.close(1)
    there.run(SPRING)
    there.publish(SUMMER)
    there.run(SUMMER)
    there.forge.reopen(1)
    report = there.run(SUMMER)
    assert "#1: it was reopened after it was closed" in said(report)
    assert numbers(there) == {1: BRANCH, 2: NEXT}
    settled(there, SUMMER)


def test_what_was_reopened_is_kept_up_to_date_and_stays_beside_a_newer_one(there: World) -> None:
    there.run(SPRING)
    there.forge.close(1)
    there.run(SPRING)
    there.forge.reopen(1)
    main = there.push("main", {"README.md": "new\n"})
    assert events(there.run(SPRING)) == ["pushed", "refreshed"]
    assert there.git("rev-parse", f"{BRANCH}^") == main
    there.publish(SUMMER)
    there.run(SUMMER)
    assert numbers(there) == {1: BRANCH, 2: NEXT}
    assert state(there, 1).superseded_by is None
    settled(there, SUMMER)
