"""Plans the actions of a run from the wanted pull request and the state of the forge. Pure.

These are the decisions that need a word:

- If a person pushed to a branch, the run neither pushes to it nor deletes it, and does not close
  its pull request. It says so there once. That pull request counts as open for `max_open`.
- If a person closed the pull request of a release unmerged, the run does not open another one. The
  same holds for a merged one whose release is not in the base, because a person reverted it.
- An open pull request for a newer release than the wanted one is closed as an older one is: policy
  or rules no longer lead to it.
- A pull request is closed in favor of another one only if that one is open in the end.
- A pull request that a person opened again stays open, whoever had closed it. The run updates it
  while its release is wanted.
- A person's close is answered once, if the forge lets a closed pull request change.
- A pull request that a person holds does not change. If a person asks to rebuild its branch, the
  run pushes to it, whoever has pushed there before.
- If no release is wanted, the open pull requests for releases that the base does not hold stay:
  the run may be waiting, or blocked for a while.
- A pull request with our branch prefix does not change if neither its state nor its tip is ours.
- The run never pushes to the base, the default branch or a branch that the forge protects, and
  never deletes them, whatever a pull request or a commit says about them.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.config.settings import Policy
from fluxbump.forges.forge import RequestState
from fluxbump.run.actions import (
    Action,
    ActionReason,
    DeleteBranch,
    ForgeState,
    KnownRequest,
    Leave,
    Open,
    Push,
    Refresh,
    SetAutoMerge,
    Supersede,
    TellDeclined,
    TellPushed,
    TellReopened,
    Tip,
    WantedRequest,
)
from fluxbump.run.own_pull_requests import Requests
from fluxbump.run.pull_request.boxes import Box
from fluxbump.run.pull_request.state import AUTO_MERGE, DECLINED, PUSHED, SavedState
from fluxbump.text import versions


def plan_actions(
    wanted: WantedRequest | None, seen: ForgeState, policy: Policy
) -> tuple[Action, ...]:
    """Plan the actions of a run, in the order in which to carry them out.

    After they are carried out, and if nothing else has changed, a new plan holds only `Leave`.

    Args:
        wanted: the pull request that should be open now. None if no release is wanted.
        seen: the pull requests and branches that exist.
        policy: the team's settings for pull requests.
    """
    return tuple(_Planner(wanted, seen, policy).actions())


class _Planner:
    def __init__(self, wanted: WantedRequest | None, seen: ForgeState, policy: Policy) -> None:
        self._wanted = wanted
        self._seen = seen
        self._policy = policy
        self._requests = Requests(wanted, seen)

    def actions(self) -> Iterator[Action]:
        proposed, main = self._proposal()
        yield from main
        for known, kept in self._requests.doubled:
            if _stays(known):
                yield Leave(known.request.number, _HELD if _held(known) else _REOPENED)
                continue
            yield Supersede(
                known.request.number,
                known.request.branch,
                None,
                self._requests.release(kept),
                ActionReason.DUPLICATE,
            )
        for known in self._requests.kept:
            if known is not self._requests.main:
                yield from self._other(known, proposed=proposed)
        for known in self._requests.foreign:
            yield Leave(known.request.number, "not a pull request of fluxbump")
        yield from self._closes(proposed=proposed)
        yield from self._leftovers(proposed=proposed)

    # --- what is wanted ---

    def _proposal(self) -> tuple[bool, list[Action]]:
        """Return whether the wanted pull request is open in the end, and the actions for it."""
        if self._wanted is None:
            return False, []
        if self._requests.main is not None:
            return True, [
                self._refresh(self._wanted, self._requests.main),
                *self._auto_merge(self._wanted, self._requests.main),
            ]
        branch = self._wanted.branch
        reason = self._why_not(self._wanted)
        if reason:
            return False, [Leave(None, reason)]
        tip = self._seen.branches.get(branch)
        push = [] if self._is_current(tip) else [Push(branch, tip.sha if tip else None)]
        return True, [*push, Open(branch)]

    def _refresh(self, wanted: WantedRequest, main: KnownRequest) -> Action:
        if _held(main):
            return Leave(main.request.number, _HELD)
        if wanted.branch in self._seen.locked:
            return Leave(main.request.number, self._locked(wanted.branch))
        asked = Box.REBUILD in main.asked
        if self._requests.touched(main) and not asked:
            return self._tell(main)
        state, tip = main.state, self._requests.tip(main)
        push = not self._is_current(tip) and (
            asked
            or tip is None
            or state is None
            or self._policy.rebase_when == "behind"
            or (self._policy.rebase_when == "conflicted" and tip.conflicted)
            or state.patch != wanted.patch
        )
        edit = (
            asked
            or state is None
            or (
                state.digest != wanted.digest
                or state.superseded_by is not None
                or main.request.base != wanted.base_branch
            )
        )
        # The state names another commit if a run ended between its push and its edit.
        behind = state is not None and tip is not None and state.head != tip.sha
        if push or edit or behind:
            expected = tip.sha if tip else None
            return Refresh(main.request.number, wanted.branch, expected, push, asked)
        return Leave(main.request.number, "unchanged")

    def _auto_merge(self, wanted: WantedRequest, main: KnownRequest) -> Iterator[Action]:
        """Ask for auto-merge if the pull request is no draft, and once: a person may cancel it."""
        state, request = main.state, main.request
        if state is None or request.draft or _held(main) or wanted.branch in self._seen.locked:
            return
        touched = self._requests.touched(main) and Box.REBUILD not in main.asked
        if self._policy.auto_merge and AUTO_MERGE not in state.told and not touched:
            yield SetAutoMerge(request.number)

    def _is_current(self, tip: Tip | None) -> bool:
        """Tell whether a branch holds our commit on the base as it is now."""
        wanted = self._wanted
        if wanted is None or tip is None:
            return False
        return (tip.tree, tip.base) == (wanted.tree, wanted.base)

    def _locked(self, branch: str) -> str:
        return f"the branch {branch} is {self._seen.locked[branch]}: nothing is pushed to it"

    def _why_not(self, wanted: WantedRequest) -> str:
        """Say why the run does not open the wanted pull request. Empty if it does."""
        past = [known for known in self._seen.past if known.request.branch == wanted.branch]
        for known in sorted(past, key=lambda known: -known.request.number):
            if known.state is not None and known.state.release != wanted.release:
                continue
            if Box.REOPEN in known.asked:
                break
            if known.request.state is RequestState.MERGED:
                return f"#{known.request.number} was merged, and is no longer in the base"
            if known.state is None or known.state.superseded_by is None:
                return f"#{known.request.number} was closed unmerged"
        taken = self._why_taken(wanted.branch)
        if taken:
            return taken
        stay = sum(self._requests.touched(known) or _stays(known) for known in self._requests.kept)
        if stay >= self._policy.max_open:
            return f"{stay} pull requests are open, and max_open is {self._policy.max_open}"
        return ""

    def _why_taken(self, branch: str) -> str:
        """Say why the run must not push to a branch. Empty if it is ours, or does not exist."""
        if branch in self._seen.locked:
            return self._locked(branch)
        if any(known.request.branch == branch for known in self._requests.foreign):
            return f"the branch {branch} has a pull request that no run made"
        tip = self._seen.branches.get(branch)
        if tip is None or tip.ours:
            return ""
        whose = _UNRECORDED if tip.marked else "that no run made"
        return f"the branch {branch} holds a commit {whose}"

    # --- what else there is ---

    def _tell(self, known_request: KnownRequest) -> Action:
        number = known_request.request.number
        if known_request.state is None or PUSHED in known_request.state.told:
            return Leave(number, "its branch has other commits")
        return TellPushed(number)

    def _other(self, known_request: KnownRequest, *, proposed: bool) -> Iterator[Action]:
        """Plan the action for an open pull request of ours that is not the wanted one."""
        number, tip = known_request.request.number, self._requests.tip(known_request)
        reached = self._requests.reached(known_request)
        if _stays(known_request):
            yield Leave(number, _HELD if _held(known_request) else _REOPENED)
        elif not reached and not proposed:
            yield Leave(number, "no pull request replaces it")
        elif self._requests.touched(known_request):
            yield self._tell(known_request)
        else:
            by = self._seen.current if reached else self._wanted and self._wanted.release
            why = ActionReason.REACHED if reached else self._why(known_request)
            branch = known_request.request.branch
            yield Supersede(number, branch, self._requests.deletable(branch, tip), by or "", why)

    def _why(self, known_request: KnownRequest) -> ActionReason:
        old = versions.parse(self._requests.release(known_request))
        new = versions.parse(self._wanted.release) if self._wanted else None
        return ActionReason.POLICY if old and new and old >= new else ActionReason.NEWER

    def _closes(self, *, proposed: bool) -> Iterator[Action]:
        """Answer the pull requests that people closed, and the boxes that they ticked in them."""
        newest = {
            known.request.branch: known
            for known in sorted(self._seen.past, key=lambda known: known.request.number)
        }
        opened = {known.request.branch for known in self._requests.kept}
        for branch, known in sorted(newest.items()):
            number, state = known.request.number, known.state
            if state is None or known.request.state is not RequestState.CLOSED:
                continue
            if Box.REOPEN in known.asked:
                again = proposed and self._wanted is not None and branch == self._wanted.branch
                yield TellReopened(number) if again else Leave(number, _NOT_AGAIN)
            elif branch not in opened and self._is_declined(known, state):
                yield TellDeclined(number)

    def _is_declined(self, known_request: KnownRequest, state: SavedState) -> bool:
        """Tell whether a person closed the pull request, and no run has answered yet."""
        told = state.superseded_by is not None or DECLINED in state.told
        return (
            self._seen.closed_can_change and not told and not self._requests.reached(known_request)
        )

    def _leftovers(self, *, proposed: bool) -> Iterator[Action]:
        """Delete the branches of ours whose pull request was merged, or closed by a run."""
        used = {known.request.branch for known in self._seen.open}
        wanted = self._wanted.branch if self._wanted is not None else None
        if proposed and wanted is not None:
            used.add(wanted)
        for branch, tip in sorted(self._seen.branches.items()):
            past = [known for known in self._seen.past if known.request.branch == branch]
            if branch in used or self._requests.deletable(branch, tip) is None:
                continue
            if past and tip.ours:
                newest = max(past, key=lambda known: known.request.number)
                reason = _why_done(newest)
                if reason is not None:
                    yield DeleteBranch(branch, tip.sha, reason)
            elif not past and (tip.ours or tip.marked) and branch != wanted:
                said = f"the branch {branch} has no pull request (delete it if it is not needed)"
                yield Leave(None, said)


_UNRECORDED = "that no pull request records (delete the branch if it is not needed)"
_REOPENED = "it was reopened after it was closed"
_HELD = "on hold: a box in its description is ticked"
_NOT_AGAIN = "a box in it asks for its release again, and policy leads to another one now"


def _why_done(known_request: KnownRequest) -> ActionReason | None:
    """Return why the branch of a pull request can be deleted; None if a person closed it."""
    if known_request.request.state is RequestState.MERGED:
        return ActionReason.MERGED
    state = known_request.state
    closed_by_us = state is not None and state.superseded_by is not None
    return ActionReason.NEWER if closed_by_us else None


def _held(known_request: KnownRequest) -> bool:
    return Box.HOLD in known_request.asked


def _stays(known_request: KnownRequest) -> bool:
    return _held(known_request) or (
        known_request.state is not None and known_request.state.reopened
    )
