"""Reads, writes and applies a baseline file: old findings of a team that its gate lets pass.

It is JSON, holds no line numbers, and is written in the order of rules and paths, so that a change
to it can be reviewed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check.fingerprints import fingerprints, identity
from fluxbump.check.verdict import AcceptedBefore, BaselineEntry, NewSuppression, Verdict
from fluxbump.errors import UsageError
from fluxbump.model import Finding, Location

SCHEMA = "fluxbump/baseline/v1"


class _File(Struct, frozen=True):
    schema: Literal["fluxbump/baseline/v1"]
    findings: list[BaselineEntry]


def text(findings: Iterable[Finding]) -> str:
    """Return the text of a baseline file that accepts `findings`."""
    found = _in_order(findings)
    entries = [
        BaselineEntry(finding.code, finding.location.path, identity(finding)[2], fingerprint)
        for finding, fingerprint in zip(found, fingerprints(found), strict=True)
    ]
    whole = {"schema": SCHEMA, "findings": [msgspec.structs.asdict(entry) for entry in entries]}
    written = json.dumps(whole, indent=2, ensure_ascii=False)
    return written.encode("utf-8", "replace").decode("utf-8") + "\n"


def parse(data: bytes, path: str) -> tuple[BaselineEntry, ...]:
    """Read a baseline file.

    Args:
        data: the content of the file.
        path: the path of the file, for messages.

    Raises:
        UsageError: the content is not that of a baseline file.
    """
    try:
        return tuple(msgspec.json.decode(data, type=_File).findings)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not a baseline file: {error}",
            hint=f"write it again: fluxbump check --write-baseline {path}",
        ) from None


def applied(verdict: Verdict, entries: Iterable[BaselineEntry], path: str) -> Verdict:
    """Return a verdict in which the findings that a baseline file lists are accepted.

    They move from `findings` to `accepted`. An entry of a rule that was not run is not stale,
    because nobody knows whether it still matches.

    Args:
        verdict: the verdict with all findings.
        entries: the entries of the baseline file.
        path: the path of the file.
    """
    known = {entry.fingerprint: entry for entry in entries}
    found = _in_order(verdict.findings)
    prints = [*fingerprints(found)]
    judged = {*verdict.codes} - {not_run.code for not_run in verdict.not_run}
    stale = tuple(
        known[fingerprint]
        for fingerprint in known.keys() - {*prints}
        if known[fingerprint].code in judged
    )
    stale = tuple(sorted(stale, key=lambda entry: (entry.code, entry.path, entry.fingerprint)))
    pairs = [*zip(found, prints, strict=True)]
    accepted = tuple(finding for finding, fingerprint in pairs if fingerprint in known)
    rest = tuple(finding for finding, fingerprint in pairs if fingerprint not in known)
    return replace(verdict, findings=rest, accepted=AcceptedBefore(path, accepted, stale))


def held_to(
    before: Iterable[BaselineEntry], after: Iterable[BaselineEntry]
) -> tuple[BaselineEntry, ...]:
    """Return the entries that apply to a change: those of the base that the change keeps."""
    known = {entry.fingerprint for entry in before}
    return tuple(entry for entry in after if entry.fingerprint in known)


def added(
    before: Iterable[BaselineEntry],
    after: Iterable[BaselineEntry],
    path: str,
    *,
    applied: bool,
) -> Iterator[NewSuppression]:
    """Yield what a change newly accepts in the baseline file, one item for each rule.

    Args:
        before: the entries at the base.
        after: the entries after the change.
        path: the path of the baseline file.
        applied: True if the new entries already count in this verdict.
    """
    known = {entry.fingerprint for entry in before}
    new = Counter(entry.code for entry in after if entry.fingerprint not in known)
    for code in sorted(new):
        entries = "1 entry" if new[code] == 1 else f"{new[code]} entries"
        said = f"baseline file: {entries} of {code}"
        yield NewSuppression(Location(path, 1), code, said, "", applied)


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (finding.code, finding.location))
