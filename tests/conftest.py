"""Fixtures that several test files use."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from fixtures import generate
from fluxbump.cli.app import run
from fluxbump.helm.binary import Helm
from tests import helpers
from tests.helpers import Cli, Repo, Result
from tests.sleeper import Sleeper
from tests.tools import need_helm

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixture index; the archives of three charts match it."""
    return generate.index(
        tmp_path_factory.mktemp("charts") / "index", only=["2.13.0", "2.14.1", "2.15.0"]
    )


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both states of the fixture monorepo, and others, as repositories to be copied."""
    return helpers.make_templates(tmp_path_factory.mktemp("templates"))


@pytest.fixture
def repo(templates: Path, index: Path, tmp_path: Path) -> Repo:
    """The fixture monorepo, aligned at Flux 2.4.0."""
    return helpers.copy(templates / "aligned", tmp_path / "aligned", index)


@pytest.fixture
def incident(templates: Path, index: Path, tmp_path: Path) -> Repo:
    """The fixture monorepo on the day of the incident."""
    return helpers.copy(templates / "incident", tmp_path / "incident", index)


@pytest.fixture
def cli(
    tmp_path: Path,
    index: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Cli:
    """Run the command line in this process, in a clean environment."""
    for name in list(os.environ):
        ours = ("GIT_", "FLUXBUMP_", "XDG_", "CI_", "GITHUB_", "BITBUCKET_", "SYSTEM_")
        if name.startswith(ours) or name.endswith("_COLOR"):
            monkeypatch.delenv(name)
    for name, value in helpers.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FLUXBUMP_INDEX", str(index))
    monkeypatch.setenv("GIT_PYTHON_REFRESH", "quiet")

    def call(*arguments: str, cwd: Path | Repo | None = None) -> Result:
        where = cwd.path if isinstance(cwd, Repo) else cwd or tmp_path
        with monkeypatch.context() as patch:
            patch.chdir(where)
            code = run(arguments)
        out, err = capfdbinary.readouterr()
        return Result(code, out, err.decode())

    return call


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest) -> Helm:
    """Each Helm that is supported."""
    return Helm(need_helm(request.param))


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory where temporary files go, empty before."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory
