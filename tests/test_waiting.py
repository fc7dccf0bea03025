"""Whether a process has ended, or is late; its exit code is left to be asked for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fluxbump.system.process_end import wait


@contextmanager
def shell(script: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sh", "-c", script])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(params=["told", "asked"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the system tells when a process has ended; elsewhere it is asked."""
    if request.param == "asked":

        def refused(pid: int) -> int:
            raise PermissionError

        monkeypatch.setattr(os, "pidfd_open", refused, raising=False)


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", -9), ("sleep 0.1", 0)])
def test_exit_code(script: str, code: int) -> None:
    with shell(script) as process:
        assert wait(process, 30)
        assert wait(process, 0)
        assert wait(process, -1)
        assert process.wait(0) == code
        assert wait(process, 30)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.05])
def test_one_that_is_late_goes_on(seconds: float) -> None:
    with shell("exec sleep 30") as process:
        assert not wait(process, seconds)
        assert process.poll() is None


def descriptors() -> int:
    found = Path("/proc/self/fd")
    return len(list(found.iterdir())) if found.is_dir() else 0


def test_nothing_stays_open() -> None:
    before = descriptors()
    with shell("exit 0") as process:
        wait(process, 30)
    with shell("exec sleep 30") as process:
        assert not wait(process, 0)
    assert descriptors() == before
