"""Time for tests: it passes when something sleeps, and not otherwise."""

from __future__ import annotations


class Sleeper:
    """A clock that only moves when something sleeps."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def clock(self) -> float:
        """Return the seconds that were slept."""
        return sum(self.pauses)
