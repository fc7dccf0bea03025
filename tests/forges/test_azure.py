"""What only Azure DevOps does; what all forges do is in `test_all`.

The contract is https://learn.microsoft.com/rest/api/azure/devops/git/ for version 7.1, and what
`fake_azure` says beside it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from fluxbump.errors import ForgeError
from fluxbump.forges import azure
from fluxbump.forges.forge import Forge
from fluxbump.forges.responses import StatusError
from fluxbump.system.secret import Secret
from tests.forges.cases import BRANCH, WANTED
from tests.forges.fake_azure import BUILD, REVIEWERS, FakeAzure, guid, policy
from tests.forges.fake_server import Reply
from tests.sleeper import Sleeper


@pytest.fixture
def fake(tips: dict[str, str]) -> Iterator[FakeAzure]:
    with FakeAzure(tips.get) as running:
        yield running
    assert running.problems == []


@pytest.fixture
def forge(fake: FakeAzure) -> Forge:
    return connected(fake)


def connected(fake: FakeAzure, token: str | None = None) -> Forge:
    sleeper = Sleeper()
    secret = Secret(token or fake.token)
    return azure.connect(fake.api_base, fake.full_name, secret, clock=sleeper.clock, sleep=sleeper)


@pytest.mark.parametrize("length", [399, 400, 401, 4000])
def test_a_body_that_a_listing_cuts_is_read_whole(
    length: int, fake: FakeAzure, forge: Forge
) -> None:
    body = "x" * length
    forge.open(replace(WANTED, body=body))
    assert forge.find(BRANCH)[0].body == body
    assert forge.list("fluxbump/")[0].body == body
    assert len(fake.sent("GET", "/pullrequests/1")) == (2 if length >= 400 else 0)


def test_a_longer_body_is_refused(forge: Forge) -> None:
    assert forge.capabilities.body_limit == 4000
    with pytest.raises(StatusError, match="must not be longer than 4000 characters"):
        forge.open(replace(WANTED, body="x" * 4001))


def test_reads_the_next_page_when_one_is_full(fake: FakeAzure, forge: Forge) -> None:
    for number in range(100):
        fake.add(f"other/{number}")
    assert forge.list("fluxbump/") == ()
    skipped = [call.query["$skip"] for call in fake.sent("GET", "/pullrequests")]
    assert skipped == ["0", "100"]


def test_a_new_one_may_not_say_its_commit_yet(fake: FakeAzure, forge: Forge) -> None:
    fake.add(BRANCH)
    body = fake._json(fake.pulls[1])
    del body["lastMergeSourceCommit"]
    fake.trouble(Reply(200, {"count": 1, "value": [body]}))
    assert forge.find(BRANCH)[0].head == ""


def test_names_may_have_blanks(fake: FakeAzure) -> None:
    fake.full_name = "acme/My Platform/Mono Repo"
    forge = connected(fake)
    pull = forge.open(WANTED)[0]
    assert pull.url == f"{fake.url}/acme/My%20Platform/_git/Mono%20Repo/pullrequest/1"
    assert forge.find(BRANCH) == (pull,)
    assert forge.file_url("a.yaml", 1, "abc").startswith(
        f"{fake.url}/acme/My%20Platform/_git/Mono%20Repo?path=/a.yaml&version=GCabc&line=1"
    )


def test_the_target_is_only_sent_when_it_changes(fake: FakeAzure, forge: Forge) -> None:
    forge.open(WANTED)
    fake.retargets = False
    assert forge.update(1, replace(WANTED, title="New")).title == "New"
    with pytest.raises(StatusError, match="The target cannot be changed"):
        forge.update(1, replace(WANTED, base="release"))


# --- who we are -------------------------------------------------------------------------------


def test_the_token_goes_without_a_name(fake: FakeAzure, forge: Forge) -> None:
    forge.find(BRANCH)
    header = fake.sent("GET")[0].headers["authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == f":{fake.token}"


def test_a_wrong_token_is_said_and_leads_nowhere(fake: FakeAzure) -> None:
    with pytest.raises(StatusError, match="HTTP 401: TF400813") as raised:
        connected(fake, "another").find(BRANCH)
    assert "FLUXBUMP_TOKEN" in str(raised.value.hint)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_to_sign_in_is_a_wrong_token(method: str, fake: FakeAzure, forge: Forge) -> None:
    fake.trouble(Reply(203, "<html>Sign in</html>"), method=method)
    with pytest.raises(StatusError, match="HTTP 203, a sign-in page") as raised:
        forge.find(BRANCH) if method == "GET" else forge.open(WANTED)
    assert "FLUXBUMP_TOKEN" in str(raised.value.hint)


def test_the_token_is_hidden_as_the_header_has_it(fake: FakeAzure, forge: Forge) -> None:
    pair = base64.b64encode(f":{fake.token}".encode()).decode()
    fake.trouble(fake.refuse(400, f"no {pair} and no {fake.token}").reply)
    with pytest.raises(ForgeError) as raised:
        forge.find(BRANCH)
    assert raised.value.message.endswith("no *** and no ***")


def test_a_missing_permission_is_named(fake: FakeAzure, forge: Forge) -> None:
    fake.writable = False
    with pytest.raises(StatusError, match="PullRequestContribute") as raised:
        forge.open(WANTED)
    assert "Code (read & write)" in str(raised.value.hint)


# --- labels, people, auto-complete ------------------------------------------------------------


def test_people_are_ids(fake: FakeAzure, forge: Forge) -> None:
    notes = forge.open(replace(WANTED, reviewers=(guid(11), guid(99), "hubot")))[1]
    assert fake.pulls[1].reviewers == [guid(11)]
    assert notes[0].startswith(f"reviewer {guid(99)} not set: Azure DevOps: PUT ")
    assert notes[1] == (
        "reviewer hubot not set: Azure DevOps takes the id of a reviewer, not the name"
    )


@pytest.mark.parametrize(
    "policies",
    [
        [],
        [policy(REVIEWERS)],
        [policy(BUILD, enabled=False)],
        [policy(BUILD, blocking=False)],
    ],
)
def test_nothing_is_merged_before_its_checks(
    policies: list[dict[str, object]], fake: FakeAzure, forge: Forge
) -> None:
    fake.policies = policies
    notes = forge.open(replace(WANTED, auto_merge=True))[1]
    assert notes == ("auto-merge not set: main requires no checks, so it would be merged at once",)
    assert not fake.pulls[1].auto_merge


def test_auto_complete_is_set_in_the_name_of_who_opened_it(fake: FakeAzure, forge: Forge) -> None:
    assert forge.open(replace(WANTED, auto_merge=True))[1] == ()
    assert fake.pulls[1].auto_merge
