"""Run the helm binary, Helm 3 or 4, to render charts. No other module runs it.

A chart can come from a stranger, and Helm does what it says. So Helm runs isolated. It has a
private home: the user's plugins, repositories and Kubernetes context do not affect what a chart
renders to. It gets the variables that it needs to start, and no token that a chart could render.
Its proxies lead nowhere: `helm template` needs no cluster, and no network if all dependencies are
under `charts/`. `remote_schemas` finds what proxies do not stop. Time, memory and output are
bounded.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from fluxbump.errors import ToolError
from fluxbump.helm.rendered import RenderedObject
from fluxbump.system import commands, scratch
from fluxbump.system.commands import BegunProgram
from fluxbump.system.programs import Allowance, EndedBy, Program, StartError
from fluxbump.text import yaml
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Node

KUBE_VERSION = "1.35.0"
"""The Kubernetes version that charts are rendered for, as each build of helm assumes another one.

It is recent because charts require a lowest version far more often than a highest.
"""

TIMEOUT = 60.0
"""Seconds that one render may take; a usual render takes a tenth of a second."""

_VERSION_TIMEOUT = 10.0

LARGEST = 64 << 20
"""Bytes that one render may print; a release must fit into a Secret of one mebibyte."""

MEMORY = 1 << 30
"""Bytes of memory that one render may take.

Helm 3.17 and 4.1 start with 64 MiB and render the largest public charts with less than 300.
"""

_PROCESSOR = 120
"""Seconds of processor time, a limit that also ends a helm whose fluxbump was killed."""

_LAST_WORDS = 1 << 20  # bytes; what Go says of a lack of memory comes before pages of stacks

# What starts a program, or the shim of a version manager that stands in for it.
_KEPT = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "SYSTEMROOT",
    "LD_LIBRARY_PATH", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
})  # fmt: skip
_KEPT_FAMILIES = ("LC_", "DYLD_", "ASDF_", "MISE_", "RTX_", "AQUA_", "PROTO_")
_SECRET = ("TOKEN", "PASSWORD", "SECRET", "KEY", "CREDENTIAL")  # `MISE_GITHUB_TOKEN`

# The port of discard (RFC 863): nothing listens there, and nothing leaves this machine.
_NOWHERE = "http://127.0.0.1:9"
_PROXIES = {
    name: "" if name.startswith("NO_") else _NOWHERE
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
}

_FIRST_SUPPORTED = 3

# The Go runtime collects garbage when the heap has doubled (GOGC=100, in its documentation of
# environment variables). Of a process that lives for a tenth of a second that takes a fifth.
# Near the limit it collects earlier (GOMEMLIMIT), so that no garbage makes a chart fail.
_COLLECTING = {"GOGC": "400", "GOMEMLIMIT": str(MEMORY * 3 // 4)}
_NO_MEMORY = lazy_pattern(
    rb"^(?:fatal error|runtime): .*(?:out of memory|cannot allocate)", re.MULTILINE
)
_SKIP_SCHEMAS = "--skip-schema-validation"  # since Helm 3.16
_ERROR = lazy_pattern(r"^Error: ", re.MULTILINE)
_NO_HELP = "Use --debug flag to render out invalid YAML"
_LONGEST = 1000  # characters of a message; a chart can make helm say anything

# Definitions are most of a render's text, and all that counts is their head. A line that starts
# in column one with a plain key is a key of the document, so these cannot match inside `spec`.
_KIND = lazy_pattern(r"^kind:.*$", re.MULTILINE)
_DEFINITION = ["kind: CustomResourceDefinition"]
_SPEC = lazy_pattern(r"^spec: *\n(?:[ \t#].*\n?|\n)*", re.MULTILINE)
_SOURCE = lazy_pattern(r"^# Source: (.+)$", re.MULTILINE)

_POD_SPECS = (
    ("spec",),
    ("spec", "template", "spec"),
    ("spec", "jobTemplate", "spec", "template", "spec"),
)
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


class ChartRefusedError(ToolError):
    """Helm ran, but did not render the chart; the message is helm's own."""


