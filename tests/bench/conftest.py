"""Prints the table behind pytest-benchmark's own."""

from __future__ import annotations

import pytest

from tests.bench import table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print every figure beside its floor and target."""
    if table.ROWS:
        terminalreporter.section("figures, floors and targets")
        for line in table.lines():
            terminalreporter.write_line(line)
