"""What every forge does the same, against the fake of each.

Where the contract of a fake comes from, its module says.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from fluxbump.errors import ForgeError
from fluxbump.forges.detect import Hosted
from fluxbump.forges.forge import (
    CommitStatus,
    Forge,
    Proposal,
    PullRequest,
    RequestState,
    StatusState,
)
from fluxbump.forges.kinds import KINDS
from fluxbump.forges.registry import connect
from fluxbump.forges.responses import StatusError, UncertainError
from fluxbump.system.secret import Secret
from tests.forges.cases import BRANCH, CASES, WANTED, Case, judge, opened
from tests.forges.contract import Contract
from tests.forges.fake_forge import FakeForge
from tests.forges.fake_server import Cut, Reply
from tests.helpers import ROOT
from tests.sleeper import Sleeper

DOCUMENT = (ROOT / "docs/forges.md").read_text("utf-8")


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def fake(case: Case, tips: dict[str, str], github_contract: Contract | None) -> Iterator[FakeForge]:
    with case.fake(tips.get) as running:
        yield running
    judge(running, github_contract)


@pytest.fixture
def forge(case: Case, fake: FakeForge, sleeper: Sleeper) -> Forge:
    return connected(case, fake, sleeper)


def connected(case: Case, fake: FakeForge, sleeper: Sleeper, token: str | None = None) -> Forge:
    hosted = Hosted(case.kind, fake.api_base, fake.full_name)
    return connect(hosted, Secret(token or fake.token), clock=sleeper.clock, sleep=sleeper)


def test_every_forge_is_here() -> None:
    assert set(CASES) == set(KINDS)


def test_another_kind_has_no_adapter() -> None:
    with pytest.raises(ForgeError, match="no adapter for gerrit"):
        connect(Hosted("gerrit", "https://gerrit.example", "a/b"), Secret("x"))


# --- what the documentation says --------------------------------------------------------------


def test_the_table_of_what_a_forge_can_do_is_true(case: Case) -> None:
    hosted = Hosted(case.kind, "https://forge.example", "/".join(["a"] * case.depth))
    can = connect(hosted, Secret("x")).capabilities
    able = (can.drafts, can.labels, can.assignees, can.reviewers, can.auto_merge)
    cells = [can.name, f"{can.body_limit:,}", *("yes" if one else "no" for one in able)]
    assert f"\n| {' | '.join(cells)} |\n" in DOCUMENT


def test_the_variables_of_each_kind_are_named() -> None:
    for kind, known in KINDS.items():
        names = (*known.token.variables, *known.token.elsewhere)
        (row,) = re.findall(rf"^\| `{kind}` \| (`[A-Z].*) \|$", DOCUMENT, re.MULTILINE)
        assert re.findall(r"`([A-Z_]+)`", row)[: len(names)] == [*names]


# --- find, list, open -------------------------------------------------------------------------


def test_opens_one_and_finds_it_again(
    case: Case, fake: FakeForge, forge: Forge, tips: dict[str, str]
) -> None:
    pull = opened(forge)
    assert pull.url.endswith(f"{case.page}1")
    assert pull == PullRequest(
        number=1, url=pull.url, branch=BRANCH, base="main", title=WANTED.title, body=WANTED.body,
        state=RequestState.OPEN, draft=False, head=tips[BRANCH] if case.head else "",
    )  # fmt: skip
    assert forge.find(BRANCH) == (pull,)
    assert forge.list("fluxbump/") == (pull,)
    assert forge.list("feature/") == ()
    assert forge.find("fluxbump/2.5") == ()


def test_tells_what_became_of_each_newest_first(fake: FakeForge, forge: Forge) -> None:
    first = opened(forge)
    fake.merge(first.number)
    second = opened(forge)
    fake.close(second.number)
    third = opened(forge)
    assert [(pull.number, pull.state) for pull in forge.find(BRANCH)] == [
        (third.number, RequestState.OPEN),
        (second.number, RequestState.CLOSED),
        (first.number, RequestState.MERGED),
    ]
    assert [pull.number for pull in forge.list("fluxbump/")] == [third.number]


def test_a_branch_of_that_name_in_a_fork_is_not_ours(fake: FakeForge, forge: Forge) -> None:
    fake.add(BRANCH, fork="mallory/monorepo")
    ours = opened(forge)
    assert forge.find(BRANCH) == (ours,)
    assert forge.list("fluxbump/") == (ours,)


def test_a_fork_may_be_gone(fake: FakeForge, forge: Forge) -> None:
    fake.add(BRANCH, fork="gone/monorepo", fork_deleted=True)
    assert forge.find(BRANCH) == ()
    assert forge.list("fluxbump/") == ()
    fake.exchanges.clear()  # GitHub answers null there, which its description does not say


def test_reads_all_pages(fake: FakeForge, forge: Forge, tips: dict[str, str]) -> None:
    for number in range(1, 251):
        branch = f"{'fluxbump' if number % 2 else 'feature'}/{number}"
        tips[branch] = f"{number:040x}"
        fake.add(branch)
    assert [pull.number for pull in forge.list("fluxbump/")] == [*range(249, 0, -2)]


def test_an_empty_body_is_read(fake: FakeForge, forge: Forge) -> None:
    fake.add(BRANCH)
    assert forge.find(BRANCH)[0].body == ""


def test_a_branch_name_with_all_sorts_of_signs(forge: Forge, tips: dict[str, str]) -> None:
    branch = 'fluxbump/2.5.1+"ü" & #1%2F'
    tips[branch] = "e" * 40
    pull = opened(forge, replace(WANTED, branch=branch))
    assert forge.find(branch) == (pull,)


def test_a_branch_with_a_pull_request_keeps_it(fake: FakeForge, forge: Forge) -> None:
    pull = opened(forge)
    again, notes = forge.open(replace(WANTED, title="Another", labels=("flux",)))
    assert (again, notes) == (pull, ())
    assert len(fake.pulls) == 1
    assert (fake.pulls[1].title, fake.pulls[1].labels) == (WANTED.title, [])


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_one_that_no_listing_shows_yet_is_not_opened_twice(
    lag: int, fake: FakeForge, forge: Forge, sleeper: Sleeper
) -> None:
    fake.lag = lag
    first = opened(forge)
    assert forge.open(WANTED)[0].number == first.number
    assert len(fake.pulls) == 1
    assert len(sleeper.pauses) <= lag


def test_another_base_is_another_pull_request(fake: FakeForge, forge: Forge) -> None:
    fake.lag = 1
    assert opened(forge).number == 1
    assert opened(forge, replace(WANTED, base="release")).number == 2
    assert forge.open(replace(WANTED, base="release"))[0].number == 2


@pytest.mark.parametrize("changes", [{"branch": "none"}, {"base": "none"}])
def test_what_is_not_there_is_refused(changes: dict[str, str], forge: Forge) -> None:
    with pytest.raises(StatusError, match="HTTP 4") as raised:
        forge.open(replace(WANTED, **changes))
    assert raised.value.exit_code == 10


def test_the_longest_body_fits(forge: Forge) -> None:
    body = "ü" * forge.capabilities.body_limit
    pull = opened(forge, replace(WANTED, body=body))
    assert forge.find(BRANCH)[0].body == pull.body == body


# --- draft, labels, people --------------------------------------------------------------------


def test_a_draft_is_one_and_its_title_is_as_wanted(fake: FakeForge, forge: Forge) -> None:
    pull = opened(forge, replace(WANTED, draft=True))
    assert (pull.draft, pull.title) == (True, WANTED.title)
    assert fake.pulls[1].draft
    assert forge.find(BRANCH) == (pull,)


def test_sets_all_that_it_can(fake: FakeForge, forge: Forge) -> None:
    proposal = _everything(fake, forge)
    opened(forge, proposal)
    pull = fake.pulls[1]
    assert (pull.labels, pull.assignees) == ([*proposal.labels], [*proposal.assignees])
    assert pull.reviewers == [*proposal.reviewers]
    assert bool(pull.auto_merge) == proposal.auto_merge


def _everything(fake: FakeForge, forge: Forge) -> Proposal:
    """All that the forge has."""
    can = forge.capabilities
    return replace(
        WANTED, auto_merge=can.auto_merge,
        labels=("flux", "dependencies") if can.labels else (),
        assignees=("octocat",) if can.assignees else (),
        reviewers=tuple(_people(fake)) if can.reviewers else (),
    )  # fmt: skip


def _people(fake: FakeForge) -> list[str]:
    """What the forge calls those who may review."""
    return getattr(fake, "reviewing", ["hubot"])


def test_what_it_cannot_do_is_said(forge: Forge) -> None:
    can = forge.capabilities
    _, notes = forge.open(
        replace(
            WANTED, labels=() if can.labels else ("flux",), auto_merge=not can.auto_merge,
            assignees=() if can.assignees else ("octocat",),
        )
    )  # fmt: skip
    asked = {"labels": can.labels, "assignees": can.assignees, "auto-merge": can.auto_merge}
    lacking = [name for name, able in asked.items() if not able]
    why = f"a {can.noun} of {can.name} has no such thing"
    assert notes == tuple(f"{name} not set: {why}" for name in lacking)


def test_somebody_unknown_does_not_fail_the_whole(fake: FakeForge, forge: Forge) -> None:
    pull, notes = forge.open(replace(WANTED, reviewers=("nobody",)))
    assert pull.state is RequestState.OPEN
    (note,) = notes
    assert note.startswith("reviewer")
    assert "nobody" in note
    assert "\n" not in note
    assert fake.pulls[1].reviewers == []


# --- update, comment, close -------------------------------------------------------------------


def test_brings_one_in_line(fake: FakeForge, forge: Forge) -> None:
    number = opened(forge).number
    proposal = replace(WANTED, title="New", body="Other", base="release", draft=True)
    updated = forge.update(number, proposal)
    assert (updated.title, updated.body, updated.base) == ("New", "Other", "release")
    assert updated.draft
    assert forge.find(BRANCH) == (updated,)
    ready = forge.update(number, replace(proposal, draft=False))
    assert (ready.draft, ready.title) == (False, "New")
    assert not fake.pulls[number].draft


def test_an_update_keeps_what_people_set(fake: FakeForge, forge: Forge) -> None:
    number = opened(forge).number
    people = [*_people(fake)]
    fake.pulls[number].reviewers[:] = people
    fake.pulls[number].labels[:] = ["theirs"]
    forge.update(number, replace(WANTED, title="New"))
    assert (fake.pulls[number].reviewers, fake.pulls[number].labels) == (people, ["theirs"])


def test_comments(fake: FakeForge, forge: Forge) -> None:
    forge.comment(opened(forge).number, "Superseded by *2.6.0*: ü")
    assert fake.pulls[1].comments == ["Superseded by *2.6.0*: ü"]


def test_replaces_a_body_of_an_open_and_of_a_closed_one(fake: FakeForge, forge: Forge) -> None:
    pull = opened(forge)
    forge.describe(pull.number, "- [x] another: ü")
    assert forge.find(BRANCH) == (replace(pull, body="- [x] another: ü"),)
    forge.close(pull.number)
    if not forge.capabilities.closed_can_change:
        with pytest.raises(ForgeError):
            forge.describe(pull.number, "again")
        return
    forge.describe(pull.number, "again")
    (closed,) = forge.find(BRANCH)
    assert (closed.body, closed.state) == ("again", RequestState.CLOSED)


def test_closes_and_what_is_closed_stays_closed(fake: FakeForge, forge: Forge) -> None:
    number = opened(forge).number
    forge.close(number)
    forge.close(number)
    assert forge.find(BRANCH)[0].state is RequestState.CLOSED
    again = opened(forge)
    fake.merge(again.number)
    forge.close(again.number)
    assert forge.find(BRANCH)[0].state is RequestState.MERGED


def test_closes_and_says_so_at_once(case: Case, fake: FakeForge, forge: Forge) -> None:
    number = opened(forge).number
    before = len(fake.exchanges)
    forge.close(number, "Closed, and why: ü")
    assert len(fake.exchanges) == before + 1
    (pull,) = forge.find(BRANCH)
    assert pull.state is RequestState.CLOSED
    # What Bitbucket declines cannot be opened again, nor take a text.
    kept = WANTED.body if case.kind == "bitbucket" else "Closed, and why: ü"
    assert fake.pulls[number].body == kept


def test_a_refusal_to_close_counts_for_one_that_is_open(fake: FakeForge, forge: Forge) -> None:
    number = opened(forge).number
    no = fake.refuse(422, "no").reply
    fake.trouble(no, no, method="(?!GET).*")
    with pytest.raises(StatusError, match="HTTP 422"):
        forge.close(number)
    fake.close(number)
    forge.close(number)
    assert forge.find(BRANCH)[0].state is RequestState.CLOSED


def test_one_that_is_not_there_is_not_found(forge: Forge) -> None:
    with pytest.raises(StatusError, match="HTTP 404") as raised:
        forge.comment(99, "hello")
    assert raised.value.status == 404


def test_addresses_of_files(case: Case, fake: FakeForge, forge: Forge) -> None:
    assert forge.file_url("clusters/a b/c#.yaml", 7, "abc") == fake.url + case.file


# --- refusals ---------------------------------------------------------------------------------


def test_another_token_is_not_taken(case: Case, fake: FakeForge, sleeper: Sleeper) -> None:
    forge = connected(case, fake, sleeper, token="another")
    with pytest.raises(StatusError, match="HTTP 401") as raised:
        forge.find(BRANCH)
    assert "FLUXBUMP_TOKEN" in str(raised.value.hint)
    assert raised.value.exit_code == 10


def test_a_repository_that_the_token_may_not_see(fake: FakeForge, forge: Forge) -> None:
    fake.visible = False
    with pytest.raises(StatusError, match="HTTP 404") as raised:
        forge.find(BRANCH)
    assert raised.value.hint == "the repository does not exist, or the token cannot read it"


def test_a_missing_right_is_said(fake: FakeForge, forge: Forge) -> None:
    fake.writable = False
    with pytest.raises(StatusError, match="HTTP 403") as raised:
        forge.open(WANTED)
    assert "the token" in str(raised.value.hint)
    assert fake.pulls == {}


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422])
def test_a_refusal_is_one_line_with_what_the_forge_says(
    status: int, fake: FakeForge, forge: Forge
) -> None:
    number = opened(forge).number
    fake.trouble(fake.refuse(status, f"Not\nlike {fake.token}").reply, method="POST")
    with pytest.raises(StatusError) as raised:
        forge.comment(number, "hello")
    message = raised.value.message
    assert message.startswith(f"{forge.capabilities.name}: POST ")
    assert f"HTTP {status}" in message
    assert message.endswith("Not like ***")
    del fake.exchanges[-1]  # not all of these answer a comment, as GitHub describes it


@pytest.mark.parametrize("path", ["monorepo", "acme/", "/monorepo", "", "a/b/c/d//e"])
def test_what_is_not_a_repository(path: str, case: Case) -> None:
    with pytest.raises(ForgeError, match="is not the path of a"):
        connect(Hosted(case.kind, "https://forge.example", path), Secret("x"))


# --- limits and failures ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_waits_for_a_limit(method: str, fake: FakeForge, forge: Forge, sleeper: Sleeper) -> None:
    fake.trouble(fake.limited(20), method=method)
    assert opened(forge).number == 1
    assert len(forge.find(BRANCH)) == 1
    assert sleeper.pauses == [20]


def test_a_limit_that_is_too_far_is_said(fake: FakeForge, forge: Forge) -> None:
    fake.trouble(fake.limited(3600))
    with pytest.raises(ForgeError, match="the forge asks to wait until 20"):
        forge.find(BRANCH)


@pytest.mark.parametrize("lag", [0, 2])
def test_a_connection_cut_after_it_was_opened_makes_one(
    lag: int, case: Case, fake: FakeForge, forge: Forge
) -> None:
    fake.lag = lag
    fake.trouble(Cut.AFTER, method="POST", path=f"{case.listing}$")
    labels = ("flux",) if forge.capabilities.labels else ()
    assert opened(forge, replace(WANTED, labels=labels)).number == 1
    assert len(fake.sent("POST", case.listing)) == 1
    assert len(fake.pulls) == 1
    assert fake.pulls[1].labels == [*labels]


def test_a_connection_cut_before_it_was_opened_is_said(
    case: Case, fake: FakeForge, forge: Forge
) -> None:
    fake.trouble(Cut.BEFORE, method="POST")
    with pytest.raises(UncertainError, match="does not know whether the forge did it"):
        forge.open(WANTED)
    assert len(fake.sent("POST", case.listing)) == 1
    assert fake.pulls == {}


def test_a_comment_is_never_made_twice(fake: FakeForge, forge: Forge) -> None:
    number = opened(forge).number
    fake.trouble(Cut.AFTER, method="POST")
    with pytest.raises(UncertainError):
        forge.comment(number, "once")
    assert fake.pulls[number].comments == ["once"]


@pytest.mark.parametrize("cut", list(Cut))
def test_what_does_no_harm_twice_is_repeated(cut: Cut, fake: FakeForge, forge: Forge) -> None:
    number = opened(forge).number
    fake.trouble(cut, method="(?!GET).*", times=3)
    changed = forge.update(number, replace(WANTED, title="New", draft=True))
    assert (changed.title, changed.draft) == ("New", True)
    assert fake.pulls[number].title.endswith("New")
    assert fake.pulls[number].draft


@pytest.mark.parametrize("body", [[], {"number": 1}, "text", None, [{"number": 1}]])
def test_an_answer_of_another_shape(
    body: object, case: Case, fake: FakeForge, forge: Forge
) -> None:
    fake.trouble(Reply(201, body), method="POST", path=f"{case.listing}$")
    with pytest.raises(ForgeError, match="what its documentation does not allow"):
        forge.open(WANTED)
    fake.exchanges.clear()  # no description allows it


# --- the token --------------------------------------------------------------------------------


def test_the_token_is_nowhere_but_in_its_header(
    fake: FakeForge, forge: Forge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    opened(forge, _everything(fake, forge))
    fake.trouble(Cut.AFTER, fake.refuse(401, f"no {fake.token}").reply)
    with pytest.raises(ForgeError) as raised:
        forge.find(BRANCH)
    shown = caplog.text + str(raised.value) + repr(vars(forge))
    assert caplog.records
    assert fake.token not in shown
    del fake.exchanges[-1]  # the answer that has it
    assert fake.token.encode() not in fake.transcript()


# --- protection -------------------------------------------------------------------------------


def test_tells_which_branches_are_protected(case: Case, fake: FakeForge, forge: Forge) -> None:
    fake.protected = {"release"}
    told = (forge.protects("release"), forge.protects(BRANCH))
    assert told == ((None, None) if case.kind == "bitbucket" else (True, False))


def test_a_token_that_may_not_ask_for_protection_is_no_error(fake: FakeForge, forge: Forge) -> None:
    fake.trouble(fake.refuse(403, "Forbidden").reply, method="GET", times=3)
    assert forge.protects("release") is None


def test_protection_that_cannot_be_asked_for_is_an_error(
    case: Case, fake: FakeForge, forge: Forge
) -> None:
    if case.kind == "bitbucket":
        assert forge.protects("release") is None
        return
    fake.trouble(fake.refuse(401, "Unauthorized").reply, method="GET", times=3)
    with pytest.raises(ForgeError):
        forge.protects("release")


# --- issues -----------------------------------------------------------------------------------


def test_opens_finds_and_edits_an_issue_of_ours(case: Case, fake: FakeForge, forge: Forge) -> None:
    if case.kind in ("bitbucket", "azure"):
        assert forge.issues is None
        return
    assert forge.issues is not None
    opened(forge)  # which some forges list among the issues
    fake.add_issue("of somebody", "<!-- fluxbump:dashboard -->", "octocat")
    assert forge.issues.ours() == ()
    made = forge.issues.open("Title", "one: ü")
    assert forge.issues.ours() == (made,)
    assert (made.body, made.is_open) == ("one: ü", True)
    forge.issues.edit(made.number, "two")
    assert forge.issues.ours() == (replace(made, body="two"),)
    fake.issues[made.number].state = "closed"
    assert forge.issues.ours() == (replace(made, body="two", is_open=False),)


def test_a_repository_without_issues_says_so(case: Case, fake: FakeForge, forge: Forge) -> None:
    fake.has_issues = False
    assert forge.issues is None or forge.issues.ours() is None


# --- commit statuses --------------------------------------------------------------------------


def test_sets_the_status_of_a_commit(
    case: Case, fake: FakeForge, forge: Forge, tips: dict[str, str]
) -> None:
    pull = opened(forge)
    commit = tips[BRANCH]
    assert forge.statuses.get(commit) is None
    waits = CommitStatus(StatusState.PENDING, "waiting: too young until 2025-03-05")
    ready = CommitStatus(StatusState.SUCCESS, "ready: ü")
    refused = CommitStatus(StatusState.FAILURE, "blocked by FB203")
    for status in (waits, ready, refused):
        forge.statuses.put(commit, status, pull.url)
        assert forge.statuses.get(commit) == status
    words = [state for state, _ in fake.statuses[commit]]
    assert words == {
        "gitlab": ["pending", "success", "failed"],
        "bitbucket": ["INPROGRESS", "SUCCESSFUL", "FAILED"],
        "azure": ["pending", "succeeded", "failed"],
    }.get(case.kind, ["pending", "success", "failure"])


def test_a_status_with_another_text_is_no_error(
    case: Case, fake: FakeForge, forge: Forge, tips: dict[str, str]
) -> None:
    pull = opened(forge)
    for text in ("one", "two"):
        forge.statuses.put(tips[BRANCH], CommitStatus(StatusState.PENDING, text), pull.url)
    said = [text for _, text in fake.statuses[tips[BRANCH]]]
    assert said == (["one"] if case.kind == "gitlab" else ["one", "two"])


def test_a_status_that_may_not_be_set_is_an_error(
    fake: FakeForge, forge: Forge, tips: dict[str, str]
) -> None:
    pull = opened(forge)
    fake.writable = False
    with pytest.raises(StatusError):
        forge.statuses.put(tips[BRANCH], CommitStatus(StatusState.PENDING, "one"), pull.url)


# --- the state of the repository --------------------------------------------------------------


def test_tells_an_archived_repository(case: Case, fake: FakeForge, forge: Forge) -> None:
    known = case.kind != "bitbucket"  # which has no such state
    assert forge.standing().archived is (False if known else None)
    fake.archived = True
    assert forge.standing().archived is (True if known else None)


def test_tells_that_pull_requests_are_disabled(case: Case, fake: FakeForge, forge: Forge) -> None:
    known = case.kind in ("github", "gitlab", "gitea", "forgejo")
    assert forge.standing().requests is (True if known else None)
    fake.takes_requests = False
    assert forge.standing().requests is (False if known else None)
