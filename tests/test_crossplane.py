"""Crossplane's Helm releases, and the agreement of all places that install flux2."""

from __future__ import annotations

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.charts import crossplane
from fluxbump.discover.pins.kind import Context
from fluxbump.model import Form, Note, Pin
from fluxbump.text.live_code import TextFile
from tests.helpers import COMMUNITY, Cli, Repo, brief, chart_index, release, small, snapshot

RELEASE = (
    "apiVersion: helm.crossplane.io/v1beta1\nkind: Release\nmetadata: {name: flux}\nspec:\n"
    "  forProvider:\n    chart:\n      name: flux2\n"
    f"      repository: {COMMUNITY}\n      version: '2.14.1'\n"
)
COMPOSITION = (
    "apiVersion: apiextensions.crossplane.io/v1\nkind: Composition\nspec:\n  resources:\n"
    "    - name: flux\n      base:\n" + "".join(f"        {one}\n" for one in RELEASE.splitlines())
)
COMMAND = "helm upgrade --install flux2 fluxcd-community/flux2 --version {}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RELEASE, ["9 crossplane flux2 2.14.1"]),
        (COMPOSITION, ["15 crossplane flux2 2.14.1"]),
        (RELEASE.replace("      version: '2.14.1'\n", ""), ["7 crossplane flux2  [unpinned]"]),
        (RELEASE.replace("helm.crossplane.io", "other.example.org"), []),
        (RELEASE.replace("name: flux2", "name: nginx"), []),
    ],
)
def test_a_release_of_provider_helm(text: str, expected: list[str]) -> None:
    found = crossplane.find(TextFile("a.yaml", text), Context())
    assert brief(one for one in found if isinstance(one, Pin)) == expected


def test_a_chart_from_elsewhere_is_noted() -> None:
    text = RELEASE.replace(COMMUNITY, "https://charts.example.org")
    (note,) = crossplane.find(TextFile("a.yaml", text), Context())
    assert isinstance(note, Note)
    assert "https://charts.example.org" in note.message


def messages(files: dict[str, str]) -> list[str]:
    verdict = judge(examine(snapshot(files), Settings(), chart_index()), ("FB114",))
    return [one.message for one in verdict.findings]


def community(version: str) -> str:
    return release(version, chart="flux2")


def test_three_versions_in_one_environment_are_one_error_that_names_all() -> None:
    files = {"hr.yaml": community("2.16.4"), "Taskfile.yml": COMMAND.format("2.14.1")}
    files["composition.yaml"] = RELEASE.replace("2.14.1", "2.13.0")
    (found,) = judge(examine(snapshot(files), Settings(), chart_index()), ("FB114",)).findings
    assert found.message == (
        "helm command for flux2 holds 2.14.1, but composition.yaml:9 holds 2.13.0 (3 places in all)"
    )
    places = [(str(related.location), related.message) for related in found.related]
    assert [place.partition(":")[0] for place, _ in places] == ["composition.yaml", "hr.yaml"]
    assert [message.rpartition(" ")[2] for _, message in places] == ["2.13.0", "2.16.4"]


@pytest.mark.parametrize(
    "files",
    [
        {"clusters/staging/f.yaml": "2.16.4", "clusters/prod/f.yaml": "2.14.1"},
        {"flux/staging.yaml": "2.16.4", "flux/prod.yaml": "2.14.1"},
        {"a/f.yaml": "2.16.4", "b/f.yaml": "2.14.1"},
        {"clusters/a/f.yaml": "2.16.4", "clusters/b/f.yaml": "2.14.1", "boot.sh": "2.14.1"},
    ],
)
def test_environments_may_differ(files: dict[str, str]) -> None:
    texts = {p: COMMAND.format(v) if p == "boot.sh" else community(v) for p, v in files.items()}
    assert messages(texts) == []


def test_a_bootstrap_that_no_environment_follows_is_an_error() -> None:
    files = {"clusters/prod/f.yaml": community("2.16.4"), "boot.sh": COMMAND.format("2.14.1")}
    assert len(messages(files)) == 1
    files = {"boot-staging.sh": COMMAND.format("2.14.1"), "prod/f.yaml": community("2.16.4")}
    assert messages(files) == []


def test_a_bump_refuses_and_aligns(repo: Repo, cli: Cli) -> None:
    repo.commit({"boot.sh": COMMAND.format("2.13.0"), "hr.yaml": community("2.14.1")})
    refused = cli("to", "2.5.1", cwd=repo)
    assert refused.code == 5
    assert "boot.sh:1 holds 2.13.0" in refused.err
    assert cli("to", "2.5.1", "--align", cwd=repo).code == 0
    assert repo.show("fluxbump/flux-2.5.1", "boot.sh") == COMMAND.format("2.15.0")


def test_own_charts_are_found() -> None:
    files = small(**{"r.yaml": RELEASE.replace("flux2", "bp-flux").replace("2.14.1", "1.1.1")})
    verdict = judge(examine(snapshot(files), Settings(), chart_index()), ("FB109",))
    assert [one.location.path for one in verdict.findings] == ["r.yaml"]


def test_form_of_a_range() -> None:
    (pin,) = crossplane.find(TextFile("a.yaml", RELEASE.replace("2.14.1", "2.x")), Context())
    assert isinstance(pin, Pin)
    assert pin.form is Form.RANGE
