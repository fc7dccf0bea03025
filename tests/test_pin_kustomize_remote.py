"""Flux as a remote base of Kustomize."""

from __future__ import annotations

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import kustomize_remote
from fluxbump.model import Form, Note, Pin, Role
from fluxbump.text.live_code import TextFile
from tests import growth, linear
from tests.helpers import Cli, Repo, brief, chart_index, find, release, script, snapshot

HELD = "1 kustomize-remote flux 2.4.0"
DIGEST = "3a" * 32


def pins(path: str, text: str) -> list[Pin]:
    found = kustomize_remote.find(TextFile(path, text), Context())
    return [one for one in found if isinstance(one, Pin)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("github.com/fluxcd/flux2//manifests/install?ref=v2.4.0", [HELD]),
        ("https://github.com/fluxcd/flux2//manifests/install?ref=v2.4.0", [HELD]),
        ("https://github.com/fluxcd/flux2/manifests/install?ref=v2.4.0", [HELD]),
        ("git@github.com:fluxcd/flux2.git//manifests/install?ref=v2.4.0", [HELD]),
        ("git::https://github.com/fluxcd/flux2//manifests/install?ref=v2.4.0", [HELD]),
        ("github.com/fluxcd/flux2//manifests/bases/helm-controller?ref=v2.4.0", [HELD]),
        ("github.com/fluxcd/flux2//manifests/install?submodules=false&ref=v2.4.0", [HELD]),
        ("github.com/fluxcd/flux2//manifests/install?ref=2.4.0", [f"{HELD} [opaque]"]),
        ("github.com/fluxcd/flux2//manifests/install?ref=v2.4", [HELD[:-5] + "v2.4 [range]"]),
        ("github.com/fluxcd/flux2//manifests/install", [HELD[:-5] + " [unpinned]"]),
        ("github.com/fluxcd/flux2//manifests/install?ref=main", [HELD[:-5] + " [unpinned]"]),
        ("github.com/fluxcd/flux2-fork//manifests/install?ref=v2.4.0", []),
        ("github.com/other/flux2//manifests/install?ref=v2.4.0", []),
        (f"github.com/fluxcd/flux2//manifests/install?ref={'3a' * 20}", []),
    ],
)
def test_how_a_base_is_written(url: str, expected: list[str]) -> None:
    assert brief(pins("kustomization.yaml", f"resources: ['{url}']\n")) == expected


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("kustomization.yaml", "# - github.com/fluxcd/flux2//manifests/install?ref=v2.4.0\n"),
        ("README.md", "kubectl apply -k github.com/fluxcd/flux2//manifests/install?ref=v2.4.0\n"),
        ("a.sh", "grep -q 'github.com/fluxcd/flux2//manifests/install?ref=v2.4.0' f.yaml\n"),
    ],
)
def test_what_installs_nothing_is_no_pin(path: str, text: str) -> None:
    assert pins(path, text) == []


def test_a_commit_is_noted() -> None:
    text = f"resources: ['github.com/fluxcd/flux2//manifests/install?ref={'3a' * 20}']\n"
    (note,) = kustomize_remote.find(TextFile("kustomization.yaml", text), Context())
    assert isinstance(note, Note)
    assert note.message == "remote base fluxcd/flux2 is at a commit, 3a3a3a3a3a3a"


def test_manifests_beside_flux_are_a_reference() -> None:
    text = "- github.com/fluxcd/flux2//manifests/integrations/eventhub?ref=${V}\n"
    (pin,) = pins("kustomization.yaml", text)
    assert pin.role is Role.REFERENCE


@pytest.mark.parametrize(
    ("folder", "release"), [("monitoring/loki-stack", "2.3.0"), ("integrations/a", "2.7.0")]
)
def test_a_folder_that_later_releases_lack_is_a_note(folder: str, release: str) -> None:
    text = f"- github.com/fluxcd/flux2//manifests/{folder}?ref=v2.2.3\n"
    (note,) = kustomize_remote.find(TextFile("kustomization.yaml", text), Context())
    assert isinstance(note, Note)
    name = f"manifests/{folder.partition('/')[0]}"
    said = f"remote base fluxcd/flux2 is below {name}, which Flux {release} removed"
    assert note.message == said


def test_a_variable_is_followed() -> None:
    text = (
        "FLUX_VERSION=v2.4.0\n"
        'kubectl apply -k "github.com/fluxcd/flux2//manifests/install?ref=${FLUX_VERSION}"\n'
    )
    assert brief(find({"up.sh": text}).pins) == ["1 variable flux 2.4.0"]


@pytest.mark.parametrize("behind", ["", "?a&"])
def test_work_on_a_long_line_grows_with_it(behind: str) -> None:
    def reads(text: str) -> None:
        assert not [pin for pin in pins("a.sh", text) if pin.form is Form.EXACT]

    unit = f"github.com/fluxcd/flux2/manifests/{behind}"
    linear.assert_linear(reads, growth.again(unit, "kubectl apply -k "), 20_000)


def messages(files: dict[str, str], code: str) -> list[str]:
    verdict = judge(examine(snapshot(files), Settings(), chart_index()), (code,))
    return [f"{one.location}: {one.message}" for one in verdict.findings]


def base(ref: str) -> str:
    return f"resources:\n  - github.com/fluxcd/flux2//manifests/install{ref}\n"


def test_a_base_that_disagrees_is_an_error_with_both_sites() -> None:
    files = {"install.sh": script("2.5.1"), "k/kustomization.yaml": base("?ref=v2.4.0")}
    (message,) = messages(files, "FB102")
    assert message == (
        "k/kustomization.yaml:2: remote base fluxcd/flux2 holds 2.4.0, but install.sh:2 holds 2.5.1"
    )


@pytest.mark.parametrize(("ref", "count"), [("", 1), ("?ref=main", 1), ("?ref=v2.4.0", 0)])
def test_a_base_without_a_release_is_not_pinned(ref: str, count: int) -> None:
    assert len(messages({"k/kustomization.yaml": base(ref)}, "FB102")) == count


def test_it_is_compared_with_the_chart() -> None:
    files = {"kustomization.yaml": base("?ref=v2.4.0"), "hr.yaml": release("2.15.0", chart="flux2")}
    (message,) = messages(files, "FB103")
    assert message.startswith("kustomization.yaml:2: remote base fluxcd/flux2 installs Flux 2.4.0")


def test_a_base_without_v_stops_the_bump(repo: Repo, cli: Cli) -> None:
    repo.commit({"k/kustomization.yaml": base("?ref=2.4.0")})
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 5
    assert "Flux has no such tag" in result.err
