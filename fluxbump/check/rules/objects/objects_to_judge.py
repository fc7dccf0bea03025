"""Which Flux custom resources a rule can judge at a release, and what of the others. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from semver import Version

from fluxbump.check.rules.rule import Evidence, NotRun
from fluxbump.discover import release_installs, unparsed
from fluxbump.discover.objects.resources import Resources
from fluxbump.model import Unreadable
from fluxbump.text import versions


def span(releases: Iterable[str]) -> str:
    """Say from which release to which one something is known."""
    known = sorted(releases, key=lambda release: versions.parse(release) or Version(0))
    return f"known are {known[0]} to {known[-1]}" if known else "none is known"


def not_comparable(
    evidence: Evidence,
    *,
    facts: str,
    is_known: Callable[[str], object],
    releases: Iterable[str],
) -> str | None:
    """Say why the resources cannot be compared with a release; None where they can.

    Args:
        evidence: with the resources.
        facts: of a release that a rule compares with, for people: `fields`.
        is_known: tells whether those of a release are known.
        releases: those of which they are.
    """
    release = evidence.installed
    if release is None:
        return evidence.why_not_installed
    if not is_known(release):
        known = f"{span(releases)}){evidence.why_unknown(release)}"
        return f"the {facts} of Flux {release} are not known ({known}"
    return None


def releases_by_path(evidence: Evidence) -> Callable[[str], tuple[str, ...]]:
    """Return what tells the releases that a manifest has to be right for: that of its cluster.

    A manifest that several clusters may use is wrong if each of their releases refuses it.
    """
    inventory = evidence.inventory
    if not release_installs.differ(inventory):
        installed = (evidence.installed,) if evidence.installed else ()
        return lambda _: installed
    values = {pin.value for pin in release_installs.exact(inventory)}
    every = tuple(sorted(values, key=lambda value: versions.parse(value) or Version(0)))

    def of_cluster(path: str) -> tuple[str, ...]:
        own = release_installs.beside(inventory, path)
        return (own,) if own else every

    return of_cluster


def unjudged(found: Resources, code: str, more: Iterable[Unreadable] = ()) -> Iterator[NotRun]:
    """Say what could not be judged, with the first place of each.

    Args:
        found: what the repository holds.
        code: of the rule.
        more: documents that only those know to be broken who have parsed every manifest.
    """
    variable = [resource.api_location for resource in found.resources if "$" in resource.version]
    unread = (*(unreadable for unreadable in found.unreadable if unreadable.within_budget), *more)
    broken = sorted({unreadable.location for unreadable in unread})
    for places, what in ((variable, "has a variable as its version"), (broken, "is not YAML")):
        rest = f" (and {len(places) - 1} more like it)" if len(places) > 1 else ""
        if places:
            yield NotRun(code, f"the Flux resource at {places[0]} {what}{rest}")
    for unreadable in found.unreadable:
        if not unreadable.within_budget:
            yield NotRun(code, unparsed.not_searched(unreadable))
