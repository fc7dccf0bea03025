"""Read commits and their files from git's object database; `trees` builds new trees."""

from __future__ import annotations

import os
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import cached_property

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.git import refs
from fluxbump.git.grep import Listing, Searched, divide
from fluxbump.git.local_process import Batch, Runner
from fluxbump.system.process_pool import processors

_REGULAR = (b"100644", b"100755")
_LINK = b"120000"
_MODULE = b"160000"
_BATCH = (
    400  # requests in flight: their answers may fill git's pipe, the requests must not fill ours
)
_FOLDER = b"040000"

_LARGE = 20_000
"""Files from which on a search is divided, because it takes longer than starting processes."""

_MOST_SEARCHES = 4

UTF_8 = "--encoding=UTF-8"
"""The option that makes git print commits in UTF-8, whatever `i18n.logOutputEncoding` says."""


class Commit(Struct, frozen=True):
    """A commit: its full name, the name of its tree, and its committer date."""

    sha: str
    tree: str
    time: datetime


def commit(git: Runner, revision: str) -> Commit:
    """Return the commit that a revision names.

    Raises:
        RepositoryError: there is no such commit.
    """
    command = ("rev-list", "--max-count=1", "--format=%H%x00%T%x00%cI", UTF_8)
    try:
        out = git.run(*command, "--end-of-options", f"{revision}^{{commit}}", "--")
    except RepositoryError:
        raise refs.unknown(git, revision) from None
    sha, tree, time = out.decode().splitlines()[-1].split("\0")
    return Commit(sha, tree, moment(time))


def moment(text: str) -> datetime:
    """Return the date of a commit, which its author can set to any value.

    Args:
        text: the date as git writes `%cI`. The result is 1970 if git cannot read the date, which
            makes it empty, or if the year is after 9999 or the time zone is impossible.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


class CommitText(Struct, frozen=True):
    """The text of a commit object.

    Attributes:
        tree: the name of its tree.
        parents: the names of its parents.
        message: the message as written.
    """

    tree: str
    parents: tuple[str, ...]
    message: str


def commit_text(git: Runner, sha: str) -> CommitText:
    """Return the text of a commit object, with all parents even in a shallow clone.

    Raises:
        RepositoryError: the repository has no such commit.
    """
    raw = git.run("cat-file", "commit", sha).decode("utf-8", "replace")
    head, _, message = raw.partition("\n\n")
    lines = [line.partition(" ")[::2] for line in head.splitlines()]
    parents = tuple(value for name, value in lines if name == "parent")
    tree = next((value for name, value in lines if name == "tree"), "")
    return CommitText(tree, parents, message)


class Others(Struct, frozen=True):
    """The entries of a tree that are not regular files.

    Attributes:
        links: the object name of each symbolic link, by path.
        modules: the paths of submodules, sorted.
    """

    links: Mapping[str, bytes]
    modules: Sequence[str]


def others(listed: Iterable[tuple[bytes, bytes, str]]) -> Others:
    """Pick links and submodules from a listing of modes, object names and paths."""
    rest = [known for known in listed if known[0] in (_LINK, _MODULE)]
    links = {path: name for mode, name, path in rest if mode == _LINK}
    return Others(links, sorted(path for mode, _, path in rest if mode == _MODULE))


class ObjectSnapshot(Searched):
    """Files in the object database, read through one `git cat-file --batch`.

    Args:
        runner: runs git in the repository.
        place: the argument of `git grep` for the files to search: a tree, or `--cached`.
        prefix: the text that `git grep` puts before each path.
    """

    name: str
    time: datetime

    def __init__(self, runner: Runner, place: Sequence[str], prefix: str) -> None:
        super().__init__()
        self._git = runner
        self._place = place
        self._prefix = prefix
        self._process: Batch | None = None

    @property
    @abstractmethod
    def entries(self) -> dict[str, tuple[bytes, bytes]]:
        """The mode and the object name of each regular file, by path."""

    @property
    @abstractmethod
    def others(self) -> Others:
        """The entries that are neither regular files nor folders."""

    @cached_property
    def _links(self) -> dict[str, str]:
        names = self.others.links
        if not names:
            return {}
        with closing(self._git.contents([*names.values()])) as answers:
            pairs = zip(names, answers, strict=True)
            return {path: os.fsdecode(data) for path, data in pairs if data is not None}

    def links(self) -> Mapping[str, str]:
        """Return the target of each symbolic link, by path."""
        return self._links

    def modules(self) -> Sequence[str]:
        """Return the directories of submodules, sorted."""
        return self.others.modules

    def close(self) -> None:
        """End the process that returns objects, if one was started."""
        if self._process is not None:
            process, self._process = self._process, None
            process.close()

    @cached_property
    def _paths(self) -> list[str]:
        return sorted(self.entries)

    def paths(self) -> Sequence[str]:
        """Return all regular files, sorted."""
        return self._paths

    def below(self, folder: str) -> Sequence[str]:
        """Return all files below `folder`, which ends in `/`; empty stands for all files."""
        first = bisect_left(self._paths, folder)
        last = bisect_left(self._paths, folder[:-1] + chr(ord("/") + 1))
        return self._paths[first:last] if folder else self._paths

    def mode(self, path: str) -> bytes:
        """Return the mode of a file; the mode of a plain file if the path does not exist yet."""
        return self.entries[path][0] if path in self.entries else _REGULAR[0]

    def read(self, path: str) -> bytes:
        """Return the bytes of a file; raises KeyError if there is no such file."""
        return next(iter(self.read_many([path])))[1]

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each path with its bytes; many files are kept, because they are read again."""
        wanted = list(paths)
        missing = [path for path in wanted if path not in self._held]
        many = len(missing) > _BATCH
        read = self._git.contents if many else self._asked
        fresh = frozenset(missing)
        with closing(read([self.entries[path][1] for path in missing])) as answers:
            for path in wanted:
                data = next(answers) if path in fresh else self._held[path]
                if data is None:
                    raise _no_object(path)
                if many:
                    self._held[path] = data
                yield path, data

    def _asked(self, names: Sequence[bytes]) -> Generator[bytes | None, None, None]:
        """Yield a few objects from one process, which stays for further requests."""
        if self._process is None:
            self._process = self._git.batch()
        self._process.ask(names)
        # All answers are taken before any is given out, so that a caller that stops early
        # leaves no answer in the pipe for the next one.
        yield from [self._process.answer() for _ in names]

    def _search(self, needles: Sequence[str]) -> list[str]:
        """Search all files with `--text`, so that attributes such as `-diff` hide none."""
        out = self._git.run(*_grep(needles), *self._place, "--", accept=(0, 1))
        names = out.decode("utf-8", "surrogateescape").split("\0")
        found = sorted(name.removeprefix(self._prefix) for name in names if name)
        return [path for path in found if path in self.entries]


