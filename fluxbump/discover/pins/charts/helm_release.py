"""Finds versions of bumped charts in the objects by which Flux or k3s installs charts.

HelmRelease `spec.chart.spec.version`; OCIRepository `spec.ref` when its URL ends in the chart's
name, which is what a HelmRelease with `spec.chartRef` follows; HelmChart `spec.version`. Flux
ignores the version of a chart that is a path in a GitRepository or a Bucket.
Field meanings: fluxcd.io/flux/components/helm/helmreleases and …/source/ocirepositories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fluxbump.discover.chart_fields import chart_path
from fluxbump.discover.pins import oci_references
from fluxbump.discover.pins.kind import Context, Found, in_patch, pin_at, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import Pin, Role, Track
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document, Node

NAME = "helm-release"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ("chartRef", "OCIRepository")
TRAITS = frozenset({KindTrait.HELM_RELEASE, KindTrait.RECONCILED, KindTrait.CHART_OBJECT})

Finder = Callable[[Document, Node, Context], Iterator[Found]]


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the chart versions in the file's objects."""
    for document, node in file.objects(_FINDERS, context.is_installed_in):
        yield from _FINDERS[yaml.text_of(node, "kind") or ""](document, node, context)


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
    """Yield the pin of a Kustomize patch, whose chart is known by the name of the release."""
    version = document.scalar(yaml.get(spec, "version"))
    track = context.track_of(name)
    if version is not None and track is not None:
        yield in_patch(pin_at(NAME, track, version, f"HelmRelease {name}"))


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
