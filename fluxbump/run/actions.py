"""The values that `reconcile` plans with: the state of the forge, and the actions. Pure."""

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
    """The pull request that should be open.

    Attributes:
        release: the release that it moves to.
        branch: the name of its branch.
        base_branch: the name of the branch that it goes to.
        base: the id of the base branch's commit that the bump was computed on.
        tree: the id of the git tree that the branch should hold.
        patch: the sha256 of the patch from `base`, hexadecimal.
        digest: the sha256 of title and body, hexadecimal, as `body.digest` computes it.
    """

    release: str
    branch: str
    base_branch: str
    base: str
    tree: str
    patch: str
    digest: str


class Tip(Struct, frozen=True):
    """The commit at the tip of a branch of the remote.

    Attributes:
        sha: the id of the commit.
        ours: whether nothing is lost if a run replaces or deletes the commit. That is so if a pull
            request of ours records it, or if it holds what is wanted now and is marked.
        tree: the id of the commit's tree. Empty if it is not known.
        base: the id of the commit's first parent. Empty if it is not known.
        conflicted: whether the branch does not merge into the base. False if that was not checked.
        marked: whether the commit's trailer names its own tree, as in every commit of a run.
            Anybody can write that, and a fast-forward copies it, so by itself it decides nothing.
    """

    sha: str
    ours: bool
    tree: str = ""
    base: str = ""
    marked: bool = False
    conflicted: bool = False


class KnownRequest(Struct, frozen=True):
    """A pull request, with the state and the boxes in its body.

    Attributes:
        request: the pull request as the forge has it.
        state: the state that a run wrote into the body. None if there is none.
        asked: the boxes that a person ticked. Empty without a state.
    """

    request: PullRequest
    state: SavedState | None = None
    asked: frozenset[Box] = frozenset()

    def without(self, mark: str) -> KnownRequest:
        """Return the pull request without a mark in the `told` of its state."""
        if self.state is None:
            return self
        told = tuple(word for word in self.state.told if word != mark)
        return replace(self, state=replace(self.state, told=told))


class ForgeState(Struct, frozen=True):
    """The pull requests and branches that the forge and the remote have.

    Attributes:
        open: the open pull requests whose branch has our prefix.
        past: the closed and merged pull requests of the wanted branch, and of every branch in
            `branches` that has no open one.
        branches: the tips of the remote's branches with our prefix, and of the wanted branch.
        current: the release that the base holds. None if no pin says it.
        locked: the branches that no run pushes to or deletes, each with the reason.
        closed_can_change: whether the forge lets the body of a closed pull request change.
    """

    open: tuple[KnownRequest, ...] = ()
    past: tuple[KnownRequest, ...] = ()
    branches: Mapping[str, Tip] = field(default_factory=dict)
    current: str | None = None
    locked: Mapping[str, str] = field(default_factory=dict)
    closed_can_change: bool = True


# --- what is to be done -----------------------------------------------------------------------


class ActionReason(StrEnum):
    """The reason why a run closes a pull request, or deletes a branch."""

    NEWER = "newer"
    """The run opens a pull request for a newer release instead."""
    POLICY = "policy"
    """The wanted release is older: policy or rules no longer lead to this one."""
    REACHED = "reached"
    """The base holds the release, or a newer one."""
    DUPLICATE = "duplicate"
    """Another pull request of the same branch is open."""
    MERGED = "merged"
    """The branch was merged."""


class Push(Struct, frozen=True):
    """Push our commit to a branch.

    Attributes:
        branch: the name of the branch on the remote.
        expected: the id of the tip that the branch must have, or the push fails. None if the branch
            must not exist.
    """

    branch: str
    expected: str | None


class Open(Struct, frozen=True):
    """Open the pull request of a branch that was pushed."""

    branch: str


class Refresh(Struct, frozen=True):
    """Bring an open pull request up to date: its branch, its title and its body.

    Attributes:
        number: the number of the pull request.
        branch: the name of the branch on the remote.
        expected: the id of the tip that the branch must have, or the push fails. None if the branch
            must not exist.
        push: whether our commit has to be pushed first.
        asked: whether a person asked for it, and gets an answer.
    """

    number: int
    branch: str
    expected: str | None
    push: bool
    asked: bool = False


class Supersede(Struct, frozen=True):
    """Close a pull request of ours: note the successor in its state, delete, comment once, close.

    The order matters, because a run can end anywhere, and several runs can do this at once. The run
    that deletes the branch makes the comment. The state tells the next run that no person closed
    the pull request, and that the comment was made or was about to be made. The call that closes
    the pull request also notes the close in its state, so an open one with that note was opened
    again by a person.

    Attributes:
        number: the number of the pull request.
        branch: the name of its branch.
        tip: the id of the tip that the branch must have to be deleted. None if it stays.
        by: the release that takes its place.
        why: the reason, for the comment.
    """

    number: int
    branch: str
    tip: str | None
    by: str
    why: ActionReason


class SetAutoMerge(Struct, frozen=True):
    """Ask the forge to merge a pull request when its checks pass. Note `AUTO_MERGE` as told."""

    number: int


class TellPushed(Struct, frozen=True):
    """Comment that a person pushed to the branch and that it stays. Note `PUSHED` as told."""

    number: int


class TellDeclined(Struct, frozen=True):
    """Comment that a person's close is honored, and how to undo it. Note `DECLINED` as told."""

    number: int


class TellReopened(Struct, frozen=True):
    """Clear the box of a closed pull request by which a person asked to open its release again.

    Attributes:
        number: the number of the closed pull request.
    """

    number: int


class DeleteBranch(Struct, frozen=True):
    """Delete a branch, if it is still at `tip`."""

    branch: str
    tip: str
    why: ActionReason


class Leave(Struct, frozen=True):
    """Do nothing, and give the reason in the report.

    Attributes:
        number: the number of the pull request. None if the reason is about something else.
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
    """Return the `Leave` that replaces an action in a run that leaves it to another run.

    Args:
        action: the planned action.
        opens: whether the forge opens a second pull request of a branch if two runs ask at once.

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
