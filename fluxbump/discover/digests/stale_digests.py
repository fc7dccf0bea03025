"""Makes the error about a digest of the old release that cannot be replaced. Pure."""

from __future__ import annotations

from fluxbump.errors import HalfBumpError
from fluxbump.model import Pin, Related


def stays(pin: Pin, why: str) -> HalfBumpError:
    """Return the error about a digest that stops a bump.

    Args:
        pin: the pin of the digest.
        why: the reason, as the end of a sentence whose subject is the digest.
    """
    message = f"the {pin.subject} {why}"
    return HalfBumpError(
        message,
        where=pin.location,
        hint="set it by hand, and exclude the file in fluxbump.yaml",
        places=[Related(pin.location, message)],
    )
