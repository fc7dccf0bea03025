"""Rules about apiVersions of Flux resources: removed ones (FB203), deprecated ones (FB205)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.check.rules.objects.objects_to_judge import (
    not_comparable,
    releases_by_path,
    span,
    unjudged,
)
from fluxbump.check.rules.rule import Danger, Evidence, Outcome, Rule, Trait, cited, needed
from fluxbump.discover import release_installs
from fluxbump.discover.objects.resources import Resource
from fluxbump.flux.stored_versions import Crd, CrdVersion
from fluxbump.model import Finding, Severity

_FIX = "--migrate-apis"


class _Entry(Struct, frozen=True):
    """The CRD of an apiVersion and kind in a release, and the version if the release serves it."""

    crd: Crd | None
    version: CrdVersion | None


class _Served(Struct, frozen=True):
    """The CRDs of a release, by group and kind.

    Thousands of resources share a few apiVersions, so the entry of each apiVersion is kept.

    Attributes:
        release: the release.
        crds: its CRDs, by group and kind.
        newer: the other releases that a manifest may be meant for, as the pins of other clusters
            hold them.
        kept: the entries that were looked up already.
    """

    release: str
    crds: Mapping[tuple[str, str], Crd]
    newer: tuple[_Served, ...] = ()
    kept: dict[tuple[str, str], _Entry] = field(default_factory=dict)

    def entry(self, resource: Resource) -> _Entry:
        key = (resource.api_version, resource.kind)
        if key not in self.kept:
            crd = self.crds.get((resource.group, resource.kind))
            served = (
                crd_version for crd_version in (crd.versions if crd else ()) if crd_version.served
            )
            version = next(
                (crd_version for crd_version in served if crd_version.name == resource.version),
                None,
            )
            self.kept[key] = _Entry(crd, version)
        return self.kept[key]

    def refuses(self, resource: Resource) -> bool:
        """Whether neither this release nor one of `newer` serves the apiVersion of a manifest."""
        return not any(served.entry(resource).version for served in (self, *self.newer))

    def takes(self, mention: Resource) -> bool:
        """Whether the release serves what a text mentions; for an unknown kind, at any kind."""
        entry = self.entry(mention)
        if entry.crd:
            return entry.version is not None
        entries = (
            version
            for crd in self.crds.values()
            if crd.group == mention.group
            for version in crd.versions
        )
        return any(
            crd_version.name == mention.version and crd_version.served for crd_version in entries
        )


_ServedAt = Callable[[str], _Served]
"""A function that returns the releases for a path: the first, with the others as `newer`."""


def _obstacle(evidence: Evidence) -> str | None:
    return not_comparable(
        evidence, facts="API versions", is_known=evidence.crds.get, releases=evidence.crds
    )


def _served_at(evidence: Evidence) -> _ServedAt:
    """Return the function that gives the releases which must serve the manifest at a path."""
    newer = tuple(_served(name, evidence) for name in evidence.newer_by_range)
    releases_of = releases_by_path(evidence)

    @cache
    def served(releases: tuple[str, ...]) -> _Served:
        first, *rest = (_served(name, evidence) for name in releases)
        return replace(first, newer=(*rest, *newer))

    return lambda path: served(_known(releases_of(path), evidence))


def _known(releases: tuple[str, ...], evidence: Evidence) -> tuple[str, ...]:
    """Return the releases whose CRDs are known; if there are none, the installed release."""
    known = tuple(name for name in releases if evidence.crds.get(name))
    return known or ((evidence.installed,) if evidence.installed else ())


def _served(release: str, evidence: Evidence) -> _Served:
    crds = {(crd.group, crd.kind): crd for crd in evidence.crds.get(release, {}).values()}
    return _Served(release, crds)


def removed_api(evidence: Evidence) -> Iterator[Outcome]:
    """Check that every manifest uses an apiVersion that the release serves (FB203)."""
    found, served_at = needed(evidence.objects), _served_at(evidence)
    alone = not release_installs.differ(evidence.inventory)
    yield from unjudged(found, "FB203")
    for resource in found.resources:
        served = served_at(resource.location.path)
        if not resource.removes and served.refuses(resource) and "$" not in resource.version:
            tail = f"is at {resource.api_version}, {_refusal(resource, served, evidence)}"
            yield _finding("FB203", Severity.ERROR, tail, resource, served, alone=alone)
    for resource in found.mentions:
        served = served_at(resource.location.path)
        if not any(each.takes(resource) for each in (served, *served.newer)):
            what = (
                f"{resource.kind} at {resource.api_version}"
                if resource.kind
                else resource.api_version
            )
            message = f"this text names {what}, {_refusal(resource, served, evidence)}"
            about = _about(resource)
            yield Finding("FB203", Severity.WARNING, message, resource.api_location, about=about)


def _finding(
    code: str, severity: Severity, tail: str, resource: Resource, served: _Served, *, alone: bool
) -> Finding:
    """Return a finding about a resource: its name, followed by `tail`.

    A resource can be migrated if the release serves another version, unless it is only mentioned in
    text. The command for that moves all clusters to one release, so the message names it only if
    they are at one release already (`alone`).
    """
    crd = served.entry(resource).crd
    fix = _FIX if crd and _best(crd) and not resource.text_only else ""
    tail += f" (fluxbump to {served.release} {fix})" if fix and alone else ""
    message, gist = f"{resource} {tail}", f"{resource.kind or 'an object'} {tail}"
    about = _about(resource)
    return Finding(code, severity, message, resource.api_location, (), about, gist, fix)


def _about(resource: Resource) -> str:
    return f"{resource} at {resource.api_version}"


def _refusal(resource: Resource, served: _Served, evidence: Evidence) -> str:
    crd = served.entry(resource).crd
    if crd:
        return f"which Flux {served.release} does not serve. {_choice(crd)}"
    if resource.text_only:
        return f"which Flux {served.release} does not serve"
    having = [
        release
        for release, crds in evidence.crds.items()
        if any((crd.group, crd.kind) == (resource.group, resource.kind) for crd in crds.values())
    ]
    where = f" ({span(having).replace('known are', 'it is in Flux')})" if having else ""
    return f"but Flux {served.release} has no such kind{where}"


def _choice(crd: Crd) -> str:
    """Return the advice which version to move to."""
    best = _best(crd)
    return (
        f"Move to {' or '.join(crd_version.name for crd_version in best)}"
        if best
        else "Flux serves no other version"
    )


def _best(crd: Crd) -> list[CrdVersion]:
    """Return the versions to move to, the storage version first.

    Deprecated ones are among them only if the release serves no others.
    """
    served = [version for version in crd.versions if version.served]
    best = [version for version in served if not version.deprecated] or served
    return sorted(best, key=lambda version: not version.storage)


def deprecated_api(evidence: Evidence) -> Iterator[Outcome]:
    """Check that no manifest uses an apiVersion that is deprecated in the release (FB205)."""
    found, served_at = needed(evidence.objects), _served_at(evidence)
    alone = not release_installs.differ(evidence.inventory)
    yield from unjudged(found, "FB205")
    for resource in (*found.resources, *found.mentions):
        served = served_at(resource.location.path)
        entry = served.entry(resource)
        deprecated = entry.version is not None and entry.version.deprecated
        if entry.crd and deprecated and not resource.removes:
            severity = Severity.NOTE if resource.text_only else Severity.WARNING
            tail = (
                f"is at {resource.api_version}, which is deprecated in Flux {served.release}. "
                f"{_choice(entry.crd)}"
            )
            yield _finding("FB205", severity, tail, resource, served, alone=alone)


REMOVED_API = Rule(
    "FB203",
    "removed-api",
    Severity.ERROR,
    "Every manifest uses an apiVersion that the Flux release serves.",
    cited(removed_api),
    needs=("objects", "releases"),
    obstacle=_obstacle,
    traits=frozenset({Trait.SAFETY, Trait.MIGRATED}),
    danger=Danger.STOPS,
    broken="manifests use API versions that the release does not serve",
)
DEPRECATED_API = Rule(
    "FB205",
    "deprecated-api",
    Severity.WARNING,
    "No manifest uses an apiVersion that the Flux release calls deprecated.",
    cited(deprecated_api),
    needs=("objects", "releases"),
    obstacle=_obstacle,
    traits=frozenset({Trait.MIGRATED}),
    danger=Danger.DISAGREES,
)

RULES = (REMOVED_API, DEPRECATED_API)
