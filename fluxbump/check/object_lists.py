"""What `kubectl get … -o json` prints: lists of objects, one behind the other. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fluxbump.errors import UsageError


def items(text: str, source: str, hint: str) -> list[Mapping[str, Any]]:
    """Return the objects of lists, and objects by themselves.

    The API server itself does not repeat the kind in its lists, kubectl does: where an object has
    none, that of a list such as `DeploymentList` counts.

    Args:
        text: JSON documents, one behind the other.
        source: where it was read, for people.
        hint: how such a text is made.

    Raises:
        UsageError: this is no JSON, or something else than lists of objects.
    """
    try:
        return list(_items(text.strip()))
    except (ValueError, RecursionError):
        raise UsageError(
            "not the state of a cluster: it is not JSON", where=source, hint=hint
        ) from None
    except TypeError as error:
        raise UsageError(f"not the state of a cluster: {error}", where=source, hint=hint) from None


def _items(text: str) -> Iterator[Mapping[str, Any]]:
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        content, end = decoder.raw_decode(text, at)
        at = next((n for n in range(end, len(text)) if not text[n].isspace()), len(text))
        if not isinstance(content, dict):
            raise TypeError("it is not a list")
        listed = content.get("items", [content])
        if not isinstance(listed, list):
            raise TypeError("it is not a list")
        kind = str(content.get("kind", ""))
        default = kind.removesuffix("List") if kind.endswith("List") else None
        for item in listed:
            if not isinstance(item, dict):
                raise TypeError(f"it holds a {type(item).__name__}")
            yield {"kind": default or None, **item}
