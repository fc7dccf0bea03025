"""`fluxbump to --migrate-apis` from end to end: two commits, one ref, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import manifests as made
from tests.helpers import Cli, Repo, Result, assert_refused, release, repository, script, small
from tests.helpers import wrapper as chart

BRANCH = "fluxbump/flux-2.8.5"
KUBERNETES = ("--kubernetes", "1.33")


def source(version: str = "v1beta2", name: str = "podinfo") -> str:
    return (
        f"apiVersion: source.toolkit.fluxcd.io/{version}\nkind: HelmRepository\n"
        f"metadata:\n  name: {name}\nspec:\n  interval: 5m\n  url: https://charts.example.org\n"
    )


def at_2_6(**others: str) -> dict[str, str]:
    """A small repository at Flux 2.6.4, from which 2.8.5 is one hop."""
    values = 'upstream: { chart: flux2, version: "2.16.4" }\n'
    return small(
        **{"install": script("2.6.4"), "chart": chart('"2.16.4"'), "values": values, **others}
    )


def subjects(repo: Repo, branch: str = BRANCH) -> list[str]:
    """The subjects of a branch's own commits, oldest first."""
    return repo.git("log", "--reverse", "--format=%s", f"main..{branch}").splitlines()


def to(cli: Cli, repo: Repo, *arguments: str, target: str = "2.8.5") -> Result:
    return cli("to", target, "--migrate-apis", *KUBERNETES, *arguments, cwd=repo)


# --- the main job -----------------------------------------------------------------------------


def test_the_monorepo_moves_its_manifests_first(repo: Repo) -> None:
    before = repo.state()
    branch = "fluxbump/flux-2.6.4"
    result = repo.fluxbump("to", "2.6.4", "--migrate-apis")
    assert (result.code, result.err) == (0, "")
    assert subjects(repo, branch) == [
        "Move Flux manifests off API versions that 2.6.4 deprecates",
        "Move Flux to 2.6.4 (chart flux2 2.16.4)",
    ]
    assert repo.state() == before
    assert repo.branches() == [branch, "main"]
    assert repo.tip(f"{branch}~2") == repo.tip("main")
    assert f"commit  {repo.tip(branch)}  (and 1 before it)" in result.out
    first = repo.changed(f"{branch}~1")
    assert set(first.values()) == {(1, 1)}
    assert len(first) == 18
    lines = repo.git("diff", "-U0", "main", f"{branch}~1").splitlines()
    assert {line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")} == {
        "-apiVersion: source.toolkit.fluxcd.io/v1beta2",
        "+apiVersion: source.toolkit.fluxcd.io/v1",
    }
    body = repo.git("log", "-1", "--format=%b", f"{branch}~1")
    assert body.rstrip("\n") == (
        "- HelmRepository v1beta2 -> v1 (deprecated): 18 in 18 files\n\n"
        "Flux 2.4.0 and 2.6.4 both serve what they move to, so this can go first.\n"
        "What clusters have stored is for `flux migrate`."
    )
    without = repo.fluxbump("to", "2.6.4", "--dry-run", "--output", "patch").stdout
    assert repo.git_bytes("diff", "--full-index", f"{branch}~1", branch).count(
        b"\n+"
    ) == without.count(b"\n+")


@pytest.mark.parametrize("commit", ["main~0", "branch~1", "branch"])
def test_each_commit_passes_by_itself(repo: Repo, commit: str) -> None:
    repo.fluxbump("to", "2.6.4", "--migrate-apis")
    revision = commit.replace("branch", "fluxbump/flux-2.6.4")
    result = repo.fluxbump("check", "--rev", revision, "--no-render", "--format", "json")
    assert result.code == 0
    codes = {one["code"] for one in result.json["findings"]}
    assert ("FB205" in codes) == (commit == "main~0")


def test_a_jump_that_was_refused_passes(cli: Cli, tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "r", at_2_6(**{"a.yaml": source(), "b.yaml": source()}), index)
    refused = cli("to", "2.8.5", *KUBERNETES, cwd=repo)
    assert refused.code == 1
    command = "next: fluxbump to 2.8.5 --kubernetes 1.33 --migrate-apis"
    assert refused.err.splitlines()[4] == f"{command}  fixes that first"
    result = to(cli, repo)
    assert (result.code, result.err) == (0, "")
    assert subjects(repo) == [
        "Move Flux manifests off API versions that 2.8.5 removes",
        "Move Flux to 2.8.5 (chart flux2 2.18.3)",
    ]
    assert "FB203" not in result.out
    assert repo.show(BRANCH, "a.yaml") == source("v1")
    rows = [line.split() for line in result.out.splitlines()]
    assert ["a.yaml:1", "HelmRepository", "v1beta2", "v1"] in rows


