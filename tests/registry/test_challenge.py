"""What registries ask for, as they write it, and where a login may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxbump.errors import IndexSourceError
from fluxbump.helm.registry.challenge import Challenge, challenges, login_key, token_service
from fluxbump.helm.registry.logins import FoundLogin, Login, Logins
from fluxbump.helm.registry.reference import parse
from fluxbump.helm.registry.tokens import Access
from fluxbump.system.http.fetch import HttpReply, HttpRequest
from fluxbump.system.secret import Secret

GHCR = parse("oci://ghcr.io/fluxcd/flux-manifests")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull"',
            [("bearer", {"realm": "https://ghcr.io/token", "service": "ghcr.io",
                         "scope": "repository:a/b:pull"})],
        ),
        ('Basic realm="a, \\"b\\""', [("basic", {"realm": 'a, "b"'})]),
        (
            'Basic realm="x", Bearer realm="https://a/t", service=s',
            [("basic", {"realm": "x"}), ("bearer", {"realm": "https://a/t", "service": "s"})],
        ),
        ("Negotiate, BASIC realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        ("Basic", [("basic", {})]),
        ('Bearer realm="a",realm="b"', [("bearer", {"realm": "a"})]),
        ('Bearer realm="open', [("bearer", {})]),
        ("", []),
        ('realm="x"', []),
    ],
)  # fmt: skip
def test_a_header_is_taken_apart(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(one.scheme, dict(one.parameters)) for one in challenges(header)] == expected


@given(st.text(max_size=200))
def test_any_header_is_taken_apart(header: str) -> None:
    for one in challenges(header):
        assert one.scheme == one.scheme.lower()


def bearer(realm: str, **more: str) -> Challenge:
    return Challenge("bearer", {"realm": realm, **more})


def test_a_token_is_asked_for_reading_one_repository() -> None:
    service = token_service(
        GHCR, bearer("https://ghcr.io/token?a=b", scope="registry:*", service="s&")
    )
    assert service.question == (
        "https://ghcr.io/token?a=b&service=s%26&scope=repository%3Afluxcd%2Fflux-manifests%3Apull"
    )
    plain = token_service(GHCR, bearer("https://ghcr.io/token"))
    assert plain.question == (
        "https://ghcr.io/token?scope=repository%3Afluxcd%2Fflux-manifests%3Apull"
    )


@pytest.mark.parametrize(
    "realm",
    [
        "", "token", "//ghcr.io/token", "http://ghcr.io/token", "http://127.0.0.1/token",
        "ftp://ghcr.io/", "https:///token", "https://me:pw@ghcr.io/token", "https://[::1/token",
        "https://ghcr.io:x/token", "https://ghcr.io/\x1b[2J",
    ],
)  # fmt: skip
def test_where_no_token_is_asked_for(realm: str) -> None:
    with pytest.raises(IndexSourceError, match="no https URL where a token can be asked for"):
        token_service(GHCR, bearer(realm))


def test_without_tls_both_are_on_this_machine() -> None:
    here = parse("oci://localhost:5000/a")
    assert token_service(here, bearer("http://127.0.0.1:1/t")).host == "127.0.0.1:1"
    with pytest.raises(IndexSourceError):
        token_service(here, bearer("http://token.example.org/t"))


@pytest.mark.parametrize(
    ("realm", "key"),
    [
        ("https://ghcr.io/token", "ghcr.io"),
        ("https://auth.GHCR.io:8443/token", "ghcr.io"),
        ("https://token.example.org/t", "token.example.org"),
        ("https://token.example.org:8443/t", "token.example.org:8443"),
    ],
)
def test_whose_login_a_service_gets(realm: str, key: str) -> None:
    assert login_key(GHCR, token_service(GHCR, bearer(realm))) == key


class FakeWeb:
    """Answers every question alike, and records it."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.asked: list[HttpRequest] = []

    def ask(self, request: HttpRequest) -> HttpReply:
        self.asked.append(request)
        return HttpReply(self.status, {}, b'{"access_token": "t0"}' if self.status == 200 else b"")


class FakeLogins(Logins):
    """Logins for some hosts."""

    def __init__(self, *hosts: str) -> None:
        super().__init__({})
        self._found = {
            host: FoundLogin(Login("me", Secret(f"password of {host}"), "a file")) for host in hosts
        }


def asked(web: FakeWeb, *hosts: str) -> Access:
    access = Access(web, FakeLogins(*hosts))  # type: ignore[arg-type]  # all that is used of it
    header = 'Bearer realm="https://token.example.org/t"'
    access.renew(GHCR, Secret(""), HttpReply(401, {"www-authenticate": header}, b""))
    return access


def test_a_login_does_not_go_to_another_domain() -> None:
    web = FakeWeb(401)
    with pytest.raises(IndexSourceError) as caught:
        asked(web, "ghcr.io")
    assert str(caught.value) == (
        "oci://ghcr.io/fluxcd/flux-manifests: the registry's token service is on another domain, "
        "token.example.org; fluxbump does not send it the login for ghcr.io (to send it a login, "
        "give token.example.org an entry in Docker's config.json)"
    )
    assert [bool(request.authorization) for request in web.asked] == [False]


def test_a_service_on_another_domain_gets_its_own_login() -> None:
    web = FakeWeb(200)
    access = asked(web, "ghcr.io", "token.example.org")
    assert web.asked[0].authorization.reveal() == (
        "Basic bWU6cGFzc3dvcmQgb2YgdG9rZW4uZXhhbXBsZS5vcmc="
    )
    assert access.header(GHCR).reveal() == "Bearer t0"
    assert not access.header(parse("oci://ghcr.io/another"))


def test_a_token_that_another_thread_has_brought_in_is_taken() -> None:
    web = FakeWeb(200)
    access = asked(web)
    access.renew(GHCR, Secret("Bearer an older one"), HttpReply(401, {}, b""))
    assert len(web.asked) == 1
