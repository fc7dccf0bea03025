"""A year of daily runs: charts appear on their real dates, and people do what people do."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from fixtures import facts
from fluxbump.check import newest_safe, rules
from fluxbump.run.decision import Update
from fluxbump.run.job import Report
from fluxbump.run.pull_request.state import DECLINED, PUSHED, SavedState
from fluxbump.text import versions
from tests.forges.fake_github import Pull
from tests.run.conftest import Make
from tests.run.world import CONFIG, World

FIRST, LAST = date(2025, 1, 15), date(2026, 1, 15)
PREFIX = "fluxbump/flux-"
HAND = date(2025, 6, 6)
"""Somebody moves to the release of that day by hand, where the policy would not."""
UPGRADE = date(2025, 11, 10)
"""Kubernetes is upgraded, and the manifests leave the versions that Flux 2.7 removes."""
CREATED = {chart.created[:10] for chart in facts.charts()["flux2"]}


@dataclass
class Year:
    """The people, what they did, and what has to hold because of it.

    Attributes:
        there: where they work.
        follow: the policy's.
        chance: decides what they do.
        today: the day.
        theirs: commits that people pushed to our branches, by branch.
        declined: pull requests that people closed, by number, with how many there were then.
        merged: numbers of those that people merged.
        seen: how often each thing happened.
    """

    there: World
    follow: str
    chance: random.Random
    today: date = FIRST
    theirs: dict[str, list[str]] = field(default_factory=dict)
    declined: dict[int, int] = field(default_factory=dict)
    merged: set[int] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def now(self) -> datetime:
        return datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=UTC)

    # --- what people do -----------------------------------------------------------------------

    def people(self) -> bool:
        """Let people do what they do today; tell whether they did anything."""
        if self.today == UPGRADE:
            self._upgrade()
            return True
        if self.today == HAND and self.follow == "patch":
            self.there.bump("2.6.1")
            self.seen["by hand"] += 1
            return True
        if self.chance.random() < 0.02:
            self.there.push("main", {"notes.txt": f"{self.today}\n"})
            self.seen["pushed to the base"] += 1
            return True
        opened = self.there.open()
        if not opened or self.chance.random() > 0.12:
            return False
        acts: list[tuple[int, Callable[[Pull], None]]] = [
            (5, self._merge), (2, self._close), (2, self._push), (1, self._edit), (1, self._spoil),
        ]  # fmt: skip
        weights, choices = zip(*acts, strict=True)
        act = self.chance.choices(choices, weights)[0]
        act(self.chance.choice(opened))
        return True

    def _merge(self, pull: Pull) -> None:
        if not self.there.mergeable(pull.number):
            self._close(pull)
            return
        self.there.merge(pull.number, squash=self.chance.random() < 0.5)
        self.merged.add(pull.number)
        self.seen["merged"] += 1

    def _close(self, pull: Pull) -> None:
        self.there.forge.close(pull.number)
        self.declined[pull.number] = len(self.there.forge.pulls)
        self.seen["closed"] += 1

    def _push(self, pull: Pull) -> None:
        commit = self.there.push(pull.branch, {f"by-hand-{self.today}.txt": "mine\n"})
        self.theirs.setdefault(pull.branch, []).append(commit)
        self.seen["pushed"] += 1

    def _edit(self, pull: Pull) -> None:
        real = self.there.forge.pulls[pull.number]
        real.body = f"RepositoryState at on {self.today}.\n\n{real.body}"
        self.seen["edited"] += 1

    def _spoil(self, pull: Pull) -> None:
        if pull.branch not in self.theirs:  # its state tells that it was said already
            self.there.forge.pulls[pull.number].body = "oops"
            self.seen["spoilt"] += 1

    def _upgrade(self) -> None:
        place = self.there.checkout("main")
        changed: dict[str, str | bytes] = {}
        for path in sorted(place.rglob("*")):
            if path.suffix in (".yaml", ".tf"):
                text = path.read_text("utf-8")
                new = text.replace(
                    "source.toolkit.fluxcd.io/v1beta2", "source.toolkit.fluxcd.io/v1"
                )
                new = new.replace("v1.31.4+k3s1", "v1.34.1+k3s1")
                if new != text:
                    changed[path.relative_to(place).as_posix()] = new
        assert len(changed) > 1
        self.there.push("main", changed)

    # --- what has to hold ---------------------------------------------------------------------

    def run(self) -> Report:
        """Run, and look whether all is as the policy says; run again, and nothing is done."""
        report = self.there.run(self.now.replace(tzinfo=None).isoformat())
        self._proposes_what_is_safe(report)
        self._has_one_proposal(report)
        self._keeps_what_people_did()
        self._says_everything_once()
        if {one.event for one in report.done} - {"left"}:
            self.seen["acted"] += 1
            marks = self.there.marks()
            self.there.run(self.now.replace(tzinfo=None).isoformat())
            marks.require_nothing_changed()
        return report

    def _proposes_what_is_safe(self, report: Report) -> None:
        decision, prepared = report.decision, report.prepared
        if not isinstance(decision, Update):
            return
        assert prepared is not None
        evidence = prepared.before
        known = rules.judge(evidence, newest_safe.SAFETY).findings
        assert newest_safe.refusals(evidence, decision.chart, lambda: known) == ()
        assert decision.release == decision.way.hops[0].new
        held, wanted = versions.parse(decision.current), versions.parse(decision.release)
        assert held is not None
        assert wanted is not None
        assert wanted > held
        if self.follow == "patch":
            assert (wanted.major, wanted.minor) == (held.major, held.minor)
        assert decision.chart.created is not None
        assert decision.chart.created < self.now

    def _has_one_proposal(self, report: Report) -> None:
        """At most one is open that no person made theirs: what is wanted, on today's base."""
        opened = self.there.open()
        ours = [one for one in opened if one.branch not in self.theirs]
        assert len(opened) <= 3
        assert len(ours) <= 1
        decision, prepared = report.decision, report.prepared
        if not isinstance(decision, Update):
            return
        assert prepared is not None
        branch = f"{PREFIX}{decision.release}"
        mine = [one for one in opened if one.branch == branch]
        if not mine:
            past = [one for one in self.there.forge.pulls.values() if one.branch == branch]
            # Nobody but a person can have ended it, or people keep as many as may be open.
            assert past or len(opened) >= 3
            assert all(one.number in self.declined.keys() | self.merged for one in past)
            return
        assert [one.branch for one in ours] in ([branch], [])
        if ours:
            assert self.there.tree(branch) == prepared.built.tree
            assert self.there.git("rev-parse", f"{branch}^") == self.there.tip("main")
            own = SavedState.parse(ours[0].body)
            assert own is not None
            assert (own.head, own.release) == (self.there.tip(branch), decision.release)

    def _keeps_what_people_did(self) -> None:
        branches = self.there.branches()
        for branch, commits in self.theirs.items():
            assert branches[branch] == commits[-1]
        for number in self.merged:
            pull = self.there.forge.pulls[number]
            assert pull.merged_at
            if pull.branch not in self.theirs:
                assert pull.branch not in branches
        for number, count in self.declined.items():
            pull = self.there.forge.pulls[number]
            assert (pull.state, pull.merged_at) == ("closed", None)
            later = [one for one in self.there.forge.pulls.values() if one.number > count]
            assert pull.branch not in {one.branch for one in later}

    def _says_everything_once(self) -> None:
        for pull in self.there.forge.pulls.values():
            assert len(pull.comments) == len(set(pull.comments))
            own = SavedState.parse(pull.body)
            ended_by_us = own is not None and own.superseded_by is not None
            assert ended_by_us or pull.state == "open" or pull.number in {
                *self.declined, *self.merged,
            }  # fmt: skip
            told = 0 if own is None else len({PUSHED, DECLINED} & {*own.told})
            assert len(pull.comments) == ended_by_us + told


