"""How long to wait, and how often to try."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime

from msgspec import Struct


class Patience(Struct, frozen=True):
    """How long to wait, in seconds, and how often to try.

    Attributes:
        connect: for a connection.
        read: for the next piece of an answer.
        total: for one request, attempts and pauses included.
        attempts: how often one request is made before it is given up.
        pause: at most, before the second attempt; doubled before each further one.
        longest: the longest pause that a server may ask for.
    """

    connect: float = 10.0
    read: float = 20.0
    total: float = 120.0
    attempts: int = 4
    pause: float = 1.0
    longest: float = 30.0

    def before(self, attempt: int) -> float:
        """Return the pause after `attempt`, which failed; spread, so that many do not come at once.

        Args:
            attempt: the first is 1.
        """
        spread = random.uniform(0.5, 1.0)  # noqa: S311  # not a secret
        return self.pause * float(2 ** (attempt - 1)) * spread


class Later(Struct, frozen=True):
    """A failure that may pass.

    Attributes:
        wait: seconds that the server asks to wait; None if it does not say.
        untouched: the server has done nothing, so any request can be made again.
    """

    wait: float | None = None
    untouched: bool = False


def retry_after(value: str, now: float) -> float | None:
    """Return the seconds that a `Retry-After` asks to wait (RFC 9110, 10.2.3).

    Args:
        value: of the header; seconds or a date.
        now: seconds since the epoch.

    Returns:
        None when it says neither.
    """
    value = value.strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None
