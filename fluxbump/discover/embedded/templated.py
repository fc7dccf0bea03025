"""YAML files that a template makes: their documents, with harmless characters for directives.

What is told here of a directive is that it is one: every offset stays what it was. Pure.
"""

from __future__ import annotations

from fluxbump.discover.embedded import objects
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document

DIRECTIVE = "{{"
_APPLICATIONS = ("Application", "ApplicationSet")


def documents(file: TextFile) -> tuple[Document, ...]:
    """Return the YAML documents of a file, whether it is a template or not.

    The text of a scalar is that of the file between its offsets; its `value` is masked.
    """
    if DIRECTIVE not in file.text:
        return file.documents or yaml.documents(file.text, file.path)
    return yaml.documents(objects.source(file.text).masked, file.path)


def is_read(document: Document) -> bool:
    """Whether a document that is no YAML is a template which a kind of pin reads by `documents`.

    That is so for the releases of a helmfile and for Argo CD's applications.
    """
    masked = objects.source(document.source).masked
    (part, *more) = yaml.documents(masked, document.path)
    releases = yaml.get(part.root, "releases") is not None
    return not more and (releases or yaml.text_of(part.root, "kind") in _APPLICATIONS)
