"""`fluxbump to --in-place`: the working tree is edited as it lies there, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures import generate
from tests.helpers import (
    Cli,
    Repo,
    assert_refused,
    contents,
    release,
    repository,
    script,
    small,
    values,
    wrapper,
)

ARCHIVE = "chart/charts/flux2-2.14.1.tgz"
MOVED = {
    "install.sh": script("2.5.1"),
    "chart/Chart.yaml": wrapper('"2.15.0"', own="1.1.3"),
    "chart/values.yaml": values("2.15.0"),
    "clusters/a/flux.yaml": release("1.1.3"),
}


def worktree(repo: Repo) -> dict[str, bytes]:
    return contents(repo.path, skip=".git")


def git_state(repo: Repo) -> dict[str, object]:
    """What --in-place leaves alone."""
    index = repo.git("ls-files", "--stage")
    return {"index": index, "refs": repo.git("for-each-ref"), "HEAD": repo.tip("HEAD")}


def encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}


@pytest.fixture
def little(tmp_path: Path, index: Path) -> Repo:
    return repository(tmp_path / "little", small(), index)


# --- the main job --------------------------------------------------------------------------------


def test_the_work_tree_becomes_what_the_branch_would_hold(repo: Repo) -> None:
    before = git_state(repo)
    result = repo.fluxbump("to", "2.5.1", "--in-place")
    assert (result.code, result.err) == (0, "")
    assert git_state(repo) == before
    assert "written  platform/flux/chart/Chart.yaml\n" in result.out
    undo = next(line for line in result.out.splitlines() if line.startswith("undo "))
    edited = worktree(repo)
    repo.fluxbump("to", "2.5.1", "--rev", "main", "--quiet")
    repo.git("add", "--all")
    assert repo.git("write-tree").strip() == repo.tree("fluxbump/flux-2.5.1")
    assert repo.fluxbump("check", "--no-render", "--base", "main").code == 0
    repo.git("reset", "--quiet")
    assert worktree(repo) == edited
    subprocess.run(["bash", "-c", undo.partition(" ")[2]], cwd=repo.path, check=True)
    assert repo.git("status", "--porcelain") == ""


def test_undo_from_another_folder(repo: Repo) -> None:
    below = repo.path / "docs"
    result = repo.fluxbump("to", "2.5.1", "--in-place", "--quiet", cwd=below)
    undo = next(line for line in result.out.splitlines() if line.startswith("undo "))
    subprocess.run(["bash", "-c", undo.partition(" ")[2]], cwd=below, check=True)
    assert repo.git("status", "--porcelain") == ""


def test_nothing_to_do(little: Repo, cli: Cli) -> None:
    before = contents(little.path)
    result = cli("to", "2.4.0", "--in-place", "--quiet", cwd=little)
    assert result.out == "Nothing to do: every pin holds Flux 2.4.0 (chart flux2 2.14.1).\n"
    assert contents(little.path) == before


def test_it_starts_from_the_work_tree(little: Repo, cli: Cli) -> None:
    """What lies there counts, committed or not; what git does not have cannot be brought back."""
    little.write("clusters/a/flux.yaml", "# mine\n" + release())
    little.write("new.sh", script("2.4.1"))
    little.write("install.sh", script("2.4.1"))
    little.git("add", "install.sh")
    result = cli("to", "2.5.1", "--in-place", "--quiet", cwd=little)
    assert result.code == 0, result.err
    mine = {"clusters/a/flux.yaml": "# mine\n" + release("1.1.3")}
    new = {"new.sh": script("2.5.1")}
    assert worktree(little) == encoded({**MOVED, **mine, **new})
    undo, *lost = result.out.splitlines()[-3:]
    assert undo == "undo     git checkout -- chart/Chart.yaml chart/values.yaml install.sh"
    assert [line.split()[2] for line in lost] == ["clusters/a/flux.yaml", "new.sh"]


def test_ignored_files_are_not_touched(little: Repo, cli: Cli, index: Path) -> None:
    archive = generate.chart_archive("2.14.1")
    little.commit({".gitignore": "*.tgz\nlocal/\n"})
    little.write(ARCHIVE, archive)
    little.write("local/flux.yaml", release())
    result = cli("to", "2.5.1", "--in-place", cwd=little)
    assert result.code == 0, result.err
    assert (little.path / ARCHIVE).read_bytes() == archive
    assert (little.path / "local/flux.yaml").read_text() == release()
    assert f"{ARCHIVE}:1  git ignores it, so fluxbump does not change it" in result.out


def test_a_new_archive_does_not_overwrite_an_ignored_one(little: Repo, cli: Cli) -> None:
    little.commit({ARCHIVE: generate.chart_archive("2.14.1")})
    little.commit({".gitignore": "flux2-2.15.0.tgz\n"})
    little.write("chart/charts/flux2-2.15.0.tgz", b"mine")
    before = worktree(little)
    result = cli("to", "2.5.1", "--in-place", cwd=little)
    assert_refused(result, 6, "chart/charts/flux2-2.15.0.tgz: the file exists already")
    assert worktree(little) == before


def test_derived_files_are_written_and_removed(little: Repo, cli: Cli) -> None:
    little.commit({ARCHIVE: generate.chart_archive("2.14.1")})
    result = cli("to", "2.5.1", "--in-place", "--quiet", cwd=little)
    assert result.code == 0, result.err
    assert not (little.path / ARCHIVE).exists()
    new = little.path / "chart/charts/flux2-2.15.0.tgz"
    assert new.read_bytes() == (little.index / new.name).read_bytes()
    assert f"removed  {ARCHIVE}\n" in result.out
    assert "undo     rm -- chart/charts/flux2-2.15.0.tgz\n" in result.out
    for line in result.out.splitlines():
        if line.startswith("undo "):
            subprocess.run(["bash", "-c", line.partition(" ")[2]], cwd=little.path, check=True)
    assert little.git("status", "--porcelain") == ""


# --- the bytes as they lie there -----------------------------------------------------------------


def test_line_ends_modes_and_odd_bytes_stay(little: Repo, cli: Cli) -> None:
    crlf = "# caf\udce9\r\n" + script().replace("\n", "\r\n")
    raw = crlf.encode("utf-8", "surrogateescape")
    little.commit({"install.sh": raw})
    (little.path / "install.sh").chmod(0o750)
    assert cli("to", "2.5.1", "--in-place", cwd=little).code == 0
    assert (little.path / "install.sh").read_bytes() == raw.replace(b"2.4.0", b"2.5.1")
    assert (little.path / "install.sh").stat().st_mode & 0o777 == 0o750


def test_autocrlf(little: Repo, cli: Cli) -> None:
    """Git stores LF, the working tree has CRLF: it keeps them, and git sees the pins alone."""
    little.git("config", "core.autocrlf", "true")
    little.git("rm", "--cached", "-r", "--quiet", ".")
    little.git("reset", "--hard", "--quiet")
    before = worktree(little)
    assert all(b"\r\n" in data for data in before.values())
    assert cli("to", "2.5.1", "--in-place", cwd=little).code == 0
    expected = {path: text.replace("\n", "\r\n").encode() for path, text in MOVED.items()}
    assert worktree(little) == expected
    assert little.git("diff", "--numstat").count("\n") == 4
    assert "2\t2\tchart/Chart.yaml" in little.git("diff", "--numstat")


def test_a_filter_sees_what_it_would_see_from_an_editor(little: Repo, cli: Cli) -> None:
    """Git stores upper case, the working tree has lower case (clean and smudge)."""
    little.git("config", "filter.case.clean", "tr a-z A-Z")
    little.git("config", "filter.case.smudge", "tr A-Z a-z")
    url = script().partition("\n")[2].lower()
    little.commit({".gitattributes": "install.sh filter=case\n", "install.sh": url})
    assert "KUBECTL" in little.show("HEAD", "install.sh")
    result = cli("to", "2.5.1", "--in-place", cwd=little)
    assert result.code == 0, result.err
    assert (little.path / "install.sh").read_text() == url.replace("2.4.0", "2.5.1")


def test_an_encoding_that_hides_a_pin_is_refused(little: Repo, cli: Cli) -> None:
    little.write(
        ".gitattributes", "*.yaml working-tree-encoding=UTF-16LE\nchart/** -working-tree-encoding\n"
    )
    little.write("clusters/a/flux.yaml", release().encode("utf-16-le"))
    little.git("add", "--all")
    little.git("commit", "--quiet", "--message", "wide")
    assert little.show("HEAD", "clusters/a/flux.yaml") == release()
    before = worktree(little)
    result = cli("to", "2.5.1", "--in-place", cwd=little)
    assert_refused(
        result,
        6,
        "clusters/a/flux.yaml:9",
        "working-tree-encoding",
        "next: git sparse-checkout disable",
    )
    assert worktree(little) == before
    assert cli("to", "2.5.1", cwd=little).code == 0


def test_a_sparse_checkout_that_hides_a_pin_is_refused(little: Repo, cli: Cli) -> None:
    little.commit({"docs/x.md": "x\n"})
    little.git("sparse-checkout", "set", "chart", "docs")
    assert not (little.path / "clusters").exists()
    result = cli("to", "2.5.1", "--in-place", cwd=little)
    assert_refused(result, 6, "clusters/a/flux.yaml:9", "git sparse-checkout disable")
    little.git("sparse-checkout", "set", "chart", "clusters")
    assert cli("to", "2.5.1", "--in-place", cwd=little).code == 0


def test_links_are_not_followed(little: Repo, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/flux.yaml").write_text(release())
    (little.path / "clusters/out").symlink_to(tmp_path / "outside")
    (little.path / "clusters/one.yaml").symlink_to(tmp_path / "outside/flux.yaml")
    little.git("add", "--all")
    assert cli("to", "2.5.1", "--in-place", cwd=little).code == 0
    assert (tmp_path / "outside/flux.yaml").read_text() == release()
    assert (little.path / "clusters/one.yaml").is_symlink()


def test_linked_worktree(little: Repo, cli: Cli, tmp_path: Path) -> None:
    little.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    side = Repo(tmp_path / "side", tmp_path, little.index)
    before = worktree(little)
    assert cli("to", "2.5.1", "--in-place", cwd=side).code == 0
    assert {p: d for p, d in worktree(side).items() if p != ".git"} == encoded(MOVED)
    assert worktree(little) == before


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("option", [["--checkout"], ["--force"], ["--rev", "main"]])
def test_options_that_need_a_branch(little: Repo, cli: Cli, option: list[str]) -> None:
    assert_refused(cli("to", "2.5.1", "--in-place", *option, cwd=little), 2, option[0])


def test_bare_repository(little: Repo, cli: Cli, tmp_path: Path) -> None:
    little.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    result = cli("to", "2.5.1", "--in-place", cwd=tmp_path / "bare.git")
    assert_refused(result, 6, "bare repository has no working tree")


@pytest.mark.parametrize(
    "command", [["init", "--dry-run"], ["sync", "--from", "install-url"]], ids=["init", "sync"]
)
def test_bare_repository_of_a_command_that_edits(
    command: list[str], little: Repo, cli: Cli, tmp_path: Path
) -> None:
    little.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    result = cli(*command, "--repo", str(tmp_path / "bare.git"), cwd=tmp_path)
    assert_refused(result, 6, "give a clone with a working tree, with --repo PATH")
    assert cli(*command, "--repo", str(little.path), cwd=tmp_path).code == 0
    shown = cli(command[0], "--help", cwd=tmp_path).out
    assert "The repository, with its working tree." in shown


def test_unresolved_conflicts(little: Repo, cli: Cli) -> None:
    little.git("switch", "--quiet", "--create", "other")
    little.commit({"install.sh": script("2.4.1")})
    little.git("switch", "--quiet", "main")
    little.commit({"install.sh": script("2.5.0")})
    with pytest.raises(AssertionError):
        little.git("merge", "other")
    before = worktree(little)
    assert_refused(cli("to", "2.5.1", "--in-place", cwd=little), 6, "install.sh: ", "conflicts")
    assert worktree(little) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(little: Repo, cli: Cli) -> None:
    (little.path / "install.sh").chmod(0)
    assert_refused(cli("to", "2.5.1", "--in-place", cwd=little), 6, "install.sh", "cannot be read")


def test_what_the_gate_refuses_is_not_written(repo: Repo, cli: Cli) -> None:
    before = worktree(repo)
    result = cli("to", "2.8.5", "--in-place", cwd=repo)
    assert result.code == 1
    assert "FB202" in result.err
    assert "fluxbump changed no files" in result.err
    assert worktree(repo) == before
    risks = "FB202,FB203,FB207"
    assert cli("to", "2.8.5", "--in-place", "--accept-risk", risks, cwd=repo).code == 0


def test_a_half_bump_by_hand_does_not_hide_the_danger(repo: Repo, cli: Cli) -> None:
    """Clusters run what HEAD holds, so the result is compared with that."""
    path = "infra/hetzner/cloudinit-control-plane.tftpl"
    repo.write(path, repo.show("HEAD", path).replace("download/v2.4.0", "download/v2.8.5"))
    result = cli("to", "2.8.5", "--in-place", cwd=repo)
    assert result.code == 1
    assert "clusters store API versions that the release does not serve" in result.err
    shown = cli("to", "2.8.5", "--in-place", "--dry-run", cwd=repo)
    assert "FB202 error: clusters at Flux 2.4.0" in shown.out


def test_a_chart_is_raised_once_for_one_commit(little: Repo, cli: Cli) -> None:
    assert cli("to", "2.5.1", "--in-place", cwd=little).code == 0
    assert cli("to", "2.6", "--in-place", cwd=little).code == 0
    assert "version: 1.1.3" in (little.path / "chart/Chart.yaml").read_text()
    little.git("commit", "--quiet", "--all", "--message", "one")
    assert cli("to", "2.7", "--in-place", "--accept-risk", "FB2", cwd=little).code == 0
    assert "version: 1.1.4" in (little.path / "chart/Chart.yaml").read_text()


# --- previews and reports ------------------------------------------------------------------------


@pytest.mark.parametrize("more", [["-n"], ["-n", "-o", "json"], ["-o", "patch"]], ids=" ".join)
def test_previews_write_nothing(little: Repo, cli: Cli, more: list[str]) -> None:
    little.write("clusters/a/flux.yaml", release() + "# mine\n")
    before = contents(little.path)
    result = cli("to", "2.5.1", "--in-place", *more, cwd=little)
    assert result.code == 0, result.err
    assert contents(little.path) == before
    assert "# mine" in result.out  # the diff is against the working tree


def test_the_patch_leads_to_the_same_work_tree(little: Repo, cli: Cli) -> None:
    little.commit({ARCHIVE: generate.chart_archive("2.14.1")})
    little.write("clusters/a/flux.yaml", "# mine\n" + release())
    (little.path / "install.sh").chmod(0o755)
    patch = cli("to", "2.5.1", "--in-place", "-o", "patch", cwd=little).stdout
    assert cli("to", "2.5.1", "--in-place", cwd=little).code == 0
    edited = worktree(little)
    little.git("checkout", "--quiet", "--", ".")
    little.git("clean", "--quiet", "-fd")
    little.write("clusters/a/flux.yaml", "# mine\n" + release())
    little.git("apply", "-", stdin=patch)
    assert worktree(little) == edited


def test_json(little: Repo, cli: Cli) -> None:
    preview = cli("to", "2.5.1", "--in-place", "-n", "-o", "json", cwd=little).json
    assert (preview["in_place"], preview["outcome"]) == (True, "not-written")
    report = cli("to", "2.5.1", "--in-place", "-o", "json", cwd=little).json
    assert report == {**preview, "outcome": "written", "next": report["next"]}
    assert preview["next"][0]["command"] == "fluxbump to 2.5.1 --in-place -o json"
    assert report["next"][0]["command"] == "git diff"
    assert report["base"] == little.tip("HEAD")
    assert (report["branch"], report["tree"], report["commit"]) == (None, None, None)
    assert report["files"] == sorted(MOVED)
    again = cli("to", "2.5.1", "--in-place", "-o", "json", cwd=little).json
    assert again["outcome"] == "nothing-to-do"


def test_before_the_first_commit(tmp_path: Path, index: Path, cli: Cli) -> None:
    fresh = Repo(tmp_path / "fresh", tmp_path, index)
    fresh.path.mkdir()
    fresh.git("init", "--quiet")
    for path, text in small().items():
        fresh.write(path, text)
    report = cli("to", "2.5.1", "--in-place", "-o", "json", cwd=fresh).json
    assert (report["outcome"], report["base"]) == ("written", None)
    assert worktree(fresh) == encoded(MOVED)


# --- cut short -----------------------------------------------------------------------------------

KILLER = """
import os, signal, sys

