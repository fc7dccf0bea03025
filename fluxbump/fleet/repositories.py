"""The values of a fleet: its repositories, its shards, and the result of each run. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from fluxbump.errors import UsageError
from fluxbump.text.patterns import lazy_pattern

_SHARD = lazy_pattern(r"([0-9]{1,6})/([0-9]{1,6})")


class FleetOutcome(StrEnum):
    """The outcome for a repository: one of `decision.Outcome`, a failure, or no run."""

    UP_TO_DATE = "up-to-date"
    UPDATE = "update-available"
    WAITING = "waiting"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_RUN = "not-run"

    @property
    def is_done(self) -> bool:
        """Whether a run completed, so that a resumed fleet does not repeat it."""
        return self not in (FleetOutcome.FAILED, FleetOutcome.NOT_RUN)


class FleetEntry(Struct, frozen=True):
    """A repository of the fleet.

    Attributes:
        name: the name of the repository, unique in the fleet and without white space.
        repo: the URL without secrets, or the path.
        base: the branch that pull requests go to. None for the remote's default branch.
        forge: the kind of forge. None if the run finds it from the remote.
        forge_url: the URL of the forge. None if the run finds it from the remote.
        index: the place of the chart index. None takes the choice of the run itself.
        allow_hosts: the servers that its own fluxbump.yaml can name, beside the usual ones.
    """

    name: str
    repo: str
    base: str | None = None
    forge: str | None = None
    forge_url: str | None = None
    index: str | None = None
    allow_hosts: tuple[str, ...] = ()


class RunOptions(Struct, frozen=True):
    """The options that all runs of a fleet get.

    Attributes:
        dry_run: whether the runs push and send nothing.
        offline: whether the runs use the cached index only.
        index: the place of the chart index, which overrides that of an entry. None keeps the
            entry's.
        flux: the flux CLI that writes `gotk-components.yaml`. None reads the file elsewhere.
        leave_gotk: whether a manifest of Flux stays if it cannot be generated again.
        allow_hosts: the servers that the fluxbump.yaml of any repository can name.
    """

    dry_run: bool = False
    offline: bool = False
    index: str | None = None
    flux: str | None = None
    leave_gotk: bool = False
    allow_hosts: tuple[str, ...] = ()

    def options(self, entry: FleetEntry) -> list[str]:
        """Return the arguments of `fluxbump` for the run of one repository.

        Each value is joined to its option by `=`, so that it cannot be taken for another option.
        """
        given = {
            "--repo": entry.repo,
            "--base": entry.base,
            "--forge": entry.forge,
            "--forge-url": entry.forge_url,
            "--index": self.index or entry.index,
            "--flux": self.flux,
        }
        words = [f"{option}={value}" for option, value in given.items() if value is not None]
        words += [f"--allow-host={host}" for host in (*self.allow_hosts, *entry.allow_hosts)]
        words += ["--dry-run"] * self.dry_run + ["--offline"] * self.offline
        words += ["--leave-gotk"] * self.leave_gotk
        return ["run", *words, "--output=json", "--log-format=json"]

    def key(self, entry: FleetEntry) -> str:
        """Return a digest of a run's name and arguments: a saved result counts for the same."""
        return sha256(json.dumps([entry.name, *self.options(entry)]).encode()).hexdigest()


# --- shards -----------------------------------------------------------------------------------


class Shard(Struct, frozen=True):
    """One of several equal parts of a fleet.

    Attributes:
        index: the number of the shard, from 0.
        count: the number of all shards.
    """

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def of(self, entries: Sequence[FleetEntry]) -> tuple[FleetEntry, ...]:
        """Return every `count`th entry, so that the sizes of shards differ by one at most."""
        return tuple(entries[self.index :: self.count])


def shard(given: str | None, environ: Mapping[str, str]) -> Shard | None:
    """Return the shard that the user or the environment asks for. None for the whole fleet.

    Args:
        given: the shard as `I/N`, with I from 0. None takes it from the environment.
        environ: the environment. Kubernetes sets `JOB_COMPLETION_INDEX` in the pods of an Indexed
            Job, and nothing for its `completions` (kubernetes.io/docs/concepts/workloads/
            controllers/job, "Completion mode"), so the user sets `JOB_COMPLETIONS`.

    Raises:
        UsageError: the text is no shard, or `JOB_COMPLETIONS` is missing.
    """
    if given is not None:
        return _shard(given, "--shard")
    index = environ.get("JOB_COMPLETION_INDEX")
    if not index:
        return None
    count = environ.get("JOB_COMPLETIONS")
    if not count:
        raise UsageError(
            "JOB_COMPLETION_INDEX is set, and JOB_COMPLETIONS is not",
            hint="set it to the Job's completions, or give --shard I/N",
        )
    return _shard(f"{index}/{count}", "JOB_COMPLETION_INDEX and JOB_COMPLETIONS")


def _shard(text: str, source: str) -> Shard:
    found = _SHARD.fullmatch(text)
    if found is None or int(found[1]) >= int(found[2]):
        raise UsageError(
            f"{source}: {text!r} is no shard", hint="give I/N with I from 0 to N-1, such as 0/4"
        )
    return Shard(int(found[1]), int(found[2]))


def matrix(entries: Sequence[FleetEntry], count: int) -> dict[str, list[dict[str, str]]]:
    """Return the matrix of a GitHub Actions job with at most `count` shards, none of them empty.

    docs.github.com/actions/writing-workflows/workflow-syntax-for-github-actions, `strategy.matrix`.
    """
    shards = max(1, min(count, len(entries)))
    return {"include": [{"shard": str(Shard(number, shards))} for number in range(shards)]}


# --- results ----------------------------------------------------------------------------------


class PullRequestLink(Struct, frozen=True):
    """A pull request in the report of a run.

    Attributes:
        number: its number on the forge. 0 if a dry run would open it.
        url: the URL of its page. None if there is none yet.
    """

    number: int
    url: str | None


class FleetResult(Struct, frozen=True):
    """The result of the run in a repository.

    Attributes:
        entry: the repository.
        outcome: the result in a word.
        message: the summary of the run in a sentence, or the reason of its failure.
        current: the release that the repository holds. None if it is not known.
        release: the newer release that the outcome is about. None if there is none.
        pull_request: the pull request of that release. None if there is none.
        before: whether the result is from an earlier run, whose state was resumed.
        published: the time when the newest safe release was published, with a time zone. None if
            the repository has that release, or if it is not known.
    """

    entry: FleetEntry
    outcome: FleetOutcome
    message: str
    current: str | None = None
    release: str | None = None
    pull_request: PullRequestLink | None = None
    before: bool = False
    published: datetime | None = None

    @property
    def detail(self) -> str:
        """The pull request's page if there is one, and the message otherwise."""
        url = self.pull_request.url if self.pull_request else None
        return url or self.message


def count(results: Iterable[FleetResult]) -> dict[FleetOutcome, int]:
    """Count the outcomes that occur, in the order of `FleetOutcome`."""
    counted = Counter(result.outcome for result in results)
    return {outcome: counted[outcome] for outcome in FleetOutcome if counted[outcome]}
