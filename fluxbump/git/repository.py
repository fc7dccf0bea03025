"""A git repository: what it has, and the one ref that a bump makes.

Everything is read from the object database and written as objects; the working tree, the index
and HEAD are never touched, except by `switch`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fluxbump.errors import RepositoryError
from fluxbump.git import find_repository, history, objects, refs, uncommitted
from fluxbump.git.file_history import Held
from fluxbump.git.local_process import Runner
from fluxbump.git.objects import Commit, CommitSnapshot, CommitText, ObjectSnapshot
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.git.refs import Branch
from fluxbump.git.trees import Trees
from fluxbump.git.worktree import EditableWorktree, IndexSnapshot, WorktreeSnapshot
from fluxbump.system.changes_made import changing

if TYPE_CHECKING:
    from fluxbump.git.writer import Writer

T = TypeVar("T", bound=ObjectSnapshot)


class Repository:
    """A git repository, bare or not.

    Attributes:
        trees: builds trees and patches, and moves no ref.
    """

    def __init__(self, path: Path | None, environ: Mapping[str, str] | None = None) -> None:
        """Open the repository that `path` is in; the one we are in when it is None.

        Args:
            path: in the repository.
            environ: for git's processes, besides our own; in a partial clone they fetch what they
                read and the clone has left out, see `remote.Remote.environ`.

        Raises:
            RepositoryError: there is none, or git does not trust it.
            ToolError: git is not installed.
        """
        self._layout = find_repository.find(path)
        self._environ = {**find_repository.pinned(self._layout), **(environ or {})}
        self._git = Runner(self._layout.root, self._environ)
        self.trees = Trees(self._git, self._layout)
        self._snapshots: list[ObjectSnapshot] = []
        self._made: Writer | None = None

    def close(self) -> None:
        """End the helper processes."""
        for snapshot in self._snapshots:
            snapshot.close()
        if self._made is not None:
            self._made.close()

    @property
    def _writer(self) -> Writer:
        if self._made is None:
            # GitPython takes longer to import than all else, and most runs write nothing.
            from fluxbump.git.writer import Writer

            self._made = Writer(self._layout.root, self._environ)
        return self._made

    @property
    def bare(self) -> bool:
        """Whether there is no working tree."""
        return self._layout.bare

    @property
    def root(self) -> Path:
        """The working tree's root; the git directory of a bare repository."""
        return self._layout.root

    @property
    def private(self) -> Path:
        """A directory for fluxbump's own files; each working tree has one. It need not be there."""
        return self._layout.private / "fluxbump"

    # --- reading --------------------------------------------------------------------------

    def commit(self, revision: str) -> Commit:
        """Look a revision up.

        Raises:
            RepositoryError: there is no such commit.
        """
        return objects.commit(self._git, revision)

    def snapshot(self, commit: Commit, name: str) -> CommitSnapshot:
        """Return a view of a commit's files."""
        return self._closed_later(CommitSnapshot(self._git, commit, name))

    def worktree(self, *, instead: str = "use --rev REV") -> WorktreeSnapshot:
        """Return a view of the working tree; `instead` says what to do if there is none.

        Raises:
            RepositoryError: a bare repository has none.
        """
        self._require_work_tree("no working tree", hint=instead)
        return WorktreeSnapshot(self._git, self.root)

    def editable(self, *, instead: str = "drop --in-place") -> EditableWorktree:
        """Return a view of the working tree that an edit can start from; see `worktree`.

        Raises:
            RepositoryError: a bare repository has none.
        """
        self._require_work_tree("no working tree to edit", hint=instead)
        born = self._git.run("rev-parse", "--verify", "--quiet", "HEAD", accept=(0, 1))
        return EditableWorktree(self._git, self.root, self.commit("HEAD") if born else None)

    def staged(self) -> IndexSnapshot:
        """Return a view of what is staged.

        Raises:
            RepositoryError: a bare repository has no index.
        """
        self._require_work_tree("no index", hint="use --rev REV")
        return self._closed_later(IndexSnapshot(self._git, datetime.now(UTC)))

    def _require_work_tree(self, lacking: str, *, hint: str) -> None:
        if self.bare:
            raise RepositoryError(f"a bare repository has {lacking}", hint=hint)

    def _closed_later(self, snapshot: T) -> T:
        self._snapshots.append(snapshot)
        return snapshot

    def merge_base(self, revision: str, other: str = "HEAD", *, explained: bool = True) -> Commit:
        """Return the best common ancestor of two revisions; see `ancestry.merge_base`.

        Raises:
            RepositoryError: there is no such revision, or nothing is common.
        """
        from fluxbump.git import ancestry

        return ancestry.merge_base(self._git, revision, other, explained=explained)

    def current_branch(self) -> str:
        """Return the branch that HEAD is on.

        Raises:
            RepositoryError: it is on none.
        """
        return refs.current_branch(self._git)

    def main_branch(self, remote: str) -> str:
        """Return the main branch: the remote's, else the one that HEAD is on, else `main`."""
        return refs.main_branch(self._git, remote)

    def remote_address(self, name: str) -> str | None:
        """Return the URL that a remote is pushed to; None when there is no such remote."""
        found = self._git.run("remote", "get-url", "--push", "--", name, accept=(0, 2, 128))
        return found.decode().strip() or None

    def branch(self, name: str) -> Branch | None:
        """Look a branch up; None when there is none."""
        return refs.branch(self._git, name)

    def lineage(self, revision: str, paths: Collection[str]) -> tuple[Held, ...]:
        """Return every version that some files have had in any branch; see `history.read`.

        Raises:
            RepositoryError: the history is not all here, or too large.
        """
        return history.read(self._git, self._layout, paths, revision)

    def ever_held(self, revision: str, texts: Collection[str]) -> frozenset[str]:
        """Return those of some texts that a file has held, or may have; see `history.ever_held`."""
        return history.ever_held(self._git, self._layout, texts, revision)

    def modified(self, paths: Iterable[str]) -> list[str]:
        """Return those of `paths` whose working tree or index differs from HEAD."""
        return [] if self.bare else uncommitted.modified(self._git, paths)

    @property
    def clean(self) -> bool:
        """Whether the working tree holds what HEAD does, and no file besides that git would add."""
        return self.bare or uncommitted.is_clean(self._git)

    def unstaged(self, paths: Iterable[str]) -> set[str]:
        """Return those of `paths` of which the index does not hold what is in the working tree."""
        return uncommitted.unstaged(self._git, paths)

    # --- building ---------------------------------------------------------------------------

    def described(self, sha: str) -> CommitText:
        """Return what a commit says; see `objects.commit_text`."""
        return objects.commit_text(self._git, sha)

    def beyond(self, base: str, tip: str) -> dict[str, tuple[str, ...]]:
        """Map the commits that `tip` has and `base` has not to their parents.

        Raises:
            RepositoryError: a commit is not here.
        """
        from fluxbump.git import ancestry

        return ancestry.beyond(self._git, base, tip)

    def write(
        self,
        base: CommitSnapshot,
        changes: ChangeSet,
        message: str,
        parent: str | None = None,
        *,
        stand_in: bool = False,
    ) -> str:
        """Write a commit of `changes` over `base`, which no ref holds yet; return its name.

        Author, committer and signature follow the user's git configuration.

        Args:
            base: what `changes` are to.
            changes: all of them, those of `parent` too.
            message: of the commit.
            parent: of the commit; None for the base.
            stand_in: sign with our own name where git has been told nobody's.

        Raises:
            RepositoryError: git does not know who the author is, or cannot sign.
        """
        with self.trees.incoming() as env:
            tree = self.trees.build_tree(base, changes, env)
            parent = parent or base.commit.sha
            return self._writer.commit(tree, parent, message, env, stand_in=stand_in)

    def create(self, branch: str, commit: str, tree: str) -> str | None:
        """Create a branch; git refuses when it exists by now.

        Returns:
            None; the tip, when another run was faster and the branch holds the same tree.

        Raises:
            RepositoryError: it exists and holds something else, or its name cannot be used.
        """
        with changing(f"made the branch {branch}") as change:
            try:
                self._writer.update_refs(f"create refs/heads/{branch}\0{commit}\0")
            except RepositoryError:
                meanwhile = self.branch(branch)
                if meanwhile is None or meanwhile.tree != tree:
                    raise
                change.made = False
                return meanwhile.tip
        return None

    def replace(self, branch: Branch, commit: str) -> str:
        """Point a branch elsewhere and keep its old tip under a ref; return that ref.

        Raises:
            RepositoryError: the branch moved meanwhile.
        """
        kept = f"refs/fluxbump/replaced/{branch.name}/{branch.tip[:12]}"
        with changing(f"replaced the branch {branch.name}, and kept its old tip as {kept}"):
            self._writer.update_refs(
                f"update refs/heads/{branch.name}\0{commit}\0{branch.tip}\0"
                f"update {kept}\0{branch.tip}\0\0"
            )
        return kept

    def check_branch_name(self, name: str) -> None:
        """Refuse a name that no branch of ours may have; see `branch_names.problem`.

        Raises:
            RepositoryError: the name is not one for a branch.
        """
        refs.check_branch_name(self._git, name)

    # --- switching ----------------------------------------------------------------------------

    def require_switchable(self, branch: str, base: CommitSnapshot, changes: ChangeSet) -> None:
        """Refuse a switch to the result that would overwrite local changes.

        Raises:
            RepositoryError: it would, there is no working tree, or a merge or rebase is under way.
        """
        self._require_work_tree("nothing to check out", hint="drop --checkout")
        refs.require_not_elsewhere(self._git, branch, self.root)
        uncommitted.require_switchable(self._git, self.trees, self._layout.private, base, changes)

    def switch(self, branch: str) -> None:
        """Check a branch out.

        Raises:
            RepositoryError: git refused.
        """
        with changing(f"switched to {branch}"):
            self._writer.switch(branch)
