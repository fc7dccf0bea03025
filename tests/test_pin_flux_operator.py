"""The operator's own line of versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import flux_operator
from fluxbump.model import Form, Pin, Role, Severity
from fluxbump.text.live_code import TextFile
from tests.helpers import (
    Cli,
    Repo,
    assert_refused,
    brief,
    chart_index,
    find,
    release,
    repository,
    script,
    snapshot,
    wrapper,
)

ARTIFACT = "oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests"
COMMAND = "helm install o oci://ghcr.io/controlplaneio-fluxcd/charts/flux-operator --version {}\n"

TERRAFORM = 'resource "helm_release" "i" {\n  chart = "flux-instance"\n  version = "0.20.0"\n}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a: {ARTIFACT}:v0.20.0\n", ["1 flux-operator flux-operator 0.20.0"]),
        (f"a: {ARTIFACT}:latest\n", []),
        (f"a: {ARTIFACT}\n", []),
        (f"# {ARTIFACT}:v0.20.0\n", []),
        (f"a: {ARTIFACT}:${{TAG}}\n", ["1 flux-operator flux-operator ${TAG} [variable]"]),
        (
            f"a: {ARTIFACT}:v0.20.0@sha256:{'ab' * 32}\n",
            ["1 flux-operator flux-operator 0.20.0 [opaque]"],
        ),
        (
            "images: [ghcr.io/controlplaneio-fluxcd/flux-operator:v0.20.0]\n",
            ["1 flux-operator flux-operator 0.20.0"],
        ),
        (
            "image: ghcr.io/controlplaneio-fluxcd/flux-operator-mcp:v0.20.0\n",
            ["1 flux-operator flux-operator 0.20.0"],
        ),
        ("a: ghcr.io/controlplaneio-fluxcd/flux-operator-agent:v0.20.0\n", []),
    ],
)
def test_artifacts(text: str, expected: list[str]) -> None:
    found = flux_operator.find(TextFile("a.yaml", text), Context())
    assert brief(one for one in found if isinstance(one, Pin)) == expected


def test_the_charts_are_found_by_what_finds_charts() -> None:
    files = {
        "a.yaml": release("0.20.0", chart="flux-operator"),
        "b.sh": COMMAND.format("0.20.0"),
        "c.tf": TERRAFORM,
    }
    every = find(files).pins
    instance = [pin for pin in every if pin.kind == "flux-instance"]
    assert [(str(pin.location), pin.form) for pin in instance] == [("c.tf:2", Form.RANGE)]
    pins = [pin for pin in every if pin not in instance]
    assert [pin.kind for pin in pins] == ["helm-release", "helm-command", "terraform"]
    assert {(str(pin.track), pin.role) for pin in pins} == {("flux-operator", Role.OPERATOR)}


def findings(files: dict[str, str]) -> list[tuple[Severity, str]]:
    verdict = judge(examine(snapshot(files), Settings(), chart_index()), ("FB118",))
    return [(one.severity, one.message) for one in verdict.findings]


def operator(version: str, chart: str = "flux-operator") -> str:
    return release(version, chart=chart, name=chart)


def test_a_bootstrap_of_another_version_is_a_warning() -> None:
    files = {"k/apps/o.yaml": operator("0.33.0"), "bootstrap/o.sh": COMMAND.format("0.20.0")}
    assert findings(files) == [
        (
            Severity.WARNING,
            "helm command for flux-operator holds 0.20.0, but k/apps/o.yaml:9 holds 0.33.0",
        )
    ]


def pulled(chart: str, reference: str) -> str:
    return (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\n"
        f"metadata: {{name: {chart}}}\nspec:\n"
        f"  url: oci://ghcr.io/controlplaneio-fluxcd/charts/{chart}\n  ref: {reference}\n"
    )


@pytest.mark.parametrize(
    ("reference", "other", "expected"),
    [
        ("{{tag: 0.58.1, digest: 'sha256:{}'}}", "0.58.1", 0),
        ("{{tag: 0.58.1, digest: 'sha256:{}'}}", "0.57.0", 1),
        ("{{tag: latest, digest: 'sha256:{}'}}", "0.57.0", 0),
        ("{{digest: 'sha256:{}'}}", "0.57.0", 0),
    ],
)
def test_each_chart_has_its_own_digest(reference: str, other: str, expected: int) -> None:
    files = {
        "k/o/a.yaml": pulled("flux-operator", reference.format("aa" * 32)),
        "k/i/a.yaml": pulled("flux-instance", reference.format("bb" * 32)),
    }
    assert findings(files) == []
    found = findings({**files, "k/j/a.yaml": operator(other, "flux-instance")})
    assert len(found) == expected


def test_the_tag_beside_a_digest_is_the_version() -> None:
    text = pulled("flux-operator", "\n    tag: 0.58.1\n    digest: sha256:aa\n")
    assert brief(find({"o.yaml": text}).pins) == ["7 helm-release flux-operator 0.58.1 [opaque]"]


def test_a_list_of_images_holds_the_operator() -> None:
    text = "# images\nghcr.io/controlplaneio-fluxcd/flux-operator:v0.20.0\n"
    assert brief(find({"images.txt": text}).pins) == ["2 flux-operator flux-operator 0.20.0"]
    prose = "We mirror ghcr.io/controlplaneio-fluxcd/flux-operator:v0.20.0 by hand.\n"
    assert find({"images.txt": prose}).pins == ()


def test_the_two_charts_are_at_one_version() -> None:
    both = {"k/o/a.yaml": operator("0.33.0"), "k/i/a.yaml": operator("0.20.0", "flux-instance")}
    assert len(findings(both)) == 1
    assert findings({**both, "k/i/a.yaml": operator("0.33.0", "flux-instance")}) == []


@pytest.mark.parametrize(
    "files",
    [
        {"clusters/a/o.yaml": "0.33.0", "clusters/b/o.yaml": "0.20.0"},
        {"prod/o.yaml": "0.33.0", "staging/o.yaml": "0.20.0"},
        {"x/k8s/apps/flux/o.yaml": "0.33.0", "y/k8s/apps/flux/o.yaml": "0.20.0"},
        {"gcp/admin/main.yaml": "0.33.0", "gcp/standalone/main.yaml": "0.20.0"},
    ],
)
def test_clusters_may_differ(files: dict[str, str]) -> None:
    assert findings({path: operator(version) for path, version in files.items()}) == []


FILES = {"install.sh": script("2.4.0"), "o.yaml": operator("0.20.0")}


def test_a_bump_of_flux_leaves_the_operator_alone(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", FILES, index)
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.changed("fluxbump/flux-2.5.1") == {"install.sh": (1, 1)}


def test_operator_moves_it_and_says_so(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", FILES, index)
    assert cli("to", "2.5.1", "--operator", "v0.33.0", cwd=repo).code == 0
    assert repo.show("fluxbump/flux-2.5.1", "o.yaml") == operator("0.33.0")
    message = repo.git("log", "-1", "--format=%B", "fluxbump/flux-2.5.1")
    assert "- flux-operator 0.20.0 -> 0.33.0" in message


def test_it_says_that_nobody_knows_whether_the_version_exists(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    chart = "operator_chart: oci://127.0.0.1:1/charts/flux-operator\n"
    repo = repository(tmp_path / "r", {**FILES, "fluxbump.yaml": chart}, index)
    for words in ([], ["--offline"]):
        result = cli("to", "2.5.1", "--operator", "0.33.0", "--dry-run", *words, cwd=repo)
        assert result.code == 0, result.err
        assert "not checked that flux-operator 0.33.0 exists: " in result.err
        assert "127.0.0.1:1" in result.err


def test_without_a_release_the_operator_moves_alone(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = {**FILES, "a.sh": script("2.2.3"), "bp/Chart.yaml": wrapper()}
    repo = repository(tmp_path / "r", files, index)
    shown = cli("to", "--operator", "0.33.0", "--dry-run", cwd=repo)
    assert shown.out.startswith("flux-operator 0.20.0 -> 0.33.0\n")
    assert shown.out.splitlines()[-1].split("  ")[0] == "next: fluxbump to --operator 0.33.0"
    page = cli("to", "--operator", "0.33.0", "--dry-run", "-o", "html", cwd=repo)
    assert "flux-operator 0.20.0 → 0.33.0" in page.out
    assert cli("to", "--operator", "0.33.0", cwd=repo).code == 0
    assert repo.changed("fluxbump/flux-operator-0.33.0") == {"o.yaml": (1, 1)}
    again = cli("to", "--operator", "0.20.0", cwd=repo)
    assert again.out.splitlines()[-1] == "Nothing to do: every pin holds flux-operator 0.20.0."
    assert cli("to", "--operator", "0.33.0", "--in-place", cwd=repo).code == 0
    assert repo.git("diff", "--name-only").split() == ["o.yaml"]


def test_only_the_operator_goes_without_a_release(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", FILES, index)
    assert_refused(cli("to", cwd=repo), 2, "no release given")
    result = cli("to", "--operator", "0.33.0", "--migrate-apis", cwd=repo)
    assert_refused(result, 2, "--migrate-apis needs a release")


def test_a_downgrade_has_to_be_allowed(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", FILES, index)
    assert (
        "would go down from 0.20.0 to 0.10.0"
        in cli("to", "2.5.1", "--operator", "0.10.0", cwd=repo).err
    )


def test_what_cannot_be_meant_is_refused(repo: Repo, cli: Cli) -> None:
    assert_refused(cli("to", "2.5.1", "--operator", "0.33", cwd=repo), 2, "not a full version")
    result = cli("to", "2.5.1", "--operator", "0.33.0", cwd=repo)
    assert_refused(result, 5, "no pin of flux-operator found")


def test_a_repository_of_the_operator_alone_is_known(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", {"o.yaml": operator("0.20.0")}, index)
    result = cli("status", cwd=repo)
    assert result.code == 0, result.err
    assert "flux-operator" in result.out


def test_a_bump_of_the_operator_alone_says_nothing_of_flux(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    repo = repository(tmp_path / "r", {"o.yaml": operator("0.20.0")}, index)
    place = next(line for line in cli("status", cwd=repo).out.splitlines() if "o.yaml:" in line)
    place = place.split()[0]
    stays = cli("to", "2.5.1", cwd=repo)
    assert stays.out.splitlines()[-2:] == [
        "Nothing moved: no place holds an exact version of Flux.",
        f"  {place}  flux-operator stays: --operator X.Y.Z moves it",
    ]
    page = cli("to", "2.5.1", "--dry-run", "-o", "html", cwd=repo)
    assert "Nothing moved: no place holds an exact version of Flux." in page.out
    moved = cli("to", "2.5.1", "--operator", "0.33.0", cwd=repo)
    assert moved.out.startswith("flux-operator 0.20.0 -> 0.33.0\n")
    message = repo.git("log", "-1", "--format=%B", "fluxbump/flux-operator-0.33.0")
    assert message.split("\n\nPins")[0] == (
        "Move flux-operator to 0.33.0\n\n- flux-operator 0.20.0 -> 0.33.0"
    )
    assert (
        "flux-operator 0.20.0 → 0.33.0"
        in cli("to", "2.5.1", "--operator", "0.33.0", "--dry-run", "-o", "html", cwd=repo).out
    )


def test_an_operator_that_is_there_already_says_nothing_of_flux(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    alone = repository(tmp_path / "r", {"o.yaml": operator("0.20.0")}, index)
    words = ("to", "2.5.1", "--operator", "0.20.0")
    assert "Nothing to do: every pin holds flux-operator 0.20.0.\n" in cli(*words, cwd=alone).out
    both = repository(tmp_path / "b", {**FILES, "install.sh": script("2.5.1")}, index)
    said = "Nothing to do: every pin holds Flux 2.5.1 and flux-operator 0.20.0.\n"
    assert said in cli(*words, cwd=both).out
