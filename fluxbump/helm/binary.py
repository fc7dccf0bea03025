"""The helm binary, Helm 3 or 4. Nothing else runs it.

A chart may be a stranger's, and Helm does what it says. So Helm is in a box. It has a private home:
neither the user's plugins and repositories nor the current Kubernetes context have a say in what a
chart renders to. Of the environment it gets what starts it, so there is no token to be rendered.
Proxies lead nowhere: `helm template` needs no cluster, and no network as long as every dependency
lies under `charts/`; see `remote_schemas` for what no proxy keeps it from. Time, memory and output
are bounded.
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
"""The Kubernetes that charts are rendered for.

Every build of helm assumes another one, so it is named. Charts ask for a lowest version far more
often than for a highest, so it is a recent one.
"""

TIMEOUT = 60.0
"""Seconds that one render may take; it usually takes a tenth of one."""

_VERSION_TIMEOUT = 10.0

LARGEST = 64 << 20
"""Bytes that one render may print; a release has to fit into a Secret, which holds a mebibyte."""

MEMORY = 1 << 30
"""Bytes of memory that one render may take.

Helm 3.17 and 4.1 start with 64 MiB and render the largest public charts with less than 300.
"""

_PROCESSOR = 120
"""Seconds of the processor's time: that ends a helm whose fluxbump was killed."""

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
        self,
        chart_dir: Path,
        release_name: str = "fluxbump",
        *,
        kube_version: str = KUBE_VERSION,
        schemas: bool = True,
    ) -> Iterator[Callable[[], str]]:
        """Start to render the chart in `chart_dir` with its default values, as for a first install.

        Gives what waits for the output, or raises why there is none. Helm has ended when the block
        is left. The output includes the definitions under `crds/`, which an install creates, and
        leaves out the tests, which it does not run.

        Args:
            chart_dir: the chart.
            release_name: of the release.
            kube_version: the Kubernetes to render for.
            schemas: hold the values against schemas; Helm before 3.16 cannot leave that out.

        Raises:
            ChartRefusedError: helm does not render the chart.
            ToolError: helm cannot be run, was killed, or takes more than it may.
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
        """Start helm in a home that is gone afterwards."""
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
    """Wait for the output, or raise why there is none."""
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


def _environment(told: Mapping[str, str], home: str) -> dict[str, str]:
    """Return the environment for helm: what starts it, and a private home."""
    kept = {name: value for name, value in told.items() if _is_kept(name)}
    homes = {f"HELM_{kind}_HOME": str(Path(home, kind)) for kind in ("CACHE", "CONFIG", "DATA")}
    proxies = _PROXIES | {name.lower(): value for name, value in _PROXIES.items()}
    return {**_COLLECTING, **kept, **homes, **proxies, "KUBECONFIG": os.devnull}


def _is_kept(name: str) -> bool:
    if any(word in name for word in _SECRET):
        return False
    return name.upper() in _KEPT or name.startswith(_KEPT_FAMILIES)


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
