"""`fluxbump sync`: the other pins follow the ones that somebody has moved already."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.bump import sync_target
from fluxbump.bump.sync_target import SyncSource
from fluxbump.errors import PinError, ResolveError
from fluxbump.flux.available import Available
from tests.helpers import (
    Cli,
    Repo,
    assert_refused,
    chart_index,
    find,
    repository,
    script,
    small,
    values,
    wrapper,
)

CHART = "platform/flux/chart/Chart.yaml"
CLOUD_INIT = "infra/hetzner/cloudinit-control-plane.tftpl"


def followed(source: SyncSource, **files: str) -> tuple[str, str]:
    found = sync_target.target(source, find(small(**files)), Available(chart_index()))
    return str(found.app_version), str(found.version)


# --- which release -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"install": script("2.5.1")}, ("2.5.1", "2.15.0")),
        ({"chart": wrapper("2.14.0")}, ("2.4.0", "2.14.0")),  # ships it too, so it stays
        ({"chart": wrapper("2.13.0")}, ("2.4.0", "2.14.1")),
        ({"install": script("2.7.2"), "chart": wrapper("2.17.0")}, ("2.7.2", "2.17.0")),
    ],
)
def test_from_the_install_url(files: dict[str, str], expected: tuple[str, str]) -> None:
    assert followed(SyncSource.INSTALL_URL, **files) == expected


@pytest.mark.parametrize(
    ("version", "expected"), [("2.17.0", ("2.7.2", "2.17.0")), ("2.14.0", ("2.4.0", "2.14.0"))]
)
def test_from_the_chart_takes_exactly_that_chart(version: str, expected: tuple[str, str]) -> None:
    assert followed(SyncSource.CHART, chart=wrapper(version)) == expected


def test_pins_that_disagree_are_no_source() -> None:
    files = small(other=script("2.3.0"), **{"two/Chart.yaml": wrapper("2.13.0", name="bp-two")})
    with pytest.raises(PinError, match=r"install.sh:2 holds 2.4.0; other:2 holds 2.3.0"):
        sync_target.target(SyncSource.INSTALL_URL, find(files), Available(chart_index()))
    with pytest.raises(PinError, match=r"chart/Chart.yaml:6 holds 2.14.1; two/Chart.yaml:6 holds"):
        sync_target.target(SyncSource.CHART, find(files), Available(chart_index()))


def test_nothing_to_follow() -> None:
    with pytest.raises(PinError, match="no install URLs"):
        followed(SyncSource.INSTALL_URL, install="true\n")
    with pytest.raises(PinError, match="no chart pins"):
        followed(SyncSource.CHART, chart=wrapper("^2.14.0"))


def test_a_chart_that_the_index_does_not_have() -> None:
    with pytest.raises(ResolveError, match=r"no chart flux2 9\.9\.9") as caught:
        followed(SyncSource.CHART, chart=wrapper("9.9.9"))
    assert caught.value.where == "chart/Chart.yaml:6"
    with pytest.raises(ResolveError, match=r"no chart flux2 ships Flux 2\.5\.0"):
        followed(SyncSource.INSTALL_URL, install=script("2.5.0"))


# --- end to end ----------------------------------------------------------------------------------


def edit(repo: Repo, path: str, old: str, new: str) -> None:
    text = (repo.path / path).read_text()
    assert old in text
    repo.write(path, text.replace(old, new))


def agrees(repo: Repo) -> None:
    """The gate is green, compared with HEAD too, and there is nothing more to do."""
    assert (
        repo.fluxbump(
            "check", "--no-render", "--base", "HEAD", "--strict", "--ignore", "FB205,FB120"
        ).code
        == 0
    )
    for source in SyncSource:
        done = repo.fluxbump("sync", "--from", source, "--quiet")
        assert done.out.startswith("Nothing to do: every pin holds Flux"), done.err
        assert done.code == 0


def test_after_renovate_moved_the_dependency(repo: Repo) -> None:
    edit(repo, CHART, '"2.14.1"', '"2.15.0"')
    assert repo.fluxbump("check", "--no-render").code == 1
    before = repo.git("ls-files", "--stage"), repo.branches(), repo.tip("HEAD")
    done = repo.fluxbump("sync", "--from", "chart")
    assert (done.code, done.err) == (0, "")
    assert (repo.git("ls-files", "--stage"), repo.branches(), repo.tip("HEAD")) == before
    edited = repo.git("diff", "--name-only").split()
    repo.git("stash", "--quiet")
    repo.fluxbump("to", "2.5.1", "--in-place", "--quiet")
    repo.git("add", "--all")
    tree = repo.git("write-tree").strip()
    repo.git("reset", "--hard", "--quiet")
    repo.git("stash", "pop", "--quiet")
    repo.git("add", "--all")
    assert repo.git("write-tree").strip() == tree  # as if nobody had begun
    assert len(edited) == 12
    agrees(repo)


def test_after_renovate_moved_the_install_url(repo: Repo) -> None:
    edit(repo, CLOUD_INIT, "download/v2.4.0", "download/v2.5.1")
    assert repo.fluxbump("sync", "--from", "install-url").code == 0
    assert '"2.15.0"' in (repo.path / CHART).read_text()
    agrees(repo)


def test_a_version_that_somebody_raised_already_is_not_raised_again(repo: Repo) -> None:
    """Renovate's `bumpVersions` raises the chart too."""
    edit(repo, CHART, '"2.14.1"', '"2.15.0"')
    edit(repo, CHART, "\nversion: 1.1.2\n", "\nversion: 1.2.0\n")
    assert repo.fluxbump("sync", "--from", "chart").code == 0
    assert "\nversion: 1.2.0\n" in (repo.path / CHART).read_text()
    agrees(repo)


