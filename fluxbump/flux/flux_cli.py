"""Run the flux CLI that the user names, to write the manifest of a release.

`flux install --export` talks to no cluster. For the release of the CLI itself it needs no network;
the manifests of any other it downloads from Flux's releases on GitHub.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from fluxbump.errors import ToolError
from fluxbump.system import commands, scratch
from fluxbump.system.programs import Allowance, EndedBy, Program, StartError
from fluxbump.text.budget import MANIFEST

TIMEOUT = 120.0
"""Seconds that one run may take; a run without a download takes one or two."""

_LONGEST = 500  # characters of a message

# What a download may need; all else of the user's setup would change what is written.
_KEPT = frozenset({"PATH", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR"})
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})


class Flux(Struct, frozen=True):
    """A flux CLI that is installed on this machine.

    Attributes:
        path: the path of the binary.
        timeout: seconds that one run may take.
        largest: bytes that one run may print.
    """

    path: str
    timeout: float = TIMEOUT
    largest: int = MANIFEST.size

    def export(self, release: str, components: tuple[str, ...]) -> tuple[bytes, str]:
        """Return what `flux install --export` writes, and the command as messages show it.

        Args:
            release: without a leading `v`.
            components: the components to install; empty for the CLI's default.

        Raises:
            ToolError: the CLI cannot be started, fails, takes too long or prints too much.
        """
        arguments = ["install", "--export", f"--version=v{release}"]
        shown = " ".join([self.path, *arguments])
        if components:
            arguments.append(f"--components={','.join(components)}")
        words = [str(Path(self.path).absolute()), *arguments]
        with scratch.directory() as home:
            return self._output(Program(words, environment(os.environ, str(home))), shown), shown

    def _output(self, program: Program, shown: str) -> bytes:
        """Run a command within its limits of time and output, and return what it printed."""
        allowance = Allowance(seconds=self.timeout, out=self.largest)
        try:
            done = commands.run(program, allowance)
        except StartError as error:
            raise ToolError(f"cannot be started: {error}", where=shown) from None
        if done.ended is EndedBy.OUTPUT:
            raise ToolError(f"printed more than {self.largest} bytes", where=shown)
        if done.ended is EndedBy.SECONDS:
            raise ToolError(f"did not finish within {self.timeout:g} seconds", where=shown)
        if done.code:
            words = " ".join(done.err.decode("utf-8", "replace").split())[-_LONGEST:]
            raise ToolError(words or f"failed with {done.code}", where=shown)
        return done.out


def environment(told: Mapping[str, str], home: str) -> dict[str, str]:
    """Return the environment for the CLI, without the user's cluster and settings of Flux.

    Args:
        told: the environment of this process.
        home: an empty directory, as HOME and TMPDIR of the CLI.
    """
    kept = {
        name: value for name, value in told.items() if name.upper() in _PROXIES or name in _KEPT
    }
    return {**kept, "HOME": home, "TMPDIR": home}
