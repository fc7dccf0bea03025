"""The interface for programs, as the documentation shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import fluxbump
from fixtures import generate
from fluxbump.errors import RepositoryError

_DOCS = Path(__file__).parent.parent / "docs" / "api.md"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(generate.index(tmp_path_factory.mktemp("charts"), only=["2.13.0", "2.14.1"]))


def test_check_finds_the_incident(tmp_path: Path, index: str) -> None:
    repository = generate.repository(tmp_path / "r", "incident")
    verdict = fluxbump.check(repository, index=index)
    assert [one.code for one in verdict.errors] == ["FB103", "FB201"]
    assert verdict.subject == "working tree"
    assert {one.code for one in verdict.not_run} >= {"FB105", "FB106", "FB107"}


def test_check_of_a_revision_with_a_base(tmp_path: Path, index: str) -> None:
    repository = generate.repository(tmp_path / "r")
    verdict = fluxbump.check(repository, rev="main", base="main", index=index, select=["FB107"])
    assert (verdict.findings, verdict.not_run) == ((), ())


def test_status(tmp_path: Path, index: str) -> None:
    survey = fluxbump.status(generate.repository(tmp_path / "r"), index=index)
    assert survey.chart_release == "2.4.0"
    assert len(survey.inventory.pins) == 13


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not a git repository"):
        fluxbump.check(tmp_path)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = fluxbump.nonsense


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, fluxbump; print(sorted({'git', 'ruamel', 'httpx'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_documented_program_runs(tmp_path: Path, index: str) -> None:
    repository = generate.repository(tmp_path / "r", "incident")
    block = re.search(r"```python\n(.*?)```", _DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    script = (
        block[1].replace("path/to/repository", str(repository)).replace("path/to/charts", index)
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "FB103 cloud-init installs Flux 2.4.0" in done.stdout
    assert "not run: FB107" in done.stdout


def test_check_is_the_function_whatever_was_imported_before() -> None:
    """A room of the package is called `check` as well."""
    code = (
        "import fluxbump.check.evidence\n"
        "from fluxbump.check import gate\n"
        "from fluxbump import check\n"
        "from fluxbump.api import check as expected\n"
        "assert check is expected, check\n"
        "assert gate.__name__ == 'fluxbump.check.gate'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
