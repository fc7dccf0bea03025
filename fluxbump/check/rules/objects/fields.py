"""The rule that a release has the fields of Flux resources, and accepts their values (FB204)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from msgspec import Struct

from fluxbump.check.rules.objects.objects_to_judge import not_comparable, releases_by_path, unjudged
from fluxbump.check.rules.rule import Danger, Evidence, Outcome, Rule, Trait, cited, needed
from fluxbump.discover.objects import field_check, flux_objects
from fluxbump.discover.objects.resources import ObjectBody, Resource, Resources
from fluxbump.flux.tables import fields as facts
from fluxbump.model import Finding, Severity, Unreadable
from fluxbump.text.patterns import lazy_pattern


def _obstacle(evidence: Evidence) -> str | None:
    is_known = needed(evidence.releases).has_fields
    return not_comparable(evidence, facts="fields", is_known=is_known, releases=facts.releases())


def unknown_field(evidence: Evidence) -> Iterator[Outcome]:
    """Check that the release has every field of a manifest, and accepts its value (FB204)."""
    found = needed(evidence.objects)
    wanted = _to_check(found, evidence.installed, evidence.effort.compared_with)
    paths = {resource.location.path for resource in wanted}
    files = [item for item in found.files.items() if item[0] in paths]
    parts = evidence.effort.spread(partial(_of_files, evidence), files)
    broken = (unreadable for part in parts for unreadable in part.broken)
    yield from unjudged(found, "FB204", broken)
    for part in parts:
        yield from part.outcomes


def _to_check(found: Resources, release: str | None, old: str | None) -> list[Resource]:
    """Return the resources to check: all, or those whose schema is stricter than at `old`."""
    if release is None or old is None or not {old, release} <= {*facts.releases()}:
        return list(found.resources)
    used = frozenset((resource.api_version, resource.kind) for resource in found.resources)
    narrowed = facts.narrowed(old, release, used)
    return [
        resource
        for resource in found.resources
        if (resource.api_version, resource.kind) in narrowed
    ]


class _Checked(Struct):
    """The outcomes for the manifests of some files, and the manifests that cannot be parsed."""

    outcomes: list[Outcome]
    broken: list[Unreadable]


def _of_files(evidence: Evidence, files: Sequence[tuple[str, str]]) -> _Checked:
    checked, releases_of = _Checked([], []), releases_by_path(evidence)
    for path, text in files:
        releases = releases_of(path)
        for result in flux_objects.parsed(path, text):
            if isinstance(result, Unreadable):
                checked.broken.append(result)
            else:
                checked.outcomes += _fields(result, releases, evidence)
    return checked


def _fields(body: ObjectBody, releases: Sequence[str], evidence: Evidence) -> Iterator[Outcome]:
    known, resource = needed(evidence.releases), body.resource
    having = [
        schema
        for name in (*releases, *evidence.newer_by_range)
        if (schema := known.schema(name, resource.kind, resource.api_version)) is not None
    ]
    if not having or having[0].release not in releases:
        return  # no release of its clusters has this apiVersion, which is FB203
    schema, *others = having
    newer = [{problem.fault for problem in field_check.problems(body, its)} for its in others]
    for problem in field_check.problems(body, schema):
        if any(problem.fault not in faults for faults in newer):
            continue  # a manifest for a cluster at that release
        other = body.resource
        message, gist = f"{other}: {problem.message}", f"{other.kind}: {problem.message}"
        about = f"{other}: {problem.fault}"
        severity = Severity.NOTE if _is_sample(other) else Severity.ERROR
        yield Finding("FB204", severity, message, problem.location, about=about, gist=gist)


_UNNAMEABLE = lazy_pattern(r"[A-Z<> ]")
_FILLED_IN = lazy_pattern(r"\$\{[^{}]*\}|\$\w+|\{\{.*?\}\}|\[\[.*?\]\]|<<.*?>>|\(\(.*?\)\)")
"""Placeholders that a tool replaces, so that the name may be valid in the end."""


def _is_sample(resource: Resource) -> bool:
    """Whether a manifest looks like a sample: its name has a character that no name may have.

    This is no proof, because kustomize may replace the name, and fields with it.
    """
    return _UNNAMEABLE.search(_FILLED_IN.sub("", resource.name)) is not None


RULES = (
    Rule(
        "FB204",
        "unknown-field",
        Severity.ERROR,
        "Every field of a Flux resource is one that the release has, with a value that it takes.",
        cited(unknown_field),
        needs=("objects", "releases"),
        obstacle=_obstacle,
        traits=frozenset({Trait.SAFETY, Trait.SLOW}),
        danger=Danger.STOPS,
        broken="manifests have fields or values that the release refuses",
    ),
)
