"""Finds the newest release that has a route whose first hop no rule refuses. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial

from msgspec.structs import replace
from semver import Version

from fluxbump.check import newest_safe
from fluxbump.check.evidence import Evidence
from fluxbump.check.rules.crds import installed_crds
from fluxbump.check.rules.crds.existing_clusters import UPGRADE
from fluxbump.check.suppressions import Suppressed
from fluxbump.flux.releases import Goal
from fluxbump.flux.upgrade_path import Hop, Route, route
from fluxbump.model import Finding
from fluxbump.run.decision import (
    Blocked,
    Skipped,
    Update,
)
from fluxbump.run.next_release.allowed import Sieve

_UNKNOWN = UPGRADE.code
"""The code of the rule that cannot run if the CRDs of a release are not known."""


class SafeRoute:
    """Searches the newest allowed release that has a route whose first hop no rule refuses."""

    def __init__(
        self, before: Evidence, installed: str, sieve: Sieve, suppressed: Suppressed
    ) -> None:
        effort = replace(before.effort, compared_with=installed)
        self._evidence = replace(before, effort=effort)
        self._installed = installed
        self._allowed: Mapping[str, Goal] = sieve.allowed
        self._passed_over = sieve.skipped
        self._suppressed = suppressed
        self._known = cache(partial(newest_safe.as_it_is, before, suppressed))
        self._judged: dict[str, tuple[Finding, ...]] = {}

    def decision(self) -> Update | Blocked:
        """Return the update to the newest safe release, or the block of the newest allowed one."""
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
        """Find the route to a release through releases that the policy allows.

        If nothing installs Flux, tools and references move in one hop, because no cluster has to
        follow the route.
        """
        if self._evidence.installed is None:
            return Route(self._installed, goal, (Hop(self._installed, goal),))
        for release in (self._installed, goal):
            if release not in self._evidence.crds:
                problem = f"the CRDs of Flux {release} are not known to this fluxbump"
                return Route(self._installed, goal, problem=problem)
        past = self._evidence.past
        return route(
            installed_crds.table(self._evidence),
            self._installed,
            goal,
            self._allowed.keys(),
            stored=self._evidence.stored,
            through=past.through(self._installed) if past else None,
            written=self._evidence.written,
        )

    def _refused(self, way: Route) -> str:
        """Say why the first hop of a route is refused. Empty if it is not."""
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
        """Return the skipped releases that are newer than a release, newest first."""
        floor = _version(than)
        some = [
            skipped
            for skipped in (*self._passed_over, *judged)
            if _version(skipped.release) > floor
        ]
        return tuple(sorted(some, key=lambda skipped: _version(skipped.release), reverse=True))


def _version(release: str) -> Version:
    return Version.parse(release)
