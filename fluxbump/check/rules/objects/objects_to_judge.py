"""Finds by which release to check a Flux resource, and which cannot be checked. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from semver import Version

from fluxbump.check.rules.rule import Evidence, NotRun
from fluxbump.discover import release_installs, unparsed
from fluxbump.discover.objects.resources import Resources
from fluxbump.model import Unreadable
from fluxbump.text import versions


def span(releases: Iterable[str]) -> str:
    """Return the first and the last of some releases, for people."""
    known = sorted(releases, key=lambda release: versions.parse(release) or Version(0))
    return f"known are {known[0]} to {known[-1]}" if known else "none is known"


def not_comparable(
    evidence: Evidence,
    *,
    facts: str,
    is_known: Callable[[str], object],
    releases: Iterable[str],
) -> str | None:
    """Return why the resources cannot be compared with the installed release; None if they can.

    Args:
        evidence: the evidence about the repository.
        facts: the facts about a release that a rule needs, for people: `fields`.
        is_known: the function that says whether these facts are known of a release.
        releases: the releases of which they are known.
    """
    release = evidence.installed
    if release is None:
        return evidence.why_not_installed
    if not is_known(release):
        known = f"{span(releases)}){evidence.why_unknown(release)}"
        return f"the {facts} of Flux {release} are not known ({known}"
    return None


def releases_by_path(evidence: Evidence) -> Callable[[str], tuple[str, ...]]:
    """Return the function that gives, for a path, the releases of the clusters that may use it.

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
    """Yield what could not be checked: for each reason the first place, and the number of others.

    Args:
        found: the Flux resources of the repository.
        code: the code of the rule.
        more: further documents that are not YAML, which are found by parsing all manifests.
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