def test_a_file_that_both_commits_change(cli: Cli, tmp_path: Path, index: Path) -> None:
    old = release().replace("/v2\n", "/v2beta2\n")
    repo = repository(tmp_path / "r", at_2_6(release=old), index)
    assert to(cli, repo).code == 0
    path = "clusters/a/flux.yaml"
    assert repo.show(f"{BRANCH}~1", path) == release()
    assert repo.show(BRANCH, path) == release("1.1.3")
    assert set(repo.changed(f"{BRANCH}~1")) == {path}


AWKWARD: dict[str, tuple[str, str]] = {
    "crlf.yaml": (source().replace("\n", "\r\n"), source("v1").replace("\n", "\r\n")),
    "bom.yaml": ("\ufeff" + source(), "\ufeff" + source("v1")),
    "many.yaml": (
        f"# head\n---\n{source()}---\n{source('v1')}...\n---\n{source(name='${NAME}')}",
        f"# head\n---\n{source('v1')}---\n{source('v1')}...\n---\n{source('v1', '${NAME}')}",
    ),
    "quoted.yaml": (
        source().replace("io/v1beta2", 'io/v1beta2"  # v1beta2').replace(": source", ': "source'),
        source("v1").replace("io/v1", 'io/v1"  # v1beta2').replace(": source", ': "source'),
    ),
    "list.yaml": (
        (
            "apiVersion: v1\nkind: List\nitems:\n"
            "- {apiVersion: source.toolkit.fluxcd.io/v1beta2, kind: HelmRepository}\n"
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n"
            "- {apiVersion: source.toolkit.fluxcd.io/v1, kind: HelmRepository}\n"
        ),
    ),
    "kustomization.yaml": (
        (
            "patches:\n- patch: |\n    apiVersion: source.toolkit.fluxcd.io/v1beta2\n"
            "    kind: HelmRepository\n    metadata: {name: podinfo}\n    spec: {interval: 9m}\n"
        ),
        (
            "patches:\n- patch: |\n    apiVersion: source.toolkit.fluxcd.io/v1\n"
            "    kind: HelmRepository\n    metadata: {name: podinfo}\n    spec: {interval: 9m}\n"
        ),
    ),
    "patches/interval.yaml": (source(), source("v1")),
}


def test_awkward_files_keep_every_other_byte(cli: Cli, tmp_path: Path, index: Path) -> None:
    before = {path: old.encode() for path, (old, _) in AWKWARD.items()}
    repo = repository(tmp_path / "r", {**at_2_6(), **before}, index)
    assert to(cli, repo).code == 0
    for path, (_, new) in AWKWARD.items():
        assert repo.git_bytes("show", f"{BRANCH}~1:{path}") == new.encode(), path
        assert repo.git_bytes("show", f"{BRANCH}:{path}") == new.encode(), path
    assert repo.changed(f"{BRANCH}~1").keys() == AWKWARD.keys()


# --- nothing is written -----------------------------------------------------------------------


def test_a_dry_run_parts_the_patches(repo: Repo, cli: Cli) -> None:
    result = cli("to", "2.6.4", "--migrate-apis", "--dry-run", cwd=repo)
    assert repo.branches() == ["main"]
    first, second = (result.out.index(f"\nCommit {number} of 2: Move Flux ") for number in (1, 2))
    assert result.out[first:second].count("\ndiff --git ") == 18
    assert result.out[second:].count("\ndiff --git ") == 12
    assert "v1beta2" not in result.out[second:]
    assert "Derived files" not in result.out


def test_the_patch_gives_the_tree_of_the_branch(repo: Repo, cli: Cli) -> None:
    arguments = ("to", "2.6.4", "--migrate-apis")
    patch = cli(*arguments, "--output", "patch", cwd=repo).stdout
    report = cli(*arguments, "--dry-run", "--output", "json", cwd=repo).json
    assert repo.branches() == ["main"]
    assert patch.decode() == report["patch"]
    assert cli(*arguments, cwd=repo).code == 0
    branch = "fluxbump/flux-2.6.4"
    repo.git("apply", "--index", stdin=patch)
    assert repo.git("write-tree").strip() == repo.tree(branch) == report["tree"]
    repo.git("reset", "--hard", "--quiet")
    repo.git("apply", "--index", stdin=report["migration"]["patch"].encode())
    assert repo.git("write-tree").strip() == repo.tree(f"{branch}~1")


def test_json_says_what_moves(cli: Cli, tmp_path: Path, index: Path) -> None:
    stuck = source(name="b") + "  insecure: 5\n"
    files = at_2_6(**{"a.yaml": f"# x\n{source()}", "b.yaml": stuck})
    repo = repository(tmp_path / "r", files, index)
    result = to(cli, repo, "--output", "json")
    assert (result.code, repo.branches()) == (1, ["main"])
    migration = result.json["migration"]
    assert migration["patch"].count("diff --git") == 1
    assert {**migration, "patch": ""} == {
        "old": "2.6.4",
        "new": "2.8.5",
        "moves": [
            {
                "path": "a.yaml",
                "line": 2,
                "column": 13,
                "kind": "HelmRepository",
                "name": "podinfo",
                "namespace": "",
                "old": "source.toolkit.fluxcd.io/v1beta2",
                "new": "source.toolkit.fluxcd.io/v1",
                "why": "removed",
            }
        ],
        "notes": [
            {
                "path": "b.yaml",
                "line": 8,
                "column": 3,
                "message": "HelmRepository b stays at source.toolkit.fluxcd.io/v1beta2, because "
                "spec.insecure is the number 5, but has to be a boolean in Flux 2.8.5",
            }
        ],
        "patch": "",
    }
    refused = [one["path"] for one in result.json["findings"] if one["code"] == "FB203"]
    assert refused == ["b.yaml"]
    assert "--migrate-apis moves" not in result.err
    text = to(cli, repo, "--dry-run").out
    assert "apiVersions to review (1)\n  b.yaml:8  HelmRepository b stays at " in text
    plain = cli("to", "2.8.5", *KUBERNETES, "-n", "-o", "json", cwd=repo)
    assert plain.json["migration"] is None


# --- one commit, or none ----------------------------------------------------------------------


def test_with_nothing_to_move_there_is_one_commit(cli: Cli, tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "r", at_2_6(**{"a.yaml": source("v1")}), index)
    result = to(cli, repo)
    assert subjects(repo) == ["Move Flux to 2.8.5 (chart flux2 2.18.3)"]
    assert (
        "No manifest has to move: Flux 2.8.5 serves every apiVersion here, and deprecates none."
    ) in result.out.splitlines()
    assert "before it" not in result.out
    plain = cli("to", "2.8.5", *KUBERNETES, cwd=repo)
    assert "(already holds this result, so fluxbump wrote nothing)" in plain.out


def test_manifests_alone_may_move(repo: Repo, cli: Cli) -> None:
    result = cli("to", "2.4.0", "--migrate-apis", cwd=repo)
    branch = "fluxbump/flux-2.4.0"
    assert subjects(repo, branch) == ["Move Flux manifests off API versions that 2.4.0 deprecates"]
    assert "Flux 2.4.0 serves what they move to" in repo.git("log", "-1", "--format=%b", branch)
    assert "Nothing to do" not in result.out
    repo.git("merge", "--quiet", "--ff-only", branch)
    again = cli("to", "2.4.0", "--migrate-apis", cwd=repo)
    assert "Nothing to do: every pin holds Flux 2.4.0" in again.out


# --- again ------------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(repo: Repo, cli: Cli) -> None:
    arguments = ("to", "2.6.4", "--migrate-apis", "--quiet")
    first = cli(*arguments, cwd=repo)
    second = cli(*arguments, cwd=repo)
    branch = "fluxbump/flux-2.6.4"
    assert second.out.splitlines() == [
        f"branch  {branch}  (already holds this result, so fluxbump wrote nothing)",
        f"commit  {repo.tip(branch)}",
    ]
    assert first.out.splitlines()[1].startswith(second.out.splitlines()[1])


def test_the_same_files_by_other_commits_are_the_same_result(repo: Repo, cli: Cli) -> None:
    branch = "fluxbump/flux-2.6.4"
    cli("to", "2.6.4", "--migrate-apis", cwd=repo)
    squashed = repo.git("commit-tree", "-p", "main", "-m", "x", repo.tree(branch)).strip()
    repo.git("branch", "--force", branch, squashed)
    result = cli("to", "2.6.4", "--migrate-apis", cwd=repo)
    assert "(already holds this result, so fluxbump wrote nothing)" in result.out
    assert repo.tip(branch) == squashed


