"""fluxbump moves every Flux pin of a GitOps monorepo to one release, in one commit, or refuses.

For programs: `check` and `status`, and the values they return; see `fluxbump.api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fluxbump.api import Finding, Location, Related, Severity, Survey, Verdict, check, status

__version__ = "0.1.0"

__all__ = [
    "Finding",
    "Location",
    "Related",
    "Severity",
    "Survey",
    "Verdict",
    "__version__",
    "check",
    "status",
]


def __getattr__(name: str) -> object:
    """Load the interface for programs when it is used: `fluxbump --version` does not need git."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fluxbump import api  # noqa: PLC0415  # see above

    return getattr(api, name)
