"""Read a git repository, and write the commit and the branch of a bump.

Files are read from the object database and written as objects. Writing changes the working tree,
the index and HEAD in one case: `switch`.
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
        """Open the repository that a directory is in.

        Args:
            path: a directory in the repository; None for the current one.
            environ: variables for git, in addition to those of this process. In a partial clone git
                needs those of `remote.Remote.environ` to fetch missing objects.

        Raises:
            RepositoryError: there is no repository, or git does not trust it.
            ToolError: git is not installed.
        """
        self._layout = find_repository.find(path)
        self._environ = {**find_repository.pinned(self._layout), **(environ or {})}
        self._git = Runner(self._layout.root, self._environ)
        self.trees = Trees(self._git, self._layout)
        self._snapshots: list[ObjectSnapshot] = []
        self._made: Writer | None = None

    def close(self) -> None:
        """End the helper processes of git."""
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
        """The directory for fluxbump's own files in this working tree; it may not exist yet."""
        return self._layout.private / "fluxbump"

    # --- reading --------------------------------------------------------------------------

    def commit(self, revision: str) -> Commit:
        """Return the commit that a revision names.

        Raises:
            RepositoryError: there is no such commit.
        """
        return objects.commit(self._git, revision)

    def snapshot(self, commit: Commit, name: str) -> CommitSnapshot:
        """Return a snapshot of a commit's files."""
        return self._closed_later(CommitSnapshot(self._git, commit, name))

    def worktree(self, *, instead: str = "use --rev REV") -> WorktreeSnapshot:
        """Return a snapshot of the working tree; `instead` is the hint if there is none.

        Raises:
            RepositoryError: the repository is bare, so it has no working tree.
        """
        self._require_work_tree("no working tree", hint=instead)
        return WorktreeSnapshot(self._git, self.root)

    def editable(self, *, instead: str = "drop --in-place") -> EditableWorktree:
        """Return a snapshot of the working tree for edits; `instead` is the hint if there is none.

        Raises:
            RepositoryError: the repository is bare, so it has no working tree.
        """
        self._require_work_tree("no working tree to edit", hint=instead)
        born = self._git.run("rev-parse", "--verify", "--quiet", "HEAD", accept=(0, 1))
        return EditableWorktree(self._git, self.root, self.commit("HEAD") if born else None)

    def staged(self) -> IndexSnapshot:
        """Return a snapshot of the index.

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
            RepositoryError: a revision does not exist, or the two have no common history.
        """
        from fluxbump.git import ancestry

        return ancestry.merge_base(self._git, revision, other, explained=explained)

    def current_branch(self) -> str:
        """Return the branch that HEAD is on.

        Raises:
            RepositoryError: HEAD is on no branch.
        """
        return refs.current_branch(self._git)

    def main_branch(self, remote: str) -> str:
        """Return the remote's main branch, or else the branch that HEAD is on, or else `main`."""
        return refs.main_branch(self._git, remote)

    def remote_address(self, name: str) -> str | None:
        """Return the push URL of a remote; None if there is no such remote."""
        found = self._git.run("remote", "get-url", "--push", "--", name, accept=(0, 2, 128))
        return found.decode().strip() or None

    def branch(self, name: str) -> Branch | None:
        """Return a branch; None if there is no such branch."""
        return refs.branch(self._git, name)

    def lineage(self, revision: str, paths: Collection[str]) -> tuple[Held, ...]:
        """Return all versions that some files have had in any branch; see `history.read`.

        Raises:
            RepositoryError: the history is not complete, or too large.
        """
        return history.read(self._git, self._layout, paths, revision)

    def ever_held(self, revision: str, texts: Collection[str]) -> frozenset[str]:
        """Return the texts that a file has contained, or may have; see `history.ever_held`."""
        return history.ever_held(self._git, self._layout, texts, revision)

    def modified(self, paths: Iterable[str]) -> list[str]:
        """Return those of `paths` whose working tree or index differs from HEAD."""
        return [] if self.bare else uncommitted.modified(self._git, paths)

    @property
    def clean(self) -> bool:
        """Whether the working tree equals HEAD and has no untracked files but ignored ones."""
        return self.bare or uncommitted.is_clean(self._git)

    def unstaged(self, paths: Iterable[str]) -> set[str]:
        """Return those of `paths` whose working tree differs from the index."""
        return uncommitted.unstaged(self._git, paths)

    # --- building ---------------------------------------------------------------------------

    def described(self, sha: str) -> CommitText:
        """Return the tree, parents and message of a commit; see `objects.commit_text`."""
        return objects.commit_text(self._git, sha)

    def beyond(self, base: str, tip: str) -> dict[str, tuple[str, ...]]:
        """Map each commit that `tip` has and `base` lacks to its parents.

        Raises:
            RepositoryError: the repository lacks one of the commits.
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
        """Write a commit of `changes` to `base` and return its name; no ref points to it yet.

        Author, committer and signature follow the user's git configuration.

        Args:
            base: the files before the changes.
            changes: all changes to `base`, also those that `parent` already has.
            message: the commit's message.
            parent: the commit's parent; None for the base.
            stand_in: whether fluxbump is the author and committer if git has no name configured.

        Raises:
            RepositoryError: git has no name for the author, or cannot sign.
        """
        with self.trees.incoming() as env:
            tree = self.trees.build_tree(base, changes, env)
            parent = parent or base.commit.sha
            return self._writer.commit(tree, parent, message, env, stand_in=stand_in)

    def create(self, branch: str, commit: str, tree: str) -> str | None:
        """Create a branch, unless it exists by now.

        Returns:
            None if the branch was created; its tip if another run did so with the same tree.

        Raises:
            RepositoryError: the branch exists with another tree, or its name cannot be used.
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
        """Point a branch to another commit, and return the ref that keeps its old tip.

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
        """Refuse a name that a branch of fluxbump may not have; see `branch_names.problem`.

        Raises:
            RepositoryError: the name is not allowed.
        """
        refs.check_branch_name(self._git, name)

    # --- switching ----------------------------------------------------------------------------

    def require_switchable(self, branch: str, base: CommitSnapshot, changes: ChangeSet) -> None:
        """Refuse a switch to the result if it would overwrite local changes.

        Raises:
            RepositoryError: it would, or git cannot switch there, such as in a merge or a bare
                repository.
        """
        self._require_work_tree("nothing to check out", hint="drop --checkout")
        refs.require_not_elsewhere(self._git, branch, self.root)
        uncommitted.require_switchable(self._git, self.trees, self._layout.private, base, changes)

    def switch(self, branch: str) -> None:
        """Check out a branch.

        Raises:
            RepositoryError: git refused.
        """
        with changing(f"switched to {branch}"):
            self._writer.switch(branch)
