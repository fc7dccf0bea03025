"""Schemas of values that refer to something outside of themselves. Pure.

Helm holds values against `values.schema.json` before it renders, and loads whatever `$ref` names:
a URL over the network, `file:///dev/zero` without end. Proxies do not keep it from that, because
Go asks none for this machine (`net/http`, ProxyFromEnvironment). So the schemas are read here
first, in the chart and in all charts that are packed into it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from fluxbump.errors import IndexSourceError
from fluxbump.helm import archive

_SCHEMA = "values.schema.json"
_PACKED = ".tgz"
_DEEPEST = 8
"""Charts inside charts; one that is deeper is taken for one that refers elsewhere."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_DIALECTS = (
    "http://json-schema.org/",
    "https://json-schema.org/draft/",
    "https://json-schema.org/schema",
)
"""What both libraries that Helm uses have built in, from https://json-schema.org/specification."""


def named_in(path: str, data: bytes, depth: int = 0) -> str | None:
    """Return what a file of a chart makes Helm load from elsewhere, and where that stands.

    Args:
        path: of the file, for people; its name says whether it is a schema or a packed chart.
        data: what it holds.
        depth: how many packed charts it is in.
    """
    if path.casefold().endswith(_SCHEMA):
        reference = _outside(data)
        return f"{path} refers to {reference}" if reference else None
    if not path.endswith(_PACKED):
        return None
    if depth == _DEEPEST:
        return f"{path} is nested too deeply to be read"
    try:
        files = archive.read_files(data)
    except IndexSourceError as error:  # Helm may take what is refused here, such as links
        return f"{path} is {error.message}"
    found = (named_in(f"{path}/{inside}", held, depth + 1) for inside, held in files.items())
    return next((reference for reference in found if reference), None)


def _outside(data: bytes) -> str | None:
    """Return the first reference that leads out of a schema; None when there is none."""
    text = data.decode("utf-8", "replace").lstrip()
    try:
        # Helm reads the first value, and not what follows it.
        schema, _ = json.JSONDecoder().raw_decode(text)
        return next(_references(schema), None)
    except (ValueError, RecursionError):
        return "something unknown, because it is no JSON"


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)
    elif isinstance(schema, Mapping):
        for key, value in schema.items():
            if isinstance(value, str):
                if key in _REFERENCES and not value.startswith("#"):
                    yield value
                if key == "$schema" and not value.startswith(_DIALECTS):
                    yield value
            yield from _references(value)
