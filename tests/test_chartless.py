"""A repository without a place of the chart: a release has to exist, and needs no chart."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from semver import Version

from fluxbump.bump import goal
from fluxbump.check import gather
from fluxbump.check.repository_state import state_of
from fluxbump.config.settings import Policy, Settings
from fluxbump.discover.tracks import needs_chart
from fluxbump.errors import IndexSourceError, RepositoryError, ResolveError
from fluxbump.flux.release_sources import Sources
from fluxbump.flux.releases import ReleaseWithoutChart
from fluxbump.flux.tables import crds
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.run.decision import Update
from fluxbump.run.next_release.decide import decide
from fluxbump.run.pull_request.state import SavedState
from tests.helpers import (
    Cli,
    assert_refused,
    chart_index,
    find,
    release,
    repository,
    script,
    snapshot,
    wrapper,
)

WITHOUT_CHART = "2.6.0"  # a release that the community never made a chart of
NEWEST = max(Version.parse(one) for one in crds.crds() if "-" not in one)


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """An index that is not there."""
    return str(tmp_path / "nowhere")


def test_the_facts_that_the_tests_stand_on() -> None:
    assert WITHOUT_CHART in crds.crds()
    assert WITHOUT_CHART not in {str(one.app_version) for one in chart_index().releases}


# --- `to` -------------------------------------------------------------------------------------


def test_a_release_that_no_chart_ships(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script("2.5.1")}, index)
    result = cli("to", WITHOUT_CHART, cwd=repo)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0] == "Flux 2.5.1 -> 2.6.0"
    branch = "fluxbump/flux-2.6.0"
    assert repo.show(branch, "install.sh") == script("2.6.0")
    message = repo.git("log", "-1", "--format=%B", branch).strip()
    assert message == "Move Flux to 2.6.0\n\n- flux 2.5.1 -> 2.6.0\n\nPins: 1 in 1 files."


def test_the_chart_is_null_in_the_json(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script("2.5.1")}, index)
    told = cli("to", WITHOUT_CHART, "-n", "-o", "json", cwd=repo).json
    assert told["target"] == {
        "release": "2.6.0", "chart_version": None, "created": None, "digest": None,
    }  # fmt: skip
    assert told["tracks"] == [{"name": "flux", "old": "2.5.1", "new": "2.6.0"}]


def test_a_chart_that_nobody_pins_is_not_named(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script("2.4.0")}, index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.out.splitlines()[0] == "Flux 2.4.0 -> 2.5.1"
    subject = repo.git("log", "-1", "--format=%s", "fluxbump/flux-2.5.1").strip()
    assert subject == "Move Flux to 2.5.1"


@pytest.mark.parametrize("target", [WITHOUT_CHART, "2.5", "latest", "latest-safe"])
def test_no_index_is_needed(tmp_path: Path, nowhere: str, cli: Cli, target: str) -> None:
    files = {"install.sh": script("2.8.5" if target == "latest" else "2.5.0")}
    repo = repository(tmp_path / "repo", files, Path(nowhere))
    result = cli("to", target, "--index", nowhere, "--output", "json", cwd=repo)
    expected = {"2.5": "2.5.1", WITHOUT_CHART: WITHOUT_CHART}.get(target)
    assert result.code == 0, result.err
    held = result.json["target"]["release"]
    assert held == expected if expected else Version.parse(held) > Version(2, 6, 0)
    assert repo.show(f"fluxbump/flux-{held}", "install.sh") == script(held)


def test_the_tags_of_a_repository_say_what_is_newest(
    tmp_path: Path, nowhere: str, cli: Cli
) -> None:
    flux = repository(tmp_path / "flux2", {"README.md": "flux\n"}, Path(nowhere))
    for tag in ("v2.5.0", "v2.98.1", "v2.99.0-rc.1", "api/v3.0.0"):
        flux.git("tag", tag)
    files = {"install.sh": script("2.5.0"), "fluxbump.yaml": f"flux_repository: {flux.path}\n"}
    repo = repository(tmp_path / "repo", files, Path(nowhere))
    result = cli("to", "latest", "--dry-run", "--index", nowhere, "--output", "json", cwd=repo)
    assert result.json["target"]["release"] == "2.98.1", result.err


def test_a_repository_without_tags_is_told(tmp_path: Path, nowhere: str, cli: Cli) -> None:
    files = {"install.sh": script("2.5.0"), "fluxbump.yaml": "flux_repository: ../gone\n"}
    repo = repository(tmp_path / "repo", files, Path(nowhere))
    result = cli("to", "2.5", "--dry-run", "--index", nowhere, cwd=repo)
    assert result.code == 0, result.err
    assert "without the tags of Flux newer releases may be missing: " in result.err


def test_it_says_that_newer_releases_may_be_missing(tmp_path: Path, nowhere: str, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script("2.5.0")}, Path(nowhere))
    result = cli("to", "2.5", "--dry-run", "--index", nowhere, cwd=repo)
    assert "without the chart index newer releases may be missing: " in result.err


def test_it_works_in_place_too(tmp_path: Path, nowhere: str, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script("2.5.0")}, Path(nowhere))
    assert cli("to", WITHOUT_CHART, "--in-place", "--index", nowhere, cwd=repo).code == 0
    assert (repo.path / "install.sh").read_text() == script(WITHOUT_CHART)


def test_latest_is_the_newest_release_that_is_known(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script("2.5.0")}, index)
    told = cli("to", "latest", "-n", "-o", "json", cwd=repo).json
    charted = max(one.app_version for one in chart_index().releases)
    assert told["target"]["release"] == str(max(NEWEST, charted))


def test_a_release_that_does_not_exist(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script("2.5.0")}, index)
    none = str(tmp_path)  # a directory without manifests, so that nobody asks a network
    result = cli("to", "2.99.0", "--releases", none, "--quiet", cwd=repo)
    assert_refused(result, 4, "Flux 2.99.0 is not a known release", "fluxbump to ")


@pytest.mark.parametrize("target", [WITHOUT_CHART, "2.99"])
def test_where_a_chart_is_pinned_one_has_to_ship_the_release(
    tmp_path: Path, index: Path, nowhere: str, cli: Cli, target: str
) -> None:
    files = {"install.sh": script("2.5.1"), "flux.yaml": release("2.15.0", chart="flux2")}
    repo = repository(tmp_path / "repo", files, index)
    assert_refused(cli("to", target, "--quiet", cwd=repo), 4, "no chart flux2 ships")
    result = cli("to", "2.5.1", "--quiet", "--index", nowhere, cwd=repo)
    assert_refused(result, 7, nowhere)


def test_a_chart_that_is_named_has_to_exist(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script("2.4.0")}, index)
    result = cli("to", "2.5.1", "--chart-version", "9.9.9", "--quiet", cwd=repo)
    assert_refused(result, 4, "the index has no chart flux2 9.9.9")


# --- `sync`, `path`, `status` -----------------------------------------------------------------


def test_sync_needs_no_chart(tmp_path: Path, nowhere: str, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script(WITHOUT_CHART)}, Path(nowhere))
    result = cli("sync", "--from", "install-url", "--index", nowhere, cwd=repo)
    assert result.code == 0, result.err


def test_the_way_needs_no_chart(tmp_path: Path, nowhere: str, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script("2.5.1")}, Path(nowhere))
    told = cli("path", WITHOUT_CHART, "--index", nowhere, "-o", "json", cwd=repo).json
    assert [one["new"] for one in told["hops"]] == [WITHOUT_CHART]


def test_status_needs_no_index(tmp_path: Path, nowhere: str, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"install.sh": script("2.5.1")}, Path(nowhere))
    result = cli("status", "--index", nowhere, cwd=repo)
    assert result.code == 0
    assert "\n\nThe pins agree\n" in result.out
    assert f"Newest release: {NEWEST}" in result.out
    told = cli("status", "--index", nowhere, "-o", "json", cwd=repo).json
    assert told["agree"] is True
    assert told["newest"] == {
        "release": str(NEWEST), "chart_version": None, "created": None, "digest": None,
    }  # fmt: skip


# --- which releases there are -----------------------------------------------------------------


class Index:
    """An index of no more than was given."""

    def __init__(self, *charts: ChartRelease, error: IndexSourceError | None = None) -> None:
        self._charts, self._error = charts, error

    def load(self) -> ChartIndex:
        if self._error:
            raise self._error
        return ChartIndex("memory", self._charts)

    def archive(self, release: ChartRelease) -> bytes:
        raise AssertionError(release)


def _none(_: str) -> object:
    raise IndexSourceError("no manifest")


def sources(*tagged: str, error: RepositoryError | None = None) -> tuple[Sources, list[str]]:
    """Return what is told of releases, and how often the tags were asked for."""
    asked: list[str] = []

    def tags() -> list[Version]:
        asked.append("tags")
        if error:
            raise error
        return [Version.parse(one) for one in tagged]

    return Sources(_none, tags=tags), asked  # type: ignore[arg-type]  # it only raises


def test_tags_say_which_releases_exist() -> None:
    told, asked = sources("2.98.0", "2.99.0", "2.99.1-rc.1")
    state = state_of(snapshot({"a.sh": script("2.5.1")}), Settings(), Index().load(), sources=told)
    assert goal.find(state, "2.98.0") == ReleaseWithoutChart(Version(2, 98, 0))
    assert goal.find(state, "latest") == ReleaseWithoutChart(Version(2, 99, 0))
    assert goal.find(state, "2.99.1-rc.1") == ReleaseWithoutChart(Version(2, 99, 1, "rc.1"))
    assert asked == ["tags"]  # once


def test_tags_are_not_asked_for_what_is_known_without_them() -> None:
    told, asked = sources("2.99.0")
    state = state_of(snapshot({"a.sh": script("2.5.1")}), Settings(), Index().load(), sources=told)
    assert goal.find(state, WITHOUT_CHART) == ReleaseWithoutChart(Version(2, 6, 0))
    assert asked == []


def test_tags_are_not_asked_where_a_chart_is_pinned() -> None:
    told, asked = sources("2.99.0")
    files = {"a.sh": script("2.5.1"), "chart/Chart.yaml": wrapper('"2.15.0"')}
    chart = ChartRelease("flux2", Version(2, 15, 0), Version(2, 5, 1))
    state = state_of(snapshot(files), Settings(), Index(chart).load(), sources=told)
    assert goal.find(state, "latest") == chart
    with pytest.raises(ResolveError, match=r"no chart flux2 ships Flux 2\.99\.0"):
        goal.find(state, "2.99.0")
    assert (asked, state.no_tags) == ([], None)


def test_tags_that_cannot_be_read_are_told() -> None:
    told, _ = sources(error=RepositoryError("the tags cannot be read"))
    state = state_of(snapshot({"a.sh": script("2.5.1")}), Settings(), Index().load(), sources=told)
    assert goal.find(state, "latest") == ReleaseWithoutChart(NEWEST)
    assert state.no_tags == "the tags cannot be read"
    with pytest.raises(RepositoryError):
        state.tagged(strict=True)


def test_an_index_is_needed_where_a_chart_is_pinned() -> None:
    missing = IndexSourceError("no index")
    files = {"a.sh": script(), "chart/Chart.yaml": wrapper()}
    with pytest.raises(IndexSourceError):
        state_of(snapshot(files), Settings(), missing)
    state = state_of(snapshot({"a.sh": script()}), Settings(), missing)
    assert str(state.no_index) == "no index"


@pytest.mark.parametrize(
    ("files", "needed"),
    [
        ({"a.sh": script()}, False),
        ({"flux.yaml": release("2.14.1", chart="flux2")}, True),
        ({"chart/Chart.yaml": wrapper()}, True),
        ({"chart/Chart.yaml": "name: x\nversion: 1.0.0\n", "a.sh": script()}, False),
        ({"flux.yaml": release("2.x", chart="flux2")}, True),
    ],
)
def test_which_repositories_need_a_chart(files: dict[str, str], needed: bool) -> None:
    assert needs_chart(find(files)) is needed


# --- the scheduled run ------------------------------------------------------------------------


def test_a_run_proposes_a_release_without_a_chart() -> None:
    files = snapshot({"a.sh": script("2.5.1")})
    inventory = find({"a.sh": script("2.5.1")})
    around = gather.surroundings(files, Settings().scope({}))
    before = gather.gather(gather.snapshot_files(files, inventory), chart_index(), around=around)
    now = datetime(2026, 11, 27, tzinfo=UTC)
    policy = Policy(range="2.5.1 - 2.6.0")
    found = decide(before, chart_index(), policy, now)
    assert isinstance(found, Update)
    assert found.chart == ReleaseWithoutChart(Version(2, 6, 0))
    aged = Policy(range="2.5.1 - 2.6.0", min_age_days=3)
    waiting = decide(before, chart_index(), aged, now)
    assert [one.reason for one in waiting.skipped if one.release == "2.6.0"] == [
        "the index has no date for its chart"
    ]


def test_the_state_of_a_pull_request_may_have_no_chart() -> None:
    state = SavedState("2.6.0", "none", "a" * 40, "b" * 40, "c" * 40, "d" * 64, "e" * 64)
    assert SavedState.parse(state.render()) == state
    assert json.loads(state.render()[len("<!-- fluxbump:state ") : -len(" -->")])


# --- a repository with nothing but tools ------------------------------------------------------

WORKFLOW = ".github/workflows/ci.yaml"


def ci(version: str) -> str:
    return f"jobs: {{a: {{steps: [{{uses: fluxcd/flux2/action@v{version}}}]}}}}\n"


def test_a_run_proposes_the_newest_release_for_tools(
    tmp_path: Path, nowhere: str, cli: Cli
) -> None:
    """No cluster is left at a release, so there are no hops on the way."""
    flux = repository(tmp_path / "flux2", {"README.md": "flux\n"}, Path(nowhere))
    for tag in ("v2.0.0", "v2.9.4"):
        flux.git("tag", tag)
    files = {WORKFLOW: ci("2.0.0"), "fluxbump.yaml": f"flux_repository: {flux.path}\n"}
    repo = repository(tmp_path / "repo", files, Path(nowhere))
    told = cli("run", "--dry-run", "--index", nowhere, "-o", "json", cwd=repo)
    assert told.code == 0, told.err
    found = told.json
    assert (found["outcome"], found["current"], found["target"]) == (
        "update-available",
        "2.0.0",
        "2.9.4",
    ), found
    repo.commit({WORKFLOW: ci("2.9.4")})
    after = cli("run", "--dry-run", "--index", nowhere, "-o", "json", cwd=repo)
    assert after.json["outcome"] == "up-to-date", after.out
