"""What a shell completes, without a network and without a repository if need be."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.helpers import Cli, Repo, assert_refused

NETWORK = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
"""A proxy that nobody answers at: what asks the network fails."""


def completed(repo: Repo, *words: str, cwd: Path | None = None) -> list[str]:
    """Return what bash would offer for the last of some words."""
    done = subprocess.run(
        repo.command(),
        cwd=cwd or repo.path,
        env=repo.environment(
            _FLUXBUMP_COMPLETE="complete_bash",
            COMP_WORDS=" ".join(["fluxbump", *words]),
            COMP_CWORD=str(len(words)),
            FLUXBUMP_INDEX="https://nowhere.invalid/charts",
            **NETWORK,
        ),
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (("to", "2.5"), ["2.5", "2.5.1"]),
        (("to", "lat"), ["latest", "latest-safe"]),
        (("path", "2.4.0"), ["2.4.0"]),
        (("rule", "FB30"), ["FB301", "FB302", "FB303"]),
        (("check", "--select", "FB103,FB12"), ["FB103,FB120", "FB103,FB121"]),
        (("to", "2.5.1", "--accept-risk", "FB207"), ["FB207"]),
        (("sta",), ["status"]),
    ],
)
def test_what_is_completed(incident: Repo, words: tuple[str, ...], some: list[str]) -> None:
    assert completed(incident, *words)[: len(some)] == some


def test_a_summary_is_shown_whole(incident: Repo) -> None:
    done = subprocess.run(
        incident.command(),
        cwd=incident.path,
        env=incident.environment(
            _FLUXBUMP_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="fluxbump sta"
        ),
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert '"status":"Show every pin, its version, and whether the pins agree."' in done.stdout


def test_revisions_are_those_of_the_repository(incident: Repo) -> None:
    incident.git("tag", "v1")
    incident.git("branch", "feature/x")
    assert completed(incident, "status", "--rev", "fea") == ["feature/x"]
    assert {"HEAD", "main", "feature/x", "v1"} <= {*completed(incident, "check", "--base", "")}


@pytest.mark.parametrize(
    "name", ["x$(id)", "x`id`", "x;id", "x|id", "x&id", "x'", 'x"', "x>y", "x!y"]
)
def test_a_branch_is_no_command_of_the_shell(incident: Repo, name: str) -> None:
    """Whoever may push chooses the name, and a shell puts it into the line that is typed."""
    incident.git("branch", name)
    incident.git("branch", "xü/1.2+a@b_c")
    assert completed(incident, "check", "--base", "x") == ["xü/1.2+a@b_c"]


def test_outside_of_a_repository_nothing_is_offered(incident: Repo, tmp_path: Path) -> None:
    assert completed(incident, "status", "--rev", "m", cwd=tmp_path) == []


@pytest.mark.parametrize(
    ("shell", "said"),
    [
        ("bash", "complete -o default -F _fluxbump_completion fluxbump"),
        ("zsh", "#compdef fluxbump"),
        ("fish", "complete --command fluxbump"),
    ],
)
def test_the_script_of_a_shell_is_shown(cli: Cli, shell: str, said: str) -> None:
    result = cli("--show-completion", shell)
    assert result.code == 0
    assert said in result.out


def test_an_unknown_shell_is_refused(cli: Cli) -> None:
    assert_refused(
        cli("--show-completion", "nosh"), 2, "unsupported shell: 'nosh'", "use bash, zsh"
    )


def test_installing_writes_below_home(incident: Repo) -> None:
    result = incident.fluxbump("--install-completion", "fish")
    assert result.code == 0, result.err
    script = incident.home / ".config" / "fish" / "completions" / "fluxbump.fish"
    assert "complete --command fluxbump" in script.read_text(encoding="utf-8")
    assert str(script) in result.out
