"""The values that a run can decide for a repository: update, wait, blocked, up to date. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fluxbump.errors import HalfBumpError
from fluxbump.flux.releases import Goal
from fluxbump.flux.upgrade_path import Route
from fluxbump.model import Finding, Related


class Skipped(Struct, frozen=True):
    """A newer release for which the run opens no pull request.

    Attributes:
        release: the version without a leading `v`.
        reason: the reason, in words that follow the release in a sentence.
    """

    release: str
    reason: str


class UpToDate(Struct, frozen=True):
    """The decision that there is no newer release to open a pull request for.

    Attributes:
        current: the installed release.
        newest: the newest stable release, even if the policy skips it. None if none is known.
        skipped: the newer releases that the policy skips, newest first.
    """

    current: str
    newest: Goal | None = None
    skipped: tuple[Skipped, ...] = ()


class Waiting(Struct, frozen=True):
    """The decision to open a pull request for a newer release later.

    Attributes:
        current: the installed release.
        release: the newest release that waits. The rules have not checked it.
        until: the time from which the next pull request is possible. None if it is not known.
        reason: one sentence.
        skipped: the newer releases that the policy skips, newest first.
    """

    current: str
    release: str
    until: datetime | None
    reason: str
    skipped: tuple[Skipped, ...] = ()


class Blocked(Struct, frozen=True):
    """The decision that a person has to act before the run can open a pull request.

    Attributes:
        current: the installed release. None if no pin says it.
        release: the newest release that the policy allows. None if the state of the repository
            itself blocks the run.
        codes: the codes of the rules that refuse the release.
        reason: one sentence.
        findings: the findings of these rules.
        skipped: the other newer releases without a pull request, newest first.
        places: the places that would stay behind, if they block the release.
    """

    current: str | None
    release: str | None
    codes: tuple[str, ...]
    reason: str
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    places: tuple[Related, ...] = ()


class Update(Struct, frozen=True):
    """The decision to open a pull request for a release now.

    Attributes:
        current: the installed release.
        chart: the release of the first hop, with its chart, or without one if no chart is pinned.
        way: the route to the goal. Each further hop gets its pull request when the hop before it is
            merged.
        skipped: the releases that are newer than the goal, newest first.
        published: the time when the goal was published, with a time zone. None if it is not known.
    """

    current: str
    chart: Goal
    way: Route
    skipped: tuple[Skipped, ...] = ()
    published: datetime | None = None

    @property
    def release(self) -> str:
        """The release of the pull request: the first hop of the route."""
        return str(self.chart.app_version)

    @property
    def later(self) -> tuple[str, ...]:
        """The releases of the hops that remain, the goal last."""
        return tuple(hop.new for hop in self.way.hops[1:])


class Empty(Struct, frozen=True):
    """The repository has no commit, so there is nothing to decide.

    Attributes:
        reason: one sentence.
        current: None, because no release is installed.
        skipped: empty, because no release is compared.
    """

    reason: str
    current: None = None
    skipped: tuple[Skipped, ...] = ()


def blocked_by(error: HalfBumpError, update: Update) -> Blocked:
    """Return the decision that replaces an update which would leave a place behind."""
    more = "; ".join([*error.facts, *([error.hint] if error.hint else [])])
    reason = f"{error.message} ({more})" if more else error.message
    return Blocked(update.current, update.release, (), reason, (), update.skipped, error.places)


Decision = UpToDate | Waiting | Blocked | Update | Empty


class Outcome(StrEnum):
    """The outcome of a run in a word, for reports and exit codes."""

    UP_TO_DATE = "up-to-date"
    UPDATE = "update-available"
    WAITING = "waiting"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    """The repository takes no change: it is archived, or empty."""


def describe(decision: Decision) -> str:
    """Describe a decision in a sentence, without the full stop."""
    if isinstance(decision, Update):
        later = f", on the route to {decision.later[-1]}" if decision.later else ""
        return f"Flux {decision.current} can move to {decision.release}{later}"
    if isinstance(decision, (Blocked, Empty)):
        return decision.reason
    if isinstance(decision, Waiting):
        return f"Flux {decision.release} waits: {decision.reason}"
    return f"Flux {decision.current} is up to date with the policy"


def outcome(decision: Decision) -> Outcome:
    """Return the outcome that belongs to a kind of decision."""
    kinds = {
        UpToDate: Outcome.UP_TO_DATE,
        Update: Outcome.UPDATE,
        Waiting: Outcome.WAITING,
        Blocked: Outcome.BLOCKED,
        Empty: Outcome.SKIPPED,
    }
    return kinds[type(decision)]


def skipped_by_reason(skipped: Sequence[Skipped]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each reason once, with its releases in the order given."""
    for reason in dict.fromkeys(skipped_release.reason for skipped_release in skipped):
        yield (
            reason,
            tuple(
                skipped_release.release
                for skipped_release in skipped
                if skipped_release.reason == reason
            ),
        )