def test_a_branch_without_the_migration_is_in_the_way(repo: Repo, cli: Cli) -> None:
    branch = "fluxbump/flux-2.6.4"
    cli("to", "2.6.4", cwd=repo)
    refused = cli("to", "2.6.4", "--migrate-apis", cwd=repo)
    assert refused.code == 6
    replaced = cli("to", "2.6.4", "--migrate-apis", "--force", "--checkout", cwd=repo)
    assert replaced.code == 0
    assert len(subjects(repo, branch)) == 2
    assert repo.git("status", "--porcelain") == ""
    assert "kept    refs/fluxbump/replaced/" in replaced.out


# --- around it --------------------------------------------------------------------------------


def test_latest_safe_counts_on_the_migration(cli: Cli, tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "r", at_2_6(**{"a.yaml": source()}), index)

    def newest(*arguments: str) -> str:
        report = cli("to", "latest-safe", *KUBERNETES, *arguments, "-n", "-o", "json", cwd=repo)
        return str(report.json["target"]["release"])

    assert newest() == "2.7.5"
    assert newest("--migrate-apis") != "2.7.5"
    assert newest("--migrate-apis") >= "2.8.5"


def test_what_the_team_ignores_stays(cli: Cli, tmp_path: Path, index: Path) -> None:
    commented = source().replace("beta2\n", "beta2  # fluxbump: ignore[FB203] for old clusters\n")
    config = "ignore:\n  - code: FB203\n    path: old/*\n    reason: for old clusters\n"
    files = at_2_6(**{"a.yaml": commented, "old/b.yaml": source(), "config": config})
    repo = repository(tmp_path / "r", files, index)
    result = to(cli, repo, "--output", "json")
    assert result.code == 0
    assert subjects(repo) == ["Move Flux to 2.8.5 (chart flux2 2.18.3)"]
    assert [note["message"] for note in result.json["migration"]["notes"]] == [
        (
            "HelmRepository podinfo stays at source.toolkit.fluxcd.io/v1beta2, because "
            "FB203 is ignored there"
        )
    ] * 2


def test_a_release_of_which_nothing_is_known(cli: Cli, tmp_path: Path, index: Path) -> None:
    unknown = at_2_6(install=script("1.9.0"))
    repo = repository(tmp_path / "r", unknown, index)
    assert_refused(
        cli("to", "2.8.5", "--migrate-apis", cwd=repo), 2,
        "the API versions of Flux 1.9.0 are not known",
    )  # fmt: skip


@pytest.fixture
def mirror(tmp_path: Path) -> str:
    """A directory with the manifest of a release that the tables do not know."""
    path = tmp_path / "mirror" / "v2.10.0" / "install.yaml"
    path.parent.mkdir(parents=True)
    path.write_bytes(made.install("2.10.0", like="2.9.4"))
    return str(tmp_path / "mirror")


@pytest.mark.parametrize("old", ["2.7.5", "2.10.0"], ids=["the target", "both"])
def test_a_release_that_only_its_manifest_tells_of(
    old: str, cli: Cli, tmp_path: Path, index: Path, mirror: str
) -> None:
    repo = repository(tmp_path / "r", {"a.sh": script(old), "a.yaml": source()}, index)
    options = ("--releases", mirror, "--accept-risk", "FB201,FB202")
    result = to(cli, repo, *options, target="2.10.0")
    assert result.code == 0, result.err
    branch = "fluxbump/flux-2.10.0"
    first = "Move Flux manifests off API versions that 2.10.0 removes"
    assert subjects(repo, branch)[0] == first
    assert repo.show(branch, "a.yaml") == source("v1")


def test_without_its_manifest_the_hint_names_the_option(
    cli: Cli, tmp_path: Path, index: Path
) -> None:
    files = {"a.sh": script("2.10.0"), "a.yaml": source()}
    result = to(cli, repository(tmp_path / "r", files, index), target="2.8.5")
    assert_refused(result, 2, "the API versions of Flux 2.10.0 are not known")
    assert "give its manifest with --releases" in result.err


def test_the_route_names_the_option(repo: Repo, cli: Cli) -> None:
    result = cli("path", "2.8.5", cwd=repo)
    moves = "fluxbump to 2.8.5 --migrate-apis moves them, at 2.6.4"
    assert moves in result.out.splitlines()
    path = "clusters/_template/bootstrap-kit/01-cilium.yaml"
    text = repo.show("main", path).replace("io/v1beta2\n", "io/v1beta2 # {}\n", 1)
    repo.commit({path: text.replace("spec:\n", "spec:\n  unknown: x\n", 1)})
    result = cli("path", "2.8.5", cwd=repo)
    last = "fluxbump to 2.8.5 --migrate-apis moves 17 of them, at 2.6.4"
    assert last in result.out.splitlines()
