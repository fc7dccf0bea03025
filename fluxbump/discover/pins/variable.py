"""A variable that an install URL or a chart takes its version from, where it is set."""

from __future__ import annotations

from collections.abc import Iterable

from fluxbump.discover.pins.kind import Context
from fluxbump.discover.variables import follow
from fluxbump.model import Pin, Role
from fluxbump.text.live_code import TextFile

NAME = follow.NAME
ROLE = Role.INSTALLS


def find(file: TextFile, context: Context) -> Iterable[Pin]:
    """Yield the assignments that others follow to this file."""
    return context.followed.pins.get(file.path, ())
