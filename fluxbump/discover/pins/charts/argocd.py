"""Finds sources of Argo CD Applications and ApplicationSets that install the chart flux2."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.embedded import templated
from fluxbump.discover.pins.kind import Context, Found, from_elsewhere, pin_in_template, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX2, Note, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.yaml import Document, Node

NAME = "argocd"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.RECONCILED, KindTrait.BY_VARIABLE})

_REVISION = "targetRevision"
_OCI = "oci://"
_NOT_READ = (Language.DOCUMENT, Language.APPLICATION, Language.RECORD, Language.LOCK)


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the revision of each source whose chart is flux2.

    A source is recognized by the keys `repoURL` and `targetRevision`, which no other tool has. So
    it is also found in the values from which a chart makes applications.
    """
    if _REVISION not in file.text or "repoURL" not in file.text or FLUX2.name not in file.text:
        return
    if file.language in _NOT_READ:
        return
    for document in templated.documents(file):
        if _REVISION not in document.source or FLUX2.name not in document.source:
            continue
        for source in yaml.mappings(document.root):
            found = _source(file, document, source, context)
            if found is not None:
                yield found


def _source(file: TextFile, document: Document, source: Node, context: Context) -> Found | None:
    url = document.scalar(yaml.get(source, "repoURL"))
    if url is None:
        return None
    place = file.text[url.start : url.end].strip().rstrip("/")
    chart = yaml.text_of(source, "chart")
    if chart is None and place.startswith(_OCI):
        place, _, chart = place.rpartition("/")
    if chart is None or context.track_of(chart) != FLUX2:
        return None
    if not _is_community(place, context):
        held = yaml.text_of(source, _REVISION)
        return from_elsewhere(url.location, "an Argo CD source takes", place, held)
    subject = f"Argo CD source of {FLUX2.name}"
    if sum(key == _REVISION for key, _ in yaml.entries(source)) > 1:
        return Note(url.location, f"{subject} has two revisions", advice="Remove one of them")
    revision = document.scalar(yaml.get(source, _REVISION))
    if revision is None:
        return unpinned(NAME, FLUX2, url.location, subject)
    return pin_in_template(NAME, FLUX2, file, revision, subject)


def _is_community(place: str, context: Context) -> bool:
    """Whether a source is the community's. Argo CD writes a registry without its scheme."""
    known = context.is_community(place) or context.is_community(f"{_OCI}{place}")
    return known or templated.DIRECTIVE in place
