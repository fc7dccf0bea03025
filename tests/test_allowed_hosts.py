"""What a member of a fleet may make us ask: servers that the operator allows, and no others."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import states
from fluxbump.config import file
from fluxbump.config.source_options import SourceOptions
from fluxbump.errors import RefusedError
from fluxbump.git import remote_url
from fluxbump.run.allowed_hosts import limits, require_allowed, require_own_forge, servers
from fluxbump.run.checkout import Asked
from tests import helpers
from tests.git_server import GitServer
from tests.secrets import PLANTED
from tests.web_server import WebServer

NAME = "team/flux.git"
OWN = "https://git.example.org:8443/team/flux.git"


def refused(text: str, remote: str = OWN, hosts: str = "", asked: Asked | None = None) -> str:
    """Return what is said against a fluxbump.yaml; empty if nothing is."""
    named = limits({"FLUXBUMP_ALLOW_HOSTS": hosts})
    assert named is not None
    url = remote_url.parse(remote)[0]
    try:
        require_allowed(file.parse(text), text, asked or Asked(), servers(named, url))
    except RefusedError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("line", "server"),
    [
        ("index: https://charts.internal/index.yaml", "charts.internal"),
        ("index: http://169.254.169.254/latest/", "169.254.169.254"),
        ("index: http://[fd00::1]:8080/", "[fd00::1]:8080"),
        ("index: oci://registry.internal:5000/charts/flux2", "registry.internal:5000"),
        ("index: https://git.example.org/", "git.example.org"),
        ("index: https://github.com:22/", "github.com:22"),
        ("index: https://github.com@charts.internal/", "charts.internal"),
        ("index: https://sub.github.com/", "sub.github.com"),
        ("releases: https://mirror.internal/flux", "mirror.internal"),
        ("operator_chart: oci://registry.internal/charts/flux-operator", "registry.internal"),
        ("index: https://githubusercontent.com.internal/", "githubusercontent.com.internal"),
        ("flux_repository: git@git.internal:fluxcd/flux2.git", "git.internal"),
        ("flux_repository: ssh://git.internal:2222/flux2.git", "git.internal:2222"),
        ("flux_repository: https://git.internal/flux2.git", "git.internal"),
    ],
)
def test_a_server_that_is_not_allowed_is_refused_at_its_line(line: str, server: str) -> None:
    key = line.partition(":")[0]
    assert refused(f"# ours\n\n{line}\n") == (
        f"fluxbump.yaml:3: {key} names {server}, which is not an allowed server "
        f"(allow it with --allow-host {server}, or in allow_hosts of the fleet's file)"
    )
    assert refused(f"{line}\n", hosts=f"other,{server.upper()}") == ""


@pytest.mark.parametrize("port", ["", ":9443"])
def test_the_forge_may_not_be_on_another_port_or_subdomain(port: str) -> None:
    host = f"git.example.org{port}" if port else "pages.git.example.org"
    text = f"run:\n  forge: gitea\n  forge_url: https://{host}\n"
    assert f"fluxbump.yaml:3: run.forge_url names {host}," in refused(text)


@pytest.mark.parametrize(
    ("url", "remote", "kind"),
    [
        ("https://git.example.org:8443/forge", OWN, "gitea"),
        ("https://git.example.org", "git@git.example.org:a/b", "gitlab"),
        ("https://git.example.org", "ssh://git@git.example.org:2222/a/b", "gitea"),
        ("https://api.github.com", "https://github.com/a/b", None),
        ("https://api.acme.ghe.com", "https://acme.ghe.com/a/b", None),
        ("https://dev.azure.com", "git@ssh.dev.azure.com:v3/a/b/c", None),
    ],
)
def test_a_file_may_name_the_forge_of_the_remote(url: str, remote: str, kind: str | None) -> None:
    require_own_forge(url, remote_url.parse(remote)[0], kind)


@pytest.mark.parametrize(
    ("url", "remote"),
    [
        ("https://git.example.org", OWN),
        ("https://git.example.org:9443", OWN),
        ("https://pages.git.example.org:8443", OWN),
        ("https://api.git.example.org:8443", OWN),
        ("https://git.example.org:8443", "git@git.example.org:a/b"),
        ("https://git.example.org:2222", "ssh://git@git.example.org:2222/a/b"),
        ("https://pages.github.com", "https://github.com/a/b"),
    ],
)
def test_a_file_may_name_no_other_port_or_subdomain(url: str, remote: str) -> None:
    with pytest.raises(RefusedError) as caught:
        require_own_forge(url, remote_url.parse(remote)[0], "gitea")
    assert caught.value.hint == f"to send the token there, use --forge-url {url}"


def test_release_notes_too() -> None:
    text = "run:\n  release_notes: https://notes.internal/releases\n"
    assert "fluxbump.yaml:2: run.release_notes names notes.internal," in refused(text)


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        ("{}\n", OWN),
        ("index: https://git.example.org:8443/raw/index.yaml\n", OWN),
        ("run: {forge: gitea, forge_url: 'https://git.example.org'}\n", "git@git.example.org:a/b"),
        ("run: {forge: gitea, forge_url: 'https://h'}\n", "ssh://git@h:2222/a/b"),
        ("index: oci://ghcr.io/fluxcd-community/charts/flux2\n", OWN),
        ("index: https://fluxcd-community.github.io/helm-charts\n", OWN),
        ("flux_repository: https://github.com/fluxcd/flux2\n", OWN),
        ("index: charts/index.yaml\nreleases: flux\nflux_repository: ./flux2\n", OWN),
        ("run: {release_notes: null}\n", OWN),
    ],
)
def test_what_is_usual_ours_or_a_file_is_allowed(text: str, remote: str) -> None:
    assert refused(text, remote) == ""


@pytest.mark.parametrize(
    "line",
    [
        "index: /srv/charts/index.yaml",
        "index: ../charts/index.yaml",
        "index: charts/../../index.yaml",
        "releases: /srv/flux",
        "releases: file:///srv/flux",
        "flux_repository: file:///srv/git/flux2.git",
        "flux_repository: ../flux2",
        "flux_repository: /srv/git/flux2.git",
    ],
)
def test_a_path_out_of_the_repository_is_refused(line: str) -> None:
    key = line.partition(":")[0]
    assert f"fluxbump.yaml:1: {key} names a path outside of the repository" in refused(line + "\n")


def test_what_the_operator_names_instead_is_not_asked_about() -> None:
    text = "index: https://a.internal/\nreleases: https://b.internal/\n"
    sources = SourceOptions(index="https://c.internal/", releases="https://d.internal/")
    assert refused(text, asked=Asked(sources=sources)) == ""


def test_without_a_word_of_the_operator_there_is_no_limit() -> None:
    assert limits({}) is None
    assert limits({"FLUXBUMP_ALLOW_HOSTS": ""}) == frozenset()
    assert limits({}, ("A.example.org",)) == frozenset({"a.example.org"})


# --- the commands -----------------------------------------------------------------------------


@pytest.fixture
def member(tmp_path: Path) -> Iterator[GitServer]:
    """A repository whose fluxbump.yaml names a server inside our network."""
    config = "# ours\nindex: http://charts.internal/index.yaml\n"
    with GitServer(tmp_path / "served") as server:
        server.create(NAME, {**states.files("aligned"), "fluxbump.yaml": config})
        yield server


def fluxbump(tmp_path: Path, proxy: WebServer, *words: str) -> subprocess.CompletedProcess[str]:
    home = helpers.environment(tmp_path / "home")
    return subprocess.run(
        [str(helpers.SCRIPT), *words, "--dry-run"],
        env={
            **home,
            "FLUXBUMP_TOKEN": PLANTED,
            "http_proxy": f"http://{proxy.host}",
            "no_proxy": "127.0.0.1",
        },
        capture_output=True,
        check=False,
        text=True,
    )


def asked(proxy: WebServer) -> list[str]:
    return [request.target for request in proxy.requests if "charts.internal" in request.target]


def test_a_fleet_asks_no_server_that_only_a_member_names(tmp_path: Path, member: GitServer) -> None:
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(f"repositories: ['{member.url(NAME)}']\ndefaults: {{forge: gitea}}\n")
    with WebServer() as proxy:
        done = fluxbump(tmp_path, proxy, "fleet", str(fleet))
        assert done.returncode == 1
        assert "fluxbump.yaml:2: index names charts.internal, which" in done.stdout
        assert asked(proxy) == []


@pytest.mark.parametrize("how", ["file", "option"])
def test_a_fleet_asks_what_its_operator_allows(tmp_path: Path, member: GitServer, how: str) -> None:
    allowed = "[charts.internal]" if how == "file" else "[]"
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(
        f"repositories: ['{member.url(NAME)}']\n"
        f"defaults: {{forge: gitea, allow_hosts: {allowed}}}\n"
    )
    words = ["--allow-host", "charts.internal"] if how == "option" else []
    with WebServer() as proxy:
        fluxbump(tmp_path, proxy, "fleet", str(fleet), *words)
        assert asked(proxy)


def test_a_run_alone_has_no_limit_unless_it_is_given_one(tmp_path: Path, member: GitServer) -> None:
    words = ["run", "--repo", member.url(NAME), "--forge", "gitea"]
    with WebServer() as proxy:
        fluxbump(tmp_path, proxy, *words, "--allow-host", "other")
        assert asked(proxy) == []
        fluxbump(tmp_path, proxy, *words)
        assert asked(proxy)
