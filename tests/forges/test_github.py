"""What only GitHub does; what all forges do is in `test_all`.

What goes over the wire is held to GitHub's own description, here and there.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from fluxbump.errors import ForgeError
from fluxbump.forges import github
from fluxbump.forges.forge import Forge, RequestState
from fluxbump.forges.responses import StatusError
from fluxbump.system.secret import Secret
from tests import contracts
from tests.forges.cases import BRANCH, WANTED, judge, opened
from tests.forges.contract import Contract
from tests.forges.fake_forge import TOKEN
from tests.forges.fake_github import FakeGitHub, limited, secondary
from tests.forges.fake_server import Call, Cut, Exchange, Reply
from tests.sleeper import Sleeper

NOW = 1_800_000_000.0
NOT_ALLOWED = "the repository does not allow it (Settings, General, Allow auto-merge)"


@pytest.fixture(params=[False, True], ids=["cloud", "enterprise"])
def fake(
    request: pytest.FixtureRequest, tips: dict[str, str], github_contract: Contract | None
) -> Iterator[FakeGitHub]:
    with FakeGitHub(tips.get, enterprise=request.param) as running:
        yield running
    judge(running, github_contract)


@pytest.fixture
def forge(fake: FakeGitHub, sleeper: Sleeper) -> Forge:
    return github.connect(
        fake.api_base, fake.full_name, Secret(fake.token),
        clock=sleeper.clock, now=lambda: NOW + sleeper.clock(), sleep=sleeper,
    )  # fmt: skip


# --- open and find ----------------------------------------------------------------------------


def test_a_deleted_branch_closes_its_pull_request(forge: Forge, tips: dict[str, str]) -> None:
    opened(forge)
    del tips[BRANCH]
    assert [pull.state for pull in forge.find(BRANCH)] == [RequestState.CLOSED]


def test_a_fork_of_the_same_organization_is_not_ours(fake: FakeGitHub, forge: Forge) -> None:
    """GitHub filters branches by the name of their owner alone."""
    fake.add(BRANCH, fork="acme/monorepo-fork")
    assert forge.find(BRANCH) == ()
    assert forge.list("fluxbump/") == ()


def test_a_page_is_as_long_as_github_makes_it(fake: FakeGitHub, forge: Forge) -> None:
    for number in range(101):
        fake.add(f"other/{number}", fork="mallory/monorepo")
    assert forge.list("fluxbump/") == ()
    assert len(fake.sent("GET", "/pulls")) == 2


def test_looking_for_it_ends(fake: FakeGitHub, forge: Forge, sleeper: Sleeper) -> None:
    fake.lag = 100
    opened(forge)
    with pytest.raises(StatusError, match="A pull request already exists for acme:") as raised:
        forge.open(WANTED)
    assert raised.value.exit_code == 10
    assert len(sleeper.pauses) == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"branch": "none"}, "Validation Failed; PullRequest head invalid"),
        ({"base": "none"}, "Validation Failed; PullRequest base invalid"),
        ({"branch": "main"}, "No commits between main and main"),
        ({"title": ""}, "PullRequest title missing_field"),
        ({"body": "x" * 65_537}, "body is too long (maximum is 65536 characters)"),
    ],
)
def test_what_github_does_not_take_is_said(
    changes: dict[str, str], reason: str, forge: Forge
) -> None:
    with pytest.raises(StatusError) as raised:
        forge.open(replace(WANTED, **changes))
    assert raised.value.message.endswith(reason)
    assert raised.value.status == 422


# --- drafts, labels, people -------------------------------------------------------------------


def test_what_cannot_be_set_is_said_and_the_rest_is_set(fake: FakeGitHub, forge: Forge) -> None:
    fake.auto_merge = False
    proposal = replace(
        WANTED, draft=True, assignees=("octocat", "nobody"), auto_merge=True,
        reviewers=("hubot", "nobody", "acme/none"),
    )  # fmt: skip
    pull, notes = forge.open(proposal)
    assert pull.draft
    assert fake.pulls[1].assignees == ["octocat"]
    assert fake.pulls[1].reviewers == ["hubot"]
    refused = "Reviews may only be requested from collaborators."
    assert [note.partition(" One or more")[0] for note in notes] == [
        "assignees not set: GitHub did not take nobody",
        f"reviewer nobody not set: {_review(fake)}: {refused}",
        f"reviewer acme/none not set: {_review(fake)}: {refused}",
        f"auto-merge not set: {NOT_ALLOWED}",
    ]


def _review(fake: FakeGitHub) -> str:
    path = f"{fake.prefix}/repos/acme/monorepo/pulls/1/requested_reviewers"
    return f"GitHub: POST {path}: HTTP 422"


def test_a_missing_right_fails_only_what_needs_it(fake: FakeGitHub, forge: Forge) -> None:
    fake.rights = {"pulls"}
    pull, (note,) = forge.open(replace(WANTED, labels=("flux",)))
    assert pull.state is RequestState.OPEN
    assert "labels not set: " in note
    assert "Resource not accessible by personal access token" in note


def test_a_team_may_review(fake: FakeGitHub, forge: Forge) -> None:
    opened(forge, replace(WANTED, reviewers=("hubot", "acme/platform")))
    assert (fake.pulls[1].reviewers, fake.pulls[1].teams) == (["hubot"], ["platform"])


@pytest.mark.parametrize(
    ("allowed", "way"),
    [({"merge", "squash", "rebase"}, "MERGE"), ({"squash", "rebase"}, "SQUASH")],
)
def test_auto_merge_takes_a_way_that_is_allowed(
    allowed: set[str], way: str, fake: FakeGitHub, forge: Forge
) -> None:
    fake.methods = allowed
    opened(forge, replace(WANTED, auto_merge=True))
    assert fake.pulls[1].auto_merge == way


def test_what_graphql_has_against_it_is_said(forge: Forge) -> None:
    _, notes = forge.open(replace(WANTED, draft=True, auto_merge=True))
    assert notes == ("auto-merge not set: Pull request is in draft state",)


def test_a_repository_without_drafts_gets_another(fake: FakeGitHub, forge: Forge) -> None:
    fake.drafts = False
    pull, notes = forge.open(replace(WANTED, draft=True))
    assert not pull.draft
    assert notes == ("not a draft: GitHub has no drafts in this repository",)
    assert not forge.update(pull.number, replace(WANTED, draft=True)).draft


# --- update, comment, close -------------------------------------------------------------------


def test_a_refused_mutation_is_an_error(fake: FakeGitHub, forge: Forge) -> None:
    number = opened(forge).number
    fake.trouble(
        Reply(200, {"data": None, "errors": [{"type": "FORBIDDEN", "message": "No\nway"}]}),
        path="graphql",
    )
    with pytest.raises(ForgeError, match="cannot change whether #1 is a draft: No way"):
        forge.update(number, replace(WANTED, draft=True))


def test_addresses_of_the_cloud() -> None:
    cloud = github.connect("https://api.github.com", "acme/monorepo", Secret(TOKEN))
    assert cloud.file_url("a.yaml", 1, "abc") == (
        "https://github.com/acme/monorepo/blob/abc/a.yaml#L1"
    )


# --- refusals ---------------------------------------------------------------------------------


def test_a_missing_right_is_named(fake: FakeGitHub, forge: Forge) -> None:
    fake.rights = set()
    with pytest.raises(StatusError, match="HTTP 403") as raised:
        forge.open(WANTED)
    assert raised.value.hint == "the token needs pull_requests=write"


@pytest.mark.parametrize(
    ("message", "headers", "hint"),
    [
        (
            "GitHub Actions is not permitted to create or approve pull requests.",
            {},
            "allow GitHub Actions to create pull requests",
        ),
        ("Resource protected by organization SAML", {"X-GitHub-SSO": "required; url=x"}, "single"),
        ("Forbidden", {}, "lacks the permission"),
    ],
)
def test_other_reasons_to_refuse_have_their_hint(
    message: str, headers: dict[str, str], hint: str, fake: FakeGitHub, forge: Forge
) -> None:
    body = {"message": message, "documentation_url": "x"}
    fake.trouble(Reply(403, body, headers), method="POST")
    with pytest.raises(StatusError) as raised:
        forge.open(WANTED)
    assert hint in str(raised.value.hint)


def test_a_repository_is_not_deep() -> None:
    with pytest.raises(ForgeError, match="is not the path of a repository"):
        github.connect("https://api.github.com", "acme/sub/monorepo", Secret(TOKEN))


# --- limits and failures ----------------------------------------------------------------------


def test_waits_for_the_limits(fake: FakeGitHub, forge: Forge, sleeper: Sleeper) -> None:
    fake.trouble(limited(remaining=0, reset=NOW + 30), secondary(20), method="POST")
    assert opened(forge).number == 1
    assert sleeper.pauses == [30, 20]


def test_says_when_a_limit_ends(fake: FakeGitHub, forge: Forge) -> None:
    fake.trouble(limited(remaining=0, reset=NOW + 1800))
    with pytest.raises(ForgeError, match="the forge asks to wait until 2027-01-15 08:30 UTC"):
        forge.find(BRANCH)


def test_a_secondary_limit_without_a_time_waits_a_minute(
    fake: FakeGitHub, forge: Forge, sleeper: Sleeper
) -> None:
    fake.trouble(secondary(None))
    assert forge.find(BRANCH) == ()
    assert sleeper.pauses == [60]


@pytest.mark.parametrize("cut", list(Cut))
def test_a_mutation_does_no_harm_twice(cut: Cut, fake: FakeGitHub, forge: Forge) -> None:
    number = opened(forge).number
    fake.trouble(cut, path="graphql$", times=2)
    assert forge.update(number, replace(WANTED, draft=True)).draft
    assert fake.pulls[number].draft


# --- the contract -----------------------------------------------------------------------------


def test_the_description_judges() -> None:
    """Every exchange above is judged by it; here, that it would see what is wrong.

    It comes from `@octokit/openapi`, which GitHub's own clients are made from.
    """
    contract = Contract(contracts.need(contracts.GITHUB))
    path = "/repos/acme/monorepo/pulls"
    listing = Call("GET", path, {"state": "all", "per_page": "100"}, {}, b"")
    bad = [
        Exchange(replace(listing, path="/repos/acme"), None),
        Exchange(replace(listing, method="DELETE"), None),
        Exchange(replace(listing, query={"status": "all"}), None),
        Exchange(replace(listing, query={"state": "merged"}), None),
        Exchange(listing, Reply(200, [{"number": 1}])),
        Exchange(listing, Reply(200, {})),
        Exchange(listing, Reply(204)),
        Exchange(Call("POST", path, {}, {}, b'{"title": 1, "head": "a", "base": "b"}'), None),
        Exchange(Call("POST", path, {}, {}, b'{"head": "a"}'), None),
        Exchange(Call("POST", path, {}, {}, b'{"head": "a", "base": "b", "labels": []}'), None),
        Exchange(Call("PATCH", f"{path}/1", {}, {}, b'{"state": "merged"}'), None),
        Exchange(Call("PATCH", f"{path}/1", {}, {}, b"{}"), Reply(422, {"message": "no"})),
    ]
    assert [e for e in bad if not contract.problems(e, "")] == []
    assert contract.problems(Exchange(listing, Reply(200, [])), "") == []
