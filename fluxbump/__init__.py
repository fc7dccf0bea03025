"""fluxbump moves every Flux pin of a GitOps monorepo to one release, in one commit, or refuses.

For programs: `check`, `status` and `bump`, and the values they return; see `fluxbump.api`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from fluxbump.version import __version__

if TYPE_CHECKING:
    from fluxbump.api import (
        Bumped,
        Finding,
        Location,
        Related,
        Severity,
        Survey,
        Verdict,
        bump,
        check,
        status,
    )

__all__ = [
    "Bumped",
    "Finding",
    "Location",
    "Related",
    "Severity",
    "Survey",
    "Verdict",
    "__version__",
    "bump",
    "check",
    "status",
]


class _Package(ModuleType):
    """This package, where `check` and `bump` stay the functions for programs.

    The rooms `fluxbump.check` and `fluxbump.bump` have the same names, and Python binds a
    submodule in its package when it is first imported. Rooms are imported by their full names,
    so nothing misses that binding.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    """Load the interface for programs when it is used: `fluxbump --version` does not need git."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fluxbump import api  # noqa: PLC0415  # see above

    return getattr(api, name)
