"""Find value schemas of charts that make Helm load files or URLs from elsewhere. Pure.

Helm checks values against `values.schema.json` before it renders, and loads whatever `$ref` names:
a URL over the network, or `file:///dev/zero` without end. Proxies do not prevent that, because Go
uses none for this machine (`net/http`, ProxyFromEnvironment). So the schemas are read here first,
in the chart and in all charts that are packed into it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from fluxbump.errors import IndexSourceError
from fluxbump.helm import archive

_SCHEMA = "values.schema.json"
_PACKED = ".tgz"
_DEEPEST = 8
"""The deepest level of charts inside charts; a deeper one counts as one that refers elsewhere."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_DIALECTS = (
    "http://json-schema.org/",
    "https://json-schema.org/draft/",
    "https://json-schema.org/schema",
)
"""The dialects that both of Helm's libraries have built in.

Source: https://json-schema.org/specification.
"""


def named_in(path: str, data: bytes, depth: int = 0) -> str | None:
    """Return why and where a file of a chart makes Helm load from elsewhere; None if it does not.

    Args:
        path: the file's path, for messages; the name tells whether it is a schema or a packed
            chart.
        data: the file's bytes.
        depth: the number of packed charts around the file.
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
    """Return the first reference to something outside of a schema; None if there is none."""
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
