"""From what is wanted and what the forge has to what is to be done. Pure.

What is decided here, beyond the obvious:

- A branch that a person pushed to is never pushed to, nor deleted, and its pull request is not
  closed: the run says so there, once. It counts as open, so `max_open` bounds these too.
- A release whose pull request was closed unmerged by a person is not proposed again, and neither is
  one that was merged while the base does not hold it: somebody took it back.
- An open pull request for a newer release than is wanted now gives way as an older one does: policy
  or rules no longer lead there.
- Nothing gives way to what is not proposed itself.
- One that we closed and a person opened again is left alone, unless it is what is wanted.
- When nothing is wanted, what is open for a release that the base does not hold stays: the run may
  be waiting, or blocked for a while.
- A pull request with our branch prefix, of which neither state nor tip is ours, is not touched.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.config.settings import Policy
from fluxbump.forges.forge import State as Fate
from fluxbump.run.actions import (
    Action,
    DeleteBranch,
    Known,
    Leave,
    Open,
    Push,
    Refresh,
    Seen,
    Supersede,
    TellPushed,
    Tip,
    Wanted,
    Why,
)
from fluxbump.run.pull_request.state import PUSHED
from fluxbump.text import versions


def plan_actions(wanted: Wanted | None, seen: Seen, policy: Policy) -> tuple[Action, ...]:
    """Plan what is to be done, in the order in which it is to be done.

    When it has been done, and nobody else did anything, a new plan holds nothing but `Leave`.

    Args:
        wanted: what should be proposed now; None for nothing.
        seen: what there is.
        policy: what may be done.
    """
    return tuple(_Planner(wanted, seen, policy).actions())


class _Planner:
    def __init__(self, wanted: Wanted | None, seen: Seen, policy: Policy) -> None:
        self._wanted = wanted
        self._seen = seen
        self._policy = policy
        self._kept, self._doubled, self._foreign = self._sorted_out()
        self._main = next((one for one in self._kept if self._is_wanted(one)), None)

    def actions(self) -> Iterator[Action]:
        proposed, main = self._proposal()
        yield from main
        for one, kept in self._doubled:
            if _reopened(one):
                yield Leave(one.request.number, _REOPENED)
                continue
            yield Supersede(
                one.request.number, one.request.branch, None, self._release(kept), Why.DUPLICATE
            )
        for one in self._kept:
            if one is not self._main:
                yield from self._other(one, proposed=proposed)
        for one in self._foreign:
            yield Leave(one.request.number, "not a pull request of fluxbump")
        yield from self._leftovers(proposed=proposed)

    # --- whose is it ---

    def _sorted_out(
        self,
    ) -> tuple[tuple[Known, ...], tuple[tuple[Known, Known], ...], tuple[Known, ...]]:
        """Sort the open pull requests: one a branch, second ones with the first, and foreign."""
        kept: dict[str, Known] = {}
        doubled: list[tuple[Known, Known]] = []
        foreign: list[Known] = []
        for one in sorted(self._seen.open, key=lambda one: one.request.number):
            first = kept.setdefault(one.request.branch, one)
            if not self._is_ours(one):
                foreign.append(one)
                if first is one:
                    del kept[one.request.branch]
            elif first is not one:
                doubled.append((one, first))
        return tuple(kept.values()), tuple(doubled), tuple(foreign)

    def _is_ours(self, one: Known) -> bool:
        tip = self._tip(one)
        wanted = self._wanted is not None and one.request.branch == self._wanted.branch
        return one.state is not None or (wanted and tip is not None and tip.ours)

    def _is_wanted(self, one: Known) -> bool:
        return self._wanted is not None and one.request.branch == self._wanted.branch

    def _tip(self, one: Known) -> Tip | None:
        return self._seen.branches.get(one.request.branch)

    def _touched(self, one: Known) -> bool:
        tip = self._tip(one)
        return tip is not None and not tip.ours

    def _release(self, one: Known) -> str:
        if one.state is not None:
            return one.state.release
        # Without a state only the wanted branch's pull request counts as ours.
        return self._wanted.release if self._wanted else ""

    # --- what is wanted ---

    def _proposal(self) -> tuple[bool, list[Action]]:
        """Return whether the wanted pull request is open in the end, and what that takes."""
        if self._wanted is None:
            return False, []
        if self._main is not None:
            return True, [self._refresh(self._wanted, self._main)]
        branch = self._wanted.branch
        reason = self._why_not(self._wanted)
        if reason:
            return False, [Leave(None, reason)]
        tip = self._seen.branches.get(branch)
        push = [] if self._is_current(tip) else [Push(branch, tip.sha if tip else None)]
        return True, [*push, Open(branch)]

    def _refresh(self, wanted: Wanted, main: Known) -> Action:
        if self._touched(main):
            return self._tell(main)
        state, tip = main.state, self._tip(main)
        push = not self._is_current(tip) and (
            tip is None
            or state is None
            or self._policy.refresh == "base"
            or state.patch != wanted.patch
        )
        edit = state is None or (
            state.digest != wanted.digest
            or state.superseded_by is not None
            or main.request.base != wanted.base_branch
        )
        # A run that ended between push and edit has left a state that names another commit.
        behind = state is not None and tip is not None and state.head != tip.sha
        if push or edit or behind:
            expected = tip.sha if tip else None
            return Refresh(main.request.number, wanted.branch, expected, push, edit)
        return Leave(main.request.number, "unchanged")

    def _is_current(self, tip: Tip | None) -> bool:
        """Tell whether a branch holds our commit on the base as it is now."""
        wanted = self._wanted
        if wanted is None or tip is None:
            return False
        return (tip.tree, tip.base) == (wanted.tree, wanted.base)

    def _why_not(self, wanted: Wanted) -> str:
        """Say why the wanted pull request is not opened; empty when it is."""
        past = [one for one in self._seen.past if one.request.branch == wanted.branch]
        for one in past:
            if one.state is not None and one.state.release != wanted.release:
                continue
            if one.request.state is Fate.MERGED:
                return f"#{one.request.number} was merged, and is no longer in the base"
            if one.state is None or one.state.superseded_by is None:
                return f"#{one.request.number} was closed unmerged"
        if any(one.request.branch == wanted.branch for one in self._foreign):
            return f"the branch {wanted.branch} has a pull request that is not ours"
        tip = self._seen.branches.get(wanted.branch)
        if tip is not None and not tip.ours:
            return f"the branch {wanted.branch} holds a commit that is not ours"
        stay = sum(self._touched(one) or _reopened(one) for one in self._kept)
        if stay >= self._policy.max_open:
            return f"{stay} pull requests are open, and max_open is {self._policy.max_open}"
        return ""

    # --- what else there is ---

    def _tell(self, one: Known) -> Action:
        number = one.request.number
        if one.state is None or PUSHED in one.state.told:
            return Leave(number, "somebody else pushed to its branch")
        return TellPushed(number)

    def _reached(self, one: Known) -> bool:
        held = versions.parse(self._seen.current) if self._seen.current else None
        proposed = versions.parse(self._release(one))
        return held is not None and proposed is not None and proposed <= held

    def _other(self, one: Known, *, proposed: bool) -> Iterator[Action]:
        """Say what becomes of an open pull request of ours that is not the wanted one."""
        number, tip = one.request.number, self._tip(one)
        reached = self._reached(one)
        if _reopened(one):
            yield Leave(number, _REOPENED)
        elif not reached and not proposed:
            yield Leave(number, "nothing is proposed in its place")
        elif self._touched(one):
            yield self._tell(one)
        else:
            by = self._seen.current if reached else self._wanted and self._wanted.release
            why = Why.REACHED if reached else self._why(one)
            yield Supersede(number, one.request.branch, tip.sha if tip else None, by or "", why)

    def _why(self, one: Known) -> Why:
        old = versions.parse(self._release(one))
        new = versions.parse(self._wanted.release) if self._wanted else None
        return Why.POLICY if old and new and old >= new else Why.NEWER

    def _leftovers(self, *, proposed: bool) -> Iterator[Action]:
        """Delete the branches of ours that were merged, or closed by us."""
        used = {one.request.branch for one in self._seen.open}
        if proposed and self._wanted is not None:
            used.add(self._wanted.branch)
        for branch, tip in sorted(self._seen.branches.items()):
            past = [one for one in self._seen.past if one.request.branch == branch]
            if branch in used or not tip.ours:
                continue
            if not past:
                yield Leave(None, f"the branch {branch} is ours and has no pull request")
                continue
            newest = max(past, key=lambda one: one.request.number)
            closed_by_us = newest.state is not None and newest.state.superseded_by is not None
            if newest.request.state is Fate.MERGED:
                yield DeleteBranch(branch, tip.sha, Why.MERGED)
            elif closed_by_us:
                yield DeleteBranch(branch, tip.sha, Why.NEWER)


_REOPENED = "somebody opened it again after a run had closed it"


def _reopened(one: Known) -> bool:
    return one.state is not None and one.state.reopened
