"""No line is wider than the terminal, and a pipe gets every line whole."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests import helpers, terminals
from tests.helpers import Repo, Result

WIDTHS = (40, 60, 80, 120)
WIDE = "clusters/東京データセンターの本番環境/bootstrap-kit/03-flux.yaml"

COMMANDS = {
    "status": "status",
    "check": "check --no-render",
    "full": "check --no-render --output-format full --all --statistics",
    "concise": "check --no-render --output-format concise",
    "self-test": "check --self-test",
    "dry-run": "to 2.5.1 --dry-run --no-pager",
    "migration": "to 2.6.4 --migrate-apis --dry-run --no-pager",
    "refused": "to 2.8.5",
    "refused dry-run": "to 2.8.5 --dry-run --no-pager",
    "no release": "to 9.9.9",
    "path": "path 2.8.5",
    "no route": "path 2.3.0",
    "releases": "releases --limit 0",
    "matrix": "matrix",
    "rules": "rules",
    "rule": "rule FB207",
    "run": "run --dry-run --no-pager --forge none",
    "init": "init --dry-run",
    "wrong option": "status --worktre",
    "wrong command": "statsu",
    "help": "--help",
    **{f"{name} --help": f"{name} --help" for name in ("to", "fleet", "recover")},
}


@pytest.fixture(scope="module")
def asian(templates: Path, index: Path, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """The monorepo of the incident, with a cluster whose name has wide characters."""
    repo = helpers.copy(templates / "incident", tmp_path_factory.mktemp("wide") / "repo", index)
    alpha = repo.path / "clusters/alpha.example.org/bootstrap-kit/03-flux.yaml"
    repo.commit({WIDE: alpha.read_text()})
    return repo


def on_terminal(repo: Repo, command: str, columns: int, **more: str) -> str:
    environ = repo.environment(TERM="xterm", PAGER="cat", **more)
    return terminals.shown(repo.command(*command.split()), repo.path, environ, columns)


def plain_lines(shown: str) -> list[str]:
    """Return the lines as they stay on the terminal, without their colors."""
    return [terminals.STYLE.sub("", line).rpartition("\r\x1b[K")[2] for line in shown.split("\n")]


def without_code(name: str, lines: Iterable[str]) -> Iterable[str]:
    """Leave out what is copied as it is: patches, files, the code of a page, and commands."""
    code, steps = False, False
    for line in lines:
        if name == "rule" and line.startswith("```"):
            code = not code
        code = code or line.startswith("diff --git ")
        if code and line.startswith(("fluxbump: ", "error: ", "next: ")):
            code = False
        steps = steps or line.startswith("next: ")
        typed = "next: fluxbump ", "      fluxbump ", "      git ", "  fluxbump "
        command = line.startswith(typed) and "  " not in line.strip()
        is_file = name in ("init", "run") and line.startswith("  ")
        if not (code or is_file or (command and (steps or "help" in name))):
            yield line


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_is_wider_than_the_terminal(asian: Repo, name: str, columns: int) -> None:
    shown = on_terminal(asian, COMMANDS[name], columns)
    drawn = plain_lines(shown)
    assert len(drawn) > 1
    wide = [line for line in without_code(name, drawn) if terminals.width(line) > columns]
    assert wide == []


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("command", ["to 2.5.1", "to 2.5.1 --in-place", "fleet fleet.yaml"])
def test_what_was_done_is_no_wider_either(incident: Repo, command: str, columns: int) -> None:
    (incident.path / "fleet.yaml").write_text(
        "repositories: [., /srv/a-rather-long-name-of-a-repository-that-is-nowhere]\n"
    )
    shown = on_terminal(incident, command, columns, NO_COLOR="1")
    drawn = shown.replace("\r", "\n").split("\n")
    typed = [line for line in drawn if line.startswith(("undo ", "next: ", "      git "))]
    assert [line for line in drawn if terminals.width(line) > columns and line not in typed] == []
    if command == "to 2.5.1":
        (commit,) = (line.split()[1] for line in drawn if line.startswith("commit "))
        assert incident.tip(commit) == incident.tip("fluxbump/flux-2.5.1")
    if "in-place" in command:
        changed = incident.git("diff", "--name-only").split()
        assert sum(line.split("  ")[0] == "written" for line in drawn) == len(changed) > 9


@pytest.mark.parametrize("columns", WIDTHS)
def test_what_is_waited_for_takes_one_line(asian: Repo, columns: int) -> None:
    shown = on_terminal(asian, "status", columns)
    first, *drawn = shown.split("\r\x1b[K")
    assert first == ""
    assert 0 < terminals.width(drawn[0]) < columns


def words(text: str) -> list[str]:
    return "".join(text.split()).split("next:")


@pytest.mark.parametrize("name", ["check", "path", "no route", "refused"])
def test_breaking_lines_loses_nothing(asian: Repo, name: str) -> None:
    arguments = COMMANDS[name]
    whole = asian.fluxbump(*arguments.split())
    shown = "\n".join(plain_lines(on_terminal(asian, arguments, 60)))
    if name == "path":  # its table is laid out in another way
        shown, whole_text = (text[text.index("Manifests to") :] for text in (shown, whole.out))
        assert words(shown) == words(whole_text)
    else:
        assert words(shown) == words(both(whole))


def both(result: Result) -> str:
    return result.out + result.err


@pytest.mark.parametrize("name", ["status", "full", "dry-run", "path"])
def test_a_pipe_has_each_fact_on_one_line(asian: Repo, name: str) -> None:
    narrow = asian.fluxbump(*COMMANDS[name].split(), COLUMNS="40")
    assert narrow.out == asian.fluxbump(*COMMANDS[name].split()).out
    assert any(WIDE in line for line in narrow.out.splitlines())
    if name == "full":
        said = "cloud-init installs Flux 2.4.0, but platform/flux/chart/Chart.yaml:45 asks for"
        assert any("FB103" in line and said in line for line in narrow.out.splitlines())


def test_rows_that_differ_still_do_when_paths_are_shortened(incident: Repo) -> None:
    shown = on_terminal(incident, "status", 80, NO_COLOR="1")
    table = shown[shown.index("PIN ") :].partition("\n\n")[0].splitlines()
    assert len({*table}) == len(table) == 15  # 14 pins, and the titles
    assert max(map(terminals.width, table)) <= 80


def test_a_table_without_room_names_each_cell(incident: Repo) -> None:
    shown = on_terminal(incident, "status", 40, NO_COLOR="1")
    assert (
        "pin infra/hetzner/\n"
        "    cloudinit-control-plane.tftpl:146\n"
        "  kind install-url  track flux\n"
        "  holds 2.4.0  state FB103\n"
    ) in shown


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_command_to_type_is_in_one_piece(incident: Repo, columns: int) -> None:
    shown = on_terminal(incident, "to 2.8.5", columns, NO_COLOR="1")
    risk = "fluxbump to 2.8.5 --accept-risk FB202,FB203,FB207"
    assert any(line.strip().removeprefix("next: ").startswith(risk) for line in shown.split("\n"))


def test_options_are_not_broken_at_their_hyphens(incident: Repo) -> None:
    for columns in WIDTHS:
        shown = on_terminal(incident, "to --help", columns)
        assert [line for line in shown.split("\n") if line.endswith("-")] == []
        assert "--in-place" in shown


def test_columns_of_the_environment_come_first(incident: Repo) -> None:
    shown = on_terminal(incident, "check --no-render", 120, COLUMNS="50")
    assert max(map(terminals.width, plain_lines(shown))) <= 50
