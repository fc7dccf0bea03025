"""The limits of time and retries for requests."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime

from msgspec import Struct


class Patience(Struct, frozen=True):
    """How long to wait for answers, in seconds, and how often to try.

    Attributes:
        connect: the limit for a connection.
        read: the limit for the next part of an answer.
        total: the limit for one request, with its attempts and pauses.
        attempts: the number of attempts for one request.
        pause: the longest pause before the second attempt; it doubles before each further one.
        longest: the longest pause that a server may ask for.
    """

    connect: float = 10.0
    read: float = 20.0
    total: float = 120.0
    attempts: int = 4
    pause: float = 1.0
    longest: float = 30.0

    def before(self, attempt: int) -> float:
        """Return the seconds to pause after a failed attempt, randomized to spread many clients.

        Args:
            attempt: the number of the attempt; the first is 1.
        """
        spread = random.uniform(0.5, 1.0)  # noqa: S311  # not a secret
        return self.pause * float(2 ** (attempt - 1)) * spread


class Later(Struct, frozen=True):
    """A failure after which another attempt may succeed.

    Attributes:
        wait: seconds that the server asks to wait; None if it does not say.
        untouched: whether the server has certainly done nothing, so that any request can be
            repeated.
    """

    wait: float | None = None
    untouched: bool = False


def retry_after(value: str, now: float) -> float | None:
    """Return the seconds to wait that a `Retry-After` header asks for (RFC 9110, 10.2.3).

    Args:
        value: the header's value: seconds or a date.
        now: the time in seconds since the epoch.

    Returns:
        None if the value is neither.
    """
    value = value.strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None
