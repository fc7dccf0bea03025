"""The rules. A new family is one module here and one line below."""

from __future__ import annotations

from fluxbump.model import Finding
from fluxbump.rules import agreement
from fluxbump.rules.rule import Evidence, Rule

RULES: dict[str, Rule] = {rule.code: rule for rule in (*agreement.RULES,)}

NEED_INDEX = frozenset({"FB103"})
"""Rules that say nothing true without a chart index."""


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """Run every rule; findings in the order of code and place."""
    found = [finding for rule in RULES.values() for finding in rule.check(evidence)]
    return tuple(sorted(found, key=lambda one: (one.code, one.location)))
