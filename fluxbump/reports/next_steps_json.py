"""The commands to type next as JSON. Pure; apart, since its types are slow to import."""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import TypedDict

from fluxbump.model import Step


class NextJson(TypedDict):
    """A command to type next, as a POSIX shell reads it, and what it is for."""

    command: str
    why: str


def next_json(steps: Iterable[Step]) -> list[NextJson]:
    """Say what to type next."""
    return [{"command": step.command, "why": step.why} for step in steps]
