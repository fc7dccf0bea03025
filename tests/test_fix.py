"""`--fix`: exactly the lines that are dangerous go, in a commit before the bump, or in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.bump import fixes
from fluxbump.bump.fixes import Fix
from fluxbump.discover.inventory import discover
from fluxbump.discover.scope import Scope
from fluxbump.errors import PinError
from tests.helpers import Repo, release, repository, script, small, snapshot, umbrella

HR = "clusters/a/flux.yaml"
BRANCH = "fluxbump/flux-2.5.1"
KEEP = "  upgrade:\n    preserveValues: true\n"


def fixed(text: str, fix: Fix, installed: str = "2.4.0") -> str:
    """The HelmRelease with these lines in its spec, after a fix; only these lines."""
    files = small(install=script(installed), release=release() + text)
    scope = Scope()
    changes = fixes.apply(discover(snapshot(files), scope), fix, scope).changes.files
    after = changes.get(HR, files[HR].encode())
    assert after is not None
    assert after.decode().startswith(release())
    return after.decode().removeprefix(release())


# --- adoption ------------------------------------------------------------------------------------

# fmt: off
ADOPTION = {
    "nothing": ("  suspend: false\n", "  suspend: false\n"),
    "false": ("  upgrade:\n    preserveValues: false\n", "  upgrade:\n    preserveValues: false\n"),
    "alone": (KEEP, ""),
    "first": ("  upgrade:\n    preserveValues: true # why\n    force: true\n",
        "  upgrade:\n    force: true\n"),
    "last": ("  upgrade:\n    force: true\n    preserveValues: true\n  suspend: true\n",
        "  upgrade:\n    force: true\n  suspend: true\n"),
    "comments": (("  # one\n  upgrade:\n    # two\n    preserveValues: true\n    # three\n"
        "  # four\n"), "  # one\n    # two\n    # three\n  # four\n"),
    "no line break at the end": (KEEP.rstrip("\n"), ""),
    "CRLF": ("  upgrade:\r\n    force: true\r\n    preserveValues: true\r\n",
        "  upgrade:\r\n    force: true\r\n"),
    "flow": ("  upgrade: {preserveValues: true}\n", ""),
    "flow first": ("  upgrade: {preserveValues: true, force: true}  # x\n",
        "  upgrade: {force: true}  # x\n"),
    "flow last": ("  upgrade: { force: true, preserveValues: true }\n",
        "  upgrade: { force: true }\n"),
    "flow in lines": ("  upgrade: {\n    force: true,\n    preserveValues: true\n  }\n",
        "  upgrade: {\n    force: true\n  }\n"),
    "quoted key": ('  "upgrade":\n    "preserveValues": true\n', ""),
}
BEFORE_2_7 = {
    "install": ("  install:\n    remediation:\n      retries: 3 # x\n",
        "  install:\n    remediation:\n      retries: 0 # x\n"),
    "both": ("  install: {remediation: {retries: 3}}\n  upgrade: {remediation: {retries: -1}}\n",
        "  install: {remediation: {retries: 0}}\n  upgrade: {remediation: {retries: 0}}\n"),
    "last failure": ("  install:\n    remediation:\n      remediateLastFailure: true\n", ""),
    "last failure and retries": (
        "  install:\n    remediation:\n      remediateLastFailure: true\n      retries: 3\n",
        "  install:\n    remediation:\n      retries: 0\n"),
}
SINCE_2_7 = {
    "install": ("  install:\n    crds: Skip\n    remediation:\n      retries: 3 # x\n",
        "  install:\n    crds: Skip\n    strategy:\n      name: RetryOnFailure # x\n"),
    "flow": ("  install: {remediation: {retries: 3, remediateLastFailure: true}}\n",
        "  install: {strategy: {name: RetryOnFailure}}\n"),
    "more lines": (
        "  upgrade:\n    remediation:\n      # a\n      retries: 3\n      strategy: uninstall\n",
        "  upgrade:\n    strategy:\n      # a\n      name: RetryOnFailure\n"),
    "beside a strategy": (
        "  install:\n    strategy: {name: RetryOnFailure}\n    remediation: {retries: 3}\n",
        "  install:\n    strategy: {name: RetryOnFailure}\n"),
    "beside another strategy": (
        "  install: {strategy: {name: RemediateOnFailure}, remediation: {retries: 3}}\n",
        "  install: {strategy: {name: RetryOnFailure}}\n"),
}
# fmt: on


@pytest.mark.parametrize("name", ADOPTION)
def test_preserve_values_goes_and_nothing_else(name: str) -> None:
    before, after = ADOPTION[name]
    assert fixed(before, Fix.ADOPTION) == after


@pytest.mark.parametrize("name", BEFORE_2_7)
def test_remediation_before_2_7(name: str) -> None:
    before, after = BEFORE_2_7[name]
    assert fixed(before, Fix.REMEDIATION) == after


@pytest.mark.parametrize("name", SINCE_2_7)
def test_remediation_since_2_7(name: str) -> None:
    before, after = SINCE_2_7[name]
    assert fixed(before, Fix.REMEDIATION, "2.7.5") == after


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("  upgrade: &u\n    preserveValues: true\n", 10, "an anchor"),
        ("  x: &u {preserveValues: true}\n  upgrade: *u\n", 11, "an alias"),
        ("  x: &u {preserveValues: true}\n  upgrade:\n    <<: *u\n", 12, "a merge key"),
        ("  upgrade:\n    preserveValues: &p true\n", 11, "an anchor"),
        ("  upgrade:\n    preserveValues: !!bool true\n", 11, "an anchor or a tag"),
        ("  upgrade:\n    preserveValues: true # ${WHY}\n", 10, "a template"),
    ],
)
def test_what_is_not_certain_is_refused_with_its_place(text: str, where: int, what: str) -> None:
    with pytest.raises(PinError) as error:
        fixed(text, Fix.ADOPTION)
    assert what in str(error.value)
    assert f"{HR}:{where}" in str(error.value)


# --- to ------------------------------------------------------------------------------------------


def test_a_bump_over_preserve_values_is_refused_although_the_base_has_it(
    tmp_path: Path, index: Path
) -> None:
    repo = repository(tmp_path / "r", small(release=release() + KEEP), index)
    result = repo.fluxbump("to", "2.5.1")
    assert result.code == 1
    assert f"{HR}:11" in result.err
    assert "FB301" in result.err
    assert (
        result.err.splitlines()[4]
        == "next: fluxbump to 2.5.1 --fix adoption       fixes that first"
    )
    assert repo.branches() == ["main"]
    assert repo.fluxbump("to", "2.5.1", "--accept-risk", "FB301").code == 0


def test_to_fixes_in_a_commit_before_the_bump(tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "r", small(release=release() + KEEP), index)
    result = repo.fluxbump("to", "2.5.1", "--fix", "adoption")
    assert (result.code, result.err) == (0, "")
    assert "upgrade.preserveValues: true removed" in result.out
    subjects = repo.git("log", "--reverse", "--format=%s", f"main..{BRANCH}").splitlines()
    assert subjects == [
        "Let the images of the Flux controllers move",
        "Move Flux to 2.5.1 (chart flux2 2.15.0)",
    ]
    assert repo.show(f"{BRANCH}~1", HR) == release()
    assert repo.show(BRANCH, HR) == release("1.1.3")


def test_both_fixes_and_the_migration_are_commits_of_their_own(tmp_path: Path, index: Path) -> None:
    remediation = "  install:\n    remediation:\n      retries: 3\n"
    old = release().replace("toolkit.fluxcd.io/v2", "toolkit.fluxcd.io/v2beta2")
    repo = repository(tmp_path / "r", small(release=old + remediation + KEEP), index)
    result = repo.fluxbump("to", "2.5.1", "--migrate-apis", "--fix", "remediation,adoption")
    assert (result.code, result.err) == (0, "")
    subjects = repo.git("log", "--reverse", "--format=%s", f"main..{BRANCH}").splitlines()
    assert [one.split()[0] for one in subjects] == ["Move", "Let", "Let", "Move"]
    safe = "  install:\n    remediation:\n      retries: 0\n"
    assert repo.show(BRANCH, HR) == release("1.1.3") + safe


def test_an_inherited_remediation_does_not_stop_a_bump_and_is_listed_first(
    tmp_path: Path, index: Path
) -> None:
    remediation = "  install:\n    remediation:\n      retries: 3\n"
    repo = repository(
        tmp_path / "r", small(release=release() + remediation, values="x: 1\n"), index
    )
    result = repo.fluxbump("to", "2.5.1", "--dry-run")
    assert result.code == 0
    old = result.out[
        result.out.index("Existing findings (not caused by this change)") :
    ].splitlines()
    assert "FB302 error" in old[1]


def test_in_place(tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "r", small(release=release() + KEEP), index)
    assert repo.fluxbump("to", "2.5.1", "--in-place", "--fix", "adoption").code == 0
    assert (repo.path / HR).read_text() == release("1.1.3")


# --- check ---------------------------------------------------------------------------------------


def test_check_fixes_the_work_tree_and_says_what(tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "r", small(release=release() + KEEP), index)
    before = repo.fluxbump("check", "--no-render")
    assert before.code == 1
    assert f"{HR}:11" in before.out
    result = repo.fluxbump("check", "--no-render", "--fix", "adoption")
    assert result.code == 0
    assert result.err == f"fluxbump: fixed {HR}:11: upgrade.preserveValues: true removed\n"
    assert (repo.path / HR).read_text() == release()
    again = repo.fluxbump("check", "--no-render", "--fix", "adoption")
    assert (again.code, again.err) == (0, "fluxbump: no setting has to be fixed\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fix", "all"), "it knows adoption and remediation"),
        (("--fix", "adoption", "--staged"), "--fix edits the working tree"),
        (("--fix", "adoption", "--rev", "main"), "--fix edits the working tree"),
    ],
)
def test_usage(repo: Repo, arguments: tuple[str, ...], words: str) -> None:
    result = repo.fluxbump("check", *arguments)
    assert result.code == 2
    assert words in result.err


def test_an_umbrella_that_keeps_the_images_is_fixed_too(tmp_path: Path, index: Path) -> None:
    files = small() | {
        "u/Chart.yaml": umbrella(),
        "clusters/a/bundle.yaml": release("3.0.7", chart="bp-bundle", name="bundle") + KEEP,
    }
    repo = repository(tmp_path / "r", files, index)
    refused = repo.fluxbump("to", "2.5.1")
    assert refused.code == 1
    assert "clusters/a/bundle.yaml:11" in refused.err
    result = repo.fluxbump("to", "2.5.1", "--fix", "adoption")
    assert (result.code, result.err) == (0, "")
    fixed_text = repo.show(f"{BRANCH}~1", "clusters/a/bundle.yaml")
    assert fixed_text == release("3.0.7", chart="bp-bundle", name="bundle")


def test_a_bump_over_a_patch_that_keeps_the_images_is_refused(tmp_path: Path, index: Path) -> None:
    """And `--fix` does not pretend that it has taken it out."""
    patch = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: flux}\n"
        "spec: {upgrade: {preserveValues: true}}\n"
    )
    repo = repository(tmp_path / "r", small() | {"clusters/a/keep.yaml": patch}, index)
    result = repo.fluxbump("to", "2.5.1", "--fix", "adoption")
    assert result.code == 1
    assert "clusters/a/keep.yaml:4" in result.err
    assert repo.branches() == ["main"]
