"""Dependencies that may belong to what moves, and are no pins: mirrors, aliases, Helm 2. Pure.

A bump that moved the rest would leave them behind, so they are gathered here and weighed in
`bump.planning.partial_bump`.
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
"""A dependency and its place, of its version where it has one.

The repository is the one that it names, or `REQUIREMENTS`.
"""

REQUIREMENTS = "requirements.yaml"
"""Where Helm 2 keeps the dependencies of a chart; Helm 3 reads it too."""
REPOSITORIES = "repositories.yaml"
"""Where `helm repo` keeps which URL a name means."""
ADDED = "repo add"
"""What a text contains that gives a repository its name."""

_FLUX2 = lazy_pattern(r"^[-\s]*name:\s*[\"']?flux2\b", re.MULTILINE)
_ADDED = lazy_pattern(r"helm\s+repo\s+add(?P<words>(?:\s+[^\s;&|]+){2,12})")


def of_charts(files: Iterable[TextFile], context: Context) -> Iterator[Unrecognised]:
    """Yield the dependencies called flux2 that are not known to be the community's."""
    if FLUX2.name in context.charts:
        return
    for file in files:
        document = file.documents[0]
        for entry in _entries(document):
            repository = yaml.text_of(entry, "repository") or ""
            if _name(entry) == FLUX2.name and not context.is_community(repository):
                yield _unrecognised(document, entry, repository)


def of_helm_2(files: Iterable[TextFile], context: Context) -> Iterator[Unrecognised]:
    """Yield the dependencies in requirements.yaml files that belong to what moves."""
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
    """Say what was seen and is left alone."""
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
    """Return the paths that only a template of a chart's dependencies has."""
    names = ("/Chart.yaml", f"/{REQUIREMENTS}")
    return [path for path in paths if "/templates/" in f"/{path}" and path.endswith(names)]


def templates(files: Iterable[TextFile]) -> Iterator[Note]:
    """Say which templates of a chart, as a scaffold has them, name flux2."""
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
    """Return the names, as `@NAME`, by which charts refer to where their flux2 comes from."""
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
    """Return the aliases that mean the community's repository wherever the tree says their URL.

    Args:
        names: each as `@NAME`.
        texts: files by path that may say it: `helm repo add`, or the file of `helm repo`.
        repositories: where the community chart may come from.
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
