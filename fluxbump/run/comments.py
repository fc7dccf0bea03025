"""The texts of the comments that a run makes on its pull requests. Pure."""

from __future__ import annotations

from fluxbump.run.actions import ActionReason, Supersede

WHY = {
    ActionReason.NEWER: "a newer release replaces it",
    ActionReason.POLICY: "policy or rules no longer lead to this release",
    ActionReason.REACHED: "the base holds this release, or a newer one",
    ActionReason.DUPLICATE: "another one of the same branch is open",
    ActionReason.MERGED: "it was merged",
}
"""The words for each reason to close a pull request or delete a branch, without a full stop."""

PUSHED_TO = (
    "This branch has commits that `fluxbump run` did not make, so fluxbump stops updating it. "
    "Remove these commits, and fluxbump updates it again."
)
"""The comment that says that a run no longer updates a branch."""


def parting(action: Supersede) -> str:
    """Return the comment that a run makes when it closes a pull request."""
    if action.why in (ActionReason.NEWER, ActionReason.POLICY):
        return f"Closed in favor of Flux {action.by}: {WHY[action.why]}."
    return f"Closed: {WHY[action.why]}."


def declined(release: str, noun: str) -> str:
    """Return the comment that answers a person's close.

    Args:
        release: the release for which no further pull request is opened.
        noun: the forge's word for a pull request.
    """
    return (
        f"This {noun} is closed and not merged, so `fluxbump run` does not open one for Flux "
        f"{release} again. It opens one for a newer release. To come back to {release}, reopen "
        f'this {noun}, or tick the box "Open it again" in its description.'
    )


def rebuilt(*, pushed: bool) -> str:
    """Return the answer to a person who asked to rebuild the branch."""
    done = "The branch is rebuilt" if pushed else "The branch was up to date already"
    return f"{done}, as you asked."


def opened_again(number: int | None) -> str:
    """Return the answer to a person who asked to open a release again.

    Args:
        number: the number of the new pull request. None if it is not known.
    """
    return f"Opened again{f' as #{number}' if number is not None else ''}, as you asked."
