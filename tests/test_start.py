"""What a command loads before it does anything: everybody waits for it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fluxbump
from fluxbump.cli.app import COMMANDS
from tests.helpers import SCRIPT, Repo

_SCRIPT = """
import sys
from fluxbump.cli.app import run
from fluxbump.forges.kinds import KINDS
code = run(sys.argv[1:])
adapters = {kind.adapter.partition(':')[0] for kind in KINDS.values()}
print(code, *sorted({'pydantic', 'httpx', 'zoneinfo', 'rich', *adapters} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("to", "2.5.1", "--dry-run", "--quiet", "--repo", "REPOSITORY", "--index", "INDEX"),
        ("check", "--no-render", "--format", "json", "--repo", "REPOSITORY", "--index", "INDEX"),
        ("status", "--repo", "REPOSITORY", "--index", "INDEX"),
        ("--version",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_usual_run_loads_nothing_that_it_does_not_need(
    arguments: tuple[str, ...], repo: Repo, index: Path
) -> None:
    words = {"REPOSITORY": str(repo.path), "INDEX": str(index)}
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *(words.get(word, word) for word in arguments)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0"


_LOADED = """
import sys
from fluxbump.cli.app import COMMANDS, run
run(sys.argv[1:])
loaded = {leaf for leaf in COMMANDS.values() if f'fluxbump.cli.{leaf}' in sys.modules}
print(*sorted(loaded), 'semver' in sys.modules)
"""


@pytest.mark.parametrize(
    ("arguments", "leaves"), [(["--version"], []), (["rules"], ["rules"])], ids=["version", "rules"]
)
def test_only_the_command_that_is_called_is_loaded(arguments: list[str], leaves: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments], capture_output=True, text=True, check=True
    )
    *loaded, versions = done.stdout.splitlines()[-1].split()
    assert (loaded, versions) == (leaves, str(bool(leaves)))


def _called_when_loaded(node: ast.AST) -> Iterator[str]:
    """Yield what a module calls outside of its functions, as it is written."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            if isinstance(child, ast.Call):
                yield ast.unparse(child.func)
            yield from _called_when_loaded(child)


def test_no_module_compiles_a_pattern_when_it_is_loaded() -> None:
    eager = "import re\nX = {'a': re.compile('b')}\ndef f():\n    re.compile('c')\n"
    assert [*_called_when_loaded(ast.parse(eager))] == ["re.compile"]
    (package,) = fluxbump.__path__
    modules = {str(path): path.read_text("utf-8") for path in Path(package).rglob("*.py")}
    calls = {path: set(_called_when_loaded(ast.parse(text))) for path, text in modules.items()}
    assert [path for path, called in calls.items() if "re.compile" in called] == []
    assert any("lazy_pattern" in called for called in calls.values())


def test_a_wrong_choice_names_the_right_ones(repo: Repo) -> None:
    done = subprocess.run(
        [str(SCRIPT), "to", "2.5.1", "--output", "xml", "--repo", str(repo.path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == (
        "error: invalid value for '--output' / '-o': 'xml' is not one of text, json, patch, html\n"
        "  see fluxbump to --help\n"
    )


@pytest.mark.parametrize(
    ("line", "word", "offered"),
    [("fluxbump ", "1", list(COMMANDS)), ("fluxbump run --dry", "2", ["--dry-run"])],
    ids=["commands", "options"],
)
def test_a_shell_completes(line: str, word: str, offered: list[str], repo: Repo) -> None:
    done = repo.fluxbump(_FLUXBUMP_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=word)
    assert done.out.split() == offered
