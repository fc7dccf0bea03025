"""Run a function in a thread while the caller goes on; mostly it waits for git."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class _Work(Generic[T]):
    """A function that runs in a thread, and its result or error."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # it is raised again where it is asked for
            self._error = error

    def wait(self) -> None:
        self._thread.join()

    def result(self) -> T:
        self.wait()
        if self._error is not None:
            raise self._error
        return self._results[0]


@contextmanager
def beside(work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Start `work` in a thread, and yield a function that waits for its result or raises its error.

    The thread has ended when the block ends, even if the block raises.
    """
    begun = _Work(work)
    try:
        yield begun.result
    finally:
        begun.wait()
