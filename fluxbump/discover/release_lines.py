"""Ranges that stand for one line of releases, such as `2.4.x`, and which comes after one. Pure."""

from __future__ import annotations

from semver import Version

from fluxbump.discover.pins import traits
from fluxbump.model import FLUX, Form, Pin
from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

_PLAIN = lazy_pattern(
    r"(?P<sign>v?)(?P<line>(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8}))(?P<any>\.[xX*])?"
)
"""A line of releases, and nothing else: `2.4.x`, `2.4.*`, `2.4`."""


def moved(pin: Pin, release: str) -> str | None:
    """Return what the range of a pin becomes, which stands for another line of releases then.

    Args:
        pin: that holds a range.
        release: to go to, without a leading `v`.

    Returns:
        None where the range is not that of one line of releases, admits the release, or does not
        stand in its file as it is.
    """
    plain, version = _PLAIN.fullmatch(pin.value), versions.parse(release)
    if plain is None or version is None or not is_line(pin):
        return None
    line = f"{version.major}.{version.minor}"
    return None if line == plain["line"] else f"{plain['sign']}{line}{plain['any'] or ''}"


def is_line(pin: Pin) -> bool:
    """Whether a pin holds the range of one line of releases, which can be replaced in place."""
    as_it_is = pin.end - pin.start == len(pin.value)
    of_releases = pin.kind in traits.TAKES_RANGE and (pin.track, pin.form) == (FLUX, Form.RANGE)
    return of_releases and as_it_is and _PLAIN.fullmatch(pin.value) is not None


def lowest(text: str) -> Version | None:
    """Return a version, or the first release of a line of releases; None for any other text."""
    plain = _PLAIN.fullmatch(text)
    return versions.parse(f"{plain['line']}.0") if plain else versions.parse(text)
