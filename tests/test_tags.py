"""Which releases exist, by the tags of a real repository."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from semver import Version

from fluxbump.errors import RepositoryError, UsageError
from fluxbump.flux import parse_tags
from fluxbump.flux.fetch_tags import FluxTags
from tests.git_server import GitServer, Stage
from tests.helpers import Repo, environment, repository
from tests.secrets import PLANTED, leaks

NOW = 1_800_000_000.0
SHA = "0123456789" * 4


def versions(*texts: str) -> tuple[Version, ...]:
    return tuple(map(Version.parse, texts))


# --- what git prints --------------------------------------------------------------------------


def test_releases_are_sorted_by_version_not_text() -> None:
    tags = ("v2.9.0", "v2.10.0", "v2.10.0-rc.1", "v0.41.2", "v2.10.0^{}")
    listed = "".join(f"{SHA}\trefs/tags/{tag}\n" for tag in tags)
    assert parse_tags.parse(listed) == versions("2.10.0", "2.10.0-rc.1", "2.9.0", "0.41.2")


@pytest.mark.parametrize(
    "line",
    [
        f"{SHA}\trefs/tags/2.5.1",
        f"{SHA}\trefs/tags/v2.5",
        f"{SHA}\trefs/tags/v2.5.1.0",
        f"{SHA}\trefs/tags/action/v2.5.1",
        f"{SHA}\trefs/heads/v2.5.1",
        f"{SHA}\tv2.5.1",
        f"{SHA} refs/tags/v2.5.1",
        "\trefs/tags/v2.5.1",
        "fatal: refs/tags/v2.5.1",
        "",
    ],
)
def test_other_lines_are_passed_over(line: str) -> None:
    assert parse_tags.parse(f"{line}\n{SHA}\trefs/tags/v1.0.0") == versions("1.0.0")


def test_the_commit_of_a_release_is_the_one_behind_its_tag() -> None:
    other = "f" * 40
    listed = f"{SHA}\trefs/tags/v2.5.1\n{other}\trefs/tags/v2.5.1^{{}}\n{SHA}\trefs/tags/v2.5.0\n"
    assert parse_tags.commits(listed) == {"2.5.1": other, "2.5.0": SHA}


def test_names_of_sha256_repositories() -> None:
    assert parse_tags.parse(f"{'a' * 64}\trefs/tags/v1.0.0") == versions("1.0.0")


# --- a repository -----------------------------------------------------------------------------


@pytest.fixture
def upstream(tmp_path: Path, index: Path) -> Repo:
    repo = repository(tmp_path / "flux2", {"README.md": "x\n"}, index)
    repo.git("tag", "v2.4.0")
    repo.git("tag", "--annotate", "--message", "x", "v2.5.1")
    repo.git("tag", "nightly")
    return repo


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> float:
        return self.time


def opened(
    tmp_path: Path, url: str | Path, clock: Clock | None = None, *, offline: bool = False
) -> FluxTags:
    return FluxTags(
        tmp_path / "cache",
        str(url),
        offline=offline,
        environ=environment(tmp_path),
        now=clock or Clock(),
    )


def test_the_tags_are_read_and_kept_for_an_hour(tmp_path: Path, upstream: Repo) -> None:
    clock = Clock()
    first = opened(tmp_path, upstream.path, clock).released()
    assert first.releases == versions("2.5.1", "2.4.0")
    assert (first.read, first.is_old) == (NOW, False)
    assert first.source == upstream.path.as_uri()
    upstream.git("tag", "v2.6.0")
    clock.time += 3599
    assert opened(tmp_path, upstream.path, clock).released() == first
    clock.time += 1
    later = opened(tmp_path, upstream.path, clock).released()
    assert later.releases == versions("2.6.0", "2.5.1", "2.4.0")
    assert later.read == NOW + 3600


def test_a_clock_that_was_put_back(tmp_path: Path, upstream: Repo) -> None:
    opened(tmp_path, upstream.path).released()
    upstream.git("tag", "v2.6.0")
    clock = Clock()
    clock.time -= 10
    assert len(opened(tmp_path, upstream.path, clock).released().releases) == 3


def test_offline_takes_what_is_kept(tmp_path: Path, upstream: Repo) -> None:
    with pytest.raises(RepositoryError) as caught:
        opened(tmp_path, upstream.path, offline=True).released()
    assert str(caught.value) == (
        f"the tags of {upstream.path.as_uri()} are not in the cache, and offline "
        "(run once without --offline)"
    )
    first = opened(tmp_path, upstream.path).released()
    clock = Clock()
    assert opened(tmp_path, upstream.path, clock, offline=True).released() == first
    clock.time += 1_000_000
    old = opened(tmp_path, upstream.path, clock, offline=True).released()
    assert (old.releases, old.is_old) == (first.releases, True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """A remote that wants a token, with one release."""
    with GitServer(tmp_path / "served") as running:
        bare = running.create("flux2.git", {"README.md": "x\n"})
        command = ["git", "--git-dir", str(bare), "tag", "v2.5.1"]
        subprocess.run(command, env=environment(tmp_path), check=True)
        yield running


def test_a_remote_that_is_away_leaves_what_is_kept(tmp_path: Path, server: GitServer) -> None:
    clock = Clock()
    url = server.url("flux2.git", user="me", password=PLANTED)
    assert opened(tmp_path, url, clock).released().releases == versions("2.5.1")
    server.refuse(Stage.FETCH_REFS, 503, always=True)
    clock.time += 7200
    found = opened(tmp_path, url, clock).released()
    assert (found.releases, found.read, found.is_old) == (versions("2.5.1"), NOW, True)
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(RepositoryError, match="cannot be reached") as caught:
        opened(tmp_path, url, clock).released()
    assert leaks(str(caught.value)) == []


def test_a_token_is_not_kept_and_not_shown(tmp_path: Path, server: GitServer) -> None:
    url = server.url("flux2.git", user="me", password=PLANTED)
    found = opened(tmp_path, url).released()
    assert found.source == server.url("flux2.git")
    assert leaks(repr(found), tmp_path / "cache") == []
    with pytest.raises(RepositoryError) as caught:
        opened(tmp_path, server.url("other.git", user="me", password=PLANTED)).released()
    assert leaks(str(caught.value)) == []


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"read":1,"releases":["x"]}', b"\xff"])
def test_what_is_damaged_is_read_again(tmp_path: Path, upstream: Repo, damage: bytes) -> None:
    opened(tmp_path, upstream.path).released()
    (kept,) = (tmp_path / "cache" / "tags").iterdir()
    kept.write_bytes(damage)
    assert len(opened(tmp_path, upstream.path).released().releases) == 2


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, upstream: Repo) -> None:
    (tmp_path / "cache").write_text("a file")
    assert len(opened(tmp_path, upstream.path).released().releases) == 2


def test_a_repository_without_releases(tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "other", {"a": "x"}, index)
    repo.git("tag", "v2")
    with pytest.raises(RepositoryError, match="has no tag that is a release of Flux") as caught:
        opened(tmp_path, repo.path).released()
    assert caught.value.exit_code == 6
    assert not (tmp_path / "cache").exists()


def test_a_repository_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="does not exist"):
        opened(tmp_path, tmp_path / "nowhere").released()


def test_a_url_that_git_may_not_have(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names a helper program"):
        opened(tmp_path, "ext::sh -c touch% x")
