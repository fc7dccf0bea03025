"""Reads which findings a team accepts, from comments and from its configuration. Pure.

A comment in a code span of a document accepts nothing, because the document is about it. A code
block may be an example, or the file that the comment belongs to. A comment there covers findings on
its line, and is not called unused if there are none.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase

from fluxbump.check.evidence import Evidence
from fluxbump.check.verdict import Suppression
from fluxbump.config.settings import FILE, Settings
from fluxbump.discover.inventory import SUPPRESSION
from fluxbump.model import Finding, Location, Severity
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern

_COMMENT = lazy_pattern(
    r"fluxbump:\s*ignore\[(?:(?P<codes>FB\d+(?:\s*,\s*FB\d+)*)\](?P<reason>[^\n]*)|(?P<odd>[^\n]*))"
)
_FENCE = lazy_pattern(r"[ \t>]*(?P<fence>`{3,}|~{3,})(?P<info>[^\r\n]*)")
_TICKS = lazy_pattern(r"`+")

Spans = list[tuple[int, int]]

Suppressed = Callable[[str, Location], bool]
"""A function that says whether the findings of a rule, by its code, are accepted at a place."""


def nothing(code: str, where: Location) -> bool:
    """Return False: a `Suppressed` that accepts no finding."""
    return False


def stated(evidence: Evidence, settings: Settings) -> Iterator[Suppression]:
    """Yield every statement that accepts findings: those of the configuration, then comments.

    Args:
        evidence: the evidence about the snapshot, with the texts that may have such comments.
        settings: the configuration that applies.
    """
    for ignore in settings.ignore:
        yield Suppression(
            ignore.code, Location(FILE, ignore.line), ignore.path, None, ignore.reason
        )
    yield from commented({**evidence.inventory.files, **evidence.inventory.others})


def ignores(evidence: Evidence, settings: Settings) -> Suppressed:
    """Return the function that says whether findings of a rule at a place are accepted."""
    accepted = [*stated(evidence, settings)]

    def ignored(code: str, where: Location) -> bool:
        finding = Finding(code, Severity.NOTE, "", where)
        return any(covers(suppression, finding) for suppression in accepted)

    return ignored


def covers(suppression: Suppression, finding: Finding) -> bool:
    """Whether a statement accepts a finding."""
    if suppression.code != finding.code or suppression.line not in (None, finding.location.line):
        return False
    if suppression.line is not None:
        return suppression.path == finding.location.path
    return fnmatchcase(finding.location.path, suppression.path)


def commented(texts: Mapping[str, str]) -> Iterator[Suppression]:
    """Yield the statements in comments; `texts` has the text of each file by path."""
    for path, text in texts.items():
        if SUPPRESSION not in text:
            continue
        file = TextFile(path, text)
        blocks, spans = _code(text) if file.language is Language.DOCUMENT else ([], [])
        for match in _COMMENT.finditer(text):
            if not _within(spans, match.start()):
                where = file.location(match.start())
                yield from _of(match, where, example=_within(blocks, match.start()))


def _of(match: re.Match[str], where: Location, *, example: bool) -> Iterator[Suppression]:
    if match["odd"] is not None:
        code = f"ignore[{match['odd'].strip()}"
        yield Suppression(code, where, where.path, where.line, "", example)
        return
    reason = match["reason"].strip(" -:\r>")
    for code in match["codes"].split(","):
        yield Suppression(code.strip(), where, where.path, where.line, reason, example)


def _within(spans: Spans, offset: int) -> bool:
    """Whether one of `spans`, which are in order, contains `offset`."""
    found = bisect(spans, offset, key=lambda span: span[0]) - 1
    return found >= 0 and offset < spans[found][1]


def _code(text: str) -> tuple[Spans, Spans]:
    """Return the code blocks and the code spans of a document (CommonMark 0.31 §4.5, §6.1).

    Fences count at any depth of a list or quote. A code span ends with its line at the latest.
    """
    blocks: Spans = []
    spans: Spans = []
    fence, start = "", 0
    position = 0
    for line in text.splitlines(keepends=True):
        found = _FENCE.match(line)
        if fence:
            if found and found["fence"].startswith(fence) and not found["info"].strip():
                blocks.append((start, position))
                fence = ""
        elif found and "`" not in found["info"]:
            fence, start = found["fence"], position
        else:
            spans += [(position + a, position + b) for a, b in _spans(line)]
        position += len(line)
    return [*blocks, *([(start, position)] if fence else [])], spans


def _spans(line: str) -> Iterator[tuple[int, int]]:
    """Yield the code spans of a line: from a run of backticks to the next one as long."""
    runs = [match.span() for match in _TICKS.finditer(line)]
    last = {end - start: start for start, end in runs}
    opening: tuple[int, int] | None = None
    for start, end in runs:
        if opening is None:
            opening = (start, end) if last[end - start] > start else None
        elif end - start == opening[1] - opening[0]:
            yield opening[1], start
            opening = None
