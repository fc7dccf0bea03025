"""Finds releases in a helmfile that install the chart flux2."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.embedded import templated
from fluxbump.discover.pins.kind import Context, Found, from_elsewhere, pin_in_template, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX2, Note, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.yaml import Document, Node

NAME = "helmfile"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.BOOTSTRAP, KindTrait.BY_VARIABLE})

_CHART = f"/{FLUX2.name}"
_PATHS = (".", "/", "~", "{")
_FOLDERS = frozenset({"charts", "chart", "helm", "files"})
_OCI = "oci://"


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the version of every release whose chart is flux2."""
    if _CHART not in file.text or "releases" not in file.text or "chart" not in file.text:
        return
    if not (file.is_yaml or file.path.endswith(".gotmpl")) or file.language is Language.LOCK:
        return
    for document in templated.documents(file):
        if _CHART not in document.source:
            continue
        for release in yaml.items(yaml.get(document.root, "releases")):
            found = _release(file, document, release, context)
            if found is not None:
                yield found


def _release(file: TextFile, document: Document, release: Node, context: Context) -> Found | None:
    chart = document.scalar(yaml.get(release, "chart"))
    named = file.text[chart.start : chart.end] if chart else ""
    source = _source(file, document, named.rstrip("/"))
    if chart is None or source is None or context.track_of(_name(named)) != FLUX2:
        return None
    if source and templated.DIRECTIVE not in source and not context.is_community(source):
        asked = yaml.text_of(release, "version")
        return from_elsewhere(chart.location, "a helmfile installs", source, asked)
    held = [value for key, value in yaml.entries(release) if key == "version"]
    subject = f"helmfile release {yaml.text_of(release, 'name') or FLUX2.name}"
    if len(held) > 1:
        return Note(chart.location, f"{subject} has two versions", advice="Remove one of them")
    version = document.scalar(yaml.get(release, "version"))
    if version is None:
        return unpinned(NAME, FLUX2, chart.location, subject)
    return pin_in_template(NAME, FLUX2, file, version, subject)


def _name(chart: str) -> str:
    return chart.rstrip("/").rpartition("/")[2]


def _source(file: TextFile, document: Document, chart: str) -> str | None:
    """Return the repository of a release's chart; empty if the file has none, None for a folder."""
    place, slash, _ = chart.rpartition("/")
    if chart.startswith(_OCI):
        return place
    if not slash or chart.startswith(_PATHS) or place.partition("/")[0] in _FOLDERS:
        return None
    for part in templated.documents(file) if "repositories" in file.text else (document,):
        for repository in yaml.items(yaml.get(part.root, "repositories")):
            if yaml.text_of(repository, "name") == place:
                return _url(file, part, repository)
    return ""


def _url(file: TextFile, document: Document, repository: Node) -> str:
    url = document.scalar(yaml.get(repository, "url"))
    text = file.text[url.start : url.end] if url else ""
    oci = yaml.text_of(repository, "oci") == "true" and not text.startswith(_OCI)
    return f"{_OCI}{text}" if oci else text
