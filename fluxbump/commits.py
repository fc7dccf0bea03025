"""Commits: what one says, and how one is written that no ref holds."""

from __future__ import annotations

import os

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.objects import Git

_OURSELVES = {"NAME": "fluxbump", "EMAIL": "fluxbump@localhost.invalid"}  # RFC 2606, 2


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


def write(git: Git, tree: str, parent: str, message: str, *, stand_in: bool) -> str:
    """Write a commit, and return its name; see `Repository.write`.

    Raises:
        RepositoryError: git does not know who the author is, or cannot sign.
    """
    # commit-tree, unlike commit, does not look at commit.gpgsign itself.
    signing = git.run("config", "--type=bool", "--get", "commit.gpgsign", accept=(0, 1))
    sign = ["-S"] if signing.strip() == b"true" else []
    who = _stand_in(git) if stand_in else None
    command = ["commit-tree", *sign, "-p", parent, "-F", "-", tree]
    try:
        return git.run(*command, stdin=message.encode(), env=who).decode().strip()
    except RepositoryError as error:
        advice = "see `git config commit.gpgsign` and user.signingkey" if sign else None
        if "tell me who you are" in error.message or "identity" in error.message:
            advice = "set git config user.name and user.email"
        raise RepositoryError(
            f"git could not make the commit: {error.message}", hint=advice
        ) from None


def _stand_in(git: Git) -> dict[str, str]:
    """Return names for those that git was not told; see git-commit-tree(1)."""
    env = {}
    for role in ("AUTHOR", "COMMITTER"):
        for field, value in _OURSELVES.items():
            name, keys = f"GIT_{role}_{field}", (f"user.{field}", f"{role}.{field}")
            told = (git.run("config", key.lower(), accept=(0, 1)) for key in keys)
            if name not in os.environ and not any(told):
                env[name] = value
    return env
