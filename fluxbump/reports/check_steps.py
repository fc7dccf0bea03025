"""Finds the commands to type after `fluxbump check`. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from fluxbump.check import rules
from fluxbump.check.finding_groups import worst_first
from fluxbump.check.rules.rule import Trait
from fluxbump.check.verdict import Verdict
from fluxbump.model import Severity, Step
from fluxbump.reports.next_steps import typed

_SETTING = "--fix "
_LEAVES = "--leave-gotk"
_MOST = 3


class Followup(Struct, frozen=True):
    """The facts beside the verdict that the next commands depend on.

    Attributes:
        editable: whether the working tree was checked, so that a fix can edit it.
        release: the release to which all pins can move. None if the pins agree, or if it is not
            known.
        options: the options with which a bump to that release passes.
        installed: the installed release, at which a bump can move manifests alone. None if it is
            not known, or if no bump can.
        uncommitted: whether the checked files differ from HEAD, so that a bump must be in place.
    """

    editable: bool = False
    release: str | None = None
    options: Sequence[str] = ()
    installed: str | None = None
    uncommitted: bool = False


def steps(verdict: Verdict, after: Followup) -> list[Step]:
    """Return the commands to type next, the most useful first. Empty if nothing was found."""
    return [*_steps(verdict, after)][:_MOST]


def _steps(verdict: Verdict, after: Followup) -> Iterator[Step]:
    fixes = Counter(finding.fix for finding in verdict.findings if finding.fix)
    settings = [fix for fix in sorted(fixes) if fix.startswith(_SETTING)]
    if settings and after.editable:
        names = ",".join(fix.removeprefix(_SETTING) for fix in settings)
        number = _count(sum(fixes[fix] for fix in settings), "setting")
        command = typed(["fluxbump", "check", "--fix", names])
        yield Step(command, f"fixes {number} in the working tree")
    moves = [fix for fix in sorted(fixes) if not fix.startswith(_SETTING)]
    if after.release:
        command = typed(["fluxbump", "to", after.release, *after.options])
        others = "every other pin" if _LEAVES in after.options else "every pin"
        yield Step(command, f"brings {others} to it")
    elif moves and after.installed:
        moved = _count(sum(fixes[fix] for fix in moves), "manifest")
        where = ["--in-place"] if after.uncommitted else []
        command = typed(["fluxbump", "to", after.installed, *where, *moves])
        yield Step(command, f"moves {moved} to a new API version")
    yield from _rule(verdict)


def _rule(verdict: Verdict) -> Iterator[Step]:
    """Point to the page of the worst rule, whose fix takes a decision.

    Errors that a bump takes away come after those that stop it or stay behind it.
    """
    by_hand_codes = {*rules.having(Trait.AGREEMENT)} - {*rules.having(Trait.REALIGNED)}
    open_ones = [finding for finding in verdict.findings if finding.severity is not Severity.NOTE]
    decided = worst_first(finding for finding in open_ones if not finding.fix)
    stay = (finding for finding in decided if finding.severity is Severity.ERROR)
    by_hand = [finding for finding in stay if finding.code in by_hand_codes]
    for finding in (by_hand or decided)[:1]:
        yield Step(typed(["fluxbump", "rule", finding.code]), "the reason, and how to fix it")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
