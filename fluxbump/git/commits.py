"""Commits: what one says."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.git.objects import Git


class CommitText(Struct, frozen=True):
    """What a commit says.

    Attributes:
        tree: its name.
        parents: their names.
        message: as it stands.
    """

    tree: str
    parents: tuple[str, ...]
    message: str


class Built(Struct, frozen=True):
    """What a change set makes of a base.

    Attributes:
        tree: name of the resulting tree; empty when the base is no commit.
        patch: what `git apply` takes to go there.
    """

    tree: str
    patch: bytes


def read(git: Git, sha: str) -> CommitText:
    """Return what a commit says, as it was written: a shallow clone cuts no parents off.

    Raises:
        RepositoryError: there is no such commit here.
    """
    raw = git.run("cat-file", "commit", sha).decode("utf-8", "replace")
    head, _, message = raw.partition("\n\n")
    lines = [line.partition(" ")[::2] for line in head.splitlines()]
    parents = tuple(value for name, value in lines if name == "parent")
    tree = next((value for name, value in lines if name == "tree"), "")
    return CommitText(tree, parents, message)
