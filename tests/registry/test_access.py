"""Who is let in: passwords and tokens, and where they go."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fluxbump.errors import IndexSourceError
from tests.registry.conftest import Source
from tests.registry.front import Answered, Asked, Front
from tests.registry.running import (
    CHART_CONFIG,
    CHART_CONTENT,
    CHARTS,
    PASSWORD,
    USER,
    Running,
    running,
)
from tests.registry.token_service import IDENTITY, SERVICE, TokenService
from tests.secrets import leaks
from tests.tools import need_helm
from tests.web_server import Answer, WebServer

PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
RELEASES = {"2.14.1": "2.4.0", "2.15.0": "2.5.1"}

Environ = Mapping[str, str]


def docker(home: Path, config: Mapping[str, object]) -> Environ:
    """Write Docker's configuration; return the environment in which it counts."""
    path = home / ".docker" / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))
    return {"HOME": str(home), "PATH": os.environ["PATH"]}


def auths(host: str, **entry: str) -> dict[str, object]:
    return {"auths": {host: entry or {"auth": PAIR}}}


def failure(source: Source, spec: str, environ: Environ) -> str:
    with pytest.raises(IndexSourceError) as caught:
        source(spec, environ=environ).load()
    said = str(caught.value)
    assert "\n" not in said
    assert leaks(said) == []
    return said


def works(source: Source, spec: str, environ: Environ) -> bool:
    found = source(spec, environ=environ).load()
    return {str(one.version): str(one.app_version) for one in found.releases} == RELEASES


# --- a name and a password --------------------------------------------------------------------


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Running]:
    """A registry that wants a name and a password, with charts."""
    with running(tmp_path / "closed", auth="htpasswd") as found:
        found.push_charts(RELEASES)
        yield found


def test_nobody_is_let_in_without_a_login(closed: Running, source: Source, tmp_path: Path) -> None:
    assert failure(source, closed.spec(), {"HOME": str(tmp_path)}) == (
        f"{closed.spec()}: the registry has no such repository, or shows it only after a login "
        f"(check the path, or log in: helm registry login {closed.host})"
    )


def test_docker_s_login_is_taken(closed: Running, source: Source, tmp_path: Path) -> None:
    assert works(source, closed.spec(), docker(tmp_path, auths(closed.host)))
    elsewhere = {"HOME": "/nonexistent", "DOCKER_CONFIG": str(tmp_path / ".docker")}
    assert works(source, closed.spec(), elsewhere)


