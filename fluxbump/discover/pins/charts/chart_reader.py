"""Finds mappings in any object that name a chart of this repository with its version.

Such a mapping is in Argo CD's Application, a Crossplane Release, an operator's `chartSpec`, or the
values of another chart. It must get the new version when the chart's version changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from fluxbump.discover.pins.kind import COMMUNITY_REPOSITORIES, CONFIGURE, Context, Found, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import Note, Role, Track, TrackKind
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document, Node, Scalar

NAME = "chart-reader"
ROLE = Role.FOLLOWS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.REPEATS_CHART})

_VERSIONS = ("version", "targetRevision", "chartVersion")
_REPOSITORIES = ("repository", "repo", "repoURL", "repoUrl", "url")
_LOCAL = ("file:", "@", "alias:", ".")


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the versions beside the name of a chart of this repository."""
    if not context.charts or not file.is_yaml:
        return
    named = _named(tuple(context.charts))
    for document in file.documents:
        if not named.search(document.source):
            continue
        for mapping in yaml.mappings(document.root):
            for name, inside in _references(mapping):
                track = context.track_of(name)
                if track is not None and track.kind is TrackKind.CHART:
                    yield from _read(document, inside, track, context)


@cache
def _named(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern for texts that may name a chart, so that other texts are not parsed."""
    name = "(?:" + "|".join(map(re.escape, names)) + r")/?(?![\w-])"
    value = rf"""[ \t]*["']?(?:[^\s"']{{0,200}}/)?{name}"""
    nested = rf"""[ \t]*(?:\{{|\n\s*+)(?!spec\b)[^}}]{{0,200}}?name["']?[ \t]*:{value}"""
    return re.compile(rf"""chart["']?[ \t]*:(?:{value}|{nested})""")


def _references(mapping: Node) -> Iterator[tuple[str, Node]]:
    """Yield the chart that a mapping names, and the mapping that may hold its version.

    A mapping with a `sourceRef` belongs to an object of Flux, which another kind handles.
    """
    chart = yaml.get(mapping, "chart")
    if chart is None:
        return
    name = yaml.text_of(chart)
    if name is not None and yaml.get(mapping, "sourceRef") is None:
        yield name, mapping
    nested = yaml.text_of(chart, "name")
    if nested is not None:
        yield nested, chart


def _read(document: Document, inside: Node, track: Track, context: Context) -> Iterator[Found]:
    version = _version(document, inside)
    if version is None:
        return
    repository = next((text for key in _REPOSITORIES if (text := _text(inside, key))), "")
    if _foreign(repository, track, context):
        yield Note(
            version.location,
            f"a version of {track} from {repository}, but {track} comes from elsewhere here",
            advice=CONFIGURE,
        )
    else:
        yield pin_at(NAME, track, version, f"version beside chart {track}")


def _version(document: Document, inside: Node) -> Scalar | None:
    found = (document.scalar(yaml.get(inside, key)) for key in _VERSIONS)
    return next((scalar for scalar in found if scalar is not None and scalar.value), None)


def _text(inside: Node, key: str) -> str:
    return yaml.text_of(inside, key) or ""


def _foreign(repository: str, track: Track, context: Context) -> bool:
    """Whether a chart with the name of an own chart is certainly a different one.

    It is if its repository is the community's, or on another host than the repository from which
    a chart here takes its dependency of that name.
    """
    if not repository or repository.startswith(_LOCAL) or "{{" in repository or "$" in repository:
        return False
    if repository.rstrip("/") in COMMUNITY_REPOSITORIES:
        return True
    own = {
        _host(dependency.repository)
        for chart in context.charts.values()
        for dependency in chart.dependencies
        if dependency.name == track.name and not dependency.repository.startswith(_LOCAL)
    } - {""}
    return bool(own) and _host(repository) not in own


def _host(repository: str) -> str:
    """Return the host of a chart repository, whether its scheme is written or not."""
    return repository.rpartition("://")[2].partition("/")[0].lower()
