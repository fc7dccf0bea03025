"""Fetches release notes of Flux from a forge's API. They are optional: a failure fails no run."""

from __future__ import annotations

import json
from collections.abc import Callable

from fluxbump.system.http.failure import HttpError

MOST = 12
"""The most releases whose notes are fetched. The notes of more would not fit into a body."""

_ENOUGH = 2  # failures in a row from the start: then there is no network, or no such API
_LARGEST = 1 << 20  # bytes of one answer; the answers for Flux have some 20,000


def fetch(releases: tuple[str, ...], get: Callable[..., bytes], url: str) -> dict[str, str]:
    """Return the notes of the releases that have some, by release, as untrusted Markdown.

    Args:
        releases: the releases, newest first.
        get: reads a URL, with a limit in bytes. Raises HttpError.
        url: the URL to which `/vX.Y.Z` is appended, as in docs.github.com/rest/releases ("Get a
            release by tag name"), and in Gitea.
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
