"""What `fluxbump init` writes is valid, works when it is pushed, and is what the pages show."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ruamel.yaml import YAML

from fixtures import states
from fluxbump.errors import UsageError
from fluxbump.forges.kinds import KINDS
from fluxbump.run.init_files import Beginning, filled, first_files, template
from fluxbump.run.pip_requirement import installed_from, pinned
from fluxbump.version import __version__
from release import pages
from tests.helpers import ROOT, Repo

REMOTES = {
    "github": "https://github.com/acme/clusters",
    "gitea": "https://gitea.com/acme/clusters",
    "forgejo": "https://codeberg.org/acme/clusters",
    "gitlab": "https://gitlab.com/acme/clusters",
    "azure": "https://dev.azure.com/acme/platform/_git/clusters",
    "bitbucket": "https://bitbucket.org/acme/clusters",
}
SCHEMAS = {
    "github": "vendor.github-workflows",
    "gitea": "vendor.github-workflows",
    "gitlab": "vendor.gitlab-ci",
    "azure": "vendor.azure-pipelines",
    "bitbucket": "vendor.bitbucket-pipelines",
}
"""The published schemas that come with check-jsonschema, by template."""


def loaded(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(StringIO(text))


def invalid(path: Path, schema: str) -> list[str]:
    """Return what a published schema has against a file."""
    # Azure's schema has patterns with escapes that a pattern with Unicode must not have.
    more = ["--regex-variant", "nonunicode", "--output-format", "json"]
    if schema == "vendor.gitlab-ci":
        more += ["--data-transform", "gitlab-ci"]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *more]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    said = json.loads(done.stdout)
    assert said["status"] == ("fail" if said["errors"] else "ok")
    assert not said.get("parse_errors")
    return [str(error.get("best_match", error)) for error in said["errors"]]


# --- what the pages show ----------------------------------------------------------------------


def test_pages_name_the_version_and_show_the_templates() -> None:
    """The command that writes them: `python -m release.pages`."""
    places = 0
    for path in pages.pages():
        name, text = path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
        after, count = pages.updated(name, text, __version__)
        assert after == text, f"{name} is not as `python -m release.pages` writes it"
        places += count
    assert places >= 20


def test_no_page_names_a_version_that_the_command_does_not_know() -> None:
    """Another version would show: what is left of a page without the places names none."""
    for path in pages.pages():
        name, text = path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
        moved, _ = pages.updated(name, text, "77.0.0")
        assert f"v{__version__}" not in moved, name
        assert f"fluxbump:{__version__}" not in moved, name


def test_the_changelog_has_released_no_newer_version() -> None:
    heads = re.findall(
        r"(?m)^## \[?(\d+)\.(\d+)\.(\d+)", (ROOT / "CHANGELOG.md").read_text("utf-8")
    )
    newest = max(tuple(map(int, head)) for head in heads)
    unreleased = "\n## Unreleased\n\n##" not in (ROOT / "CHANGELOG.md").read_text("utf-8")
    ours = tuple(int(part) for part in __version__.split("."))
    assert ours > newest if unreleased else ours >= newest


def test_one_page_shows_every_template() -> None:
    shown = re.findall(r"<!-- template: (\w+) -->", (ROOT / "docs/ci.md").read_text("utf-8"))
    assert sorted(shown) == sorted([*SCHEMAS, "hook"])


def job(kind: str, text: str) -> list[object]:
    """Return what a job does before fluxbump, as the forge reads it."""
    content = loaded(text)
    if kind == "gitlab":
        (found,) = content.values()
        assert found["script"][-1].startswith("fluxbump ")
        return [found["image"], found["variables"], found["script"][:-1]]
    (found,) = content["jobs"].values()
    steps = [step for step in found["steps"] if "create-github-app-token" not in str(step)]
    assert steps[-1]["run"].startswith("fluxbump ")
    return [found["runs-on"], found["timeout-minutes"], *steps[:-1]]


@pytest.mark.parametrize("kind", ["github", "gitea", "gitlab"])
def test_a_scheduled_run_is_prepared_as_a_check(kind: str) -> None:
    source = "git+https://git.example.org/platform/fluxbump@v" + __version__
    check = job(kind, filled(template(kind), source, "main"))
    assert len(check) >= 3
    run = (ROOT / f"docs/deploy/{kind}-run.yml").read_text("utf-8")
    assert job(kind, run) == check


def test_every_page_holds_an_action_to_one_commit() -> None:
    used = {
        found[1]: found[2]
        for found in re.finditer(r"uses: (actions/[\w-]+)@(\S+)", template("github"))
    }
    assert len(used) == 2
    for page in ("docs/ci.md", "docs/fleet.md", "docs/deploy/github-run.yml", "action.yml"):
        text = (ROOT / page).read_text("utf-8").partition("## Gitea and Forgejo")[0]
        found = re.findall(r"uses: (actions/(?:checkout|setup-python))@(\S+)", text)
        assert found, page
        assert {(name, used[name]) for name, _ in found} == {*found}, page


# --- what is valid ----------------------------------------------------------------------------


def test_every_forge_has_a_workflow() -> None:
    assert {kind.workflow.template for kind in KINDS.values()} == set(SCHEMAS)
    assert set(KINDS) == set(REMOTES)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_takes_a_workflow(name: str, tmp_path: Path) -> None:
    path = tmp_path / "workflow.yml"
    path.write_text(filled(template(name), "fluxbump==1.0.0", "main"), "utf-8")
    assert invalid(path, SCHEMAS[name]) == []


@pytest.mark.parametrize(("name", "before", "after"), [
    ("github", "runs-on:", "run-on:"),
    ("gitlab", 'GIT_DEPTH: "0"', "GIT_DEPTH: [0]"),
    ("azure", "UsePythonVersion@0", "UsePython"),
    ("bitbucket", "max-time: 15", "max-time: soon"),
])  # fmt: skip
def test_the_published_schema_refuses_a_mistake(
    name: str, before: str, after: str, tmp_path: Path
) -> None:
    text = filled(template(name), "fluxbump==1.0.0", "main")
    assert before in text
    path = tmp_path / "workflow.yml"
    path.write_text(text.replace(before, after), "utf-8")
    assert invalid(path, SCHEMAS[name]) != []


@pytest.mark.parametrize(("path", "schema"), [
    ("action.yml", "vendor.github-actions"),
    (".github/workflows/release.yaml", "vendor.github-workflows"),
    ("docs/deploy/github-run.yml", "vendor.github-workflows"),
    ("docs/deploy/gitea-run.yml", "vendor.github-workflows"),
    ("docs/deploy/gitlab-run.yml", "vendor.gitlab-ci"),
])  # fmt: skip
def test_the_published_schema_takes_what_is_offered_elsewhere(path: str, schema: str) -> None:
    assert invalid(ROOT / path, schema) == []


def test_actions_of_the_workflow_are_those_of_the_release() -> None:
    pins = re.findall(r"uses: (\S+@[0-9a-f]{40} # v[\d.]+)$", template("github"), re.MULTILINE)
    assert len(pins) == template("github").count("uses:") == 2
    ours = (ROOT / ".github/workflows/release.yaml").read_text("utf-8")
    assert all(pin in ours for pin in pins)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_source_stays_in_its_string(kind: str) -> None:
    evil = 'a"; $(touch /tmp/x)\'\nevil: 1 # __BRANCH__ "'
    known = Beginning(frozenset(), kind, [], [], evil, 'x"]\nevil: 1')
    _, hook, workflow = first_files(known)
    assert loaded(hook.text)["repos"][0]["hooks"][0]["additional_dependencies"] == [evil]
    found = loaded(workflow.text)
    assert "evil" not in found
    lines = "\n".join(one for _, one in commands(kind, found)).splitlines()
    (line,) = (one for one in lines if "pip install" in one)
    assert line.endswith(' "$FLUXBUMP_SOURCE"')
    shown = subprocess.run(
        ["bash", "-euc", f'{export(kind, found)}\nprintf %s "$FLUXBUMP_SOURCE"'],
        env={**os.environ, **dict(commands(kind, found)[0][0])},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout == evil


# --- what is pinned ---------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "expected"), [
    ("fluxbump", "fluxbump==1.2.3"),
    ("fluxbump==1.0.0", "fluxbump==1.0.0"),
    ("git+https://git.example.org/p/fluxbump", "git+https://git.example.org/p/fluxbump@v1.2.3"),
    ("git+ssh://git@git.example.org/p/f.git", "git+ssh://git@git.example.org/p/f.git@v1.2.3"),
    ("git+https://git.example.org/p/f@main", "git+https://git.example.org/p/f@main"),
    ("git+https://git.example.org/p/f#egg=f", "git+https://git.example.org/p/f@v1.2.3#egg=f"),
    ("https://x.example.org/fluxbump.whl", "https://x.example.org/fluxbump.whl"),
])  # fmt: skip
def test_a_source_gets_the_version_that_it_lacks(source: str, expected: str) -> None:
    assert pinned(source, "1.2.3") == expected


@pytest.mark.parametrize("source", ["", " ", "-r evil.txt", "a\nb"])
def test_a_source_that_pip_would_read_differently_is_refused(source: str) -> None:
    with pytest.raises(UsageError):
        pinned(source, "1.2.3")


def recorded(url: str, **more: object) -> str:
    return json.dumps({"url": url, **more})


def of_git(revision: str) -> dict[str, str]:
    return {"vcs": "git", "commit_id": "abc", "requested_revision": revision}


GIT, FILE = "https://git.example.org/p/f", "https://x.example.org/f.whl"


@pytest.mark.parametrize(("record", "expected"), [
    (None, "fluxbump==1.2.3"),
    (recorded(GIT, vcs_info=of_git("main")), f"git+{GIT}@abc"),
    (recorded(GIT, vcs_info=of_git("v1.2.3")), f"git+{GIT}@v1.2.3"),
    (recorded(FILE, archive_info={}), f"fluxbump @ {FILE}"),
    (recorded("file:///home/me/f", dir_info={"editable": True}), None),
    (recorded("file:///home/me/f.whl", archive_info={}), None),
    (recorded("https://me:secret@x.example.org/f", archive_info={}), None),
    ("[]", None),
    ("not JSON", None),
])  # fmt: skip
def test_an_installation_says_where_it_is_from(record: str | None, expected: str | None) -> None:
    assert installed_from(record, "1.2.3") == expected


# --- what runs --------------------------------------------------------------------------------


def commands(kind: str, found: Any) -> list[tuple[dict[str, str], str]]:
    """Return the commands of a workflow in their order, each with its variables."""
    if kind in ("github", "gitea", "forgejo"):
        steps = found["jobs"]["check"]["steps"]
        return [(one.get("env", {}), one["run"]) for one in steps if "run" in one]
    if kind == "gitlab":
        job = found["fluxbump-check"]
        return [(job["variables"], one) for one in job["script"]]
    if kind == "azure":
        (job,) = found["jobs"]
        return [(found["variables"], one["script"]) for one in job["steps"] if "script" in one]
    (step,) = found["definitions"]["steps"]
    # One shell runs them all, so what one of them exports is there for the next.
    return [({}, "\n".join(step["step"]["script"]))]


def export(kind: str, found: Any) -> str:
    if kind != "bitbucket":
        return ""
    return str(found["definitions"]["steps"][0]["step"]["script"][0])


def proposed(kind: str, base: str) -> dict[str, str]:
    """What the CI of a forge says in a pull request; see `fluxbump.cli.comparison_base`."""
    return {
        "gitlab": {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base},
        "azure": {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"},
        "bitbucket": {"BITBUCKET_PR_DESTINATION_COMMIT": base},
    }.get(kind, {"GITHUB_BASE_REF": "main"})


def failures(report: Path) -> list[str]:
    cases = ET.fromstring(report.read_bytes()).iter("testcase")
    return [str(case.get("name")) for case in cases if case.find("failure") is not None]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A Python as a CI has it, with no fluxbump, and the wheel to install there.

    What fluxbump needs is found where the tests have it, so that pip asks nobody.
    """
    place = tmp_path_factory.mktemp("runner")
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*wheel, "--no-deps", "--no-build-isolation", "--wheel-dir", str(place), str(ROOT)],
        check=True,
    )
    (built,) = place.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(place / "python")], check=True)
    (packages,) = (place / "python" / "lib").glob("python3*/site-packages")
    (ours,) = (Path(sys.prefix) / "lib").glob("python3*/site-packages")
    needed = place / "needed"
    needed.mkdir()
    for item in ours.iterdir():
        if (
            not item.name.startswith(("fluxbump", "pip", "_editable", "__"))
            and item.suffix != ".pth"
        ):
            (needed / item.name).symlink_to(item)
    (packages / "needed.pth").write_text(f"{needed}\n", "utf-8")
    return place / "python" / "bin", built


