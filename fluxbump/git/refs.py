"""Read branches and symbolic refs, such as HEAD, and explain revisions that do not exist."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.git import branch_names, find_repository
from fluxbump.git.local_process import Runner
from fluxbump.text.patterns import lazy_pattern

# What needs no second opinion; see git-check-ref-format(1) for the rest.
_PLAIN_BRANCH = lazy_pattern(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*(?:\.[0-9]+)*")

_SHALLOW = "the clone is shallow, so it lacks a part of the history"
_UNSHALLOW = "fetch the full history: git fetch --unshallow"


class Branch(Struct, frozen=True):
    """A branch that exists.

    Attributes:
        tip: the name of the commit that it points to.
        tree: the name of that commit's tree.
        worktree: the path of the working tree that has it checked out; empty if none has.
    """

    name: str
    tip: str
    tree: str
    worktree: str


def branch(git: Runner, name: str) -> Branch | None:
    """Return a branch; None if there is no such branch."""
    form = "%(objectname)%00%(tree)%00%(worktreepath)"
    out = git.run("for-each-ref", f"--format={form}", f"refs/heads/{name}").decode()
    for line in out.splitlines():
        tip, tree, worktree = line.split("\0")
        return Branch(name, tip, tree, worktree)
    return None


def require_not_elsewhere(git: Runner, name: str, here: Path) -> None:
    """Refuse a branch that is checked out in a working tree other than `here`.

    Raises:
        RepositoryError: another working tree has the branch checked out.
    """
    existing = branch(git, name)
    elsewhere = existing.worktree if existing else ""
    if elsewhere and Path(elsewhere).resolve() != here.resolve():
        raise RepositoryError(f"{name} is checked out in {elsewhere}", hint="drop --checkout")


def check_branch_name(git: Runner, name: str) -> None:
    """Refuse a name that a branch of fluxbump may not have; see `branch_names.problem`.

    Raises:
        RepositoryError: the name is not allowed.
    """
    problem = branch_names.problem(name)
    if problem is None and not _PLAIN_BRANCH.fullmatch(name):
        try:
            git.run("check-ref-format", f"refs/heads/{name}")
        except RepositoryError:
            problem = "git does not take it (git-check-ref-format)"
    if problem is not None:
        raise RepositoryError(
            f"{name!r} is not a name for a branch: {problem}",
            hint="see `branch` in fluxbump.yaml",
        )


def current_branch(git: Runner) -> str:
    """Return the branch that HEAD is on.

    Raises:
        RepositoryError: HEAD is on no branch.
    """
    if not (name := target(git, "HEAD", "refs/heads/")):
        raise RepositoryError("HEAD is on no branch", hint="use --base BRANCH")
    return name


def target(git: Runner, ref: str, below: str) -> str:
    """Return the ref that a symbolic ref names, without a prefix; empty if there is no such ref.

    Args:
        git: runs git in the repository.
        ref: the symbolic ref, such as `HEAD`.
        below: the prefix to leave out, such as `refs/heads/`.
    """
    out = git.run("symbolic-ref", "--quiet", ref, accept=(0, 1))
    return out.decode("utf-8", "surrogateescape").strip().removeprefix(below)


def main_branch(git: Runner, remote: str) -> str:
    """Return the remote's main branch, or else the branch that HEAD is on, or else `main`."""
    theirs = f"refs/remotes/{remote}/"
    return target(git, f"{theirs}HEAD", theirs) or target(git, "HEAD", "refs/heads/") or "main"


def revisions(path: Path | None = None) -> list[str]:
    """Return names of revisions for shell completion: `HEAD`, branches and tags.

    Args:
        path: a directory in the repository; None for the current one.

    Raises:
        RepositoryError: there is no repository, or git does not trust it.
        ToolError: git is not installed.
    """
    found = find_repository.find(path)
    git = Runner(found.root, find_repository.pinned(found))
    out = git.run(
        "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags"
    )
    return ["HEAD", *out.decode("utf-8", "replace").split()]


# --- a name of no commit ------------------------------------------------------------------------


def unknown(git: Runner, revision: str) -> RepositoryError:
    """Return the error for a revision that names no commit of the repository."""
    if not git.run("for-each-ref", "--count=1") and not _has_head(git):
        return RepositoryError("the repository has no commits", hint="commit something first")
    message = f"no such revision: {revision}"
    return _lacking(git, message, "name a branch, a tag, or a commit")


def unrelated(git: Runner, revision: str, other: str) -> RepositoryError:
    """Return the error for two revisions without a common ancestor."""
    message = f"{revision} and {other} have no common history"
    return _lacking(git, message, "name a revision from which both have grown")


def _lacking(git: Runner, message: str, advice: str) -> RepositoryError:
    if git.run("rev-parse", "--is-shallow-repository").strip() == b"true":
        return RepositoryError(message, facts=[_SHALLOW], hint=_UNSHALLOW)
    return RepositoryError(message, hint=advice)


def _has_head(git: Runner) -> bool:
    """Whether HEAD is at a commit, which a CI job can check out without any branch or tag."""
    try:
        git.run("rev-parse", "--quiet", "--verify", "HEAD^{commit}")
    except RepositoryError:
        return False
    return True
