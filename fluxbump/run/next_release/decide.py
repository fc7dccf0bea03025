"""Decides the release of the next pull request of a run, if any. Pure: the time is given.

A repository that installs another release than its chart ships is blocked, not up to date. A
person has to say which of the two is meant, with `fluxbump to RELEASE`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from semver import Version

from fluxbump.bump.planning.plan import Options, plan
from fluxbump.check import rules, suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.rules.rule import Trait
from fluxbump.check.suppressions import Suppressed
from fluxbump.config.settings import Policy
from fluxbump.discover import floating
from fluxbump.discover.tracks import available, held, installs
from fluxbump.errors import FluxbumpError, HalfBumpError
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import FLUX, FLUX2, Finding, Form, Severity
from fluxbump.run.decision import (
    Blocked,
    Decision,
    Update,
    UpToDate,
    blocked_by,
)
from fluxbump.run.next_release.allowed import Sieve, opens, outside_schedule, too_young
from fluxbump.run.next_release.newest_reachable import SafeRoute
from fluxbump.text import versions

DISAGREEMENT = rules.having(Trait.STOPS_RUN)
"""The rules whose errors block every pull request."""


def decide(
    before: Evidence,
    index: ChartIndex,
    policy: Policy,
    now: datetime,
    suppressed: Suppressed = suppressions.nothing,
    *,
    tagged: Iterable[Version] = (),
) -> Decision:
    """Decide whether to open a pull request, and for which release.

    The safety rules are run only when there is a newer release that the policy allows. Findings
    that the base suppresses do not count, as in `fluxbump to`.

    Args:
        before: the evidence about the base.
        index: the chart index.
        policy: the team's settings for pull requests.
        now: the time of the run, with a time zone.
        suppressed: tells which findings are suppressed at the base.
        tagged: the releases that have a tag. They count if no pin needs the chart.

    Raises:
        ConstraintError: a range of the policy is invalid. `config` refuses such a policy earlier.
        ValueError: the time zone is not known on this machine.
    """
    disagreeing = tuple(
        finding
        for finding in rules.judge(before, DISAGREEMENT).findings
        if _two_sided(finding) and not suppressed(finding.code, finding.location)
    )
    installed = before.installed or _of_tools(before)
    current = versions.parse(installed) if installed else None
    if disagreeing:
        codes = tuple(dict.fromkeys(finding.code for finding in disagreeing))
        return Blocked(installed, None, codes, _advice(codes, installed), disagreeing)
    if installed is None or current is None:
        return Blocked(None, None, (), "no Flux version found in live code")
    # If pins disagree, none of them may go down, so the newest of them counts.
    choice = available(before.inventory, index, tagged)
    highest = _highest(before, current, choice.stable)
    newer = [version for version in choice.stable if version > highest]
    sieve = Sieve.of(current, policy, now)
    for release in reversed(newer):
        sieve.sort(release, choice.goal(release))
    if sieve.allowed:
        moment = opens(policy, now)
        if moment > now:
            return outside_schedule(installed, sieve, moment, policy)
        return _whole(SafeRoute(before, installed, sieve, suppressed).decision(), before, index)
    if sieve.young:
        return too_young(installed, sieve, policy)
    best = choice.newest
    newest = choice.goal(best) if best else None
    return UpToDate(installed, newest, tuple(sieve.skipped))


def _two_sided(finding: Finding) -> bool:
    """Whether a finding is an error that names another place which disagrees."""
    return finding.severity is Severity.ERROR and bool(finding.related)


def _of_tools(before: Evidence) -> str | None:
    """Return the release of tools and references if nothing installs Flux, else None."""
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
    """Block an update whose plan would leave a place behind.

    Other failures of the plan are reported when the bump itself is computed.
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
    """Return the newest release that a pin installs, a pinned chart ships, or a range admits."""
    exact = [pin for pin in before.inventory.pins if pin.form is Form.EXACT]
    releases = [pin.value for pin in installs(exact, FLUX)]
    charts = installs(exact, FLUX2)
    releases += [release for pin in charts if (release := before.shipped(pin)[0])]
    ranges = floating.installs(before.inventory)
    releases += [release for pin in ranges if (release := floating.newest(pin, stable))]
    found = (versions.parse(release) for release in releases)
    return max([installed, *(version for version in found if version is not None)])
