"""The adapter against a fake GitHub; what goes over the wire is held to GitHub's description."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from fluxbump.errors import ForgeError
from fluxbump.forges import github
from fluxbump.forges.answer import StatusError, UncertainError
from fluxbump.forges.forge import Forge, Proposal, PullRequest, State
from fluxbump.secret import Secret
from tests import contracts
from tests.forges.contract import Contract
from tests.forges.fake_github import TOKEN, FakeGitHub, limited, secondary
from tests.forges.fake_server import Call, Cut, Exchange, Reply
from tests.test_web import Sleeper

NOW = 1_800_000_000.0
BRANCH = "fluxbump/2.5.1"
WANTED = Proposal(BRANCH, "main", "Flux 2.5.1", "What moves, and *why*: ü\n\n<!-- state -->")
NOT_ALLOWED = "the repository does not allow it (Settings, General, Allow auto-merge)"


@pytest.fixture
def tips() -> dict[str, str]:
    return {"main": "a" * 40, "release": "b" * 40, BRANCH: "c" * 40}


@pytest.fixture(params=[False, True], ids=["cloud", "enterprise"])
def fake(
    request: pytest.FixtureRequest, tips: dict[str, str], github_contract: Contract | None
) -> Iterator[FakeGitHub]:
    with FakeGitHub(tips.get, enterprise=request.param) as running:
        yield running
    assert running.problems == []
    judged = [e for e in running.exchanges if e.call.path != running.graphql]
    if github_contract:
        found = [github_contract.problems(exchange, running.prefix) for exchange in judged]
        assert [problem for problems in found for problem in problems] == []


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


@pytest.fixture
def forge(fake: FakeGitHub, sleeper: Sleeper) -> Forge:
    return connected(fake, sleeper)


def connected(fake: FakeGitHub, sleeper: Sleeper, **changes: str) -> Forge:
    given = {"repository": fake.full_name, "token": fake.token} | changes
    return github.connect(
        fake.api_base, given["repository"], Secret(given["token"]),
        clock=sleeper.clock, now=lambda: NOW + sleeper.clock(), sleep=sleeper,
    )  # fmt: skip


def opened(forge: Forge, proposal: Proposal = WANTED) -> PullRequest:
    pull, notes = forge.open(proposal)
    assert notes == ()
    return pull


# --- open and find ----------------------------------------------------------------------------


def test_opens_a_pull_request_and_finds_it_again(forge: Forge, tips: dict[str, str]) -> None:
    pull = opened(forge)
    assert pull == PullRequest(
        number=1, url="https://github.example/acme/monorepo/pull/1", branch=BRANCH, base="main",
        title=WANTED.title, body=WANTED.body, state=State.OPEN, draft=False, head=tips[BRANCH],
    )  # fmt: skip
    assert forge.find(BRANCH) == (pull,)
    assert forge.list("fluxbump/") == (pull,)


def test_finds_what_became_of_each_newest_first(fake: FakeGitHub, forge: Forge) -> None:
    first = opened(forge)
    fake.merge(first.number)
    second = opened(forge)
    fake.close(second.number)
    third = opened(forge)
    assert [(pull.number, pull.state) for pull in forge.find(BRANCH)] == [
        (third.number, State.OPEN),
        (second.number, State.CLOSED),
        (first.number, State.MERGED),
    ]
    assert [pull.number for pull in forge.list("fluxbump/")] == [third.number]


def test_a_deleted_branch_closes_its_pull_request(forge: Forge, tips: dict[str, str]) -> None:
    opened(forge)
    del tips[BRANCH]
    assert [pull.state for pull in forge.find(BRANCH)] == [State.CLOSED]


@pytest.mark.parametrize("fork", ["mallory/monorepo", "acme/monorepo-fork"])
def test_a_branch_of_that_name_in_a_fork_is_not_ours(
    fork: str, fake: FakeGitHub, forge: Forge
) -> None:
    fake.add(BRANCH, fork=fork, author="mallory")
    ours = opened(forge)
    assert forge.find(BRANCH) == (ours,)
    assert forge.list("fluxbump/") == (ours,)


def test_reads_all_pages(fake: FakeGitHub, forge: Forge, tips: dict[str, str]) -> None:
    for number in range(1, 251):
        branch = f"{'fluxbump' if number % 2 else 'feature'}/{number}"
        tips[branch] = f"{number:040x}"
        fake.add(branch)
    found = [pull.number for pull in forge.list("fluxbump/")]
    assert found == [*range(249, 0, -2)]
    assert len(fake.sent("GET", "/pulls")) == 3


def test_an_empty_body_is_read(fake: FakeGitHub, forge: Forge) -> None:
    fake.add(BRANCH)
    assert forge.find(BRANCH)[0].body == ""


def test_a_branch_with_a_pull_request_keeps_it(fake: FakeGitHub, forge: Forge) -> None:
    pull = opened(forge)
    again, notes = forge.open(replace(WANTED, title="Another", labels=("flux",)))
    assert (again, notes) == (pull, ())
    assert len(fake.pulls) == 1
    assert fake.pulls[1].labels == []


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_a_pull_request_that_no_listing_shows_yet_is_found(
    lag: int, fake: FakeGitHub, forge: Forge, sleeper: Sleeper
) -> None:
    fake.lag = lag
    pull = opened(forge)
    assert forge.open(WANTED) == (pull, ())
    assert len(sleeper.pauses) == lag


def test_looking_for_it_ends(fake: FakeGitHub, forge: Forge, sleeper: Sleeper) -> None:
    fake.lag = 100
    opened(forge)
    with pytest.raises(StatusError, match="A pull request already exists for acme:") as raised:
        forge.open(WANTED)
    assert raised.value.exit_code == 10
    assert len(sleeper.pauses) == 3


def test_another_base_is_another_pull_request(fake: FakeGitHub, forge: Forge) -> None:
    fake.lag = 1
    assert opened(forge).number == 1
    assert opened(forge, replace(WANTED, base="release")).number == 2
    assert forge.open(replace(WANTED, base="release"))[0].number == 2


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


def test_the_longest_body_fits(forge: Forge) -> None:
    body = "ü" * forge.capabilities.body_limit
    assert opened(forge, replace(WANTED, body=body)).body == body


# --- drafts, labels, people -------------------------------------------------------------------


def test_sets_all_that_is_wanted(fake: FakeGitHub, forge: Forge) -> None:
    proposal = replace(
        WANTED, labels=("flux", "dependencies"), assignees=("octocat",),
        reviewers=("hubot", "acme/platform"), auto_merge=True,
    )  # fmt: skip
    opened(forge, proposal)
    pull = fake.pulls[1]
    assert pull.labels == ["flux", "dependencies"]
    assert pull.assignees == ["octocat"]
    assert (pull.reviewers, pull.teams) == (["hubot"], ["platform"])
    assert pull.auto_merge == "MERGE"


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
    assert pull.state is State.OPEN
    assert "labels not set: " in note
    assert "Resource not accessible by personal access token" in note


def test_auto_merge_takes_a_way_that_is_allowed(fake: FakeGitHub, forge: Forge) -> None:
    fake.methods = {"squash", "rebase"}
    opened(forge, replace(WANTED, auto_merge=True))
    assert fake.pulls[1].auto_merge == "SQUASH"


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


def test_brings_a_pull_request_in_line(fake: FakeGitHub, forge: Forge) -> None:
    number = opened(forge).number
    proposal = replace(WANTED, title="New", body="Other", base="release", draft=True)
    updated = forge.update(number, proposal)
    assert (updated.title, updated.body, updated.base) == ("New", "Other", "release")
    assert updated.draft
    assert fake.pulls[number].draft
    assert forge.find(BRANCH) == (updated,)
    assert not forge.update(number, WANTED).draft
    assert not fake.pulls[number].draft


def test_a_refused_mutation_is_an_error(fake: FakeGitHub, forge: Forge) -> None:
    number = opened(forge).number
    fake.trouble(
        Reply(200, {"data": None, "errors": [{"type": "FORBIDDEN", "message": "No\nway"}]}),
        path="graphql",
    )
    with pytest.raises(ForgeError, match="cannot change whether #1 is a draft: No way"):
        forge.update(number, replace(WANTED, draft=True))


def test_comments(fake: FakeGitHub, forge: Forge) -> None:
    forge.comment(opened(forge).number, "Superseded by #2")
    assert fake.pulls[1].comments == ["Superseded by #2"]


def test_closes_and_what_is_closed_stays_closed(fake: FakeGitHub, forge: Forge) -> None:
    number = opened(forge).number
    forge.close(number)
    forge.close(number)
    assert forge.find(BRANCH)[0].state is State.CLOSED
    again = opened(forge)
    fake.merge(again.number)
    forge.close(again.number)
    assert forge.find(BRANCH)[0].state is State.MERGED


def test_a_closed_one_that_cannot_be_closed_is_closed(fake: FakeGitHub, forge: Forge) -> None:
    number = opened(forge).number
    refusal = Reply(422, {"message": "Validation Failed", "documentation_url": "x"})
    fake.trouble(refusal, refusal, method="PATCH")
    with pytest.raises(StatusError, match="Validation Failed"):
        forge.close(number)
    fake.close(number)
    forge.close(number)


def test_what_is_not_there_is_not_found(forge: Forge) -> None:
    with pytest.raises(StatusError, match="HTTP 404: Not Found") as raised:
        forge.comment(99, "hello")
    assert raised.value.status == 404


def test_addresses_of_files(fake: FakeGitHub, sleeper: Sleeper) -> None:
    forge = connected(fake, sleeper)
    path = "/acme/monorepo/blob/abc/clusters/a%20b/c%23.yaml#L7"
    assert forge.file_url("clusters/a b/c#.yaml", 7, "abc") == fake.url + path
    cloud = github.connect("https://api.github.com", "acme/monorepo", Secret(TOKEN))
    assert cloud.file_url("a.yaml", 1, "abc") == (
        "https://github.com/acme/monorepo/blob/abc/a.yaml#L1"
    )


# --- refusals ---------------------------------------------------------------------------------


def test_another_token_is_not_accepted(fake: FakeGitHub, sleeper: Sleeper) -> None:
    forge = connected(fake, sleeper, token="ghp_another")  # noqa: S106  # not a real one
    with pytest.raises(StatusError, match="HTTP 401: Bad credentials") as raised:
        forge.find(BRANCH)
    assert "FLUXBUMP_TOKEN" in str(raised.value.hint)


def test_a_repository_that_the_token_may_not_see(fake: FakeGitHub, forge: Forge) -> None:
    fake.visible = False
    with pytest.raises(StatusError, match="HTTP 404: Not Found") as raised:
        forge.find(BRANCH)
    assert raised.value.hint == "there is no such repository, or the token may not see it"


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
        ("Forbidden", {}, "has not the right"),
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


@pytest.mark.parametrize("path", ["acme", "acme/", "/monorepo", "acme/sub/monorepo", ""])
def test_what_is_not_a_repository(path: str) -> None:
    with pytest.raises(ForgeError, match="is not the path of a repository"):
        github.connect("https://api.github.com", path, Secret(TOKEN))


# --- limits and failures ----------------------------------------------------------------------


def test_waits_for_the_limits(fake: FakeGitHub, forge: Forge, sleeper: Sleeper) -> None:
    fake.trouble(limited(remaining=0, reset=NOW + 30), secondary(20), method="POST")
    assert opened(forge).number == 1
    assert sleeper.pauses == [30, 20]


def test_says_when_a_limit_ends(fake: FakeGitHub, forge: Forge) -> None:
    fake.trouble(limited(remaining=0, reset=NOW + 1800))
    with pytest.raises(ForgeError, match="it asks to wait until 2027-01-15 08:30 UTC"):
        forge.find(BRANCH)


def test_a_secondary_limit_without_a_time_waits_a_minute(
    fake: FakeGitHub, forge: Forge, sleeper: Sleeper
) -> None:
    fake.trouble(secondary(None))
    assert forge.find(BRANCH) == ()
    assert sleeper.pauses == [60]


@pytest.mark.parametrize("lag", [0, 2])
def test_a_connection_cut_after_it_was_opened_makes_one(
    lag: int, fake: FakeGitHub, forge: Forge
) -> None:
    fake.lag = lag
    fake.trouble(Cut.AFTER, method="POST", path="/pulls$")
    assert opened(forge, replace(WANTED, labels=("flux",))).number == 1
    assert len(fake.sent("POST", "/pulls")) == 1
    assert fake.pulls[1].labels == ["flux"]


def test_a_connection_cut_before_it_was_opened_is_said(fake: FakeGitHub, forge: Forge) -> None:
    fake.trouble(Cut.BEFORE, method="POST")
    with pytest.raises(UncertainError, match="it is not known whether it was done"):
        forge.open(WANTED)
    assert len(fake.sent("POST", "/pulls")) == 1


def test_a_comment_is_never_made_twice(fake: FakeGitHub, forge: Forge) -> None:
    number = opened(forge).number
    fake.trouble(Cut.AFTER, method="POST")
    with pytest.raises(UncertainError):
        forge.comment(number, "once")
    assert fake.pulls[number].comments == ["once"]


@pytest.mark.parametrize("cut", list(Cut))
def test_what_does_no_harm_twice_is_repeated(cut: Cut, fake: FakeGitHub, forge: Forge) -> None:
    number = opened(forge).number
    fake.trouble(cut, method="(?!GET).*", times=3)
    changed = replace(WANTED, title="New", draft=True)
    assert forge.update(number, changed).title == "New"
    assert (fake.pulls[number].title, fake.pulls[number].draft) == ("New", True)


@pytest.mark.parametrize("body", [[], {"number": 1}, "text", None, [{"number": 1}]])
def test_an_answer_of_another_shape(body: object, fake: FakeGitHub, sleeper: Sleeper) -> None:
    forge = connected(fake, sleeper)
    fake.trouble(Reply(201, body), method="POST")
    with pytest.raises(ForgeError, match="what its documentation does not allow"):
        forge.open(WANTED)
    fake.exchanges.clear()  # it breaks the contract, as it should


def test_the_fork_of_a_pull_request_may_be_gone(fake: FakeGitHub, sleeper: Sleeper) -> None:
    forge = connected(fake, sleeper)
    fake.add(BRANCH, fork="gone/monorepo", fork_deleted=True)
    assert forge.list("fluxbump/") == ()
    fake.exchanges.clear()  # GitHub answers null there, which its description does not say


# --- the token --------------------------------------------------------------------------------


def test_the_token_is_nowhere_but_in_its_header(
    fake: FakeGitHub, forge: Forge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    opened(forge, replace(WANTED, labels=("flux",), auto_merge=True))
    fake.trouble(Cut.AFTER, Reply(401, {"message": f"no {TOKEN}", "documentation_url": "x"}))
    with pytest.raises(ForgeError) as raised:
        forge.find(BRANCH)
    shown = caplog.text + str(raised.value) + repr(forge.__dict__)
    assert caplog.records
    assert TOKEN not in shown
    del fake.exchanges[-1]  # the answer that has it
    assert TOKEN.encode() not in fake.transcript()
    assert {e.call.headers["authorization"] for e in fake.exchanges} == {f"Bearer {TOKEN}"}


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
