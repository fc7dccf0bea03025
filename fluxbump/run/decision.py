"""What a policy comes to for a repository, as values. Pure."""

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
    """A newer release that is not proposed.

    Attributes:
        release: without a leading `v`.
        reason: why, in words that follow the release.
    """

    release: str
    reason: str


class UpToDate(Struct, frozen=True):
    """Nothing newer may be proposed.

    Attributes:
        current: the release that is installed.
        newest: the newest stable release that there is, which may be skipped.
        skipped: what the policy passes over, newest first.
    """

    current: str
    newest: Goal | None = None
    skipped: tuple[Skipped, ...] = ()


class Waiting(Struct, frozen=True):
    """Something newer may be proposed later.

    Attributes:
        current: the release that is installed.
        release: the newest that is waited for; it has not been judged.
        until: when the next thing may be proposed; None when no time will come by itself.
        reason: one sentence.
        skipped: what the policy passes over, newest first.
    """

    current: str
    release: str
    until: datetime | None
    reason: str
    skipped: tuple[Skipped, ...] = ()


class Blocked(Struct, frozen=True):
    """Something is to be done that a person has to do.

    Attributes:
        current: the release that is installed; None when nothing says so.
        release: the newest that could be proposed; None when the repository itself is in the way.
        codes: of the rules that refuse it.
        reason: one sentence.
        findings: what they say.
        skipped: what else is newer and not proposed, newest first.
        places: what would stay behind, where that is in the way.
    """

    current: str | None
    release: str | None
    codes: tuple[str, ...]
    reason: str
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    places: tuple[Related, ...] = ()


class Update(Struct, frozen=True):
    """A release to propose now.

    Attributes:
        current: the release that is installed.
        chart: what to propose, the first hop of the way; without a chart where none is pinned.
        way: to the goal; the hops after the first are proposed when the one before is merged.
        skipped: what is newer than the goal and not proposed, newest first.
        published: when the goal was published, aware; None when nothing says so.
    """

    current: str
    chart: Goal
    way: Route
    skipped: tuple[Skipped, ...] = ()
    published: datetime | None = None

    @property
    def release(self) -> str:
        """The release to propose."""
        return str(self.chart.app_version)

    @property
    def later(self) -> tuple[str, ...]:
        """The releases of the hops that remain, the goal last."""
        return tuple(hop.new for hop in self.way.hops[1:])


class Empty(Struct, frozen=True):
    """The repository has no commit, so there is nothing to decide.

    Attributes:
        reason: one sentence.
        current: None: nothing is installed.
        skipped: nothing.
    """

    reason: str
    current: None = None
    skipped: tuple[Skipped, ...] = ()


def blocked_by(error: HalfBumpError, update: Update) -> Blocked:
    """Return what becomes of an update that would leave something behind."""
    more = "; ".join([*error.facts, *([error.hint] if error.hint else [])])
    reason = f"{error.message} ({more})" if more else error.message
    return Blocked(update.current, update.release, (), reason, (), update.skipped, error.places)


Decision = UpToDate | Waiting | Blocked | Update | Empty


class Outcome(StrEnum):
    """What a decision comes to."""

    UP_TO_DATE = "up-to-date"
    UPDATE = "update-available"
    WAITING = "waiting"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    """The repository takes no change: it is archived, or empty."""


def describe(decision: Decision) -> str:
    """Say a decision in a sentence."""
    if isinstance(decision, Update):
        later = f", on the route to {decision.later[-1]}" if decision.later else ""
        return f"Flux {decision.current} can move to {decision.release}{later}"
    if isinstance(decision, (Blocked, Empty)):
        return decision.reason
    if isinstance(decision, Waiting):
        return f"Flux {decision.release} waits: {decision.reason}"
    return f"Flux {decision.current} is up to date with the policy"


def outcome(decision: Decision) -> Outcome:
    """Return what a decision comes to."""
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
