"""Computes and writes a bump of the working tree: all files or none, not staged or committed.

The bump starts from the files in the working tree, because some pins may have moved there
already. The result is compared with HEAD, because that is what clusters run.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.bump import bump
from fluxbump.bump.bump import Rendering
from fluxbump.bump.prepared_bump import Prepared, Request
from fluxbump.check.repository_state import read_state
from fluxbump.discover.inventory import discover
from fluxbump.discover.scope import Scope
from fluxbump.errors import Again, RepositoryError
from fluxbump.flux import releases
from fluxbump.git.overlay_snapshot import ChangeSet, Overlay
from fluxbump.git.repository import Repository
from fluxbump.git.worktree import EditableWorktree
from fluxbump.model import Chart, Location, Note, Step
from fluxbump.system import atomic_replace
from fluxbump.system.replace_recovery import Worktree
from fluxbump.workspace import Session


class Written(Struct, frozen=True):
    """The paths that a bump has written in the working tree.

    Attributes:
        replaced: the files that have new content.
        created: the files that did not exist before.
        removed: the files that the bump deleted.
        unclean: the replaced or removed files whose content before was not in the index, so that
            git cannot restore it.
    """

    replaced: tuple[str, ...]
    created: tuple[str, ...]
    removed: tuple[str, ...]
    unclean: frozenset[str]


def prepare(
    session: Session[EditableWorktree], request: Request, *, render: Rendering | None = None
) -> Prepared[EditableWorktree]:
    """Compute a bump of the working tree in memory, as `bump.prepare` does.

    Args:
        session: the working tree, and the sources of facts.
        request: the bump that the user asked for.
        render: gives the renderer of wrapper charts. None renders nothing.

    Raises:
        FluxbumpError: a stage cannot go on. The class of the error depends on the stage.
        RepositoryError: a file that pins Flux is not in the working tree, or holds conflicts.
    """
    repository, base = session.repository, session.snapshot
    since = repository.snapshot(base.commit, "HEAD") if base.commit else None
    state = read_state(session, request.known, since, compare=render is not None)
    prepared = bump.prepare(session, state, request, render=render)
    scope = session.settings.scope(releases.app_versions(releases.known(prepared.index)))
    _require_seen(repository, base, scope)
    return replace(prepared, notes=(*prepared.notes, *_ignored(base, prepared)))


def _require_seen(repository: Repository, base: EditableWorktree, scope: Scope) -> None:
    unseen = base.unseen()
    if not unseen:
        return
    hidden = dict(repository.staged().read_many(unseen))
    inventory = discover(Overlay(base, ChangeSet(hidden)), scope)
    for pin in inventory.pins:
        if pin.location.path in hidden:
            raise RepositoryError(
                f"{pin.subject} holds {pin.value}, and the working tree does not show this file",
                where=pin.location,
                facts=["a sparse checkout or a working-tree-encoding hides it"],
                next=[
                    Step("git sparse-checkout disable", "shows the file"),
                    Again(why="makes a branch, which needs no file", drop=("--in-place",)),
                ],
            )


def _ignored(base: EditableWorktree, prepared: Prepared[EditableWorktree]) -> list[Note]:
    """Note the files that git ignores and a local `helm dependency build` has written."""
    rewritten = {change.pin.location.path for change in prepared.plan.changes}
    return [
        Note(
            Location(path, 1),
            "git ignores it, so fluxbump does not change it",
            advice=f"Run `helm dependency update {chart.directory.rstrip('/') or '.'}`",
        )
        for chart in prepared.inventory.charts
        if chart.path in rewritten
        for path in (*base.ignored(f"{chart.directory}Chart.lock"), *_vendored(base, chart))
    ]


def _vendored(base: EditableWorktree, chart: Chart) -> list[str]:
    ignored = base.ignored_below(f"{chart.directory}charts/")
    return [path for path in ignored if path.endswith((".tgz", "/Chart.yaml"))]


def deliver(repository: Repository, prepared: Prepared[EditableWorktree]) -> Written:
    """Write all files of the bump into the working tree, or none.

    Raises:
        RepositoryError: a file has changed since the bump was computed, or cannot be written. The
            working tree is unchanged then.
    """
    after = prepared.changes.files
    held = set(prepared.base.paths())
    before = {path: prepared.base.read(path) if path in held else None for path in after}
    unclean = repository.unstaged(path for path, data in before.items() if data is not None)
    atomic_replace.write(Worktree(repository.root, repository.private), before, after)
    return Written(
        replaced=tuple(sorted(p for p in after if after[p] is not None and p in held)),
        created=tuple(sorted(p for p in after if p not in held)),
        removed=tuple(sorted(p for p in after if after[p] is None)),
        unclean=frozenset(unclean),
    )
