"""Finds statements in comments and documents about the current version of a track. Pure.

A version counts if it is directly beside the track's name, also without a patch (`Flux v2.4`), in a
sentence about the present (`we run`, `is pinned to`, `currently`). The sentence must not be about
the past, a condition or another version. In doubt, it is no statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice

from msgspec import Struct

from fluxbump.discover.mentions import history_texts, sentences
from fluxbump.discover.mentions.beside_names import NUMBER, is_near, named_in, version_beside
from fluxbump.discover.tracks import current
from fluxbump.model import FLUX, FLUX2, Form, Inventory, Track, TrackKind
from fluxbump.text import versions
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern

NEEDLES = ("lux v2.", "lux 2.", "luxCD v2.", "luxCD 2.", "lux version", "lux is ")
"""Fixed texts by which files are found that name a Flux release and possibly nothing else."""

_LONGEST_LINE = 4000
"""The maximum length of a line of prose, in characters."""
_OFTEN = 2
"""A text that names more versions of one track than this is a log."""

_MANY = 1_000
"""A text with more wrong versions beside names than this makes no statements."""

# `the version that NAME has today (1.1.2 is …)` is true or not, whatever else the sentence says.
_OUTRIGHT = lazy_pattern(r"has[^\w(]+(?:today|now|currently|presently)[^\w(]*\([`*\"']*v?\Z", re.I)


class Said(Struct, frozen=True):
    """A version beside a track's name.

    Attributes:
        track: the track that the name means.
        value: the version as written, without `v`: `2.4.0`, or the line `2.4`.
        start: the offset of the version.
        name: the offset of the name.
    """

    track: Track
    value: str
    start: int
    name: int


class Reader(Struct, frozen=True):
    """The names and versions by which statements are recognized.

    Attributes:
        names: the track of each name in texts; the names are in lower case.
        app_versions: the Flux release of each version of the community chart.
    """

    names: Mapping[str, tuple[Track, ...]]
    app_versions: Mapping[str, str]

    def track(self, name: str, value: str, gap: str) -> Track | None:
        """Return the track that a name means; `flux2` is a chart, and also Flux's repository."""
        found = self.names[name]
        if found[0].kind is TrackKind.CHART or not self.app_versions:
            return found[0] if len(found) == 1 else None
        if len(found) > 1:
            return None
        charts, releases = self.app_versions.keys(), {*self.app_versions.values()}
        is_chart, is_release = is_one_of(value, charts), is_one_of(value, releases)
        if "chart" in gap:
            return FLUX2
        if found[0] == FLUX:
            return FLUX if is_release or not is_chart else None
        return (
            FLUX2 if is_chart and not is_release else FLUX if is_release and not is_chart else None
        )


def reader(tracks: Iterable[Track], app_versions: Mapping[str, str]) -> Reader:
    """Return the names that texts may use for these tracks."""
    names: dict[str, tuple[Track, ...]] = {}
    for track in tracks:
        if track.kind in (TrackKind.RELEASE, TrackKind.COMMUNITY, TrackKind.CHART):
            called = (track.name.lower(), *(("fluxcd",) if track == FLUX else ()))
            for name in filter(None, called):  # a chart may lack its name
                names[name] = (*names.get(name, ()), track)
    return Reader(names, app_versions)


def held(inventory: Inventory, app_versions: Mapping[str, str]) -> dict[Track, tuple[str, ...]]:
    """Return all versions of each track that the repository holds, the current one first."""
    found: dict[Track, list[str]] = {track: [value] for track, value in current(inventory).items()}
    for pin in inventory.pins:
        if pin.form is Form.EXACT and pin.value not in found.setdefault(pin.track, []):
            found[pin.track].append(pin.value)
    shipped = [
        app_versions[chart_version]
        for chart_version in found.get(FLUX2, ())
        if chart_version in app_versions
    ]
    found[FLUX] = [*dict.fromkeys((*found.get(FLUX, ()), *shipped))]
    return {track: tuple(values) for track, values in found.items() if values}


def stale(file: TextFile, known: Reader, right: Mapping[Track, Collection[str]]) -> Iterator[Said]:
    """Yield the statements about the present in a text that are wrong.

    Args:
        file: the file to read; a file about the past as a whole has no statements.
        known: the names of the tracks.
        right: the versions of each track that a statement may name.
    """
    if not history_texts.is_history(file.path):
        wrong = list(
            islice(said(file, known, lambda statement: is_wrong(statement, right)), _MANY + 1)
        )
        yield from stale_of(file, wrong, known)


