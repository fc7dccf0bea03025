"""Finds the pins that a team adds in `fluxbump.yaml`, by path and key or by regular expression."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from fluxbump.discover.pins.kind import SETTINGS_FILE, Context, CustomPin, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.errors import ConfigError
from fluxbump.model import Location, Pin, Role, Track
from fluxbump.text import bounded_pattern, yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.version_forms import form_of

NAME = "custom"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.CONFIGURED})


def find(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the pins that the configuration adds in this file.

    Raises:
        ConfigError: a regular expression exceeds a limit.
    """
    for custom in context.custom:
        track = context.track_named(custom.track)
        if track is not None and fnmatchcase(file.path, custom.path):
            yield from _by_key(file, custom, track)
            yield from _by_pattern(file, custom, track)


def _by_key(file: TextFile, custom: CustomPin, track: Track) -> Iterator[Pin]:
    if not custom.key:
        return
    for document in file.documents:
        scalar = document.scalar(yaml.get(document.root, *custom.key))
        if scalar is not None:
            yield pin_at(NAME, track, scalar, ".".join(custom.key))


def _by_pattern(file: TextFile, custom: CustomPin, track: Track) -> Iterator[Pin]:
    if not custom.pattern:
        return
    try:
        for first, end in bounded_pattern.found(custom.pattern, "version", file.text):
            form, skip = form_of(file.text[first:end])
            start = first + skip
            where = file.location(start)
            yield Pin(NAME, track, where, start, end, file.text[start:end], form, "configured pin")
    except bounded_pattern.PatternLimitError as limit:
        raise ConfigError(
            f"the pattern {limit.reason}: {file.path}",
            where=Location(SETTINGS_FILE, custom.line),
            hint="make the pattern more exact, and repeat less in it",
        ) from None
