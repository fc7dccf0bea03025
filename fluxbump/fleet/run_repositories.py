"""Runs the repositories of a fleet that are not done, one process for each, and keeps results.

A result is on disk before it is reported, so a fleet that is stopped at any time can resume there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.config.settings import ALLOW_HOSTS
from fluxbump.errors import ConfigError
from fluxbump.fleet import file as fleetfile
from fluxbump.fleet import results as fleetresults
from fluxbump.fleet.process_results import Event, Finished, Limits, ProcessResult
from fluxbump.fleet.processes import run_all
from fluxbump.fleet.repositories import FleetEntry, FleetOutcome, FleetResult, RunOptions
from fluxbump.fleet.state import FleetState
from fluxbump.system.changes_made import changing
from fluxbump.system.locks import signals_held
from fluxbump.system.secret import masked
from fluxbump.text.budget import FLEET

PROGRAM: Sequence[str] = (sys.executable, "-P", "-m", "fluxbump")
"""The command that runs a repository. `-P` ignores modules in the current folder."""

_SUMMARY_PAGE = "GITHUB_STEP_SUMMARY"


class Listener(Protocol):
    """Takes the progress of a fleet, in the thread that runs it."""

    def finished(self, result: FleetResult, log: str) -> None:
        """Take the result of a repository.

        Args:
            result: the result, which is on disk already if a state is kept.
            log: the standard error of the run, without secrets. Empty if the result is from an
                earlier run.
        """
        ...

    def waiting(self, running: Sequence[str]) -> None:
        """Take the names of the repositories that are running."""
        ...


class Round(Struct, frozen=True):
    """The repositories to run, and the options for it.

    Attributes:
        entries: the repositories, in the order of the file.
        asked: the options of all runs.
        state: the state file with earlier results, which takes the new ones. None keeps nothing.
        verbose: whether the runs print tracebacks.
        jobs: the number of runs at once.
        timeout: the most seconds of each run.
    """

    entries: Sequence[FleetEntry]
    asked: RunOptions
    state: FleetState | None
    verbose: bool
    jobs: int
    timeout: float


def read(path: Path) -> tuple[FleetEntry, ...]:
    """Read the file that lists the repositories.

    Raises:
        ConfigError: the file cannot be read, or `file.parse` refuses it.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(FLEET.size + 1)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if len(data) > FLEET.size:
        raise ConfigError(f"is larger than {FLEET.shown_size}", where=str(path))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8", where=str(path)) from None
    return fleetfile.parse(text, str(path), str(path.absolute().parent))


class FleetRun:
    """A round that is running. Its results so far can be read at any time."""

    def __init__(self, plan: Round, environ: Mapping[str, str], listener: Listener) -> None:
        """Prepare a round; nothing runs yet.

        Args:
            plan: the repositories, and the options.
            environ: the environment of the runs. Its secrets are masked in their output.
            listener: takes each result, also those of earlier runs.
        """
        self._plan = plan
        # The summary page is for the fleet's report: hundreds of runs would fill it.
        kept = {name: environ[name] for name in environ if name != _SUMMARY_PAGE}
        # The variable is set even if it is empty, so that each run limits the servers.
        self._environ = {ALLOW_HOSTS: "", **kept}
        self._secrets = fleetresults.secrets(environ)
        self._listener = listener
        self._results: dict[str, FleetResult] = {}
        self._running: dict[str, None] = {}
        self._todo: list[FleetEntry] = []

    def run(self) -> None:
        """Run the repositories without an earlier result, and return when all have ended.

        An exception that interrupts this, such as that of a signal, ends the runs and is raised
        again.

        Raises:
            UsageError: the state cannot be written.
        """
        plan = self._plan
        for entry in plan.entries:
            known = plan.state.before(entry, plan.asked) if plan.state else None
            if known:
                self._results[entry.name] = known
                self._listener.finished(known, "")
            else:
                self._todo.append(entry)
        limits = Limits(plan.timeout)
        words = ["--verbose"] * plan.verbose
        commands = [[*PROGRAM, *plan.asked.options(entry), *words] for entry in self._todo]
        if commands and not plan.asked.dry_run:
            # Each run reports its own changes.
            with changing(f"begun runs in {len(commands)} repositories"):
                run_all(commands, self._environ, limits, plan.jobs, self._hear)
        else:
            run_all(commands, self._environ, limits, plan.jobs, self._hear)

    def results(self) -> tuple[FleetResult, ...]:
        """Return the results in the order of the file, with `NOT_RUN` for those without one."""
        return tuple(
            self._results.get(entry.name) or FleetResult(entry, FleetOutcome.NOT_RUN, "not run")
            for entry in self._plan.entries
        )

    def _hear(self, event: Event) -> None:
        entry = self._todo[event.number]
        if isinstance(event, Finished):
            self._finish(entry, event.done)
        else:
            self._running[entry.name] = None
        self._listener.waiting(tuple(self._running))

    def _finish(self, entry: FleetEntry, left: ProcessResult) -> None:
        done = replace(left, out=self._masked(left.out), err=self._masked(left.err))
        result = fleetresults.result(entry, done)
        with signals_held():
            if self._plan.state:
                self._plan.state.write(result, self._plan.asked)
            self._results[entry.name] = result
        self._running.pop(entry.name, None)
        self._listener.finished(result, done.err)

    def _masked(self, text: str) -> str:
        """Return a child's output with secrets masked: a library or git may have printed them."""
        return masked(text, self._secrets)
