"""`fluxbump init`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from fluxbump.cli.options import ConsoleGroup, EditedRepoOption
from fluxbump.errors import RepositoryError

if TYPE_CHECKING:
    from fluxbump.cli.console import Console
    from fluxbump.git.repository import Repository
    from fluxbump.git.worktree import WorktreeSnapshot
    from fluxbump.run.init_files import Beginning, FirstFile
    from fluxbump.workspace import Session

_REMOTE = "origin"


def init(
    *,
    repo: EditedRepoOption = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="REQUIREMENT",
            help="What your CI gives pip to install fluxbump. Without a version, this one. "
            "[default: where this fluxbump is from, if your CI can reach it]",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show the files. Write nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without a question.")] = False,
    console: ConsoleGroup,
) -> int:
    """Write fluxbump.yaml, a hook, and the workflow of your forge.

    Shows the files first. Asks on a terminal; anywhere else it writes with --yes only. A file that
    is there already stays as it is, and what to add to it is shown.
    """
    from functools import partial

    from fluxbump.cli.workspace import WITH_A_WORKING_TREE, open_session
    from fluxbump.git.repository import Repository
    from fluxbump.run.init_files import first_files

    take = partial(Repository.worktree, instead=WITH_A_WORKING_TREE)
    with open_session(repo, take) as session:
        looked, pinned = _looked(session, _requirement(source))
        files = first_files(looked)
        _show(files, console)
        wanted = [file for file in files if not file.left]
        write = bool(wanted) and not dry_run and (yes or _agreed(len(wanted)))
        if write:
            _write(session.repository, wanted)
        _say_next(wanted, console, wrote=write, pinned=pinned)
    return 0


def _looked(session: Session[WorktreeSnapshot], source: str | None) -> tuple[Beginning, bool]:
    """Read files, remote and pins without an index, and return them with whether a pin is here."""
    from fluxbump.discover.inventory import discover
    from fluxbump.forges.detect import known
    from fluxbump.git.remote_url import parse
    from fluxbump.run.init_files import FIRST, Beginning
    from fluxbump.text.live_code import decode

    snapshot = session.snapshot
    inventory = discover(snapshot, session.settings.scope({}))
    address = session.repository.remote_address(_REMOTE)
    paths = frozenset((*snapshot.paths(), *snapshot.links()))
    beginning = Beginning(
        paths,
        known(parse(address)[0], os.environ) if address else None,
        [chart.name for chart in inventory.charts],
        sorted({found.location.path for found in inventory.unreadable}),
        source,
        session.repository.main_branch(_REMOTE),
        {path: decode(snapshot.read(path)) for path in FIRST if path in snapshot.paths()},
    )
    return beginning, bool(inventory.pins)


def _requirement(source: str | None) -> str | None:
    """Return the requirement for pip: the user's, or that of this installation. None if unknown."""
    from importlib.metadata import PackageNotFoundError, distribution

    from fluxbump.run.pip_requirement import installed_from, pinned
    from fluxbump.version import __version__

    if source is not None:
        return pinned(source, __version__)
    try:
        record = distribution("fluxbump").read_text("direct_url.json")
    except PackageNotFoundError:  # a checkout on the path
        return None
    return installed_from(record, __version__)


def _show(files: Sequence[FirstFile], console: Console) -> None:
    for file in files:
        state = file.left or "new"
        head = (
            f"{file.path} ({state}):" if not file.left or file.by_hand else f"{file.path}: {state}"
        )
        shown = file.text.splitlines() if head.endswith(":") else []
        console.report(head)
        console.result("\n".join([*(f"  {line}".rstrip() for line in shown), "\n"]))


def _agreed(number: int) -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return typer.confirm(f"Write {'this file' if number == 1 else f'these {number} files'}?")


def _write(repository: Repository, files: Sequence[FirstFile]) -> None:
    """Write all files or none. A file that has appeared meanwhile is an error."""
    from fluxbump.system import no_follow
    from fluxbump.system.atomic_replace import write
    from fluxbump.system.replace_recovery import Worktree

    for file in files:
        try:
            no_follow.make_folders(repository.root, file.path)
        except OSError as error:
            raise RepositoryError(
                f"cannot create its folder: {error.strerror}",
                where=file.path,
                facts=["fluxbump wrote no file"],
                hint="create the folder yourself, without a symbolic link",
            ) from error
    write(
        Worktree(repository.root, repository.private),
        {file.path: None for file in files},
        {file.path: file.text.encode() for file in files},
    )


def _say_next(files: Sequence[FirstFile], console: Console, *, wrote: bool, pinned: bool) -> None:
    from fluxbump.cli.output import typed_command
    from fluxbump.model import Step
    from fluxbump.reports.next_steps import typed
    from fluxbump.run.init_files import HOOK

    paths = [file.path for file in files]
    if wrote:
        console.note(f"wrote {', '.join(paths)}")
        where = typed_command.kept("--repo")
        git = ["git", *(["-C", where[-1]] if where else []), "add", "--", *paths]
        now = Step(typed(["fluxbump", "check", *where]), "what the gate says now")
        steps = [
            *([now] if pinned else []),
            Step(typed(git), "stages the files: commit them on a branch, and open a pull request"),
        ]
        if HOOK in paths:
            steps.append(Step("pre-commit install", "switches the hook on in this clone"))
    elif files:
        console.note("fluxbump wrote nothing")
        again = typed_command.again("--yes", flags=("--dry-run", "-n"))
        steps = [Step(again, "writes these files")]
    else:
        console.note("nothing to write")
        steps = (
            typed_command.placed([Step("fluxbump check", "what the gate says now")])
            if pinned
            else []
        )
    if not pinned:
        console.note("no pin of Flux found here: `fluxbump check` needs one")
    if steps:
        console.report("", steps)
