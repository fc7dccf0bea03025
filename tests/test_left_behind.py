"""No half of a bump: what would stay behind while the rest moves is refused, place by place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import (
    COMMUNITY,
    Cli,
    Repo,
    Result,
    assert_refused,
    release,
    repository,
    script,
    small,
    umbrella,
    wrapper,
)

MIRROR = "https://nexus.example.org/repository/fluxcd"
BRANCH = "fluxbump/flux-2.5.1"
To = Callable[..., Result]


@pytest.fixture
def there(tmp_path: Path, index: Path) -> Callable[[Mapping[str, str]], Repo]:
    return lambda files: repository(tmp_path / "there" / "repo", files, index)


@pytest.fixture
def to(cli: Cli, there: Callable[[Mapping[str, str]], Repo]) -> To:
    """Run `to 2.5.1` on a small repository with these files."""

    def call(files: Mapping[str, str], *arguments: str) -> Result:
        return cli("to", "2.5.1", *arguments, cwd=there(files))

    return call


def served_by(place: str, version: str = '"2.14.1"') -> str:
    return wrapper(version).replace(f"repository: {COMMUNITY}", f"repository: {place}")


def moved(result: Result) -> set[str]:
    found: list[dict[str, Any]] = result.json["changes"]
    return {f"{one['path']}:{one['line']} {one['new']}" for one in found}


WHOLE = {
    "install.sh:2 2.5.1",
    "chart/Chart.yaml:3 1.1.3",
    "chart/Chart.yaml:6 2.15.0",
    "chart/values.yaml:1 2.15.0",
    "clusters/a/flux.yaml:9 1.1.3",
}
"""What a bump of the small repository moves."""


# --- where flux2 comes from -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ('"@fluxcd"', 'repositories: ["@fluxcd"]'),
        ('"alias:fluxcd"', 'repositories: ["alias:fluxcd"]'),
        (MIRROR, f'repositories: ["{MIRROR}"]'),
        (
            "oci://registry.example.org/charts",
            'repositories: ["oci://registry.example.org/charts"]',
        ),
    ],
)
def test_a_wrapper_of_a_mirror_is_refused_with_the_line_that_helps(
    to: To, cli: Cli, there: Callable[[Mapping[str, str]], Repo], place: str, line: str
) -> None:
    files = small(chart=served_by(place))
    repo = there(files)
    refused = cli("to", "2.5.1", cwd=repo)
    assert_refused(refused, 5, "chart/Chart.yaml:6: ", "dependency flux2 2.14.1 comes from", line)
    assert repo.branches() == ["main"]
    repo.commit({"fluxbump.yaml": f"{line}\n"})
    assert moved(cli("to", "2.5.1", "-o", "json", cwd=repo)) == WHOLE


def test_a_fork_in_the_tree_is_not_said_to_be_a_mirror(to: To) -> None:
    refused = to(small(chart=served_by("file://../flux2")))
    assert_refused(refused, 5, "chart/Chart.yaml:6", 'exclude: ["chart/Chart.yaml"]')
    assert "repositories" not in refused.err


@pytest.mark.parametrize(
    "place",
    [
        "http://fluxcd-community.github.io/helm-charts",
        "https://FluxCD-Community.github.io:443/helm-charts//",
        "oci://ghcr.io/fluxcd-community/charts/",
        "oci://ghcr.io/fluxcd-community/charts/flux2",
    ],
)
def test_other_spellings_of_the_community_move(to: To, place: str) -> None:
    assert moved(to(small(chart=served_by(place)), "-o", "json")) == WHOLE


@pytest.mark.parametrize(
    "place",
    ["https://fluxcd-community.github.io/helm-charts-old", "https://example.org/helm-charts"],
)
def test_what_only_looks_like_the_community_is_refused(to: To, place: str) -> None:
    assert_refused(to(small(chart=served_by(place))), 5, "chart/Chart.yaml:6", place)


ADDS = {
    "ci.sh": f"helm repo add fluxcd {COMMUNITY}\n",
    "Makefile": f"repos:\n\thelm repo add --force-update \\\n\t  fluxcd '{COMMUNITY}/'\n",
    "helm/repositories.yaml": f"repositories:\n- name: fluxcd\n  url: {COMMUNITY}\n",
}


@pytest.mark.parametrize("path", ADDS)
@pytest.mark.parametrize("place", ['"@fluxcd"', "alias:fluxcd"])
def test_an_alias_that_the_tree_explains_moves(to: To, path: str, place: str) -> None:
    assert moved(to(small(chart=served_by(place), **{path: ADDS[path]}), "-o", "json")) == WHOLE


@pytest.mark.parametrize(
    "adds",
    [
        f"helm repo add other {COMMUNITY}\n",
        f"helm repo add fluxcd {MIRROR}\n",
        f"helm repo add fluxcd {MIRROR}\nhelm repo add fluxcd {COMMUNITY}\n",
    ],
)
def test_an_alias_that_may_mean_another_place_is_refused(to: To, adds: str) -> None:
    assert_refused(to(small(chart=served_by('"@fluxcd"'), **{"ci.sh": adds})), 5, "@fluxcd")


def test_a_version_that_nobody_published_is_said_to_be_none(to: To) -> None:
    chart = served_by("https://charts.example.org/stable", "0.9.9")
    assert_refused(
        to(small(chart=chart)), 5,
        "no chart flux2 0.9.9 is published", 'exclude: ["chart/Chart.yaml"]',
    )  # fmt: skip


def test_a_mirror_that_holds_the_target_holds_nothing_up(to: To) -> None:
    assert moved(to(small(chart=served_by(MIRROR, "2.15.0")), "-o", "json")) >= {
        "install.sh:2 2.5.1"
    }


def test_another_flux2_under_examples_holds_nothing_up(to: To) -> None:
    files = small(**{"examples/Chart.yaml": served_by(MIRROR).replace("bp-flux", "shown")})
    assert moved(to(files, "-o", "json")) == WHOLE


def test_when_nothing_else_moves_nothing_is_refused_and_nothing_is_claimed(to: To) -> None:
    files = {"install.sh": script("2.5.1"), "chart/Chart.yaml": served_by(MIRROR)}
    result = to(files, "--quiet")
    assert result.code == 0
    assert result.out.startswith("Nothing moved: every exact pin holds Flux 2.5.1")
    assert "chart/Chart.yaml:6  dependency flux2 2.14.1 comes from" in result.out
    assert "Nothing to do" not in result.out


def test_nothing_is_not_called_done_where_nothing_is_exact(to: To) -> None:
    latest = "https://github.com/fluxcd/flux2/releases/latest/download/install.yaml"
    result = to({"install.sh": f"#!/bin/sh\nkubectl apply -f {latest}\n"}, "--quiet")
    assert result.out.startswith("Nothing moved: no place holds an exact version of Flux.\n")
    assert "install.sh:2" in result.out


def test_what_does_not_move_is_said_once_where_nothing_moves(to: To) -> None:
    latest = "https://github.com/fluxcd/flux2/releases/latest/download/install.yaml"
    result = to({"install.sh": f"#!/bin/sh\nkubectl apply -f {latest}\n"}, "--dry-run")
    assert result.out.count("not pinned: takes the newest version") == 1
    assert "Not changed" not in result.out


# --- Helm 2 -----------------------------------------------------------------------------------

DEPENDENCIES = wrapper().partition("version: 1.1.2\n")[2]


@pytest.mark.parametrize("chart_api", ["v1", "v2"])
def test_dependencies_of_helm_2_are_refused_at_their_line(to: To, chart_api: str) -> None:
    chart = f"apiVersion: {chart_api}\nname: bp-flux\nversion: 1.1.2\n"
    files = small(chart=chart, **{"chart/requirements.yaml": DEPENDENCIES})
    assert_refused(
        to(files), 5, "chart/requirements.yaml:3: ", "dependency flux2 2.14.1", "Chart.yaml"
    )


def test_an_umbrella_of_helm_2_is_refused(to: To) -> None:
    needs = "dependencies:\n- name: bp-flux\n  version: 1.1.2\n"
    assert_refused(to(small(**{"up/requirements.yaml": needs})), 5, "up/requirements.yaml:3")


def test_requirements_of_something_else_are_no_matter(to: To) -> None:
    ansible = "collections:\n- name: flux2\n  version: 1.0.0\n"
    other = "dependencies:\n- name: redis\n  version: 1.1.2\n"
    files = small(**{"ansible/requirements.yaml": ansible, "app/requirements.yaml": other})
    result = to(files, "-o", "json")
    assert moved(result) == WHOLE
    assert not [one for one in result.json["notes"] if "requirements" in one["path"]]


# --- excluded files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exclude", "place"),
    [
        ("install.sh", "install.sh:2: install.yaml holds 2.4.0"),
        ("chart/Chart.yaml", "chart/Chart.yaml:6: dependency flux2 holds 2.14.1"),
        ("clusters/*", "clusters/a/flux.yaml:9: HelmRelease flux holds 1.1.2"),
        ("chart/values.yaml", "chart/values.yaml:1"),
        ("up/*", "up/Chart.yaml:6: dependency bp-flux holds 1.1.2"),
    ],
)
def test_an_excluded_file_does_not_stay_behind(to: To, exclude: str, place: str) -> None:
    files = small(config=f'exclude: ["{exclude}"]\n', **{"up/Chart.yaml": umbrella()})
    path = place.partition(":")[0]
    where, *said = place.split(": ")
    assert_refused(to(files), 5, where, *said, "excluded", f'leave_excluded: ["{path}"]')


def test_what_is_meant_to_stay_is_said_in_the_configuration(to: To) -> None:
    config = 'exclude: ["clusters/*"]\nleave_excluded: ["clusters/*"]\n'
    assert moved(to(small(config=config), "-o", "json")) == WHOLE - {"clusters/a/flux.yaml:9 1.1.3"}


@pytest.mark.parametrize(
    "path",
    ["examples/b.yaml", "docs/x/b.yaml", "app/testdata/b.yaml", "_archive/b.yaml", "test/b.yaml"],
)
def test_what_its_path_calls_an_example_may_stay(to: To, path: str) -> None:
    folder = path.rpartition("/")[0]
    files = small(config=f'exclude: ["{folder}/*"]\n', **{path: release()})
    assert moved(to(files, "-o", "json")) == WHOLE


def test_a_cluster_called_test_is_a_cluster(to: To) -> None:
    path = "clusters/test/flux.yaml"
    assert_refused(to(small(config=f'exclude: ["{path}"]\n', **{path: release()})), 5, path)


def test_what_is_at_another_version_already_may_stay(to: To) -> None:
    """Two places that differ on purpose: one of them is excluded."""
    old = {"rescue.sh": script("2.3.0"), "clusters/old/flux.yaml": release("1.0.9")}
    files = small(config='exclude: ["rescue.sh", "clusters/old/*"]\n', **old)
    assert moved(to(files, "-o", "json")) == WHOLE


def test_of_two_install_urls_the_one_that_goes_with_the_chart_does_not_stay_behind(to: To) -> None:
    """What a hint says to exclude one of may be followed with the wrong one."""
    files = small(config='exclude: ["install.sh"]\n', **{"rescue.sh": script("2.3.0")})
    assert_refused(to(files), 5, "install.sh:2", "2.4.0")


def test_an_excluded_file_that_cannot_be_read_does_not_stay_behind(to: To) -> None:
    broken = release().replace("    spec:\n", "   spec: [\n")
    config = 'exclude: ["clusters/*"]\n'
    assert_refused(to(small(release=broken, config=config)), 5, "clusters/a/flux.yaml:9", "1.1.2")


def test_each_place_has_a_line(to: To) -> None:
    files = small(
        chart=served_by(MIRROR),
        config='exclude: ["install.sh"]\n',
        **{"boot.sh": script(), "up/requirements.yaml": DEPENDENCIES},
    )
    result = to(files)
    assert (result.code, result.out) == (5, "")
    first, *facts = result.err.splitlines()
    assert first == "error: 3 places would stay behind while Flux moves to 2.5.1"
    assert [line.strip().partition(": ")[0] for line in facts[-3:]] == [
        "up/requirements.yaml:3",
        "chart/Chart.yaml:6",
        "install.sh:2",
    ]


def test_why_files_cannot_be_read_is_said_once(to: To) -> None:
    broken = release().replace("    spec:\n", "   spec: [\n")
    result = to(small(release=broken, **{"clusters/b/flux.yaml": broken}))
    assert result.code == 5
    _, shared, *lines = result.err.splitlines()
    assert shared.startswith("  2 places: ")
    assert [line.partition(":")[0] for line in lines[:2]] == [
        "    clusters/a/flux.yaml",
        "    clusters/b/flux.yaml",
    ]


# --- two charts of one name -------------------------------------------------------------------


@pytest.mark.parametrize("copy", ["examples/flux", "vendor/flux", "zz/test/flux", "a/backup"])
def test_the_hint_names_the_copy(
    cli: Cli, there: Callable[[Mapping[str, str]], Repo], copy: str
) -> None:
    path = f"{copy}/Chart.yaml"
    repo = there(small(**{path: wrapper()}))
    line = f'exclude: ["{path}"]'
    assert_refused(cli("to", "2.5.1", cwd=repo), 5, "two charts", path, "chart/Chart.yaml", line)
    repo.commit({"fluxbump.yaml": f"{line}\n"})
    assert moved(cli("to", "2.5.1", "-o", "json", cwd=repo)) == WHOLE


def test_the_hint_names_a_vendored_copy_and_that_it_stays(
    cli: Cli, there: Callable[[Mapping[str, str]], Repo]
) -> None:
    path = "up/charts/bp-flux/Chart.yaml"
    repo = there(small(**{path: wrapper(), "up/Chart.yaml": umbrella()}))
    lines = [f'exclude: ["{path}"]', f'leave_excluded: ["{path}"]']
    refused = cli("to", "2.5.1", cwd=repo)
    assert_refused(refused, 5, "two charts", ", ".join(lines), "helm dependency update")
    repo.commit({"fluxbump.yaml": "\n".join(lines)})
    assert moved(cli("to", "2.5.1", "-o", "json", cwd=repo)) > WHOLE


@pytest.mark.parametrize("other", ["charts/flux", "platform/flux", "clusters/test"])
def test_no_hint_names_a_chart_that_may_be_the_real_one(to: To, other: str) -> None:
    refused = to(small(**{f"{other}/Chart.yaml": wrapper()}))
    assert_refused(refused, 5, "two charts", f"{other}/Chart.yaml", "chart/Chart.yaml")
    assert "exclude: [" not in refused.err


def test_to_exclude_the_real_chart_makes_no_half_bump(to: To) -> None:
    files = small(
        config='exclude: ["chart/Chart.yaml"]\n', **{"examples/flux/Chart.yaml": wrapper()}
    )
    assert_refused(to(files), 5, "chart/Chart.yaml:6", "excluded")


# --- the scheduled job ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (small(chart=served_by(MIRROR)), ("chart/Chart.yaml", 6)),
        (small(config='exclude: ["install.sh"]\n'), ("install.sh", 2)),
    ],
)
def test_a_scheduled_run_is_blocked(
    cli: Cli,
    there: Callable[[Mapping[str, str]], Repo],
    files: dict[str, str],
    place: tuple[str, int],
) -> None:
    config = files.get("fluxbump.yaml", "") + "run:\n  release_notes: null\n"
    repo = there({**files, "fluxbump.yaml": config})
    result = cli("run", "--dry-run", "--exit-code", "-q", "--output", "json", cwd=repo)
    assert result.code == 21
    report = json.loads(result.out)
    assert (report["outcome"], report["codes"]) == ("blocked", [])
    assert [(one["path"], one["line"]) for one in report["places"]] == [place]
    told = cli("run", "--dry-run", "-q", cwd=repo)
    assert f"  {place[0]}:{place[1]}  " in told.out


FOREIGN = "https://charts.example.org"
INSTALLS = {
    "up-chart.sh": f"helm install flux2 flux2 --repo {FOREIGN} --version 2.14.1\n",
    "a/kustomization.yaml": f"helmCharts:\n- name: flux2\n  repo: {FOREIGN}\n  version: 2.14.1\n",
    "helmfile.yaml": (
        f"repositories:\n- name: x\n  url: {FOREIGN}\n"
        "releases:\n- name: flux\n  chart: x/flux2\n  version: 2.14.1\n"
    ),
    "app.yaml": (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n"
        f"    chart: flux2\n    repoURL: {FOREIGN}\n    targetRevision: 2.14.1\n"
    ),
    "release.yaml": (
        "apiVersion: helm.crossplane.io/v1beta1\nkind: Release\nspec:\n  forProvider:\n"
        f"    chart: {{name: flux2, repository: {FOREIGN}, version: 2.14.1}}\n"
    ),
    "play.yaml": (
        "- hosts: all\n  tasks:\n  - kubernetes.core.helm:\n      name: flux\n"
        f"      chart_ref: flux2\n      chart_repo_url: {FOREIGN}\n      chart_version: 2.14.1\n"
    ),
}


@pytest.mark.parametrize("path", INSTALLS)
def test_a_chart_from_elsewhere_stops_a_bump_whatever_installs_it(
    path: str, tmp_path: Path, index: Path, cli: Cli
) -> None:
    """It may be a mirror, as a dependency from elsewhere may be."""
    repo = repository(tmp_path / "r", {"up.sh": script(), path: INSTALLS[path]}, index)
    refused = cli("to", "2.5.1", cwd=repo)
    assert_refused(refused, 5, path, f"flux2 from {FOREIGN}, not from the community")
    assert f'exclude: ["{path}"]' in refused.err
    repo.commit({path: INSTALLS[path].replace("2.14.1", "2.15.0")})
    assert cli("to", "2.5.1", "--dry-run", cwd=repo).code == 0
    repo.commit({path: INSTALLS[path]})
    repo.commit({"fluxbump.yaml": f"repositories: [{FOREIGN}]\n"})
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert "2.15.0" in repo.show("fluxbump/flux-2.5.1", path)
    repo.commit({"fluxbump.yaml": f"exclude: [{path}]\n"})
    assert cli("to", "2.5.1", "--force", cwd=repo).code == 0
    assert repo.show("fluxbump/flux-2.5.1", path) == INSTALLS[path]
