"""What people ask a run for without git: boxes in a description, a close, a reopen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from fluxbump.forges.forge import CommitStatus, PullRequest, RequestState, StatusState
from fluxbump.run.actions import KnownRequest
from fluxbump.run.commit_status import status_of
from fluxbump.run.decision import Blocked, Decision, UpToDate, Waiting
from fluxbump.run.job import Report
from fluxbump.run.pull_request.boxes import Box
from fluxbump.run.pull_request.state import SavedState
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


# --- commit status ----------------------------------------------------------------------------


def last_status(there: World, branch: str = BRANCH) -> tuple[str, str]:
    tip = there.tip(branch)
    assert tip
    return there.forge.statuses[tip][-1]


def test_the_head_says_that_it_is_ready_and_says_it_once(make: Make) -> None:
    there = make(config=f"{CONFIG}  commit_status: true\n")
    there.run(SPRING)
    ready = ("success", "ready: Flux 2.5.1 passes the checks of fluxbump")
    assert last_status(there) == ready
    settled(there, SPRING)
    there.push("main", {"README.md": "new\n"})
    there.run(SPRING)
    assert last_status(there) == ready
    there.tick(1, "hold")
    there.run(SPRING)
    assert last_status(there)[0] == "pending"
    settled(there, SPRING)


def test_the_head_says_until_when_it_is_too_young(make: Make) -> None:
    there = make(config=f"{CONFIG}  commit_status: true\n")
    there.run(SPRING)
    tip = there.tip(BRANCH)
    there.push("main", {"fluxbump.yaml": f"{CONFIG}  commit_status: true\n  min_age_days: 7\n"})
    there.run(SPRING)
    assert there.tip(BRANCH) == tip
    state, text = last_status(there)
    assert state == "pending"
    assert "7 days old before 2025-03-05" in text
    settled(there, SPRING)


WHEN = datetime(2025, 3, 5, tzinfo=UTC)
OPEN = PullRequest(1, "https://e.org/1", BRANCH, "main", "t", "b", RequestState.OPEN)


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        (
            Waiting("2.4.0", "2.5.1", WHEN, "too young until 2025-03-05"),
            CommitStatus(StatusState.PENDING, "waiting: too young until 2025-03-05"),
        ),
        (
            Blocked("2.4.0", "2.5.1", ("FB203", "FB207"), "18 manifests"),
            CommitStatus(StatusState.FAILURE, "blocked by FB203, FB207: 18 manifests"),
        ),
        (
            Blocked("2.4.0", "2.5.1", (), "x" * 200),
            CommitStatus(StatusState.FAILURE, f"blocked: {'x' * 130}…"),
        ),
        (Blocked("2.4.0", "2.6.4", ("FB203",), "another release"), None),
        (Blocked(None, None, ("FB103",), "pins disagree"), None),
        (UpToDate("2.5.1"), None),
    ],
)
def test_a_status_says_what_was_decided_of_its_release(
    decision: Decision, status: CommitStatus | None
) -> None:
    commit, digest = "a" * 40, "b" * 64
    state = SavedState("2.5.1", "2.15.0", commit, commit, commit, digest, digest)
    known = KnownRequest(OPEN, state)
    assert status_of(decision, known) == status
    held = replace(known, asked=frozenset({Box.HOLD}))
    if status is not None:
        assert status_of(decision, held) == CommitStatus(
            StatusState.PENDING, "on hold: a box in the description is ticked"
        )


def test_a_status_that_may_not_be_set_fails_no_run(make: Make) -> None:
    there = make(config=f"{CONFIG}  commit_status: true\n")
    there.forge.rights.discard("statuses")
    report = there.run(SPRING)
    assert report.error is None
    assert "#1: commit status not set: " in said(report)


# --- the dashboard ----------------------------------------------------------------------------

DASHBOARD = f"{CONFIG}  dashboard: true\n"


def dashboard(there: World) -> str:
    (issue,) = there.forge.issues.values()
    return issue.body


def tick_dashboard(there: World, box: str) -> None:
    (issue,) = there.forge.issues.values()
    line = f"- [ ] <!-- fluxbump:{box} -->"
    assert line in issue.body
    issue.body = issue.body.replace(line, line.replace("[ ]", "[x]"))


def test_one_issue_says_what_there_is_and_is_edited_in_place(make: Make) -> None:
    there = make(config=DASHBOARD)
    assert events(there.run(SPRING)) == ["pushed", "opened", "dashboard"]
    text = dashboard(there)
    assert "**update-available**" in text
    assert "chart flux2" in text
    assert "[`1 Move Flux to 2.5.1" in text
    settled(there, SPRING)
    there.publish(SUMMER)
    there.run(SUMMER)
    assert "2.6.1" in dashboard(there)
    settled(there, SUMMER)


def test_a_dashboard_says_that_nothing_newer_is_there(make: Make) -> None:
    there = make(config=DASHBOARD)
    there.publish("2025-02-01")
    assert events(there.run("2025-02-01")) == ["dashboard"]
    assert "**up-to-date**" in dashboard(there)
    settled(there, "2025-02-01")


def test_a_dashboard_names_the_rule_that_blocks(make: Make) -> None:
    there = make(config=DASHBOARD, state="incident")
    there.run(SPRING)
    assert "Blocked by FB103." in dashboard(there)
    assert "cloudinit-control-plane.tftpl" in dashboard(there)
    settled(there, SPRING)


def test_boxes_of_a_dashboard_are_heard(make: Make) -> None:
    there = make(config=DASHBOARD)
    there.run(SPRING)
    tick_dashboard(there, "hold=2.5.1")
    there.push("main", {"README.md": "new\n"})
    report = there.run(SPRING)
    assert "#1: on hold" in said(report)
    assert "open, on hold" in dashboard(there)
    assert "- [x] <!-- fluxbump:hold=2.5.1 -->" in dashboard(there)
    settled(there, SPRING)


def test_a_box_of_a_dashboard_that_is_not_acted_on_stays_with_the_reason(make: Make) -> None:
    there = make(config=f"{DASHBOARD}  max_open: 3\n")
    there.run(SPRING)
    tick_dashboard(there, "rebuild=2.5.1")
    there.tick(1, "hold")
    there.run(SPRING)
    box = "- [x] <!-- fluxbump:rebuild=2.5.1 --> Rebuild the branch for 2.5.1. Not done: "
    assert f"{box}it is on hold." in dashboard(there)
    settled(there, SPRING)
    there.publish(SUMMER)
    there.run(SUMMER)
    assert f"{box}fluxbump opens 2.6.1 now." in dashboard(there)
    settled(there, SUMMER)
    there.tick(1, "hold")
    assert "superseded" in events(there.run(SUMMER))
    assert f"{box}no open pull request of fluxbump is for 2.5.1." in dashboard(there)
    settled(there, SUMMER)
    there.bump("2.5.1")
    there.run(SUMMER)
    assert "rebuild=2.5.1" not in dashboard(there)


def test_a_close_stands_in_a_dashboard_with_the_way_back(make: Make) -> None:
    there = make(config=DASHBOARD)
    there.run(SPRING)
    there.forge.close(1)
    there.run(SPRING)
    assert "closed by a person" in dashboard(there)
    tick_dashboard(there, "reopen=2.5.1")
    there.run(SPRING)
    assert numbers(there) == {2: BRANCH}
    assert "- [x]" not in dashboard(there)
    settled(there, SPRING)


def test_an_issue_of_somebody_else_with_our_mark_is_not_touched(make: Make) -> None:
    there = make(config=DASHBOARD)
    mark = "<!-- fluxbump:dashboard -->\n- [x] <!-- fluxbump:hold=2.5.1 -->"
    theirs = there.forge.add_issue("mine", mark, author="octocat")
    assert events(there.run(SPRING)) == ["pushed", "opened", "dashboard"]
    assert theirs.body == mark
    assert len(there.forge.issues) == 2


@pytest.mark.parametrize("why", ["disabled", "closed", "forbidden"])
def test_without_a_dashboard_the_run_says_why_and_goes_on(why: str, make: Make) -> None:
    there = make(config=DASHBOARD)
    if why == "closed":
        there.forge.add_issue("x", "<!-- fluxbump:dashboard -->").state = "closed"
    there.forge.has_issues = why != "disabled"
    if why == "forbidden":
        there.forge.rights.discard("issues")
    report = there.run(SPRING)
    assert report.error is None
    assert numbers(there) == {1: BRANCH}
    assert "no dashboard: " in said(report)
    assert len(there.forge.issues) == (1 if why == "closed" else 0)