@pytest.fixture
def pushed(repo: Repo, tmp_path: Path) -> Iterator[Path]:
    """A server's repository, to which the fixture was pushed."""
    server = tmp_path / "server.git"
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(server))
    yield server
    shutil.rmtree(server)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_works_when_it_is_pushed(
    repo: Repo, pushed: Path, runner: tuple[Path, Path], tmp_path: Path, kind: str
) -> None:
    bin_of, wheel = runner
    repo.git("remote", "add", "origin", REMOTES[kind])
    done = repo.fluxbump("init", "--yes", "--source", str(wheel))
    assert done.code == 0, done.err
    assert repo.git("branch", "--show-current").strip() == "main"
    base = repo.tip("main")
    repo.git("switch", "--quiet", "--create", "begin")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "Check the versions of Flux")
    repo.git("push", "--quiet", str(pushed), "begin")
    repo.commit(states.files("incident"))
    repo.git("push", "--quiet", str(pushed), "HEAD:refs/heads/incident")

    def run(branch: str) -> tuple[int, str]:
        job = tmp_path / f"job-{branch}"
        repo.git("clone", "--quiet", "--branch", branch, str(pushed), str(job))
        found = loaded((job / KINDS[kind].workflow.path).read_text("utf-8"))
        code, said = 0, ""
        for variables, command in commands(kind, found):
            path = f"{bin_of}{os.pathsep}{os.environ['PATH']}"
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
                cwd=job,
                env=repo.environment(
                    PATH=path, PIP_NO_INDEX="1", **variables, **proposed(kind, base)
                ),
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            code, said = code or done.returncode, f"{said}{done.stdout}{done.stderr}"
        if kind in ("gitlab", "azure", "bitbucket"):
            (report,) = job.rglob("fluxbump-check.xml")
            assert ("FB103 version-agreement" in failures(report)) == (branch == "incident")
        return code, said

    code, said = run("begin")
    assert code == 0, said
    assert "compared with the merge base with" in said
    assert (bin_of / "fluxbump").exists()
    code, said = run("incident")
    assert (code, "FB103" in said) == (1, True), said