def is_wrong(statement: Said, right: Mapping[Track, Collection[str]]) -> bool:
    """Whether a statement names a version that its track does not have."""
    return statement.track in right and not is_one_of(statement.value, right[statement.track])


def stale_of(file: TextFile, wrong: Collection[Said], known: Reader) -> Iterator[Said]:
    """Yield those of the wrong versions in a text that are statements about the present."""
    named: dict[Track, set[str]] = {}
    for statement in wrong:
        named.setdefault(statement.track, set()).add(statement.value)
    if len(wrong) > _MANY:
        return
    sections = _sections_of(file)
    for statement in wrong:
        if len(named[statement.track]) > _OFTEN:
            continue
        sentence = _sentence_of(file.text, statement)
        # What is cheap to tell comes first: a text may name versions ten thousand times.
        present = _is_outright(file.text, statement) or sentences.is_present(*sentence)
        if present and _is_of_now(file.text, statement, sentence, known, sections):
            yield statement


def of_no_past(file: TextFile, found: Iterable[Said], known: Reader) -> Iterator[Said]:
    """Yield the versions whose sentence and section are about neither the past nor a condition."""
    sections = _sections_of(file)
    for statement in found:
        if _is_of_now(file.text, statement, _sentence_of(file.text, statement), known, sections):
            yield statement


_SectionsOf = Callable[[bool], history_texts.Sections]


def _sections_of(file: TextFile) -> _SectionsOf:
    """Return what reads the headings of a document, once for each meaning of `told`."""
    return cache(lambda told: history_texts.sections(file, told=told))


def _is_of_now(
    text: str, statement: Said, sentence: tuple[str, str], known: Reader, sections: _SectionsOf
) -> bool:
    before, behind = sentence
    outright = _is_outright(text, statement)
    if sections(outright).tells_of_the_past(statement.start):
        return False
    if outright:
        before, behind = "", behind.partition(")")[0]  # what is in the brackets
    return not sentences.is_past(before, statement.value, behind, known.names)


def said(
    file: TextFile, known: Reader, matters: Callable[[Said], bool] = lambda _: True
) -> Iterator[Said]:
    """Yield the versions beside a name that are in prose and not in code.

    Args:
        file: the file to read.
        known: the names of the tracks.
        matters: returns whether a version is wanted. It is called first, because a parser may be
            needed to tell code from prose.
    """
    numbers = [found.start() for found in NUMBER.finditer(file.text)]
    if not numbers or file.language in (Language.LOCK, Language.RECORD):
        return
    lower = file.text.lower()
    if len(lower) != len(file.text):
        lower = file.text  # letters that change their length would move what is behind them
    track_of = cache(known.track)
    for name, start in sorted(named_in(lower, known.names), key=lambda other: other[1]):
        if not is_near(numbers, start, start + len(name)):
            continue
        other = _said(file.text, name, start, track_of)
        if (
            other is None
            or not matters(other)
            or _is_long(file.text, start)
            or file.is_live(other.start)
        ):
            continue
        if not file.is_program or file.in_comment(other.start):
            yield other


def _said(
    text: str, name: str, start: int, track_of: Callable[[str, str, str], Track | None]
) -> Said | None:
    found = version_beside(text, name, start)
    if found is None:
        return None
    value, at, gap = found
    track = track_of(name, value, gap)
    # Flux 1 is another product.
    if track is None or (track == FLUX and value.startswith("1.")):
        return None
    return Said(track, value, at, start)


def _is_long(text: str, offset: int) -> bool:
    """Whether the line around `offset` is no prose; only so much of it is looked at."""
    low, high = max(0, offset - _LONGEST_LINE), offset + _LONGEST_LINE
    start, end = text.rfind("\n", low, offset), text.find("\n", offset, high)
    start = start if start >= 0 else (-1 if low == 0 else low - 1)
    end = end if end >= 0 else min(high, len(text))
    return end - start > _LONGEST_LINE


def _sentence_of(text: str, statement: Said) -> tuple[str, str]:
    """Return the parts of a statement's sentence before and behind its version."""
    start, end = statement.start, statement.start + len(statement.value)
    return sentences.around(text, start, end, statement.name)


def _is_outright(text: str, statement: Said) -> bool:
    """Whether the text says `NAME has today (VERSION`."""
    return (
        statement.name < statement.start
        and _OUTRIGHT.search(text[statement.name : statement.start]) is not None
    )


def is_one_of(value: str, values: Collection[str]) -> bool:
    """Whether a version, or a line of versions, is among these."""
    if versions.FULL.fullmatch(value):
        return value in values
    return any(candidate.startswith(f"{value}.") for candidate in values)
