"""Runs a command and measures it from outside: wall time, peak memory, and git's share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024  # ru_maxrss counts KiB on Linux

# A child's peak starts at its parent's, so the parent has to be small: not this process.
_LAUNCHER = """
import os, sys, time
null = os.open(os.devnull, os.O_WRONLY)
actions = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
started = time.perf_counter()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - started
processor = usage.ru_utime + usage.ru_stime
print(os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss, processor)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command.

    Attributes:
        seconds: wall time of the whole process.
        mebibytes: its peak resident memory, without its children.
        git_seconds: time for which git processes ran.
        git_processes: how many there were.
        processor: seconds of the processor's time, of the process and all that it waited for.
    """

    seconds: float
    mebibytes: float
    git_seconds: float
    git_processes: int
    processor: float


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], trace: bool = False) -> Run:
    """Run a command once.

    Raises:
        RuntimeError: it failed; a benchmark of a failure means nothing.
    """
    with tempfile.TemporaryDirectory() as scratch:
        events = Path(scratch, "trace2")
        environment = {**env, "GIT_TRACE2_EVENT": str(events)} if trace else dict(env)
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command]
        done = subprocess.run(
            launcher, cwd=cwd, env=environment, check=True, capture_output=True, text=True
        )
        code, seconds, kibibytes, processor = done.stdout.split()
        if code != "0":
            raise RuntimeError(f"{' '.join(command)} failed with {code}")
        spans = _git_spans(events) if events.exists() else []
        memory = int(kibibytes) / _MIB
        return Run(float(seconds), memory, sum(spans), len(spans), float(processor))


def git_commands(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str]
) -> list[tuple[str, ...]]:
    """Return what git is run with by a command, by git's own account."""
    with tempfile.TemporaryDirectory() as scratch:
        events = Path(scratch, "trace2")
        traced = {**env, "GIT_TRACE2_EVENT": str(events)}
        subprocess.run(command, cwd=cwd, env=traced, check=True, capture_output=True)
        lines = (json.loads(line) for line in events.read_text(encoding="utf-8").splitlines())
        return [tuple(event["argv"]) for event in lines if event["event"] == "start"]


def _git_spans(events: Path) -> list[float]:
    """How long each git process ran, by git's own account (trace2, event `exit`)."""
    lines = (json.loads(line) for line in events.read_text(encoding="utf-8").splitlines())
    return [float(one["t_abs"]) for one in lines if one["event"] == "exit"]


def clean_environment(home: Path) -> dict[str, str]:
    """An environment in which nothing of the user's can slow a run down or speed it up."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "PYTHONDONTWRITEBYTECODE": "",
    }
