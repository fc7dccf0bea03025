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


@pytest.fixture
def measured(benchmark: BenchmarkFixture, work: Path) -> Measure:
    """Run a command some times; keep the best time, the peak memory, and git's share."""
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

        def once() -> None:
            runs.append(measure.run(command, cwd=cwd, env=environment))

        benchmark.pedantic(once, rounds=rounds, warmup_rounds=1)  # type: ignore[no-untyped-call]  # has none
        traced = measure.run(command, cwd=cwd, env=environment, trace=True)
        best = min(one.seconds for one in runs)
        memory = max(one.mebibytes for one in runs)
        ROWS[name] = Row(best, memory, traced.git_seconds, traced.git_processes)
        return best

    return go
