"""Names in registries: what is one, and whose it is."""

from __future__ import annotations

import pytest
from semver import Version

from fluxbump.errors import IndexSourceError
from fluxbump.helm.registry.reference import (
    RegistryRepository,
    is_kin,
    is_loopback,
    parse,
    version_of,
)


@pytest.mark.parametrize(
    ("spec", "api", "login"),
    [
        ("oci://ghcr.io/a/flux2", "https://ghcr.io/v2/a/flux2", "ghcr.io"),
        ("OCI://GHCR.io/a/flux2/", "https://ghcr.io/v2/a/flux2", "ghcr.io"),
        ("oci://r.eu:5000/flux2", "https://r.eu:5000/v2/flux2", "r.eu:5000"),
        ("oci://localhost:5000/a/b__c", "http://localhost:5000/v2/a/b__c", "localhost:5000"),
        ("oci://127.0.0.1/a", "http://127.0.0.1/v2/a", "127.0.0.1"),
        ("oci://[::1]:5000/a", "http://[::1]:5000/v2/a", "[::1]:5000"),
        ("oci://docker.io/a/b", "https://registry-1.docker.io/v2/a/b", "https://index.docker.io/v1/"),
    ],
)  # fmt: skip
def test_where_a_repository_is(spec: str, api: str, login: str) -> None:
    found = parse(spec)
    assert (found.api, found.login_key) == (api, login)
    assert parse(str(found)) == found


def test_the_chart_is_the_last_part() -> None:
    assert parse("oci://ghcr.io/a/b/flux2").name == "flux2"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("oci://me:s3cret@ghcr.io/a", "no user and password"),
        ("oci://ghcr.io", "not one in a registry"),
        ("oci://ghcr.io/", "not one in a registry"),
        ("oci://ghcr.io/A", "not one in a registry"),
        ("oci://ghcr.io/a//b", "not one in a registry"),
        ("oci://ghcr.io/a/../b", "not one in a registry"),
        ("oci://ghcr.io/a?x=y", "not one in a registry"),
        (f"oci://ghcr.io/{'a' * 256}", "not one in a registry"),
        ("oci://ghcr.io/a:2.15.0", "a tag names no chart's versions"),
        (f"oci://ghcr.io/a@sha256:{'0' * 64}", "a digest names no chart's versions"),
        ("oci:///a", "no valid host"),
        ("oci://-x/a", "no valid host"),
        ("oci://a b/c", "no valid host"),
        ("oci://a\nb/c", "no valid host"),
    ],
)
def test_what_is_no_repository(spec: str, words: str) -> None:
    with pytest.raises(IndexSourceError, match=words) as caught:
        parse(spec)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("2.15.0", "2.15.0"),
        ("v2.15.0", "2.15.0"),
        ("2.15.0_build.1", "2.15.0+build.1"),
        ("2.15.0-rc.1_b", "2.15.0-rc.1+b"),
        ("2.15", None),
        ("latest", None),
        ("2.15.0_a_b", None),
        (f"sha256-{'0' * 64}.sig", None),
    ],
)
def test_which_version_a_tag_is(tag: str, version: str | None) -> None:
    assert version_of(tag) == (Version.parse(version) if version else None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("localhost", True), ("a.localhost", True), ("127.0.0.1", True), ("127.1.2.3", True),
        ("::1", True), ("127.0.0.1.example.org", False), ("localhost.example.org", False),
        ("10.0.0.1", False), ("ghcr.io", False), ("notlocalhost", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(name: str, expected: bool) -> None:
    assert is_loopback(name) == expected


@pytest.mark.parametrize(
    ("service", "registry", "expected"),
    [
        ("ghcr.io", "ghcr.io", True),
        ("token.ghcr.io", "ghcr.io", True),
        ("auth.docker.io", "registry-1.docker.io", True),
        ("auth.docker.io", "docker.io", True),
        ("gitlab.com", "registry.gitlab.com", True),
        ("gitlab.example.org", "registry.example.org", True),
        ("localhost", "127.0.0.1", True),
        ("10.0.0.1", "10.0.0.1", True),
        ("example.org", "ghcr.io", False),
        ("evilghcr.io", "ghcr.io", False),
        ("ghcr.io.example.org", "ghcr.io", False),
        ("other.io", "ghcr.io", False),
        ("10.0.0.2", "10.0.0.1", False),
        ("x.0.0.1", "10.0.0.1", False),
        ("::2", "fe80::1", False),
        ("com", "registry.com", False),
        ("evil.com", "registry.com", False),
        ("evil.local", "registry", False),
        ("ghcr.io", "localhost", False),
    ],
)
def test_whose_a_token_service_is(service: str, registry: str, expected: bool) -> None:
    assert is_kin(service, registry) == expected


def test_a_repository_is_a_value() -> None:
    assert {parse("oci://h/a"): 1}[RegistryRepository("h", "a")] == 1
