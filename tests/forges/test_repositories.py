"""The repositories of an owner, as the forges list them.

The contracts: docs.github.com/rest/repos/repos (list organization repositories, list repositories
for a user), docs.gitlab.com/api/groups (list projects), `templates/swagger/v1_json.tmpl` of Gitea.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fluxbump.errors import ForgeError
from fluxbump.forges.detect import Hosted
from fluxbump.forges.forge import OwnedRepository
from fluxbump.forges.repositories import LISTINGS, owned
from fluxbump.forges.responses import StatusError
from fluxbump.system.secret import Secret
from tests.forges.fake_forge import FakeForge, Owned
from tests.forges.fake_gitea import FakeGitea
from tests.forges.fake_github import FakeGitHub
from tests.forges.fake_gitlab import FakeGitLab
from tests.forges.fake_server import Reply
from tests.sleeper import Sleeper

FAKES = {"github": FakeGitHub, "gitlab": FakeGitLab, "gitea": FakeGitea, "forgejo": FakeGitea}


def test_every_listing_is_tested() -> None:
    assert FAKES.keys() == LISTINGS.keys()


@pytest.fixture(params=FAKES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fake(kind: str, tips: dict[str, str]) -> Iterator[FakeForge]:
    with FAKES[kind](tips.get) as running:
        yield running
    assert running.problems == []


def listed(kind: str, fake: FakeForge, owner: str, sleeper: Sleeper) -> list[OwnedRepository]:
    hosted = Hosted(kind, fake.api_base, owner)
    return list(owned(hosted, Secret(fake.token), clock=sleeper.clock, sleep=sleeper))


def test_all_pages_are_read(kind: str, fake: FakeForge, sleeper: Sleeper) -> None:
    fake.organizations["acme"] = [Owned(f"acme/repo-{n}") for n in range(230)]
    found = listed(kind, fake, "acme", sleeper)
    assert [one.path for one in found] == [f"acme/repo-{n}" for n in range(230)]
    assert len(fake.exchanges) == (5 if kind in ("gitea", "forgejo") else 3)


def test_what_they_are_is_told(kind: str, fake: FakeForge, sleeper: Sleeper) -> None:
    fake.organizations["acme"] = [
        Owned("acme/plain"), Owned("acme/old", archived=True), Owned("acme/copy", fork=True),
        Owned("acme/bare", empty=True),
    ]  # fmt: skip
    assert listed(kind, fake, "acme", sleeper) == [
        OwnedRepository("acme/plain", archived=False, fork=False, empty=False),
        OwnedRepository("acme/old", archived=True, fork=False, empty=False),
        OwnedRepository("acme/copy", archived=False, fork=True, empty=False),
        # GitHub does not say it.
        OwnedRepository("acme/bare", archived=False, fork=False, empty=kind != "github"),
    ]


def test_an_owner_may_be_a_user(kind: str, fake: FakeForge, sleeper: Sleeper) -> None:
    fake.users["octocat"] = [Owned("octocat/monorepo")]
    assert [one.path for one in listed(kind, fake, "octocat", sleeper)] == ["octocat/monorepo"]


def test_nobody_of_that_name(kind: str, fake: FakeForge, sleeper: Sleeper) -> None:
    with pytest.raises(ForgeError, match="no organization, group, or user nobody"):
        listed(kind, fake, "nobody", sleeper)


def test_a_subgroup_is_one_segment(tips: dict[str, str], sleeper: Sleeper) -> None:
    with FakeGitLab(tips.get) as fake:
        fake.organizations["acme/infra"] = [Owned("acme/infra/a"), Owned("acme/infra/deep/b")]
        found = listed("gitlab", fake, "acme/infra", sleeper)
        assert [one.path for one in found] == ["acme/infra/a", "acme/infra/deep/b"]


def test_a_refusal_is_not_a_missing_owner(kind: str, fake: FakeForge, sleeper: Sleeper) -> None:
    fake.trouble(Reply(403, {"message": "no"}), times=4)
    with pytest.raises(StatusError) as raised:
        listed(kind, fake, "acme", sleeper)
    assert raised.value.status == 403


def test_other_forges_have_no_listing() -> None:
    with pytest.raises(ForgeError, match="cannot be listed on bitbucket"):
        list(owned(Hosted("bitbucket", "https://api.bitbucket.org/2.0", "acme"), Secret("t")))
