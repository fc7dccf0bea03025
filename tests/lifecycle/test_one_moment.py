"""What two runs do in one moment: the fake lets the second run go on in the middle of a request.

A real Gitea does the same, but not when it is told to.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.git_server import hook
from tests.helpers import Result
from tests.lifecycle.conftest import REAL
from tests.lifecycle.fake_site import FakeSite
from tests.lifecycle.test_limits import CLOSED, NEXT
from tests.lifecycle.world import World
from tests.run.world import BRANCH, SUMMER

pytestmark = pytest.mark.skipif(REAL, reason="a real Gitea lets no test into its requests")

LEFT = f"another run opens the pull request of {BRANCH}"


def fake(there: World) -> FakeSite:
    assert isinstance(there.site, FakeSite)
    return there.site


def beside(there: World) -> list[Result]:
    """Let another run begin and end while the next pull request is being opened."""
    others: list[Result] = []
    fake(there).forge.between = lambda: others.extend(there.at_once(1))
    return others


def test_a_run_leaves_the_pull_request_to_the_one_that_opens_it(there: World) -> None:
    others = beside(there)
    assert there.run() == ["pushed", "opened"]
    (other,) = others
    assert other.code == 0, other.err
    assert LEFT in other.out
    assert there.open() == {1: BRANCH}
    there.settled()


def test_without_a_claim_the_next_run_closes_the_second_one(there: World) -> None:
    hook(fake(there).forge.bare, "update", 'case "$1" in refs/heads/*) ;; *) exit 1;; esac')
    others = beside(there)
    there.run()
    assert [other.code for other in others] == [0]
    assert there.open() == {1: BRANCH, 2: BRANCH}
    assert there.said() == "#1: unchanged\nclosed #2: another one of the same branch is open"
    assert there.open() == {1: BRANCH}
    there.settled()


def test_a_killed_run_holds_the_pull_request_back_for_a_while(there: World) -> None:
    now = datetime.now(UTC).isoformat()
    there.fetched("origin/main")
    said = f"Fluxbump-Claim: {now} 00"
    theirs = there.git("commit-tree", "origin/main^{tree}", "-m", said)
    there.git("push", "--quiet", "origin", f"{theirs}:refs/fluxbump/claim")
    assert there.said() == f"another run pushes {BRANCH}\n{LEFT}"
    assert there.open() == {}
    there.git("push", "--quiet", "origin", ":refs/fluxbump/claim")
    assert there.run() == ["pushed", "opened"]


def test_one_of_two_that_close_a_pull_request_says_why(there: World) -> None:
    """The second one deletes the branch, so the first cannot know whether it has commented."""
    there.run()
    there.publish(SUMMER)
    others: list[Result] = []
    fake(there).forge.after_change = lambda: others.extend(there.at_once(1))
    there.run()
    assert [other.code for other in others] == [0]
    assert there.open() == {2: NEXT}
    assert there.people.comments(1) == []
    assert there.people.pulls()[1].body.startswith(CLOSED)
    there.settled()
