"""What only Bitbucket Cloud does; what all forges do is in `test_all`.

The contract is https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/ and
what `fake_bitbucket` says beside it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from fluxbump.forges import bitbucket
from fluxbump.forges.forge import Forge, RequestState
from fluxbump.forges.responses import StatusError
from fluxbump.system.secret import Secret
from tests.forges.cases import BRANCH, WANTED
from tests.forges.fake_bitbucket import HUBOT, FakeBitbucket, uuid
from tests.forges.fake_server import Reply
from tests.sleeper import Sleeper


@pytest.fixture
def fake(tips: dict[str, str]) -> Iterator[FakeBitbucket]:
    with FakeBitbucket(tips.get) as running:
        yield running
    assert running.problems == []


@pytest.fixture
def forge(fake: FakeBitbucket, sleeper: Sleeper) -> Forge:
    return bitbucket.connect(
        fake.api_base, fake.full_name, Secret(fake.token), clock=sleeper.clock, sleep=sleeper
    )


def test_what_is_shown_to_people_is_not_hidden_in_comments(forge: Forge) -> None:
    assert not forge.capabilities.hidden


def test_a_token_of_an_account_is_sent_with_it(fake: FakeBitbucket) -> None:
    fake.account = "bot@example.org"
    secret = Secret(fake.token)
    forge = bitbucket.connect(fake.api_base, fake.full_name, secret, fake.account)
    assert forge.open(WANTED)[0].title == WANTED.title
    alone = bitbucket.connect(fake.api_base, fake.full_name, secret)
    with pytest.raises(StatusError, match="Token is invalid") as raised:
        alone.find(BRANCH)
    assert "goes with the account's e-mail address" in (raised.value.hint or "")


def test_neither_of_the_two_is_shown(fake: FakeBitbucket) -> None:
    fake.account = "bot"
    pair = base64.b64encode(f"bot:{fake.token}".encode()).decode()
    fake.trouble(fake.refuse(400, f"not {fake.token} nor {pair}").reply)
    forge = bitbucket.connect(fake.api_base, fake.full_name, Secret(fake.token), "bot")
    with pytest.raises(StatusError, match=r"not \*\*\* nor \*\*\*"):
        forge.find(BRANCH)


def test_one_that_is_open_is_not_changed_by_a_second(fake: FakeBitbucket, forge: Forge) -> None:
    first = forge.open(WANTED)[0]
    assert forge.open(replace(WANTED, title="Another"))[0] == first
    assert len(fake.sent("POST")) == 1


def test_asks_for_all_states(fake: FakeBitbucket, forge: Forge) -> None:
    forge.find(BRANCH)
    (call,) = fake.sent("GET")
    states = [value for name, value in call.pairs if name == "state"]
    assert states == ["OPEN", "MERGED", "DECLINED", "SUPERSEDED"]


@pytest.mark.parametrize(
    ("named", "state"),
    [
        ("SUPERSEDED", RequestState.CLOSED),
        ("QUEUED", RequestState.OPEN),
        ("DRAFT", RequestState.OPEN),
    ],
)
def test_other_states(named: str, state: RequestState, fake: FakeBitbucket, forge: Forge) -> None:
    fake.add(BRANCH)
    fake.trouble(Reply(200, {"values": [fake._json(fake.pulls[1]) | {"state": named}]}))
    assert [pull.state for pull in forge.find(BRANCH)] == [state]


def test_a_body_may_come_as_a_summary_only(fake: FakeBitbucket, forge: Forge) -> None:
    fake.add(BRANCH, body="What moves")
    body = fake._json(fake.pulls[1])
    del body["description"]
    fake.trouble(Reply(200, {"values": [body]}))
    assert forge.find(BRANCH)[0].body == "What moves"


def test_reviewers_are_asked_one_by_one(fake: FakeBitbucket, forge: Forge) -> None:
    names = (uuid(11), uuid(99), HUBOT, "hubot")
    notes = forge.open(replace(WANTED, reviewers=names))[1]
    assert fake.pulls[1].reviewers == [uuid(11), uuid(12)]
    assert [note.partition(" not set: ")[0] for note in notes] == [
        f"reviewer {uuid(99)}",
        "reviewer hubot",
    ]
    assert "Malformed reviewers list" in notes[0]
    assert notes[1].endswith("Bitbucket takes the UUID in braces, or the account id")
    assert fake.pulls[1].body == WANTED.body


def test_a_missing_scope_is_named(fake: FakeBitbucket, forge: Forge) -> None:
    fake.writable = False
    with pytest.raises(StatusError, match="required pullrequest:write") as raised:
        forge.open(WANTED)
    assert raised.value.hint == "the token needs the scope pullrequest:write"


def test_a_limit_that_says_no_time_waits_a_minute(
    fake: FakeBitbucket, forge: Forge, sleeper: Sleeper
) -> None:
    fake.trouble(fake.refuse(429, "Rate limit for this resource has been exceeded").reply)
    assert forge.find(BRANCH) == ()
    assert sleeper.pauses == [60]


def test_addresses_of_the_cloud() -> None:
    forge = bitbucket.connect("https://api.bitbucket.org/2.0", "acme/monorepo", Secret("x"))
    assert forge.file_url("a.yaml", 3, "abc") == (
        "https://bitbucket.org/acme/monorepo/src/abc/a.yaml#lines-3"
    )
