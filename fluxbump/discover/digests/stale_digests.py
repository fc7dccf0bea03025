"""A digest that belongs to the release which a bump leaves, and cannot be replaced. Pure."""

from __future__ import annotations

from fluxbump.errors import HalfBumpError
from fluxbump.model import Pin, Related


def stays(pin: Pin, why: str) -> HalfBumpError:
    """Make the error that a digest stops a bump with.

    Args:
        pin: that holds the digest.
        why: no new one is known, as the end of a sentence about it.
    """
    message = f"the {pin.subject} {why}"
    return HalfBumpError(
        message,
        where=pin.location,
        hint="set it by hand, and exclude the file in fluxbump.yaml",
        places=[Related(pin.location, message)],
    )
