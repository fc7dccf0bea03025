"""`make bench`: whole-process time and peak memory, each beside a floor of the same run.

No figure is asserted: machines differ, and a floor measured minutes ago is another machine, so the
floors of a target run between the rounds of what is held against them. The
table at the end says what the targets are, and by how much they are met or missed.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from fixtures import generate
from tests.bench import measure, table
from tests.bench.conftest import ROUNDS, Measure
from tests.bench.table import Ratio
from tests.helpers import ROOT
from tests.tools import find_helm

_TYPER = "import typer\ndef main(word: str) -> None: print(word)\ntyper.run(main)\n"
_LOADED = "import git, ruamel.yaml, semver\n" + _TYPER


@pytest.fixture(scope="session")
def index(work: Path) -> Path:
    return generate.index(work / "charts", only=["2.14.1", "2.15.0"])


_TREES = ("fixture", "1000 files", "10000 files", "100000 files")
_CLUSTERS = {"1000 files": 10, "10000 files": 100, "100000 files": 1_000}


@pytest.fixture(scope="session")
def trees(work: Path) -> Callable[[str], Path]:
    """The fixture, and generated monorepos by their number of files; made when asked for."""

    @cache
    def make(name: str) -> Path:
        place = work / name.replace(" ", "-")
        if name == "fixture":
            return generate.repository(place)
        return generate.big(place, files=int(name.split(maxsplit=1)[0]), clusters=_CLUSTERS[name])

    return make


_COMMANDS = {
    "to --dry-run": ("to", "2.5.1", "--dry-run"),
    "check --no-render": ("check", "--rev", "HEAD", "--no-render"),
}


_FLOORS = {
    "floor: typer": _TYPER,
    "floor: typer, git, ruamel.yaml, semver": _LOADED,
    "part: imports of `to`": (
        "import fluxbump.cli.app, fluxbump.cli.workspace\nimport fluxbump.bump.bump\n"
    ),
}


@pytest.mark.parametrize("name", _FLOORS)
def bench_floor(name: str, measured: Measure, work: Path) -> None:
    program = work / f"floor{list(_FLOORS).index(name)}.py"
    program.write_text(_FLOORS[name], encoding="utf-8")
    measured(name, [sys.executable, str(program), "word"], work)


@pytest.mark.parametrize("option", ["--version", "--help"])
def bench_start(option: str, measured: Measure, work: Path) -> None:
    measured(f"fluxbump {option}", ["fluxbump", option], work)


@pytest.mark.parametrize("tree", _TREES)
def bench_grep(tree: str, measured: Measure, trees: Callable[[str], Path]) -> None:
    command = ["git", "grep", "-l", "--text", "-F", "-e", "flux2", "-e", "bp-flux", "HEAD"]
    measured(f"floor: git grep, {tree}", command, trees(tree))


@pytest.mark.parametrize("tree", _TREES)
def bench_limit(
    tree: str, measured: Measure, trees: Callable[[str], Path], index: Path, work: Path
) -> None:
    """The same search, list and contents of the same files, by git and nothing else."""
    to = ["fluxbump", "to", "2.5.1", "--dry-run", "--index", str(index)]
    environment = measure.clean_environment(work)
    ran = measure.git_commands(to, cwd=trees(tree), env=environment)
    search = next(argv for argv in ran if "grep" in argv)
    listing = next(argv for argv in ran if "ls-tree" in argv)
    steps = (
        f"{shlex.join(listing)} > /dev/null",
        f"{shlex.join(search)} | tr '\\0' '\\n' | git cat-file --batch > /dev/null",
    )
    measured(
        f"limit: git, {tree}", ["sh", "-c", "; ".join(steps)], trees(tree), rounds=_rounds(tree)
    )


_BASED = [
    (command, tree) for tree in _TREES[1:] for command in ("to --dry-run", "check --no-render")
]


@pytest.mark.parametrize(("command", "tree"), _BASED)
def bench_base(
    command: str, tree: str, measured: Measure, trees: Callable[[str], Path], index: Path
) -> None:
    """The checkout that `BASE` names, with the same interpreter and libraries."""
    base = os.environ.get("FLUXBUMP_BENCH_BASE")
    if not base:
        pytest.skip("no other checkout: make bench BASE=REV")
    words = _COMMANDS[command]
    started = _started(Path(base), "nothing", [*words, "--index", str(index)])
    measured(f"{table.BASE}{command}, {tree}", started, trees(tree), rounds=_rounds(tree))


def _started(checkout: Path, without: str, words: Sequence[str]) -> list[str]:
    return [
        sys.executable,
        str(ROOT / "tests" / "bench" / "start.py"),
        str(checkout),
        without,
        *words,
    ]


@pytest.mark.parametrize("tree", _TREES)
def bench_to(tree: str, measured: Measure, trees: Callable[[str], Path], index: Path) -> None:
    command = ["fluxbump", "to", "2.5.1", "--dry-run", "--index", str(index)]
    measured(f"to --dry-run, {tree}", command, trees(tree), rounds=_rounds(tree))


def bench_configured(measured: Measure, index: Path, work: Path) -> None:
    """What it costs that there is a configuration."""
    settings = "bump: patch\nexclude: [archive/*]\n"
    place = generate.big(work / "configured", files=1_000, clusters=10, configuration=settings)
    command = ["fluxbump", "to", "2.5.1", "--dry-run", "--index", str(index)]
    measured("to --dry-run, fluxbump.yaml, 1000 files", command, place)


@pytest.mark.parametrize("tree", _TREES)
def bench_check(tree: str, measured: Measure, trees: Callable[[str], Path], index: Path) -> None:
    command = ["fluxbump", "check", "--rev", "HEAD", "--no-render", "--index", str(index)]
    measured(f"check --no-render, {tree}", command, trees(tree), rounds=_rounds(tree))


_WORTH = {
    "1000 files": (
        "patterns compiled when used",
        "quick parameters",
        "no collection of cycles",
        "leaving at once",
    ),
    "10000 files": ("what was parsed",),
    "100000 files": ("forks", "searches side by side"),
}
"""What is there for speed alone, by the tree that shows it."""
_PAIRS = [(tree, thing) for tree, things in _WORTH.items() for thing in ("nothing", *things)]


@pytest.mark.parametrize(("tree", "thing"), _PAIRS)
def bench_without(
    tree: str, thing: str, measured: Measure, trees: Callable[[str], Path], index: Path
) -> None:
    """The same command without one thing that is there for speed alone."""
    whole, name = (f"to, {tree}, without {what}" for what in ("nothing", thing))
    if thing != "nothing":
        side_by_side = tree == "100000 files"
        table.RATIOS[name] = Ratio((whole,), least=table.PAYS, wall=side_by_side)
    words = [*_COMMANDS["to --dry-run"], "--index", str(index)]
    measured(name, _started(ROOT, thing, words), trees(tree), rounds=_rounds(tree))


@pytest.mark.parametrize("rules", ["without", "with"])
def bench_safety(rules: str, measured: Measure, trees: Callable[[str], Path], index: Path) -> None:
    """What the safety rules add: the same command one after the other."""
    less = ["--ignore", "FB2"] if rules == "without" else []
    command = ["fluxbump", "check", "--rev", "HEAD", "--no-render", "--index", str(index), *less]
    measured(f"check {rules} FB2, 1000 files", command, trees("1000 files"))


@pytest.fixture(scope="session")
def helm() -> Path:
    found = find_helm().get("helm3")
    if found is None:
        pytest.skip("no helm3: run `make tools`")
    return found


def bench_helm(measured: Measure, helm: Path, index: Path, work: Path) -> None:
    chart = work / "chart"
    generate.monorepo(work / "plain")
    (work / "plain" / "platform" / "flux" / "chart").rename(chart)
    (chart / "charts").mkdir()
    archive = (index / "flux2-2.14.1.tgz").read_bytes()
    (chart / "charts" / "flux2-2.14.1.tgz").write_bytes(archive)
    measured("floor: helm template", [str(helm), "template", "x", str(chart)], work)


def bench_render(
    measured: Measure, trees: Callable[[str], Path], helm: Path, index: Path, work: Path
) -> None:
    command = ["fluxbump", "check", "--rev", "HEAD", "--helm", str(helm), "--index", str(index)]
    measured("check, with render, fixture", command, trees("fixture"))


def _rounds(tree: str) -> int:
    return 3 if tree == "100000 files" else ROUNDS
