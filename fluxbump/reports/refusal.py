"""Writes the refusal of a bump: one line for each rule, and the commands to type next. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from fluxbump.check import rules
from fluxbump.check.finding_groups import grouped, worst_first
from fluxbump.check.rules.rule import Trait
from fluxbump.model import Finding, Step
from fluxbump.reports.error_text import problem

_MOST = 5  # rules, so that all of it can be seen at once
_FEW = 3  # of which there is room for a place each


def refusal(
    release: str,
    refusals: Sequence[Finding],
    not_done: str,
    steps: Sequence[Step],
    terminal: int | None = None,
) -> list[str]:
    """Return the lines that refuse a bump.

    Args:
        release: the release that the user asked for.
        refusals: the errors that stop the bump, at least one.
        not_done: the sentence about what the bump did not do.
        steps: the commands to type next.
        terminal: the columns of the terminal. None in a pipe.
    """
    counted = Counter(finding.code for finding in worst_first(refusals))
    number = "1 finding" if len(refusals) == 1 else f"{len(refusals)} findings"
    shown = [*counted][:_MOST]
    said = [_said(code, counted[code]) for code in shown]
    width = max(map(len, said))
    facts = []
    for text, code in zip(said, shown, strict=True):
        facts.append(f"{text:{width}}  {code}")
        facts += _where(code, refusals, len(counted))
    if len(counted) > len(shown):
        left = ", ".join([*counted][_MOST:])
        facts.append(f"and {len(counted) - len(shown)} more rules: {left}")
    return problem(f"{_verdict(release, counted)} ({number})", [*facts, not_done], steps, terminal)


def _where(code: str, refusals: Sequence[Finding], number: int) -> Iterator[str]:
    """Yield the first place of a rule's findings; with what is said there if no other refuses."""
    group = grouped(finding for finding in refusals if finding.code == code)[0]
    place = group.findings[0].location
    if number == 1:
        yield f"  {place}: {group.message}"
    elif number <= _FEW:
        yield f"  {place}"


def _verdict(release: str, codes: Counter[str]) -> str:
    safety = {*rules.having(Trait.SAFETY), *rules.having(Trait.ADOPTION)}
    if safety >= codes.keys():
        return f"Flux {release} is not safe for this repository"
    return f"the bump to Flux {release} fails its checks"


def _said(code: str, number: int) -> str:
    rule = rules.RULES[code]
    more = f" ({number})" if number > 1 else ""
    return f"{rule.broken or rule.summary}{more}"
