"""Change a repository with GitPython: write a commit, move refs, switch branches.

GitPython is imported in this module alone, because its import takes longer than all other imports
of a run together. A run that changes nothing does not import this module.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

# GitPython runs `git version` when it is imported, unless it is told that a missing git is found
# out later.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import git

from fluxbump.errors import Again, RepositoryError
from fluxbump.git.local_process import one_line
from fluxbump.model import Step
from fluxbump.system.commands import reading

_IDENTITY = (
    Step('git config --global user.name "NAME"', "your name"),
    Step('git config --global user.email "EMAIL"', "your email"),
    Again(why="makes the branch"),
)

_OURSELVES = {"NAME": "fluxbump", "EMAIL": "fluxbump@localhost.invalid"}  # RFC 2606, 2

# Milliseconds that git waits for whoever else holds a ref (git-config(1)); its own choice, 100, is
# less than a busy machine needs to let the other one go on.
_PATIENT = ("-c", "core.filesRefLockTimeout=5000")


class Writer:
    """Changes one repository.

    Args:
        where: a directory in the repository.
        environ: variables for git, in addition to those of this process.
    """

    def __init__(self, where: Path, environ: Mapping[str, str]) -> None:
        self._repo = git.Repo(where, search_parent_directories=True)
        self._repo.git.update_environment(**environ)

    def close(self) -> None:
        """End the helper processes of git."""
        self._repo.close()

    def commit(
        self, tree: str, parent: str, message: str, env: Mapping[str, str], *, stand_in: bool
    ) -> str:
        """Write a commit and return its name; no ref points to it yet.

        Author, committer and signature follow the user's git configuration.

        Args:
            tree: the name of the commit's tree.
            parent: the name of its parent.
            message: the commit's message.
            env: further variables for git, which say where the object goes.
            stand_in: whether fluxbump is the author and committer if git has no name configured.

        Raises:
            RepositoryError: git has no name for the author, or cannot sign.
        """
        # commit-tree, unlike commit, does not look at commit.gpgsign itself.
        sign = ["-S"] if self._told("--type=bool", "--get", "commit.gpgsign") == "true" else []
        who = self._stand_in() if stand_in else {}
        status, out, reason = self._run(
            "commit-tree",
            *sign,
            "-p",
            parent,
            "-F",
            "-",
            tree,
            stdin=message.encode(),
            env={**env, **who},
        )
        if status == 0:
            return out
        if "tell me who you are" in reason:
            raise RepositoryError(
                "git has no name and email for the author of the commit", next=_IDENTITY
            )
        advice = "see `git config commit.gpgsign` and user.signingkey" if sign else None
        if "identity" in reason:
            advice = "set git config user.name and user.email"
        raise RepositoryError(f"git could not make the commit: {reason}", hint=advice)

    def update_refs(self, commands: str) -> None:
        """Move refs in one transaction, in which each command names the old value that it expects.

        Args:
            commands: the input for `git update-ref --stdin -z`.

        Raises:
            RepositoryError: a ref had another value, or cannot be made, and no ref was moved.
        """
        status, _, reason = self._run(
            *_PATIENT, "update-ref", "--create-reflog", "-m", "fluxbump", "--stdin", "-z",
            stdin=commands.encode(), shielded=True,
        )  # fmt: skip
        if status:
            raise RepositoryError(
                f"git refused the branch: {reason}",
                hint="another process created or moved it, or another branch blocks its name",
            )

    def switch(self, branch: str) -> None:
        """Check out a branch.

        Raises:
            RepositoryError: git refused.
        """
        status, _, reason = self._run("switch", "--quiet", branch)
        if status:
            raise RepositoryError(reason)

    def _stand_in(self) -> dict[str, str]:
        """Return variables with fluxbump's name for each name or email that git lacks.

        The variables are those of git-commit-tree(1).
        """
        env = {}
        for role in ("AUTHOR", "COMMITTER"):
            for field, value in _OURSELVES.items():
                name, keys = f"GIT_{role}_{field}", (f"user.{field}", f"{role}.{field}")
                if name not in os.environ and not any(self._told(key.lower()) for key in keys):
                    env[name] = value
        return env

    def _told(self, *question: str) -> str:
        """Return a value of git's configuration, includes included; empty if it is not set."""
        status, out, reason = self._run("config", *question)
        if status not in (0, 1):
            raise RepositoryError(reason)
        return out

    def _run(
        self,
        *args: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        shielded: bool = False,
    ) -> tuple[int, str, str]:
        """Run git once, and return its exit code, its output, and its messages on one line.

        Args:
            args: the arguments of git.
            stdin: the standard input of git.
            env: variables for this run alone.
            shielded: whether a signal that ends this process group spares git. A killed git leaves
                its lock files behind, and one that goes on removes them.
        """
        with reading(stdin or b"") as source:
            status, out, err = self._repo.git.execute(
                ["git", *args],
                istream=source,
                env=dict(env or {}),
                with_extended_output=True,
                stdout_as_string=True,
                with_exceptions=False,
                start_new_session=shielded,
            )
        reason = one_line(err.encode()) or f"git {args[0]} failed with {status}"
        return status, out, reason
