"""The self-test's table. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from fluxbump.check.self_test import Trial
from fluxbump.reports.table import Paint, table


def render(trials: Sequence[Trial], paint: Paint) -> str:
    """Say which planted faults the gate refused."""
    rows = [
        (
            str(trial.mutant.pin.location),
            trial.mutant.pin.kind,
            trial.mutant.fault,
            " or ".join(trial.mutant.codes),
            trial.finding.code if trial.finding else f"SURVIVED: {trial.reason}",
        )
        for trial in trials
    ]
    survivors = sum(trial.finding is None for trial in trials)
    lines = table(("PIN", "KIND", "FAULT PLANTED", "EXPECTED", "REFUSED BY"), rows, paint)
    if not trials:
        last = paint("No pin to plant a fault at: the gate was not tried.", "bold", "red")
    elif survivors:
        last = paint(f"{survivors} of {len(trials)} planted faults survived.", "bold", "red")
    else:
        last = paint(f"All {len(trials)} planted faults were refused.", "bold", "green")
    return "\n".join([*lines, "", last])
