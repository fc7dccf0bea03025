"""Parses the output of `kubectl get … -o json`: one or more lists of objects. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fluxbump.errors import UsageError


def items(text: str, source: str, hint: str) -> list[Mapping[str, Any]]:
    """Return the objects in lists, and single objects.

    kubectl states the kind of each object in a list; the API server itself does not. An object
    without a kind gets that of its list, such as `Deployment` of a `DeploymentList`.

    Args:
        text: JSON documents, one after the other.
        source: the file or cluster that the text comes from, for messages.
        hint: how to make such a text, for messages.

    Raises:
        UsageError: the text is not JSON, or it holds something else than objects and lists.
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
