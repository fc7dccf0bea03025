"""Snapshots of files that are not committed: the index, and the working tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from fluxbump.errors import RepositoryError
from fluxbump.git.grep import Searched
from fluxbump.git.local_process import Runner
from fluxbump.git.objects import Commit, ObjectSnapshot, Others, others
from fluxbump.text.budget import MOST_READ

_REGULAR = (b"100644", b"100755")
_STAGED = b"0"


class IndexSnapshot(ObjectSnapshot):
    """A snapshot of the index, which the next commit will have."""

    name = "index"

    def __init__(self, runner: Runner, time: datetime) -> None:
        super().__init__(runner, ("--cached",), "")
        self.time = time

    @cached_property
    def entries(self) -> dict[str, tuple[bytes, bytes]]:
        """The mode and the object name of each regular file, by path.

        Raises:
            RepositoryError: a merge has left conflicts.
        """
        return {path: (mode, name) for mode, name, path in self._listed if mode in _REGULAR}

    @property
    def others(self) -> Others:
        """The entries that are not regular files."""
        return others(self._listed)

    @cached_property
    def _listed(self) -> list[tuple[bytes, bytes, str]]:
        listed = []
        for line in self._git.run("ls-files", "--stage", "-z", "--full-name").split(b"\0"):
            head, _, path = line.partition(b"\t")
            if not path:
                continue
            mode, name, stage = head.split(b" ")
            if stage != _STAGED:
                raise RepositoryError(
                    "the index holds unresolved conflicts",
                    where=os.fsdecode(path),
                    hint="resolve them and `git add` the files",
                )
            listed.append((mode, name, path.decode("utf-8", "surrogateescape")))
        return listed


class WorktreeSnapshot(Searched):
    """A snapshot of the working tree: tracked files, and untracked ones that are not ignored."""

    name = "working tree"

    def __init__(self, runner: Runner, root: Path, time: datetime | None = None) -> None:
        super().__init__()
        self._git = runner
        self._root = root
        self.time = time or datetime.now(UTC)

    @cached_property
    def _paths(self) -> list[str]:
        return sorted(name for name in self._names if self._is_file(name))

    @cached_property
    def _names(self) -> list[str]:
        out = self._git.run(
            "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "-z",
            "--full-name", cwd=self._root,
        )  # fmt: skip
        return [name for name in out.decode("utf-8", "surrogateescape").split("\0") if name]

    @cached_property
    def _odd(self) -> list[str]:
        """The paths in the working tree that are not regular files, sorted."""
        return sorted({*self._names} - {*self._paths})

    def links(self) -> Mapping[str, str]:
        """Return the target of each symbolic link, by path."""
        links = (Path(self._root, name) for name in self._odd)
        pairs = zip(self._odd, links, strict=True)
        return {name: os.fsdecode(link.readlink()) for name, link in pairs if link.is_symlink()}

    def modules(self) -> Sequence[str]:
        """Return the directories of submodules; other repositories in the tree do not count."""
        folders = (name for name in self._odd if not name.endswith("/"))
        full = ((name, Path(self._root, name)) for name in folders)
        return [name for name, path in full if path.is_dir() and not path.is_symlink()]

    def _is_file(self, path: str) -> bool:
        full = os.path.join(self._root, path)  # noqa: PTH118  # pathlib is slow, trees are large
        return os.path.isfile(full) and not os.path.islink(full)  # noqa: PTH113, PTH114  # same

    def _is_here(self, path: str) -> bool:
        """Whether the path is a regular file that is not behind a symbolic link."""
        real = os.path.join(os.path.realpath(self._root), path)  # noqa: PTH118  # as above
        return self._is_file(path) and os.path.realpath(real) == real

    def paths(self) -> Sequence[str]:
        """Return all regular files, sorted."""
        return self._paths

    def read(self, path: str) -> bytes:
        """Return the bytes of a file; raises KeyError if there is no such file."""
        if not self._is_here(path):
            raise KeyError(path)
        with Path(self._root, path).open("rb") as file:
            return file.read(MOST_READ)  # what is larger exceeds every budget

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each path with its bytes."""
        for path in paths:
            yield path, self.read(path)

    def below(self, folder: str) -> Sequence[str]:
        """Return all files below `folder`, also ignored ones, because vendored charts often are."""
        found = []
        for parent, folders, names in os.walk(Path(self._root, folder)):
            if ".git" in folders:
                folders.remove(".git")
            relative = Path(parent).relative_to(self._root).as_posix()
            found += [f"{relative}/{name}".removeprefix("./") for name in names]
        return sorted(path for path in found if self._is_here(path))

    def _search(self, needles: Sequence[str]) -> list[str]:
        patterns = [part for needle in needles for part in ("-e", needle)]
        out = self._git.run(
            "grep", "-l", "-z", "--text", "--fixed-strings", "--full-name", "--untracked",
            "--no-recurse-submodules", "--no-color", *patterns, accept=(0, 1), cwd=self._root,
        )  # fmt: skip
        known = set(self._paths)
        names = out.decode("utf-8", "surrogateescape").split("\0")
        return sorted(name for name in names if name in known)


