"""What runs came to, for Prometheus: its text format. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

The format is written here, and not by its client library: that is made for programs that go on and
keep counters, and what is needed of it are these few lines. The tests read them with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from fluxbump.fleet.repositories import FleetOutcome, FleetResult

_UP_TO_DATE, _UPDATE = FleetOutcome.UP_TO_DATE, FleetOutcome.UPDATE


class RepositoryMetrics(Struct, frozen=True):
    """What became of a repository.

    Attributes:
        name: as in the results of a fleet.
        outcome: in a word.
        published: when the newest safe release was published that the repository does not have
            yet, aware; None when nothing says so, or it has it.
    """

    name: str
    outcome: FleetOutcome
    published: datetime | None = None

    def gap(self, now: datetime) -> float | None:
        """Return the age in seconds of the gap to the newest safe release; None if not known.

        A run that is blocked, waits, or fails has not found which release is the newest safe one.
        """
        if self.outcome is _UP_TO_DATE:
            return 0.0
        if self.outcome is not _UPDATE or self.published is None:
            return None
        return max(0.0, (now - self.published).total_seconds())


def of_fleet(results: Iterable[FleetResult]) -> list[RepositoryMetrics]:
    """Return what is told of the repositories of a fleet."""
    return [RepositoryMetrics(r.entry.name, r.outcome, r.published) for r in results]


def text(repositories: Sequence[RepositoryMetrics], now: datetime, duration: float) -> str:
    """Return the metrics of one run, or of a fleet.

    Args:
        repositories: what became of each.
        now: the end of the run, aware.
        duration: of the whole, in seconds.
    """
    families = (
        ("fluxbump_outcome", "1 for the outcome of the run, 0 for the others.",
         _outcomes(repositories)),
        ("fluxbump_gap_age_seconds",
         "Seconds since the newest safe release was published; 0 if the repository has it.",
         _gaps(repositories, now)),
        ("fluxbump_duration_seconds", "Seconds that the run took.", [("", duration)]),
        ("fluxbump_last_run_timestamp_seconds", "When the run ended, since the epoch.",
         [("", now.timestamp())]),
    )  # fmt: skip
    return "".join(line for family in families for line in _family(*family))


def _outcomes(repositories: Iterable[RepositoryMetrics]) -> Iterator[tuple[str, float]]:
    for repository in repositories:
        for outcome in FleetOutcome:
            is_it = outcome is repository.outcome
            yield _labels(repository=repository.name, outcome=outcome.value), float(is_it)


def _gaps(repositories: Iterable[RepositoryMetrics], now: datetime) -> Iterator[tuple[str, float]]:
    for repository in repositories:
        gap = repository.gap(now)
        if gap is not None:
            yield _labels(repository=repository.name), gap


def _family(name: str, help_: str, samples: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} {help_}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        yield f"{name}{labels} {value:.15g}\n"


def _labels(**labels: str) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
