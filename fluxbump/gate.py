"""The gate: runs the rules that were selected, and applies what was suppressed. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from fluxbump import rules
from fluxbump.discover import SUPPRESSION
from fluxbump.errors import UsageError
from fluxbump.model import Finding, Location, Severity
from fluxbump.rules.rule import Evidence, Renders
from fluxbump.settings import FILE, Settings
from fluxbump.textfile import TextFile
from fluxbump.verdict import Suppression, Verdict

_COMMENT = re.compile(
    r"fluxbump:\s*ignore\[(?:(?P<codes>FB\d+(?:\s*,\s*FB\d+)*)\](?P<reason>[^\n]*)|(?P<odd>[^\n]*))"
)


def select(chosen: Collection[str], ignored: Collection[str]) -> tuple[str, ...]:
    """Return the codes of the rules to run.

    Args:
        chosen: codes or prefixes (`FB1` is all of FB101 to FB199); empty for all.
        ignored: codes or prefixes that are left out.

    Raises:
        UsageError: a code or prefix fits no rule.
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
    """Judge a snapshot.

    Args:
        evidence: about the snapshot.
        settings: its configuration, which may suppress findings.
        subject: what the snapshot is, for people.
        codes: of the rules to run.
        renders: waits for the renders; see `rules.judge`.
    """
    found, not_run = rules.judge(evidence, codes, renders)
    stated = [
        *_configured(settings),
        *_commented({**evidence.inventory.files, **evidence.inventory.others}),
    ]
    open_findings: list[Finding] = []
    suppressed: list[tuple[Finding, Suppression]] = []
    used: set[Suppression] = set()
    for finding in found:
        covering = [one for one in stated if _covers(one, finding)]
        used.update(covering)
        if covering:
            suppressed.append((finding, covering[0]))
        else:
            open_findings.append(finding)
    if "FB001" in codes:
        judged = set(codes) - {one.code for one in not_run}
        open_findings += _unused([one for one in stated if one not in used], judged)
    return Verdict(
        subject,
        codes,
        tuple(sorted(open_findings, key=lambda one: (one.code, one.location))),
        tuple(suppressed),
        not_run,
    )


Suppressed = Callable[[str, Location], bool]
"""Tells whether the findings of a rule at a place are suppressed."""


def nothing(code: str, where: Location) -> bool:
    """Say of every finding that it is not suppressed."""
    return False


def ignores(evidence: Evidence, settings: Settings) -> Suppressed:
    """Return what tells whether the findings of a rule at a place are suppressed.

    Args:
        evidence: about the snapshot, whose comments count.
        settings: its configuration.
    """
    texts = {**evidence.inventory.files, **evidence.inventory.others}
    stated = [*_configured(settings), *_commented(texts)]

    def ignored(code: str, where: Location) -> bool:
        finding = Finding(code, Severity.NOTE, "", where)
        return any(_covers(one, finding) for one in stated)

    return ignored


def _configured(settings: Settings) -> Iterator[Suppression]:
    for one in settings.ignore:
        yield Suppression(one.code, Location(FILE, one.line), one.path, None, one.reason)


def _commented(texts: Mapping[str, str]) -> Iterator[Suppression]:
    for path, text in texts.items():
        if SUPPRESSION not in text:
            continue
        file = TextFile(path, text)
        for match in _COMMENT.finditer(text):
            where = file.location(match.start())
            if match["odd"] is not None:
                yield Suppression(f"ignore[{match['odd'].strip()}", where, path, where.line, "")
                continue
            for code in match["codes"].split(","):
                reason = match["reason"].strip(" -:\r>")
                yield Suppression(code.strip(), where, path, where.line, reason)


def _covers(one: Suppression, finding: Finding) -> bool:
    if one.code != finding.code or one.line not in (None, finding.location.line):
        return False
    if one.line is not None:
        return one.path == finding.location.path
    return fnmatchcase(finding.location.path, one.path)


def _unused(stated: Iterable[Suppression], codes: Collection[str]) -> Iterator[Finding]:
    for one in stated:
        if one.code not in rules.RULES:
            yield Finding(
                "FB001",
                Severity.WARNING,
                f"suppresses {one.code}, which is no rule",
                one.location,
            )
        elif one.code in codes:
            what = f"suppresses {one.code}" + ("" if one.line else f" in {one.path}")
            yield Finding(
                "FB001", Severity.WARNING, f"{what}, but nothing is found there", one.location
            )


def inherited(before: Iterable[Finding], after: Iterable[Finding]) -> frozenset[Finding]:
    """Return the findings of `after` that were there before, whatever line they were on.

    Of several alike as many are old as there were before.
    """
    known = Counter(_identity(one) for one in before)
    old: list[Finding] = []
    for one in after:
        if known[_identity(one)]:
            known[_identity(one)] -= 1
            old.append(one)
    return frozenset(old)


def _identity(one: Finding) -> tuple[str, str, str]:
    return one.code, one.location.path, re.sub(r":\d+", "", one.message)
