"""What a run says beside its pull request, and when it rebuilds or merges: run.* in a real forge.

Each runs against a fake; `make e2e-forge` runs the same against a real Gitea.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests import helpers
from tests.lifecycle.conftest import Make
from tests.lifecycle.test_people import DEPRECATED_SOON
from tests.lifecycle.world import CONFIG, World
from tests.run.world import BRANCH, SUMMER

NEXT = "fluxbump/flux-2.6.1"


def issues(there: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = there.people.ask("GET", "/issues?type=issues&state=all")
    return found


def statuses(there: World, branch: str) -> list[tuple[str, str, str]]:
    """Return context, state and description of the statuses of a branch's tip, newest first."""
    found = there.people.ask("GET", f"/commits/{there.tip(branch)}/statuses?sort=highestindex")
    return [(entry["context"], entry["status"], entry["description"]) for entry in found]


# --- the dashboard ----------------------------------------------------------------------------


def test_there_is_one_dashboard_and_it_is_edited_in_place(make: Make) -> None:
    there = make(config=f"{CONFIG}  dashboard: true\n")
    assert "dashboard" in there.run()
    (issue,) = issues(there)
    assert "2.5.1" in issue["body"]
    there.settled()
    there.publish(SUMMER)
    assert "dashboard" in there.run()
    (again,) = issues(there)
    assert again["number"] == issue["number"]
    assert "2.6.1" in again["body"]
    there.settled()


def test_a_dashboard_that_is_closed_stays_closed(make: Make) -> None:
    there = make(config=f"{CONFIG}  dashboard: true\n")
    there.run()
    (issue,) = issues(there)
    there.people.ask("PATCH", f"/issues/{issue['number']}", {"state": "closed"})
    there.publish(SUMMER)
    assert "reopen it to get it back" in there.said()
    (left,) = issues(there)
    assert (left["state"], left["body"]) == ("closed", issue["body"])


# --- the status of a commit -------------------------------------------------------------------


def test_the_head_has_one_status(make: Make) -> None:
    there = make(config=f"{CONFIG}  commit_status: true\n")
    there.run()
    ((context, state, _),) = statuses(there, BRANCH)
    assert (context, state) == ("fluxbump", "success")
    there.settled()
    assert len(statuses(there, BRANCH)) == 1


# --- when a branch is rebuilt -----------------------------------------------------------------


@pytest.mark.parametrize("when", ["conflicted", "never"])
def test_a_branch_stays_while_it_merges(when: str, make: Make) -> None:
    there = make(config=f"{CONFIG}  rebase_when: {when}\n")
    there.run()
    there.push("main", {"unrelated.txt": "new\n"})
    there.settled()


def test_a_branch_that_conflicts_is_rebuilt(make: Make) -> None:
    there = make(config=f"{CONFIG}  rebase_when: conflicted\n")
    there.run()
    path = "infra/hetzner/cloudinit-control-plane.tftpl"
    there.fetched("origin/main")
    lines = there.git("show", f"origin/main:{path}").splitlines()
    at = next(number for number, line in enumerate(lines) if "/v2.4.0/" in line)
    there.push("main", {path: "\n".join([*lines[: at + 1], "  # by hand", *lines[at + 1 :], ""])})
    assert there.run() == ["pushed", "refreshed"]
    assert there.fetched(f"origin/{BRANCH}^") == there.tip("main")
    there.settled()


# --- merging by itself ------------------------------------------------------------------------


def test_a_draft_that_is_made_ready_merges_when_its_checks_pass(make: Make) -> None:
    there = make(config=f"{CONFIG}  auto_merge: true\n")
    checks = {"enable_status_check": True, "status_check_contexts": ["ci"]}
    there.admin.protect("main", enable_push=True, **checks)
    there.push("main", DEPRECATED_SOON)
    there.publish(SUMMER)
    there.run()
    draft = there.people.pulls()[1]
    assert draft.draft
    there.people.edit(1, title=draft.title.removeprefix("WIP: "))
    assert "scheduled" in there.run()
    there.settled()
    status = {"state": "success", "context": "ci", "description": "passed"}
    there.people.ask("POST", f"/statuses/{draft.head}", status)
    helpers.wait_for(lambda: there.people.pulls()[1].state == "merged")
    assert "deleted" in there.run()
