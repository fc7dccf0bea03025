"""Read the earlier versions of files from git's history, within bounds.

A history without renames takes four processes at most, whatever the number of commits. A history
that is not complete is refused, not guessed: a shallow or partial clone, grafts and replaced
commits hide a part of the past.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.git.file_history import Held
from fluxbump.git.find_repository import Layout
from fluxbump.git.local_process import Runner
from fluxbump.git.objects import UTF_8, moment

SECONDS = 10.0  # for one process
LOG_LIMIT = 64 << 20  # bytes; some 500,000 changes of files
BLOB_LIMIT = 64 << 20  # bytes of all versions of all files together
FEW = 60  # paths; git compares each with every change, so for more all changes are listed
ROUNDS = 5  # how often a file may have been renamed
_RENAME_PAIRS = "400"  # files that came and went in one commit, to be compared with each other

_REGULAR = (b"100644", b"100755")
_RAW = ("--raw", "-z", "--no-abbrev", "--no-color", "--no-ext-diff")


class _Side(Struct, frozen=True):
    """One side of a change: a version of a file.

    Attributes:
        made: when the commit was made, if this side is its new version; None for the old version.
    """

    path: str
    blob: bytes
    made: datetime | None = None


class _Found(Struct):
    """The versions that the walks have found so far."""

    sides: dict[tuple[str, bytes], _Side]
    added: list[bytes]

    def add(self, side: _Side) -> None:
        known = self.sides.get((side.path, side.blob))
        if known is None or _earlier(side.made, known.made):
            self.sides[side.path, side.blob] = side


def read(git: Runner, layout: Layout, paths: Collection[str], revision: str) -> tuple[Held, ...]:
    """Return all versions that some files have had in any branch, across renames.

    Args:
        git: runs git in the repository.
        layout: the repository's directories.
        paths: the current paths of the files.
        revision: a revision to start from, in addition to all refs.

    Raises:
        RepositoryError: the history is not complete or too large; the message says which.
    """
    _require_whole(git, layout)
    found = _Found({}, [])
    wanted, todo = set(paths), sorted(paths)
    for _ in range(ROUNDS):
        if not todo:
            break
        added = _walk(git, todo, revision, found)
        todo = sorted(_sources(git, added, todo) - wanted)
        wanted.update(todo)
    if todo:
        raise RepositoryError(f"{todo[0]} was renamed too often")
    return tuple(_contents(git, list(found.sides.values())))


def _require_whole(git: Runner, layout: Layout) -> None:
    home = layout.objects.parent
    if (home / "shallow").exists():
        raise RepositoryError("the clone is shallow", hint="git fetch --unshallow")
    if any(layout.objects.glob("pack/*.promisor")):
        raise RepositoryError("the clone is partial", hint="clone without --filter")
    if (home / "info" / "grafts").exists():
        raise RepositoryError("the history has grafts", hint="see info/grafts")
    rewritten = git.run("for-each-ref", "--count=1", "refs/replace", "refs/original")
    if rewritten:
        raise RepositoryError("the history was rewritten", hint="see refs/replace, refs/original")


def ever_held(git: Runner, layout: Layout, texts: Collection[str], revision: str) -> frozenset[str]:
    """Return the texts that a file has contained in any branch, or may have contained.

    A text counts as contained if the search takes too long, and all texts do if the history is not
    complete.

    Args:
        git: runs git in the repository.
        layout: the repository's directories.
        texts: the texts to search for, without line breaks.
        revision: a revision to start from, in addition to all refs.
    """
    try:
        _require_whole(git, layout)
    except RepositoryError:
        return frozenset(texts)
    found = set()
    for text in texts:
        out = git.run_bounded(
            "log", "--all", revision, "-1", "--format=%H", UTF_8, "--no-show-signature",
            f"-S{text}", stdin=b"", limit=LOG_LIMIT, seconds=SECONDS / len(texts),
        )  # fmt: skip
        if out is None or out.strip():
            found.add(text)
    return frozenset(found)


# --- which versions there were ----------------------------------------------------------------


def _walk(git: Runner, paths: Collection[str], revision: str, found: _Found) -> list[bytes]:
    """Add all versions of `paths` to `found`, and return the commits that added one of them.

    Both sides of a change count. So a version that only a merge brought in is seen when it is
    removed.
    """
    if any("\n" in path for path in paths):
        raise RepositoryError("a path holds a line break")
    wanted = set(paths)
    listed = "\n".join(["--", *(paths if len(paths) <= FEW else ()), ""])
    out = _bounded(
        git, "--literal-pathspecs", "log", "--all", revision, "--stdin", "--full-history",
        "--diff-merges=first-parent", "--no-renames", "--no-show-signature", "--root",
        "--format=%x01%H %cI", UTF_8, *_RAW, stdin=listed.encode("utf-8", "surrogateescape"),
        limit=LOG_LIMIT,
    )  # fmt: skip
    commit, time, added = b"", moment(""), []
    tokens = iter(out.split(b"\0"))
    for token in tokens:
        entry = token.lstrip(b"\n")
        if entry.startswith(b"\1"):
            commit, _, said = entry[1:].partition(b" ")
            time = moment(said.decode())
        elif entry.startswith(b":"):
            old_mode, mode, old_blob, blob, status = entry[1:].split(b" ")
            path = next(tokens).decode("utf-8", "surrogateescape")
            if path not in wanted:
                continue
            if old_mode in _REGULAR:
                found.add(_Side(path, old_blob))
            if mode in _REGULAR:
                found.add(_Side(path, blob, time))
            if status == b"A":
                added.append(commit)
    return added


def _sources(git: Runner, commits: Collection[bytes], paths: Collection[str]) -> set[str]:
    """Return the earlier names of those `paths` that were renamed in one of `commits`."""
    if not commits:
        return set()
    out = _bounded(
        git, "diff-tree", "--stdin", "-r", "-M", f"-l{_RENAME_PAIRS}", "--diff-filter=R",
        "--no-commit-id", *_RAW, stdin=b"\n".join([*dict.fromkeys(commits), b""]), limit=LOG_LIMIT,
    )  # fmt: skip
    wanted = {path.encode("utf-8", "surrogateescape") for path in paths}
    tokens = iter(out.split(b"\0"))
    renames = [(next(tokens), next(tokens)) for token in tokens if token.startswith(b":")]
    return {old.decode("utf-8", "surrogateescape") for old, new in renames if new in wanted}


def _earlier(first: datetime | None, other: datetime | None) -> bool:
    return first is not None and (other is None or first < other)


# --- what they hold ---------------------------------------------------------------------------


def _contents(git: Runner, sides: list[_Side]) -> Iterator[Held]:
    names = b"".join(side.blob + b"\n" for side in sides)
    out = _bounded(git, "cat-file", "--batch", stdin=names, limit=BLOB_LIMIT) if sides else b""
    position = 0
    for side in sides:
        end = out.index(b"\n", position)
        header = out[position:end].split()
        if header[1:2] != [b"blob"]:
            raise RepositoryError(f"git has no object for an earlier {side.path}")
        start = end + 1
        position = start + int(header[2]) + 1
        yield Held(side.path, out[start : position - 1], side.made)


def _bounded(git: Runner, *args: str, stdin: bytes, limit: int) -> bytes:
    out = git.run_bounded(*args, stdin=stdin, limit=limit, seconds=SECONDS)
    if out is None:
        raise RepositoryError("the history is too large to be read in time")
    return out
