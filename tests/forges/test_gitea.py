"""What only Gitea and Forgejo do; what all forges do is in `test_all`.

The contract is their description of the interface, `templates/swagger/v1_json.tmpl`, and, where it
is silent, their source, as `fake_gitea` says.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from fluxbump.forges import gitea
from fluxbump.forges.forge import Forge, RequestState
from fluxbump.forges.responses import StatusError
from fluxbump.run import accepts_pull_requests
from fluxbump.system.secret import Secret
from tests.forges.cases import BRANCH, WANTED
from tests.forges.fake_gitea import FakeGitea
from tests.forges.fake_server import Reply
from tests.sleeper import Sleeper


@pytest.fixture
def fake(tips: dict[str, str]) -> Iterator[FakeGitea]:
    with FakeGitea(tips.get) as running:
        yield running
    assert running.problems == []


@pytest.fixture
def forge(fake: FakeGitea, sleeper: Sleeper) -> Forge:
    return gitea.GITEA.connect(
        fake.api_base, fake.full_name, Secret(fake.token), clock=sleeper.clock, sleep=sleeper
    )


def test_each_has_its_name() -> None:
    for leaf, name in ((gitea.GITEA, "Gitea"), (gitea.FORGEJO, "Forgejo")):
        forge = leaf.connect("https://git.example/api/v1", "a/b", Secret("x"))
        assert (leaf.NAME, forge.capabilities.name) == (name.lower(), name)


def test_a_deleted_branch_closes_its_pull_request_and_keeps_its_name(
    forge: Forge, tips: dict[str, str]
) -> None:
    pull = forge.open(WANTED)[0]
    del tips[BRANCH]
    assert forge.find(BRANCH) == (replace(pull, state=RequestState.CLOSED),)


def test_a_mark_in_the_title_is_a_draft_where_the_server_does_not_say_it(
    fake: FakeGitea, forge: Forge
) -> None:
    fake.says_draft = False
    assert forge.open(replace(WANTED, draft=True))[0].draft
    assert fake.pulls[1].title == "WIP: Flux 2.5.1"
    (pull,) = forge.find(BRANCH)
    assert (pull.draft, pull.title) == (True, "Flux 2.5.1")
    assert not forge.update(1, WANTED).draft


def test_a_title_is_left_alone_where_the_mark_means_nothing(fake: FakeGitea, forge: Forge) -> None:
    fake.add(BRANCH, title="Draft: Flux 2.5.1")
    (pull,) = forge.find(BRANCH)
    assert (pull.draft, pull.title) == (False, "Draft: Flux 2.5.1")


def test_looks_at_the_newest_closed_ones_only(fake: FakeGitea, forge: Forge) -> None:
    for number in range(1100):
        fake.add(BRANCH if number in (0, 150) else f"other/{number}", state="closed")
    assert [pull.number for pull in forge.find(BRANCH)] == [151]
    assert len(fake.sent("GET", "/pulls")) == 21


def test_one_that_is_closed_between_two_listings_is_there_once(
    fake: FakeGitea, forge: Forge
) -> None:
    forge.open(WANTED)
    still_open = [fake._json(fake.pulls[1])]
    fake.close(1)
    fake.trouble(Reply(200, still_open), method="GET")
    assert [(pull.number, pull.state) for pull in forge.find(BRANCH)] == [(1, RequestState.CLOSED)]


def test_labels_of_the_organization_go_too(fake: FakeGitea, forge: Forge) -> None:
    assert forge.open(replace(WANTED, labels=("flux", "team")))[1] == ()
    assert fake.pulls[1].labels == ["flux", "team"]


@pytest.mark.parametrize("organization", [True, False])
def test_a_label_that_is_not_there_is_said(
    organization: bool, fake: FakeGitea, forge: Forge
) -> None:
    fake.is_organization = organization
    notes = forge.open(replace(WANTED, labels=("flux", "nowhere")))[1]
    assert notes == ("labels not set: no label nowhere",)
    assert fake.pulls[1].labels == ["flux"]


def test_one_who_cannot_be_assigned_does_not_keep_the_others(fake: FakeGitea, forge: Forge) -> None:
    notes = forge.open(replace(WANTED, assignees=("OctoCat", "nobody")))[1]
    assert notes == ("assignees not set: cannot be assigned here: nobody",)
    assert fake.pulls[1].assignees == ["octocat"]


def test_a_team_may_review(fake: FakeGitea, forge: Forge) -> None:
    notes = forge.open(replace(WANTED, reviewers=("hubot", "acme/platform", "acme/none")))[1]
    assert fake.pulls[1].reviewers == ["hubot", "platform"]
    (note,) = notes
    assert note.startswith("reviewer acme/none not set: Gitea: POST ")
    assert "team does not exist" in note


def test_waits_until_it_is_known_whether_there_are_conflicts(
    fake: FakeGitea, forge: Forge, sleeper: Sleeper
) -> None:
    fake.looking = 2
    assert forge.open(replace(WANTED, auto_merge=True))[1] == ()
    assert (fake.pulls[1].auto_merge, fake.pulls[1].state) == (True, "open")
    assert len(sleeper.pauses) == 2


@pytest.mark.parametrize("enabled", [True, False])
def test_nothing_is_merged_before_its_checks(enabled: bool, fake: FakeGitea, forge: Forge) -> None:
    fake.checks = [] if enabled else None
    notes = forge.open(replace(WANTED, auto_merge=True))[1]
    assert notes == ("auto-merge not set: main requires no checks, so it would be merged at once",)
    assert fake.pulls[1].state == "open"


def test_a_missing_scope_is_named(fake: FakeGitea, forge: Forge) -> None:
    fake.writable = False
    with pytest.raises(StatusError, match="required scope") as raised:
        forge.open(WANTED)
    assert "write:repository and write:issue" in str(raised.value.hint)


def test_a_first_push_that_it_has_not_looked_at_yet_is_named(fake: FakeGitea, forge: Forge) -> None:
    fake.counts_as_empty = True
    with pytest.raises(StatusError) as raised:
        forge.find(BRANCH)
    skipped, error = accepts_pull_requests.explained(raised.value, lambda: forge)
    assert (skipped, error is not None) == ("", True)
    assert "says that the repository is empty, though its branches have commits" in str(error)


def test_a_change_that_meets_another_one_is_made_again(fake: FakeGitea, forge: Forge) -> None:
    pull, _ = forge.open(WANTED)
    busy = Reply(409, {"message": "the issue is already changed"})
    fake.trouble(busy, method="PATCH", times=3)
    forge.describe(pull.number, "a new text")
    assert fake.pulls[pull.number].body == "a new text"
    fake.trouble(busy, method="PATCH", times=4)
    with pytest.raises(StatusError, match="already changed"):
        forge.describe(pull.number, "another text")
