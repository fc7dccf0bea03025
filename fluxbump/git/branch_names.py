"""Check branch names: what git allows, and what a branch of fluxbump may be called. Pure.

The names for fluxbump's own branches are stricter. A name that git allows can still be read as an
option, as another ref, or as a different name.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from fluxbump.errors import RepositoryError
from fluxbump.text.patterns import lazy_pattern

_FORBIDDEN = lazy_pattern(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|(?:^|/)\.|\.lock(?:/|$)|[/.]$|^/")
"""The characters and sequences that git-check-ref-format(1) forbids."""

_REVISION = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.IGNORECASE)


def is_possible(name: str) -> bool:
    """Whether git allows a name for a branch: git-check-ref-format(1), git-branch(1)."""
    return name not in ("", "@") and not name.startswith("-") and not _FORBIDDEN.search(name)


def require_possible(name: str) -> None:
    """Refuse a name that cannot be a branch, because callers put it into a refspec.

    Raises:
        RepositoryError: git does not allow the name.
    """
    if not is_possible(name):
        raise RepositoryError(f"{name!r} is not a name for a branch")


def problem(name: str) -> str | None:
    """Return why a branch of fluxbump may not have a name; None if it may.

    `HEAD` is refused in upper and lower case, because some file systems and forges do not tell case
    apart.
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
    """Refuse the name of a branch that a bump starts from, in upper or lower case.

    Raises:
        RepositoryError: `name` is one of `bases`, apart from case.
    """
    if name.casefold() in {base.casefold() for base in bases}:
        raise RepositoryError(
            f"branch {name} is the base of this bump",
            hint="set `branch` in fluxbump.yaml to a name of its own",
        )
