"""Rules about the Flux custom resources of a repository and what a release's API server takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace
from semver import Version

from fluxbump.check.rules.rule import Danger, Evidence, NotRun, Outcome, Rule, Trait, cited, needed
from fluxbump.discover import flux_objects, installers, unparsed
from fluxbump.discover.flux_objects import Resource, Resources
from fluxbump.discover.objects import field_check
from fluxbump.flux.stored_versions import Crd, CrdVersion
from fluxbump.flux.tables import fields as facts
from fluxbump.model import Finding, Severity, Unreadable
from fluxbump.text import versions

_FIX = "--migrate-apis"


def _span(releases: Iterable[str]) -> str:
    known = sorted(releases, key=lambda release: versions.parse(release) or Version(0))
    return f"known are {known[0]} to {known[-1]}" if known else "none is known"


# --- FB203, FB205: apiVersions ----------------------------------------------------------------


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


def _judged(evidence: Evidence, code: str) -> tuple[Resources, _Served] | NotRun:
    release = evidence.installed
    if release is None:
        return NotRun(code, evidence.why_not_installed)
    if not evidence.crds.get(release):
        known = f"{_span(evidence.crds)}){evidence.why_unknown(release)}"
        return NotRun(code, f"the API versions of Flux {release} are not known ({known}")
    found = _of_clusters_at(release, needed(evidence.objects), evidence)
    newer = tuple(_served(name, evidence) for name in evidence.newer_by_range)
    return found, replace(_served(release, evidence), newer=newer)


def _served(release: str, evidence: Evidence) -> _Served:
    crds = {(crd.group, crd.kind): crd for crd in evidence.crds.get(release, {}).values()}
    return _Served(release, crds)


def _of_clusters_at(release: str, found: Resources, evidence: Evidence) -> Resources:
    """Leave out what clusters at another release may use, where clusters are at several."""
    if not installers.differ(evidence.inventory):
        return found

    def here(resource: Resource) -> bool:
        return installers.beside(evidence.inventory, resource.location.path) == release

    return replace(
        found,
        resources=tuple(filter(here, found.resources)),
        mentions=tuple(filter(here, found.mentions)),
    )


def _others(evidence: Evidence, code: str) -> Iterator[NotRun]:
    """Say what was left out by that."""
    if installers.differ(evidence.inventory):
        only = f"only manifests of clusters at Flux {evidence.installed} were checked"
        yield NotRun(code, f"clusters here are at several releases: {only}")


def _unjudged(found: Resources, code: str, more: Iterable[Unreadable] = ()) -> Iterator[NotRun]:
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


def removed_api(evidence: Evidence) -> Iterator[Outcome]:
    """Every manifest uses an apiVersion that the release serves."""
    judged = _judged(evidence, "FB203")
    if isinstance(judged, NotRun):
        yield judged
        return
    found, served = judged
    yield from _others(evidence, "FB203")
    yield from _unjudged(found, "FB203")
    for resource in found.resources:
        if served.refuses(resource) and "$" not in resource.version:
            tail = f"is at {resource.api_version}, {_refusal(resource, served, evidence)}"
            yield _finding("FB203", Severity.ERROR, tail, resource, served)
    for resource in found.mentions:
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
    code: str, severity: Severity, tail: str, resource: Resource, served: _Served
) -> Finding:
    """Say of a resource what `tail` says, and of its kind what all of them share.

    What has another version to move to can be moved, except in text.
    """
    crd = served.entry(resource).crd
    fix = _FIX if crd and _best(crd) and not resource.text_only else ""
    tail += f" (fluxbump to {served.release} {fix})" if fix else ""
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
    where = f" ({_span(having).replace('known are', 'it is in Flux')})" if having else ""
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
    judged = _judged(evidence, "FB205")
    if isinstance(judged, NotRun):
        yield judged
        return
    found, served = judged
    yield from _others(evidence, "FB205")
    yield from _unjudged(found, "FB205")
    for resource in (*found.resources, *found.mentions):
        entry = served.entry(resource)
        if entry.crd and entry.version and entry.version.deprecated:
            severity = Severity.NOTE if resource.text_only else Severity.WARNING
            tail = (
                f"is at {resource.api_version}, which is deprecated in Flux {served.release}. "
                f"{_choice(entry.crd)}"
            )
            yield _finding("FB205", severity, tail, resource, served)


# --- FB204: fields ----------------------------------------------------------------------------


def unknown_field(evidence: Evidence) -> Iterator[Outcome]:
    """Every field of a manifest is one that the release has, with a value that it takes."""
    release = evidence.installed
    found = needed(evidence.objects)
    if release is None:
        yield NotRun("FB204", evidence.why_not_installed)
    elif not needed(evidence.releases).has_fields(release):
        known = f"{_span(facts.releases())}){evidence.why_unknown(release)}"
        yield NotRun("FB204", f"the fields of Flux {release} are not known ({known}")
    else:
        yield from _others(evidence, "FB204")
        found = _of_clusters_at(release, needed(evidence.objects), evidence)
        wanted = _to_look_at(found, release, evidence.effort.compared_with)
        paths = {resource.location.path for resource in wanted}
        files = [item for item in found.files.items() if item[0] in paths]
        parts = evidence.effort.spread(partial(_of_files, release, evidence), files)
        yield from _unjudged(
            found, "FB204", (unreadable for part in parts for unreadable in part.broken)
        )
        for part in parts:
            yield from part.outcomes


def _to_look_at(found: Resources, release: str, old: str | None) -> list[Resource]:
    """The resources that may be refused: all, or those whose schema takes less than `old`'s."""
    if old is None or not {old, release} <= {*facts.releases()}:
        return list(found.resources)
    used = frozenset((resource.api_version, resource.kind) for resource in found.resources)
    narrowed = facts.narrowed(old, release, used)
    return [
        resource
        for resource in found.resources
        if (resource.api_version, resource.kind) in narrowed
    ]


