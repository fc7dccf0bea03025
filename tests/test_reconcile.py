"""From what is wanted and what there is to what is done: each line, and a model of a forge."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace
from semver import Version

from fluxbump.config.settings import Policy, RebaseWhen
from fluxbump.forges.forge import PullRequest, RequestState
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
from fluxbump.run.pull_request.boxes import Box
from fluxbump.run.pull_request.state import AUTO_MERGE, CLOSED, DECLINED, PUSHED, SavedState
from fluxbump.run.reconcile import plan_actions


def sha(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def branch(release: str) -> str:
    return f"fluxbump/flux-{release}"


def wanted(release: str = "2.6.4", *, base: str = "b1", says: str = "") -> WantedRequest:
    patch = digest(f"patch to {release}")
    return WantedRequest(
        release, branch(release), "main", sha(base), sha(f"{base}+{release}"), patch,
        digest(f"{release}{says}"),
    )  # fmt: skip


def state(release: str = "2.6.4", **more: object) -> SavedState:
    one = wanted(release)
    made = SavedState(release, "2.16.4", one.base, sha("tip"), one.tree, one.patch, one.digest)
    return replace(made, **more)


def known(
    number: int = 7,
    release: str = "2.6.4",
    fate: RequestState = RequestState.OPEN,
    stated: SavedState | str | None = "usual",
    base: str = "main",
) -> KnownRequest:
    request = PullRequest(number, f"https://e.org/{number}", branch(release), base, "t", "b", fate)
    return KnownRequest(request, state(release) if isinstance(stated, str) else stated)


def tip(release: str = "2.6.4", **more: object) -> Tip:
    one = wanted(release)
    return replace(Tip(sha("tip"), ours=True, tree=one.tree, base=one.base), **more)


def tips(*releases: str, **more: object) -> Mapping[str, Tip]:
    return {branch(release): tip(release, **more) for release in releases}


OURS, THEIRS = tips("2.6.4"), tips("2.6.4", ours=False)
OLD = known(3, "2.5.1")
CLOSED_BY_HAND = known(3, "2.6.4", RequestState.CLOSED)
ANSWERED = known(3, "2.6.4", RequestState.CLOSED, state(told=(DECLINED,)))
HOLD, REBUILD, REOPEN = (frozenset({box}) for box in (Box.HOLD, Box.REBUILD, Box.REOPEN))
HELD = "on hold: a box in its description is ticked"
B, OLD_B = branch("2.6.4"), branch("2.5.1")
UNCHANGED = Leave(7, "unchanged")
PUSHED_TO = "its branch has other commits"

BEGUN = state("2.5.1", superseded_by="2.6.4")
REOPENED = known(3, "2.5.1", stated=replace(BEGUN, told=(CLOSED,)))
AGAIN = "it was reopened after it was closed"

CASES: dict[str, tuple[WantedRequest | None, ForgeState, tuple[Action, ...]]] = {
    "nothing wanted, nothing there": (None, ForgeState(), ()),
    "first": (wanted(), ForgeState(), (Push(B, None), Open(B))),
    "pushed before, not opened": (wanted(), ForgeState(branches=OURS), (Open(B),)),
    "pushed before, and the base moved": (
        wanted(base="b2"), ForgeState(branches=OURS), (Push(B, sha("tip")), Open(B)),
    ),
    "a branch of a person": (
        wanted(), ForgeState(branches=THEIRS),
        (Leave(None, f"the branch {B} holds a commit that no run made"),),
    ),
    "unchanged": (wanted(), ForgeState((known(),), (), OURS), (UNCHANGED,)),
    "the base moved": (
        wanted(base="b2"),
        ForgeState((known(),), (), OURS), (Refresh(7, B, sha("tip"), True),),
    ),
    "it says something else": (
        wanted(says="!"),
        ForgeState((known(),), (), OURS), (Refresh(7, B, sha("tip"), False),),
    ),
    "it goes to another branch": (
        wanted(),
        ForgeState((known(base="old"),), (), OURS), (Refresh(7, B, sha("tip"), False),),
    ),
    "its branch is gone": (wanted(), ForgeState((known(),)), (Refresh(7, B, None, True),)),
    "pushed, and ended before the state was written": (
        wanted(base="b2"),
        ForgeState((known(),), (), {B: Tip(sha("t2"), True, sha("b2+2.6.4"), sha("b2"))}),
        (Refresh(7, B, sha("t2"), False),),
    ),
    "its state was lost": (
        wanted(),
        ForgeState((known(stated=None),), (), OURS), (Refresh(7, B, sha("tip"), False),),
    ),
    "a person pushed": (wanted(), ForgeState((known(),), (), THEIRS), (TellPushed(7),)),
    "a person pushed, and was told": (
        wanted(base="b2"), ForgeState((known(stated=state(told=(PUSHED,))),), (), THEIRS),
        (Leave(7, PUSHED_TO),),
    ),
    "a pull request of a person": (
        wanted(), ForgeState((known(stated=None),), (), THEIRS),
        (
            Leave(None, f"the branch {B} has a pull request that no run made"),
            Leave(7, "not a pull request of fluxbump"),
        ),
    ),
    "closed unmerged": (
        wanted(), ForgeState((), (CLOSED_BY_HAND,), OURS),
        (Leave(None, "#3 was closed unmerged"), TellDeclined(3)),
    ),
    "closed unmerged, and answered": (
        wanted(), ForgeState((), (ANSWERED,), OURS), (Leave(None, "#3 was closed unmerged"),),
    ),
    "closed unmerged, on a forge that lets no closed one change": (
        wanted(), ForgeState((), (CLOSED_BY_HAND,), OURS, closed_can_change=False),
        (Leave(None, "#3 was closed unmerged"),),
    ),
    "closed unmerged, and the base has it": (
        None, ForgeState((), (CLOSED_BY_HAND,), OURS, "2.6.4"), (),
    ),
    "closed unmerged, and asked for again": (
        wanted(), ForgeState((), (replace(ANSWERED, asked=REOPEN),), OURS),
        (Open(B), TellReopened(3)),
    ),
    "asked for again, and opened": (
        wanted(), ForgeState((known(),), (replace(ANSWERED, asked=REOPEN),), OURS),
        (UNCHANGED, TellReopened(3)),
    ),
    "closed unmerged, asked for again, and never answered": (
        wanted(), ForgeState((), (replace(CLOSED_BY_HAND, asked=REOPEN),), OURS),
        (Open(B), TellReopened(3)),
    ),
    "closed unmerged, and opened again by hand as another one": (
        wanted(), ForgeState((known(),), (CLOSED_BY_HAND,), OURS), (UNCHANGED,),
    ),
    "asked for again, opened, and closed again": (
        wanted(),
        ForgeState((), (known(5, fate=RequestState.CLOSED, stated=ANSWERED.state),
                        replace(ANSWERED, asked=REOPEN)), OURS),
        (Leave(None, "#5 was closed unmerged"),),
    ),
    "asked for again, and another one is wanted": (
        wanted("2.7.5"), ForgeState((), (replace(ANSWERED, asked=REOPEN),), OURS),
        (
            Push(branch("2.7.5"), None), Open(branch("2.7.5")),
            Leave(3, "a box in it asks for its release again, and policy leads to another one now"),
        ),
    ),
    "opened again after a person had closed it": (
        wanted("2.7.5"), ForgeState((known(3, stated=ANSWERED.state),), (), OURS, "2.4.0"),
        (Push(branch("2.7.5"), None), Open(branch("2.7.5")), Leave(3, AGAIN)),
    ),
    "on hold": (
        wanted(base="b2"), ForgeState((replace(known(), asked=HOLD),), (), OURS), (Leave(7, HELD),),
    ),
    "on hold, and a newer release": (
        wanted(), ForgeState((replace(OLD, asked=HOLD),), (), tips("2.5.1"), "2.4.0"),
        (Push(B, None), Open(B), Leave(3, HELD)),
    ),
    "on hold, and the base has it": (
        None, ForgeState((replace(OLD, asked=HOLD),), (), tips("2.5.1"), "2.6.0"),
        (Leave(3, HELD),),
    ),
    "on hold, and asked to rebuild": (
        wanted(), ForgeState((replace(known(), asked=HOLD | REBUILD),), (), THEIRS),
        (Leave(7, HELD),),
    ),
    "asked to rebuild": (
        wanted(), ForgeState((replace(known(), asked=REBUILD),), (), OURS),
        (Refresh(7, B, sha("tip"), False, True),),
    ),
    "asked to rebuild what a person pushed to": (
        wanted(),
        ForgeState((replace(known(), asked=REBUILD),), (), tips("2.6.4", ours=False, tree="x")),
        (Refresh(7, B, sha("tip"), True, True),),
    ),
    "asked to rebuild a branch that was protected since": (
        wanted(),
        ForgeState((replace(known(), asked=REBUILD),), (), THEIRS, locked={B: "protected"}),
        (Leave(7, f"the branch {B} is protected: nothing is pushed to it"),),
    ),
    "closed unmerged, its state lost": (
        wanted(), ForgeState((), (known(3, fate=RequestState.CLOSED, stated=None),)),
        (Leave(None, "#3 was closed unmerged"),),
    ),
    "closed by us": (
        wanted(),
        ForgeState((), (known(3, fate=RequestState.CLOSED, stated=state(superseded_by="2.7.5")),)),
        (Push(B, None), Open(B)),
    ),
    "closed for another release of the same branch": (
        wanted(), ForgeState((), (known(3, fate=RequestState.CLOSED, stated=state("2.5.1")),)),
        (Push(B, None), Open(B), TellDeclined(3)),
    ),
    "merged, and taken back": (
        wanted(), ForgeState((), (known(3, fate=RequestState.MERGED),), OURS),
        (
            Leave(None, "#3 was merged, and is no longer in the base"),
            DeleteBranch(B, sha("tip"), ActionReason.MERGED),
        ),
    ),
    "merged": (
        None, ForgeState((), (known(3, fate=RequestState.MERGED),), OURS, "2.6.4"),
        (DeleteBranch(B, sha("tip"), ActionReason.MERGED),),
    ),
    "merged, and a person pushed": (
        None, ForgeState((), (known(3, fate=RequestState.MERGED),), THEIRS, "2.6.4"), (),
    ),
    "a person closed it; the branch stays": (
        None, ForgeState((), (CLOSED_BY_HAND,), OURS, "2.4.0"), (TellDeclined(3),),
    ),
    "closed by us, the branch not yet deleted": (
        None,
        ForgeState((), (known(3, fate=RequestState.CLOSED, stated=state(superseded_by="2.7.5")),),
                   OURS),
        (DeleteBranch(B, sha("tip"), ActionReason.NEWER),),
    ),
    "pushed, never opened, no longer wanted": (
        None, ForgeState(branches=OURS),
        (Leave(None, f"the branch {B} has no pull request (delete it if it is not needed)"),),
    ),
    "pushed, never opened, and not what is wanted now": (
        wanted(), ForgeState(branches=tips("2.6.4", ours=False, marked=True)),
        (
            Leave(None, f"the branch {B} holds a commit that no pull request records "
                        "(delete the branch if it is not needed)"),
        ),
    ),
    "merged by a person, from a branch that copies our commit": (
        None,
        ForgeState((), (known(3, fate=RequestState.MERGED, stated=None),),
                   tips("2.6.4", ours=False, marked=True), "2.6.4"),
        (),
    ),
    "the branch is the base": (
        wanted(), ForgeState(branches=OURS, locked={B: "the base branch"}),
        (Leave(None, f"the branch {B} is the base branch: nothing is pushed to it"),),
    ),
    "the branch was protected since": (
        wanted(base="b2"), ForgeState((known(),), (), OURS, locked={B: "protected on GitHub"}),
        (Leave(7, f"the branch {B} is protected on GitHub: nothing is pushed to it"),),
    ),
    "merged, and the branch is protected": (
        None,
        ForgeState((), (known(3, fate=RequestState.MERGED),), OURS, "2.6.4", {B: "protected"}), (),
    ),
    "a newer release, and the old branch is protected": (
        wanted(),
        ForgeState((OLD,), (), tips("2.5.1"), "2.4.0", {OLD_B: "protected"}),
        (Push(B, None), Open(B), Supersede(3, OLD_B, None, "2.6.4", ActionReason.NEWER)),
    ),
    "a newer release": (
        wanted(), ForgeState((OLD,), (), tips("2.5.1"), "2.4.0"),
        (Push(B, None), Open(B), Supersede(3, OLD_B, sha("tip"), "2.6.4", ActionReason.NEWER)),
    ),
    "an older release": (
        wanted(), ForgeState((known(3, "2.7.5"),), (), tips("2.7.5"), "2.4.0"),
        (
            Push(B, None), Open(B),
            Supersede(3, branch("2.7.5"), sha("tip"), "2.6.4", ActionReason.POLICY),
        ),
    ),
    "a newer release, and a person pushed to the old one": (
        wanted(), ForgeState((OLD,), (), tips("2.5.1", ours=False), "2.4.0"),
        (Push(B, None), Open(B), TellPushed(3)),
    ),
    "a newer release that was declined": (
        wanted(), ForgeState((OLD,), (known(5, fate=RequestState.CLOSED),), tips("2.5.1"), "2.4.0"),
        (
            Leave(None, "#5 was closed unmerged"),
            Leave(3, "no pull request replaces it"),
            TellDeclined(5),
        ),
    ),
    "the base has it already": (
        None, ForgeState((OLD,), (), tips("2.5.1"), "2.5.1"),
        (Supersede(3, OLD_B, sha("tip"), "2.5.1", ActionReason.REACHED),),
    ),
    "the base has it already, the branch is gone": (
        None, ForgeState((OLD,), (), {}, "2.6.0"),
        (Supersede(3, OLD_B, None, "2.6.0", ActionReason.REACHED),),
    ),
    "the base has it already, and a person pushed": (
        None, ForgeState((OLD,), (), tips("2.5.1", ours=False), "2.6.0"), (TellPushed(3),),
    ),
    "waiting": (
        None, ForgeState((OLD,), (), tips("2.5.1"), "2.4.0"),
        (Leave(3, "no pull request replaces it"),),
    ),
    "closing was begun": (
        wanted(), ForgeState((known(3, "2.5.1", stated=BEGUN),), (), tips("2.5.1"), "2.4.0"),
        (Push(B, None), Open(B), Supersede(3, OLD_B, sha("tip"), "2.6.4", ActionReason.NEWER)),
    ),
    "opened again after we closed it": (
        wanted(), ForgeState((REOPENED,), (), tips("2.5.1"), "2.4.0"),
        (Push(B, None), Open(B), Leave(3, AGAIN)),
    ),
    "opened again, and the base has it already": (
        None, ForgeState((REOPENED,), (), tips("2.5.1"), "2.5.1"), (Leave(3, AGAIN),),
    ),
    "opened again, and a person pushed": (
        None, ForgeState((REOPENED,), (), tips("2.5.1", ours=False), "2.4.0"), (Leave(3, AGAIN),),
    ),
    "opened again, and wanted again": (
        wanted("2.5.1"), ForgeState((REOPENED,), (), tips("2.5.1"), "2.4.0"),
        (Refresh(3, OLD_B, sha("tip"), False),),
    ),
    "opened again beside another of the branch": (
        wanted(),
        ForgeState((known(7), known(8, stated=state(superseded_by="2.6.4", told=(CLOSED,)))),
                       (), OURS),
        (UNCHANGED, Leave(8, AGAIN)),
    ),
    "two of one branch": (
        wanted(), ForgeState((known(8), known(7)), (), OURS),
        (UNCHANGED, Supersede(8, B, None, "2.6.4", ActionReason.DUPLICATE)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_done(name: str) -> None:
    what, seen, actions = CASES[name]
    assert plan_actions(what, seen, Policy()) == actions


def test_a_new_base_alone_is_no_content() -> None:
    seen = ForgeState((known(),), (), OURS)
    policy = Policy(rebase_when="never")
    assert plan_actions(wanted(base="b2"), seen, policy) == (UNCHANGED,)
    other = replace(wanted(base="b2"), patch=digest("another"))
    assert plan_actions(other, seen, policy) == (Refresh(7, B, sha("tip"), True),)


def test_a_conflict_is_a_reason_to_rebuild_where_the_policy_says_so() -> None:
    moved = wanted(base="b2")
    for conflicted in (True, False):
        seen = ForgeState((known(),), (), tips("2.6.4", conflicted=conflicted))
        done = plan_actions(moved, seen, Policy(rebase_when="conflicted"))
        again = Refresh(7, B, sha("tip"), True)
        assert done == ((again,) if conflicted else (UNCHANGED,))
        assert plan_actions(moved, seen, Policy(rebase_when="never")) == (UNCHANGED,)


def test_auto_merge_is_asked_for_once_when_it_is_no_draft() -> None:
    policy = Policy(auto_merge=True)
    ready, asked = known(), known(stated=state(told=(AUTO_MERGE,)))
    draft = replace(ready, request=replace(ready.request, draft=True))
    for one, then in ((ready, (SetAutoMerge(7),)), (asked, ()), (draft, ())):
        seen = ForgeState((one,), (), OURS)
        assert plan_actions(wanted(), seen, policy) == (UNCHANGED, *then)
    theirs = ForgeState((ready,), (), THEIRS)
    assert plan_actions(wanted(), theirs, policy) == (TellPushed(7),)


def test_what_people_opened_again_counts_as_open() -> None:
    seen = ForgeState((REOPENED,), (), tips("2.5.1"), "2.4.0")
    full = plan_actions(wanted(), seen, Policy(max_open=1))
    assert full[0] == Leave(None, "1 pull requests are open, and max_open is 1")


def test_what_people_pushed_to_counts_as_open() -> None:
    seen = ForgeState((OLD, known(2, "2.5.0")), (), tips("2.5.1", "2.5.0", ours=False), "2.4.0")
    full = plan_actions(wanted(), seen, Policy(max_open=2))
    assert full[0] == Leave(None, "2 pull requests are open, and max_open is 2")
    assert not any(isinstance(one, Push | Open | Supersede) for one in full)
    assert Open(B) in plan_actions(wanted(), seen, Policy(max_open=3))


# --- a model of a forge -----------------------------------------------------------------------


@dataclass
class Request:
    number: int
    branch: str
    base: str
    state: SavedState | None
    fate: RequestState = RequestState.OPEN
    said: list[str] = field(default_factory=list)
    ticked: frozenset[Box] = frozenset()


@dataclass
class World:
    """Branches and pull requests; it carries out actions as strictly as git and a forge do."""

    branches: dict[str, Tip] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    current: str = "2.4.0"
    base: str = "b1"
    commits: int = 0
    auto_merge: bool = False

    def seen(self) -> ForgeState:
        shown = [
            KnownRequest(
                PullRequest(r.number, "", r.branch, r.base, "", "", r.fate),
                r.state and SavedState.parse(r.state.render()),
                r.ticked if r.state else frozenset(),
            )
            for r in self.requests
        ]
        opened = tuple(one for one in shown if one.request.state is RequestState.OPEN)
        past = tuple(one for one in shown if one.request.state is not RequestState.OPEN)
        return ForgeState(opened, past, dict(self.branches), self.current)

    @property
    def unasked(self) -> tuple[str, ...]:
        """What a state tells that is written for the first time."""
        return (AUTO_MERGE,) if self.auto_merge else ()

    def commit(self, *, ours: bool, what: WantedRequest | None = None) -> Tip:
        self.commits += 1
        name = sha(f"commit {self.commits}")
        return Tip(name, ours, what.tree if what else sha(name), what.base if what else sha("x"))

    def do(self, action: Action, what: WantedRequest | None) -> None:
        match action:
            case Push():
                self.push(action.branch, action.expected, what)
            case Open():
                assert what is not None
                opened = [r for r in self.requests if r.fate is RequestState.OPEN]
                assert action.branch not in {r.branch for r in opened}
                self.requests.append(
                    Request(len(self.requests) + 1, action.branch, what.base_branch, None)
                )
                self.write(self.requests[-1], what, self.unasked)
            case Refresh():
                assert what is not None
                assert (
                    action.push or action.asked or self.differs(action, what) or self.lags(action)
                )
                one = self.at(action.number)
                assert Box.HOLD not in one.ticked
                if action.push:
                    self.push(action.branch, action.expected, what, asked=action.asked)
                one.ticked = frozenset()
                if action.asked and one.state:
                    one.said = [mark for mark in one.said if mark != PUSHED]
                    told = tuple(mark for mark in one.state.told if mark != PUSHED)
                    one.state = replace(one.state, told=told)
                one.base = what.base_branch
                self.write(one, what, said=one.state.told if one.state else self.unasked)
            case Supersede():
                self.supersede(action)
            case SetAutoMerge() | TellPushed() | TellDeclined() | TellReopened():
                self.tell(action)
            case DeleteBranch():
                self.delete(action.branch, action.tip)
            case Leave():
                pass

    def supersede(self, action: Supersede) -> None:
        one = self.at(action.number)
        assert one.state is not None
        assert Box.HOLD not in one.ticked
        assert not one.state.reopened, "what a person opened again is closed again"
        told = (*one.state.told, CLOSED)
        one.state = replace(one.state, superseded_by=action.by, told=told[-2:])
        one.said.append(action.why)
        one.fate = RequestState.CLOSED
        if action.tip:
            self.delete(action.branch, action.tip)

    def tell(self, action: SetAutoMerge | TellPushed | TellDeclined | TellReopened) -> None:
        match action:
            case SetAutoMerge():
                one = self.at(action.number)
                assert one.state is not None
                assert AUTO_MERGE not in one.state.told
                one.state = replace(one.state, told=(*one.state.told, AUTO_MERGE))
            case TellPushed():
                one = self.at(action.number)
                assert one.state is not None
                assert PUSHED not in one.said
                one.said.append(PUSHED)
                one.state = replace(one.state, told=(*one.state.told, PUSHED))
            case TellDeclined():
                one = self.closed(action.number)
                assert one.state is not None
                one.state = replace(one.state, told=(*one.state.told, DECLINED))
            case TellReopened():
                one = self.closed(action.number)
                assert one.branch in {
                    r.branch for r in self.requests if r.fate is RequestState.OPEN
                }
                one.ticked -= {Box.REOPEN}
                assert one.state is not None
                told = (*(mark for mark in one.state.told if mark != DECLINED), DECLINED)
                one.state = replace(one.state, told=told)

    def differs(self, action: Refresh, what: WantedRequest) -> bool:
        one = self.at(action.number)
        if one.state is None or one.state.superseded_by is not None:
            return True
        return (one.state.digest, one.base) != (what.digest, what.base_branch)

    def lags(self, action: Refresh) -> bool:
        one = self.at(action.number)
        return one.state is None or one.state.head != self.branches[one.branch].sha

    def at(self, number: int) -> Request:
        (one,) = [r for r in self.requests if r.number == number]
        assert one.fate is RequestState.OPEN
        return one

    def closed(self, number: int) -> Request:
        (one,) = [r for r in self.requests if r.number == number]
        assert one.fate is RequestState.CLOSED
        return one

    def push(
        self, name: str, expected: str | None, what: WantedRequest | None, *, asked: bool = False
    ) -> None:
        old = self.branches.get(name)
        assert (old.sha if old else None) == expected
        assert old is None or old.ours or asked, "a person's commit is overwritten"
        self.branches[name] = self.commit(ours=True, what=what)

    def delete(self, name: str, expected: str) -> None:
        assert self.branches[name].sha == expected
        assert self.branches[name].ours, "a person's commit is deleted"
        del self.branches[name]

    def write(self, one: Request, what: WantedRequest, said: tuple[str, ...] = ()) -> None:
        head = self.branches[one.branch]
        one.state = SavedState(
            what.release, "2.16.4", head.base, head.sha, head.tree, what.patch, what.digest, said
        )


RELEASES = ["2.5.0", "2.5.1", "2.6.4", "2.7.5"]


class Life(RuleBasedStateMachine):
    """People and runs take turns."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(
        release=st.sampled_from([*RELEASES, None]),
        says=st.sampled_from(["", "!"]),
        how=st.sampled_from(["behind", "conflicted", "never"]),
        most=st.integers(1, 2),
        ends_after=st.integers(0, 12),
    )
    def run(
        self, release: str | None, says: str, how: RebaseWhen, most: int, ends_after: int
    ) -> None:
        """A run, which may end in the middle, and is then begun again."""
        held = Version.parse(self.world.current)
        newer = release if release and Version.parse(release) > held else None
        what = wanted(newer, base=self.world.base, says=says) if newer else None
        policy = Policy(rebase_when=how, max_open=most, auto_merge=says == "!")
        self.world.auto_merge = policy.auto_merge
        for action in plan_actions(what, self.world.seen(), policy)[:ends_after]:
            self.world.do(action, what)
        for action in plan_actions(what, self.world.seen(), policy):
            self.world.do(action, what)
        again = plan_actions(what, self.world.seen(), policy)
        assert [one for one in again if not isinstance(one, Leave)] == []
        if what and any(r.branch == what.branch and r.state for r in self.opened()):
            others = [r for r in self.opened() if r.branch != what.branch and r.state]
            others = [r for r in others if not (r.state and r.state.reopened)]
            others = [r for r in others if Box.HOLD not in r.ticked]
            assert all(not self.world.branches[r.branch].ours for r in others)

    def opened(self) -> list[Request]:
        return [r for r in self.world.requests if r.fate is RequestState.OPEN]

    @precondition(lambda self: self.world.branches)
    @rule(data=st.data())
    def a_person_pushes(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.world.branches)))
        self.world.branches[name] = self.world.commit(ours=False)

    @rule(release=st.sampled_from(RELEASES))
    def a_person_makes_a_branch(self, release: str) -> None:
        self.world.branches.setdefault(branch(release), self.world.commit(ours=False))

    @precondition(lambda self: self.opened())
    @rule(data=st.data(), how=st.sampled_from(["close", "merge", "edit", "delete"]))
    def a_person_acts(self, data: st.DataObject, how: str) -> None:
        one = data.draw(st.sampled_from(self.opened()))
        if how == "edit":
            one.state, one.ticked = None, frozenset()
        elif how == "delete":
            self.world.branches.pop(one.branch, None)
            one.fate = RequestState.CLOSED
        elif how == "close":
            one.fate = RequestState.CLOSED
        else:
            one.fate = RequestState.MERGED
            release = one.branch.removeprefix(branch(""))
            self.world.current = str(max(map(Version.parse, (release, self.world.current))))
            self.world.base += "m"

    @precondition(lambda self: self.world.requests)
    @rule(data=st.data(), box=st.sampled_from(Box))
    def a_person_ticks(self, data: st.DataObject, box: Box) -> None:
        data.draw(st.sampled_from(self.world.requests)).ticked ^= {box}

    @rule()
    def the_base_moves(self) -> None:
        self.world.base += "x"

    @precondition(lambda self: any(r.fate is RequestState.CLOSED for r in self.world.requests))
    @rule(data=st.data())
    def a_person_reopens(self, data: st.DataObject) -> None:
        closed = [r for r in self.world.requests if r.fate is RequestState.CLOSED]
        one = data.draw(st.sampled_from(closed))
        if one.branch in self.world.branches and one.branch not in {
            r.branch for r in self.opened()
        }:
            one.fate = RequestState.OPEN

    @invariant()
    def one_pull_request_a_branch(self) -> None:
        names = [r.branch for r in self.opened()]
        assert len(names) == len(set(names))


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
