"""Turns the results of runs into metrics, and writes them in Prometheus' text format. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

This module writes the format itself. The client library is made for programs that keep running
and count, and fluxbump needs only these few lines. The tests read them with the library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from fluxbump.fleet.repositories import FleetOutcome, FleetResult

_UP_TO_DATE, _UPDATE = FleetOutcome.UP_TO_DATE, FleetOutcome.UPDATE


class RepositoryMetrics(Struct, frozen=True):
    """The facts about a repository that its metrics are made of.

    Attributes:
        name: the name of the repository, as in the results of a fleet.
        outcome: the result of the run in a word.
        published: the time when the newest safe release was published, with a time zone. None if
            the repository has that release, or if it is not known.
    """

    name: str
    outcome: FleetOutcome
    published: datetime | None = None

    def gap(self, now: datetime) -> float | None:
        """Return the seconds since the newest safe release was published. None if it is not known.

        The gap is 0 if the repository has that release. A run that is blocked, waits, or fails has
        not found the newest safe release.
        """
        if self.outcome is _UP_TO_DATE:
            return 0.0
        if self.outcome is not _UPDATE or self.published is None:
            return None
        return max(0.0, (now - self.published).total_seconds())


def of_fleet(results: Iterable[FleetResult]) -> list[RepositoryMetrics]:
    """Return the facts for the metrics of a fleet's repositories."""
    return [RepositoryMetrics(r.entry.name, r.outcome, r.published) for r in results]


class Sample(Struct, frozen=True):
    """One value of a metric, with the labels that it belongs to."""

    labels: dict[str, str]
    value: float


class Metric(Struct, frozen=True):
    """A gauge with all its samples.

    Attributes:
        name: the name, the same in Prometheus and OpenTelemetry.
        help: the meaning of a value.
        unit: the unit of a value in UCUM. Empty if it has none.
        samples: one sample for each set of labels.
    """

    name: str
    help: str
    unit: str
    samples: tuple[Sample, ...]


def of_run(
    repositories: Sequence[RepositoryMetrics], now: datetime, duration: float
) -> tuple[Metric, ...]:
    """Return the metrics of one run, or of a fleet.

    Args:
        repositories: the facts about each repository.
        now: the end of the run, with a time zone.
        duration: the duration of the whole run, in seconds.
    """
    return (
        Metric("fluxbump_outcome", "1 for the outcome of the run, 0 for the others.", "",
               tuple(_outcomes(repositories))),
        Metric("fluxbump_gap_age_seconds",
               "Seconds since the newest safe release was published, 0 if the repository has it.",
               "s", tuple(_gaps(repositories, now))),
        Metric("fluxbump_duration_seconds", "Seconds that the run took.", "s",
               (Sample({}, duration),)),
        Metric("fluxbump_last_run_timestamp_seconds", "When the run ended, since the epoch.", "s",
               (Sample({}, now.timestamp()),)),
    )  # fmt: skip


def text(metrics: Iterable[Metric]) -> str:
    """Return metrics as a page that Prometheus reads."""
    return "".join(line for metric in metrics for line in _family(metric))


def _outcomes(repositories: Iterable[RepositoryMetrics]) -> Iterator[Sample]:
    for repository in repositories:
        for outcome in FleetOutcome:
            labels = {"repository": repository.name, "outcome": outcome.value}
            yield Sample(labels, float(outcome is repository.outcome))


def _gaps(repositories: Iterable[RepositoryMetrics], now: datetime) -> Iterator[Sample]:
    for repository in repositories:
        gap = repository.gap(now)
        if gap is not None:
            yield Sample({"repository": repository.name}, gap)


def _family(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} gauge\n"
    for sample in metric.samples:
        yield f"{metric.name}{_labels(sample.labels)} {sample.value:.15g}\n"


def _labels(labels: dict[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