seen = 0

def hook(event, arguments):
    global seen
    if event == "os.rename" and str(arguments[0]).startswith(".fluxbump-"):
        seen += 1
        if seen == 3:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
"""


@pytest.mark.parametrize(
    "command", [["status"], ["check", "--select", "FB10"], ["to", "2.4.0", "-q"]]
)
def test_the_next_run_undoes_a_killed_one(
    little: Repo, cli: Cli, tmp_path: Path, command: list[str]
) -> None:
    """The installed command, killed between two renames; whatever runs next mends it."""
    before = worktree(little)
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(KILLER)
    killed = little.fluxbump("to", "2.5.1", "--in-place", PYTHONPATH=str(tmp_path / "site"))
    assert killed.code == -signal.SIGKILL
    assert worktree(little) != before
    result = cli(*command, cwd=little)
    assert result.code == 0, result.err
    said = "fluxbump: a run of --in-place was interrupted: 4 files are as before it again"
    assert result.err.splitlines()[0] == said
    assert worktree(little) == before
    assert "cut short" not in cli(*command, cwd=little).err


def test_what_to_stage_is_named_if_it_is_little(
    repo: Repo, cli: Cli, tmp_path: Path, index: Path
) -> None:
    """A line that names eleven files is not read."""
    assert "      git add --update  stages every" in cli("to", "2.5.1", "--in-place", cwd=repo).out
    few = repository(tmp_path / "few", {"install.sh": script()}, index)
    said = cli("to", "2.5.1", "--in-place", cwd=few).out
    assert "      git add -- install.sh  stages it, ready to commit" in said
