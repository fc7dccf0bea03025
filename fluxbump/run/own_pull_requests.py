"""Sorts the open pull requests: ours or foreign, and which of ours is the wanted one. Pure."""

from __future__ import annotations

from fluxbump.run.actions import ForgeState, KnownRequest, Tip, WantedRequest
from fluxbump.text import versions


class Requests:
    """The open pull requests of a forge, sorted by whose they are.

    Attributes:
        kept: the pull requests of ours, one for each branch.
        doubled: the further ones of ours on the same branch, each with the first one.
        foreign: the pull requests that no run made.
        main: the wanted pull request. None if it is not open.
    """

    def __init__(self, wanted: WantedRequest | None, seen: ForgeState) -> None:
        self._wanted = wanted
        self._seen = seen
        self.kept, self.doubled, self.foreign = self._sorted_out()
        self.main = next((known for known in self.kept if self.is_wanted(known)), None)

    def _sorted_out(
        self,
    ) -> tuple[
        tuple[KnownRequest, ...],
        tuple[tuple[KnownRequest, KnownRequest], ...],
        tuple[KnownRequest, ...],
    ]:
        """Sort the open pull requests into `kept`, `doubled` and `foreign`."""
        kept: dict[str, KnownRequest] = {}
        doubled: list[tuple[KnownRequest, KnownRequest]] = []
        foreign: list[KnownRequest] = []
        for known in sorted(self._seen.open, key=lambda known: known.request.number):
            first = kept.setdefault(known.request.branch, known)
            if not self.is_ours(known):
                foreign.append(known)
                if first is known:
                    del kept[known.request.branch]
            elif first is not known:
                doubled.append((known, first))
        return tuple(kept.values()), tuple(doubled), tuple(foreign)

    def is_ours(self, known_request: KnownRequest) -> bool:
        """Whether a run made the pull request: it has our state, or the wanted branch is ours."""
        tip = self.tip(known_request)
        wanted = self._wanted is not None and known_request.request.branch == self._wanted.branch
        return known_request.state is not None or (wanted and tip is not None and tip.ours)

    def is_wanted(self, known_request: KnownRequest) -> bool:
        """Whether the pull request comes from the wanted branch."""
        return self._wanted is not None and known_request.request.branch == self._wanted.branch

    def tip(self, known_request: KnownRequest) -> Tip | None:
        """The tip of the pull request's branch. None if the branch does not exist."""
        return self._seen.branches.get(known_request.request.branch)

    def touched(self, known_request: KnownRequest) -> bool:
        """Whether the tip of the pull request's branch is not ours: another person pushed to it."""
        tip = self.tip(known_request)
        return tip is not None and not tip.ours

    def deletable(self, branch: str, tip: Tip | None) -> str | None:
        """Return the id of the tip with which a branch can be deleted. None if the branch stays."""
        return tip.sha if tip is not None and branch not in self._seen.locked else None

    def release(self, known_request: KnownRequest) -> str:
        """The release that the pull request moves to. Empty if it is not known."""
        if known_request.state is not None:
            return known_request.state.release
        # Without a state only the wanted branch's pull request counts as ours.
        return self._wanted.release if self._wanted else ""

    def reached(self, known_request: KnownRequest) -> bool:
        """Whether the base holds the release of the pull request, or a newer one."""
        held = versions.parse(self._seen.current) if self._seen.current else None
        proposed = versions.parse(self.release(known_request))
        return held is not None and proposed is not None and proposed <= held
