"""What teams do differently: `to` beside charts that float, and for those that raise no version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import Cli, Repo, release, repository, script, small, values, wrapper

KEPT = release()
UNVERSIONED = 'resource "helm_release" "flux" {\n  chart = "flux2"\n}\n'
NEWEST = {"install.sh": script("2.8.5")}


@pytest.fixture
def own(tmp_path: Path, index: Path) -> Repo:
    return repository(tmp_path / "own", small(release=KEPT), index)


@pytest.mark.parametrize("configured", [True, False])
def test_versions_of_own_charts_stay(own: Repo, cli: Cli, configured: bool) -> None:
    if configured:
        own.commit({"fluxbump.yaml": "bump: none\n"})
    arguments = () if configured else ("--bump", "none")
    result = cli("to", "2.5.1", *arguments, cwd=own)
    assert result.code == 0, result.err
    assert "FB107" not in result.out
    tip = "fluxbump/flux-2.5.1"
    assert own.changed(tip) == dict.fromkeys(("install.sh", CHART, VALUES), (1, 1))
    assert own.show(tip, CHART) == wrapper('"2.15.0"')
    assert own.show(tip, VALUES) == values("2.15.0")


CHART, VALUES = "chart/Chart.yaml", "chart/values.yaml"


def test_a_chart_that_goes_down_is_refused_all_the_same(own: Repo, cli: Cli) -> None:
    base = own.commit({"fluxbump.yaml": "bump: none\n"})
    check = ("check", "--no-render", "--base", base, "--select", "FB107", "--verbose")
    own.commit({CHART: wrapper() + "# more\n"})
    result = cli(*check, cwd=own)
    assert (result.code, result.out) == (0, "No findings\n")
    assert result.err.startswith("not applicable: FB107  `bump: none`")
    own.commit({CHART: wrapper(own="1.1.1")})
    assert "its version goes down to 1.1.1" in cli(*check, cwd=own).out


def test_readers_of_an_own_chart_move_with_it(own: Repo, cli: Cli) -> None:
    reader = "bpFlux: {{chart: bp-flux, version: {}}}  # catalogue\n"
    own.commit({"catalogue.yaml": reader.format("1.1.0")})
    assert "FB110" in cli("status", cwd=own).out
    assert cli("to", "2.5.1", cwd=own).code == 0
    assert own.show("fluxbump/flux-2.5.1", "catalogue.yaml") == reader.format("1.1.3")


# --- charts that float ------------------------------------------------------------------------


def test_a_bump_is_refused_where_a_chart_would_ship_another_release(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {"install.sh": script(), "flux.tf": UNVERSIONED}
    repo = repository(tmp_path / "r", files, index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 1
    assert repo.branches() == ["main"]
    assert (
        "flux.tf:1: helm_release flux holds no version, today flux2 2.18.3 of "
        "2026-04-15, which ships Flux 2.8.5, but the install URL installs Flux 2.5.1 "
        "(install.sh:2). Write an exact version"
    ) in result.err


def test_a_bump_to_what_a_chart_takes_today_says_that_it_floats(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    repo = repository(tmp_path / "r", {"install.sh": script("2.7.5"), "f.tf": UNVERSIONED}, index)
    result = cli("to", "2.8.5", "--accept-risk", "FB202", cwd=repo)
    assert result.code == 0, result.err
    assert (
        "fluxbump: f.tf:1: helm_release flux has no version, so each install takes the newest "
        "(write a version there)\n"
    ) in result.err
    again = cli("to", "2.8.5", "--rev", "fluxbump/flux-2.8.5", cwd=repo)
    assert "Nothing moved: every exact pin holds Flux 2.8.5" in again.out


# --- where a refused bump points --------------------------------------------------------------


def test_a_refused_bump_names_lines_of_the_base(tmp_path: Path, index: Path, cli: Cli) -> None:
    """The row of the mapping table is doubled above the URL; the URL is on line 3 of the base."""
    table = "#!/bin/sh\n# v2.4.0 -> flux2 2.14.1  <- CURRENT\n"
    text = table + script().partition("\n")[2]
    repo = repository(tmp_path / "r", {"install.sh": text, "flux.tf": UNVERSIONED}, index)
    report = cli("to", "2.5.1", "-o", "json", cwd=repo)
    assert report.code == 1
    (found,) = (one for one in report.json["findings"] if one["code"] == "FB115")
    assert [(one["path"], one["line"]) for one in found["related"]] == [("install.sh", 3)]
    assert "the install URL installs Flux 2.5.1 (install.sh:3)" in found["message"]
    assert report.json["patch"].count("+# ") == 2
