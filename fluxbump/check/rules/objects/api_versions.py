"""The apiVersions of Flux custom resources, and which of them a release serves."""

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
    """What a release has for an apiVersion and kind: the CRD, and the version when it is served."""

    crd: Crd | None
    version: CrdVersion | None


class _Served(Struct, frozen=True):
    """What a release defines, by group and kind.

    Thousands of resources share a few apiVersions, so what one of them comes to is kept.

    Attributes:
        release: that is judged.
        crds: its CRDs.
        newer: releases that other clusters are at, by a range; a manifest may be for one of them.
        kept: what was found.
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
        """Whether no release serves the apiVersion of a manifest."""
        return not any(served.entry(resource).version for served in (self, *self.newer))

    def takes(self, mention: Resource) -> bool:
        """Whether a mention is in order; without a known kind, whether any kind has the version."""
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
"""Tells by which releases a file is judged: the first, and those that may have it better."""


def _obstacle(evidence: Evidence) -> str | None:
    return not_comparable(
        evidence, facts="API versions", is_known=evidence.crds.get, releases=evidence.crds
    )


def _served_at(evidence: Evidence) -> _ServedAt:
    """Return what tells what the releases serve that the manifest at a path has to be right for."""
    newer = tuple(_served(name, evidence) for name in evidence.newer_by_range)
    releases_of = releases_by_path(evidence)

    @cache
    def served(releases: tuple[str, ...]) -> _Served:
        first, *rest = (_served(name, evidence) for name in releases)
        return replace(first, newer=(*rest, *newer))

    return lambda path: served(_known(releases_of(path), evidence))


def _known(releases: tuple[str, ...], evidence: Evidence) -> tuple[str, ...]:
    """Leave out the releases of which no CRD is known; without any, the one installed counts."""
    known = tuple(name for name in releases if evidence.crds.get(name))
    return known or ((evidence.installed,) if evidence.installed else ())


def _served(release: str, evidence: Evidence) -> _Served:
    crds = {(crd.group, crd.kind): crd for crd in evidence.crds.get(release, {}).values()}
    return _Served(release, crds)


def removed_api(evidence: Evidence) -> Iterator[Outcome]:
    """Every manifest uses an apiVersion that the release serves."""
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
    """Say of a resource what `tail` says, and of its kind what all of them share.

    What has another version to move to can be moved, except in text. The command that moves it
    takes all clusters to one release, so it is named only if they are at one, `alone`.
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
    """Say which version to move to."""
    best = _best(crd)
    return (
        f"Move to {' or '.join(crd_version.name for crd_version in best)}"
        if best
        else "Flux serves no other version"
    )


def _best(crd: Crd) -> list[CrdVersion]:
    """Return the versions to move to, the stored one first; deprecated ones if need be."""
    served = [version for version in crd.versions if version.served]
    best = [version for version in served if not version.deprecated] or served
    return sorted(best, key=lambda version: not version.storage)


def deprecated_api(evidence: Evidence) -> Iterator[Outcome]:
    """No manifest uses an apiVersion that a later release will not serve."""
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