def test_a_login_that_is_refused(closed: Running, source: Source, tmp_path: Path) -> None:
    wrong = base64.b64encode(f"{USER}:no{PASSWORD}".encode()).decode()
    environ = docker(tmp_path, auths(closed.host, auth=wrong))
    assert failure(source, closed.spec(), environ) == (
        f"{closed.spec()}: the registry refuses the login from {tmp_path}/.docker/config.json "
        f"(log in again: helm registry login {closed.host})"
    )


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
def test_what_helm_registry_login_keeps_is_taken(
    closed: Running, source: Source, tmp_path: Path, helm: str
) -> None:
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [str(need_helm(helm)), "registry", "login", closed.host]
    command += ["--username", USER, "--password-stdin"]
    command += ["--plain-http"] if helm == "helm4" else []  # Helm 3 sees that it is this machine
    done = subprocess.run(
        command, env=environ, input=PASSWORD.encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert works(source, closed.spec(), environ)
    kept = tmp_path / ".config" / "helm" / "registry" / "config.json"
    assert works(source, closed.spec(), {"HELM_REGISTRY_CONFIG": str(kept)})
    assert works(source, closed.spec(), {"HELM_CONFIG_HOME": str(kept.parents[1])})
    assert works(source, closed.spec(), {"XDG_CONFIG_HOME": str(kept.parents[2])})


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_credential_helper_is_asked(
    closed: Running, source: Source, tmp_path: Path, key: str
) -> None:
    answer = json.dumps({"ServerURL": closed.host, "Username": USER, "Secret": PASSWORD})
    environ = helper(tmp_path, f"cat > {tmp_path}/asked; cat <<'END'\n{answer}\nEND")
    name: object = "test" if key == "credsStore" else {closed.host: "test"}
    docker(tmp_path, {key: name, "auths": {closed.host: {}}})
    assert works(source, closed.spec(), environ)
    assert (tmp_path / "asked").read_text() == f"{closed.host}\n"


def helper(home: Path, script: str) -> Environ:
    """Put the helper called `test` on PATH."""
    path = home / "bin" / "docker-credential-test"
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\ntest "$1" = get || exit 3\n{script}\n')
    path.chmod(0o755)
    return {"HOME": str(home), "PATH": f"{path.parent}:{os.environ['PATH']}"}


def test_a_helper_that_fails_is_named(closed: Running, source: Source, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PASSWORD)
    environ = helper(tmp_path, f"cat {tmp_path}/secret; cat {tmp_path}/secret >&2; exit 4")
    docker(tmp_path, {"credsStore": "test"})
    assert (
        f"; {tmp_path}/.docker/config.json names 'test': "
        "docker-credential-test fails with exit code 4 (check the path, or log in: "
    ) in failure(source, closed.spec(), environ)


def test_the_login_stays_out_of_everything(closed: Running, source: Source, tmp_path: Path) -> None:
    environ = docker(tmp_path / "home", auths(closed.host))
    assert works(source, closed.spec(), environ)
    assert leaks(tmp_path / "cache") == []
    assert leaks(str(environ)) == []


def test_a_redirect_to_another_host_takes_no_login_along(source: Source, tmp_path: Path) -> None:
    config = b'{"name":"flux2","version":"2.15.0","appVersion":"2.5.1"}'
    with WebServer() as elsewhere:
        middleware = {"storage": [{"name": "redirect", "options": {"baseurl": elsewhere.url("")}}]}
        with running(tmp_path / "r", auth="htpasswd", middleware=middleware) as registry:
            registry.push(
                "charts/flux2", "2.15.0", {CHART_CONTENT: b"a"}, config=(CHART_CONFIG, config)
            )
            for data in (config, b"a"):
                name = hashlib.sha256(data).hexdigest()
                path = f"/docker/registry/v2/blobs/sha256/{name[:2]}/{name}/data"
                elsewhere.serve(path, Answer(data))
            opened = source(registry.spec(), environ=docker(tmp_path, auths(registry.host)))
            assert opened.archive(opened.load().releases[0]) == b"a"
    assert len(elsewhere.requests) == 2
    assert not any("authorization" in asked.headers for asked in elsewhere.requests)


def test_what_a_storage_server_asks_for_is_not_brought_in(source: Source, tmp_path: Path) -> None:
    config = b'{"name":"flux2","version":"2.15.0","appVersion":"2.5.1"}'
    with WebServer() as elsewhere:
        wants = {"WWW-Authenticate": f'Bearer realm="{elsewhere.url("/token")}"'}
        name = hashlib.sha256(config).hexdigest()
        path = f"/docker/registry/v2/blobs/sha256/{name[:2]}/{name}/data"
        elsewhere.serve(path, Answer(status=401, headers=wants))
        middleware = {"storage": [{"name": "redirect", "options": {"baseurl": elsewhere.url("")}}]}
        with running(tmp_path / "r", auth="htpasswd", middleware=middleware) as registry:
            registry.push(
                "charts/flux2", "2.15.0", {CHART_CONTENT: b"a"}, config=(CHART_CONFIG, config)
            )
            environ = docker(tmp_path, auths(registry.host))
            said = failure(source, registry.spec(), environ)
    assert said == (
        f"{registry.spec()}: the server that it redirects to answers HTTP 401 (try again later)"
    )
    assert [asked.target for asked in elsewhere.requests] == [path]


# --- tokens -----------------------------------------------------------------------------------


@pytest.fixture
def tokens() -> Iterator[TokenService]:
    with TokenService() as found:
        yield found


@pytest.fixture
def guarded(tmp_path: Path, tokens: TokenService) -> Iterator[Front]:
    """A registry that wants a token, with charts, and what records who asks it for what."""
    (tmp_path / "keys").mkdir()
    with running(tmp_path / "guarded", auth=tokens.config(tmp_path / "keys")) as found:
        login = replace(found, login=True)
        login.push_charts(RELEASES)
        tokens.questions.clear()
        with Front(found.host) as front:
            yield front


def spec(front: Front) -> str:
    return f"oci://{front.host}/{CHARTS}/flux2"


def test_anybody_gets_a_token_to_read(
    guarded: Front, tokens: TokenService, source: Source, tmp_path: Path
) -> None:
    assert works(source, spec(guarded), {"HOME": str(tmp_path)})
    (question,) = tokens.questions
    assert (question.method, question.who) == ("GET", "")
    assert question.form == {"service": [SERVICE], "scope": ["repository:charts/flux2:pull"]}
    sent = [asked.headers.get("authorization", "") for asked in guarded.asked]
    assert sent[0] == ""
    assert len(set(sent[1:])) == 1
    assert sent[1].startswith("Bearer ")


def test_a_login_is_changed_for_a_token(
    guarded: Front, tokens: TokenService, source: Source, tmp_path: Path
) -> None:
    tokens.open = False
    assert works(source, spec(guarded), docker(tmp_path, auths(guarded.host)))
    assert [question.who for question in tokens.questions] == [USER]
    assert tokens.questions[0].headers["authorization"] == f"Basic {PAIR}"
    sent = "".join(asked.headers.get("authorization", "") for asked in guarded.asked)
    assert PAIR not in sent


def test_an_identity_token_is_changed_for_a_token(
    guarded: Front, tokens: TokenService, source: Source, tmp_path: Path
) -> None:
    tokens.open = False
    environ = docker(tmp_path, auths(guarded.host, identitytoken=IDENTITY))
    assert works(source, spec(guarded), environ)
    (question,) = tokens.questions
    assert (question.method, question.who) == ("POST", USER)
    assert question.form == {
        "grant_type": ["refresh_token"],
        "client_id": ["fluxbump"],
        "service": [SERVICE],
        "scope": ["repository:charts/flux2:pull"],
        "refresh_token": [IDENTITY],
    }


def test_a_token_that_has_run_out_is_renewed(
    guarded: Front, tokens: TokenService, source: Source, tmp_path: Path
) -> None:
    opened = source(spec(guarded), environ={"HOME": str(tmp_path)})
    release = opened.load().releases[0]
    first = guarded.asked[-1].headers["authorization"]

    def run_out(asked: Asked, answered: Answered) -> Answered:
        if asked.headers.get("authorization") != first:
            return answered
        realm = f'Bearer realm="http://{tokens.host}/token",service="{SERVICE}"'
        return replace(answered, status=401).header("WWW-Authenticate", realm)

    guarded.spoil = run_out
    assert hashlib.sha256(opened.archive(release)).hexdigest() == release.digest
    assert len(tokens.questions) == 2


def test_who_gets_no_token_is_told(
    guarded: Front, tokens: TokenService, source: Source, tmp_path: Path
) -> None:
    tokens.open = False
    assert "or shows it only after a login (check the path, or log in" in failure(
        source, spec(guarded), {"HOME": str(tmp_path)}
    )
    wrong = docker(tmp_path, auths(guarded.host, username=USER, password=f"no{PASSWORD}"))
    assert "the registry refuses the login from" in failure(source, spec(guarded), wrong)


def test_a_login_is_not_sent_along_with_a_redirect(
    guarded: Front, tokens: TokenService, source: Source, tmp_path: Path
) -> None:
    with WebServer() as elsewhere:
        elsewhere.serve("/token", Answer(b'{"token":"t"}'))
        with WebServer() as service:
            target = elsewhere.url("/token")
            service.serve("/token", Answer(status=307, headers={"Location": target}))
            realm = f'Bearer realm="{service.url("/token")}",service="s"'
            guarded.spoil = lambda _, answered: replace(answered, status=401).header(
                "WWW-Authenticate", realm
            )
            environ = docker(tmp_path, auths(guarded.host, identitytoken=IDENTITY))
            assert "refuses the login" in failure(source, spec(guarded), environ)
            assert len(service.requests) == 1
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        ('Bearer realm="http://token.example.org/t"', "no https URL where a token can be asked"),
        ('Bearer realm="file:///etc/passwd"', "no https URL where a token can be asked"),
        ("Bearer service=x", "no https URL where a token can be asked"),
        ("Negotiate", "takes neither a token nor a password"),
        ("", "takes neither a token nor a password"),
    ],
)
def test_a_challenge_that_is_not_met(
    guarded: Front, source: Source, tmp_path: Path, challenge: str, words: str
) -> None:
    guarded.spoil = lambda _, answered: replace(answered, status=401).header(
        "WWW-Authenticate", challenge
    )
    environ = docker(tmp_path, auths(guarded.host))
    assert words in failure(source, spec(guarded), environ)


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"<html>", b'{"token":"a\\nb"}', b'{"token":""}'])
def test_a_token_service_that_answers_no_token(
    guarded: Front, source: Source, tmp_path: Path, answer: bytes
) -> None:
    with WebServer() as service:
        realm = f'Bearer realm="{service.serve("/t", Answer(answer))}"'
        guarded.spoil = lambda _, answered: replace(answered, status=401).header(
            "WWW-Authenticate", realm
        )
        said = failure(source, spec(guarded), {"HOME": str(tmp_path)})
    assert "without a token" in said or "is not a token" in said
