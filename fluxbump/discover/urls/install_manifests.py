"""Defines the URL of the manifest that installs Flux. Pure."""

from __future__ import annotations

from fluxbump.discover.variables import references
from fluxbump.text.patterns import lazy_pattern

PATH = "fluxcd/flux2/releases/"
"""A fixed text that all such URLs contain."""

# Any host: a mirror or a proxy in front of GitHub keeps the path. What may not stand in front is
# looked at last, because a pattern that begins with fixed text is searched for that. A tag is taken
# possessively: it ends where it ends, so a long line is read once.
URL = lazy_pattern(
    rf"{PATH}(?<![\w.-]{PATH})(?:(?P<latest>latest/download)"
    rf"|download/(?P<tag>(?>(?:{references.PIECE}|[^/\s\"'`])+)))/install\.yaml(?![\w-]|\.\w)"
)
"""Matches such a URL; either the group `latest` or the group `tag` has a match."""
