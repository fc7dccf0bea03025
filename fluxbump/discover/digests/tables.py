"""Tables of digests by release: a key that is a version, with digests under it. Pure.

What downloads a file looks its digest up by the version, so a new version needs a key of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from fluxbump.discover.digests.downloads import Download
from fluxbump.discover.digests.spellings import Digest, shaped
from fluxbump.model import FLUX, Note
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

ADD = "Add the digests of the new release under its own version, in a commit before the bump"
"""What to do about a table, as its note says."""

_KEY = lazy_pattern(
    r"[ \t]*(?:- )?[\"']?v?(?P<version>\d+\.\d+\.\d+(?:-[\w.]+)?)[\"']?[ \t]*(?::|=>?)(?!=)"
)
_NO_LINE = ("#", "//", "}", "]", ")")


def without(
    file: TextFile, digests: Sequence[Digest], downloads: Sequence[Download], held: Collection[str]
) -> tuple[list[Digest], list[Note]]:
    """Return the digests that are in no table, and a note on the table's entry in use.

    Args:
        file: with all of them.
        digests: of the file, in order.
        downloads: of the file. A key beside a URL of its own release is no table.
        held: versions that variables of the file hold.
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
    """Whether a text has digests under the key of a release."""
    return release in _releases(text, [digest.start for digest in shaped(text)]).values()


def _note(file: TextFile, start: int, key: str) -> Note:
    what = f"the digest of {key} is in a table, which has a key for each release"
    return Note(file.location(start), what, held=(FLUX, key), advice=ADD)


def _releases(text: str, starts: Iterable[int]) -> dict[int, str]:
    """Return the version that is the key over each place, by indentation; ascending places."""
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
    """Bring the keys over a line up to date."""
    body = line.lstrip(" \t")
    if not body or body.startswith(_NO_LINE):
        return
    indent, key = len(line) - len(body), _KEY.match(line)
    while above and above[-1][0] >= indent:
        above.pop()
    if key:
        above.append((indent, key["version"]))
