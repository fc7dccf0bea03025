"""Prints the table behind pytest-benchmark's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.bench import measure, table
from tests.bench.table import ROWS, Row

ROUNDS = 9
Measure = Callable[..., float]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print every figure beside its floor and target."""
    if table.ROWS:
        terminalreporter.section("figures, floors and targets")
        for line in table.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="session")
def again() -> dict[str, Callable[[], measure.Run]]:
    """How to run once more what was measured before, by its name."""
    return {}


@pytest.fixture
def measured(
    benchmark: BenchmarkFixture, work: Path, again: dict[str, Callable[[], measure.Run]]
) -> Measure:
    """Run a command some times; keep the best time, the peak memory, and git's share.

    The floors of its target run once before each round: a machine can take twice as long as it
    took a minute ago.
    """
    usual = measure.clean_environment(work)

    def go(
        name: str,
        command: Sequence[str],
        cwd: Path,
        *,
        rounds: int = ROUNDS,
        env: Mapping[str, str] | None = None,
    ) -> float:
        runs: list[measure.Run] = []
        environment = usual if env is None else dict(env)
        target = table.TARGETS.get(name)
        ratio = table.RATIOS.get(name)
        held = (*(target.floor if target else ()), *(ratio.of if ratio else ()))
        floors = {floor: list[measure.Run]() for floor in held if floor in again}

        def once() -> None:
            runs.append(measure.run(command, cwd=cwd, env=environment))

        def before() -> None:
            for floor, made in floors.items():
                made.append(again[floor]())

        again[name] = lambda: measure.run(command, cwd=cwd, env=environment)
        warmups = 1 if rounds == ROUNDS else 0
        benchmark.pedantic(once, setup=before, rounds=rounds, warmup_rounds=warmups)  # type: ignore[no-untyped-call]  # has none
        traced = measure.run(command, cwd=cwd, env=environment, trace=True)
        best = min(one.seconds for one in runs)
        memory = max(one.mebibytes for one in runs)
        beside = {floor: min(run.seconds for run in made) for floor, made in floors.items()}
        work = min(run.processor for run in runs)
        works = {floor: min(run.processor for run in made) for floor, made in floors.items()}
        ROWS[name] = Row(
            best, memory, traced.git_seconds, traced.git_processes, beside, work, works
        )
        return best

    return go
