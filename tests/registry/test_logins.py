"""Configurations of Docker and Helm as they are written, and credential helpers as they behave."""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from fluxbump.helm.registry import credential_helper, logins
from fluxbump.helm.registry.logins import FoundLogin, Logins, files
from tests.helpers import wait_for
from tests.secrets import PLANTED, leaks

HUB = "https://index.docker.io/v1/"


def code(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def found(home: Path, config: object, key: str = "ghcr.io") -> FoundLogin:
    """Look for a login in Docker's configuration."""
    path = home / ".docker" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(config if isinstance(config, bytes) else json.dumps(config).encode())
    return Logins({"HOME": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}"}).find(key)


def brief(result: FoundLogin) -> tuple[str, str] | None:
    assert leaks(repr(result), secret=PLANTED) == []
    login = result.login
    return (login.username, login.secret.reveal()) if login else None


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("https://ghcr.io/v2/", "ghcr.io"),
        ("http://GHCR.io/v1/", "ghcr.io"),
        ("localhost:5000", "localhost:5000"),
        (HUB, HUB),
        ("index.docker.io", HUB),
        ("docker.io", HUB),
        ("registry-1.docker.io", HUB),
    ],
)
def test_entries_are_found_however_they_are_written(
    tmp_path: Path, written: str, asked: str
) -> None:
    config = {"auths": {written: {"auth": code("me", PLANTED)}}}
    result = found(tmp_path, config, asked)
    assert brief(result) == ("me", PLANTED)
    assert result.login is not None
    assert result.login.source == str(tmp_path / ".docker" / "config.json")


@pytest.mark.parametrize(
    ("written", "asked"),
    [("ghcr.io", "io"), ("ghcr.io", "x.ghcr.io"), ("localhost:5000", "localhost:5001"),
     ("ghcr.io.example.org", "ghcr.io"), ("ghcr.io:443", "ghcr.io")],
)  # fmt: skip
def test_entries_of_others_are_not_taken(tmp_path: Path, written: str, asked: str) -> None:
    config = {"auths": {written: {"auth": code("me", PLANTED)}}}
    assert found(tmp_path, config, asked) == FoundLogin(None)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"auth": code("me", "a:b")}, ("me", "a:b")),
        ({"auth": code("me", "pw\0\0")}, ("me", "pw")),
        ({"username": "me", "password": "pw"}, ("me", "pw")),
        ({"auth": code("me", "pw"), "username": "other", "password": "x"}, ("me", "pw")),
        ({"identitytoken": PLANTED}, ("", PLANTED)),
        ({"auth": code("me", ""), "identitytoken": PLANTED}, ("", PLANTED)),
        ({}, None),
        ({"auth": ""}, None),
        ({"auth": code("", "pw")}, None),
        ({"auth": base64.b64encode(b"no colon").decode()}, None),
        ({"email": "me@example.org"}, None),
    ],
)
def test_what_an_entry_says(
    tmp_path: Path, entry: dict[str, str], expected: tuple[str, str] | None
) -> None:
    result = found(tmp_path, {"auths": {"ghcr.io": entry}})
    assert (brief(result), result.problems) == (expected, ())


@pytest.mark.parametrize("auth", ["!", "5", base64.b64encode(b"\xff:x").decode(), "ä"])
def test_an_entry_that_is_not_valid(tmp_path: Path, auth: str) -> None:
    result = found(tmp_path, {"auths": {"ghcr.io": {"auth": auth}}})
    assert result == FoundLogin(
        None, (f"{tmp_path}/.docker/config.json has an entry for ghcr.io that is not valid",)
    )


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (b"{", "is not a configuration of Docker or Helm"),
        (b"[]", "is not a configuration of Docker or Helm"),
        (b"\xff", "is not a configuration of Docker or Helm"),
        (b'{"auths":{"ghcr.io":{"auth":5}}}', "is not a configuration of Docker or Helm"),
        (b'{"auths":{"ghcr.io":5}}', "is not a configuration of Docker or Helm"),
        (b"[" * 100_000, "is not a configuration of Docker or Helm"),
        (b" " * (2 << 20), "is too large for a configuration"),
    ],
)
def test_a_file_of_no_use(tmp_path: Path, config: bytes, problem: str) -> None:
    assert found(tmp_path, config) == FoundLogin(
        None, (f"{tmp_path}/.docker/config.json {problem}",)
    )


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".docker" / "config.json").mkdir(parents=True)
    result = Logins({"HOME": str(tmp_path)}).find("ghcr.io")
    assert result.problems == (f"{tmp_path}/.docker/config.json cannot be read: Is a directory",)


@pytest.mark.parametrize("config", [b"", b" \n", {}, {"auths": {}}, {"psFormat": "x", "auths": {}}])
def test_a_file_without_logins(tmp_path: Path, config: object) -> None:
    assert found(tmp_path, config) == FoundLogin(None)


def test_which_files_are_read() -> None:
    home = {"HOME": "/home/me"}
    usual = "Library/Preferences" if sys.platform == "darwin" else ".config"
    docker = "/home/me/.docker/config.json"

    def paths(**environ: str) -> list[str]:
        return [str(path) for path in files({**home, **environ})]

    assert paths() == [f"/home/me/{usual}/helm/registry/config.json", docker]
    assert paths(XDG_CONFIG_HOME="/x") == ["/x/helm/registry/config.json", docker]
    assert paths(HELM_CONFIG_HOME="/h", XDG_CONFIG_HOME="/x") == ["/h/registry/config.json", docker]
    assert paths(HELM_REGISTRY_CONFIG="/r", HELM_CONFIG_HOME="/h") == ["/r", docker]
    assert paths(DOCKER_CONFIG="/d", HELM_REGISTRY_CONFIG="/r") == ["/r", "/d/config.json"]
    assert list(files({})) == []


