"""What somebody writes into commits and names, and what git is configured to say of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.helpers import Repo, repository, small, wrapper


@pytest.fixture
def little(tmp_path: Path, index: Path) -> Repo:
    return repository(tmp_path / "repo", small(), index)


@pytest.mark.parametrize(
    "date",
    [
        "253402300800 +0000",  # the year 10000
        "67768036191676799 +0000",
        "-1 +0000",
        "0 +9999",
        "1777334400 -9959",
        "1777334400",
        "x y",
    ],
)
def test_the_date_of_a_commit_is_whatever_its_author_wrote(little: Repo, date: str) -> None:
    who = f"a <a@example.org> {date}"
    head = f"tree {little.tree('HEAD')}\nparent {little.tip('HEAD')}\n"
    raw = f"{head}author {who}\ncommitter {who}\n\nmessage\n".encode()
    made = little.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw)
    little.git("update-ref", "refs/heads/main", made.strip())
    for command in (
        "status",
        "check --no-render --base HEAD~",
        "path 2.5.1",
        "to 2.5.1",
        "to 2.5.1 --in-place",
    ):
        result = little.fluxbump(*command.split())
        assert (command, result.code, result.err.count("bug in fluxbump")) == (command, 0, 0)


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1"])
def test_git_may_print_commits_in_any_encoding(little: Repo, encoding: str) -> None:
    little.git("config", "i18n.logOutputEncoding", encoding)
    assert little.fluxbump("status").code == 0
    assert little.fluxbump("path", "2.5.1").code == 0


def test_a_chart_in_a_folder_whose_name_is_not_utf_8(little: Repo) -> None:
    folder = little.path / os.fsdecode(b"ch\xffrt")
    folder.mkdir()
    (folder / "Chart.yaml").write_text(wrapper("2.13.0", name="bp-two"))
    little.git("add", "--all")
    little.git("commit", "--quiet", "--message", "chart")
    result = little.fluxbump("check", "--no-render")
    assert result.code == 1, result.err
    assert "rt/Chart.yaml:6" in result.out
    assert little.fluxbump("to", "2.5.1", "--dry-run").code in (0, 5)
