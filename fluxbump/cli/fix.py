"""Reads the option `--fix`, and fixes settings in the working tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxbump.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from fluxbump.bump.fixes import Fix
    from fluxbump.cli.console import Console


def chosen(names: str) -> tuple[Fix, ...]:
    """Return the fixes that the text of `--fix` names, in its order.

    Raises:
        UsageError: a name is not that of a fix.
    """
    if not names:
        return ()
    from fluxbump.bump.fixes import Fix

    asked = [name.strip() for name in names.split(",") if name.strip()]
    known = [fix.value for fix in Fix]
    for name in asked:
        if name not in known:
            raise UsageError(
                f"--fix does not know {name!r}", hint=f"it knows {' and '.join(known)}"
            )
    return tuple(Fix(name) for name in asked)


def fix_worktree(repo: Path | None, asked: tuple[Fix, ...], console: Console) -> None:
    """Fix settings in the working tree, all files or none, and print a line for each.

    Raises:
        FluxbumpError: a setting cannot be fixed with certainty, or a file cannot be written.
    """
    from fluxbump.bump import fixes
    from fluxbump.cli.workspace import open_session
    from fluxbump.discover.inventory import discover
    from fluxbump.git.overlay_snapshot import ChangeSet
    from fluxbump.git.repository import Repository
    from fluxbump.system.atomic_replace import write
    from fluxbump.system.replace_recovery import Worktree

    with open_session(repo, Repository.editable) as here:
        scope = here.settings.scope({})
        inventory = discover(here.snapshot, scope)
        fixings = list(fixes.fix_all(inventory, asked, scope))
        after: dict[str, bytes | None] = {}
        for fixing in fixings:
            after |= fixing.changes.files
        changes = ChangeSet(after)
        if changes.files:
            before = {path: here.snapshot.read(path) for path in after}
            write(Worktree(here.repository.root, here.repository.private), before, changes.files)
    done = [fixed for fixing in fixings for fixed in fixing.done]
    for fixed in done:
        console.line(f"fluxbump: fixed {fixed.location}: {fixed.message}")
    if not done:
        console.note("no setting has to be fixed")