class Helm:
    """A helm binary on this machine.

    Args:
        path: the path of the binary.
        timeout: seconds that one run may take.
    """

    def __init__(self, path: str | Path, *, timeout: float = TIMEOUT) -> None:
        self.path = Path(path).absolute()
        self._timeout = timeout
        self._version: str | None = None

    def version(self) -> str:
        """Return helm's version, `v3.17.3`; the first call runs helm.

        Raises:
            ToolError: helm cannot be run, does not print a version, or is older than Helm 3.
        """
        if self._version is None:
            self._version = self._ask_version()
        return self._version

    @contextmanager
    def begin(
        self,
        chart_dir: Path,
        release_name: str = "fluxbump",
        *,
        kube_version: str = KUBE_VERSION,
        schemas: bool = True,
    ) -> Iterator[Callable[[], str]]:
        """Start to render the chart in `chart_dir` with its default values, as for a first install.

        Yields a function that waits for the output, or raises one of the errors below. Helm has
        ended when the block ends. The output includes the CRDs under `crds/`, which an install
        creates, and leaves out the tests, which an install does not run.

        Args:
            chart_dir: the folder of the chart.
            release_name: the name of the release.
            kube_version: the Kubernetes version to render for.
            schemas: whether helm checks the values against schemas. Helm before 3.16 cannot skip
                that.

        Raises:
            ChartRefusedError: helm does not render the chart.
            ToolError: helm cannot be run, was killed, or exceeds a limit.
        """
        directory = str(chart_dir.absolute())
        options = ["--include-crds", "--skip-tests", "--kube-version", kube_version]
        more = [] if schemas else [_SKIP_SCHEMAS]
        command = ["template", release_name, directory, *options, *more]
        allowance = self._allowance(self._timeout)
        with self._running(command, allowance) as begun:
            yield lambda: _output(begun, directory)

    @staticmethod
    def _allowance(seconds: float) -> Allowance:
        return Allowance(
            seconds=seconds, out=LARGEST, err=_LAST_WORDS, memory=MEMORY, processor=_PROCESSOR
        )

    def _ask_version(self) -> str:
        command = ["version", "--template", "{{.Version}}"]
        with self._running(command, self._allowance(_VERSION_TIMEOUT)) as begun:
            ended = begun.wait()
            said = begun.out.read(_LONGEST).decode("utf-8", "replace").strip()
            complaint = begun.last_words() or said.encode()
        if ended is EndedBy.SECONDS:
            raise ToolError(f"{self.path} timed out when asked for its version")
        major = re.match(r"v?(\d+)\.\d", said)
        if begun.process.returncode or major is None:
            reason = _complaint(complaint) or "it says nothing"
            raise ToolError(f"{self.path} did not print its version: {reason}")
        if int(major[1]) < _FIRST_SUPPORTED:
            raise ToolError(f"helm {said} is too old", hint="install Helm 3 or 4")
        return said

    @contextmanager
    def _running(self, arguments: Sequence[str], allowance: Allowance) -> Iterator[BegunProgram]:
        """Start helm with a temporary home, which is removed when the block ends."""
        with scratch.directory() as home:
            words = [str(self.path), *arguments]
            program = Program(words, _environment(os.environ, str(home)), home)
            try:
                begun = commands.begin(program, allowance)
            except StartError as error:
                raise ToolError(f"cannot run {self.path}: {error}") from None
            try:
                yield begun
            finally:  # when it is late, or on Ctrl-C: before anything of it is removed
                begun.close()


def _output(begun: BegunProgram, directory: str) -> str:
    """Wait for helm and return its output, or raise the reason why it has none."""
    ended, allowance = begun.wait(), begun.allowance
    if ended is EndedBy.SECONDS:
        raise ToolError(f"helm did not finish within {allowance.seconds:g} seconds")
    if ended is EndedBy.OUTPUT:
        raise ToolError(f"helm printed more than {allowance.out >> 20} MiB")
    code, words = begun.process.returncode, begun.last_words()
    if code and _NO_MEMORY.search(words):
        raise ToolError(f"helm needs more than {MEMORY >> 20} MiB of memory")
    if code < 0:
        raise ToolError(f"helm was killed by signal {-code}")
    if code:
        said = _complaint(words.replace(os.fsencode(directory), b"the chart"))
        raise ChartRefusedError(said or f"helm template failed with {code}")
    return begun.out.read().decode("utf-8", "replace")


def find(explicit: str | None = None) -> Helm | None:
    """Find the helm binary.

    Args:
        explicit: the name or path that the user gave; None to search PATH for `helm`.

    Returns:
        The binary; None if PATH has none.

    Raises:
        ToolError: the binary that the user named does not exist or is not executable.
    """
    path = shutil.which(explicit or "helm")
    if path is None and explicit:
        raise ToolError(f"{explicit} is not a program", hint="name the helm binary, or nothing")
    return Helm(path) if path else None


def _environment(told: Mapping[str, str], home: str) -> dict[str, str]:
    """Return the environment for helm: the variables that start it, and a private home."""
    kept = {name: value for name, value in told.items() if _is_kept(name)}
    homes = {f"HELM_{kind}_HOME": str(Path(home, kind)) for kind in ("CACHE", "CONFIG", "DATA")}
    proxies = _PROXIES | {name.lower(): value for name, value in _PROXIES.items()}
    return {**_COLLECTING, **kept, **homes, **proxies, "KUBECONFIG": os.devnull}


def _is_kept(name: str) -> bool:
    if any(word in name for word in _SECRET):
        return False
    return name.upper() in _KEPT or name.startswith(_KEPT_FAMILIES)


def _complaint(stderr: bytes) -> str:
    """Return helm's error on one line of printable text, without the warnings before it."""
    text = stderr.decode("utf-8", "replace")
    start = _ERROR.search(text)
    said = " ".join(text[start.end() if start else 0 :].replace(_NO_HELP, "").split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in said)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


# --- helm's output ---------------------------------------------------------------------------


def objects(output: str) -> Iterator[RenderedObject]:
    """Yield the objects in helm's output, also those inside lists.

    Raises:
        YamlError: a document cannot be parsed.
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
            raise yaml.YamlError(f"{template} is not YAML: {head.problem[1]}")


def _objects(root: Node | None) -> Iterator[RenderedObject]:
    """Yield an object, and once each the objects in it if it is a list, even one in itself."""
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
