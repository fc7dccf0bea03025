"""A token goes over https, or over http where the operator says so; git and REST alike.

The git server stands in for every host: where a URL is http, it is the proxy that leads there.
"""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from fixtures import states
from fluxbump.errors import RefusedError
from fluxbump.git.remote import Remote
from fluxbump.git.remote_errors import RemoteError
from fluxbump.git.token import Credential
from fluxbump.system.secret import Secret
from fluxbump.system.token_transport import http_hosts, is_safe
from tests import helpers
from tests.git_server import GitServer, Stage
from tests.helpers import Result
from tests.secrets import PLANTED

NAME = "team/flux.git"
PLAIN = f"http://forge.internal/{NAME}"
CREDENTIAL = Credential("bot", Secret(PLANTED), "a test")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return helpers.environment(tmp_path / "home")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "served") as running:
        running.create(NAME, states.files("aligned"))
        yield running


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made


@pytest.fixture
def safe_server(tmp_path: Path, authority: trustme.CA) -> Iterator[GitServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with GitServer(tmp_path / "safe", tls=context) as running:
        running.create(NAME, states.files("aligned"))
        yield running


def run(url: str, index: Path, environ: dict[str, str], **more: str) -> Result:
    arguments = ["run", "--repo", url, "--forge", "gitea", "--index", str(index), "--dry-run"]
    done = subprocess.run(
        [str(helpers.SCRIPT), *arguments],
        env={**environ, "FLUXBUMP_TOKEN": PLANTED, **more},
        capture_output=True,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


def through(server: GitServer) -> dict[str, str]:
    """Lead what is http to a server, as a proxy does."""
    return {"http_proxy": f"http://{server.host}", "no_proxy": ""}


def asks_rest(server: GitServer) -> bool:
    return any("/api/v1/" in request.target for request in server.authorised())


# --- http -------------------------------------------------------------------------------------


def test_a_token_does_not_leave_by_http(
    server: GitServer, environ: dict[str, str], index: Path
) -> None:
    result = run(PLAIN, index, environ, **through(server))
    assert result.code == 9
    assert result.err == (
        "error: fluxbump sends no token to http://forge.internal\n"
        "  http is not encrypted\n"
        "  use https, or --allow-http forge.internal if you trust the network\n"
    )
    assert server.requests == []


@pytest.mark.parametrize("hosts", ["forge.internal", "other:80, FORGE.internal"])
def test_the_operator_allows_it_for_both_transports(
    server: GitServer, environ: dict[str, str], index: Path, hosts: str
) -> None:
    run(PLAIN, index, environ, FLUXBUMP_ALLOW_HTTP=hosts, **through(server))
    assert server.came(Stage.FETCH)
    assert asks_rest(server)


def test_the_repository_cannot_allow_it(
    tmp_path: Path, environ: dict[str, str], index: Path
) -> None:
    config = "run: {allow_http: [forge.internal]}\n"
    with GitServer(tmp_path / "other") as server:
        server.create(NAME, {**states.files("aligned"), "fluxbump.yaml": config})
        assert run(PLAIN, index, environ, **through(server)).code == 9
        assert server.authorised() == []
        run(PLAIN, index, environ, FLUXBUMP_ALLOW_HTTP="forge.internal", **through(server))
        # With git let in, the key is what is wrong.
        assert not asks_rest(server)


def test_the_address_of_the_forge_is_checked_before_git_is_let_in(
    server: GitServer, environ: dict[str, str], index: Path
) -> None:
    arguments = ["run", "--repo", server.url(NAME), "--forge-url", "http://forge.internal"]
    done = subprocess.run(
        [str(helpers.SCRIPT), *arguments, "--forge", "gitea", "--index", str(index)],
        env={**environ, "FLUXBUMP_TOKEN": PLANTED},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 9
    assert server.requests == []


def test_what_git_knows_by_itself_does_not_leave_by_http_either(
    server: GitServer, environ: dict[str, str]
) -> None:
    answer = f"!printf 'username=bot\\npassword={PLANTED}\\n'"
    pairs = [("http.extraHeader", f"Authorization: Basic {PLANTED}"), ("credential.helper", answer)]
    own = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        own |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    told = {**environ, **own, **through(server)}
    with pytest.raises(RemoteError):
        Remote(None, PLAIN, environ=told).branches()
    assert server.requests
    assert server.authorised() == []


def test_no_way_to_make_a_remote_goes_past_it(environ: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        Remote(None, PLAIN, CREDENTIAL, environ=environ)
    with pytest.raises(RefusedError):
        Remote(None, "http://bot:t0ken@forge.internal/a.git", environ=environ)


def test_a_redirect_does_not_lead_from_https_to_http(
    tmp_path: Path, server: GitServer, safe_server: GitServer, environ: dict[str, str]
) -> None:
    query = "info/refs?service=git-upload-pack"
    safe_server.redirect(Stage.FETCH_REFS, f"{server.url(NAME)}/{query}")
    told = {**environ, "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
    with pytest.raises(RemoteError):
        Remote(None, safe_server.url(NAME), CREDENTIAL, environ=told).branches()
    assert safe_server.authorised()
    assert server.requests == []


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://forge.internal/", True),
        ("http://127.0.0.1:3000/", True),
        ("http://[::1]:3000/", True),
        ("http://localhost/", True),
        ("http://allowed/", True),
        ("http://allowed:3000/", True),
        ("http://port:3000/", True),
        ("http://port/", False),
        ("http://port:3001/", False),
        ("http://sub.allowed/", False),
        ("http://forge.internal/", False),
        ("http://allowed@forge.internal/", False),
        ("http://127.0.0.1.nip.io/", False),
    ],
)
def test_which_hosts(url: str, safe: bool) -> None:
    allowed = http_hosts({"FLUXBUMP_ALLOW_HTTP": " Allowed,port:3000,,"})
    assert is_safe(url, allowed) is safe


# --- certificates -----------------------------------------------------------------------------


def test_one_setting_lets_both_transports_trust_an_authority(
    tmp_path: Path, safe_server: GitServer, environ: dict[str, str], index: Path
) -> None:
    result = run(safe_server.url(NAME), index, environ, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
    assert safe_server.came(Stage.FETCH), result.err
    assert asks_rest(safe_server), result.err


@pytest.mark.parametrize("more", [{}, {"GIT_SSL_NO_VERIFY": "1"}])
def test_whom_nobody_vouches_for_gets_no_token(
    safe_server: GitServer, environ: dict[str, str], index: Path, more: dict[str, str]
) -> None:
    result = run(safe_server.url(NAME), index, environ, **more)
    assert result.code == 6
    assert "the certificate of https://127.0.0.1" in result.err
    assert "SSL_CERT_FILE" in result.err
    assert safe_server.requests == []


@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_a_setting_that_trusts_nobody_is_named_before_anything_is_sent(
    tmp_path: Path, safe_server: GitServer, environ: dict[str, str], index: Path,
    content: str | None,
) -> None:  # fmt: skip
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    result = run(safe_server.url(NAME), index, environ, SSL_CERT_FILE=str(file))
    assert result.code == 2
    assert result.err.startswith(f"error: SSL_CERT_FILE: cannot read '{file}': ")
    assert safe_server.requests == []
