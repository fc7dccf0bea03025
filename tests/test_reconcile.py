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

from fluxbump.config.settings import Policy
from fluxbump.config.settings import Refresh as How
from fluxbump.forges.forge import PullRequest
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
from fluxbump.run.pull_request.state import CLOSED, PUSHED, State
from fluxbump.run.reconcile import plan_actions


def sha(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def branch(release: str) -> str:
    return f"fluxbump/flux-{release}"


def wanted(release: str = "2.6.4", *, base: str = "b1", says: str = "") -> Wanted:
    patch = digest(f"patch to {release}")
    return Wanted(
        release, branch(release), "main", sha(base), sha(f"{base}+{release}"), patch,
        digest(f"{release}{says}"),
    )  # fmt: skip


def state(release: str = "2.6.4", **more: object) -> State:
    one = wanted(release)
    made = State(release, "2.16.4", one.base, sha("tip"), one.tree, one.patch, one.digest)
    return replace(made, **more)


def known(
    number: int = 7,
    release: str = "2.6.4",
    fate: Fate = Fate.OPEN,
    stated: State | str | None = "usual",
    base: str = "main",
) -> Known:
    request = PullRequest(number, f"https://e.org/{number}", branch(release), base, "t", "b", fate)
    return Known(request, state(release) if isinstance(stated, str) else stated)


def tip(release: str = "2.6.4", **more: object) -> Tip:
    one = wanted(release)
    return replace(Tip(sha("tip"), ours=True, tree=one.tree, base=one.base), **more)


def tips(*releases: str, **more: object) -> Mapping[str, Tip]:
    return {branch(release): tip(release, **more) for release in releases}


OURS, THEIRS = tips("2.6.4"), tips("2.6.4", ours=False)
OLD = known(3, "2.5.1")
DECLINED = known(3, "2.6.4", Fate.CLOSED)
B, OLD_B = branch("2.6.4"), branch("2.5.1")
UNCHANGED = Leave(7, "unchanged")
PUSHED_TO = "somebody else pushed to its branch"

BEGUN = state("2.5.1", superseded_by="2.6.4")
REOPENED = known(3, "2.5.1", stated=replace(BEGUN, told=(CLOSED,)))
AGAIN = "somebody opened it again after a run had closed it"

CASES: dict[str, tuple[Wanted | None, Seen, tuple[Action, ...]]] = {
    "nothing wanted, nothing there": (None, Seen(), ()),
    "first": (wanted(), Seen(), (Push(B, None), Open(B))),
    "pushed before, not opened": (wanted(), Seen(branches=OURS), (Open(B),)),
    "pushed before, and the base moved": (
        wanted(base="b2"), Seen(branches=OURS), (Push(B, sha("tip")), Open(B)),
    ),
    "a branch of a person": (
        wanted(), Seen(branches=THEIRS),
        (Leave(None, f"the branch {B} holds a commit that is not ours"),),
    ),
    "unchanged": (wanted(), Seen((known(),), (), OURS), (UNCHANGED,)),
    "the base moved": (
        wanted(base="b2"), Seen((known(),), (), OURS), (Refresh(7, B, sha("tip"), True, False),),
    ),
    "it says something else": (
        wanted(says="!"), Seen((known(),), (), OURS), (Refresh(7, B, sha("tip"), False, True),),
    ),
    "it goes to another branch": (
        wanted(), Seen((known(base="old"),), (), OURS), (Refresh(7, B, sha("tip"), False, True),),
    ),
    "its branch is gone": (wanted(), Seen((known(),)), (Refresh(7, B, None, True, False),)),
    "pushed, and ended before the state was written": (
        wanted(base="b2"),
        Seen((known(),), (), {B: Tip(sha("t2"), True, sha("b2+2.6.4"), sha("b2"))}),
        (Refresh(7, B, sha("t2"), False, False),),
    ),
    "its state was lost": (
        wanted(), Seen((known(stated=None),), (), OURS), (Refresh(7, B, sha("tip"), False, True),),
    ),
    "a person pushed": (wanted(), Seen((known(),), (), THEIRS), (TellPushed(7),)),
    "a person pushed, and was told": (
        wanted(base="b2"), Seen((known(stated=state(told=(PUSHED,))),), (), THEIRS),
        (Leave(7, PUSHED_TO),),
    ),
    "a pull request of a person": (
        wanted(), Seen((known(stated=None),), (), THEIRS),
        (
            Leave(None, f"the branch {B} has a pull request that is not ours"),
            Leave(7, "not a pull request of fluxbump"),
        ),
    ),
    "closed unmerged": (
        wanted(), Seen((), (DECLINED,), OURS), (Leave(None, "#3 was closed unmerged"),),
    ),
    "closed unmerged, its state lost": (
        wanted(), Seen((), (known(3, fate=Fate.CLOSED, stated=None),)),
        (Leave(None, "#3 was closed unmerged"),),
    ),
    "closed by us": (
        wanted(), Seen((), (known(3, fate=Fate.CLOSED, stated=state(superseded_by="2.7.5")),)),
        (Push(B, None), Open(B)),
    ),
    "closed for another release of the same branch": (
        wanted(), Seen((), (known(3, fate=Fate.CLOSED, stated=state("2.5.1")),)),
        (Push(B, None), Open(B)),
    ),
    "merged, and taken back": (
        wanted(), Seen((), (known(3, fate=Fate.MERGED),), OURS),
        (
            Leave(None, "#3 was merged, and is no longer in the base"),
            DeleteBranch(B, sha("tip"), Why.MERGED),
        ),
    ),
    "merged": (
        None, Seen((), (known(3, fate=Fate.MERGED),), OURS, "2.6.4"),
        (DeleteBranch(B, sha("tip"), Why.MERGED),),
    ),
    "merged, and a person pushed": (
        None, Seen((), (known(3, fate=Fate.MERGED),), THEIRS, "2.6.4"), (),
    ),
    "a person closed it; the branch stays": (None, Seen((), (DECLINED,), OURS, "2.4.0"), ()),
    "closed by us, the branch not yet deleted": (
        None, Seen((), (known(3, fate=Fate.CLOSED, stated=state(superseded_by="2.7.5")),), OURS),
        (DeleteBranch(B, sha("tip"), Why.NEWER),),
    ),
    "pushed, never opened, no longer wanted": (
        None, Seen(branches=OURS),
        (Leave(None, f"the branch {B} is ours and has no pull request"),),
    ),
    "a newer release": (
        wanted(), Seen((OLD,), (), tips("2.5.1"), "2.4.0"),
        (Push(B, None), Open(B), Supersede(3, OLD_B, sha("tip"), "2.6.4", Why.NEWER)),
    ),
    "an older release": (
        wanted(), Seen((known(3, "2.7.5"),), (), tips("2.7.5"), "2.4.0"),
        (Push(B, None), Open(B), Supersede(3, branch("2.7.5"), sha("tip"), "2.6.4", Why.POLICY)),
    ),
    "a newer release, and a person pushed to the old one": (
        wanted(), Seen((OLD,), (), tips("2.5.1", ours=False), "2.4.0"),
        (Push(B, None), Open(B), TellPushed(3)),
    ),
    "a newer release that was declined": (
        wanted(), Seen((OLD,), (known(5, fate=Fate.CLOSED),), tips("2.5.1"), "2.4.0"),
        (
            Leave(None, "#5 was closed unmerged"),
            Leave(3, "nothing is proposed in its place"),
        ),
    ),
    "the base has it already": (
        None, Seen((OLD,), (), tips("2.5.1"), "2.5.1"),
        (Supersede(3, OLD_B, sha("tip"), "2.5.1", Why.REACHED),),
    ),
    "the base has it already, the branch is gone": (
        None, Seen((OLD,), (), {}, "2.6.0"), (Supersede(3, OLD_B, None, "2.6.0", Why.REACHED),),
    ),
    "the base has it already, and a person pushed": (
        None, Seen((OLD,), (), tips("2.5.1", ours=False), "2.6.0"), (TellPushed(3),),
    ),
    "waiting": (
        None, Seen((OLD,), (), tips("2.5.1"), "2.4.0"),
        (Leave(3, "nothing is proposed in its place"),),
    ),
    "closing was begun": (
        wanted(), Seen((known(3, "2.5.1", stated=BEGUN),), (), tips("2.5.1"), "2.4.0"),
        (Push(B, None), Open(B), Supersede(3, OLD_B, sha("tip"), "2.6.4", Why.NEWER)),
    ),
    "opened again after we closed it": (
        wanted(), Seen((REOPENED,), (), tips("2.5.1"), "2.4.0"),
        (Push(B, None), Open(B), Leave(3, AGAIN)),
    ),
    "opened again, and the base has it already": (
        None, Seen((REOPENED,), (), tips("2.5.1"), "2.5.1"), (Leave(3, AGAIN),),
    ),
    "opened again, and a person pushed": (
        None, Seen((REOPENED,), (), tips("2.5.1", ours=False), "2.4.0"), (Leave(3, AGAIN),),
    ),
    "opened again, and wanted again": (
        wanted("2.5.1"), Seen((REOPENED,), (), tips("2.5.1"), "2.4.0"),
        (Refresh(3, OLD_B, sha("tip"), False, True),),
    ),
    "opened again beside another of the branch": (
        wanted(), Seen((known(7), known(8, stated=state(superseded_by="2.6.4", told=(CLOSED,)))),
                       (), OURS),
        (UNCHANGED, Leave(8, AGAIN)),
    ),
    "two of one branch": (
        wanted(), Seen((known(8), known(7)), (), OURS),
        (UNCHANGED, Supersede(8, B, None, "2.6.4", Why.DUPLICATE)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_done(name: str) -> None:
    what, seen, actions = CASES[name]
    assert plan_actions(what, seen, Policy()) == actions


def test_a_new_base_alone_is_no_content() -> None:
    seen = Seen((known(),), (), OURS)
    policy = Policy(refresh="content")
    assert plan_actions(wanted(base="b2"), seen, policy) == (UNCHANGED,)
    other = replace(wanted(base="b2"), patch=digest("another"))
    assert plan_actions(other, seen, policy) == (Refresh(7, B, sha("tip"), True, False),)


def test_what_people_opened_again_counts_as_open() -> None:
    seen = Seen((REOPENED,), (), tips("2.5.1"), "2.4.0")
    full = plan_actions(wanted(), seen, Policy(max_open=1))
    assert full[0] == Leave(None, "1 pull requests are open, and max_open is 1")


def test_what_people_pushed_to_counts_as_open() -> None:
    seen = Seen((OLD, known(2, "2.5.0")), (), tips("2.5.1", "2.5.0", ours=False), "2.4.0")
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
    state: State | None
    fate: Fate = Fate.OPEN
    said: list[str] = field(default_factory=list)


@dataclass
class World:
    """Branches and pull requests; it carries out actions as strictly as git and a forge do."""

    branches: dict[str, Tip] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    current: str = "2.4.0"
    base: str = "b1"
    commits: int = 0

    def seen(self) -> Seen:
        shown = [
            Known(
                PullRequest(r.number, "", r.branch, r.base, "", "", r.fate),
                r.state and State.parse(r.state.render()),
            )
            for r in self.requests
        ]
        opened = tuple(one for one in shown if one.request.state is Fate.OPEN)
        past = tuple(one for one in shown if one.request.state is not Fate.OPEN)
        return Seen(opened, past, dict(self.branches), self.current)

    def commit(self, *, ours: bool, what: Wanted | None = None) -> Tip:
        self.commits += 1
        name = sha(f"commit {self.commits}")
        return Tip(name, ours, what.tree if what else sha(name), what.base if what else sha("x"))

    def do(self, action: Action, what: Wanted | None) -> None:
        match action:
            case Push():
                self.push(action.branch, action.expected, what)
            case Open():
                assert what is not None
                opened = [r for r in self.requests if r.fate is Fate.OPEN]
                assert action.branch not in {r.branch for r in opened}
                self.requests.append(
                    Request(len(self.requests) + 1, action.branch, what.base_branch, None)
                )
                self.write(self.requests[-1], what)
            case Refresh():
                assert what is not None
                assert action.push or action.edit or self.lags(action)
                if action.push:
                    self.push(action.branch, action.expected, what)
                one = self.at(action.number)
                one.base = what.base_branch
                self.write(one, what, said=one.state.told if one.state else ())
            case Supersede():
                one = self.at(action.number)
                assert one.state is not None
                assert not one.state.reopened, "what a person opened again is closed again"
                told = (*one.state.told, CLOSED)
                one.state = replace(one.state, superseded_by=action.by, told=told[-2:])
                one.said.append(action.why)
                one.fate = Fate.CLOSED
                if action.tip:
                    self.delete(action.branch, action.tip)
            case TellPushed():
                one = self.at(action.number)
                assert one.state is not None
                assert PUSHED not in one.said
                one.said.append(PUSHED)
                one.state = replace(one.state, told=(*one.state.told, PUSHED))
            case DeleteBranch():
                self.delete(action.branch, action.tip)
            case Leave():
                pass

    def lags(self, action: Refresh) -> bool:
        one = self.at(action.number)
        return one.state is None or one.state.head != self.branches[one.branch].sha

    def at(self, number: int) -> Request:
        (one,) = [r for r in self.requests if r.number == number]
        assert one.fate is Fate.OPEN
        return one

    def push(self, name: str, expected: str | None, what: Wanted | None) -> None:
        old = self.branches.get(name)
        assert (old.sha if old else None) == expected
        assert old is None or old.ours, "a person's commit is overwritten"
        self.branches[name] = self.commit(ours=True, what=what)

    def delete(self, name: str, expected: str) -> None:
        assert self.branches[name].sha == expected
        assert self.branches[name].ours, "a person's commit is deleted"
        del self.branches[name]

    def write(self, one: Request, what: Wanted, said: tuple[str, ...] = ()) -> None:
        head = self.branches[one.branch]
        one.state = State(
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
        how=st.sampled_from(["base", "content"]),
        most=st.integers(1, 2),
        ends_after=st.integers(0, 12),
    )
    def run(self, release: str | None, says: str, how: How, most: int, ends_after: int) -> None:
        """A run, which may end in the middle, and is then begun anew."""
        held = Version.parse(self.world.current)
        newer = release if release and Version.parse(release) > held else None
        what = wanted(newer, base=self.world.base, says=says) if newer else None
        policy = Policy(refresh=how, max_open=most)
        for action in plan_actions(what, self.world.seen(), policy)[:ends_after]:
            self.world.do(action, what)
        for action in plan_actions(what, self.world.seen(), policy):
            self.world.do(action, what)
        again = plan_actions(what, self.world.seen(), policy)
        assert [one for one in again if not isinstance(one, Leave)] == []
        if what and any(r.branch == what.branch and r.state for r in self.opened()):
            others = [r for r in self.opened() if r.branch != what.branch and r.state]
            others = [r for r in others if not (r.state and r.state.reopened)]
            assert all(not self.world.branches[r.branch].ours for r in others)

    def opened(self) -> list[Request]:
        return [r for r in self.world.requests if r.fate is Fate.OPEN]

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
            one.state = None
        elif how == "delete":
            self.world.branches.pop(one.branch, None)
            one.fate = Fate.CLOSED
        elif how == "close":
            one.fate = Fate.CLOSED
        else:
            one.fate = Fate.MERGED
            release = one.branch.removeprefix(branch(""))
            self.world.current = str(max(map(Version.parse, (release, self.world.current))))
            self.world.base += "m"

    @rule()
    def the_base_moves(self) -> None:
        self.world.base += "x"

    @precondition(lambda self: any(r.fate is Fate.CLOSED for r in self.world.requests))
    @rule(data=st.data())
    def a_person_reopens(self, data: st.DataObject) -> None:
        closed = [r for r in self.world.requests if r.fate is Fate.CLOSED]
        one = data.draw(st.sampled_from(closed))
        if one.branch in self.world.branches and one.branch not in {
            r.branch for r in self.opened()
        }:
            one.fate = Fate.OPEN

    @invariant()
    def one_pull_request_a_branch(self) -> None:
        names = [r.branch for r in self.opened()]
        assert len(names) == len(set(names))


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
