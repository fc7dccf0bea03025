"""`fluxbump to` from end to end: what it moves, what it refuses, and what it says."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from fixtures import generate
from fluxbump.helm import lock
from tests.helpers import (
    REAL_INDEX,
    Cli,
    Repo,
    Result,
    assert_refused,
    in_step,
    release,
    repository,
    script,
    small,
    umbrella,
    values,
    wrapper,
)

BRANCH = "fluxbump/flux-2.5.1"
CLUSTERS = ("_template", "alpha.example.org", "beta.example.org")

# path: pins, mapping rows
MOVED = {
    **{f"clusters/{one}/bootstrap-kit/03-flux.yaml": (1, 0) for one in CLUSTERS},
    **{f"clusters/{one}/bootstrap-kit/13-bp-catalyst-platform.yaml": (1, 0) for one in CLUSTERS},
    "docs/RUNBOOK-PROVISIONING.md": (0, 1),
    "infra/hetzner/cloudinit-control-plane.tftpl": (1, 1),
    "platform/flux/blueprint.yaml": (1, 0),
    "platform/flux/chart/Chart.yaml": (2, 1),
    "platform/flux/chart/values.yaml": (1, 0),
    "products/catalyst/chart/Chart.yaml": (2, 0),
}


def lines(table: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """A pin changes its line; a row changes its line and adds one."""
    return {path: (pins + 2 * rows, pins + rows) for path, (pins, rows) in table.items()}


# --- the main job -----------------------------------------------------------------------------


def test_what_was_there_before_is_listed_in_order(repo: Repo) -> None:
    report = repo.fluxbump("to", "latest-safe", "--dry-run", "--output", "json").json
    places = [(one["code"], one["path"], one["line"]) for one in report["inherited"]]
    assert len(places) > 9
    assert places == sorted(places)


def test_one_commit_moves_every_pin(repo: Repo) -> None:
    before = repo.state()
    result = repo.fluxbump("to", "2.5.1")
    assert (result.code, result.err) == (0, "")
    assert repo.changed(BRANCH) == lines(MOVED)
    assert repo.git("rev-list", f"main..{BRANCH}").split() == [repo.tip(BRANCH)]
    assert repo.tip(f"{BRANCH}^") == repo.tip("main")
    assert repo.state() == before
    assert repo.branches() == [BRANCH, "main"]
    assert f"branch  {BRANCH}" in result.out
    assert f"commit  {repo.tip(BRANCH)}" in result.out
    author = repo.git("log", "-1", "--format=%an <%ae> %cn <%ce>", BRANCH).strip()
    assert (
        author
        == "Platform team <platform@example.org> " * 1 + "Platform team <platform@example.org>"
    )
    message = repo.git("log", "-1", "--format=%B", BRANCH)
    assert message.startswith("Move Flux to 2.5.1 (chart flux2 2.15.0)\n\n- flux 2.4.0 -> 2.5.1\n")


def test_each_pin_is_a_row_of_the_table(repo: Repo, cli: Cli) -> None:
    result = cli("to", "2.5.1", "--dry-run", cwd=repo)
    report = cli("to", "2.5.1", "--dry-run", "--output", "json", cwd=repo).json
    assert len(report["changes"]) == 13
    for change in report["changes"]:
        row = [f"{change['path']}:{change['line']}", change["kind"], change["track"]]
        assert [*row, change["old"], change["new"]] in [
            line.split() for line in result.out.splitlines()
        ]
        held = repo.show("main", change["path"]).splitlines()[change["line"] - 1]
        assert held[change["column"] - 1 :].startswith(change["old"])


def test_every_changed_line_is_a_pin_or_a_row(repo: Repo, cli: Cli) -> None:
    report = cli("to", "2.5.1", "--output", "json", cwd=repo).json
    patch = repo.git("diff", "-U0", "main", BRANCH)
    removed = [line for line in patch.splitlines() if line.startswith("-") and line[:4] != "--- "]
    added = [line for line in patch.splitlines() if line.startswith("+") and line[:4] != "+++ "]
    assert len(removed) == len(report["changes"]) + len(report["rows"])
    assert len(added) == len(report["changes"]) + 2 * len(report["rows"])
    assert len(report["rows"]) == 3
    assert report["tree"] == repo.tree(BRANCH)
    assert report["commit"] == repo.tip(BRANCH)


def test_no_mentions_leaves_the_rows(repo: Repo, cli: Cli) -> None:
    assert cli("to", "2.5.1", "--no-mentions", cwd=repo).code == 0
    pins = {path: (pins, pins) for path, (pins, _) in MOVED.items() if pins}
    assert repo.changed(BRANCH) == pins


def test_dry_run_names_the_branch_and_shows_the_diff(repo: Repo, cli: Cli) -> None:
    result = cli("to", "2.5.1", "-n", cwd=repo)
    assert result.code == 0
    assert BRANCH in result.err
    assert result.out.count("\ndiff --git ") == 12
    assert repo.branches() == ["main"]


def test_quiet_prints_the_result_only(repo: Repo, cli: Cli) -> None:
    result = cli("to", "2.5.1", "--quiet", cwd=repo)
    assert result.out.splitlines() == [f"branch  {BRANCH}  (made)", f"commit  {repo.tip(BRANCH)}"]
    assert result.err == ""


@pytest.mark.parametrize(
    ("level", "moved"), [("minor", ("1.2.0", "1.2.0")), ("major", ("2.0.0", "2.0.0"))]
)
def test_bump_level(repo: Repo, cli: Cli, level: str, moved: tuple[str, str]) -> None:
    report = cli("to", "2.5.1", "--bump", level, "-n", "-o", "json", cwd=repo).json
    tracks = {one["name"]: one["new"] for one in report["tracks"]}
    assert (tracks["bp-flux"], tracks["bp-catalyst-platform"]) == moved


# --- which release ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "release", "chart"),
    [
        ("2.5.1", "2.5.1", "2.15.0"),
        ("v2.5.1", "2.5.1", "2.15.0"),
        ("2.5", "2.5.1", "2.15.0"),
        ("v2.7", "2.7.5", "2.17.2"),
        ("latest", "2.8.5", "2.18.3"),
        ("2", "2.8.5", "2.18.3"),
        ("2.7.2", "2.7.2", "2.17.1"),
    ],
)
def test_target(repo: Repo, cli: Cli, text: str, release: str, chart: str) -> None:
    report = cli("to", text, "-n", "-o", "json", cwd=repo).json
    assert report["target"]["release"] == release
    assert report["target"]["chart_version"] == chart
    assert report["branch"] == f"fluxbump/flux-{release}"


@pytest.mark.skipif(not REAL_INDEX.exists(), reason="the published index is not here")
def test_the_published_index_leads_to_the_same_tree(repo: Repo, cli: Cli) -> None:
    report = cli("to", "2.5.1", "--index", str(REAL_INDEX), "-o", "json", cwd=repo).json
    assert report["target"]["chart_version"] == "2.15.0"
    assert repo.changed(BRANCH) == lines(MOVED)


def test_latest_safe_counts_nothing_that_the_team_accepts(repo: Repo, cli: Cli) -> None:
    def taken() -> str:
        report = cli("to", "latest-safe", "-n", "-o", "json", cwd=repo).json
        return str(report["target"]["release"])

    assert taken() == "2.6.4"
    accepted = [
        f"  - {{code: {code}, reason: all are new}}" for code in ("FB202", "FB203", "FB207")
    ]
    repo.commit({"fluxbump.yaml": "\n".join(["ignore:", *accepted, ""])})
    assert taken() == "2.8.5"


def test_latest_safe_blames_no_release_for_what_is_wrong_already(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    """The interval is refused by both releases, whose schemas differ elsewhere."""
    app = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: app}\n"
        "spec:\n  interval: 5 min\n  chart: {spec: {chart: app, sourceRef: "
        "{kind: HelmRepository, name: app}}}\n"
    )
    old = repository(tmp_path / "old", {"up.sh": script("2.8.5"), "apps/app.yaml": app}, index)
    assert "FB204" in cli("check", "--no-render", cwd=old).out
    report = cli("to", "latest-safe", "-n", "-o", "json", cwd=old).json
    assert report["target"]["release"] == "2.9.4"


def test_latest_safe_takes_no_release_of_which_too_little_is_known(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    """Nobody wrote down which Kubernetes 2.3 asks for, and no table has the CRDs of 0.41."""
    chart = {"install": script("2.2.3"), "chart": wrapper("2.12.4"), "values": values("2.12.4")}
    old = repository(tmp_path / "old", small(**chart, **{"k.tf": kubernetes("1.27")}), index)
    report = cli("to", "latest-safe", "-n", "-o", "json", cwd=old).json
    assert report["target"]["release"] == "2.2.3"
    old.commit({"k.tf": kubernetes("1.30")})
    report = cli("to", "latest-safe", "-n", "-o", "json", cwd=old).json
    assert report["target"]["release"] == "2.5.1"
    old.commit({"install.sh": script("0.41.2")})
    refused = cli("to", "latest-safe", "-n", "--offline", cwd=old)
    assert_refused(refused, 9, "no release is known to be safe", "CRDs of Flux 0.41.2 are not")


def kubernetes(version: str) -> str:
    return f'module "eks" {{\n  cluster_version = "{version}"\n}}\n'


def test_a_bump_leaves_what_the_runbook_says_of_today_to_be_found(repo: Repo, cli: Cli) -> None:
    repo.fluxbump("to", "2.5.1", "--quiet")
    result = cli("check", "--no-render", "--rev", BRANCH, cwd=repo)
    assert "docs/RUNBOOK-PROVISIONING.md:78" in result.out  # the row above is new
    assert "says that bp-flux is 1.1.2 now, but it is 1.1.3" in result.out


def test_chart_version(repo: Repo, cli: Cli) -> None:
    report = cli("to", "2.7.2", "--chart-version", "2.17.0", "-n", "-o", "json", cwd=repo).json
    assert report["target"]["chart_version"] == "2.17.0"
    wrong = cli("to", "2.5.1", "--chart-version", "2.14.1", cwd=repo)
    assert_refused(
        wrong, 4, "chart flux2 2.14.1 ships Flux 2.4.0, not 2.5.1", "--chart-version 2.14.1\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "fragments"),
    [
        (["to"], 2, ["no release given", "2.5.1", "--operator"]),
        (["to", "bogus"], 2, ["'bogus'", "2.5.1"]),
        (["to", "2.5.1.0"], 2, ["'2.5.1.0'"]),
        (["to", "2.5.01"], 2, ["'2.5.01'"]),
        (["to", ""], 2, ["''"]),
        (["to", "2.5.1\n2.4.0"], 2, []),
        (["to", "2.99"], 4, ["2.99", "fluxbump to 2.8.5"]),
        (["to", "2.5.1-rc.1"], 4, ["2.5.1-rc.1"]),
        (["to", "2.5.1", "--chart-version", "x"], 2, ["'x'"]),
        (["to", "2.5.1", "--chart-version", "9.9.9"], 4, ["9.9.9"]),
        (["to", "2.5.1", "--bump", "huge"], 2, ["huge"]),
        (["to", "2.5.1", "--nope"], 2, ["--nope"]),
        (["to", "2.5.1", "--rev", "nope"], 6, ["nope", "name a branch, a tag, or a commit"]),
        (["to", "2.5.1", "--rev", "--all"], 6, ["--all"]),
        (["to", "2.5.1", "--repo", "nowhere"], 6, ["nowhere", "--repo"]),
        (["to", "2.5.1", "--index", "nowhere"], 7, ["nowhere"]),
        (["to", "2.3.0"], 9, ["cloudinit-control-plane.tftpl:146", "--allow-downgrade"]),
        (["frobnicate"], 2, ["frobnicate"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_requests(
    repo: Repo, cli: Cli, arguments: list[str], code: int, fragments: list[str]
) -> None:
    before = repo.state()
    assert_refused(cli(*arguments, cwd=repo), code, *fragments)
    assert repo.state() == before
    assert repo.branches() == ["main"]


def test_downgrade_when_allowed(repo: Repo, cli: Cli) -> None:
    report = cli("to", "2.3.0", "--allow-downgrade", "-o", "json", cwd=repo).json
    # Allowed is not safe: a cluster that stores Bucket v1 would refuse the older CRD.
    assert report["outcome"] == "not-written"
    assert {one["code"] for one in report["findings"]} >= {"FB202"}
    accept = ("--accept-risk", "FB202")
    report = cli("to", "2.3.0", "--allow-downgrade", *accept, "-o", "json", cwd=repo).json
    assert report["outcome"] == "created"
    assert "v2.3.0/install.yaml" in repo.show(
        "fluxbump/flux-2.3.0", "infra/hetzner/cloudinit-control-plane.tftpl"
    )


def test_a_refused_downgrade_promises_no_route(repo: Repo, cli: Cli) -> None:
    refused = cli("to", "2.3.0", "--allow-downgrade", cwd=repo)
    assert refused.code == 1
    assert "Follow" not in refused.err
    _, steps = refused.err.split("next: ")
    wanted = ["fluxbump to 2.6.4  ", "fluxbump path 2.3.0  "]
    passing, route = (next(line for line in steps.splitlines() if step in line) for step in wanted)
    assert passing.endswith("newest release that passes")
    assert route.endswith("why there is no route")
    told = cli("path", "2.3.0", cwd=repo)
    assert told.out.startswith("No safe route from Flux 2.4.0 to 2.3.0: ")


def test_prerelease_only_in_full(repo: Repo, cli: Cli) -> None:
    arguments = ("to", "2.0.0-rc.3", "--allow-downgrade", "-n", "-o", "json")
    assert cli(*arguments, cwd=repo).json["target"]["chart_version"] == "2.8.0"


# --- states of a repository -------------------------------------------------------------------


def test_the_incident_is_repaired_without_the_url(incident: Repo, cli: Cli) -> None:
    result = cli("to", "2.4.0", "-o", "json", cwd=incident)
    assert result.json["outcome"] == "created"
    expected = {path: counts for path, counts in MOVED.items() if counts[0]}
    expected |= {
        "platform/flux/chart/Chart.yaml": (2, 0),
        "products/catalyst/chart/Chart.yaml": (3, 0),
    }
    del expected["infra/hetzner/cloudinit-control-plane.tftpl"]
    changed = incident.changed("fluxbump/flux-2.4.0")
    # The row of 2.4.0 is there already: the marker moves, which changes two lines.
    assert changed.pop("platform/flux/chart/Chart.yaml") == (4, 4)
    assert expected.pop("platform/flux/chart/Chart.yaml")
    assert changed == lines(expected)
    assert not any(change["kind"] == "install-url" for change in result.json["changes"])


def make(tmp_path: Path, index: Path, files: Mapping[str, str]) -> Repo:
    return repository(tmp_path / "small", files, index)


Run = Callable[..., Result]


@pytest.fixture
def to(cli: Cli, tmp_path: Path, index: Path) -> Run:
    """Run `to 2.5.1` on a small repository with these files."""

    def call(files: Mapping[str, str], *arguments: str) -> Result:
        return cli("to", "2.5.1", *arguments, cwd=make(tmp_path, index, files))

    return call


def changes(result: Result) -> dict[str, tuple[str, str]]:
    found: list[dict[str, Any]] = result.json["changes"]
    return {f"{one['path']}:{one['line']}": (one["old"], one["new"]) for one in found}


def test_drifted_release_comes_out_equal(to: Run) -> None:
    files = small(release=release("1.0.4"), b=release("1.1.2"))
    files["clusters/b/flux.yaml"] = files.pop("b")
    moved = changes(to(files, "-o", "json"))
    assert moved["clusters/a/flux.yaml:9"] == ("1.0.4", "1.1.3")
    assert moved["clusters/b/flux.yaml:9"] == ("1.1.2", "1.1.3")


def test_range_that_admits_stays_and_is_shown(to: Run) -> None:
    result = to(small(release=release("^1.1")), "-n")
    assert "clusters/a/flux.yaml:9  HelmRelease flux: the range ^1.1 admits 1.1.3" in result.out


@pytest.mark.parametrize(
    ("files", "fragments"),
    [
        (small(release=release("~1.0")), ["clusters/a/flux.yaml:9", "~1.0", "excludes 1.1.3"]),
        (small(chart=wrapper("^2.14.0")), ["chart/Chart.yaml:6", "^2.14.0", 'version: "2.14.1"']),
        (small(chart=wrapper("2.14")), ["chart/Chart.yaml:6", "not an exact version: 2.14"]),
        (
            small(other=script("2.3.0")),
            ["install URLs disagree", "install.sh:2 holds 2.4.0", "other:2 holds 2.3.0", "--align"],
        ),
        (
            small(**{"two/Chart.yaml": wrapper("2.13.0", name="bp-two")}),
            ["chart/Chart.yaml:6 holds 2.14.1", "two/Chart.yaml:6 holds 2.13.0", "--align"],
        ),
        (
            small(**{"two/Chart.yaml": wrapper()}),
            ["two charts", "bp-flux", "two/Chart.yaml", "exclude"],
        ),
        (
            small(release="kind: HelmRelease\nspec:\n  chart: bp-flux\n   version: 1\n"),
            ["clusters/a/flux.yaml:4: ", "column 11", "fix the YAML"],
        ),
        (small(install=script("${V}")), ["install.sh:2", "v${V}", "fluxbump.yaml"]),
        ({"a.txt": "nothing\n"}, ["no pin of Flux found", "--repo"]),
        (small(chart=wrapper(own="1.1")), ["chart/Chart.yaml:3", "bp-flux", "MAJOR.MINOR.PATCH"]),
        (small(chart=wrapper("!!str 2.14.1")), ["chart/Chart.yaml:6", "not an exact"]),
        (small(release=release("&v 1.1.2")), ["clusters/a/flux.yaml:9", "anchor"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_what_cannot_be_moved_is_refused(
    to: Run, files: dict[str, str], fragments: list[str]
) -> None:
    assert_refused(to(files), 5, *fragments)


def test_align_sets_what_disagrees(to: Run) -> None:
    files = small(
        other=script("2.3.0"),
        **{
            "two/Chart.yaml": wrapper("2.13.0", name="bp-two", own="0.1.0"),
            "two/values.yaml": values("2.13.0"),
        },
    )
    moved = changes(to(files, "--align", "-o", "json"))
    assert moved["other:2"] == ("2.3.0", "2.5.1")
    assert moved["two/Chart.yaml:6"] == ("2.13.0", "2.15.0")
    assert moved["two/Chart.yaml:3"] == ("0.1.0", "0.1.1")


def test_excluded_files_are_not_read(to: Run) -> None:
    broken = "kind: HelmRelease\nspec:\n  chart: bp-flux\n   version: 1\n"
    config = 'exclude: ["clusters/*"]\n'
    moved = changes(to(small(release=broken, config=config), "-o", "json"))
    assert set(moved) == {
        "install.sh:2",
        "chart/Chart.yaml:3",
        "chart/Chart.yaml:6",
        "chart/values.yaml:1",
    }


def test_umbrellas_move_up_to_the_fixed_point(to: Run) -> None:
    outer = umbrella("3.0.7", own="12.4.0", name="bp-all").replace(
        "name: bp-flux", "name: bp-bundle"
    )
    files = small(**{"u/Chart.yaml": umbrella(), "v/Chart.yaml": outer})
    moved = changes(to(files, "-o", "json"))
    assert moved["u/Chart.yaml:3"] == ("3.0.7", "3.0.8")
    assert moved["v/Chart.yaml:6"] == ("3.0.7", "3.0.8")
    assert moved["v/Chart.yaml:3"] == ("12.4.0", "12.4.1")


def test_umbrella_with_a_range_stays(to: Run) -> None:
    report = to(small(**{"u/Chart.yaml": umbrella("~1.1.0")}), "-o", "json").json
    assert not any(one["path"] == "u/Chart.yaml" for one in report["changes"])
    assert [one["path"] for one in report["kept"]] == ["u/Chart.yaml"]


# --- derived files ----------------------------------------------------------------------------

CHARTS = "platform/flux/chart/charts"


@pytest.fixture
def vendored(repo: Repo) -> Repo:
    repo.commit({f"{CHARTS}/flux2-2.14.1.tgz": generate.chart_archive("2.14.1")})
    return repo


def test_vendored_archive_is_replaced(vendored: Repo, cli: Cli) -> None:
    result = cli("to", "2.5.1", cwd=vendored)
    assert result.code == 0, result.err
    listed = vendored.git("ls-tree", "--name-only", BRANCH, f"{CHARTS}/").split()
    assert listed == [f"{CHARTS}/flux2-2.15.0.tgz"]
    data = vendored.git_bytes("cat-file", "blob", f"{BRANCH}:{listed[0]}")
    digest = cli("to", "2.5.1", "-n", "-o", "json", cwd=vendored).json["target"]["digest"]
    assert hashlib.sha256(data).hexdigest() == digest
    assert f"{CHARTS}/flux2-2.14.1.tgz  removed" in result.out


def test_archive_with_another_digest_is_refused(vendored: Repo, cli: Cli, tmp_path: Path) -> None:
    tampered = shutil.copytree(vendored.index, tmp_path / "tampered")
    archive = tampered / "flux2-2.15.0.tgz"
    archive.write_bytes(generate.chart_archive("2.15.0", extra={"x": b"x"}))
    result = cli("to", "2.5.1", "--index", str(tampered), cwd=vendored)
    assert_refused(result, 7, "2.15.0", "sha256")
    assert vendored.branches() == ["main"]


def test_chart_lock_is_brought_in_step(repo: Repo, cli: Cli) -> None:
    chart = repo.show("main", "platform/flux/chart/Chart.yaml")
    stub = (
        "dependencies:\n- name: flux2\n"
        "  repository: https://fluxcd-community.github.io/helm-charts\n  version: 2.14.1\n"
        'digest: sha256:{}\ngenerated: "2025-01-02T03:04:05.678901234Z"\n'
    )
    requirements = [
        {
            "name": "flux2",
            "version": version,
            "repository": "https://fluxcd-community.github.io/helm-charts",
        }
        for version in ("2.14.1",)
    ]
    text = stub.format(lock.digest(requirements, requirements).removeprefix("sha256:"))
    assert in_step(chart, text)
    repo.commit({"platform/flux/chart/Chart.lock": text})
    assert cli("to", "2.5.1", cwd=repo).code == 0
    after = repo.show(BRANCH, "platform/flux/chart/Chart.lock")
    assert in_step(repo.show(BRANCH, "platform/flux/chart/Chart.yaml"), after)
    assert "  version: 2.15.0\n" in after
    assert repo.changed(BRANCH)["platform/flux/chart/Chart.lock"] == (3, 3)


@pytest.mark.parametrize("name", ["main", "Main"])
def test_the_base_is_never_the_branch(repo: Repo, name: str) -> None:
    repo.commit({"fluxbump.yaml": f"branch: {name}\n"})
    repo.git("switch", "--quiet", "--detach")
    before = repo.tip("main")
    result = repo.fluxbump("to", "2.5.1", "--rev", "main", "--force")
    assert_refused(result, 6, f"branch {name} is the base of this bump")
    assert (repo.tip("main"), repo.git("branch", "--list", "Main")) == (before, "")
