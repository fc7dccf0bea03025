"""Comments and documents that state something about Flux's versions that is not so any more."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from fluxbump import mentions
from fluxbump.model import FLUX, FLUX2, Finding, Location, Severity, Track
from fluxbump.pins import install_url
from fluxbump.rules.rule import Evidence, Outcome, Rule
from fluxbump.textfile import TextFile
from fluxbump.tracks import current

_NOW = re.compile(r"\b(?:current(?:ly)?|now|today|at present|as of today)\b", re.IGNORECASE)


def stale_mention(evidence: Evidence) -> Iterator[Outcome]:
    """What comments and documents say of the present is true."""
    held = current(evidence.inventory)
    app_versions = {version: str(one.app_version) for version, one in evidence.index.items()}
    texts = {**evidence.inventory.files, **evidence.inventory.others}
    pinned: dict[str, set[int]] = {}
    for pin in evidence.inventory.pins:
        pinned.setdefault(pin.location.path, set()).add(pin.start)
    for path, text in sorted(texts.items()):
        file = TextFile(path, text)
        said = {
            **dict(_statements(file, held)),
            **dict(_urls(file, held, pinned.get(path, set()))),
            **dict(_rows(file, held, app_versions)),
        }
        for where, message in sorted(said.items()):
            yield Finding("FB120", Severity.WARNING, message, where)


Said = Iterator[tuple[Location, str]]


def _urls(file: TextFile, held: Mapping[Track, str], pinned: Collection[int]) -> Said:
    release = held.get(FLUX)
    if release is None or "fluxcd/flux2/releases/" not in file.text:
        return
    for match in install_url.URL.finditer(file.text):
        if match.end("tag") - len((match["tag"] or "").removeprefix("v")) in pinned:
            continue  # other rules judge what installs
        tag = (match["tag"] or "").removeprefix("v")
        if tag and tag[:1].isdigit() and tag != release and not file.is_live(match.start()):
            where = _line(file, match.start())
            yield where, f"names the install URL of {tag}, but cloud-init installs {release}"


def _rows(file: TextFile, held: Mapping[Track, str], app_versions: Mapping[str, str]) -> Said:
    for row in mentions.marked_rows(file, app_versions):
        if (row.release, row.chart) != (held.get(FLUX), held.get(FLUX2)):
            now = f"{held.get(FLUX)} (flux2 {held.get(FLUX2)})"
            message = f"marks Flux {row.release} (flux2 {row.chart}) as current, but it is {now}"
            yield _line(file, row.start), message


def _statements(file: TextFile, held: Mapping[Track, str]) -> Said:
    """A line that says `now`, names a track, and gives it another version than it has."""
    done = 0
    for word in _NOW.finditer(file.text):
        if word.start() < done or file.is_live(word.start()):
            continue
        start, end = file.line_span(word.start())
        done = end  # each of its words would say the same
        line = file.text[start:end]
        named = [track for track in held if _names(line, track)]
        values = {token.value: token.start for token in mentions.tokens(file.text, start, end)}
        right = {held[track] for track in named}
        # Two versions in a line are a history, or a row of a table: no statement of the present.
        if len(named) == 1 and len(values) == 1 and not right & values.keys():
            value = next(iter(values))
            track = named[0]
            yield (
                _line(file, values[value]),
                f"says that {track} is {value} now, but it is {held[track]}",
            )


def _names(line: str, track: Track) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(track.name)}(?![\w-])", line, re.IGNORECASE))


def _line(file: TextFile, offset: int) -> Location:
    return Location(file.path, file.location(offset).line)


RULES = (
    Rule(
        "FB120",
        "stale-mention",
        Severity.WARNING,
        "Comments and documents say nothing of the present that is not so.",
        stale_mention,
    ),
)