def test_a_chart_without_a_mirror_is_raised_all_the_same(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    """What moves in the chart was moved by somebody else, and clusters get it by a new version."""
    files = small(values="x: 1\n")
    repo = repository(tmp_path / "plain", files, index)
    repo.write("chart/Chart.yaml", wrapper('"2.15.0"'))
    report = cli("sync", "--from", "chart", "-o", "json", cwd=repo).json
    moved = {f"{one['path']}:{one['line']}": one["new"] for one in report["changes"]}
    assert moved == {
        "chart/Chart.yaml:3": "1.1.3",
        "clusters/a/flux.yaml:9": "1.1.3",
        "install.sh:2": "2.5.1",
    }


def test_those_that_follow_need_not_agree(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = small(chart=wrapper("2.15.0"), values=values("2.15.0"), other=script("2.3.0"))
    repo = repository(tmp_path / "apart", files, index)
    assert cli("sync", "--from", "chart", cwd=repo).code == 0
    assert (repo.path / "other").read_text() == script("2.5.1")
    assert (repo.path / "install.sh").read_text() == script("2.5.1")


def test_a_source_that_went_down_is_a_downgrade(repo: Repo, cli: Cli) -> None:
    edit(repo, CHART, '"2.14.1"', '"2.13.0"')
    before = repo.git("diff")
    result = cli("sync", "--from", "chart", cwd=repo)
    assert_refused(result, 9, f"{CLOUD_INIT}:146", "2.4.0 to 2.3.0", "--allow-downgrade")
    flags = ("--allow-downgrade", "--accept-risk", "FB202")
    assert cli("sync", "--from", "chart", flags[0], cwd=repo).code == 1  # allowed is not safe
    assert repo.git("diff") == before
    assert cli("sync", "--from", "chart", *flags, cwd=repo).code == 0


def test_the_gate_refuses_a_jump(repo: Repo, cli: Cli) -> None:
    edit(repo, CLOUD_INIT, "download/v2.4.0", "download/v2.8.5")
    before = repo.git("diff")
    result = cli("sync", "--from", "install-url", cwd=repo)
    assert result.code == 1
    assert "FB202" in result.err
    assert result.err.splitlines()[-4:] == [
        "next: fluxbump to 2.6.4 --in-place                newest release that passes",
        "      fluxbump path 2.8.5                         the route, hop by hop",
        "      fluxbump sync --from install-url --dry-run  every finding, and the diff",
        ("      fluxbump sync --from install-url --accept-risk FB202,FB203,FB207  does it anyway"),
    ]
    assert repo.git("diff") == before


def test_dry_run(repo: Repo, cli: Cli) -> None:
    edit(repo, CHART, '"2.14.1"', '"2.15.0"')
    before = repo.state()
    result = cli("sync", "--from", "chart", "-n", cwd=repo)
    assert result.code == 0
    assert "\n+++ b/platform/flux/chart/values.yaml\n" in result.out
    patch = cli("sync", "--from", "chart", "-o", "patch", cwd=repo).stdout
    assert repo.state() == before
    repo.git("apply", "-", stdin=patch)
    agrees(repo)


@pytest.mark.parametrize(
    "arguments", [[], ["--from", "elsewhere"], ["--from", "chart", "--rev", "x"]]
)
def test_wrong_usage(repo: Repo, cli: Cli, arguments: list[str]) -> None:
    assert cli("sync", *arguments, cwd=repo).code == 2


def test_bare_repository(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    result = cli("sync", "--from", "chart", "--repo", "bare.git", cwd=tmp_path)
    assert_refused(result, 6, "bare repository")


def test_a_release_by_itself_is_not_touched(repo: Repo, cli: Cli) -> None:
    """`sync` with everything in place does not touch charts that a person is editing."""
    edit(repo, "platform/flux/chart/values.yaml", "interval: 30s", "interval: 60s")
    result = cli("sync", "--from", "chart", "--quiet", cwd=repo)
    assert result.out.startswith("Nothing to do")
