"""Which names a branch may have: any branch, and one of ours. Pure.

For ours it is stricter than git: what is valid there can still be read as an option, as another
ref, or as another name than it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from fluxbump.errors import RepositoryError
from fluxbump.text.patterns import lazy_pattern

_FORBIDDEN = lazy_pattern(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|(?:^|/)\.|\.lock(?:/|$)|[/.]$|^/")
"""What git-check-ref-format(1) forbids."""

_REVISION = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.IGNORECASE)


def is_possible(name: str) -> bool:
    """Whether git lets a branch have a name: git-check-ref-format(1), git-branch(1)."""
    return name not in ("", "@") and not name.startswith("-") and not _FORBIDDEN.search(name)


def require_possible(name: str) -> None:
    """Refuse what cannot be a branch: a name from outside goes into a refspec.

    Raises:
        RepositoryError: git would refuse it too.
    """
    if not is_possible(name):
        raise RepositoryError(f"{name!r} is not a name for a branch")


def problem(name: str) -> str | None:
    """Say why a branch of ours may not have a name; None if it may.

    `HEAD` counts in every spelling, because some file systems and forges do not tell case apart.
    """
    plain = name.casefold()
    wrong = {
        "it begins with a dash, as an option does": name.startswith("-"),
        "HEAD and @ stand for the commit that is checked out": plain in ("head", "@"),
        "it begins with refs/, as the full name of a ref does": plain.startswith("refs/"),
        "it looks like the name of a commit": _REVISION.fullmatch(name),
        "it has characters that are not visible": not name.isprintable(),
        "git does not take it (git-check-ref-format)": not name or _FORBIDDEN.search(name),
    }
    return next((why for why, holds in wrong.items() if holds), None)


def require_other(name: str, bases: Collection[str]) -> None:
    """Refuse the branch that a bump starts from, also where it is only spelled otherwise.

    Raises:
        RepositoryError: it is one of `bases`.
    """
    if name.casefold() in {base.casefold() for base in bases}:
        raise RepositoryError(
            f"branch {name} is the base of this bump",
            hint="set `branch` in fluxbump.yaml to a name of its own",
        )
