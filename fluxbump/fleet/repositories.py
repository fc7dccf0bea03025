"""Many repositories: which there are, whose turn it is, and what became of each. Pure."""

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
    """What became of a repository: one of `decision.Outcome`, or none."""

    UP_TO_DATE = "up-to-date"
    UPDATE = "update-available"
    WAITING = "waiting"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_RUN = "not-run"

    @property
    def is_done(self) -> bool:
        """Whether a run came to its end, so that a resumed fleet need not repeat it."""
        return self not in (FleetOutcome.FAILED, FleetOutcome.NOT_RUN)


class FleetEntry(Struct, frozen=True):
    """A repository of the fleet.

    Attributes:
        name: unlike that of any other; has no white space.
        repo: URL without secrets, or path.
        base: branch to propose to; None for the remote's default branch.
        forge: which forge it is; None when the remote says so.
        forge_url: where the forge is; None when the remote says so.
        index: where chart releases come from; None for what the run itself would take.
        allow_hosts: servers that its own fluxbump.yaml may name, beside the usual ones.
    """

    name: str
    repo: str
    base: str | None = None
    forge: str | None = None
    forge_url: str | None = None
    index: str | None = None
    allow_hosts: tuple[str, ...] = ()


class RunOptions(Struct, frozen=True):
    """What is asked of every run.

    Attributes:
        dry_run: nothing is pushed or sent.
        offline: the cached index only.
        index: where chart releases come from, whatever the entry says; None for what it says.
        flux: the flux CLI to write `gotk-components.yaml` with; None to read it elsewhere.
        leave_gotk: every `gotk-components.yaml` stays as it is.
        allow_hosts: servers that any repository's own fluxbump.yaml may name.
    """

    dry_run: bool = False
    offline: bool = False
    index: str | None = None
    flux: str | None = None
    leave_gotk: bool = False
    allow_hosts: tuple[str, ...] = ()

    def options(self, entry: FleetEntry) -> list[str]:
        """Return the words after `fluxbump` that run one repository.

        Values are joined to their option, so that none can be taken for another option.
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
        """Return a digest of what is run: a result counts only for the same."""
        return sha256(json.dumps([entry.name, *self.options(entry)]).encode()).hexdigest()


# --- shards -----------------------------------------------------------------------------------


class Shard(Struct, frozen=True):
    """One of several equal parts of a fleet.

    Attributes:
        index: from 0.
        count: of all shards.
    """

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def of(self, entries: Sequence[FleetEntry]) -> tuple[FleetEntry, ...]:
        """Return the entries of this shard: every `count`th, so shards differ by one at most."""
        return tuple(entries[self.index :: self.count])


def shard(given: str | None, environ: Mapping[str, str]) -> Shard | None:
    """Return the shard that is asked for; None for the whole fleet.

    Args:
        given: `I/N`, with I from 0.
        environ: the environment. Kubernetes sets `JOB_COMPLETION_INDEX` in the pods of an Indexed
            Job, and nothing for its `completions` (kubernetes.io/docs/concepts/workloads/
            controllers/job, "Completion mode"), which we take from `JOB_COMPLETIONS`.

    Raises:
        UsageError: it is no shard.
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
    """Return the matrix of a GitHub Actions job: a shard for each, of which none is empty.

    docs.github.com/actions/writing-workflows/workflow-syntax-for-github-actions, `strategy.matrix`.
    """
    shards = max(1, min(count, len(entries)))
    return {"include": [{"shard": str(Shard(number, shards))} for number in range(shards)]}


# --- results ----------------------------------------------------------------------------------


class PullRequestLink(Struct, frozen=True):
    """A pull request as a run says it.

    Attributes:
        number: by which its forge knows it; 0 when a dry run would open it.
        url: its page; None when there is none yet.
    """

    number: int
    url: str | None


class FleetResult(Struct, frozen=True):
    """What became of a repository.

    Attributes:
        entry: the repository.
        outcome: in a word.
        message: what the run said in a sentence, or why it failed.
        current: the release that it holds, if known.
        release: the newer one that the outcome is about.
        pull_request: of that release.
        before: it was done in an earlier run, whose state was resumed.
        published: when the newest safe release was published, aware, if that is another one.
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
    """Count outcomes, in the order of their definition, those that are there."""
    counted = Counter(result.outcome for result in results)
    return {outcome: counted[outcome] for outcome in FleetOutcome if counted[outcome]}
