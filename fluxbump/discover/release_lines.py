"""Finds ranges that mean one line of releases, such as `2.4.x`, which a bump can replace. Pure."""

from __future__ import annotations

from semver import Version

from fluxbump.discover.pins import traits
from fluxbump.model import FLUX, Form, Pin
from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

_PLAIN = lazy_pattern(
    r"(?P<sign>v?)(?P<line>(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8}))(?P<any>\.[xX*])?"
)
"""Matches a text that is a line of releases and nothing else: `2.4.x`, `2.4.*`, `2.4`."""


def moved(pin: Pin, release: str) -> str | None:
    """Return the new range of a pin that holds a line of releases, in the same spelling.

    Args:
        pin: holds a range.
        release: the release that the bump leads to, without a leading `v`.

    Returns:
        None if the range is more than one line of releases, already admits the release, or is
        written in the file in another way, so that it cannot be replaced in place.
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
