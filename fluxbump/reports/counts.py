"""What a bump changes, counted. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fluxbump.bump.prepared_bump import Prepared
    from fluxbump.model import Snapshot


def counted(prepared: Prepared[Snapshot]) -> str:
    """Count what a bump changes: `13 pins in 11 files, 3 mapping rows`."""
    pins = [change.pin.location.path for change in prepared.plan.changes]
    moves = prepared.migration.moves if prepared.migration else ()
    fixed = [done for fixing in prepared.fixings for done in fixing.done]
    parts = [
        f"{_count(len(pins), 'pin')} in {_count(len({*pins}), 'file')}",
        *([_count(len(prepared.rows), "mapping row")] if prepared.rows else []),
        *([_count(len(moves), "manifest")] if moves else []),
        *([_count(len(fixed), "setting")] if fixed else []),
    ]
    return ", ".join(parts)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
