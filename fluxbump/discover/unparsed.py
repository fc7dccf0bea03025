"""Decides about documents that are not valid YAML: searched as a script, noted, or an error. Pure.

Many files with the suffix `.yaml` or `.json` are read by another program first: a cloud-config that
is a template, a MIME message, JSON with comments. Their install URLs are found as in a script, so
they need not be YAML. A document stops a bump if it may hold a pin that only the parser finds.
"""

from __future__ import annotations

import re

from fluxbump.discover.embedded import templated
from fluxbump.discover.pins.kind import DISTRIBUTION, INSTANCE, Context
from fluxbump.discover.urls import install_manifests
from fluxbump.model import Location, Note, Unreadable
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile, suffix_of
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Document

_KEY = r"""\b(?:chart|url|name)["']?\s*:\s*["']?"""
_RELEASE = lazy_pattern(
    rf"""kind["']?\s*:\s*["']?{INSTANCE}\b(?=[\s\S]*distribution)|/{DISTRIBUTION}(?![\w-])"""
)
"""Matches texts that install a release without naming a chart."""
_TEMPLATE = lazy_pattern(r"\{\{|\{%|%\{|<%")
_MIME = lazy_pattern(r"\ufeff?(?:MIME-Version|Content-Type):", re.IGNORECASE)
_JSON_COMMENT = lazy_pattern(r"^[ \t]*(?://|/\*)|[,{\[][ \t]*(?://|/\*)|,\s*[}\]]", re.MULTILINE)


def problem(unreadable: Unreadable) -> str:
    """Return the message about a candidate that cannot be read."""
    column = unreadable.location.column
    said = f"cannot be read as YAML, column {column}: {unreadable.message}"
    return said if unreadable.within_budget else unreadable.message


def not_searched(unreadable: Unreadable) -> str:
    """Return the message that a file was not searched, because it exceeds its budget."""
    return f"fluxbump does not search {unreadable.location.path}, because it {unreadable.message}"


def advice(unreadable: Unreadable) -> str:
    """Return what to do about a file that cannot be read.

    A Chart.yaml must be valid YAML, so excluding it is no advice.
    """
    is_chart = unreadable.location.path.rpartition("/")[2] == "Chart.yaml"
    if not unreadable.within_budget:
        hint = "make the file smaller"
        return hint if is_chart else f"{hint}, or if it pins nothing, add it to `exclude`"
    if is_chart:
        return "fix the YAML"
    return "fix the YAML, or if the file is not YAML, add it to `exclude` in fluxbump.yaml"


def judged(file: TextFile, document: Document, context: Context) -> Note | Unreadable | None:
    """Return what to report about a document of `file`.

    Returns:
        `Unreadable` if the document may hold a pin that only the parser finds, a note if it cannot
        be parsed but holds none, and None if there is nothing to report.
    """
    if document.problem is None:
        return _without_name(file, document, context)
    where, message = document.problem
    live = _live(file, document)
    if _is_read_otherwise(file, document):
        named = _names_chart(live, context) and not templated.is_read(document)
        return Unreadable(where, message) if named else None
    moves = install_manifests.URL.search(live) or _RELEASE.search(live)
    if moves or any(name in live for name in context.names()):
        return Unreadable(where, message)
    return Note(
        Location(where.path, where.line),
        f"is not valid YAML ({message}), and names no version of Flux outside of comments",
    )


def _without_name(file: TextFile, document: Document, context: Context) -> Unreadable | None:
    """Return what is wrong with a Chart.yaml that depends on a bumped chart and has no name."""
    chart = file.path.rpartition("/")[2] == "Chart.yaml" and document is file.documents[0]
    if not chart or yaml.get(document.root, "name"):
        return None
    dependencies = yaml.items(yaml.get(document.root, "dependencies"))
    named = (context.track_of(yaml.text_of(dependency, "name")) for dependency in dependencies)
    where = document.at(document.root)
    return Unreadable(where, "the chart has no name") if any(named) else None


def _names_chart(text: str, context: Context) -> bool:
    """Whether a text that cannot be parsed has a value that is the name of a bumped chart."""
    names = "|".join(map(re.escape, context.names()))
    return re.search(rf"""{_KEY}(?:[^\s"']*/)?(?:{names})/?(?![\w-])""", text) is not None


def _is_read_otherwise(file: TextFile, document: Document) -> bool:
    """Whether another program reads the text: a template, a MIME message, JSON with comments."""
    if _TEMPLATE.search(document.source) or _MIME.match(file.text):
        return True
    return suffix_of(file.path) == ".json" and _JSON_COMMENT.search(document.source) is not None


def _live(file: TextFile, document: Document) -> str:
    """Return the lines of a document that do not begin in a comment."""
    lines, start = [], document.start
    for line in document.source.splitlines(keepends=True):
        first = start + len(line) - len(line.lstrip())
        if first < len(file.text) and not file.in_comment(first):
            lines.append(line)
        start += len(line)
    return "".join(lines)
