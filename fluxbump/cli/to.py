"""`fluxbump to VERSION`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from fluxbump.cli.options import (
    AllowDowngradeOption,
    BumpFormat,
    BumpOption,
    BumpOptions,
    BumpSourcesGroup,
    ConsoleGroup,
    DryRunOption,
    FixOption,
    FormatOption,
    LeaveGotkOption,
    NoMentionsOption,
    RenderOption,
    RepoOption,
    RevOption,
    RiskGroup,
)
from fluxbump.cli.output import bump_output
from fluxbump.cli.output.bump_output import How
from fluxbump.cli.shell import completion
from fluxbump.cli.shell.option_groups import Flat, OptionGroup
from fluxbump.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fluxbump.bump import bump
    from fluxbump.bump.deliver import Delivered
    from fluxbump.bump.prepared_bump import Prepared, Request
    from fluxbump.cli.console import Console
    from fluxbump.git.objects import CommitSnapshot
    from fluxbump.git.repository import Repository
    from fluxbump.model import Step
    from fluxbump.reports.table import Paint
    from fluxbump.workspace import Session

_FAILED_CHECK = 1
_REMOTE = "origin"


class Delivery(Struct, frozen=True):
    """The place that a bump is written to: a branch, or the working tree.

    Attributes:
        in_place: whether the bump edits the working tree.
        checkout: whether the branch is checked out afterwards.
        force: whether a branch of the same name is replaced.
    """

    in_place: bool
    checkout: bool
    force: bool


_DELIVERY = OptionGroup(
    Delivery,
    in_place=Flat(
        Annotated[
            bool,
            typer.Option(
                "--in-place", help="Edit the working tree. Create no branch and no commit."
            ),
        ],
        default=False,
    ),
    checkout=Flat(
        Annotated[bool, typer.Option("--checkout", help="Switch to the branch afterwards.")],
        default=False,
    ),
    force=Flat(
        Annotated[
            bool,
            typer.Option(
                "--force", help="Replace an existing branch, and keep its old tip under a ref."
            ),
        ],
        default=False,
    ),
)
_ASKED = OptionGroup(
    BumpOptions,
    chart_version=Flat(
        Annotated[
            str | None,
            typer.Option(
                "--chart-version", metavar="X.Y.Z", help="Take this chart of the release."
            ),
        ],
        before="in_place",
    ),
    bump=Flat(BumpOption, before="in_place"),
    allow_downgrade=Flat(AllowDowngradeOption, default=False),
    align=Flat(
        Annotated[
            bool,
            typer.Option(
                "--align", help="Set places that disagree about the release to one version."
            ),
        ],
        default=False,
    ),
    operator=Flat(
        Annotated[
            str | None,
            typer.Option(
                "--operator",
                metavar="X.Y.Z",
                help="Move flux-operator too: its charts and its artifact. [default: they stay]",
            ),
        ]
    ),
    no_mentions=Flat(NoMentionsOption, default=False),
    migrate_apis=Flat(
        Annotated[
            bool,
            typer.Option(
                "--migrate-apis",
                help="First move manifests off API versions that the release removes or "
                "deprecates.",
            ),
        ],
        default=False,
    ),
    fix=Flat(FixOption, default=""),
    leave_gotk=Flat(LeaveGotkOption, default=False, before="accept_risk"),
)


def to(
    version: Annotated[
        str | None,
        typer.Argument(
            autocompletion=completion.releases,
            help="A Flux release (2.5.1), a line (2.5), latest, or latest-safe. Leave it out to "
            "move flux-operator alone, with --operator.",
        ),
    ] = None,
    *,
    repo: RepoOption = None,
    rev: RevOption = "HEAD",
    dry_run: DryRunOption = False,
    output: FormatOption = BumpFormat.TEXT,
    delivery: Annotated[Delivery, _DELIVERY],
    asked: Annotated[BumpOptions, _ASKED],
    render: RenderOption = False,
    risk: RiskGroup,
    sources: BumpSourcesGroup,
    console: ConsoleGroup,
) -> int:
    """Move every pin to a Flux release, in one commit on a branch.

    fluxbump does not change the working tree, the index, or the current branch, except with
    --in-place or --checkout. It finds the chart that ships the release. With --migrate-apis or
    --fix, it first moves manifests or fixes settings, each in a commit of its own. It replaces
    a gotk-components.yaml as a whole, with the manifests of --releases or --flux.
    """
    from fluxbump.cli.bump_request import request
    from fluxbump.cli.output.local_changes import say_what_differs
    from fluxbump.cli.workspace import open_session
    from fluxbump.git.repository import Repository
    from fluxbump.workspace import at

    if delivery.in_place:
        from fluxbump.cli import in_place as edit

        _require_no_branch(rev, delivery)
        with open_session(repo, Repository.editable, sources) as here:
            wanted = request(version, asked, risk, here.settings)
            return edit.run(here, wanted, console, render=render, output=output, dry_run=dry_run)
    with open_session(repo, at(rev), sources) as session:
        wanted = request(version, asked, risk, session.settings)
        prepared = _prepared(session, wanted, console, render=render)
        nothing_written = dry_run or output is BumpFormat.PATCH
        result = None if nothing_written else _delivered(session.repository, prepared, delivery)
        steps = _steps(prepared, result, session.repository)
        done = f"fluxbump made the branch {prepared.branch}"
        how = How(version, dry_run, "fluxbump created no branch", steps, done)
        _print(prepared, result, output, console, how)
        say_what_differs(
            session,
            prepared.inventory,
            prepared.index,
            console,
            "fluxbump to --in-place takes them along",
            touched=() if prepared.empty else prepared.changes.files,
        )
        if delivery.checkout and result is not None:
            session.repository.switch(prepared.branch)
            console.note(f"switched to {prepared.branch}")
    return 0 if prepared.passed else _FAILED_CHECK


def _prepared(
    session: Session[CommitSnapshot], request: Request, console: Console, *, render: bool
) -> Prepared:
    from fluxbump.bump import bump
    from fluxbump.check.repository_state import read_state

    console.progress("reading the chart index and the repository …")
    state = read_state(session, request.known, compare=render)
    rendering = _rendering(session) if render else None
    prepared = bump.prepare(session, state, request, render=rendering)
    console.progress("")
    console.say_index(state.index)
    return prepared


def _rendering(session: Session[CommitSnapshot]) -> bump.Rendering:
    from fluxbump.check.rendering.renderer import renderer

    return partial(renderer, session)


def _delivered(repository: Repository, prepared: Prepared, delivery: Delivery) -> Delivered | None:
    """Create the branch. None if there is nothing to do, or if the checks refuse the bump."""
    from fluxbump.bump.deliver import deliver

    if prepared.empty:
        return None
    if delivery.checkout:
        repository.require_switchable(prepared.branch, prepared.base, prepared.changes)
    return deliver(repository, prepared, force=delivery.force) if prepared.passed else None


def _require_no_branch(rev: str, delivery: Delivery) -> None:
    given = {"--rev": rev != "HEAD", "--checkout": delivery.checkout, "--force": delivery.force}
    for option, named in given.items():
        if named:
            raise UsageError(
                f"--in-place and {option} exclude each other",
                hint="--in-place edits the working tree as it is, and makes no branch",
            )


def _print(
    prepared: Prepared,
    result: Delivered | None,
    output: BumpFormat,
    console: Console,
    how: How,
) -> None:
    def as_json(steps: Sequence[Step]) -> str:
        from fluxbump.reports.result_json import bump as bump_json

        return bump_json.bump(prepared, result, steps)

    def outcome(paint: Paint) -> bump_output.Came:
        from fluxbump.reports import text
        from fluxbump.reports.bump_patches import patches
        from fluxbump.reports.counts import counted

        if how.dry_run:
            note = f"dry run: {counted(prepared)} ({how.not_done} {prepared.branch})"
            return bump_output.Came(patches(prepared, paint), note)
        if result is None:
            return bump_output.Came()
        return bump_output.Came(text.delivered(prepared, result, paint))

    bump_output.say(prepared, output, console, as_json=as_json, outcome=outcome, how=how)


def _steps(prepared: Prepared, result: Delivered | None, repository: Repository) -> Sequence[Step]:
    from fluxbump.cli.output import bump_steps

    if result is None:
        return bump_steps.shown()
    root = repository.root if not repository.bare else repository.private
    here = None if _is_inside(root) else str(root)
    remote = _REMOTE if repository.remote_address(_REMOTE) else None
    return bump_steps.made(prepared, result, here, remote)


def _is_inside(root: Path) -> bool:
    try:
        return Path.cwd().is_relative_to(root.resolve())
    except FileNotFoundError:  # the directory that we were in is gone
        return False
