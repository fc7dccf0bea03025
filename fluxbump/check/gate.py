"""The gate: runs the selected rules, and sets suppressed findings apart. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from fluxbump.check import rules, suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Renders
from fluxbump.check.fingerprints import identity
from fluxbump.check.rules.blind_spots import UNUSED_SUPPRESSION
from fluxbump.check.verdict import Suppression, Verdict
from fluxbump.config.settings import Settings
from fluxbump.errors import UsageError
from fluxbump.model import Finding


def select(chosen: Collection[str], ignored: Collection[str]) -> tuple[str, ...]:
    """Return the codes of the rules to run.

    Args:
        chosen: codes or prefixes (`FB1` is all of FB101 to FB199); empty for all.
        ignored: codes or prefixes of the rules to leave out.

    Raises:
        UsageError: a code or prefix matches no rule.
    """
    for prefix in (*chosen, *ignored):
        if not prefix or not any(code.startswith(prefix) for code in rules.RULES):
            raise UsageError(f"no rule is called {prefix!r}", hint="see `fluxbump rules`")
    wanted = [code for code in rules.RULES if not chosen or code.startswith(tuple(chosen))]
    return tuple(code for code in wanted if not (ignored and code.startswith(tuple(ignored))))


def judge(
    evidence: Evidence,
    settings: Settings,
    subject: str,
    codes: tuple[str, ...] = tuple(rules.RULES),
    renders: Renders | None = None,
) -> Verdict:
    """Run rules on the evidence about a snapshot, and return the verdict.

    Args:
        evidence: the evidence about the snapshot.
        settings: the configuration, which may suppress findings.
        subject: the name of the snapshot, for people.
        codes: the codes of the rules to run.
        renders: the function that waits for the renders; None if the evidence has them already.
    """
    said = rules.judge(evidence, codes, renders)
    stated = [*suppressions.stated(evidence, settings)]
    open_findings: list[Finding] = []
    suppressed: list[tuple[Finding, Suppression]] = []
    used: set[Suppression] = set()
    for finding in said.findings:
        covering = [each for each in stated if suppressions.covers(each, finding)]
        used.update(covering)
        if covering:
            suppressed.append((finding, covering[0]))
        else:
            open_findings.append(finding)
    if UNUSED_SUPPRESSION.code in codes:
        judged = set(codes) - {not_run.code for not_run in said.not_run}
        unused = [each for each in stated if each not in used and not each.example]
        open_findings += _unused(unused, judged)
    return Verdict(
        subject,
        codes,
        tuple(sorted(open_findings, key=lambda finding: (finding.code, finding.location))),
        tuple(suppressed),
        said.not_run,
        said.not_applicable,
    )


def _unused(stated: Iterable[Suppression], codes: Collection[str]) -> Iterator[Finding]:
    for suppression in stated:
        if suppression.code not in rules.RULES:
            yield _useless(suppression, f"suppresses {suppression.code}, which is no rule")
        elif suppression.code in codes:
            what = f"suppresses {suppression.code}" + (
                "" if suppression.line else f" in {suppression.path}"
            )
            yield _useless(suppression, f"{what}, but nothing is found there")


def _useless(suppression: Suppression, message: str) -> Finding:
    rule = UNUSED_SUPPRESSION
    return Finding(rule.code, rule.severity, message, suppression.location)


def inherited(before: Iterable[Finding], after: Iterable[Finding]) -> frozenset[Finding]:
    """Return the findings of `after` that are in `before` too, by `fingerprints.identity`.

    If several findings are alike, as many of them count as old as there were before.
    """
    known = Counter(identity(finding) for finding in before)
    old: list[Finding] = []
    for finding in after:
        if known[identity(finding)]:
            known[identity(finding)] -= 1
            old.append(finding)
    return frozenset(old)