@pytest.mark.parametrize(
    ("follow", "seed", "happens"),
    [
        ("latest-safe", 1, {"merged", "pushed", "edited", "spoilt", "pushed to the base"}),
        ("latest-safe", 4, {"merged", "closed", "spoilt", "pushed to the base"}),
        ("patch", 2, {"merged", "by hand", "pushed to the base"}),
    ],
)
def test_a_year(follow: str, seed: int, happens: set[str], make: Make) -> None:
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    clock = [start]
    there = make(config=f"{CONFIG}  follow: {follow}\n", now=lambda: clock[0])
    year = Year(there, follow, random.Random(seed))
    outcomes: Counter[str] = Counter()
    while year.today <= LAST:
        clock[0] = year.now
        yesterday = year.today - timedelta(days=1)
        appeared = bool({str(yesterday), str(year.today)} & CREATED)
        there.publish(f"{year.today}T12:00")
        acted = year.people()
        # A run depends on index, base and forge alone: where none of them has changed, one in three
        # weeks is enough to see that nothing happens.
        if acted or appeared or year.today.toordinal() % 21 == 0:
            marks = there.marks()
            report = year.run()
            outcomes[report.outcome] += 1
            if not (acted or appeared):
                marks.require_nothing_changed()
        year.today += timedelta(days=1)
    assert year.seen.keys() == {"acted", *happens}  # or the seed proves less than it should
    assert outcomes["up-to-date"]
    assert outcomes["update-available"]
