"""Pins that `fluxbump.yaml` adds, by path and key or by regular expression."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from fluxbump.discover.pins.kind import Context, CustomPin, pin_at
from fluxbump.model import Pin, Role, Track
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.version_forms import form_of

NAME = "custom"
ROLE = Role.INSTALLS


def find(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the pins that the configuration adds in this file."""
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
    if custom.pattern is None:
        return
    for match in custom.pattern.finditer(file.text):
        form, skip = form_of(match["version"])
        start, end = match.start("version") + skip, match.end("version")
        where = file.location(start)
        yield Pin(NAME, track, where, start, end, file.text[start:end], form, "configured pin")
