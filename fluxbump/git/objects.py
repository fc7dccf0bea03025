"""Git's objects: run git, read a commit's files, build trees. Nothing here moves a ref.

New objects can go to a quarantine directory outside the repository, as `git receive-pack` does
it, so that a preview is as exact as the real thing and leaves nothing behind.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from datetime import datetime
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.git import new_objects
from fluxbump.git.grep import Listing, Searched, divide
from fluxbump.git.local_process import Batch, Layout, Runner
from fluxbump.git.overlay import ChangeSet
from fluxbump.model import Snapshot
from fluxbump.system import scratch
from fluxbump.system.process_pool import processors

_REGULAR = (b"100644", b"100755")
_LINK = b"120000"
_MODULE = b"160000"
_BATCH = (
    400  # requests in flight: their answers may fill git's pipe, the requests must not fill ours
)
_SHA256_LENGTH = 64
_FOLDER = b"040000"

_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
_THROWN_AWAY = ("-c", "core.fsync=none", "-c", "core.compression=0")

_LARGE = 20_000
"""Files of which a search is divided: it then takes longer than a few processes to start."""

_MOST_SEARCHES = 4


class Commit(Struct, frozen=True):
    """A commit: its name, its tree's name, and when it was made."""

    sha: str
    tree: str
    time: datetime


class Git(Runner):
    """Runs git in one repository, and builds what is not there yet."""

    def __init__(self, layout: Layout, environ: Mapping[str, str]) -> None:
        super().__init__(layout.root, environ)
        self._private = layout.private
        self.objects = layout.shared.joinpath("objects").resolve()

    def quarantine(self) -> AbstractContextManager[dict[str, str]]:
        """Give an environment in which new objects and the index go to a scratch directory."""
        return new_objects.quarantine(self.objects)

    def incoming(self) -> AbstractContextManager[dict[str, str]]:
        """Give an environment whose new objects join the repository's when the block ends."""
        return new_objects.incoming(self.objects)

    def preview_tree(self, base: CommitSnapshot, changes: ChangeSet, env: Mapping[str, str]) -> str:
        """Write the tree of `changes` over `base` with one process; `env` is a quarantine's.

        `fast-import` writes trees only as part of a commit on a branch, so it runs in a scratch
        repository that borrows the real one's objects.
        """
        with scratch.directory() as place:
            _scratch_repository(place, base.commit.sha)
            stream = _import_stream(base, changes)
            out = self._import(stream, {**env, "GIT_DIR": str(place)}, *_THROWN_AWAY)
        return out.split()[2].decode()

    def build_tree(self, base: CommitSnapshot, changes: ChangeSet, env: Mapping[str, str]) -> str:
        """Write the tree of `changes` over `base`; `env` says where the objects and index go."""
        blobs = self._blobs([data for data in changes.files.values() if data is not None], env)
        null = b"0 " + b"0" * len(base.commit.tree)
        lines = []
        for path, data in changes.files.items():
            name = path.encode("utf-8", "surrogateescape")
            head = null if data is None else base.mode(path) + b" " + next(blobs)
            lines.append(head + b"\t" + name + b"\0")
        self.run("read-tree", base.commit.tree, env=env)
        self.run("update-index", "-z", "--index-info", stdin=b"".join(lines), env=env)
        return self.run("write-tree", env=env).decode().strip()

    def excerpts(
        self, base: Snapshot, changes: ChangeSet, env: Mapping[str, str]
    ) -> tuple[str, str]:
        """Write the trees of the changed files alone, before and after."""
        base_paths = set(base.paths())
        before = {path: base.read(path) for path in changes.files if path in base_paths}
        after = {path: data for path, data in changes.files.items() if data is not None}
        trees = []
        for number, files in enumerate((before, after)):
            place = {**env, "GIT_INDEX_FILE": f"{env['GIT_INDEX_FILE']}-{number}"}
            blobs = self._blobs(list(files.values()), env)
            lines = [
                b"%b %b\t%b\0" % (_mode(base, path), blob, path.encode("utf-8", "surrogateescape"))
                for path, blob in zip(files, blobs, strict=True)
            ]
            self.run("update-index", "-z", "--index-info", stdin=b"".join(lines), env=place)
            trees.append(self.run("write-tree", env=place).decode().strip())
        return trees[0], trees[1]

    def _blobs(self, contents: Sequence[bytes], env: Mapping[str, str]) -> Iterator[bytes]:
        """Write blobs and yield their names.

        `fast-import` takes all of them from one stream and makes one pack of many; a file for
        each of the thousands of blobs of a large bump would cost more than the rest of it.
        """
        commands = [
            b"blob\nmark :%d\ndata %d\n%b\nget-mark :%d\n" % (mark, len(data), data, mark)
            for mark, data in enumerate(contents, start=1)
        ]
        return iter(self._import(b"".join(commands), env).split())

    def _import(self, stream: bytes, env: Mapping[str, str], *options: str) -> bytes:
        """Run `fast-import`, which calls the hook for moved refs though it moves none of ours.

        It reads a file: a pipe that ends early, because we are killed, would make it report a
        crash. What it reports when it fails is in its message too.
        """
        command = (*_NO_HOOKS, *options, "fast-import", "--quiet")
        with closing(self.begin(*command, stdin=stream, env=env)) as begun:
            try:
                return begun.output().read()
            except RepositoryError:
                crash = self._private / f"fast_import_crash_{begun.pid}"
                crash.unlink(missing_ok=True)
                raise

    def patch(self, old: str, new: str, env: Mapping[str, str]) -> bytes:
        """Return what `git apply` takes to go from one tree to the other."""
        return self.run(
            "diff-tree", "-r", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff",
            "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", old, new, env=env,
        )  # fmt: skip


