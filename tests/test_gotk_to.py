"""A repository of `flux bootstrap`: its bump, what refuses it, and what is said of its clusters."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from fixtures.installs import gotk
from fixtures.installs.gotk import Options
from fluxbump.errors import ToolError
from fluxbump.flux.flux_cli import Flux
from tests.helpers import URL, Cli, Repo, assert_refused, release, repository

HOME = "clusters/{}/flux-system/gotk-components.yaml"
A, B = HOME.format("alpha"), HOME.format("beta")
TOLD = Options(
    components=("helm-controller", "source-controller"),
    registry="registry.example.org/flux",
    network_policy=False,
    image_pull_secret="registry",
    tolerations=("CriticalAddonsOnly",),
    cluster_domain="k8s.example.org",
)
BRANCH = "fluxbump/flux-2.5.1"


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """Where runs look for manifests; see `helpers.environment`."""
    return gotk.releases(tmp_path / "releases", ["2.4.0", "2.5.1"])


def fleet(tmp_path: Path, index: Path, alpha: str, beta: str = "") -> Repo:
    texts = {"alpha": alpha, **({"beta": beta} if beta else {})}
    files = gotk.files(texts)
    return repository(tmp_path / "fleet", files, index)


# --- what moves -------------------------------------------------------------------------------


def test_what_names_an_image_of_the_old_file_is_listed(
    tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    """kustomize gives an image a digest only as long as the file has the tag that is named."""
    images = (
        "resources: [gotk-components.yaml]\nimages:\n"
        "- name: r.example.org/flux/source-controller:v1.4.1\n  digest: sha256:00\n"
        "- name: r.example.org/flux/other:v1.4.1\n  digest: sha256:00\n"
    )
    path = A.replace("gotk-components", "kustomization")
    files: dict[str, str | bytes] = {
        **gotk.files({"alpha": gotk.components("2.4.0")}),
        path: images,
    }
    repo = repository(tmp_path / "r", files, index)
    result = cli("to", "2.5.1", "--dry-run", "--releases", str(releases), cwd=repo)
    name = "- name: r.example.org/flux/source-controller:v1.4.1"
    assert [line for line in result.out.splitlines() if line.startswith(f"  {path}:")] == [
        f"  {path}:3  [source-controller 1.4.1] {name}"
    ]


def test_every_file_is_replaced_with_its_own_options(
    tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"), gotk.components("2.4.0", TOLD))
    before = repo.state()
    result = cli("to", "2.5.1", "--releases", str(releases), cwd=repo)
    assert result.code == 0, result.err
    assert [line.split() for line in result.out.splitlines() if "gotk-comp" in line] == [
        [f"{A}:3", "gotk-components", "flux", "2.4.0", "2.5.1"],
        [f"{B}:3", "gotk-components", "flux", "2.4.0", "2.5.1"],
    ]
    assert set(repo.changed(BRANCH)) == {A, B}
    assert "Mentions" not in result.out
    assert repo.show(BRANCH, A) == gotk.components("2.5.1")
    assert repo.show(BRANCH, B) == gotk.components("2.5.1", TOLD)
    assert repo.state() == before
    assert cli("check", "--rev", BRANCH, "--base", "main", cwd=repo).code == 0


def test_in_place(tmp_path: Path, index: Path, cli: Cli, releases: Path) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0", TOLD))
    result = cli("to", "2.5.1", "--in-place", "--releases", str(releases), cwd=repo)
    assert result.code == 0, result.err
    assert (repo.path / A).read_text("utf-8") == gotk.components("2.5.1", TOLD)


def test_line_breaks_of_windows_stay(tmp_path: Path, index: Path, cli: Cli, releases: Path) -> None:
    text = gotk.components("2.4.0").replace("\n", "\r\n")
    repo = fleet(tmp_path, index, text)
    assert cli("to", "2.5.1", "--releases", str(releases), cwd=repo).code == 0
    expected = gotk.components("2.5.1").replace("\n", "\r\n").encode()
    assert repo.git_bytes("show", f"{BRANCH}:{A}") == expected


def test_other_pins_move_in_the_same_commit(
    tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    repo.commit({"up.sh": f"kubectl apply -f {URL.format('2.4.0')}\n"})
    assert cli("to", "2.5.1", "--releases", str(releases), cwd=repo).code == 0
    assert set(repo.changed(BRANCH)) == {A, "up.sh"}
    assert repo.git("rev-list", "--count", f"main..{BRANCH}").strip() == "1"


def test_a_file_that_is_there_already_needs_no_manifest(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.5.1"))
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert "Nothing to do: every pin holds Flux 2.5.1" in result.out


def test_its_labels_are_no_mentions(tmp_path: Path, index: Path, cli: Cli, releases: Path) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    told = cli("to", "2.5.1", "-n", "-o", "json", "--releases", str(releases), cwd=repo).json
    assert (told["mentions"], told["notes"]) == ([], [])


def test_the_self_test_plants_a_fault_in_it(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"), gotk.components("2.4.0", TOLD))
    repo.commit({"up.sh": f"kubectl apply -f {URL.format('2.4.0')}\n"})
    result = cli("check", "--self-test", cwd=repo)
    assert result.code == 0, result.out
    assert "All 4 planted faults were refused." in result.out


def test_the_safety_rules_know_what_is_installed(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.7.0"))
    old = (
        "apiVersion: source.toolkit.fluxcd.io/v1beta1\nkind: GitRepository\nmetadata:\n  name: a\n"
    )
    repo.commit({"apps/a.yaml": old, A: gotk.components("2.4.0")})
    result = cli("check", "--base", "HEAD~1", "--select", "FB202", cwd=repo)
    assert (result.code, f"{A}:3" in result.out) == (1, True)


# --- what does not ----------------------------------------------------------------------------


def test_without_a_manifest_nothing_moves(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    before = repo.state(), repo.branches()
    result = cli("to", "2.5.1", "--quiet", cwd=repo)
    place = tmp_path / "releases/v2.4.0/gotk-components.yaml"
    assert_refused(
        result,
        5,
        f"the manifest of Flux 2.4.0 is not available: {place}: no such file",
        f"error: {A}:3: the file would stay behind while Flux moves to 2.5.1",
        "use --releases with a directory or a URL that has vX.Y.Z/gotk-components.yaml",
        "--flux with the flux CLI",
        "--leave-gotk",
    )
    assert (repo.state(), repo.branches()) == before


def test_the_manifest_of_the_new_release_is_needed_too(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    gotk.releases(tmp_path / "releases", ["2.4.0"])
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    assert_refused(
        cli("to", "2.5.1", "--quiet", cwd=repo), 5, "the manifest of Flux 2.5.1 is not available"
    )


def test_an_edited_file_stays(tmp_path: Path, index: Path, cli: Cli, releases: Path) -> None:
    text = gotk.components("2.4.0")
    line = text.split("\n").index("        fsGroup: 1337") + 1
    repo = fleet(tmp_path, index, text.replace("fsGroup: 1337", "fsGroup: 2000", 1))
    result = cli("to", "2.5.1", "--quiet", "--releases", str(releases), cwd=repo)
    assert_refused(
        result,
        5,
        f"{A}:{line}: ",
        "holds `fsGroup: 2000`, but Flux 2.4.0 writes `fsGroup: 1337`",
        f"flux install --export --version v2.4.0 --components={','.join(gotk.DEFAULT)}",
        "With --leave-gotk it stays at 2.4.0",
    )
    assert repo.branches() == ["main"]


CALLED = {
    "platform/flux/v2.4.0/gotk-components.yaml": ("v2.4.0", "v2.5.1"),
    "platform/2.4.0/flux.yaml": ("2.4.0", "2.5.1"),
    "manifests/install-v2.4.0.yaml": ("install-v2.4.0.yaml", "install-v2.5.1.yaml"),
}


@pytest.mark.parametrize("path", CALLED)
def test_a_path_that_has_the_name_of_the_release_keeps_its_file(
    path: str, tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    name, new = CALLED[path]
    files = {path: gotk.components("2.4.0"), "versions.env": "FLUX_VERSION=2.4.0\n"}
    repo = repository(tmp_path / "repo", files, index)
    result = cli("to", "2.5.1", "--releases", str(releases), cwd=repo)
    assert_refused(result, 5)
    assert f"{path}:3: the file would stay behind while Flux moves to 2.5.1\n" in result.err
    assert f"  {name} is called after Flux 2.4.0, and keeps what belongs to it\n" in result.err
    assert f"name {new} in each place that names {name}. With --leave-gotk it stays" in result.err
    told = cli("to", "2.5.1", "--releases", str(releases), "--leave-gotk", cwd=repo)
    assert told.code == 0, told.err
    assert set(repo.changed(BRANCH)) == {"versions.env"}


@pytest.mark.parametrize("folder", ["v12.4.0", "v2.4.01", "2.4.0.1", "v2.3.0"])
def test_a_path_with_the_name_of_another_release_keeps_nothing(
    folder: str, tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    files = {f"{folder}/gotk-components.yaml": gotk.components("2.4.0")}
    repo = repository(tmp_path / "repo", files, index)
    assert cli("to", "2.5.1", "--releases", str(releases), cwd=repo).code == 0


def test_a_line_that_differs_in_white_space(
    tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    text = gotk.components("2.4.0").replace("fsGroup: 1337\n", "fsGroup: 1337 \n", 1)
    result = cli("to", "2.5.1", "--releases", str(releases), cwd=fleet(tmp_path, index, text))
    said = "holds `fsGroup: 1337`, but Flux 2.4.0 writes that line with other white space"
    assert_refused(result, 5, said)


def test_an_empty_line_more_is_named(tmp_path: Path, index: Path, cli: Cli, releases: Path) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0") + "\n")
    result = cli("to", "2.5.1", "--releases", str(releases), cwd=repo)
    assert_refused(result, 5, "goes on with an empty line, but what Flux 2.4.0 writes ends here")


def test_of_several_edited_files_each_is_listed(
    tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    text = gotk.components("2.4.0")
    last = text.count("\n") + 1
    repo = fleet(tmp_path, index, f"{text}# ours\n", text.removesuffix("        name: temp\n"))
    result = cli("to", "2.5.1", "--quiet", "--releases", str(releases), cwd=repo)
    first, *others = result.err.splitlines()
    assert (result.code, "2 files would stay behind while Flux moves to 2.5.1" in first) == (
        5,
        True,
    )
    assert others[-2:] == [
        f"  {A}:{last}: goes on with `# ours`, but what Flux 2.4.0 writes ends here",
        f"  {B}:{last - 1}: ends here, but Flux 2.4.0 writes `name: temp`",
    ]


def test_why_several_files_stay_is_said_once(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"), gotk.components("2.4.0"))
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    result = cli("to", "2.5.1", "--quiet", "--releases", str(nothing), cwd=repo)
    first, *others = result.err.splitlines()
    assert (result.code, first) == (5, "error: 2 files would stay behind while Flux moves to 2.5.1")
    assert result.err.count("the manifest of Flux 2.4.0 is not available") == 1
    assert others[-3].startswith("  2 places: the manifest of Flux 2.4.0 is not available")
    assert others[-2:] == [f"    {A}:3", f"    {B}:3"]


def test_a_component_that_the_new_release_lacks(tmp_path: Path, index: Path, cli: Cli) -> None:
    folder = gotk.releases(tmp_path / "releases", ["2.4.0", "2.5.1"]) / "v2.5.1"
    (folder / "gotk-components.yaml").write_text(gotk.components("2.5.1", TOLD), "utf-8")
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    assert_refused(
        cli("to", "2.5.1", "--quiet", cwd=repo),
        5,
        "cannot be made again from the manifest of Flux 2.5.1: it has no kustomize-controller "
        "and no notification-controller",
    )


def test_what_a_terminal_would_act_on_is_not_printed(
    tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0").replace("name: temp", "name: \x1b[31m"))
    result = cli("to", "2.5.1", "--quiet", "--releases", str(releases), cwd=repo)
    assert (result.code, "\x1b" in result.err) == (5, False)


# --- --leave-gotk -----------------------------------------------------------------------------


def test_a_file_may_be_left(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0") + "# ours\n")
    repo.commit({"up.sh": f"kubectl apply -f {URL.format('2.4.0')}\n"})
    result = cli("to", "2.5.1", "--leave-gotk", cwd=repo)
    assert result.code == 0, result.err
    assert f"{A}:3  gotk-components: stays at 2.4.0, as asked" in result.out
    assert "FB102 error: gotk-components holds 2.4.0, but up.sh:1 holds 2.5.1" in result.out
    assert set(repo.changed(BRANCH)) == {"up.sh"}


def test_where_nothing_else_is_it_says_so(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    result = cli("to", "2.5.1", "--leave-gotk", "--quiet", cwd=repo)
    place = tmp_path / "releases/v2.4.0/gotk-components.yaml"
    why = f"the manifest of Flux 2.4.0 is not available: {place}: no such file"
    assert (result.code, result.out.splitlines()) == (
        0,
        [
            "Nothing moved: no other place holds an exact version of Flux.",
            f"  {A}:3  gotk-components: stays at 2.4.0, as asked: {why}",
        ],
    )


def test_only_the_one_that_differs_is_left(
    tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    text = gotk.components("2.4.0")
    line = text.split("\n").index("        fsGroup: 1337") + 1
    edited = text.replace("fsGroup: 1337", "fsGroup: 2000", 1)
    repo = fleet(tmp_path, index, text, edited)
    result = cli("to", "2.5.1", "--leave-gotk", "--releases", str(releases), cwd=repo)
    assert result.code == 0, result.err
    why = f"stays at 2.4.0, as asked: line {line} holds `fsGroup: 2000`, but Flux 2.4.0 writes"
    assert f"{B}:3  gotk-components: {why} `fsGroup: 1337`" in result.out
    assert set(repo.changed(BRANCH)) == {A}
    assert repo.show(BRANCH, A) == gotk.components("2.5.1")


def test_one_that_is_ahead_is_left_too(
    tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"), gotk.components("2.7.5"))
    refused = cli("to", "2.5.1", "--releases", str(releases), cwd=repo)
    assert (refused.code, "would go down from 2.7.5" in refused.err) == (9, True)
    result = cli("to", "2.5.1", "--leave-gotk", "--releases", str(releases), cwd=repo)
    assert result.code == 0, result.err
    assert f"{B}:3  gotk-components: stays at 2.7.5, as asked" in result.out
    assert set(repo.changed(BRANCH)) == {A}


def test_leaving_one_accepts_nothing_else(tmp_path: Path, index: Path, cli: Cli) -> None:
    """Two other places that disagree are refused all the same."""
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    repo.commit({
        "up.sh": f"kubectl apply -f {URL.format('2.4.0')}\n",
        "clusters/alpha/flux.yaml": release("2.14.x", chart="flux2"),
    })  # fmt: skip
    result = cli("to", "2.5.1", "--leave-gotk", cwd=repo)
    assert (result.code, "2.14.x" in result.err) == (5, True)


# --- clusters ---------------------------------------------------------------------------------


def findings(repo: Repo, cli: Cli, *arguments: str) -> list[tuple[str, str, list[str]]]:
    found = cli("check", "--format", "json", *arguments, cwd=repo).json["findings"]
    return [
        (
            one["code"],
            f"{one['path']}:{one['line']}",
            [f"{other['path']}:{other['line']}" for other in one["related"]],
        )
        for one in found
    ]


def test_clusters_may_be_at_different_releases(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"), gotk.components("2.5.1"))
    assert findings(repo, cli) == []
    said = "The pins of each environment agree\ngotk-components installs Flux 2.4.0 and 2.5.1"
    assert said in cli("status", cwd=repo).out
    # The script is right for one of them.
    repo.commit({"up.sh": f"kubectl apply -f {URL.format('2.5.1')}\n"})
    assert findings(repo, cli) == []


def test_a_script_that_is_right_for_none(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"), gotk.components("2.5.1"))
    repo.commit({"up.sh": f"kubectl apply -f {URL.format('2.6.0')}\n"})
    assert findings(repo, cli) == [
        ("FB102", f"{A}:3", ["up.sh:1"]),
        ("FB102", f"{B}:3", ["up.sh:1"]),
    ]


def test_two_files_of_one_cluster(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    other = "clusters/alpha/flux-system/old.yaml"
    repo.commit({other: gotk.components("2.3.0")})
    assert findings(repo, cli) == [("FB102", f"{other}:3", [f"{A}:3"])]


def test_a_chart_of_the_same_cluster(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"), gotk.components("2.5.1"))
    chart = "clusters/alpha/flux.yaml"
    repo.commit({chart: release("2.15.0", chart="flux2")})
    assert findings(repo, cli, "--select", "FB103") == [("FB103", f"{A}:3", [f"{chart}:9"])]


def test_a_chart_of_a_cluster_beside_it(tmp_path: Path, index: Path, cli: Cli) -> None:
    """No path names an environment: the directories of clusters are told apart all the same."""
    home = "k8s/{}/flux-system/gotk-components.yaml"
    files = {home.format("one"): gotk.components("2.4.0")}
    repo = repository(tmp_path / "fleet", files, index)
    repo.commit({"k8s/two/flux.yaml": release("2.15.0", chart="flux2")})
    assert findings(repo, cli, "--select", "FB103") == []
    repo.commit({"k8s/one/flux.yaml": release("2.15.0", chart="flux2")})
    assert findings(repo, cli, "--select", "FB103") == [
        ("FB103", f"{home.format('one')}:3", ["k8s/one/flux.yaml:9"])
    ]


def test_images_beside_belong_to_the_release_of_their_cluster(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"), gotk.components("2.5.1"))
    image = "images:\n- name: ghcr.io/fluxcd/source-controller\n  newTag: v1.5.0\n"
    repo.commit({"clusters/alpha/k.yaml": image, "clusters/beta/k.yaml": image})
    assert findings(repo, cli, "--select", "FB113") == [
        ("FB113", "clusters/alpha/k.yaml:3", [f"{A}:3", f"{B}:3"])
    ]


def test_manifests_are_judged_by_the_release_of_their_cluster(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    new = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: a}\n"
    repo = fleet(tmp_path, index, gotk.components("2.4.0"), gotk.components("2.6.0"))
    repo.commit({"clusters/alpha/o.yaml": new, "clusters/beta/o.yaml": new, "apps/o.yaml": new})
    assert [one[1] for one in findings(repo, cli, "--select", "FB203")] == [
        "clusters/alpha/o.yaml:1"
    ]
    told = cli("check", "--format", "json", "--select", "FB203", cwd=repo).json["not_run"]
    assert told == []


FAULTS = {
    "FB203": "apiVersion: kustomize.toolkit.fluxcd.io/v1alpha1\nkind: Kustomization\n",
    "FB204": "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nspec: {branch: main}\n",
}


@pytest.mark.parametrize("code", FAULTS)
def test_what_no_cluster_takes_is_no_fault_of_the_bump(
    code: str, tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"), gotk.components("2.5.1"))
    text = f"{FAULTS[code]}metadata: {{name: a}}\n"
    repo.commit({"shared/a.yaml": text, "clusters/beta/b.yaml": text})
    found = findings(repo, cli, "--select", code)
    assert [one[1].partition(":")[0] for one in found] == ["clusters/beta/b.yaml", "shared/a.yaml"]
    bumped = cli("to", "2.5.1", "--releases", str(releases), cwd=repo)
    assert bumped.code == 0, bumped.err
    assert f"{code} error" in bumped.out.partition("Existing findings")[2]


def test_another_cluster_does_not_say_what_one_is_upgraded_from(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    """Beta goes on; that alpha is older than what beta was is no downgrade."""
    repo = fleet(tmp_path, index, gotk.components("2.3.0"), gotk.components("2.4.0"))
    repo.commit({B: gotk.components("2.5.1")})
    errors = [one for one in findings(repo, cli, "--base", "HEAD~1") if one[1] == f"{A}:3"]
    assert errors == []


# --- run --------------------------------------------------------------------------------------


def test_the_job_proposes_it(tmp_path: Path, index: Path, cli: Cli, releases: Path) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    repo.commit({"fluxbump.yaml": "run:\n  range: ~2.5\n"})
    told = cli("run", "--dry-run", "-o", "json", "--releases", str(releases), cwd=repo).json
    assert (told["outcome"], told["target"]) == ("update-available", "2.5.1")
    assert f"+++ b/{A}" in told["patch"]


def test_the_job_is_blocked_by_what_would_stay_behind(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    repo.commit({"fluxbump.yaml": "run:\n  range: ~2.5\n"})
    told = cli("run", "--dry-run", "-o", "json", cwd=repo).json
    assert told["outcome"] == "blocked"
    assert "the manifest of Flux 2.4.0 is not available" in told["summary"]


# --- the flux CLI -----------------------------------------------------------------------------


def program(path: Path, body: str) -> Path:
    """A program that stands where the flux CLI would; the real one is tried in tests/e2e."""
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_flux_cli_is_asked_for_the_components(
    tmp_path: Path, index: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Options(components=TOLD.components)
    for name in ("2.4.0", "2.5.1"):
        (tmp_path / f"{name}.yaml").write_text(gotk.components(name, told), "utf-8")
    calls = tmp_path / "calls"
    flux = program(
        tmp_path / "flux",
        f'echo "$*" >> {calls}\nenv > {tmp_path}/env\n'
        f'cat {tmp_path}/"$(echo "$3" | cut -d v -f 3)".yaml\n',
    )
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    monkeypatch.setenv("FLUX_SYSTEM_NAMESPACE", "elsewhere")
    repo = fleet(tmp_path, index, gotk.components("2.4.0", TOLD))
    result = cli("to", "2.5.1", "--flux", str(flux), cwd=repo)
    assert result.code == 0, result.err
    assert repo.show(BRANCH, A) == gotk.components("2.5.1", TOLD)
    chosen = ",".join(TOLD.components)
    assert calls.read_text().splitlines() == [
        f"install --export --version=v2.4.0 --components={chosen}",
        f"install --export --version=v2.5.1 --components={chosen}",
    ]
    names = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert names.isdisjoint({"KUBECONFIG", "FLUX_SYSTEM_NAMESPACE", "FLUXBUMP_INDEX"})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo '✗ no such release' >&2; exit 1\n", "✗ no such release"),
        ("exit 3\n", "failed with 3"),
        ("echo nothing\n", "it is not what `flux install --export` writes"),
        ("kill -9 $$\n", "failed with -9"),
    ],
)
def test_a_flux_cli_that_fails(tmp_path: Path, index: Path, cli: Cli, body: str, said: str) -> None:
    flux = program(tmp_path / "flux", body)
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    result = cli("to", "2.5.1", "--quiet", "--flux", str(flux), cwd=repo)
    assert_refused(result, 5, f"{flux} install --export --version=v2.4.0: {said}")


def test_a_flux_cli_that_is_not_there(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    result = cli("to", "2.5.1", "--quiet", "--flux", f"{tmp_path}{os.sep}none", cwd=repo)
    assert_refused(result, 5, "cannot be started: No such file or directory")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sleep 60 & sleep 60\n", "did not finish within 0.5 seconds"),
        ("yes\n", "printed more than 1000 bytes"),
    ],
)
def test_a_flux_cli_is_bounded_in_time_and_output(tmp_path: Path, body: str, said: str) -> None:
    flux = Flux(str(program(tmp_path / "flux", body)), timeout=0.5, largest=1000)
    with pytest.raises(ToolError, match=said):
        flux.export("2.4.0", ())


def test_a_flux_cli_may_talk_a_lot(tmp_path: Path) -> None:
    body = "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo done\n"
    out, shown = Flux(str(program(tmp_path / "flux", body))).export("2.4.0", ())
    assert (out, shown) == (b"done\n", f"{tmp_path}/flux install --export --version=v2.4.0")


# --- without a chart --------------------------------------------------------------------------


def test_a_release_that_no_chart_ships(tmp_path: Path, index: Path, cli: Cli) -> None:
    gotk.releases(tmp_path / "releases", ["2.9.3", "2.9.4"])
    repo = fleet(tmp_path, index, gotk.components("2.9.3"))
    result = cli("to", "2.9.4", cwd=repo)
    assert result.code == 0, result.err
    assert result.out.splitlines()[0] == "Flux 2.9.3 -> 2.9.4"
    assert repo.show("fluxbump/flux-2.9.4", A) == gotk.components("2.9.4")
    message = repo.git("log", "-1", "--format=%B", "fluxbump/flux-2.9.4").strip()
    assert message == "Move Flux to 2.9.4\n\n- flux 2.9.3 -> 2.9.4\n\nPins: 1 in 1 files."
    told = cli("to", "2.9.4", "-n", "-o", "json", cwd=repo).json
    assert told["target"] == {
        "release": "2.9.4", "chart_version": None, "created": None, "digest": None,
    }  # fmt: skip
    assert [one["name"] for one in told["tracks"]] == ["flux"]


def test_a_line_of_releases_that_no_chart_ships(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.9.4"))
    result = cli("to", "2.9", "--quiet", cwd=repo)
    assert (result.code, result.out) == (0, "Nothing to do: every pin holds Flux 2.9.4.\n")


def test_no_index_is_needed(tmp_path: Path, cli: Cli, releases: Path) -> None:
    repo = fleet(tmp_path, tmp_path / "none", gotk.components("2.4.0"))
    result = cli("to", "2.5.1", "--index", str(tmp_path / "none"), cwd=repo)
    assert result.code == 0, result.err
    assert repo.show(BRANCH, A) == gotk.components("2.5.1")


def test_an_index_is_needed_where_it_has_to_say_something(tmp_path: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, tmp_path / "none", gotk.components("2.4.0"))
    chart = ("--chart-version", "2.15.0")
    result = cli("to", "2.5.1", *chart, "--quiet", "--index", str(tmp_path / "none"), cwd=repo)
    assert_refused(result, 7, "no such file")


def test_where_a_chart_is_one_has_to_ship_the_release(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.9.3"))
    repo.commit({"clusters/beta/flux.yaml": release("2.14.1", chart="flux2")})
    assert_refused(cli("to", "2.9.4", "--quiet", cwd=repo), 4, "no chart flux2 ships Flux 2.9.4")
    none = str(tmp_path / "none")
    assert_refused(cli("to", "2.9.4", "--quiet", "--index", none, cwd=repo), 7, "no such file")


def test_a_release_that_does_not_exist(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.9.3"))
    assert_refused(
        cli("to", "2.9.99", "--quiet", cwd=repo), 4, "Flux 2.9.99 is not a known release"
    )


def test_where_nobody_says_where_it_is_the_artifact_of_flux_is_read(
    tmp_path: Path, index: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    monkeypatch.delenv("FLUXBUMP_RELEASES")
    result = cli("to", "2.5.1", "--quiet", "--offline", cwd=repo)
    assert_refused(result, 5, "the manifest of Flux 2.4.0 is not available", "ghcr.io", "offline")


def test_images_that_move_do_not_stop_a_bump_that_leaves_the_file(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    """Whoever leaves it knows that what moves disagrees with it then."""
    repo = fleet(tmp_path, index, gotk.components("2.4.0"))
    repo.commit({"images.txt.yaml": "images: [ghcr.io/fluxcd/source-controller:v1.4.1]\n"})
    result = cli("to", "2.5.1", "--leave-gotk", cwd=repo)
    assert result.code == 0, result.err
    assert "FB113" in result.out
