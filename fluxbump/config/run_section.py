"""What the types alone cannot say of the mapping `run` in `fluxbump.yaml`. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from fluxbump.config import schedule
from fluxbump.config.settings import Policy
from fluxbump.config.validation import Problem, refusals
from fluxbump.text import version_ranges


def problems(policy: Policy) -> Iterator[Problem]:
    """Yield what is wrong with the mapping `run`."""
    yield from refusals(("run", "range"), policy.range, version_ranges.parse)
    for number, text in enumerate(policy.ignore):
        yield from refusals(("run", "ignore", number), text, version_ranges.parse)
    for number, text in enumerate(policy.schedule):
        yield from refusals(("run", "schedule", number), text, schedule.parse)
    yield from refusals(("run", "timezone"), policy.timezone, schedule.zone)
    yield from refusals(("run", "forge_url"), policy.forge_url, require_web_address)
    yield from refusals(("run", "release_notes"), policy.release_notes, require_web_address)


def require_web_address(text: str) -> None:
    """Refuse what is no plain address of a web server.

    Raises:
        ValueError: it is none, or holds more; the message never quotes it.
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
