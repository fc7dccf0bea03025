"""Places that are no URLs, or only look like one: the right error, and never a bug of ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers import Repo, repository, small
from tests.secrets import PLANTED

HOSTILE = (
    "http://[::1", "oci://[::1", "http://xn--/", "https://xn--/", "http://a:99999/", "http://a..b/",
    "http://[v1.x]/", "http://%00/", f"http://{'a' * 300}/",
)  # fmt: skip

each = pytest.mark.parametrize("url", HOSTILE)


@pytest.fixture
def repo(tmp_path: Path, index: Path) -> Repo:
    return repository(tmp_path / "repo", small(), index)


def codes(repo: Repo, *words: str, **environ: str) -> int:
    result = repo.fluxbump(*words, cwd=None, **environ)
    assert "a bug in fluxbump" not in result.err
    assert "Traceback" not in result.err
    return result.code


@each
def test_as_the_index(repo: Repo, url: str) -> None:
    assert codes(repo, "to", "2.5.1", "--index", url) == 7
    repo.commit({"fluxbump.yaml": f"index: '{url}'\n"})
    assert codes(repo, "to", "2.5.1", FLUXBUMP_INDEX="") == 7


@each
@pytest.mark.parametrize("command", ["status", "releases", "to 2.5.1 --dry-run"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_reason_stands_on_standard_error(repo: Repo, url: str, command: str, form: str) -> None:
    result = repo.fluxbump(*command.split(), "-o", form, "--index", url, cwd=None)
    assert result.code == 7
    first = result.err.splitlines()[0]
    assert re.search(r"cannot read the chart index|not valid|no valid host", first), first
    assert not first.endswith(":")


@each
def test_as_the_place_of_manifests(repo: Repo, url: str) -> None:
    # Without the manifest a rule is not run, and says so.
    assert codes(repo, "check", "--no-render", "--no-base", "--releases", url) in (0, 1)
    repo.commit({"fluxbump.yaml": f"releases: '{url}'\n"})
    assert codes(repo, "check", "--no-render", "--no-base", FLUXBUMP_RELEASES="") in (0, 1)


@each
def test_as_the_forge_of_a_file(repo: Repo, url: str) -> None:
    repo.commit({"fluxbump.yaml": f"run: {{forge: gitea, forge_url: '{url}'}}\n"})
    assert codes(repo, "run", "--dry-run") in (0, 3)


@each
def test_as_the_forge_and_the_remote_of_an_option(repo: Repo, url: str) -> None:
    assert codes(repo, "run", "--repo", url, FLUXBUMP_TOKEN=PLANTED) in (2, 6, 9)
    options = ["--forge", "gitea", "--repo", "https://127.0.0.1:1/a/b"]
    words = ["run", "--forge-url", url, *options]
    assert codes(repo, *words, FLUXBUMP_TOKEN=PLANTED) in (6, 9, 10)
