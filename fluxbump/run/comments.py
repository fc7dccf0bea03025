"""The comments that a run makes on its pull requests. Pure."""

from __future__ import annotations

from fluxbump.run.actions import ActionReason, Supersede

WHY = {
    ActionReason.NEWER: "a newer release replaces it",
    ActionReason.POLICY: "policy or rules no longer lead to this release",
    ActionReason.REACHED: "the base holds this release, or a newer one",
    ActionReason.DUPLICATE: "another one of the same branch is open",
    ActionReason.MERGED: "it was merged",
}
"""Why a pull request is closed, or a branch deleted: half a sentence for each reason."""

PUSHED_TO = (
    "This branch has commits that `fluxbump run` did not make, so fluxbump stops updating it. "
    "Remove these commits, and fluxbump updates it again."
)
"""Says that a run leaves a branch alone."""


def parting(action: Supersede) -> str:
    """Return the one comment with which a pull request is closed."""
    if action.why in (ActionReason.NEWER, ActionReason.POLICY):
        return f"Closed in favor of Flux {action.by}: {WHY[action.why]}."
    return f"Closed: {WHY[action.why]}."


def declined(release: str, noun: str) -> str:
    """Return the one comment that answers a person's close.

    Args:
        release: that is not proposed again.
        noun: what the forge calls a pull request.
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
        number: of the new pull request; None when it is not known.
    """
    return f"Opened again{f' as #{number}' if number is not None else ''}, as you asked."
