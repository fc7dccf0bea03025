"""Waits for something outside, such as a name server, and goes on without it if it is silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Condition, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class SilentError(Exception):
    """What was waited for has said nothing for too long."""


class Heard(Generic[T]):
    """Work in a thread that can be left behind, and what has been heard of it.

    Args:
        work: what is waited for. It calls `heard` when something arrives.
    """

    def __init__(self, work: Callable[[Callable[[], None]], T]) -> None:
        self._work = work
        self._changed = Condition()
        self._last = time.monotonic()
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._ended = False

    def wait(self, silence: float, total: float) -> T:
        """Return what the work comes to, or raise its error.

        The thread is a daemon: the system's look-up of a name can neither be cancelled nor bounded,
        and nothing waits for one that was left behind, not even the end of the process.

        Args:
            silence: seconds without anything heard after which it is left behind.
            total: seconds after which it is, whatever is heard.

        Raises:
            SilentError: it was left behind.
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
        """Note that something has arrived."""
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
