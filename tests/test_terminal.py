"""What fluxbump prints on a real terminal, and on one that can do no more than print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import terminals
from tests.helpers import Repo

WIDTH = 80
PAGED = "THE PAGER HAS IT"


def on_terminal(repo: Repo, *arguments: str, rows: str = "24", **more: str) -> str:
    """Run fluxbump with a terminal for standard output and error; return what it shows."""
    environ = repo.environment(**{"TERM": "xterm", **more})
    return terminals.shown(repo.command(*arguments), repo.path, environ, WIDTH, int(rows))


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """A pager that says that it was called, and with which settings for less."""
    script = tmp_path / "pager"
    script.write_text(f'#!/bin/sh\necho "{PAGED} $LESS"\ncat\n')
    script.chmod(0o755)
    return str(script)


DRY = ("to", "2.5.1", "--dry-run")


# --- the pager ----------------------------------------------------------------------------------


def test_a_long_diff_goes_to_the_pager(incident: Repo, pager: str) -> None:
    shown = on_terminal(incident, *DRY, "--allow-downgrade", PAGER=pager)
    first, paged, rest = shown.partition(f"{PAGED} FRX\n")
    assert paged
    assert "diff --git" not in first
    assert "diff --git" in rest
    assert "PIN" in rest  # the table and the diff are one text


def test_a_patch_goes_to_the_pager(incident: Repo, pager: str) -> None:
    shown = on_terminal(incident, *DRY, "--output", "patch", PAGER="false", FLUXBUMP_PAGER=pager)
    assert PAGED in shown


@pytest.mark.parametrize("name", ["--no-pager", "CI", "TERM", "PAGER", "pipe", "lost"])
def test_there_is_no_pager(incident: Repo, pager: str, name: str) -> None:
    settings = {
        "CI": {"CI": "true"},
        "TERM": {"TERM": "dumb"},
        "PAGER": {"PAGER": "cat"},
        "lost": {"PAGER": "/nowhere/pager"},
    }
    environ = {"PAGER": pager, **settings.get(name, {})}
    if name == "pipe":
        shown = incident.fluxbump(*DRY, PAGER=pager).out
    else:
        shown = on_terminal(incident, *DRY, *([name] if name == "--no-pager" else []), **environ)
    assert PAGED not in shown
    assert "diff --git" in shown


def test_what_fits_the_screen_is_not_paged(incident: Repo, pager: str) -> None:
    shown = on_terminal(incident, *DRY, rows="1000", PAGER=pager)
    assert PAGED not in shown
    assert "diff --git" in shown


# --- tables and colors ----------------------------------------------------------------------------


def test_tables_fit_a_terminal_and_are_whole_in_a_pipe(incident: Repo) -> None:
    whole = incident.fluxbump(*DRY).stdout.decode()
    path = "infra/hetzner/cloudinit-control-plane.tftpl:146"
    assert path in whole
    table = terminals.STYLE.sub("", on_terminal(incident, *DRY, "--no-pager"))
    table = table[table.index("PIN ") :].partition("\n\n")[0]
    assert "…" in table
    assert max(map(len, table.split("\n"))) <= WIDTH
    assert path not in table


def test_color_tells_what_is_wrong(incident: Repo) -> None:
    shown = on_terminal(incident, "status")
    assert "\x1b[31mFB103\x1b[0m\n" in shown
    assert "\x1b[32mok\x1b[0m\n" in shown
    checked = on_terminal(incident, "check", "--no-render")
    assert "FB103 \x1b[31merror\x1b[0m" in checked
    assert "\x1b[33mwarning\x1b[0m" in checked


def test_color_tells_what_an_upgrade_can_fail_on(incident: Repo) -> None:
    shown = on_terminal(incident, "matrix")
    assert "\x1b[32mS\x1b[0m" in shown
    assert "\x1b[31mx\x1b[0m" in shown
    assert "\x1b[33md\x1b[0m" in shown


TALKING = (
    "status", "check --no-render", "to 2.5.1 --dry-run", "to 2.8.5", "to 2.5.1 --quiet",
    "path 2.8.5", "releases", "matrix", "rules", "rule FB302", "run --dry-run --forge none",
    "init --dry-run", "statsu", "--help", "check --self-test", "to 2.4.0 --in-place",
)  # fmt: skip
"""Commands that together print everything that is colored, paged or redrawn."""


@pytest.mark.parametrize("command", TALKING)
def test_a_dumb_terminal_gets_text_only(incident: Repo, pager: str, command: str) -> None:
    shown = on_terminal(incident, *command.split(), TERM="dumb", PAGER=pager)
    assert shown.strip()
    assert "\x1b" not in shown
    assert "\r" not in shown  # nothing is drawn again
    assert PAGED not in shown


@pytest.mark.parametrize("settings", [{"NO_COLOR": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
@pytest.mark.parametrize("command", TALKING)
def test_who_wants_no_color_gets_no_escape(
    incident: Repo, command: str, settings: dict[str, str]
) -> None:
    shown = on_terminal(incident, *command.split(), PAGER="cat", **settings)
    assert shown.strip()
    assert "\x1b" not in shown
    assert "\b" not in shown


def test_the_option_for_colors_goes_before_the_environment(incident: Repo) -> None:
    assert "\x1b[31m" in on_terminal(incident, "status", "--color", "always", NO_COLOR="1")
    never = on_terminal(incident, "status", "--color", "never", FORCE_COLOR="1", TERM="dumb")
    assert "\x1b" not in never
    assert b"\x1b" not in incident.fluxbump("status").stdout
    assert b"\x1b[31m" in incident.fluxbump("status", FORCE_COLOR="1").stdout
    assert b"\x1b" not in incident.fluxbump("status", FORCE_COLOR="1", NO_COLOR="1").stdout
    assert b"\x1b[31m" in incident.fluxbump("status", "--color", "always").stdout


def test_a_terminal_shows_what_is_waited_for_and_a_pipe_does_not(incident: Repo) -> None:
    waiting = "reading the chart index and the repository …"
    assert f"\r\x1b[K{waiting}" in on_terminal(incident, "status")
    assert waiting not in incident.fluxbump("status").err


# --- what is too long for a line ----------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("rules",), ("matrix",), ("status",)], ids=" ".join)
def test_a_table_fits_the_terminal(incident: Repo, arguments: tuple[str, ...]) -> None:
    plain = terminals.STYLE.sub("", on_terminal(incident, *arguments, NO_COLOR="1", PAGER="cat"))
    lines = plain.rpartition("\r")[2].splitlines()
    table = lines[: next(number for number, line in enumerate(lines) if not line)]
    assert len(table) > 3
    assert max(map(len, table)) <= WIDTH


def test_an_error_is_wrapped_at_the_width(incident: Repo) -> None:
    index = f"https://{'charts-' * 8}example.invalid/index.yaml"
    shown = on_terminal(incident, "to", "2.5.1", "--index", index, "--offline", NO_COLOR="1")
    lines = shown[shown.index("error: ") :].splitlines()
    assert "".join(line.strip() for line in lines).startswith(f"error: {index}")
    assert lines[-2] == f"next: fluxbump releases --index {index}"  # in one piece, to be typed
    assert max(len(line) for line in lines if index not in line) <= WIDTH
    assert all(line.startswith("  ") for line in lines[1:-2])