class CommitSnapshot(ObjectSnapshot):
    """A snapshot of a commit's files."""

    def __init__(self, runner: Runner, commit: Commit, name: str) -> None:
        super().__init__(runner, (commit.tree,), f"{commit.tree}:")
        self.commit = commit
        self.name = name
        self.time = commit.time

    @property
    def entries(self) -> dict[str, tuple[bytes, bytes]]:
        """The mode and the object name of each regular file, by path."""
        return self._listed[0]

    @property
    def others(self) -> Others:
        """The entries that are neither regular files nor folders."""
        return self._listed[2]

    @cached_property
    def _listed(self) -> tuple[dict[str, tuple[bytes, bytes]], dict[str, bytes], Others]:
        """Regular files (mode and object name by path), folders (object name by path), the rest."""
        out = self._git.run("ls-tree", "-r", "-t", "-z", "--full-tree", self.commit.tree)
        files, folders, rest = {}, {"": self.commit.tree.encode()}, []
        for line in out.decode("utf-8", "surrogateescape").split("\0"):
            head, _, path = line.partition("\t")
            mode, _, name = head.encode().partition(b" ")
            if mode in _REGULAR:
                files[path] = (mode, name[len("blob ") :])
            elif mode == _FOLDER:
                folders[path] = name[len("tree ") :]
            elif path:
                rest.append((mode, name.rpartition(b" ")[2], path))
        return files, folders, others(rest)

    def _search(self, needles: Sequence[str]) -> list[str]:
        """Search a large tree with several processes.

        One `git grep` reads objects one after another, whatever its number of threads.
        """
        number = min(processors(), _MOST_SEARCHES)
        if len(self.entries) < _LARGE or number == 1:
            return super()._search(needles)
        files, folders, _ = self._listed
        parts = divide(Listing(self._paths, files, folders), number)
        command = _grep(needles)
        outs = self._git.run_beside(
            [[*command, *(name.decode() for name in part.names), "--"] for part in parts],
            accept=(0, 1),
        )
        found = zip(parts, (out.split(b"\0") for out in outs), strict=True)
        paths = {
            path for part, names in found for name in names if name for path in part.path(name)
        }
        return sorted(paths & files.keys())


def _no_object(path: str) -> RepositoryError:
    return RepositoryError(f"git has no object for {path}", hint="git fsck, or git fetch")


def _grep(needles: Sequence[str]) -> list[str]:
    """Return the command of `git grep`, with one thread.

    Threads wait for each other to read objects. One thread takes as long, and a fifth less work.
    """
    return [
        "grep", "-l", "-z", "--text", "--fixed-strings", "--full-name",
        "--no-recurse-submodules", "--no-color", "--threads=1",
        *(part for needle in needles for part in ("-e", needle)),
    ]  # fmt: skip
