"""The interface for programs, as the documentation shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import fluxbump
from fixtures import generate
from fluxbump.errors import RepositoryError, UsageError

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


# --- bump -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def every_chart(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(generate.index(tmp_path_factory.mktemp("all-charts")))


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_bump_makes_a_branch(tmp_path: Path, every_chart: str) -> None:
    repository = generate.repository(tmp_path / "r")
    before = _git(repository, "rev-parse", "HEAD")
    result = fluxbump.bump("2.5.1", repository, index=every_chart)
    assert (result.release, result.passed, len(result.changes)) == ("2.5.1", True, 13)
    assert result.branch == "fluxbump/flux-2.5.1"
    assert result.commit == _git(repository, "rev-parse", result.branch)
    assert _git(repository, "rev-parse", "HEAD", "--abbrev-ref", "HEAD").split() == [before, "main"]
    assert _git(repository, "status", "--porcelain") == ""


def test_bump_shows_only_what_it_would_do(tmp_path: Path, every_chart: str) -> None:
    repository = generate.repository(tmp_path / "r")
    result = fluxbump.bump("2.5.1", repository, index=every_chart, dry_run=True)
    assert b'+    version: "2.15.0"' in result.patch
    assert result.commit is None
    assert _git(repository, "branch", "--format=%(refname:short)") == "main"


def test_a_bump_that_is_refused_says_why(tmp_path: Path, every_chart: str) -> None:
    repository = generate.repository(tmp_path / "r")
    result = fluxbump.bump("2.8.5", repository, index=every_chart)
    assert {finding.code for finding in result.refusals} == {"FB202", "FB203", "FB207"}
    assert (result.passed, result.commit) == (False, None)
    assert _git(repository, "branch", "--format=%(refname:short)") == "main"
    risky = ["FB202", "FB203", "FB207"]
    forced = fluxbump.bump("2.8.5", repository, index=every_chart, accept_risk=risky)
    assert forced.commit == _git(repository, "rev-parse", "fluxbump/flux-2.8.5")
    with pytest.raises(UsageError, match="no rule FB999 refuses a bump"):
        fluxbump.bump("2.8.5", repository, accept_risk=["FB999"])
