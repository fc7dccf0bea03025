"""What the scheduled job proposes next, if anything. Pure: the moment is given.

A repository that installs another release than the chart ships is blocked, not up
to date: which of the two is meant is for a person to say, by `fluxbump to RELEASE`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace
from semver import Version

from fluxbump.bump.plan import Options, plan
from fluxbump.check import newest_safe, rules, suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.parts import Baseline
from fluxbump.check.rules.crds.existing_clusters import UPGRADE
from fluxbump.check.rules.rule import Trait
from fluxbump.check.suppressions import Suppressed
from fluxbump.config import schedule
from fluxbump.config.settings import Policy
from fluxbump.discover import floating
from fluxbump.discover.tracks import available, held, installs
from fluxbump.errors import FluxbumpError, HalfBumpError
from fluxbump.flux.releases import Goal, ReleaseWithoutChart
from fluxbump.flux.upgrade_path import Hop, Route, route
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import FLUX, FLUX2, Finding, Form, Severity
from fluxbump.run.decision import (
    Blocked,
    Decision,
    Skipped,
    Update,
    UpToDate,
    Waiting,
    blocked_by,
)
from fluxbump.text import version_ranges, versions
from fluxbump.text.version_ranges import Constraint

DISAGREEMENT = rules.having(Trait.STOPS_RUN)
"""The rules without whose consent nothing is proposed."""

_UNKNOWN = UPGRADE.code
"""The rule that cannot be judged when a release's CRDs are not known."""

_UNDATED = "the index has no date for its chart"


def decide(
    before: Evidence,
    index: ChartIndex,
    policy: Policy,
    now: datetime,
    suppressed: Suppressed = suppressions.nothing,
    *,
    tagged: Iterable[Version] = (),
) -> Decision:
    """Decide what to propose.

    The safety rules are run only when there is a newer release that the policy allows. Findings
    that the base suppresses do not count, as in `fluxbump to`.

    Args:
        before: the evidence about the base.
        index: all chart releases.
        policy: what may be proposed.
        now: the moment, aware.
        suppressed: tells which findings the base says are accepted.
        tagged: releases that have a tag, where no place of the chart is pinned.

    Raises:
        ConstraintError: a range of the policy is none; `config` has refused that before.
        ValueError: the time zone is not known on this machine.
    """
    found, _ = rules.judge(before, DISAGREEMENT)
    disagreeing = tuple(
        finding
        for finding in found
        if _two_sided(finding) and not suppressed(finding.code, finding.location)
    )
    installed = before.installed or _of_tools(before)
    current = versions.parse(installed) if installed else None
    if disagreeing:
        codes = tuple(dict.fromkeys(finding.code for finding in disagreeing))
        return Blocked(installed, None, codes, _advice(codes, installed), disagreeing)
    if installed is None or current is None:
        return Blocked(None, None, (), "no Flux version found in live code")
    # Where pins may disagree, none of them may go down.
    choice = available(before.inventory, index, tagged)
    highest = _highest(before, current, choice.stable)
    newer = [version for version in choice.stable if version > highest]
    sieve = _Sieve.of(current, policy, now)
    for release in reversed(newer):
        sieve.sort(release, choice.goal(release))
    if sieve.allowed:
        moment = _opens(policy, now)
        if moment > now:
            return _outside_schedule(installed, sieve, moment, policy)
        return _whole(_Search(before, installed, sieve, suppressed).decision(), before, index)
    if sieve.young:
        return _too_young(installed, sieve, policy)
    best = choice.newest
    newest = choice.goal(best) if best else None
    return UpToDate(installed, newest, tuple(sieve.skipped))


def _two_sided(finding: Finding) -> bool:
    """Whether an error names another place that says otherwise, and not only what is missing."""
    return finding.severity is Severity.ERROR and bool(finding.related)


def _of_tools(before: Evidence) -> str | None:
    """Return the release of tools and references, where nothing here installs Flux."""
    pins = before.inventory.pins
    installs_flux = any(installs(pins, track) for track in (FLUX, FLUX2))
    return None if installs_flux else held(before.inventory).get(FLUX)


def _advice(codes: Collection[str], installed: str | None) -> str:
    if {*rules.having(Trait.ONE_RELEASE)} & {*codes}:
        return "the pins disagree: run `fluxbump to RELEASE` to align them"
    own = {rules.RULES[code].advice for code in codes}
    if len(own) == 1 and "" not in own:
        return own.pop()
    return f"the pins disagree: run `fluxbump to {installed or 'RELEASE'}` to align them"


def _whole(decision: Update | Blocked, before: Evidence, index: ChartIndex) -> Update | Blocked:
    """Block an update that would leave something behind.

    Whatever else a plan cannot do is said by the one that is made to be proposed.
    """
    if isinstance(decision, Update):
        try:
            plan(before.inventory, decision.chart, index, Options())
        except HalfBumpError as error:
            return blocked_by(error, decision)
        except FluxbumpError:
            return decision
    return decision


def _highest(before: Evidence, installed: Version, stable: Sequence[Version]) -> Version:
    """Return the newest release that is installed or shipped anywhere, or that a range admits."""
    exact = [pin for pin in before.inventory.pins if pin.form is Form.EXACT]
    releases = [pin.value for pin in installs(exact, FLUX)]
    charts = installs(exact, FLUX2)
    releases += [release for pin in charts if (release := before.shipped(pin)[0])]
    ranges = floating.installs(before.inventory)
    releases += [release for pin in ranges if (release := floating.newest(pin, stable))]
    found = (versions.parse(release) for release in releases)
    return max([installed, *(version for version in found if version is not None)])


