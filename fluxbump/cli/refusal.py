"""What is said when the gate refuses the result of a bump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxbump.cli.console import Console

if TYPE_CHECKING:
    from fluxbump.bump import Prepared
    from fluxbump.model import Snapshot


def say(prepared: Prepared[Snapshot], console: Console, outcome: str, *, route: bool) -> None:
    """Say what stops a bump, and which way there is when a release would break a cluster.

    Args:
        prepared: the bump.
        console: where to.
        outcome: what has not happened.
        route: whether the route may be printed among the results.
    """
    first, *more = prepared.refusals
    others = f" (and {len(more)} more)" if more else ""
    advice = ""
    if any(one.code.startswith("FB2") for one in prepared.refusals):
        from fluxbump.cli import way

        advice = way.advice(prepared, console if route else None)
    console.line(
        f"fluxbump: {first.location}: {first.code} {first.message}{others}; "
        f"the result fails its checks: {outcome}{advice}"
    )
