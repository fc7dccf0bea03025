"""What becomes of a candidate's document that is no YAML: a script, a remark, or an obstacle. Pure.

A cloud-config that is a template, a MIME message, JSON with comments: many files are called `.yaml`
or `.json` and are read by another program first. Their install URLs are found as in any script, so
they need not be YAML. What stops a bump is a document that may hold a pin which only the parser
finds.
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
"""What installs a release, and names no chart."""
_TEMPLATE = lazy_pattern(r"\{\{|\{%|%\{|<%")
_MIME = lazy_pattern(r"\ufeff?(?:MIME-Version|Content-Type):", re.IGNORECASE)
_JSON_COMMENT = lazy_pattern(r"^[ \t]*(?://|/\*)|[,{\[][ \t]*(?://|/\*)|,\s*[}\]]", re.MULTILINE)


def problem(unreadable: Unreadable) -> str:
    """Say what is wrong with a candidate that cannot be read."""
    column = unreadable.location.column
    said = f"cannot be read as YAML, column {column}: {unreadable.message}"
    return said if unreadable.within_budget else unreadable.message


def not_searched(unreadable: Unreadable) -> str:
    """Say that a file was not searched, because it exceeds its budget."""
    return f"fluxbump does not search {unreadable.location.path}, because it {unreadable.message}"


def advice(unreadable: Unreadable) -> str:
    """Say what to do about a file that cannot be read; a Chart.yaml is always YAML."""
    is_chart = unreadable.location.path.rpartition("/")[2] == "Chart.yaml"
    if not unreadable.within_budget:
        hint = "make the file smaller"
        return hint if is_chart else f"{hint}, or if it pins nothing, add it to `exclude`"
    if is_chart:
        return "fix the YAML"
    return "fix the YAML, or if the file is not YAML, add it to `exclude` in fluxbump.yaml"


def judged(file: TextFile, document: Document, context: Context) -> Note | Unreadable | None:
    """Say what becomes of a document of `file` that cannot be parsed; None if nothing is lost."""
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
    """Refuse a chart that has no name, and so is none, but depends on one that moves."""
    chart = file.path.rpartition("/")[2] == "Chart.yaml" and document is file.documents[0]
    if not chart or yaml.get(document.root, "name"):
        return None
    dependencies = yaml.items(yaml.get(document.root, "dependencies"))
    named = (context.track_of(yaml.text_of(dependency, "name")) for dependency in dependencies)
    where = document.at(document.root)
    return Unreadable(where, "the chart has no name") if any(named) else None


def _names_chart(text: str, context: Context) -> bool:
    """Whether a value in a text that no parser reads is the name of a chart that moves."""
    names = "|".join(map(re.escape, context.names()))
    return re.search(rf"""{_KEY}(?:[^\s"']*/)?(?:{names})/?(?![\w-])""", text) is not None


def _is_read_otherwise(file: TextFile, document: Document) -> bool:
    """Whether another program makes YAML, or something else, of the text."""
    if _TEMPLATE.search(document.source) or _MIME.match(file.text):
        return True
    return suffix_of(file.path) == ".json" and _JSON_COMMENT.search(document.source) is not None


def _live(file: TextFile, document: Document) -> str:
    """The document's lines that do not begin in a comment."""
    lines, start = [], document.start
    for line in document.source.splitlines(keepends=True):
        first = start + len(line) - len(line.lstrip())
        if first < len(file.text) and not file.in_comment(first):
            lines.append(line)
        start += len(line)
    return "".join(lines)
