"""Validates values of the mapping `run` in `fluxbump.yaml` that types cannot describe. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from fluxbump.config import schedule
from fluxbump.config.settings import Policy
from fluxbump.config.validation import Problem, refusals
from fluxbump.text import version_ranges


def problems(policy: Policy) -> Iterator[Problem]:
    """Yield the problems of the mapping `run`."""
    yield from refusals(("run", "range"), policy.range, version_ranges.parse)
    for number, text in enumerate(policy.ignore):
        yield from refusals(("run", "ignore", number), text, version_ranges.parse)
    for number, text in enumerate(policy.schedule):
        yield from refusals(("run", "schedule", number), text, schedule.parse)
    yield from refusals(("run", "timezone"), policy.timezone, schedule.zone)
    yield from refusals(("run", "forge_url"), policy.forge_url, require_web_address)
    yield from refusals(("run", "release_notes"), policy.release_notes, require_web_address)


def require_web_address(text: str) -> None:
    """Require a plain http or https URL, without a password, a query or a fragment.

    Raises:
        ValueError: the text is no such URL. The message never quotes it, as it may hold a token.
    """
    try:
        parts = urlsplit(text)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if not port_is_valid or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a URL (such as https://git.example.org)")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("holds more than a URL (put a token in the environment)")