# --- what the policy allows -------------------------------------------------------------------


class _Sieve(Struct):
    """Sorts newer releases, newest first, by what the policy says of each."""

    current: Version
    policy: Policy
    now: datetime
    wanted: Constraint | None
    ignored: tuple[tuple[str, Constraint], ...]
    allowed: dict[str, Goal] = field(default_factory=dict)
    young: dict[str, datetime | None] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    @classmethod
    def of(cls, current: Version, policy: Policy, now: datetime) -> _Sieve:
        wanted = version_ranges.parse(policy.range) if policy.range else None
        ignored = tuple((text, version_ranges.parse(text)) for text in policy.ignore)
        return cls(current, policy, now, wanted, ignored)

    def sort(self, release: Version, chart: Goal | None) -> None:
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
        """Say why the policy never proposes a release; empty when it may."""
        fixed = {"patch": 2, "minor": 1, "latest-safe": 0}[self.policy.follow]
        if release.to_tuple()[:fixed] != self.current.to_tuple()[:fixed]:
            return f"follow is {self.policy.follow}"
        if self.wanted is not None and not self.wanted.admits(release):
            return f"not in the range {self.policy.range}"
        by = next((text for text, constraint in self.ignored if constraint.admits(release)), None)
        return f"ignored: {by}" if by is not None else ""

    def _old_enough(self, chart: Goal) -> datetime | None:
        """Return from when on a chart may be proposed, at the earliest now; None for never."""
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


def _opens(policy: Policy, now: datetime) -> datetime:
    windows = tuple(map(schedule.parse, policy.schedule))
    return schedule.opens(windows, schedule.zone(policy.timezone), now)


def _outside_schedule(installed: str, sieve: _Sieve, moment: datetime, policy: Policy) -> Waiting:
    local = moment.astimezone(schedule.zone(policy.timezone))
    reason = f"outside the schedule, which opens {local:%a %Y-%m-%d %H:%M} ({policy.timezone})"
    return Waiting(installed, next(iter(sieve.allowed)), moment, reason, tuple(sieve.skipped))


def _too_young(installed: str, sieve: _Sieve, policy: Policy) -> Waiting:
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


# --- what is safe -----------------------------------------------------------------------------


class _Search:
    """Looks for the newest release to which there is a way whose first hop no rule refuses."""

    def __init__(
        self, before: Evidence, installed: str, sieve: _Sieve, suppressed: Suppressed
    ) -> None:
        effort = replace(before.effort, compared_with=installed)
        self._evidence = replace(before, effort=effort)
        self._installed = installed
        self._allowed: Mapping[str, Goal] = sieve.allowed
        self._passed_over = sieve.skipped
        self._suppressed = suppressed
        base = replace(self._evidence, baseline=Baseline(before.inventory))
        self._known, _ = rules.judge(base, newest_safe.SAFETY)
        self._judged: dict[str, tuple[Finding, ...]] = {}

    def decision(self) -> Update | Blocked:
        skipped: list[Skipped] = []
        for goal in self._allowed:
            way = self._way(goal)
            reason = way.problem or self._refused(way)
            if not reason:
                chart = self._allowed[way.hops[0].new]
                published = self._allowed[goal].created
                newer = self._newer(goal, skipped)
                return Update(self._installed, chart, way, newer, published)
            skipped.append(Skipped(goal, reason))
        newest = skipped[0]
        way = self._way(newest.release)
        found = self._findings(way.hops[0].new if way.hops else newest.release)
        codes = tuple(dict.fromkeys(finding.code for finding in found)) or (_UNKNOWN,)
        reason = f"Flux {newest.release}: {newest.reason}"
        others = self._newer(self._installed, skipped)
        others = tuple(other for other in others if other != newest)
        return Blocked(self._installed, newest.release, codes, reason, found, others)

    def _way(self, goal: str) -> Route:
        """Find the way, all of whose releases the policy allows.

        Tools and references go there at once: no cluster is left at a release.
        """
        if self._evidence.installed is None:
            return Route(self._installed, goal, (Hop(self._installed, goal),))
        for release in (self._installed, goal):
            if release not in self._evidence.crds:
                problem = f"the CRDs of Flux {release} are not known to this fluxbump"
                return Route(self._installed, goal, problem=problem)
        past = self._evidence.past
        return route(
            self._evidence.crds,
            self._installed,
            goal,
            self._allowed.keys(),
            stored=self._evidence.stored,
            through=past.through(self._installed) if past else None,
            written=self._evidence.written,
        )

    def _refused(self, way: Route) -> str:
        """Say why the first hop is refused; empty when it is not."""
        first = way.hops[0].new
        codes = dict.fromkeys(finding.code for finding in self._findings(first))
        if not codes:
            return newest_safe.unknown(self._evidence, first, self._suppressed) or ""
        by = f"refused by {', '.join(codes)}"
        return by if first == way.goal else f"the route goes through {first}, {by}"

    def _findings(self, release: str) -> tuple[Finding, ...]:
        if release not in self._judged:
            chart = self._allowed[release]
            found = newest_safe.refusals(self._evidence, chart, self._known, self._suppressed)
            self._judged[release] = found
        return self._judged[release]

    def _newer(self, than: str, judged: Sequence[Skipped]) -> tuple[Skipped, ...]:
        """Return what is skipped above a release, newest first."""
        floor = _version(than)
        some = [
            skipped
            for skipped in (*self._passed_over, *judged)
            if _version(skipped.release) > floor
        ]
        return tuple(sorted(some, key=lambda skipped: _version(skipped.release), reverse=True))


def _version(release: str) -> Version:
    return Version.parse(release)