class _Looked(Struct):
    """What came of the manifests of some files, and which cannot be parsed."""

    outcomes: list[Outcome]
    broken: list[Unreadable]


def _of_files(release: str, evidence: Evidence, files: Sequence[tuple[str, str]]) -> _Looked:
    looked = _Looked([], [])
    for path, text in files:
        for result in flux_objects.parsed(path, text):
            if isinstance(result, Unreadable):
                looked.broken.append(result)
            else:
                looked.outcomes += _fields(result, release, evidence)
    return looked


def _fields(body: flux_objects.ObjectBody, release: str, evidence: Evidence) -> Iterator[Outcome]:
    known, resource = needed(evidence.releases), body.resource
    schema = known.schema(release, resource.kind, resource.api_version)
    if schema is None:
        return  # the release does not have this apiVersion, which is FB203
    newer = [
        {problem.fault for problem in field_check.problems(body, its)}
        for name in evidence.newer_by_range
        if (its := known.schema(name, resource.kind, resource.api_version)) is not None
    ]
    for problem in field_check.problems(body, schema):
        if any(problem.fault not in faults for faults in newer):
            continue  # a manifest for a cluster at that release
        other = body.resource
        message, gist = f"{other}: {problem.message}", f"{other.kind}: {problem.message}"
        about = f"{other}: {problem.fault}"
        yield Finding("FB204", Severity.ERROR, message, problem.location, about=about, gist=gist)


REMOVED_API = Rule(
    "FB203",
    "removed-api",
    Severity.ERROR,
    "Every manifest uses an apiVersion that the Flux release serves.",
    cited(removed_api),
    needs=("objects", "releases"),
    traits=frozenset({Trait.SAFETY, Trait.MIGRATED}),
    danger=Danger.STOPS,
    broken="manifests use API versions that the release does not serve",
)
UNKNOWN_FIELD = Rule(
    "FB204",
    "unknown-field",
    Severity.ERROR,
    "Every field of a Flux resource is one that the release has, with a value that it takes.",
    cited(unknown_field),
    needs=("objects", "releases"),
    traits=frozenset({Trait.SAFETY, Trait.SLOW}),
    danger=Danger.STOPS,
    broken="manifests have fields or values that the release refuses",
)
DEPRECATED_API = Rule(
    "FB205",
    "deprecated-api",
    Severity.WARNING,
    "No manifest uses an apiVersion that the Flux release calls deprecated.",
    cited(deprecated_api),
    needs=("objects", "releases"),
    traits=frozenset({Trait.MIGRATED}),
    danger=Danger.DISAGREES,
)

RULES = (REMOVED_API, UNKNOWN_FIELD, DEPRECATED_API)
