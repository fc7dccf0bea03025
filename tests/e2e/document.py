"""Runs the commands of the runbook's recoveries, as the document holds them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests import runbook
from tests.e2e.cluster import Cluster

_MARK = "\x1e"


class StoppedError(AssertionError):
    """A command failed, so the shell has ended."""


class Shell:
    """A shell in which one block after another is run."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, block: str) -> str:
        """Run a block; return what it printed.

        Raises:
            StoppedError: one of its commands failed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{block}\nprintf '\\036\\n'\n")
        self._process.stdin.flush()
        said = ""
        for line in self._process.stdout:
            if line == f"{_MARK}\n":
                return said
            said += line
        raise StoppedError(said)


@contextmanager
def shell(cluster: Cluster) -> Iterator[Shell]:
    """Start the shell of a reader who is an administrator of a cluster."""
    with subprocess.Popen(
        ["sh"],
        cwd=cluster.directory,
        env=cluster.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield Shell(process)
        if process.stdin and process.poll() is None:
            process.stdin.close()


def names(values: Mapping[str, str]) -> list[str]:
    """Return the blocks that come before each recovery, with names set as a reader does."""
    first, *others = runbook.blocks("names")
    return [assigned(first, values), *others]


def assigned(block: str, values: Mapping[str, str]) -> str:
    """Return a block with values set; each name has to be one that it sets."""
    for name, value in values.items():
        block, count = re.subn(rf"^{name}=\S+", f"{name}={value}", block, flags=re.MULTILINE)
        assert count == 1, name
    return block
