"""Runs commands side by side as child processes, each bounded in time and output.

What happens to one of them, be it a crash, a hang or all memory of the machine, does not reach the
others.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from fluxbump.fleet.process_results import End, Event, Finished, Limits, ProcessResult, Started
from fluxbump.system.commands import run as run_program
from fluxbump.system.locks import signals_held
from fluxbump.system.programs import Allowance, EndedBy, Program, StartError

_ENDS = {
    EndedBy.ITSELF: End.ITSELF,
    EndedBy.SECONDS: End.LATE,
    EndedBy.OUTPUT: End.FLOOD,
    EndedBy.STOPPED: End.STOPPED,
}


def run_all(
    commands: Sequence[Sequence[str]],
    environ: Mapping[str, str],
    limits: Limits,
    jobs: int,
    hear: Callable[[Event], None],
) -> None:
    """Run commands, so many at a time; returns when all have ended.

    When the wait is left by an exception, such as that of a signal, the children are ended, `hear`
    still gets those that were faster, and the exception goes on.

    Args:
        commands: each with its arguments, which everybody on this machine can read.
        environ: the whole environment of each.
        limits: of each.
        jobs: how many run at once.
        hear: takes what happens, in the thread that called.
    """
    events: SimpleQueue[Event | BaseException] = SimpleQueue()
    stop = threading.Event()

    def run_number(number: int) -> None:
        try:
            if stop.is_set():
                return
            events.put(Started(number))
            events.put(Finished(number, run(commands[number], environ, limits, stop)))
        except BaseException as error:  # raised where somebody waits for it
            events.put(error)

    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="fleet") as pool:
        try:
            for number in range(len(commands)):
                pool.submit(run_number, number)
            left = len(commands)
            while left:
                event = _event(events.get())
                left -= isinstance(event, Finished)
                hear(event)
        except BaseException:
            stop.set()
            # A second signal waits until no child is left.
            with signals_held():
                pool.shutdown(wait=True, cancel_futures=True)
                while not events.empty():
                    late = events.get()
                    if isinstance(late, Finished) and late.done.end is not End.STOPPED:
                        hear(late)
            raise


def _event(event: Event | BaseException) -> Event:
    if isinstance(event, BaseException):
        raise event
    return event


def _signal_name(number: int) -> str:
    known = {known.value: known.name for known in signal.Signals}
    return known.get(number, f"signal {number}")


def run(
    command: Sequence[str], environ: Mapping[str, str], limits: Limits, stop: threading.Event
) -> ProcessResult:
    """Run one command to its end, or to that of what it may take.

    It leads a process group, and what is left of that ends with it.

    Args:
        command: with its arguments.
        environ: its whole environment.
        limits: of it.
        stop: ends it when it is set.
    """
    allowance = Allowance(
        seconds=limits.seconds, out=limits.out, err=limits.err, grace=limits.grace
    )
    try:
        done = run_program(Program(command, environ), allowance, stop=stop.is_set)
    except StartError as error:
        return ProcessResult(End.NOT_STARTED, 1, "", f"cannot be started: {error}")
    out = "" if done.ended is EndedBy.OUTPUT else done.out.decode("utf-8", "replace")
    return ProcessResult(
        _ENDS[done.ended], done.code, out, done.err.decode("utf-8", "replace"),
        _signal_name(-done.code) if done.code < 0 else "",
    )  # fmt: skip
