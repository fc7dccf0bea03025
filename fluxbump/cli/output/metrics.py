"""Writes the metrics of a run to a file, or sends them with OpenTelemetry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fluxbump.cli.console import Console
from fluxbump.errors import OutputError

if TYPE_CHECKING:
    from fluxbump.fleet.metrics import Metric, RepositoryMetrics


Ended = Callable[[str, datetime | None], None]
"""Takes the outcome of a run, and the time when the newest safe release was published."""


class Measured:
    """The facts for the metrics, set during a run. The last assignment counts."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.repositories: Sequence[RepositoryMetrics] = ()


@contextmanager
def measured(path: Path | None, console: Console) -> Iterator[Measured]:
    """Write the metrics when a run ends, also if it fails. Without a path, write nothing.

    A failure to write or send them is noted and is no error, because the run itself is done.
    """
    begun = time.monotonic()
    known = Measured()
    try:
        yield known
    finally:
        if path is not None:
            _write(path, known, time.monotonic() - begun, console)


@contextmanager
def measured_run(path: Path | None, console: Console, repository: str | None) -> Iterator[Ended]:
    """Write the metrics when a run of one repository ends. Without a call, it counts as failed.

    Args:
        path: the path of the file, or `otel:`. None writes no metrics.
        console: takes a note if they cannot be written.
        repository: the path or URL of the repository. None for that of the current folder.
    """
    if path is None:
        yield lambda _outcome, _published: None
        return
    from fluxbump.fleet.file import name_of
    from fluxbump.fleet.metrics import RepositoryMetrics
    from fluxbump.fleet.repositories import FleetOutcome

    is_here = repository is None or Path(repository).is_dir()
    name = name_of(str(Path(repository or ".").resolve()) if is_here else str(repository))
    with measured(path, console) as known:

        def ended(outcome: str, published: datetime | None) -> None:
            known.repositories = [RepositoryMetrics(name, FleetOutcome(outcome), published)]

        ended(FleetOutcome.FAILED, None)
        yield ended


def _write(path: Path, known: Measured, duration: float, console: Console) -> None:
    from fluxbump.fleet import metrics
    from fluxbump.system import atomic_write

    run = metrics.of_run(known.repositories, datetime.now(UTC), duration)
    send = _SENDERS.get(str(path))
    try:
        if send:
            send(run)
        else:
            atomic_write.write(path, metrics.text(run).encode())
    except OutputError as error:
        console.line(f"fluxbump: {path} the metrics cannot be sent: {error}")
    except OSError as error:
        console.line(f"fluxbump: {path}: the metrics cannot be written: {error.strerror}")


def _opentelemetry(metrics: Sequence[Metric]) -> None:
    try:
        from fluxbump.fleet import otel
    except ImportError as error:
        raise OutputError(
            "the OpenTelemetry SDK is not installed: install fluxbump with its extra otel"
        ) from error
    otel.send(metrics)


_SENDERS: dict[str, Callable[[Sequence[Metric]], None]] = {"otel:": _opentelemetry}
"""The senders of metrics, by the value of `--metrics` that selects them."""
