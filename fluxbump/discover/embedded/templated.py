"""Parses templates of YAML files, with harmless characters in place of directives. Pure.

Directives are not evaluated, and all offsets stay the same.
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

    The text of a scalar is in the file between its offsets. Its `value` has masked directives.
    """
    if DIRECTIVE not in file.text:
        return file.documents or yaml.documents(file.text, file.path)
    return yaml.documents(objects.source(file.text).masked, file.path)


def is_read(document: Document) -> bool:
    """Whether a document that is no valid YAML is a template that a kind of pin reads.

    Kinds read the releases of a helmfile and Argo CD's applications with `documents`.
    """
    masked = objects.source(document.source).masked
    (part, *more) = yaml.documents(masked, document.path)
    releases = yaml.get(part.root, "releases") is not None
    return not more and (releases or yaml.text_of(part.root, "kind") in _APPLICATIONS)