class EditableWorktree(WorktreeSnapshot):
    """A snapshot of the working tree for edits: no ignored files, and each file is read once.

    Args:
        runner: runs git in the working tree.
        root: the root of the working tree.
        commit: the commit of HEAD; None if there is none yet.
    """

    def __init__(self, runner: Runner, root: Path, commit: Commit | None) -> None:
        super().__init__(runner, root, commit.time if commit else None)
        self.commit = commit

    @cached_property
    def conflicts(self) -> frozenset[str]:
        """The files with unresolved conflicts of a merge."""
        out = self._git.run("ls-files", "--unmerged", "-z", "--full-name", cwd=self._root)
        lines = out.decode("utf-8", "surrogateescape").split("\0")
        return frozenset(line.partition("\t")[2] for line in lines if line)

    def paths(self) -> Sequence[str]:
        """Return all regular files, sorted.

        Raises:
            RepositoryError: a file cannot be read, so its pins are not known.
        """
        if not self._readable:
            for path in self._paths:
                if not os.access(os.path.join(self._root, path), os.R_OK):  # noqa: PTH118  # slow
                    raise _unreadable(path, "permission denied")
            self._readable = True
        return self._paths

    _readable = False

    def read(self, path: str) -> bytes:
        """Return the bytes that a file had at its first read; raises KeyError if it does not exist.

        Raises:
            RepositoryError: the file has conflicts, or cannot be read.
        """
        if path not in self._held:
            if path in self.conflicts:
                raise RepositoryError(
                    "the file holds unresolved conflicts of a merge",
                    where=path,
                    hint="resolve them and `git add` it",
                )
            try:
                self._held[path] = super().read(path)
            except OSError as error:
                raise _unreadable(path, error.strerror or str(error)) from error
        return self._held[path]

    def below(self, folder: str) -> Sequence[str]:
        """Return all files below `folder`, without those that git ignores."""
        return [path for path in self.paths() if path.startswith(folder)]

    def ignored_below(self, folder: str) -> Sequence[str]:
        """Return the files below `folder` that git ignores."""
        return sorted(set(super().below(folder)) - set(self.paths()))

    def ignored(self, path: str) -> Sequence[str]:
        """Return the path itself if it is a file that git ignores; empty otherwise."""
        return [path] if self._is_here(path) and path not in self.paths() else []

    def mode(self, path: str) -> bytes:
        """Return a file's mode as git writes it; the mode of a plain file if it does not exist."""
        full = Path(self._root, path)
        executable = full.is_file() and full.stat().st_mode & stat.S_IXUSR
        return _REGULAR[1] if executable else _REGULAR[0]

    def unseen(self) -> Sequence[str]:
        """Return the tracked files that the working tree does not show as text.

        They are left out of a sparse checkout, or written in an encoding such as UTF-16
        (gitattributes(5), `working-tree-encoding`).
        """
        tagged = self._git.run("ls-files", "-t", "-z", "--full-name", cwd=self._root)
        encoded = self._git.run(
            "ls-files", "-z", "--full-name", "--", ":(exclude,attr:!working-tree-encoding)",
            cwd=self._root,
        )  # fmt: skip
        lines = tagged.decode("utf-8", "surrogateescape").split("\0")
        absent = {line[2:] for line in lines if line.startswith("S ")}
        odd = encoded.decode("utf-8", "surrogateescape").split("\0")
        return sorted(
            {path for path in absent if not self._is_file(path)}
            | {path for path in odd if path and self._is_here(path) and b"\0" in self.read(path)}
        )


def _unreadable(path: str, why: str) -> RepositoryError:
    return RepositoryError(
        f"cannot be read: {why}", where=path, hint="check its permissions, or remove it"
    )