@pytest.mark.parametrize("kind", ["gitlab", "azure", "bitbucket"])
def test_a_file_that_others_use_too_is_shown_what_to_add(repo: Repo, kind: str) -> None:
    repo.git("remote", "add", "origin", REMOTES[kind])
    path = KINDS[kind].workflow.path
    repo.write(path, "# ours\n")
    done = repo.fluxbump("init", "--yes", "--source", "fluxbump")
    assert f"{path} (the file exists, so add this to it yourself):\n" in done.out
    assert f"fluxbump=={__version__}" in done.out
    assert (repo.path / path).read_text("utf-8") == "# ours\n"
    repo.write(path, "script: fluxbump check\n")
    again = repo.fluxbump("init", "--yes", "--source", "fluxbump")
    assert f"{path}: the file exists, and fluxbump did not change it\n" in again.out


def test_the_main_branch_is_that_of_the_remote(repo: Repo) -> None:
    repo.git("remote", "add", "origin", REMOTES["github"])
    repo.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    repo.git("switch", "--quiet", "--create", "begin")
    assert repo.fluxbump("init", "--yes", "--source", "fluxbump").code == 0
    job = loaded((repo.path / KINDS["github"].workflow.path).read_text("utf-8"))
    # YAML 1.2, so that `on` is no truth value.
    assert job["on"]["push"] == {"branches": ["trunk"]}
