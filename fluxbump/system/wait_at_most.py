"""Wait a limited time for work in a thread, such as a name lookup, then go on without it."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Condition, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class SilentError(Exception):
    """The work did not end, or showed no sign of progress, within its limits."""


class Heard(Generic[T]):
    """Work in a thread that can be abandoned if it shows no progress.

    Args:
        work: the function to run. It calls its argument when data arrives.
    """

    def __init__(self, work: Callable[[Callable[[], None]], T]) -> None:
        self._work = work
        self._changed = Condition()
        self._last = time.monotonic()
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._ended = False

    def wait(self, silence: float, total: float) -> T:
        """Return the result of the work, or raise its error.

        The thread is a daemon, because the system's look-up of a name cannot be cancelled. Nothing
        waits for an abandoned thread, not even the end of the process.

        Args:
            silence: seconds without progress after which the work is abandoned.
            total: seconds after which the work is abandoned in any case.

        Raises:
            SilentError: the work was abandoned.
        """
        begun = self._last = time.monotonic()
        Thread(target=self._run, daemon=True).start()
        with self._changed:
            while not self._ended:
                late = min(self._last + silence, begun + total)
                left = late - time.monotonic()
                if left <= 0:
                    raise SilentError
                self._changed.wait(left)
        if self._error is not None:
            raise self._error
        return self._result[0]

    def heard(self) -> None:
        """Record progress of the work."""
        with self._changed:
            self._last = time.monotonic()

    def _run(self) -> None:
        try:
            self._result.append(self._work(self.heard))
        except BaseException as error:  # it is raised again where it is waited for
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify()
