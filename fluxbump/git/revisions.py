"""Lists what can be named as a revision, fast enough for a shell that waits for it."""

from __future__ import annotations

from pathlib import Path

from fluxbump.git import local_process


def revisions(path: Path | None = None) -> list[str]:
    """Return the short names of the branches and tags, as git sorts them, after `HEAD`.

    Args:
        path: in the repository; the one we are in when it is None.

    Raises:
        RepositoryError: there is none, or git does not trust it.
        ToolError: git is not installed.
    """
    layout = local_process.find(path)
    git = local_process.Runner(layout.root, local_process.pinned(layout))
    out = git.run(
        "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags"
    )
    return ["HEAD", *out.decode("utf-8", "replace").split()]
