"""Writes the results of a fleet: lines, a table, JSON, and a summary page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from typing_extensions import TypedDict

from fluxbump.fleet.repositories import FleetOutcome, FleetResult, Shard, count
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.table import Paint, printable, table
from fluxbump.text import markdown

_STYLES = {
    FleetOutcome.UPDATE: ("green",),
    FleetOutcome.BLOCKED: ("yellow",),
    FleetOutcome.FAILED: ("red", "bold"),
}
_OUTCOME = max(len(outcome) for outcome in FleetOutcome)
_RELEASE = 7
_MOST_MARKDOWN = 900_000
"""Characters; GitHub takes 1 MiB for a step (docs.github.com/actions, "Job summaries")."""


class FleetPullRequestJson(TypedDict):
    """A pull request; number 0 in a dry run that would open it."""

    number: int
    url: str | None


class RepositoryJson(TypedDict):
    """What became of a repository."""

    name: str
    repository: str
    outcome: Literal[
        "up-to-date", "update-available", "waiting", "blocked", "skipped", "failed", "not-run"
    ]
    message: str
    current: str | None
    target: str | None
    pull_request: FleetPullRequestJson | None
    done_before: bool


class FleetJson(TypedDict):
    """What `fluxbump fleet --output json` prints."""

    schema: Literal["fluxbump/fleet/v1"]
    shard: str | None
    dry_run: bool
    complete: bool
    counts: dict[str, int]
    repositories: list[RepositoryJson]


class Summary(Struct, frozen=True):
    """A fleet, or its shard, at the end.

    Attributes:
        results: the results of all repositories, in the order of the file.
        shard: the shard that was run. None for the whole fleet.
        dry_run: whether the runs pushed and sent nothing.
    """

    results: tuple[FleetResult, ...]
    shard: Shard | None = None
    dry_run: bool = False

    def having(self, outcome: FleetOutcome) -> list[FleetResult]:
        """Return the results with an outcome."""
        return [result for result in self.results if result.outcome is outcome]

    @property
    def sentence(self) -> str:
        """The results in a sentence, without a full stop."""
        done = sum(result.outcome.is_done for result in self.results)
        before = sum(result.before for result in self.results)
        part = f" of shard {self.shard}" if self.shard else ""
        said = [f"{done} of {_repositories(len(self.results))}{part} done"]
        said += [f"{before} of them in an earlier run"] if before else []
        for outcome, word in ((FleetOutcome.FAILED, "failed"), (FleetOutcome.NOT_RUN, "not run")):
            number = len(self.having(outcome))
            said += [f"{number} {word}"] if number else []
        said += ["dry run: fluxbump pushed and sent nothing"] if self.dry_run else []
        return ", ".join(said)


def _repositories(number: int) -> str:
    return f"{number} {'repository' if number == 1 else 'repositories'}"


# --- for people -------------------------------------------------------------------------------


def line(result: FleetResult, width: int, paint: Paint) -> str:
    """Return the line of one repository: name, outcome, release, and where to look.

    Args:
        result: the result of the repository.
        width: the length of the longest name.
        paint: the colors.
    """
    outcome = paint(result.outcome.ljust(_OUTCOME), *_STYLES.get(result.outcome, ()))
    release = (result.release or "-").ljust(_RELEASE)
    before = " (done before)" if result.before else ""
    name = result.entry.name.ljust(width)
    return f"{name}  {outcome}  {release}  {printable(result.detail)}{before}"


def width(names: Sequence[str]) -> int:
    """Return the width of the column of names."""
    return max(map(len, names), default=0)


def text(summary: Summary, paint: Paint) -> str:
    """Return the summary for people: how many of each outcome, and which failed."""
    counts = [(outcome.value, str(number)) for outcome, number in count(summary.results).items()]
    lines = table(("OUTCOME", "REPOSITORIES"), counts, paint) if counts else []
    wrong = summary.having(FleetOutcome.FAILED)
    if wrong:
        size = width([result.entry.name for result in wrong])
        lines += ["", *(line(result, size, paint) for result in wrong)]
    return "\n".join([*lines, *([""] if lines else []), f"{summary.sentence}."])


# --- for programs -----------------------------------------------------------------------------


def as_json(summary: Summary) -> str:
    """Return the summary for programs."""
    report: FleetJson = {
        "schema": "fluxbump/fleet/v1",
        "shard": str(summary.shard) if summary.shard else None,
        "dry_run": summary.dry_run,
        "complete": not summary.having(FleetOutcome.NOT_RUN),
        "counts": {outcome.value: n for outcome, n in count(summary.results).items()},
        "repositories": [_repository(result) for result in summary.results],
    }
    return dump(report)


def _repository(fleet_result: FleetResult) -> RepositoryJson:
    request = fleet_result.pull_request
    return {
        "name": fleet_result.entry.name,
        "repository": fleet_result.entry.repo,
        "outcome": fleet_result.outcome.value,
        "message": fleet_result.message,
        "current": fleet_result.current,
        "target": fleet_result.release,
        "pull_request": {"number": request.number, "url": request.url} if request else None,
        "done_before": fleet_result.before,
    }


# --- for a summary page -----------------------------------------------------------------------


def page(summary: Summary) -> str:
    """Return Markdown for the summary page of a workflow: all that is not up to date."""
    lines = [f"### {markdown.plain(summary.sentence)}", ""]
    rows = [
        _row(result) for result in summary.results if result.outcome is not FleetOutcome.UP_TO_DATE
    ]
    if rows:
        lines += ["| Repository | Outcome | Release | |", "| --- | --- | --- | --- |"]
    size = 0
    for number, row in enumerate(rows):
        size += len(row)
        if size > _MOST_MARKDOWN:
            lines += ["", f"{len(rows) - number} more."]
            break
        lines.append(row)
    return "\n".join(lines) + "\n\n"


def _row(fleet_result: FleetResult) -> str:
    request = fleet_result.pull_request
    if request and request.url:
        where = markdown.link(str(request.number), request.url, cell=True)
    else:
        where = markdown.plain(fleet_result.message)
    name = markdown.code(fleet_result.entry.name, cell=True)
    release = markdown.plain(fleet_result.release or "")
    return f"| {name} | {fleet_result.outcome} | {release} | {where} |"
