"""The formats of `fluxbump check`. A new format is one module here, and a few lines below.

Each is imported when it is asked for: all of them cost more than the rules take to run.
"""

from __future__ import annotations

from collections.abc import Callable

from fluxbump.reports.formats.format import Format


def _text() -> Format:
    from fluxbump.reports.formats import text

    return text


def _json() -> Format:
    from fluxbump.reports.formats import json

    return json


def _sarif() -> Format:
    from fluxbump.reports.formats import sarif

    return sarif


def _junit() -> Format:
    from fluxbump.reports.formats import junit

    return junit


def _github() -> Format:
    from fluxbump.reports.formats import github

    return github


def _markdown() -> Format:
    from fluxbump.reports.formats import markdown

    return markdown


def _html() -> Format:
    from fluxbump.reports.formats import html

    return html


FORMATS: dict[str, Callable[[], Format]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
    "markdown": _markdown,
    "html": _html,
}
"""What loads each format, by the name that `--format` takes."""
