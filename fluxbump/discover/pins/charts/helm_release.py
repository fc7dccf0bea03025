"""What tells Flux (or k3s) which version of a bumped chart a cluster runs.

HelmRelease `spec.chart.spec.version`; OCIRepository `spec.ref` when its URL ends in the chart's
name, which is what a HelmRelease with `spec.chartRef` follows; HelmChart `spec.version`. Flux
ignores the version of a chart that is a path in a GitRepository or a Bucket.
Field meanings: fluxcd.io/flux/components/helm/helmreleases and …/source/ocirepositories.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from fluxbump.discover.pins.kind import Context, Found, pin_at, unpinned
from fluxbump.discover.urls import oci_references
from fluxbump.model import Pin, Role, Track
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document, Node

NAME = "helm-release"
ROLE = Role.INSTALLS

_SOURCES_OF_PATHS = ("GitRepository", "Bucket")
PATCH = "(patch)"
"""What ends the subject of a pin in a patch, which installs nothing by itself."""

Finder = Callable[[Document, Node, Context], Iterator[Found]]


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the chart versions that the file's Flux objects ask for."""
    for document, node in file.objects(_FINDERS, context.is_installed_in):
        yield from _FINDERS[yaml.text_of(node, "kind") or ""](document, node, context)


def chart_path(spec: Node | None) -> str | None:
    """Return which directory a chart is, where it is a path and no name.

    Args:
        spec: `spec.chart.spec` of a HelmRelease, or `spec` of a HelmChart.

    Returns:
        The path below the root of the source, without a slash at either end; empty for the root
        itself. None where the chart comes from a Helm repository.
    """
    if yaml.text_of(spec, "sourceRef", "kind") not in _SOURCES_OF_PATHS:
        return None
    chart = (yaml.text_of(spec, "chart") or "").strip()
    return posixpath.normpath(f"/{chart}").strip("/")


def _helm_release(document: Document, node: Node, context: Context) -> Iterator[Found]:
    name = yaml.text_of(node, "metadata", "name") or ""
    spec = yaml.get(node, "spec", "chart", "spec")
    if chart_path(spec) is not None:
        return
    chart = yaml.text_of(spec, "chart")
    if chart is None:
        yield from _patch(document, spec, name, context)
        return
    track = context.track_of(chart)
    if track is not None:
        yield _version(document, spec, "version", track, yaml.subject_of(node))


def _patch(document: Document, spec: Node | None, name: str, context: Context) -> Iterator[Found]:
    """A Kustomize patch names no chart; the release's name says which chart it patches."""
    version = document.scalar(yaml.get(spec, "version"))
    track = context.track_of(name)
    if version is not None and track is not None:
        yield pin_at(NAME, track, version, f"HelmRelease {name} {PATCH}")


def _helm_chart(document: Document, node: Node, context: Context) -> Iterator[Found]:
    spec = yaml.get(node, "spec")
    track = context.track_of(yaml.text_of(spec, "chart"))
    if track is not None and chart_path(spec) is None:
        yield _version(document, spec, "version", track, yaml.subject_of(node))


def _oci_repository(document: Document, node: Node, context: Context) -> Iterator[Found]:
    track = context.track_of(yaml.text_of(node, "spec", "url"))
    if track is not None:
        yield from oci_references.of(NAME, track, document, node)


def _version(document: Document, spec: Node | None, key: str, track: Track, subject: str) -> Pin:
    scalar = document.scalar(yaml.get(spec, key))
    if scalar is not None:
        return pin_at(NAME, track, scalar, subject)
    return unpinned(NAME, track, document.at(spec), subject)


_FINDERS: dict[str, Finder] = {
    "HelmRelease": _helm_release,
    "HelmChart": _helm_chart,
    "OCIRepository": _oci_repository,
}
