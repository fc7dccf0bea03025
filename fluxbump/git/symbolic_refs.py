"""What symbolic refs name: the branch that HEAD is on, the main branch of a remote."""

from __future__ import annotations

from fluxbump.git.objects import Git


def named(git: Git, ref: str, below: str) -> str:
    """Return what a symbolic ref names, without the start of it; empty if there is no such ref.

    Args:
        git: runs git.
        ref: the symbolic ref, such as `HEAD`.
        below: what the name starts with and is left out, such as `refs/heads/`.
    """
    out = git.run("symbolic-ref", "--quiet", ref, accept=(0, 1))
    return out.decode("utf-8", "surrogateescape").strip().removeprefix(below)


def main_branch(git: Git, remote: str) -> str:
    """Return the main branch: the remote's, else the one that HEAD is on, else `main`."""
    theirs = f"refs/remotes/{remote}/"
    return named(git, f"{theirs}HEAD", theirs) or named(git, "HEAD", "refs/heads/") or "main"
