"""Where the servers that a fleet's member may name lead to: redirects, archives, token services.

An allowed server is asked; `inside` is one of the operator's network that nobody allows.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import states
from fluxbump.config.settings import Settings
from fluxbump.config.source_options import SourceOptions
from fluxbump.errors import FluxbumpError, IndexSourceError
from fluxbump.flux.fetch_tags import FluxTags
from fluxbump.git import remote_url
from fluxbump.run import setup
from fluxbump.run.allowed_hosts import servers
from fluxbump.run.checkout import Asked
from fluxbump.sources import index_source
from fluxbump.system.allowed_servers import AllowedServers
from tests import helpers
from tests.git_server import GitServer, Stage
from tests.secrets import PLANTED
from tests.web_server import Answer, WebServer

ARCHIVE = b"archive"
MOVED = pytest.mark.parametrize("status", [301, 302, 303, 307, 308])


@pytest.fixture
def outside() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def inside() -> Iterator[WebServer]:
    with WebServer() as server:
        server.serve("/index.yaml", Answer(listing("flux2-2.14.1.tgz")))
        server.serve("/flux2-2.14.1.tgz", Answer(ARCHIVE))
        yield server


def listing(url: str) -> bytes:
    digest = hashlib.sha256(ARCHIVE).hexdigest()
    return (
        "apiVersion: v1\nentries:\n  flux2:\n"
        f"  - {{version: 2.14.1, appVersion: 2.4.0, digest: {digest}, urls: ['{url}']}}\n"
    ).encode()


def allowing(*named: WebServer) -> AllowedServers:
    return AllowedServers(frozenset(server.host for server in named))


def archive(settings: Settings, options: SourceOptions) -> bytes:
    """Read an index, and the archive that it names."""
    with index_source(options, settings, None, must_answer=True) as source:
        return source.archive(source.load().releases[0])


@MOVED
def test_an_index_redirects_to_no_other_server(
    outside: WebServer, inside: WebServer, status: int
) -> None:
    where = outside.serve(
        "/index.yaml", Answer(status=status, headers={"Location": inside.url("/index.yaml")})
    )
    options = SourceOptions(servers=allowing(outside))
    with pytest.raises(IndexSourceError) as caught:
        archive(Settings(index=where), options)
    assert str(caught.value) == (
        f"cannot read the chart index {where}: it redirects to {inside.host}, which is not an "
        f"allowed server (allow it with --allow-host {inside.host})"
    )
    assert inside.requests == []


def test_an_archive_is_on_no_other_server(outside: WebServer, inside: WebServer) -> None:
    where = outside.serve("/index.yaml", Answer(listing(inside.url("/flux2-2.14.1.tgz"))))
    with pytest.raises(IndexSourceError, match=f"{inside.host} is not an allowed server"):
        archive(Settings(index=where), SourceOptions(servers=allowing(outside)))
    assert inside.requests == []


def test_an_archive_redirects_to_no_other_server(outside: WebServer, inside: WebServer) -> None:
    where = outside.serve("/index.yaml", Answer(listing("a.tgz")))
    moved = {"Location": inside.url("/flux2-2.14.1.tgz")}
    outside.serve("/a.tgz", Answer(status=302, headers=moved))
    with pytest.raises(IndexSourceError, match=f"it redirects to {inside.host}, which"):
        archive(Settings(index=where), SourceOptions(servers=allowing(outside)))
    assert inside.requests == []


def test_a_registry_sends_to_no_other_token_service(outside: WebServer, inside: WebServer) -> None:
    wants = {"WWW-Authenticate": f'Bearer realm="{inside.url("/token")}",service="s"'}
    outside.serve("/v2/charts/flux2/tags/list", Answer(status=401, headers=wants))
    spec = f"oci://{outside.host}/charts/flux2"
    with pytest.raises(FluxbumpError, match=f"{inside.host} is not an allowed server"):
        archive(Settings(index=spec), SourceOptions(servers=allowing(outside)))
    assert len(outside.requests) == 1
    assert inside.requests == []


def test_what_the_operator_allows_is_followed(outside: WebServer, inside: WebServer) -> None:
    where = outside.serve(
        "/index.yaml", Answer(status=302, headers={"Location": inside.url("/index.yaml")})
    )
    outside.serve(
        "/flux2-2.14.1.tgz",
        Answer(status=302, headers={"Location": inside.url("/flux2-2.14.1.tgz")}),
    )
    options = SourceOptions(servers=allowing(outside, inside))
    assert archive(Settings(index=where), options) == ARCHIVE
    # Of an index that the operator names, it is the operator's business where it leads.
    options = SourceOptions(index=where, servers=allowing())
    assert archive(Settings(index="https://charts.invalid"), options) == ARCHIVE
    # Without a limit there is none.
    assert archive(Settings(index=where), SourceOptions()) == ARCHIVE


def test_the_stores_of_github_are_where_its_redirects_lead() -> None:
    allowed = servers((), remote_url.parse("https://git.example.org/a.git")[0])
    for usual in (
        "release-assets.githubusercontent.com",
        "objects.githubusercontent.com",
        "pkg-containers.githubusercontent.com",
        "fluxcd-community.github.io",
        "github.com",
        "ghcr.io",
        "git.example.org",
    ):
        assert allowed.allows(usual)
    for other in (
        "githubusercontent.com.example.org",
        "xgithubusercontent.com",
        "release-assets.githubusercontent.com:8443",
        "evil.github.io",
        "127.0.0.1",
        "",
    ):
        assert not allowed.allows(other)


@pytest.mark.parametrize("redirects", [True, False])
def test_a_repository_of_tags_redirects_to_no_other_server(tmp_path: Path, redirects: bool) -> None:
    with (
        GitServer(tmp_path / "a", token=None) as first,
        GitServer(tmp_path / "b", token=None) as to,
    ):
        for server in (first, to):
            server.create("flux2.git", {"a.txt": "a\n"})
            git = ["git", "-C", str(server.root / "flux2.git"), "tag", "v2.5.1", "main"]
            subprocess.run(git, check=True)
        there = f"{to.url('flux2.git')}/info/refs?service=git-upload-pack"
        first.redirect(Stage.FETCH_REFS, there)
        environ = helpers.environment(tmp_path / "home")
        tags = FluxTags(tmp_path, first.url("flux2.git"), environ=environ, redirects=redirects)
        if redirects:
            assert [str(version) for version in tags.released().releases] == ["2.5.1"]
        else:
            with pytest.raises(FluxbumpError):
                tags.released()
        assert bool(to.requests) == redirects


# --- the commands -----------------------------------------------------------------------------


def fleet(tmp_path: Path, config: str, more: str = "") -> subprocess.CompletedProcess[str]:
    """Rehearse a fleet whose only member has this fluxbump.yaml."""
    with GitServer(tmp_path / "served") as server:
        server.create("team/flux.git", {**states.files("aligned"), "fluxbump.yaml": config})
        written = tmp_path / "fleet.yaml"
        written.write_text(
            f"repositories: ['{server.url('team/flux.git')}']\ndefaults: {{forge: gitea{more}}}\n"
        )
        return subprocess.run(
            [str(helpers.SCRIPT), "fleet", str(written), "--dry-run"],
            env={**helpers.environment(tmp_path / "home"), "FLUXBUMP_TOKEN": PLANTED},
            capture_output=True,
            check=False,
            text=True,
        )


def test_a_fleet_follows_a_member_to_no_other_server(
    tmp_path: Path, outside: WebServer, inside: WebServer
) -> None:
    where = outside.serve(
        "/index.yaml", Answer(status=302, headers={"Location": inside.url("/index.yaml")})
    )
    done = fleet(tmp_path, f"index: {where}\n", f", allow_hosts: ['{outside.host}']")
    assert done.returncode == 1
    assert f"it redirects to {inside.host}, which is not an allowed server" in done.stdout
    assert outside.requests
    assert inside.requests == []


def test_a_fleet_follows_its_operator(
    tmp_path: Path, outside: WebServer, inside: WebServer
) -> None:
    where = outside.serve(
        "/index.yaml", Answer(status=302, headers={"Location": inside.url("/index.yaml")})
    )
    fleet(tmp_path, "{}\n", f", index: '{where}'")
    assert inside.requests


@pytest.mark.parametrize("limited", [True, False])
def test_release_notes_redirect_to_no_other_server(
    tmp_path: Path, outside: WebServer, inside: WebServer, limited: bool
) -> None:
    inside.serve("/v2.5.1", Answer(b'{"body": "news"}'))
    moved = {"Location": inside.url("/v2.5.1")}
    notes = outside.serve("/notes/v2.5.1", Answer(status=302, headers=moved))
    config = f"run: {{release_notes: '{notes.removesuffix('/v2.5.1')}'}}\n"
    environ = {**helpers.environment(tmp_path / "home"), "FLUXBUMP_TOKEN": PLANTED}
    with GitServer(tmp_path / "served") as server:
        server.create("team/flux.git", {**states.files("aligned"), "fluxbump.yaml": config})
        asked = Asked(
            repository=server.url("team/flux.git"),
            forge="gitea",
            allow_hosts=(outside.host,) if limited else (),
        )
        with setup.opened(asked, environ) as place:
            assert place.notes(("2.5.1",)) == ({} if limited else {"2.5.1": "news"})
    assert outside.requests
    assert bool(inside.requests) != limited
