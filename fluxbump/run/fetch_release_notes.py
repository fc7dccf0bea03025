"""Release notes of Flux, from a forge's releases interface: nice to have, never in the way."""

from __future__ import annotations

import json
from collections.abc import Callable

from fluxbump.system.http.failure import HttpError

MOST = 12
"""Releases whose notes are asked for; the notes of more would not fit into a body."""

_ENOUGH = 2  # failures in a row from the start: then there is no network, or no such interface
_LARGEST = 1 << 20  # bytes of one answer; Flux' own take some 20,000


def fetch(releases: tuple[str, ...], get: Callable[..., bytes], url: str) -> dict[str, str]:
    """Return the notes of those releases that have them; Markdown, not to be trusted.

    Args:
        releases: newest first.
        get: reads a URL, with a limit in bytes; raises HttpError.
        url: what `/vX.Y.Z` is appended to, as docs.github.com/rest/releases has it ("Get a
            release by tag name"), and Gitea too.
    """
    found: dict[str, str] = {}
    failed = 0
    for release in releases[:MOST]:
        if failed == _ENOUGH and not found:
            break  # said in the body: these notes are not available
        try:
            answer = json.loads(get(f"{url}/v{release}", limit=_LARGEST))
        except (HttpError, ValueError, RecursionError):
            failed += 1
            continue
        noted = answer.get("body") if isinstance(answer, dict) else None
        if isinstance(noted, str) and noted.strip():
            found[release] = noted
    return found
