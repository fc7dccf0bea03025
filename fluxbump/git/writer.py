"""What changes a repository: a commit, refs, a switch. GitPython runs git.

The only import of GitPython, which takes longer than all else that a run imports. So a run that
changes nothing does not import it.
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
        where: in the repository.
        environ: for git's processes, besides our own.
    """

    def __init__(self, where: Path, environ: Mapping[str, str]) -> None:
        self._repo = git.Repo(where, search_parent_directories=True)
        self._repo.git.update_environment(**environ)

    def close(self) -> None:
        """End the helper processes."""
        self._repo.close()

    def commit(
        self, tree: str, parent: str, message: str, env: Mapping[str, str], *, stand_in: bool
    ) -> str:
        """Write a commit that no ref holds yet, and return its name.

        Author, committer and signature follow the user's git configuration.

        Args:
            tree: its tree's name.
            parent: its parent's name.
            message: as it is to stand.
            env: for git, besides what all of it gets: where the object goes.
            stand_in: sign with our own name where git has been told nobody's.

        Raises:
            RepositoryError: git does not know who the author is, or cannot sign.
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
        """Move refs in one transaction; each command says what it expects to find.

        Args:
            commands: as `git update-ref --stdin -z` takes them.

        Raises:
            RepositoryError: one found something else, and no ref was moved.
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
        """Check a branch out.

        Raises:
            RepositoryError: git refused.
        """
        status, _, reason = self._run("switch", "--quiet", branch)
        if status:
            raise RepositoryError(reason)

    def _stand_in(self) -> dict[str, str]:
        """Return names for those that git was not told; see git-commit-tree(1)."""
        env = {}
        for role in ("AUTHOR", "COMMITTER"):
            for field, value in _OURSELVES.items():
                name, keys = f"GIT_{role}_{field}", (f"user.{field}", f"{role}.{field}")
                if name not in os.environ and not any(self._told(key.lower()) for key in keys):
                    env[name] = value
        return env

    def _told(self, *question: str) -> str:
        """Return what the configuration says, with all that it includes; empty for nothing."""
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
        """Run git once; return its exit code, what it printed, and what it said on one line.

        Args:
            args: of git.
            stdin: what it reads.
            env: for it alone.
            shielded: what ends us, and all of our process group, does not end it: git that is
                killed leaves its lock files behind, and git that is not takes them away.
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
