"""Carries out the actions that a run has planned, and notes each effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.forges.forge import Proposal, PullRequest
from fluxbump.git.remote_errors import MovedError, RemoteError, UnreachableError
from fluxbump.run import comments
from fluxbump.run.actions import (
    Action,
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
)
from fluxbump.run.context import Effect, World
from fluxbump.run.dry_run import NO_COMMIT
from fluxbump.run.proposal import Offer
from fluxbump.run.pull_request import boxes, state
from fluxbump.run.pull_request.boxes import Box, Ticked
from fluxbump.run.pull_request.state import AUTO_MERGE, CLOSED, DECLINED, PUSHED, SavedState


class Removal(Enum):
    """The result of deleting a branch."""

    DONE = "done"
    GONE = "gone"
    """Another run or a person had deleted the branch already."""
    REFUSED = "refused"


class Acting(Struct):
    """Carries out actions, one by one.

    Attributes:
        world: the remote and the forge to act on.
        offer: the bump that should have an open pull request. None if no release is wanted.
        seen: the pull requests and branches before the actions.
        done: the effects so far, in order, with the actions that were left out.
        request: the pull request of the offer. None if there is none.
        problems: the actions that failed, one sentence each.
        closed: the numbers of the pull requests that this run closed.
        answered: the ticked boxes that this run answered, each with its release.
    """

    world: World
    offer: Offer | None
    seen: ForgeState
    done: list[Effect]
    request: PullRequest | None = None
    problems: list[str] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    answered: set[Ticked] = field(default_factory=set)

    def act(self, action: Action) -> None:
        """Carry out an action, and note the effect.

        Raises:
            MovedError: a branch moved since it was read, so the state has to be read again.
            FluxbumpError: another failure. The actions before it stay.
        """
        match action:
            case Push(branch, expected):
                self.world.publisher.push(branch, expected)
                self._note("pushed", f"pushed {branch}")
            case Open():
                self._open()
            case Refresh():
                self._refresh(action)
            case Supersede():
                self._supersede(action)
            case SetAutoMerge(number):
                self._auto_merge(number)
            case TellPushed() | TellDeclined() | TellReopened():
                self._answer(action)
            case DeleteBranch(branch, tip, why):
                if self._deleted(branch, tip) is not Removal.REFUSED:
                    self._note("deleted", f"deleted {branch}: {comments.WHY[why]}")
            case Leave(number, reason):
                self._leave(number, reason)

    def _open(self) -> None:
        offer = self._offered()
        tip = self.seen.branches.get(offer.branch)
        held = tip is not None and (tip.tree, tip.base) == (offer.tree, offer.base)
        head = tip.sha if tip is not None and held else self.world.publisher.commit()
        self.request, problems = self.world.publisher.open(self._as_proposed(head))
        number = f" #{self.request.number}" if self.request.number else ""
        noun = offer.can.noun
        self._note("opened", f"opened {noun}{number}: {self.request.title}", self.request.url)
        for problem in problems:
            self._note("left", problem, self.request.url)

    def _refresh(self, action: Refresh) -> None:
        known = self._by_number(action.number)
        head = action.expected or NO_COMMIT
        if action.push:
            self._record_push(known)
            head = self.world.publisher.push(action.branch, action.expected)
            self._note("pushed", f"pushed {action.branch}")
        # The foreign commit is gone now, so a later one has to be told again.
        over = known.without(PUSHED) if action.asked else known
        wanted = self._as_proposed(head, over)
        self.request = self.world.publisher.update(action.number, wanted)
        self._note("refreshed", f"refreshed #{action.number}", known.request.url)
        if action.asked:
            self.world.publisher.comment(action.number, comments.rebuilt(pushed=action.push))
            self.answered.add(Ticked(Box.REBUILD, self._offered().wanted.release))
            self._note("told", f"#{action.number}: rebuilt, as asked", known.request.url)

    def _auto_merge(self, number: int) -> None:
        known = self._by_number(number)
        if self.request is not None and self.request.number == number:  # as it is by now
            known = KnownRequest(self.request, state.SavedState.parse(self.request.body))
        if known.state is None:
            return
            # The state comes first, so that auto-merge is not set again after a person cancels it.
        self._say_of_itself(known, known.state.having_told(AUTO_MERGE))
        problems = self.world.publisher.auto_merge(known.request)
        for problem in problems:
            self._note("left", f"#{number}: {problem}", known.request.url)
        if not problems:
            self._note("scheduled", f"#{number} merges when its checks pass", known.request.url)

    def _record_push(self, known: KnownRequest) -> None:
        """Write the id of the next commit into the state of a pull request, before the push.

        Otherwise a run that ends right after the push would leave a commit that no state records.
        """
        commit = self.world.publisher.commit()
        if known.state is not None and commit != NO_COMMIT:
            self._say_of_itself(known, replace(known.state, pushing=commit))

    def _supersede(self, action: Supersede) -> None:
        known, why = self._by_number(action.number), comments.parting(action)
        own, publisher, body = known.state, self.world.publisher, ""
        # A run that ended before the pull request was closed must not comment a second time.
        begun = own is not None and own.superseded_by is not None
        if own is not None:
            told = tuple(mark for mark in own.told if mark != CLOSED)
            own = replace(own, superseded_by=action.by, told=told)
            if not begun:
                # Some forges close the pull request with its branch, and may then take no comment.
                self._say_of_itself(known, own, why if action.tip is not None else "")
        # If several runs do this at once, the one that deletes the branch comments.
        ours = action.tip is None or self._removed(action.branch, action.tip) is not Removal.GONE
        if ours and not begun:
            publisher.comment(action.number, why)
        if own is not None:  # one that has not commented cannot know whether another has
            body = self._closed(known, own, "" if ours and not begun else why)
        publisher.close(action.number, body)
        self.closed.append(action.number)
        message = f"closed #{action.number}: {comments.WHY[action.why]}"
        self._note("superseded", message, known.request.url)

    def _answer(self, action: TellPushed | TellDeclined | TellReopened) -> None:
        match action:
            case TellPushed(number):
                event = "is not changed: its branch has other commits"
                self._tell(number, PUSHED, lambda _: comments.PUSHED_TO, event)
            case TellDeclined(number):
                noun = self.world.forge.capabilities.noun
                declined = partial(comments.declined, noun=noun)
                self._tell(number, DECLINED, declined, "stays closed: a person closed it")
            case TellReopened(number):
                self._tell_reopened(number)

    def _tell(self, number: int, mark: str, comment: Callable[[str], str], event: str) -> None:
        """Comment once, and record that as `mark`. `comment` makes the text from the release."""
        known = self._by_number(number)
        if known.state is None:
            return
        # The state comes first: a run that ends between the two must not comment a second time.
        self._say_of_itself(known, known.state.having_told(mark))
        self.world.publisher.comment(number, comment(known.state.release))
        self._note("told", f"#{number} {event}", known.request.url)

    def _tell_reopened(self, number: int) -> None:
        known, text = self._by_number(number), ""
        if known.state is not None:
            # This answers the close, too: no later run may comment that it stays closed.
            told = (*(mark for mark in known.state.told if mark != DECLINED), DECLINED)
            text = self._saying(known, replace(known.state, told=told), "")
            self.answered.add(Ticked(Box.REOPEN, known.state.release))
        cleared = boxes.cleared(text or known.request.body, (Box.REOPEN,))
        self.world.publisher.describe(number, cleared)
        opened = self.request.number if self.request and self.request.number else None
        where = f" as #{opened}" if opened is not None else ""
        self.world.publisher.comment(number, comments.opened_again(opened))
        self._note("told", f"#{number}: its release is open again{where}", known.request.url)

    def _leave(self, number: int | None, reason: str) -> None:
        known = next((known for known in self.seen.open if known.request.number == number), None)
        if known and self.offer and known.request.branch == self.offer.branch:
            self.request = known.request
        where = f"#{number}: " if number is not None else ""
        self._note("left", f"{where}{reason}", known.request.url if known else "")

    def _removed(self, branch: str, tip: str) -> Removal:
        """Delete the branch of a closed pull request, unless a person has just pushed to it."""
        try:
            return self._deleted(branch, tip)
        except MovedError:
            self._refused(f"the branch {branch} stays: it has other commits")
            return Removal.REFUSED

    def _deleted(self, branch: str, tip: str) -> Removal:
        """Delete a branch, or note the reason if the remote refuses.

        A refusal does not fail the run, because the pull requests are done at this point.

        Raises:
            MovedError: the branch moved since it was read, so the state has to be read again.
            UnreachableError: the remote cannot be reached.
        """
        try:
            made = self.world.publisher.delete(branch, tip)
        except (MovedError, UnreachableError):
            raise
        except RemoteError as error:
            self._refused(f"the branch {branch} stays: {error.message}")
            return Removal.REFUSED
        return Removal.DONE if made else Removal.GONE

    def requests(self) -> tuple[KnownRequest, ...]:
        """Return the open pull requests of ours as they are after the actions so far."""
        own = self.request
        current = [KnownRequest(own, state.SavedState.parse(own.body))] if own is not None else []
        ended = {*self.closed, *([own.number] if own is not None else [])}
        others = [known for known in self.seen.open if known.request.number not in ended]
        asked = {known.request.number: known.asked for known in self.seen.open}
        return tuple(
            replace(known, asked=asked.get(known.request.number, frozenset()))
            for known in (*current, *others)
        )

    def _refused(self, problem: str) -> None:
        self.problems.append(problem)
        self._note("left", problem)

    def note_problems(self, problems: Iterable[str]) -> None:
        """Note problems that do not fail the run, one sentence each."""
        for problem in problems:
            self._refused(problem)

    def note_dashboard(self, what: str, url: str) -> None:
        """Note a change of the dashboard. An empty `what` notes nothing."""
        if what:
            self._note("dashboard", what, url)

    # --- pieces ---

    def _note(self, event: str, message: str, url: str = "") -> None:
        self.done.append(Effect(event, message, url))
        self.world.log(event, message, **({"url": url} if url else {}))

    def _offered(self) -> Offer:
        if self.offer is None:
            raise RuntimeError("nothing is opened or refreshed when nothing is wanted")
        return self.offer

    def _by_number(self, number: int) -> KnownRequest:
        requests = (*self.seen.open, *self.seen.past)
        return next(known for known in requests if known.request.number == number)

    def _as_proposed(self, head: str, over: KnownRequest | None = None) -> Proposal:
        offer = self._offered()
        notes = self.world.notes(offer.crossed)
        forge = self.world.forge
        return offer.proposal(
            head, notes, lambda path, line: forge.file_url(path, line, offer.base), over
        )

    def _closed(self, known: KnownRequest, own: SavedState, first: str) -> str:
        """Return the body of a closed pull request, with `first` before it if there is room."""
        return self._saying(known, own.having_told(CLOSED), first)

    def _saying(self, known: KnownRequest, own: SavedState, first: str) -> str:
        """Return a body with another state in it, and `first` before it if there is room."""
        return state.attach_below(first, known.request.body, own, self.world.forge.capabilities)

    def _say_of_itself(self, known: KnownRequest, own: SavedState, first: str = "") -> None:
        self.world.publisher.describe(known.request.number, self._saying(known, own, first))
