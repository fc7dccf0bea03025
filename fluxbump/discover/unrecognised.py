"""Finds chart dependencies that may be Flux's but are no pins: mirrors, aliases, Helm 2. Pure.

A bump would leave them behind. They are collected here, and `bump.planning.partial_bump` decides
whether they stop it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from fluxbump.discover.pins.kind import BY_HAND, MIRROR, Context
from fluxbump.helm.chart_repository import canonical
from fluxbump.model import FLUX2, Dependency, Location, Note
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Document, Node

Unrecognised = tuple[Location, Dependency]
"""A dependency and its place, which is that of its version if it has one.

The dependency's repository is the one that it names, or `REQUIREMENTS` for Helm 2.
"""

REQUIREMENTS = "requirements.yaml"
"""The file in which Helm 2 keeps the dependencies of a chart; Helm 3 reads it too."""
REPOSITORIES = "repositories.yaml"
"""The file in which `helm repo` keeps the URL of each repository's name."""
ADDED = "repo add"
"""The part of a command `helm repo add` by which files are found that name a repository."""

_FLUX2 = lazy_pattern(r"^[-\s]*name:\s*[\"']?flux2\b", re.MULTILINE)
_ADDED = lazy_pattern(r"helm\s+repo\s+add(?P<words>(?:\s+[^\s;&|]+){2,12})")


def of_charts(files: Iterable[TextFile], context: Context) -> Iterator[Unrecognised]:
    """Yield the dependencies named flux2 whose repository is not known as the community's."""
    if FLUX2.name in context.charts:
        return
    for file in files:
        document = file.documents[0]
        for entry in _entries(document):
            repository = yaml.text_of(entry, "repository") or ""
            if _name(entry) == FLUX2.name and not context.is_community(repository):
                yield _unrecognised(document, entry, repository)


def of_helm_2(files: Iterable[TextFile], context: Context) -> Iterator[Unrecognised]:
    """Yield the dependencies in requirements.yaml files on charts that fluxbump bumps."""
    for file in files:
        document = file.documents[0]
        for entry in _entries(document):
            if context.track_of(_name(entry)) is not None:
                yield _unrecognised(document, entry, REQUIREMENTS)


def _entries(document: Document) -> Iterator[Node]:
    return yaml.items(yaml.get(document.root, "dependencies"))


def _name(entry: Node) -> str:
    return yaml.text_of(entry, "name") or ""


def _unrecognised(document: Document, entry: Node, source: str) -> Unrecognised:
    version = document.scalar(yaml.get(entry, "version"))
    where = version.location if version else document.at(entry)
    return where, Dependency(_name(entry), version.value if version else "", source)


def notes(found: Iterable[Unrecognised]) -> Iterator[Note]:
    """Yield a note for each dependency that was found and that fluxbump does not change."""
    for where, dependency in found:
        if dependency.repository == REQUIREMENTS:
            yield Note(
                where,
                f"dependency {dependency.name} is in Helm 2's requirements.yaml",
                advice="Move it to Chart.yaml",
            )
        else:
            yield Note(
                where,
                f"dependency flux2 comes from {dependency.repository or 'nowhere'}, not from the "
                "community",
                advice=MIRROR,
            )


def template_paths(paths: Iterable[str]) -> list[str]:
    """Return the paths of Chart.yaml and requirements.yaml files in a folder `templates`."""
    names = ("/Chart.yaml", f"/{REQUIREMENTS}")
    return [path for path in paths if "/templates/" in f"/{path}" and path.endswith(names)]


def templates(files: Iterable[TextFile]) -> Iterator[Note]:
    """Yield a note for each template of a Chart.yaml, as scaffolds have them, that names flux2."""
    for file in files:
        if not file.is_yaml and (named := _FLUX2.search(file.text)):
            line = file.text.count("\n", 0, named.start()) + 1
            yield Note(
                Location(file.path, line),
                "a template of a chart that depends on flux2",
                advice=BY_HAND,
            )


# --- aliases ---------------------------------------------------------------------------------


def aliases(files: Iterable[TextFile]) -> frozenset[str]:
    """Return the aliases, as `@NAME`, that charts use for the repository of flux2."""
    found = (
        canonical(yaml.text_of(entry, "repository") or "")
        for file in files
        if FLUX2.name in file.text and ("@" in file.text or "alias:" in file.text)
        for entry in _entries(file.documents[0])
        if _name(entry) == FLUX2.name
    )
    return frozenset(alias for alias in found if alias.startswith("@"))


def community(
    names: Iterable[str], texts: Mapping[str, str], repositories: Iterable[str]
) -> tuple[str, ...]:
    """Return the aliases whose URL is the community's in each file that sets it.

    Args:
        names: the aliases, each as `@NAME`.
        texts: the files, by path, that may set a URL with `helm repo add` or are that of
            `helm repo`.
        repositories: the chart repositories that serve the community's chart.
    """
    known = {canonical(repository) for repository in repositories}
    meant: dict[str, set[str]] = {}
    for path, text in texts.items():
        for name, url in _named(path, text):
            meant.setdefault(f"@{name}", set()).add(canonical(url))
    return tuple(sorted(name for name in names if meant.get(name) and meant[name] <= known))


def _named(path: str, text: str) -> Iterator[tuple[str, str]]:
    for match in _ADDED.finditer(text):
        words = [word.strip("\"'`") for word in match["words"].split() if word != "\\"]
        for name, url in pairwise(words):
            if "://" in url and not name.startswith("-"):
                yield name, url
    if path.rpartition("/")[2] == REPOSITORIES:
        root = yaml.documents(text, path)[0].root
        for entry in yaml.items(yaml.get(root, "repositories")):
            yield _name(entry), yaml.text_of(entry, "url") or ""
