"""Finds tables of digests by release: keys that are versions, with digests below them. Pure.

A program reads the digest of a version from such a table, so a new version needs a new key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from fluxbump.discover.digests.downloads import Download
from fluxbump.discover.digests.spellings import Digest, shaped
from fluxbump.model import FLUX, Note
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

ADD = "Add the digests of the new release under its own version, in a commit before the bump"
"""The advice in the note about a table."""

_KEY = lazy_pattern(
    r"[ \t]*(?:- )?[\"']?v?(?P<version>\d+\.\d+\.\d+(?:-[\w.]+)?)[\"']?[ \t]*(?::|=>?)(?!=)"
)
_NO_LINE = ("#", "//", "}", "]", ")")


def without(
    file: TextFile, digests: Sequence[Digest], downloads: Sequence[Download], held: Collection[str]
) -> tuple[list[Digest], list[Note]]:
    """Return the digests that are in no table, and a note on each entry of a table in use.

    Args:
        file: the file with the digests.
        digests: the digests of the file, in order.
        downloads: the downloads of the file. A key is not that of a table if a URL holds its
            version.
        held: the versions that variables of the file hold.
    """
    keys = _releases(file.text, [digest.start for digest in digests]) if held else {}
    urls = [file.text[it.start : it.end] for it in downloads if not it.variable]
    keys = {
        start: key for start, key in keys.items() if not any(f"/v{key}/" in url for url in urls)
    }
    others = [digest for digest in digests if digest.start not in keys]
    used = dict[str, int]()
    for start, key in keys.items():
        if key in held and not file.in_comment(start):
            used.setdefault(key, start)
    return others, [_note(file, start, key) for key, start in used.items()]


def has(text: str, release: str) -> bool:
    """Whether a text has digests below the key of a release."""
    return release in _releases(text, [digest.start for digest in shaped(text)]).values()


def _note(file: TextFile, start: int, key: str) -> Note:
    what = f"the digest of {key} is in a table, which has a key for each release"
    return Note(file.location(start), what, held=(FLUX, key), advice=ADD)


def _releases(text: str, starts: Iterable[int]) -> dict[int, str]:
    """Return the version in the closest key above each of the ascending offsets, by indentation."""
    found, above = dict[int, str](), list[tuple[int, str]]()
    lines = _lines(text)
    begin, line = next(lines)
    for start in starts:
        while True:
            _descend(above, line)
            if start <= begin + len(line):
                break
            begin, line = next(lines)
        if above:
            found[start] = above[-1][1]
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    begin = 0
    for line in text.split("\n"):
        yield begin, line
        begin += len(line) + 1


def _descend(above: list[tuple[int, str]], line: str) -> None:
    """Update the list of the keys above a line, with their indentation, for the next line."""
    body = line.lstrip(" \t")
    if not body or body.startswith(_NO_LINE):
        return
    indent, key = len(line) - len(body), _KEY.match(line)
    while above and above[-1][0] >= indent:
        above.pop()
    if key:
        above.append((indent, key["version"]))
