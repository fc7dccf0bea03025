"""`fluxbump fleet discover URL`: the repositories of an owner as a fleet's file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fluxbump.fleet import file as fleetfile
from fluxbump.fleet.discover import Selection, fleet_file
from fluxbump.forges.forge import OwnedRepository
from fluxbump.git.remote_url import parse
from tests.forges.fake_forge import Owned
from tests.forges.fake_gitea import FakeGitea
from tests.helpers import Cli, assert_refused


def one(path: str, **what: bool) -> OwnedRepository:
    return OwnedRepository(path, **{"archived": False, "fork": False, "empty": False, **what})


ALL = (
    one("acme/b"), one("acme/a"), one("acme/old", archived=True), one("acme/copy", fork=True),
    one("acme/old-copy", archived=True, fork=True), one("acme/bare", empty=True),
)  # fmt: skip
OWNER = parse("https://github.com/acme")[0]


def test_archived_ones_and_forks_are_left_out() -> None:
    assert fleet_file(OWNER, "acme", ALL, Selection(), {}) == (
        "# Made by `fluxbump fleet discover https://github.com/acme`.\n"
        "# Left out: archived 2, empty 1, forks 1.\n"
        "repositories:\n"
        "  - https://github.com/acme/a.git\n"
        "  - https://github.com/acme/b.git\n"
    )


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (Selection(archived=True), ["a", "b", "old"]),
        (Selection(forks=True), ["a", "b", "copy"]),
        (Selection(archived=True, forks=True), ["a", "b", "copy", "old", "old-copy"]),
    ],
)
def test_they_can_be_asked_for(selection: Selection, names: list[str]) -> None:
    text = fleet_file(OWNER, "acme", ALL, selection, {})
    entries = fleetfile.parse(text, "fleet.yaml", "/")
    assert [entry.repo for entry in entries] == [f"https://github.com/acme/{n}.git" for n in names]


@pytest.mark.parametrize(
    ("owner", "place", "path", "expected"),
    [
        ("https://acme.org/gitlab/o", "o", "o/p/r", "https://acme.org/gitlab/o/p/r.git"),
        ("https://gitlab.com/o/p/", "o/p", "o/p/q/r", "https://gitlab.com/o/p/q/r.git"),
        ("git@github.com:acme", "acme", "acme/r", "git@github.com:acme/r.git"),
        ("https://github.com/ACME", "ACME", "acme/r", "https://github.com/ACME/r.git"),
        ("https://github.com/acme", "acme", "acme/a: #b", "https://github.com/acme/a: #b.git"),
    ],
)
def test_urls_begin_as_that_of_the_owner(owner: str, place: str, path: str, expected: str) -> None:
    text = fleet_file(parse(owner)[0], place, [one(path)], Selection(), {})
    if "#" in expected:
        assert f'  - "{expected}"\n' in text
    else:
        assert [entry.repo for entry in fleetfile.parse(text, "fleet.yaml", "/")] == [expected]


def test_an_owner_without_repositories_is_an_empty_fleet() -> None:
    text = fleet_file(OWNER, "acme", [], Selection(), {})
    assert fleetfile.parse(text, "fleet.yaml", "/") == ()


@pytest.fixture
def gitea() -> Iterator[FakeGitea]:
    with FakeGitea({}.get) as running:
        running.organizations["acme"] = [Owned("acme/monorepo"), Owned("acme/old", archived=True)]
        yield running
    assert running.problems == []


def test_discovered_and_read_again(
    gitea: FakeGitea, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUXBUMP_TOKEN", gitea.token)
    found = cli("fleet", "discover", f"{gitea.url}/acme", "--forge", "gitea")
    assert found.code == 0, found.err
    (tmp_path / "fleet.yaml").write_text(found.out)
    assert found.out == (
        f"# Made by `fluxbump fleet discover {gitea.url}/acme`.\n"
        "# Left out: archived 1.\n"
        "repositories:\n"
        f"  - {gitea.url}/acme/monorepo.git\n"
        "defaults:\n"
        "  forge: gitea\n"
    )
    again = cli("fleet", "matrix", "fleet.yaml", "--shards", "1")
    assert again.code == 0, again.err


def test_in_a_job_of_the_forge_nothing_more_is_said(
    gitea: FakeGitea, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUXBUMP_TOKEN", gitea.token)
    monkeypatch.setenv("GITEA_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_SERVER_URL", gitea.url)
    found = cli("fleet", "discover", f"{gitea.url}/acme")
    assert found.code == 0, found.err
    # Where the file is used, the variables need not be there.
    assert found.out.endswith(f"defaults:\n  forge: gitea\n  forge_url: {gitea.url}\n")


def test_without_a_token_what_is_public_is_asked_for(gitea: FakeGitea, cli: Cli) -> None:
    refused = cli("fleet", "discover", f"{gitea.url}/acme", "--forge", "gitea")
    assert refused.code == 10
    assert "no token for 127.0.0.1" in refused.err
    assert "401" in refused.err
    assert "authorization" not in gitea.exchanges[0].call.headers


def test_what_is_asked_wrongly(cli: Cli) -> None:
    assert_refused(cli("fleet", "discover", "https://github.com"), 10, "names no organization")
    assert_refused(
        cli("fleet", "discover", "https://git.acme.org/o"),
        10,
        "git.acme.org",
        "use --forge with one of ",
    )
    assert_refused(cli("fleet", "fleet.yaml", "--forks"), 2, "options of fleet discover")
    assert_refused(
        cli("fleet", "discover", "https://github.com/acme", "--shards", "2"), 2, "fleet matrix"
    )
