"""Runs what is left of a fleet, one process for each repository, and keeps each result.

A result is on disk before anybody hears of it, so a fleet that is stopped at any moment goes on
where it was.
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
"""What each repository is given to. `-P`: no module of the directory that we are in."""

_SUMMARY_PAGE = "GITHUB_STEP_SUMMARY"


class Listener(Protocol):
    """Hears what becomes of a fleet, in the thread that runs it."""

    def finished(self, result: FleetResult, log: str) -> None:
        """Take the result of a repository.

        Args:
            result: is on disk already, where a state is kept.
            log: what its run wrote to standard error, without secrets; empty when the result is
                that of an earlier run.
        """
        ...

    def waiting(self, running: Sequence[str]) -> None:
        """Take the names of the repositories whose runs are under way."""
        ...


class Round(Struct, frozen=True):
    """What is to be run, and how.

    Attributes:
        entries: the repositories, in the order of the file.
        asked: of every run.
        state: says what is done already, and takes what is done now; None to keep nothing.
        verbose: every run prints tracebacks.
        jobs: runs at once.
        timeout: seconds for each.
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
        ConfigError: it cannot be read, or is not what `file.parse` takes.
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
    """A round under way. What it has come to can be asked for at any time."""

    def __init__(self, plan: Round, environ: Mapping[str, str], listener: Listener) -> None:
        """Prepare a round; nothing runs yet.

        Args:
            plan: what is to be run.
            environ: for the runs; the values of its secrets are masked in what they write.
            listener: hears of every result, that of an earlier run too.
        """
        self._plan = plan
        # The one summary page is that of the fleet: hundreds of runs would fill it.
        kept = {name: environ[name] for name in environ if name != _SUMMARY_PAGE}
        # There, if only empty: what a repository's own file names is limited in every run.
        self._environ = {ALLOW_HOSTS: "", **kept}
        self._secrets = fleetresults.secrets(environ)
        self._listener = listener
        self._results: dict[str, FleetResult] = {}
        self._running: dict[str, None] = {}
        self._todo: list[FleetEntry] = []

    def run(self) -> None:
        """Run what earlier rounds have not done; return when all have ended.

        What interrupts it, such as the exception of a signal, ends the runs and goes on.

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
            # What each of them changes it says itself.
            with changing(f"begun runs in {len(commands)} repositories"):
                run_all(commands, self._environ, limits, plan.jobs, self._hear)
        else:
            run_all(commands, self._environ, limits, plan.jobs, self._hear)

    def results(self) -> tuple[FleetResult, ...]:
        """Return what is known of every repository, in the order of the file."""
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
        """What a child wrote: the last words of an interpreter, a library or git are not ours."""
        return masked(text, self._secrets)
