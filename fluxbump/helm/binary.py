"""The helm binary, Helm 3 or 4. The only room that runs it.

Helm is given a private home, so neither the user's plugins and repositories nor the current
Kubernetes context have a say in what a chart renders to. `helm template` needs no cluster, and no
network as long as every dependency lies under `charts/`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from msgspec import Struct

from fluxbump.errors import ToolError
from fluxbump.helm.rendered import RenderedObject
from fluxbump.system import commands
from fluxbump.text import yaml
from fluxbump.text.yaml import Node

KUBE_VERSION = "1.35.0"
"""The Kubernetes that charts are rendered for.

Every build of helm assumes another one, so it is named. Charts ask for a lowest version far more
often than for a highest, so it is a recent one.
"""

TIMEOUT = 60.0
"""Seconds that one render may take; it usually takes a tenth of one."""

_VERSION_TIMEOUT = 10.0

_FOREIGN = ("HELM_", "KUBE")  # variables that would let the user's setup in
_FIRST_SUPPORTED = 3

# The Go runtime collects garbage when the heap has doubled (GOGC=100, in its documentation of
# environment variables). Of a process that lives for a tenth of a second that takes a fifth.
_COLLECTING = {"GOGC": "400"}
_ERROR = re.compile(r"^Error: ", re.MULTILINE)
_NO_HELP = "Use --debug flag to render out invalid YAML"
_LONGEST = 1000  # characters of a message; a chart can make helm say anything

# Definitions are most of a render's text, and all that counts is their head. A line that starts
# in column one with a plain key is a key of the document, so these cannot match inside `spec`.
_KIND = re.compile(r"^kind:.*$", re.MULTILINE)
_DEFINITION = ["kind: CustomResourceDefinition"]
_SPEC = re.compile(r"^spec: *\n(?:[ \t#].*\n?|\n)*", re.MULTILINE)
_SOURCE = re.compile(r"^# Source: (.+)$", re.MULTILINE)

_POD_SPECS = (
    ("spec",),
    ("spec", "template", "spec"),
    ("spec", "jobTemplate", "spec", "template", "spec"),
)
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


class _Done(Struct, frozen=True):
    """What a run of helm left."""

    returncode: int
    stdout: bytes
    stderr: bytes


class ChartRefusedError(ToolError):
    """Helm ran, and does not render the chart; the message is helm's own."""


