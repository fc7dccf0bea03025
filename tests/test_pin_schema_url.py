"""Schemas and raw files of a release."""

from __future__ import annotations

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import schema_url
from fluxbump.model import Note, Pin, Role, Severity
from fluxbump.text.live_code import TextFile
from tests.helpers import Cli, Repo, brief, chart_index, find, script, snapshot

SCHEMAS = "https://github.com/fluxcd/flux2/releases/download/{}/crd-schemas.tar.gz"
RAW = "https://raw.githubusercontent.com/fluxcd/flux2/{}/install/flux.sh"
HELD = "1 schema-url flux 2.4.0"


def pins(path: str, text: str) -> list[Pin]:
    found = schema_url.find(TextFile(path, text), Context())
    return [one for one in found if isinstance(one, Pin)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (SCHEMAS.format("v2.4.0"), [HELD]),
        (SCHEMAS.format("v2.4.0").replace("crd-schemas", "manifests"), [HELD]),
        (RAW.format("v2.4.0"), [HELD]),
        (RAW.format("refs/tags/v2.4.0"), [HELD]),
        ("https://github.com/fluxcd/flux2/raw/v2.4.0/install/flux.sh", [HELD]),
        (SCHEMAS.format("2.4.0"), [f"{HELD} [opaque]"]),
        (RAW.format("main"), []),
        (RAW.format("release/v2.4.x"), []),
        (SCHEMAS.format("v2.4.0").replace("fluxcd/flux2", "fluxcd/flagger"), []),
        (SCHEMAS.format("v2.4.0").replace("crd-schemas.tar.gz", "flux_2.4.0_checksums.txt"), []),
    ],
)
def test_urls(url: str, expected: list[str]) -> None:
    assert brief(pins("a.sh", f"curl -sL {url}\n")) == expected


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.sh", f"# {SCHEMAS.format('v2.4.0')}\n"),
        ("docs/a.md", f"curl -sL {SCHEMAS.format('v2.4.0')}\n"),
        ("a.sh", f"sed -i 's#{SCHEMAS.format('v2.4.0')}#x#' f\n"),
    ],
)
def test_what_nothing_acts_on_is_no_pin(path: str, text: str) -> None:
    assert pins(path, text) == []


def test_a_variable_is_followed_and_stays_a_reference() -> None:
    text = "ENV FLUX_VERSION=2.4.0\n" + f"RUN curl -sL {SCHEMAS.format('v${FLUX_VERSION}')}\n"
    (pin,) = find({"Dockerfile": text}).pins
    assert (brief([pin]), pin.role) == (["1 variable flux 2.4.0"], Role.REFERENCE)


def test_one_variable_of_an_install_and_of_a_reference_installs() -> None:
    install = "curl https://github.com/fluxcd/flux2/releases/download/v$V/install.yaml\n"
    text = "V=2.4.0\n" + f"curl -sL {SCHEMAS.format('v$V')}\n" + install
    (pin,) = find({"a.sh": text}).pins
    assert pin.role is Role.INSTALLS


DIGESTED = (
    f"FLUX_INSTALL_URL={RAW.format('v2.4.0')}\n"
    f"FLUX_INSTALL_SHA256={'3a' * 32}\n"
    f"curl -sLO {SCHEMAS.format('v2.4.0')}\n"
)


def test_what_has_a_digest_beside_it_is_listed_and_stays(repo: Repo, cli: Cli) -> None:
    repo.commit({"get.sh": DIGESTED, "a/schemas.sh": f"curl -sL {SCHEMAS.format('v2.4.0')}\n"})
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    after = repo.show("fluxbump/flux-2.5.1", "get.sh").splitlines()
    assert after[:2] == DIGESTED.splitlines()[:2]
    assert "2.5.1" in repo.show("fluxbump/flux-2.5.1", "a/schemas.sh")
    assert "get.sh:1" in result.out
    assert "set version and digest of 2.5.1" in result.out


def test_one_left_behind_is_a_note() -> None:
    files = {"i.sh": script("2.5.1"), "s.sh": f"curl -sL {SCHEMAS.format('v2.4.0')}\n"}
    verdict = judge(examine(snapshot(files), Settings(), chart_index()), ("FB117",))
    (finding,) = verdict.findings
    assert finding.severity is Severity.NOTE
    assert finding.message == (
        "the archive of a release holds 2.4.0, but Flux 2.5.1 is installed here (i.sh:2)"
    )


def test_a_raw_file_that_later_releases_lack_is_a_note() -> None:
    url = RAW.replace("install/flux.sh", "manifests/monitoring/monitoring-config/dashboards/a.json")
    found = [*schema_url.find(TextFile("a.sh", f"curl {url.format('v0.31.4')}\n"), Context())]
    assert [str(one.message) for one in found if isinstance(one, Note)] == [
        "a raw file of a release is below manifests/monitoring, which Flux 2.3.0 removed"
    ]
    assert len(found) == 1
