"""Runs commands side by side as child processes, each bounded in time and output.

A crash or a hang of one of them does not affect the others, and neither does its use of memory.
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
    """Run commands in parallel, and return when all have ended.

    If an exception interrupts the wait, such as that of a signal, the children are ended. `hear`
    still gets the results of those that had completed, and the exception is raised again.

    Args:
        commands: each command with its arguments, which other users of this machine can read.
        environ: the whole environment of each child.
        limits: the limits of each child.
        jobs: the number of children at once.
        hear: takes the events, in the thread of the caller.
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
    """Run one command until it ends or reaches a limit.

    The child leads a process group, and the rest of that group ends with it.

    Args:
        command: the program with its arguments.
        environ: the whole environment of the child.
        limits: the limits of the child.
        stop: ends the child when it is set.
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
