"""Notes uncommitted pins and configuration, which a command that reads HEAD ignores."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from fluxbump.cli.console import Console
    from fluxbump.helm.chart_releases import ChartIndex
    from fluxbump.model import Inventory, Snapshot
    from fluxbump.workspace import Session

_FEW = 2
_HEAD = "HEAD"


def say_what_differs(
    session: Session[Snapshot],
    inventory: Inventory,
    index: ChartIndex | None,
    console: Console,
    instead: str,
    *,
    touched: Collection[str] = (),
) -> None:
    """Print one line if the answer for the working tree can differ from that for HEAD.

    Args:
        session: the repository and its snapshot. If that is not HEAD, nothing is printed.
        inventory: the pins of the snapshot.
        index: the chart index. None if it is not available.
        console: takes the line.
        instead: the command that reads the working tree.
        touched: the files of which any change counts.
    """
    if console.quiet or session.snapshot.name != _HEAD or session.repository.clean:
        return
    differing = _differing(session, inventory, index)
    paths = [*dict.fromkeys([*differing, *session.repository.modified(touched)])]
    if paths:
        more = f" and {len(paths) - _FEW} more" if len(paths) > _FEW else ""
        shown = ", ".join(paths[:_FEW])
        console.note(f"uncommitted changes in {shown}{more} are ignored ({instead})")


def _differing(
    session: Session[Snapshot], inventory: Inventory, index: ChartIndex | None
) -> list[str]:
    """Return the files whose pins differ, with the configuration first if it differs."""
    from fluxbump.config.settings import FILE
    from fluxbump.discover.inventory import discover
    from fluxbump.errors import FluxbumpError
    from fluxbump.flux import releases
    from fluxbump.workspace import settings_of

    worktree = session.repository.worktree()
    try:
        settings = settings_of(worktree)
        configured = settings != session.settings
        scope = settings.scope(releases.app_versions(releases.known(index)) if index else {})
        there = _pinned(discover(worktree, scope))
    except FluxbumpError:  # it cannot be read in the working tree, so it differs from HEAD
        return [FILE]
    here = _pinned(inventory)
    return [*([FILE] if configured else []), *sorted({path for path, *_ in here ^ there})]


def _pinned(inventory: Inventory) -> frozenset[tuple[str, str, str, str]]:
    return frozenset(_row(inventory))


def _row(inventory: Inventory) -> Iterable[tuple[str, str, str, str]]:
    for pin in inventory.pins:
        yield pin.location.path, pin.kind, str(pin.track), f"{pin.form}{pin.value}"
