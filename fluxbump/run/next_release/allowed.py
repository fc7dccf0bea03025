"""Sorts newer releases by the policy: allowed, too young, or skipped. Pure: the time is given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import Struct, field
from semver import Version

from fluxbump.config import schedule
from fluxbump.config.settings import Policy
from fluxbump.flux.releases import Goal, ReleaseWithoutChart
from fluxbump.run.decision import (
    Skipped,
    Waiting,
)
from fluxbump.text import version_ranges
from fluxbump.text.version_ranges import Constraint

_UNDATED = "the index has no date for its chart"


class Sieve(Struct):
    """Sorts newer releases, given newest first, by the policy.

    Attributes:
        current: the installed release.
        policy: the team's settings for pull requests.
        now: the time of the run, with a time zone.
        wanted: the parsed range of the policy. None if it has none.
        ignored: the parsed ranges that the policy ignores, each with its text.
        allowed: the releases that the policy allows now, each with its chart.
        young: the releases whose chart is too young, each with the time from which it is old
            enough. None if the chart has no date.
        skipped: the releases that are not allowed, or too young, with the reason.
    """

    current: Version
    policy: Policy
    now: datetime
    wanted: Constraint | None
    ignored: tuple[tuple[str, Constraint], ...]
    allowed: dict[str, Goal] = field(default_factory=dict)
    young: dict[str, datetime | None] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    @classmethod
    def of(cls, current: Version, policy: Policy, now: datetime) -> Sieve:
        """Return an empty sieve for a policy."""
        wanted = version_ranges.parse(policy.range) if policy.range else None
        ignored = tuple((text, version_ranges.parse(text)) for text in policy.ignore)
        return cls(current, policy, now, wanted, ignored)

    def sort(self, release: Version, chart: Goal | None) -> None:
        """Sort a release. `chart` is None if no chart ships it."""
        reason = self._refused(release) or _unstable(chart)
        if reason or chart is None:
            self.skipped.append(Skipped(str(release), reason))
            return
        until = self._old_enough(chart)
        if until == self.now:
            self.allowed[str(release)] = chart
            return
        self.young[str(release)] = until
        days = self.policy.min_age_days
        reason = f"its chart is not {days} days old before {until:%Y-%m-%d}" if until else _UNDATED
        self.skipped.append(Skipped(str(release), reason))

    def _refused(self, release: Version) -> str:
        """Say why the policy excludes a release. Empty if it allows it."""
        fixed = {"patch": 2, "minor": 1, "latest-safe": 0}[self.policy.follow]
        if release.to_tuple()[:fixed] != self.current.to_tuple()[:fixed]:
            return f"follow is {self.policy.follow}"
        if self.wanted is not None and not self.wanted.admits(release):
            return f"not in the range {self.policy.range}"
        by = next((text for text, constraint in self.ignored if constraint.admits(release)), None)
        return f"ignored: {by}" if by is not None else ""

    def _old_enough(self, chart: Goal) -> datetime | None:
        """Return the time from which a chart is old enough, at least now. None without a date."""
        if not self.policy.min_age_days:
            return self.now
        if chart.created is None:
            return None
        created = chart.created.astimezone(UTC)
        return max(self.now, created + timedelta(days=self.policy.min_age_days))


def _unstable(chart: Goal | None) -> str:
    if isinstance(chart, ReleaseWithoutChart):
        return ""
    if chart is None or chart.version.prerelease:
        return "only a prerelease of the chart ships it"
    return "its chart is deprecated" if chart.deprecated else ""


def opens(policy: Policy, now: datetime) -> datetime:
    """Return the time when the schedule of a policy opens: `now` if it is open."""
    windows = tuple(map(schedule.parse, policy.schedule))
    return schedule.opens(windows, schedule.zone(policy.timezone), now)


def outside_schedule(installed: str, sieve: Sieve, moment: datetime, policy: Policy) -> Waiting:
    """Return the decision that the newest allowed release waits for the schedule to open."""
    local = moment.astimezone(schedule.zone(policy.timezone))
    reason = f"outside the schedule, which opens {local:%a %Y-%m-%d %H:%M} ({policy.timezone})"
    return Waiting(installed, next(iter(sieve.allowed)), moment, reason, tuple(sieve.skipped))


def too_young(installed: str, sieve: Sieve, policy: Policy) -> Waiting:
    """Return the decision that the newest release waits until a chart is old enough."""
    release = next(iter(sieve.young))
    until = min(
        (old_enough_at for old_enough_at in sieve.young.values() if old_enough_at is not None),
        default=None,
    )
    days = policy.min_age_days
    reason = f"no chart of a newer release is {days} days old"
    if until is None:
        reason += ", as far as the index says"
    else:
        reason += f" before {until:%Y-%m-%d %H:%M} (UTC)"
    return Waiting(installed, release, until, reason, tuple(sieve.skipped))
