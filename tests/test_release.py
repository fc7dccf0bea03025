"""A release, as far as it goes without an account: its files, each at work, and its notes."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from fluxbump.version import __version__
from release import notes
from release.metadata_hook import with_absolute_links
from tests.helpers import ROOT, Repo
from tests.test_deploy import Instruction, dockerfile

HOME = "https://git.example.org/platform/fluxbump"
WORKFLOW = ROOT / ".github" / "workflows" / "release.yaml"
SHIPPED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "fluxbump"],
    cwd=ROOT, capture_output=True, text=True, check=True,
).stdout.split()  # fmt: skip
"""The package's files, also those that are not committed yet."""


@dataclass(frozen=True)
class Built:
    """What `release.build` has left."""

    dest: Path
    environment: Path

    @property
    def wheel(self) -> Path:
        (path,) = self.dest.glob("*.whl")
        return path

    @property
    def single_file(self) -> Path:
        return self.dest / "fluxbump.pex"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Built:
    """The files of a release, built once for all processes of a test run."""
    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "release"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            command = [sys.executable, "-m", "release.build", str(place / "dist")]
            options = ["--work", str(place / "environments"), "--home", HOME]
            done = subprocess.run(
                command + options, cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            (place / "done").touch()
    return Built(place / "dist", place / "environments" / "0")


# --- files ------------------------------------------------------------------------------------


def test_the_source_distribution_has_no_stray_files(built: Built) -> None:
    (source,) = built.dest.glob("*.tar.gz")
    top = f"fluxbump-{__version__}/"
    with tarfile.open(source) as archive:
        found = [name.removeprefix(top) for name in archive.getnames()]
    beside = [
        ".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "SECURITY.md",
        "pyproject.toml", "release/metadata_hook.py",
    ]  # fmt: skip
    assert sorted(found) == sorted([*SHIPPED, *beside])


def test_the_wheel_has_the_package_and_nothing_else(built: Built) -> None:
    info = f"fluxbump-{__version__}.dist-info/"
    beside = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    with zipfile.ZipFile(built.wheel) as archive:
        found = archive.namelist()
    assert sorted(found) == sorted([*SHIPPED, *(info + name for name in beside)])


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_the_metadata_leads_to_the_repository_that_publishes(built: Built) -> None:
    assert dict(one.split(", ") for one in _metadata(built.wheel).get_all("Project-URL", [])) == {
        "Homepage": HOME,
        "Documentation": f"{HOME}/blob/v{__version__}/README.md#documentation",
        "Source": f"{HOME}/tree/v{__version__}",
        "Changelog": f"{HOME}/blob/v{__version__}/CHANGELOG.md",
        "Issues": f"{HOME}/issues",
    }


def _links(markdown: str) -> Iterator[str]:
    for token in MarkdownIt().parse(markdown):
        for child in token.children or ():
            if child.type in ("link_open", "image"):
                yield str(child.attrs.get("href") or child.attrs.get("src"))


def test_the_long_description_stands_alone(built: Built) -> None:
    text = _metadata(built.wheel).get_payload()
    assert isinstance(text, str)
    links = list(_links(text))
    assert f"{HOME}/blob/v{__version__}/docs/run.md#on-a-schedule" in links
    assert [link for link in links if not link.startswith("https://")] == []


def test_links_elsewhere_stay() -> None:
    text = "[a](docs/a.md#b) [b](#b) [c](https://example.org/c) [d](mailto:d@example.org)\n"
    expected = text.replace("docs/a.md#b", f"{HOME}/blob/v1.2.3/docs/a.md#b")
    assert with_absolute_links(text, HOME, "v1.2.3") == expected


def test_the_checksums_are_those_of_the_files(built: Built) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=built.dest, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    files = {path.name for path in built.dest.iterdir()} - {"SHA256SUMS"}
    assert {line.partition(":")[0] for line in checked} == files
    assert len(files) == 3


# --- at work ----------------------------------------------------------------------------------


def _demo(programs: Path, home: Path, python: Path) -> str:
    """Run the steps of `make demo`; nothing of this environment is there but git and a Python."""
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "fixtures.demo", str(programs)],
        cwd=ROOT,
        env={"PATH": f"{python}{os.pathsep}/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _assert_bumped(said: str) -> None:
    assert (
        "\nMISMATCH: applying the chart over what cloud-init installed can destroy Flux\n" in said
    )
    assert "Flux 2.4.0 -> 2.5.1 (chart flux2 2.14.1 -> 2.15.0, 2025-02-26)" in said
    assert '-    version: "2.14.1"\n+    version: "2.15.0"\n' in said
    assert " Move Flux to 2.5.1 (chart flux2 2.15.0)\n" in said  # the commit
    _, status, end = said.partition("$ git status --short --branch\n## main\n")
    assert status  # and no change below it, but what to type in a repository of one's own
    *_, first, second = end.splitlines()
    assert first.startswith("$ /")
    assert first.endswith("/fluxbump status")
    assert second.endswith("/fluxbump check")
    assert end.count("\n") == 4


def test_the_wheel_bumps_the_fixture_in_a_clean_environment(built: Built, tmp_path: Path) -> None:
    programs = built.environment / "bin"
    place = subprocess.run(
        [programs / "python", "-I", "-c", "import fluxbump; print(fluxbump.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert place.startswith(str(built.environment)), "not the package of the checkout"
    _assert_bumped(_demo(programs, tmp_path / "home", programs))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A directory with a Python that has no pip, and nothing but its own library."""
    environment = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    return environment / "bin"


def test_the_single_file_bumps_the_fixture_without_pip(
    built: Built, bare: Path, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "fluxbump").symlink_to(built.single_file)
    _assert_bumped(_demo(programs, tmp_path / "home", bare))


def test_the_single_file_runs_a_fleet(built: Built, bare: Path, repo: Repo, tmp_path: Path) -> None:
    # Each repository is a process of its own, started with the Python that runs the fleet.
    repo.commit({"fluxbump.yaml": 'run: {ignore: [">2.4.0"], release_notes: null}\n'})
    (tmp_path / "fleet.yaml").write_text(f"repositories: [{repo.path}]\n")
    done = subprocess.run(
        [built.single_file, "fleet", tmp_path / "fleet.yaml", "--dry-run"],
        env=repo.environment(PATH=f"{bare}{os.pathsep}/usr/bin:/bin"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("aligned  up-to-date")


# --- image ------------------------------------------------------------------------------------


def test_the_image_is_built_from_the_wheel_and_the_lock(
    built: Built, repo: Repo, tmp_path: Path
) -> None:
    """What the first stage runs, in a directory instead of an image."""
    target, source = tmp_path / "opt", tmp_path / "source"
    source.mkdir()
    (stage, _) = dockerfile()
    for name, words in stage:
        if name == "COPY":
            _copy(words, built, source)
        elif name == "RUN":
            script = words.replace("/opt/fluxbump", str(target)).replace("/source", str(source))
            script = script.replace("python -m venv", f"{sys.executable} -m venv")
            subprocess.run(["sh", "-euc", script], check=True, cwd=tmp_path, capture_output=True)
    said = subprocess.run(
        [target / "bin" / "fluxbump", "status", "--exit-code"], cwd=repo.path,
        env=repo.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 20, said.stderr  # a newer release is there
    assert (
        "cloud-init installs Flux 2.4.0, and chart flux2 2.14.1 ships Flux 2.4.0\n" in said.stdout
    )


def _copy(words: str, built: Built, source: Path) -> None:
    *names, to = words.split()
    assert to == "/source/"
    for name in names:
        for path in built.dest.parent.glob(name) if "*" in name else [ROOT / name]:
            (source / path.name).write_bytes(path.read_bytes())


def test_the_image_holds_no_secret_and_runs_as_nobody_in_particular() -> None:
    (build, final) = dockerfile()
    assert [words for name, words in final if name == "USER"] == ["65532:65532"]
    everything: list[Instruction] = [*build, *final]
    assert not re.search(r"(?i)token|password|secret", " ".join(map(str, everything)))
    assert "ADD" not in {name for name, _ in everything}


# --- notes ------------------------------------------------------------------------------------

LOG = """# Changelog

## Unreleased

- not yet

## 1.1.0 - 2026-03-01

### Added

- something new, see [the page](docs/a.md)

## 1.0.0
## 0.9.0

- the first
"""


def test_notes_are_those_of_one_version() -> None:
    assert notes.section(LOG, "1.1.0") == (
        "### Added\n\n- something new, see [the page](docs/a.md)\n"
    )
    assert notes.section(LOG, "0.9.0") == "- the first\n"


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("2.0.0", "CHANGELOG.md has no heading `## 2.0.0`"),
        ("1.1", "CHANGELOG.md has no heading `## 1.1`"),
        ("1.0.0", "CHANGELOG.md says nothing below `## 1.0.0`"),
    ],
)
def test_no_release_goes_without_notes(version: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        notes.section(LOG, version)


def test_notes_of_the_tag(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "__version__", "0.1.0")
    assert notes.main(["v0.1.0", "--home", HOME]) == 0
    said = capsys.readouterr().out
    assert said.startswith("### ")
    assert "Unreleased" not in said
    assert notes.main(["v9.9.9"]) == 1
    assert capsys.readouterr().err == "tag v9.9.9: the package is version 0.1.0\n"


# --- workflow ---------------------------------------------------------------------------------


def _jobs() -> dict[str, Any]:
    workflow = YAML(typ="safe", pure=True).load(WORKFLOW.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    jobs: dict[str, Any] = workflow["jobs"]
    return jobs


def _steps() -> list[dict[str, Any]]:
    return [step for job in _jobs().values() for step in job["steps"]]


def test_actions_are_pinned_by_commit() -> None:
    lines = [line for line in WORKFLOW.read_text("utf-8").splitlines() if "uses:" in line]
    assert len(lines) == sum("uses" in step for step in _steps())
    for line in lines:
        assert re.search(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_scripts_get_what_they_need_through_the_environment() -> None:
    for step in _steps():
        assert "${{" not in step.get("run", "")


def test_nothing_is_published_before_the_tests() -> None:
    jobs = _jobs()
    assert [step["run"] for step in jobs["test"]["steps"] if "run" in step] == [".ci/run"]
    assert {"test", "build"} <= set(jobs["publish"]["needs"]) & set(jobs["image"]["needs"])
    writers = {
        name: {right for right, level in job["permissions"].items() if level == "write"}
        for name, job in jobs.items()
    }
    assert writers == {
        "test": set(),
        "build": set(),
        "publish": {"id-token"},
        "image": {"packages", "id-token"},
        "page": {"contents", "id-token", "attestations"},
    }


def test_the_index_is_trusted_and_given_no_token() -> None:
    (step,) = (one for one in _jobs()["publish"]["steps"] if "pypi-publish" in one["uses"])
    assert not {"user", "password"} & step["with"].keys()
    assert _jobs()["publish"]["environment"] == "pypi"


def test_the_image_is_described_and_signed() -> None:
    steps = _jobs()["image"]["steps"]
    (push,) = (one for one in steps if "build-push-action" in one.get("uses", ""))
    assert (push["with"]["sbom"], push["with"]["provenance"]) == (True, "mode=max")
    assert (ROOT / push["with"]["file"]).is_file()
    assert any(one.get("run", "").startswith("cosign sign") for one in steps)


def test_the_scripts_of_the_workflow_are_shell_that_calls_what_there_is() -> None:
    scripts = "\n".join(step["run"] for step in _steps() if "run" in step)
    subprocess.run(["bash", "-n"], input=scripts, text=True, check=True)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake (\w+)", scripts)) <= targets
    for module in re.findall(r"-m (release\.\w+)", scripts):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file()


def test_the_version_of_the_image_is_that_of_the_tag(tmp_path: Path) -> None:
    (step,) = (one for one in _jobs()["image"]["steps"] if one.get("id") == "name")
    output = tmp_path / "output"
    given = {"GITHUB_REPOSITORY": "Team/Fluxbump", "GITHUB_REF_NAME": "v1.2.3"}
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]],
        env={"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(output), **given}, check=True,
    )  # fmt: skip
    assert output.read_text() == "image=ghcr.io/team/fluxbump\nversion=1.2.3\n"
