"""Where the metrics of a run go: to a file, or with OpenTelemetry."""

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
"""Takes the outcome of a run, and when the newest safe release was published."""


class Measured:
    """What is known so far; the last word counts."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.repositories: Sequence[RepositoryMetrics] = ()


@contextmanager
def measured(path: Path | None, console: Console) -> Iterator[Measured]:
    """Write the metrics when a run ends, also if it fails; nothing without a path.

    Metrics that cannot be written or sent are noted and no error: what they tell is done already.
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
    """Write the metrics when a run of one repository ends; it has failed unless it says otherwise.

    Args:
        path: of the file, or who else takes them (`otel:`); None to write none.
        console: takes what is wrong with it.
        repository: path or URL; None for the repository we are in.
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
"""What takes metrics that go into no file."""
