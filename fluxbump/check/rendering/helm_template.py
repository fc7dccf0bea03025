"""Runs `helm template` on a wrapper, and returns the render for rules to check."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TypeVar

from msgspec import Struct

from fluxbump.check.evidence_parts import Render
from fluxbump.check.rendering import chart_files
from fluxbump.check.rendering.chart_files import CommunityChart, Fetch, NotRenderedError
from fluxbump.errors import IndexSourceError, ToolError
from fluxbump.flux import install_manifest
from fluxbump.flux.chart_contents import Vendored
from fluxbump.flux.tables import images as facts
from fluxbump.helm import archive
from fluxbump.helm.binary import KUBE_VERSION, ChartRefusedError, Helm, objects
from fluxbump.model import Chart, Snapshot
from fluxbump.system import scratch
from fluxbump.text import yaml
from fluxbump.text.patterns import lazy_pattern

# What helm says of a dependency that is not there; Helm 3 and 4 differ in the first letter.
_MISSING = lazy_pattern(r"[Aa]n error occurred while checking for chart dependencies\b.*: (.+)$")

# To run `helm version` takes as long as to render. A document without a kind is no object.
_ASKS = "templates/fluxbump-asks-helm.yaml"
_QUESTION = b"fluxbumpRenderedBy: {{ .Capabilities.HelmVersion.Version }}\n"
_SAID = lazy_pattern(r"^fluxbumpRenderedBy: (v\d+\.\S+)$", re.MULTILINE)

T = TypeVar("T")


class _Begun(Struct, frozen=True):
    """A render that is under way.

    Attributes:
        output: the function that waits for helm, and returns what it printed.
        images: the field `images` of the later `Render`.
        schema: the field `schema` of the later `Render`.
    """

    output: Callable[[], str]
    images: Mapping[str, str]
    schema: str | None


@contextmanager
def begin(
    chart: Chart,
    snapshot: Snapshot,
    vendored: Sequence[Vendored],
    fetch: Fetch | None,
    helm: Helm | None,
    *,
    kube_version: str = KUBE_VERSION,
) -> Iterator[Callable[[], Render]]:
    """Start to render a wrapper with its default values.

    Yields a function that waits for the result. If something prevents the render, the result says
    why, and nothing is raised. All files are read before that. The files that were written for helm
    are removed at the end of the block.

    Args:
        chart: the wrapper.
        snapshot: the snapshot that holds the wrapper.
        vendored: the community charts of the snapshot. Those of other wrappers are ignored, and so
            are those of another version than the dependency asks for.
        fetch: the function that fetches an archive that is not vendored; None if there is no index.
        helm: the helm program; None if it is not installed.
        kube_version: the Kubernetes version to render for.
    """
    if helm is None:
        nothing = Render(chart.path, not_run="helm is not installed")
        yield lambda: nothing
        return

    def start() -> _Begun:
        sources = chart_files.choose(chart, snapshot, vendored, fetch)
        directory = stack.enter_context(scratch.directory()) / "chart"
        remote = chart_files.write_out(directory, snapshot, sources, {_ASKS: _QUESTION})
        images = _images(chart, snapshot, sources.community)
        schema = f"the values schema was not checked: {remote}" if remote else None
        running = helm.begin(directory, kube_version=kube_version, schemas=remote is None)
        return _Begun(stack.enter_context(running), images, schema)

    with ExitStack() as stack:
        begun = _attempt(chart, helm, start)
        if isinstance(begun, Render):
            failed = begun
            yield lambda: failed
        else:
            yield partial(_finish, chart, helm, begun)


def _finish(chart: Chart, helm: Helm, begun: _Begun) -> Render:
    def finished() -> Render:
        try:
            output = begun.output()
        except ChartRefusedError as error:
            if begun.schema and "unknown flag: --skip-schema-validation" in error.message:
                raise NotRenderedError(
                    f"{begun.schema} (Helm 3.16 and later render without it)"
                ) from None
            raise
        found = tuple(objects(output))
        said = _SAID.search(output)
        version = said[1] if said else helm.version()
        return Render(chart.path, version, found, images=begun.images, schema=begun.schema)

    return _attempt(chart, helm, finished)


def _attempt(chart: Chart, helm: Helm, work: Callable[[], T]) -> T | Render:
    """Do a part of a render. If it fails, return a `Render` that says why."""
    try:
        return work()
    except NotRenderedError as reason:
        return Render(chart.path, not_run=str(reason))
    except (ChartRefusedError, yaml.YamlError) as error:
        return _refused(chart, helm, error.message)
    except ToolError as error:
        return Render(chart.path, not_run=str(error))
    except OSError as error:
        why = f"the chart's files cannot be copied: {error.strerror or error}"
        return Render(chart.path, not_run=why)


def _refused(chart: Chart, helm: Helm, message: str) -> Render:
    missing = _MISSING.match(message)
    if missing is not None:
        why = f"dependencies are not under charts/: {missing[1]} (run helm dependency build)"
        return Render(chart.path, not_run=why)
    try:
        return Render(chart.path, helm.version(), error=message)
    except ToolError as error:  # then it is not the chart's fault
        return Render(chart.path, not_run=str(error))


# --- what the release ships ------------------------------------------------------------------


def _images(
    chart: Chart, snapshot: Snapshot, community: Sequence[CommunityChart]
) -> dict[str, str]:
    """Return the image tags of the release in the chart, by controller; empty if unknown."""
    images: dict[str, str] = {}
    for source_chart in community:
        known = facts.controllers(source_chart.release.removeprefix("v"))
        images |= known or install_manifest.default_tags(_values(chart, snapshot, source_chart))
    return images


def _values(chart: Chart, snapshot: Snapshot, community: CommunityChart) -> bytes:
    """Return the values.yaml of a community chart; empty if it cannot be read."""
    path = f"{chart.directory}{community.place}"
    try:
        if path.endswith("/"):
            return snapshot.read(f"{path}values.yaml")
        packed = snapshot.read(path) if community.fetched is None else community.fetched
        return archive.read_chart(packed).files["values.yaml"]
    except (KeyError, IndexSourceError):
        return b""
