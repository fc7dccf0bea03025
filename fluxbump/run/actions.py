"""What a run can do about pull requests, and what it is told for that. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.forges.forge import PullRequest
from fluxbump.run.pull_request.boxes import Box
from fluxbump.run.pull_request.state import SavedState

# --- what is given ----------------------------------------------------------------------------


class WantedRequest(Struct, frozen=True):
    """The proposal that should be open.

    Attributes:
        release: that it proposes.
        branch: that it comes from.
        base_branch: that it goes to.
        base: the commit of the base branch that it stands on.
        tree: of the commit that the branch should hold.
        patch: sha256 of the patch from `base`, hexadecimal.
        digest: sha256 of what title and body say, hexadecimal; see `body.digest`.
    """

    release: str
    branch: str
    base_branch: str
    base: str
    tree: str
    patch: str
    digest: str


class Tip(Struct, frozen=True):
    """Where a branch of the remote is.

    Attributes:
        sha: of the commit.
        ours: nothing is lost if we replace or delete it: a pull request that we opened records it,
            or it holds what is wanted now and is marked.
        tree: of the commit; empty when it is not known.
        base: its first parent; empty when it is not known.
        conflicted: it does not merge into the base; False if nobody asked.
        marked: its trailer names its own tree, as in every commit of a run. Anybody can write that,
            and a fast-forward copies it, so by itself it decides nothing.
    """

    sha: str
    ours: bool
    tree: str = ""
    base: str = ""
    marked: bool = False
    conflicted: bool = False


class KnownRequest(Struct, frozen=True):
    """A pull request, and what its body says of itself.

    Attributes:
        request: as the forge has it.
        state: that a run wrote; None when there is none.
        asked: the boxes in it that a person ticked; none without a state.
    """

    request: PullRequest
    state: SavedState | None = None
    asked: frozenset[Box] = frozenset()

    def without(self, mark: str) -> KnownRequest:
        """Return it as if a mark were not in what its state tells."""
        if self.state is None:
            return self
        told = tuple(word for word in self.state.told if word != mark)
        return replace(self, state=replace(self.state, told=told))


class ForgeState(Struct, frozen=True):
    """What the forge and the remote have.

    Attributes:
        open: the open pull requests whose branch has our prefix.
        past: closed and merged ones of the wanted branch, and of every branch in `branches` that
            has no open one.
        branches: the branches of the remote with our prefix, and the wanted one.
        current: the release that the base holds; None when it does not say.
        locked: branches that are never pushed to nor deleted, whoever made them, with the reason.
        closed_can_change: the forge lets the body of a closed pull request change.
    """

    open: tuple[KnownRequest, ...] = ()
    past: tuple[KnownRequest, ...] = ()
    branches: Mapping[str, Tip] = field(default_factory=dict)
    current: str | None = None
    locked: Mapping[str, str] = field(default_factory=dict)
    closed_can_change: bool = True


# --- what is to be done -----------------------------------------------------------------------


class ActionReason(StrEnum):
    """Why we close a pull request, or delete a branch."""

    NEWER = "newer"
    """A newer release is proposed instead."""
    POLICY = "policy"
    """An older release is proposed instead: policy or rules no longer lead to this one."""
    REACHED = "reached"
    """The base holds the release, or a newer one."""
    DUPLICATE = "duplicate"
    """Another pull request of the same branch is open."""
    MERGED = "merged"
    """The branch was merged."""


class Push(Struct, frozen=True):
    """Push our commit to a branch.

    Attributes:
        branch: of the remote.
        expected: its tip, or nothing is pushed; None when there must be no such branch.
    """

    branch: str
    expected: str | None


class Open(Struct, frozen=True):
    """Open the pull request of a branch that was pushed."""

    branch: str


class Refresh(Struct, frozen=True):
    """Bring an open pull request up to date: its branch, its title and its body.

    Attributes:
        number: of the pull request.
        branch: of the remote.
        expected: its tip, or nothing is pushed; None when there must be no such branch.
        push: our commit has to be pushed first.
        asked: a person asked for it, and gets an answer.
    """

    number: int
    branch: str
    expected: str | None
    push: bool
    asked: bool = False


class Supersede(Struct, frozen=True):
    """Close a pull request of ours: say in its state by what, delete, comment once, close.

    In this order, since a run can end anywhere, and several can do it at once: the one that deletes
    the branch comments. The state tells that no person closed it, and that
    the comment was made, or its turn had come. That it is closed is written by the call that closes
    it, so an open one that says so was opened again by a person.

    Attributes:
        number: of the pull request.
        branch: that it comes from.
        tip: where the branch has to be to be deleted; None when it is not to be deleted.
        by: the release that takes its place.
        why: for the comment.
    """

    number: int
    branch: str
    tip: str | None
    by: str
    why: ActionReason


class SetAutoMerge(Struct, frozen=True):
    """Have the forge merge it when its checks have passed; note `AUTO_MERGE` as told."""

    number: int


class TellPushed(Struct, frozen=True):
    """Comment that a person pushed to the branch and that we leave it; note `PUSHED` as told."""

    number: int


class TellDeclined(Struct, frozen=True):
    """Comment that a person's close is honored, and how to come back; note `DECLINED` as told."""

    number: int


class TellReopened(Struct, frozen=True):
    """Clear the box of a closed pull request by which a person asked to open its release again.

    Attributes:
        number: of the closed one.
    """

    number: int


class DeleteBranch(Struct, frozen=True):
    """Delete a branch, if it is still at `tip`."""

    branch: str
    tip: str
    why: ActionReason


class Leave(Struct, frozen=True):
    """Do nothing, and say why in the report.

    Attributes:
        number: of the pull request; None when it is about something else.
        reason: one sentence.
    """

    number: int | None
    reason: str


Action = (
    Push
    | Open
    | Refresh
    | Supersede
    | SetAutoMerge
    | TellPushed
    | TellDeclined
    | TellReopened
    | DeleteBranch
    | Leave
)


def left_to_another_run(action: Action, *, opens: bool) -> Leave | None:
    """Return what takes the place of an action in a run that leaves it to another run.

    Args:
        action: what was planned.
        opens: the forge opens a second pull request of a branch, if two runs ask in one moment.

    Returns:
        None for an action that two runs at once cannot do twice: git deletes a branch once.
    """
    match action:
        case Push(branch) if opens:
            return Leave(None, f"another run pushes {branch}")
        case Open(branch) if opens:
            return Leave(None, f"another run opens the pull request of {branch}")
        case (
            TellPushed(number)
            | TellDeclined(number)
            | TellReopened(number)
            | Refresh(number, asked=True)
            | Supersede(number, tip=None)
        ):
            return Leave(number, "another run answers it")
    return None
