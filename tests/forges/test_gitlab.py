"""What only GitLab does; what all forges do is in `test_all`.

The contract is https://docs.gitlab.com/api/merge_requests/ and, where it is silent, the source of
GitLab, as `fake_gitlab` says: GitLab publishes no description that could judge by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from fluxbump.forges import gitlab
from fluxbump.forges.forge import Forge, RequestState
from fluxbump.forges.responses import StatusError
from fluxbump.system.secret import Secret
from tests.forges.cases import BRANCH, WANTED
from tests.forges.fake_gitlab import FakeGitLab
from tests.forges.fake_server import Reply
from tests.sleeper import Sleeper


@pytest.fixture
def fake(tips: dict[str, str]) -> Iterator[FakeGitLab]:
    with FakeGitLab(tips.get) as running:
        yield running
    assert running.problems == []


@pytest.fixture
def forge(fake: FakeGitLab, sleeper: Sleeper) -> Forge:
    return gitlab.connect(
        fake.api_base, fake.full_name, Secret(fake.token), clock=sleeper.clock, sleep=sleeper
    )


def test_a_second_one_is_known_by_its_status_in_any_language(
    fake: FakeGitLab, forge: Forge
) -> None:
    pull = forge.open(WANTED)[0]
    fake.trouble(Reply(409, {"message": ["Ein anderer ist schon da: !1"]}), method="POST")
    assert forge.open(WANTED) == (pull, ())


@pytest.mark.parametrize("mark", ["Draft: ", "draft:", "[Draft] ", "(draft) ", "Draft: Draft: "])
def test_what_makes_it_a_draft_is_not_its_title(mark: str, fake: FakeGitLab, forge: Forge) -> None:
    fake.add(BRANCH, title=f"{mark}Flux 2.5.1", draft=True)
    (pull,) = forge.find(BRANCH)
    assert (pull.draft, pull.title) == (True, "Flux 2.5.1")


def test_a_draft_has_its_mark(fake: FakeGitLab, forge: Forge) -> None:
    number = forge.open(replace(WANTED, draft=True))[0].number
    assert fake.pulls[number].title == "Draft: Flux 2.5.1"
    forge.update(number, WANTED)
    assert fake.pulls[number].title == "Flux 2.5.1"


def test_one_that_is_just_merged_is_locked_and_open(fake: FakeGitLab, forge: Forge) -> None:
    number = forge.open(WANTED)[0].number
    body = fake._json(fake.pulls[number]) | {"state": "locked", "sha": None}
    fake.trouble(Reply(200, [body]))
    (pull,) = forge.find(BRANCH)
    assert (pull.state, pull.head) == (RequestState.OPEN, "")


def test_waits_until_there_is_a_pipeline(fake: FakeGitLab, forge: Forge, sleeper: Sleeper) -> None:
    fake.pipeline_after = 2
    assert forge.open(replace(WANTED, auto_merge=True))[1] == ()
    assert fake.pulls[1].auto_merge
    assert len(sleeper.pauses) == 2


def test_without_a_pipeline_nothing_is_merged(fake: FakeGitLab, forge: Forge) -> None:
    fake.pipeline_after = -1
    (note,) = forge.open(replace(WANTED, auto_merge=True))[1]
    assert note.startswith("auto-merge not set: GitLab: PUT ")
    assert note.endswith("HTTP 405: 405 Method Not Allowed")
    assert not fake.pulls[1].auto_merge


def test_people_are_found_by_name_in_any_case(fake: FakeGitLab, forge: Forge) -> None:
    proposal = replace(WANTED, assignees=("OctoCat", "nobody"), reviewers=("hubot",))
    notes = forge.open(proposal)[1]
    assert notes == ("assignees not set: GitLab did not take nobody",)
    assert (fake.pulls[1].assignees, fake.pulls[1].reviewers) == (["octocat"], ["hubot"])


def test_one_that_a_smaller_plan_drops_is_said(fake: FakeGitLab, forge: Forge) -> None:
    fake.premium = False
    notes = forge.open(replace(WANTED, assignees=("octocat", "hubot")))[1]
    assert notes == ("assignees not set: GitLab did not take hubot",)


def test_a_comma_would_make_two_labels(fake: FakeGitLab, forge: Forge) -> None:
    notes = forge.open(replace(WANTED, labels=("flux", "a,b")))[1]
    assert notes == ("labels not set: a label of GitLab cannot have a comma: a,b",)
    assert fake.pulls[1].labels == ["flux"]


def test_a_token_that_only_reads_is_told_so(fake: FakeGitLab, forge: Forge) -> None:
    fake.writable = False
    with pytest.raises(StatusError) as raised:
        forge.open(WANTED)
    assert raised.value.hint == "the token needs the scope api"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"branch": "none"}, 'HTTP 422: Source branch "none" does not exist'),
        ({"title": ""}, "HTTP 400: title is empty"),
        ({"body": "x" * 1_048_577}, "HTTP 400: description is too long"),
    ],
)
def test_what_gitlab_does_not_take_is_said(
    changes: dict[str, str], reason: str, forge: Forge
) -> None:
    with pytest.raises(StatusError) as raised:
        forge.open(replace(WANTED, **changes))
    assert reason in raised.value.message


def test_a_project_may_be_deep(fake: FakeGitLab, forge: Forge) -> None:
    forge.find(BRANCH)
    assert "/projects/acme%2Fplatform%2Fmonorepo/" in fake.sent("GET")[0].path


def test_a_server_may_be_below_a_path() -> None:
    forge = gitlab.connect("https://git.example/gitlab/api/v4", "a/b", Secret("x"))
    assert forge.file_url("c.yaml", 1, "abc") == (
        "https://git.example/gitlab/a/b/-/blob/abc/c.yaml#L1"
    )
