"""FB101 and FB102 with a base: a wrapper or a file that holds the start of Flux no more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from tests.helpers import URL, Cli, chart_index, release, repository, script, small, snapshot
from tests.helpers import wrapper as chart

PLAIN = "apiVersion: v2\nname: bp-flux\nversion: 1.1.3\n"
WAITS = "#!/bin/sh\nkubectl -n flux-system wait deploy --all\n"
DEPENDS = (
    PLAIN + "dependencies:\n  - {name: NAME, version: 1.0.0, repository: oci://r.example.org}\n"
)


def found(after: Mapping[str, str], before: Mapping[str, str] | None = None) -> list[str]:
    base = snapshot(before or small())
    examined = examine(snapshot(after), Settings(), chart_index(), base=base)
    said = judge(examined, ("FB101", "FB102")).findings
    return [f"{one.code} {one.severity} {one.location} {one.message}" for one in said]


def without(path: str, **others: str) -> dict[str, str]:
    return {key: text for key, text in small(**others).items() if key != path}


@pytest.mark.parametrize(
    ("after", "severity", "says"),
    [
        (small(chart=PLAIN), "error", "bp-flux depended on flux2 2.14.1 at the base, and contains"),
        (small(chart=PLAIN + "dependencies: []\n"), "error", "removes the controllers"),
        (
            small(chart=PLAIN, **{"b/Chart.yaml": chart().replace("bp-flux", "bp-b")}),
            "warning",
            "(b/Chart.yaml:6 depends on flux2 now",
        ),
    ],
)
def test_a_wrapper_without_its_dependency(
    after: Mapping[str, str], severity: str, says: str
) -> None:
    (one,) = [one for one in found(after) if one.startswith("FB101")]
    assert one.startswith(f"FB101 {severity} chart/Chart.yaml:1 ")
    assert says in one


@pytest.mark.parametrize(
    "after",
    [
        small(),
        without("chart/Chart.yaml"),
        without("chart/Chart.yaml", **{"moved/Chart.yaml": chart()}),
        small(chart=DEPENDS.replace("NAME", "flux-operator")),
        small(chart=DEPENDS.replace("NAME", "bp-platform")),
        small(chart=PLAIN, **{"chart/templates/a.yaml": "metadata: {name: source-controller}\n"}),
        small(chart=PLAIN, **{"chart/charts/flux2/Chart.yaml": "name: flux2\n"}),
    ],
)
def test_a_wrapper_that_has_moved_or_holds_flux_otherwise(after: Mapping[str, str]) -> None:
    assert [one for one in found(after) if one.startswith("FB101")] == []


OTHER = {"other.sh": script()}


@pytest.mark.parametrize(
    ("after", "before", "severity"),
    [
        (small(install=WAITS), small(), "error"),
        (small(install="#!/bin/sh\n# kubectl apply -f " + URL.format("2.4.0")), small(), "error"),
        (small(install=WAITS, **OTHER), small(**OTHER), "warning"),
        (
            small(install=WAITS + "V=1\n"),
            small(install="V=2.4.0\nkubectl apply -f " + URL.replace("{}", "$V")),
            "error",
        ),
        (
            without("clusters/a/flux.yaml", install=WAITS),
            without("clusters/a/flux.yaml"),
            "warning",
        ),
    ],
)
def test_a_script_without_its_url(
    after: Mapping[str, str], before: Mapping[str, str], severity: str
) -> None:
    (one,) = found(after, before)
    assert one.startswith(f"FB102 {severity} install.sh:1 this file applied the install.yaml of ")
    assert ("nothing else here does" in one) == (severity == "error")


@pytest.mark.parametrize(
    "after",
    [
        without("install.sh"),
        without("install.sh", **{"bin/install.sh": script()}),
        small(install=WAITS, **{"lib.sh": script()}),
        small(install="flux bootstrap github --owner x\n"),
        small(install="kubectl apply -f flux-install.yaml\n"),
        small(install="helm upgrade -i flux oci://ghcr.io/fluxcd-community/charts/flux2\n"),
        small(install="V=2.4.0\nkubectl apply -f " + URL.replace("{}", "$V")),
    ],
)
def test_a_script_that_has_moved_or_installs_flux_otherwise(after: Mapping[str, str]) -> None:
    assert [one for one in found(after) if "at the base" in one] == []


def test_check_compares(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", small(release=release()), index)
    repo.git("switch", "--quiet", "--create", "change")
    repo.commit({"install.sh": WAITS})
    result = cli("check", "--no-render", "--base", "main", cwd=repo)
    assert result.code == 1
    assert "install.sh:1:1  FB102 error" in result.out
    assert cli("check", "--no-render", "--no-base", cwd=repo).code == 0