class Helm:
    """One helm binary.

    Args:
        path: of the binary.
        timeout: seconds that one run may take.
    """

    def __init__(self, path: str | Path, *, timeout: float = TIMEOUT) -> None:
        self.path = Path(path).absolute()
        self._timeout = timeout
        self._version: str | None = None

    def version(self) -> str:
        """Return the version, `v3.17.3`. Runs helm the first time.

        Raises:
            ToolError: it cannot be run, does not say, or is older than Helm 3.
        """
        if self._version is None:
            self._version = self._ask_version()
        return self._version

    @contextmanager
    def begin(
        self, chart_dir: Path, release_name: str = "fluxbump", *, kube_version: str = KUBE_VERSION
    ) -> Iterator[Callable[[], str]]:
        """Start to render the chart in `chart_dir` with its default values, as for a first install.

        Gives what waits for the output, or raises why there is none. Helm has ended when the block
        is left. The output includes the definitions under `crds/`, which an install creates, and
        leaves out the tests, which it does not run.

        Raises:
            ChartRefusedError: helm does not render the chart.
            ToolError: helm cannot be run, or was killed.
        """
        directory = str(chart_dir.absolute())
        options = ["--include-crds", "--skip-tests", "--kube-version", kube_version]
        command = ["template", release_name, directory, *options]
        with self._running(command, self._timeout) as done:
            yield lambda: self._output(done(), directory)

    def _output(self, done: _Done | None, directory: str) -> str:
        if done is None:
            raise ChartRefusedError(f"helm did not finish within {self._timeout:g} seconds")
        if done.returncode < 0:
            raise ToolError(f"helm was killed by signal {-done.returncode}")
        if done.returncode:
            said = _complaint(done.stderr.replace(os.fsencode(directory), b"the chart"))
            raise ChartRefusedError(said or f"helm template failed with {done.returncode}")
        return done.stdout.decode("utf-8", "replace")

    def _ask_version(self) -> str:
        with self._running(["version", "--template", "{{.Version}}"], _VERSION_TIMEOUT) as wait:
            done = wait()
        if done is None:
            raise ToolError(f"{self.path} timed out when asked for its version")
        said = done.stdout.decode("utf-8", "replace").strip()
        major = re.match(r"v?(\d+)\.\d", said)
        if done.returncode or major is None:
            reason = _complaint(done.stderr or done.stdout) or "it says nothing"
            raise ToolError(f"{self.path} did not print its version: {reason}")
        if int(major[1]) < _FIRST_SUPPORTED:
            raise ToolError(f"helm {said} is too old", hint="install Helm 3 or 4")
        return said

    @contextmanager
    def _running(
        self, arguments: Sequence[str], timeout: float
    ) -> Iterator[Callable[[], _Done | None]]:
        """Start helm in a home that is gone afterwards.

        Gives what waits for it; None when it takes longer than `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        with (
            tempfile.TemporaryDirectory(prefix="fluxbump-helm-") as home,
            tempfile.TemporaryFile() as out,  # files, which nobody has to empty in the meantime
            tempfile.TemporaryFile() as err,
        ):
            try:
                process = subprocess.Popen(  # noqa: S603  # no shell, and the arguments are ours
                    [self.path, *arguments],
                    cwd=home,
                    env=_environment(home),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                )
            except (OSError, ValueError) as error:
                raise ToolError(f"cannot run {self.path}: {error}") from None

            def wait() -> _Done | None:
                try:
                    code = commands.wait(process, deadline - time.monotonic())
                except subprocess.TimeoutExpired:
                    return None
                return _Done(code, _whole(out), _whole(err))

            try:
                yield wait
            finally:  # when it is late, or on Ctrl-C: before anything of it is removed
                process.kill()
                process.wait()


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def find(explicit: str | None = None) -> Helm | None:
    """Find helm.

    Args:
        explicit: name or path that the user gave; None to look for `helm` on PATH.

    Returns:
        The binary; None when there is none on PATH.

    Raises:
        ToolError: the user named one, and it is not there or not executable.
    """
    path = shutil.which(explicit or "helm")
    if path is None and explicit:
        raise ToolError(f"{explicit} is not a program", hint="name the helm binary, or nothing")
    return Helm(path) if path else None


def _environment(home: str) -> dict[str, str]:
    """Return the user's environment without what steers helm, and with a private home.

    The rest stays, because `helm` may be a shim of a version manager that needs it.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
    homes = {f"HELM_{kind}_HOME": str(Path(home, kind)) for kind in ("CACHE", "CONFIG", "DATA")}
    return {**_COLLECTING, **kept, **homes, "KUBECONFIG": os.devnull}


def _complaint(stderr: bytes) -> str:
    """Return what helm says went wrong, on one line and printable; warnings before it are cut."""
    text = stderr.decode("utf-8", "replace")
    start = _ERROR.search(text)
    said = " ".join(text[start.end() if start else 0 :].replace(_NO_HELP, "").split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in said)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


# --- helm's output ---------------------------------------------------------------------------


def objects(output: str) -> Iterator[RenderedObject]:
    """Yield the objects of helm's output, also those in lists.

    Raises:
        YamlProblem: a document cannot be parsed.
    """
    for document in yaml.documents(output, ""):
        source = document.source
        if _KIND.findall(source) == _DEFINITION:
            source = _SPEC.sub("", source, count=1)
        head = yaml.documents(source, "")[0]
        yield from _objects(head.root)
        if head.problem is not None:
            where = _SOURCE.search(source)
            template = where[1] if where else "a document"
            raise yaml.YamlProblem(f"{template} is not YAML: {head.problem[1]}")


def _objects(root: Node | None) -> Iterator[RenderedObject]:
    """Yield an object, and those in it if it is a list; each once, also in a list of itself."""
    seen, waiting = set[int](), [root]
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        kind = yaml.text_of(node, "kind") or ""
        api_version = yaml.text_of(node, "apiVersion") or ""
        if kind or api_version:
            name = yaml.text_of(node, "metadata", "name") or ""
            yield RenderedObject(api_version, kind, name, tuple(_container_images(node)))
        if kind.endswith("List"):
            waiting.extend(reversed([*yaml.items(yaml.get(node, "items"))]))


def _container_images(node: Node | None) -> Iterator[str]:
    for keys in _POD_SPECS:
        spec = yaml.get(node, *keys)
        for key in _CONTAINERS:
            for container in yaml.items(yaml.get(spec, key)):
                yield yaml.text_of(container, "image") or ""