class Others(Struct, frozen=True):
    """What is no regular file: path of a link to its object's name, and submodules, sorted."""

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
        runner: runs git.
        place: what `git grep` searches: a tree, or `--cached`.
        prefix: what `git grep` puts before each path.
    """

    name: str
    time: datetime

    def __init__(self, runner: Git, place: Sequence[str], prefix: str) -> None:
        super().__init__()
        self._git = runner
        self._place = place
        self._prefix = prefix
        self._process: Batch | None = None

    @property
    @abstractmethod
    def entries(self) -> dict[str, tuple[bytes, bytes]]:
        """Path to mode and object name, of regular files."""

    @property
    @abstractmethod
    def others(self) -> Others:
        """What is no regular file and no folder."""

    @cached_property
    def _links(self) -> dict[str, str]:
        names = self.others.links
        if not names:
            return {}
        with closing(self._git.contents([*names.values()])) as answers:
            pairs = zip(names, answers, strict=True)
            return {path: os.fsdecode(data) for path, data in pairs if data is not None}

    def links(self) -> Mapping[str, str]:
        """Return the symbolic links, each with what it holds."""
        return self._links

    def modules(self) -> Sequence[str]:
        """The directories of submodules, sorted."""
        return self.others.modules

    def close(self) -> None:
        """End the process that serves objects, if one was started."""
        if self._process is not None:
            process, self._process = self._process, None
            process.close()

    @cached_property
    def _paths(self) -> list[str]:
        return sorted(self.entries)

    def paths(self) -> Sequence[str]:
        """All regular files, sorted."""
        return self._paths

    def below(self, folder: str) -> Sequence[str]:
        """All files below `folder`, which ends in `/`."""
        first = bisect_left(self._paths, folder)
        last = bisect_left(self._paths, folder[:-1] + chr(ord("/") + 1))
        return self._paths[first:last] if folder else self._paths

    def mode(self, path: str) -> bytes:
        """Return a file's mode; that of a plain file for one that does not exist yet."""
        return self.entries[path][0] if path in self.entries else _REGULAR[0]

    def read(self, path: str) -> bytes:
        """Return a file's bytes; KeyError when there is none."""
        return next(iter(self.read_many([path])))[1]

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each path with its bytes; of many, they are kept, for they are asked for again."""
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
        """Yield a few objects from the process that serves all who want a few."""
        if self._process is None:
            self._process = self._git.batch()
        self._process.ask(names)
        # All answers are taken before any is given out, so that a caller that stops early
        # leaves no answer in the pipe for the next one.
        yield from [self._process.answer() for _ in names]

    def _search(self, needles: Sequence[str]) -> list[str]:
        """Attributes such as `-diff` do not hide a file (`--text`): a pin is a pin."""
        out = self._git.run(*_grep(needles), *self._place, "--", accept=(0, 1))
        names = out.decode("utf-8", "surrogateescape").split("\0")
        found = sorted(name.removeprefix(self._prefix) for name in names if name)
        return [path for path in found if path in self.entries]


class CommitSnapshot(ObjectSnapshot):
    """A commit's files."""

    def __init__(self, runner: Git, commit: Commit, name: str) -> None:
        super().__init__(runner, (commit.tree,), f"{commit.tree}:")
        self.commit = commit
        self.name = name
        self.time = commit.time

    @property
    def entries(self) -> dict[str, tuple[bytes, bytes]]:
        """Path to mode and object name, of regular files."""
        return self._listed[0]

    @property
    def others(self) -> Others:
        """What is no regular file and no folder."""
        return self._listed[2]

    @cached_property
    def _listed(self) -> tuple[dict[str, tuple[bytes, bytes]], dict[str, bytes], Others]:
        """Path to mode and object name, of regular files; to object name, of folders; the rest."""
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
        """One `git grep` reads objects one after another, however many threads it has."""
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
    """Threads wait for each other to read objects; one takes as long and a fifth less work."""
    return [
        "grep", "-l", "-z", "--text", "--fixed-strings", "--full-name",
        "--no-recurse-submodules", "--no-color", "--threads=1",
        *(part for needle in needles for part in ("-e", needle)),
    ]  # fmt: skip


def _mode(base: Snapshot, path: str) -> bytes:
    told = getattr(base, "mode", None)
    return bytes(told(path)) if told else _REGULAR[0]


def _scratch_repository(place: Path, example: str) -> None:
    """Make the least that git takes for a repository; `example` is an object name of its format."""
    for folder in ("objects", "refs"):
        (place / folder).mkdir()
    (place / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
    if len(example) == _SHA256_LENGTH:
        format_ = "[core]\nrepositoryformatversion=1\n[extensions]\nobjectformat=sha256\n"
        (place / "config").write_text(format_, encoding="ascii")


def _import_stream(base: CommitSnapshot, changes: ChangeSet) -> bytes:
    """A commit that nobody will see, and the question which tree it has (git-fast-import(1))."""
    lines = [
        b"commit refs/heads/preview\nmark :1\ncommitter fluxbump <> 0 +0000\ndata 0\nfrom %b\n"
        % base.commit.sha.encode()
    ]
    for path, data in changes.files.items():
        raw = path.encode("utf-8", "surrogateescape")
        name = b'"%b"' % raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
        if data is None:
            lines.append(b"D %b\n" % name)
        else:
            lines.append(
                b"M %b inline %b\ndata %d\n%b\n" % (base.mode(path), name, len(data), data)
            )
    return b"".join([*lines, b'\nls :1 ""\ndone\n'])
