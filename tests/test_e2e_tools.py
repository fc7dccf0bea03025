"""What `make e2e` needs, without the API server."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trustme
from semver import Version

from tests.e2e import build, flux_migrate_cli, kubeconfig, link
from tests.helpers import ROOT
from tests.web_server import Answer, WebServer

# --- the build --------------------------------------------------------------------------------


@pytest.fixture
def nothing_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(build.CHOICE, raising=False)
    monkeypatch.setattr(build, "path", lambda _: tmp_path / "none")


@pytest.mark.usefixtures("nothing_built")
def test_without_a_server_a_test_is_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(flux_migrate_cli.REQUIRE, raising=False)
    with pytest.raises(
        pytest.skip.Exception, match=r"no API server of Kubernetes 1\.37: run `make"
    ):
        build.need()


@pytest.mark.usefixtures("nothing_built")
def test_without_a_server_a_test_fails_where_one_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(flux_migrate_cli.REQUIRE, "1")
    with pytest.raises(pytest.fail.Exception, match="no API server"):
        build.need()


@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)])
def test_without_go_nothing_is_built(tmp_path: Path, required: str, code: int) -> None:
    program = "from pathlib import Path; from tests.e2e import build; "
    program += f"build.path = lambda _: Path({str(tmp_path / 'none')!r}); "
    program += "raise SystemExit(build.main(['1.37']))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": str(tmp_path), flux_migrate_cli.REQUIRE: required},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "no API server: go is not installed\n")


def test_a_server_that_nobody_knows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(build.CHOICE, "1.9")
    with pytest.raises(pytest.fail.Exception, match=r"1\.9: say one of 1\.37, 1\.32"):
        build.need()
    assert build.main(["1.9"]) == 2
    assert capsys.readouterr().err == "no API server of 1.9: say one of 1.37, 1.32\n"


@pytest.mark.parametrize("kubernetes", build.MODULES)
def test_the_modules_are_those_of_the_kubernetes(kubernetes: str) -> None:
    assert build.version(kubernetes).startswith(f"v{kubernetes}.")


def test_another_source_is_another_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = build.path("1.37", tmp_path)
    assert first == build.path("1.37", tmp_path)
    (tmp_path / "go.mod").write_text("module other\n")
    (tmp_path / "kubectl").mkdir()
    for name in ("main.go", "kubectl/main.go", "go.sum"):
        os.link(build.SOURCE / name, tmp_path / name)
    monkeypatch.setattr(build, "SOURCE", tmp_path)
    assert build.path("1.37", tmp_path) != first


def test_without_flux_a_test_is_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(flux_migrate_cli.REQUIRE, raising=False)
    monkeypatch.setattr(flux_migrate_cli, "path", lambda: tmp_path / "none")
    with pytest.raises(pytest.skip.Exception, match="no command line of Flux: run `make e2e`"):
        flux_migrate_cli.need()


def test_the_flux_that_is_built_has_flux_migrate() -> None:
    assert Version.parse(flux_migrate_cli.version()) >= Version(2, 7, 0)


# --- the link ---------------------------------------------------------------------------------


def test_a_slow_link_hands_on_what_comes() -> None:
    with WebServer() as web:
        web.serve("/version", Answer(b"{}"))
        place = urlsplit(web.url(""))
        assert place.hostname
        assert place.port
        with link.slow(place.hostname, place.port) as port:
            started = time.monotonic()
            answer = httpx.get(f"http://127.0.0.1:{port}/version", trust_env=False)
    assert answer.json() == {}
    assert time.monotonic() - started >= link.DELAY


# --- the kubeconfig ---------------------------------------------------------------------------


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def serving(authority: trustme.CA, asks: ssl.VerifyMode) -> Iterator[WebServer]:
    """Serve over TLS, and ask clients for a certificate or not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = asks
    with WebServer(tls=context) as running:
        running.serve("/version", Answer(b"{}"))
        yield running


def config(cluster: dict[str, Any], user: dict[str, Any]) -> str:
    return json.dumps(
        {
            "current-context": "b",
            "contexts": [
                {"name": "a", "context": {"cluster": "none", "user": "none"}},
                {"name": "b", "context": {"cluster": "c", "user": "u"}},
            ],
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user}],
        }
    )


def test_a_token_is_sent(authority: trustme.CA) -> None:
    trust = base64.b64encode(authority.cert_pem.bytes()).decode()
    with serving(authority, ssl.CERT_NONE) as server:
        place = {"server": server.url(""), "certificate-authority-data": trust}
        with kubeconfig.client(config(place, {"token": "t0"})) as client:
            assert client.get("/version").json() == {}
        assert server.requests[0].headers["authorization"] == "Bearer t0"


def test_a_certificate_is_shown(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    mine = authority.issue_cert("me@example.org")
    mine.cert_chain_pems[0].write_to_path(str(tmp_path / "me.pem"))
    key = base64.b64encode(mine.private_key_pem.bytes()).decode()
    with serving(authority, ssl.CERT_REQUIRED) as server:
        text = config(
            {"server": server.url(""), "certificate-authority": "ca.pem"},
            {"client-certificate": "me.pem", "client-key-data": key},
        )
        with kubeconfig.client(text, tmp_path) as client:
            assert client.get("/version").json() == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (config({"server": "https://127.0.0.1:1"}, {"exec": {}}), "neither a token nor"),
        ("current-context: x\ncontexts: []\n", "no context called x"),
        ("- a\n", "no context called None"),
    ],
)
def test_a_kubeconfig_of_no_use(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem), kubeconfig.client(text):
        pass
