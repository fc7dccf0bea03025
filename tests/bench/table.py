"""The table that `make bench` ends with: figures, floors, and targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A figure.

    Attributes:
        seconds: best of the rounds.
        mebibytes: peak of all rounds.
        git_seconds: time for which git processes ran, in one traced run.
        git_processes: how many there were.
        floors: best seconds of what its target is made of, between its own rounds.
        processor: least processor time of the rounds, git's included, in seconds.
        processor_floors: likewise of what it is held against, between its own rounds.
    """

    seconds: float
    mebibytes: float
    git_seconds: float
    git_processes: int
    floors: Mapping[str, float]
    processor: float
    processor_floors: Mapping[str, float]


ROWS: dict[str, Row] = {}


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be at most.

    Attributes:
        factor: of the floor.
        floor: names of rows of which the first is multiplied and the others are added.
        seconds: besides.
        mebibytes: of memory; 0 for no target.
    """

    factor: float = 0
    floor: tuple[str, ...] = ()
    seconds: float = 0
    mebibytes: float = 0

    def limit(self, floors: Mapping[str, float]) -> float:
        """The most seconds that meet the target."""
        factors = (self.factor, *(1.0 for _ in self.floor[1:]))
        base = sum(f * floors[name] for f, name in zip(factors, self.floor, strict=False))
        return base + self.seconds


_LOADED = "floor: typer, git, ruamel.yaml, semver"
TARGETS = {
    "fluxbump --version": Target(1.3, ("floor: typer",)),
    "fluxbump --help": Target(1.3, ("floor: typer",)),
    "to --dry-run, fixture": Target(1.5, (_LOADED, "floor: git grep, fixture"), mebibytes=80),
    "to --dry-run, 1000 files": Target(1.5, (_LOADED, "floor: git grep, 1000 files"), mebibytes=80),
    "to --dry-run, 100000 files": Target(seconds=5, mebibytes=300),
    "check --no-render, 1000 files": Target(seconds=0.5),
    "check with FB2, 1000 files": Target(1, ("check without FB2, 1000 files",), seconds=0.5),
    "run, nothing newer": Target(seconds=1),
    "run, pull request unchanged": Target(seconds=1),
    "check, with render, fixture": Target(1, ("floor: helm template",), seconds=0.2),
}


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times the processor time of other rows a figure should take.

    Attributes:
        of: names of the rows; the first has the target.
        most: at the most.
        least: at least: what goes without a thing that is there for speed alone.
        wall: it is the time of the clock instead: what is done side by side takes no less work.
    """

    of: tuple[str, ...]
    most: float = 0
    least: float = 0
    wall: bool = False


PAYS = 1.03
"""How many times as long a run takes at least without what is there for speed alone."""

BASE = "base: "
"""What the names of rows of the other checkout begin with."""

_TO, _CHECK = "to --dry-run", "check --no-render"
RATIOS = {
    "to --dry-run, 1000 files": Ratio(("limit: git, 1000 files", f"{BASE}{_TO}, 1000 files"), 3),
    "to --dry-run, fluxbump.yaml, 1000 files": Ratio(("to --dry-run, 1000 files",), 1.1),
    "check --no-render, 100000 files": Ratio(
        ("to --dry-run, 100000 files", f"{BASE}{_CHECK}, 100000 files"), 1.5
    ),
    **{
        f"{command}, {tree}": Ratio((f"{BASE}{command}, {tree}",))
        for command, tree in (
            (_CHECK, "1000 files"),
            (_TO, "10000 files"),
            (_CHECK, "10000 files"),
            (_TO, "100000 files"),
        )
    },
}


def lines() -> list[str]:
    """Lay the figures out; what misses its target says so."""
    found = [f"{'':44}{'best s':>8}{'CPU s':>8}{'peak MiB':>10}{'git s':>8}{'procs':>7}  target"]
    for name, row in ROWS.items():
        git = f"{row.git_seconds:8.3f}{row.git_processes:7}" if row.git_processes else " " * 15
        found.append(
            f"{name:44}{row.seconds:8.3f}{row.processor:8.3f}{row.mebibytes:10.0f}{git}"
            f"  {', '.join((*_verdict(name, row), *_ratio(name, row)))}"
        )
    return found


def _verdict(name: str, row: Row) -> list[str]:
    target = TARGETS.get(name)
    if target is None or not set(target.floor) <= row.floors.keys():
        return []
    limit = target.limit(row.floors)
    said = [f"{limit:.3f} s: {'met' if row.seconds <= limit else 'MISSED'}"]
    if target.mebibytes:
        met = "met" if row.mebibytes <= target.mebibytes else "MISSED"
        said.append(f"{target.mebibytes:.0f} MiB: {met}")
    return said


def _ratio(name: str, row: Row) -> list[str]:
    ratio = RATIOS.get(name)
    if ratio is None:
        return []
    what, figure, floors = "CPU", row.processor, row.processor_floors
    if ratio.wall:
        what, figure, floors = "time", row.seconds, row.floors
    return [
        f"{figure / floors[other]:.2f} times the {what} of {other}"
        f"{_bounds(ratio, figure / floors[other]) if other == ratio.of[0] else ''}"
        for other in ratio.of
        if other in floors
    ]


def _bounds(ratio: Ratio, times: float) -> str:
    if ratio.most:
        return f", at most {ratio.most:g}: {'met' if times <= ratio.most else 'MISSED'}"
    if ratio.least:
        return f", at least {ratio.least:g}: {'met' if times >= ratio.least else 'MISSED'}"
    return ""
