"""Build trees, and the patches between them. Nothing here moves a ref.

New objects can go to a quarantine directory outside the repository, as in `git receive-pack`. So a
preview is exact, and leaves no objects in the repository.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.git.find_repository import Layout
from fluxbump.git.local_process import Runner
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.model import Snapshot
from fluxbump.system import scratch

_PLAIN_FILE = b"100644"
_SHA256_LENGTH = 64

_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
# No compression, and the pack stays one: otherwise a second process makes a file of each object.
_THROWN_AWAY = (
    *("-c", "core.fsync=none"),
    *("-c", "core.compression=0"),
    *("-c", "fastimport.unpackLimit=0"),
)


class Built(Struct, frozen=True):
    """The result of a change set on a base.

    Attributes:
        tree: the name of the resulting tree; empty if the base is not a commit.
        patch: the patch from the base to the result, for `git apply`.
    """

    tree: str
    patch: bytes


class Trees:
    """Builds trees in one repository, and the patches between them.

    Args:
        git: runs git in the repository.
        layout: the repository's directories.
    """

    def __init__(self, git: Runner, layout: Layout) -> None:
        self._git = git
        self._private = layout.private
        self._objects = layout.objects

    @contextmanager
    def quarantine(self) -> Iterator[dict[str, str]]:
        """Yield variables that make git write objects and the index to a scratch directory."""
        with scratch.directory() as place:
            place.joinpath("objects").mkdir()
            yield _elsewhere(place / "objects", place / "index", self._objects)

    @contextmanager
    def incoming(self) -> Iterator[dict[str, str]]:
        """Yield variables for git whose new objects join the repository when the block ends.

        Until then they are in a directory beside the repository's objects, as in `git
        receive-pack`. So an interrupted run leaves no half-written pack among the objects. `git
        prune` removes a directory with such a name.

        Raises:
            RepositoryError: the objects cannot be written for lack of permission.
        """
        try:
            with scratch.directory("tmp_objdir-fluxbump-", self._objects) as place:
                yield _elsewhere(place, place / "index", self._objects)
                (place / "index").unlink(missing_ok=True)
                _join(place, self._objects)
        except PermissionError as error:
            raise RepositoryError(
                "cannot write git's objects: permission denied",
                where=os.fsdecode(error.filename or self._objects),
                hint="see its owner and permissions",
            ) from None

    def build_tree(self, base: CommitSnapshot, changes: ChangeSet, env: Mapping[str, str]) -> str:
        """Write the tree of `changes` to `base`, and return its name.

        `env` says where the objects and the index go.
        """
        blobs = self._blobs([data for data in changes.files.values() if data is not None], env)
        null = b"0 " + b"0" * len(base.commit.tree)
        lines = []
        for path, data in changes.files.items():
            name = path.encode("utf-8", "surrogateescape")
            head = null if data is None else base.mode(path) + b" " + next(blobs)
            lines.append(head + b"\t" + name + b"\0")
        self._git.run("read-tree", base.commit.tree, env=env)
        self._git.run("update-index", "-z", "--index-info", stdin=b"".join(lines), env=env)
        return self._git.run("write-tree", env=env).decode().strip()

    def preview(self, base: Snapshot, changes: ChangeSet) -> Built:
        """Build the tree of `changes` to `base`, and the patch, in a quarantine."""
        with self.quarantine() as env:
            if not isinstance(base, CommitSnapshot):
                return Built("", self._patch(*self._excerpts(base, changes, env), env))
            tree = self._preview_tree(base, changes, env)
            return Built(tree, self._patch(base.commit.tree, tree, env))

    def stages(self, base: CommitSnapshot, stages: Iterable[ChangeSet]) -> tuple[Built, ...]:
        """Build the tree of each change set on `base`, and the patch from the tree before it."""
        with self.quarantine() as env:
            trees = [self._preview_tree(base, stage, env) for stage in stages]
            steps = pairwise((base.commit.tree, *trees))
            return tuple(Built(new, self._patch(old, new, env)) for old, new in steps)

    def difference(self, old: str, new: str) -> bytes:
        """Return the patch from one commit to another, in the format of `preview`.

        Raises:
            RepositoryError: the repository lacks one of the commits.
        """
        with self.quarantine() as env:
            return self._patch(old, new, env)

    def merged(self, ours: str, other: str) -> str | None:
        """Return the tree of git's merge of two commits; None for a conflict or an old git.

        Git needs `merge-tree --write-tree`, of version 2.38.
        """
        command = ("merge-tree", "--write-tree", "--no-messages", ours, other)
        with self.quarantine() as env:
            try:
                return self._git.run(*command, env=env).decode().strip()
            except RepositoryError:  # a conflict, or git before 2.38
                return None

    # --- pieces ---

    def _preview_tree(
        self, base: CommitSnapshot, changes: ChangeSet, env: Mapping[str, str]
    ) -> str:
        """Write the tree of `changes` to `base` with one process, in a quarantine's `env`.

        `fast-import` writes trees only as part of a commit on a branch, so it runs in a scratch
        repository that borrows the real one's objects.
        """
        with scratch.directory() as place:
            _scratch_repository(place, base.commit.sha)
            stream = _import_stream(base, changes)
            out = self._import(stream, {**env, "GIT_DIR": str(place)}, *_THROWN_AWAY)
        return out.split()[2].decode()

    def _excerpts(
        self, base: Snapshot, changes: ChangeSet, env: Mapping[str, str]
    ) -> tuple[str, str]:
        """Write the trees of the changed files alone, and return their names before and after."""
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
            self._git.run("update-index", "-z", "--index-info", stdin=b"".join(lines), env=place)
            trees.append(self._git.run("write-tree", env=place).decode().strip())
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
        """Run `fast-import` without hooks, because it calls the hook for moved refs.

        It reads a file: if this process were killed, a pipe would end early, and `fast-import`
        would write a crash report. Such a report is deleted, because git's message has the reason
        too.
        """
        command = (*_NO_HOOKS, *options, "fast-import", "--quiet")
        with closing(self._git.begin(*command, stdin=stream, env=env)) as begun:
            try:
                return begun.output().read()
            except RepositoryError:
                crash = self._private / f"fast_import_crash_{begun.pid}"
                crash.unlink(missing_ok=True)
                raise

    def _patch(self, old: str, new: str, env: Mapping[str, str]) -> bytes:
        """Return the patch from one tree to the other, for `git apply`."""
        return self._git.run(
            "diff-tree", "-r", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff",
            "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", old, new, env=env,
        )  # fmt: skip


def _mode(base: Snapshot, path: str) -> bytes:
    told = getattr(base, "mode", None)
    return bytes(told(path)) if told else _PLAIN_FILE


def _scratch_repository(place: Path, example: str) -> None:
    """Make the smallest directory that git takes for a repository.

    `example` is an object name in the repository's hash format.
    """
    for folder in ("objects", "refs"):
        (place / folder).mkdir()
    (place / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
    if len(example) == _SHA256_LENGTH:
        format_ = "[core]\nrepositoryformatversion=1\n[extensions]\nobjectformat=sha256\n"
        (place / "config").write_text(format_, encoding="ascii")


def _import_stream(base: CommitSnapshot, changes: ChangeSet) -> bytes:
    """Return the input for git-fast-import(1): a throwaway commit, and a query of its tree."""
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


# --- where new objects go ----------------------------------------------------------------------


def _elsewhere(new: Path, index: Path, objects: Path) -> dict[str, str]:
    outer = os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
    return {
        "GIT_OBJECT_DIRECTORY": str(new),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(
            [_quoted(str(objects)), *([outer] if outer else [])]
        ),
        "GIT_INDEX_FILE": str(index),
    }


def _join(new: Path, objects: Path) -> None:
    """Move new objects into the repository; a pack's index, by which git finds it, comes last."""
    found = [path for path in new.rglob("*") if path.is_file()]
    for path in sorted(found, key=lambda path: (path.suffix == ".idx", path.name)):
        target = objects / path.relative_to(new)
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            target.parent.chmod(path.parent.stat().st_mode)  # git has heeded core.sharedRepository
        if not target.exists():
            path.rename(target)


def _quoted(path: str) -> str:
    """Quote a path for GIT_ALTERNATE_OBJECT_DIRECTORIES if it contains a separator."""
    if os.pathsep not in path and not path.startswith('"'):
        return path
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