def test_helm_s_own_login_comes_first(tmp_path: Path) -> None:
    helm = tmp_path / "helm.json"
    helm.write_text(json.dumps({"auths": {"ghcr.io": {"auth": code("helm", "pw")}}}))
    docker = tmp_path / "config.json"
    entries = {name: {"auth": code("docker", "pw")} for name in ("ghcr.io", "quay.io")}
    docker.write_text(json.dumps({"auths": entries}))
    both = Logins({"HELM_REGISTRY_CONFIG": str(helm), "DOCKER_CONFIG": str(tmp_path)})
    assert brief(both.find("ghcr.io")) == ("helm", "pw")
    assert brief(both.find("quay.io")) == ("docker", "pw")


# --- helpers ----------------------------------------------------------------------------------


def program(home: Path, script: str, name: str = "test") -> None:
    path = home / "bin" / f"docker-credential-{name}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def answer(username: str, secret: str) -> str:
    return f"""printf '%s' '{json.dumps({"Username": username, "Secret": secret})}'"""


def test_a_helper_of_one_registry_goes_before_the_store(tmp_path: Path) -> None:
    program(tmp_path, answer("one", "pw"), "one")
    program(tmp_path, answer("all", "pw"), "all")
    config: dict[str, object] = {"credsStore": "all", "credHelpers": {"ghcr.io": "one"}}
    assert brief(found(tmp_path, config)) == ("one", "pw")
    assert brief(found(tmp_path, config, "quay.io")) == ("all", "pw")
    assert brief(found(tmp_path, config, HUB)) == ("all", "pw")
    config["credHelpers"] = {"registry-1.docker.io": "one"}
    assert brief(found(tmp_path, config, HUB)) == ("one", "pw")


def test_a_helper_may_hold_an_identity_token(tmp_path: Path) -> None:
    program(tmp_path, answer("<token>", "identity"))
    result = found(tmp_path, {"credsStore": "test"})
    assert brief(result) == ("", "identity")
    assert result.login is not None
    assert result.login.source == "docker-credential-test"


@pytest.mark.parametrize(
    "script", ["echo credentials not found in native keychain; exit 1", answer("me", "")]
)
def test_a_helper_that_knows_none(tmp_path: Path, script: str) -> None:
    program(tmp_path, script)
    assert found(tmp_path, {"credsStore": "test"}) == FoundLogin(None)
    entries = {"ghcr.io": {"auth": code("me", "pw")}}
    assert brief(found(tmp_path, {"credsStore": "test", "auths": entries})) == ("me", "pw")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 1", "docker-credential-test fails with exit code 1"),
        ("kill -9 $$", "docker-credential-test fails with exit code -9"),
        ("echo hello", "docker-credential-test answers no login"),
        ("printf '\\377'", "docker-credential-test answers no login"),
        ("echo '[]'", "docker-credential-test answers no login"),
        ("""echo '{"Username": "me"}'""", "docker-credential-test answers no login"),
        (None, "docker-credential-test cannot be run: No such file or directory"),
    ],
)
def test_a_helper_of_no_use(tmp_path: Path, script: str | None, problem: str) -> None:
    if script is not None:
        program(tmp_path, script)
    result = found(tmp_path, {"credsStore": "test"})
    assert result == FoundLogin(None, (f"{tmp_path}/.docker/config.json names 'test': {problem}",))


@pytest.mark.parametrize("name", ["../evil", "a b", "/bin/sh", "-x", ".", "a\nb"])
def test_a_name_that_is_no_helper_is_not_run(tmp_path: Path, name: str) -> None:
    (problem,) = found(tmp_path, {"credsStore": name}).problems
    assert problem.endswith("that is no name for a credential helper")
    assert "\n" not in problem


def test_a_helper_is_asked_once(tmp_path: Path) -> None:
    program(tmp_path, f"echo x >> {tmp_path}/asked; {answer('me', 'pw')}")
    (tmp_path / "config.json").write_text('{"credsStore": "test"}')
    environ = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    asked = Logins(environ)
    assert asked.find("ghcr.io") is asked.find("ghcr.io")
    assert (tmp_path / "asked").read_text() == "x\n"


def test_a_helper_does_not_see_our_token(tmp_path: Path) -> None:
    program(tmp_path, f"env > {tmp_path}/env; {answer('me', 'pw')}")
    environ = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "FLUXBUMP_TOKEN": PLANTED, "A": "b"}
    assert logins.ask("test", "ghcr.io", environ) is not None
    assert leaks(tmp_path / "env") == []
    assert "A=b" in (tmp_path / "env").read_text()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exec sleep 100000", "gives no answer in 1 s"),
        ("sleep 100000; echo x", "gives no answer in 1 s"),
        ("yes", "printed more than 64 KiB"),
    ],
)
def test_a_helper_that_takes_too_much_is_ended(tmp_path: Path, script: str, message: str) -> None:
    program(tmp_path, f"echo $$ > {tmp_path}/pid; {script}")
    environ = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    with pytest.raises(ValueError, match=f"docker-credential-test {message}"):
        credential_helper.run(["docker-credential-test", "get"], b"", environ, seconds=1.0)
    group = int((tmp_path / "pid").read_text())
    wait_for(lambda: not exists(group))


def exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_a_helper_leaves_behind_is_not_waited_for(tmp_path: Path) -> None:
    program(tmp_path, f"sleep 100000 & echo $! > {tmp_path}/pid; {answer('me', 'pw')}")
    environ = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    assert logins.ask("test", "ghcr.io", environ) is not None
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)  # it is there: nobody waited
