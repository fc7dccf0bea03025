"""Stands in for `fluxbump run`: does what the name of the repository says. Needs no package.

Called as a run is. The last part of `--repo` is a behaviour and, after a dash, anything:
`…/crash-2`. Files below `$STAND_IN` say who ran, and let a behaviour wait.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

DIRECTORY = Path(os.environ["STAND_IN"])
_LONGEST = 60.0  # seconds that anything is waited for


def main() -> None:
    options = dict(word.split("=", 1) for word in sys.argv[2:] if "=" in word)
    name = options["--repo"].rpartition("/")[2]
    with (DIRECTORY / "calls").open("a", encoding="utf-8") as file:
        file.write(f"{name} {json.dumps(sys.argv[1:])}\n")
    behaviour = name.partition("-")[0]
    _BEHAVIOURS.get(behaviour, _report)(name)


def _say(outcome: str, **more: object) -> None:
    report = {
        "schema": "fluxbump/run/v1",
        "outcome": outcome,
        "summary": f"it is {outcome}",
        "current": "2.4.0",
        "target": None,
        "pull_request": None,
        "added": ["later"],
        **more,
    }
    sys.stdout.write(json.dumps(report))


def _report(name: str) -> None:
    sys.stderr.write(json.dumps({"event": "decided", "message": "done", "name": name}) + "\n")
    _say("up-to-date")


def _update(name: str) -> None:
    url = f"https://git.example.org/{name}/pull/7"
    _say("update-available", target="2.5.1", pull_request={"number": 7, "url": url, "title": "x"})


def _blocked(_: str) -> None:
    _say("blocked", target="2.8.0", summary="FB202: a\nstored\x1b[31m version")


def _fail(_: str) -> None:
    sys.stderr.write('{"event": "missing", "message": "x"}\n')
    sys.stderr.write("error: https://u:p@git.example.org/x: no such repository (look)\n")
    sys.exit(6)


def _silent(_: str) -> None:
    sys.exit(70)


def _crash(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _garbage(_: str) -> None:
    sys.stdout.buffer.write(b"\xff\xfe{'not': json}\x00" * 100)


def _deep(_: str) -> None:
    sys.stdout.write("[" * 100_000)


def _wrong(_: str) -> None:
    _say("failed")


def _flood(_: str) -> None:
    while True:
        sys.stdout.write("x" * 65536)


def _leak(_: str) -> None:
    token = os.environ["FLUXBUMP_TOKEN"]
    sys.stderr.write(f"trace of {token}\n")
    _say("blocked", summary=f"refused {token}", target="2.5.1")


def _leakfail(_: str) -> None:
    sys.stderr.write(f"error: the server says {os.environ['FLUXBUMP_TOKEN']}\n")
    sys.exit(10)


def _hang(name: str) -> None:
    """Ignores that it should end, and so does what it has started."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    _write(f"{name}.pids", f"{os.getpid()} {child.pid}")
    signal.pause()


def _orphan(name: str) -> None:
    """Ends, and leaves something that holds its output open."""
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    _write(f"{name}.pids", str(child.pid))
    _say("up-to-date")


def _gate(name: str) -> None:
    _write(f"{name}.pids", str(os.getpid()))
    _wait((DIRECTORY / "open").exists)
    _say("up-to-date")


def _crowd(name: str) -> None:
    """Counts how many run at once; the first ones wait until there are two of them."""
    _write(f"{name}.started", "")
    _wait(lambda: len(list(DIRECTORY.glob("*.started"))) > 1)
    most = 0
    for _ in range(10):  # time for others to start, were they let
        started, ended = (len(list(DIRECTORY.glob(f"*.{word}"))) for word in ("started", "ended"))
        most = max(most, started - ended)
        time.sleep(0.01)
    _write(f"{name}.most", str(most))
    _write(f"{name}.ended", "")
    _say("up-to-date")


def _write(name: str, text: str) -> None:
    """Whole or not at all, because somebody may be waiting for it."""
    scratch = DIRECTORY / f".{name}"
    scratch.write_text(text, encoding="utf-8")
    scratch.rename(DIRECTORY / name)


def _wait(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + _LONGEST
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)


_BEHAVIOURS = {
    "update": _update, "blocked": _blocked, "fail": _fail, "silent": _silent, "crash": _crash,
    "garbage": _garbage, "deep": _deep, "wrong": _wrong, "flood": _flood, "leak": _leak,
    "leakfail": _leakfail, "hang": _hang, "orphan": _orphan, "gate": _gate, "crowd": _crowd,
}  # fmt: skip


if __name__ == "__main__":
    main()
