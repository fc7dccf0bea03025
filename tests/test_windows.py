"""What works where Python has no POSIX: such a Python is made of this one, by taking that away.

`FLUXBUMP_TEST_WINDOWS_PYTHON` names a real one, a command that runs Python for Windows with what
fluxbump needs: `wine64 python.exe` does for what reads no repository.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from tests.helpers import ROOT, assert_one_error

_WITHOUT = """
import os, select, signal, sys
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
for module, names in (
    (os, "fork O_NOFOLLOW O_DIRECTORY O_CLOEXEC O_NONBLOCK killpg setsid waitid pidfd_open "
         "register_at_fork fchown fchmod"),
    (signal, "SIGHUP SIGKILL SIGXFSZ SIGPIPE"),
    (select, "poll epoll"),
):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
from fluxbump.cli.app import run
sys.exit(run(sys.argv[1:]))
"""


def without_posix(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _WITHOUT, *arguments],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [("--version",), ("--help",), ("rules",), ("rule", "FB103"), ("matrix",), ("schema", "config")],
    ids=" ".join,
)
def test_what_reads_no_repository_works(arguments: tuple[str, ...]) -> None:
    done = without_posix(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout != ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("to", "2.5.1"), ("sync", "--from", "chart"), ("run", "--dry-run"), ("fleet", "fleet.yaml"),
        ("check",), ("status",), ("path", "2.8.5"), ("init",), ("releases",),
        ("recover", "--cluster"), ("fleet", "matrix", "fleet.yaml"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_reads_one_says_what_to_do(arguments: tuple[str, ...]) -> None:
    done = without_posix(*arguments)
    assert done.returncode == 71, done.stderr
    assert done.stdout == ""
    assert_one_error(done.stderr)
    assert "on Windows, run fluxbump in WSL 2" in done.stderr


@pytest.mark.parametrize("arguments", [
    ("rule", "FB999"), ("to", "--no-such-option"), ("nonsense",),
])  # fmt: skip
def test_a_mistake_is_told_as_elsewhere(arguments: tuple[str, ...]) -> None:
    done = without_posix(*arguments)
    assert done.returncode in (2, 3, 6), done.stderr
    assert "Traceback" not in done.stderr


def windows(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    python = os.environ.get("FLUXBUMP_TEST_WINDOWS_PYTHON")
    if not python:
        pytest.skip("FLUXBUMP_TEST_WINDOWS_PYTHON names no Python for Windows")
    return subprocess.run(
        [*shlex.split(python), "-m", "fluxbump", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd=ROOT,
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [
    ("--version",), ("--help",), ("rules",), ("rule", "FB103"), ("matrix",),
    ("matrix", "--output", "html"),
], ids=" ".join)  # fmt: skip
def test_a_real_one_prints_the_same(arguments: tuple[str, ...]) -> None:
    done = windows(*arguments)
    assert (done.returncode, done.stderr) == (0, b"")
    ours = subprocess.run(
        [sys.executable, "-m", "fluxbump", *arguments], capture_output=True, check=True, cwd=ROOT
    )
    assert done.stdout.decode("utf-8").replace("\r\n", "\n") == ours.stdout.decode("utf-8")


@pytest.mark.parametrize("command", ["check", "status", "to 2.5.1", "init", "path 2.8.5", "run"])
def test_a_real_one_says_what_to_do(command: str) -> None:
    done = windows(*command.split())
    assert (done.returncode, done.stdout) == (71, b"")
    assert b"on Windows, run fluxbump in WSL 2" in done.stderr
