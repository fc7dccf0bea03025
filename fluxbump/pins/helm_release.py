"""What tells Flux (or k3s) which version of a bumped chart a cluster runs.

HelmRelease `spec.chart.spec.version`; OCIRepository `spec.ref` when its URL ends in the chart's
name, which is what a HelmRelease with `spec.chartRef` follows; HelmChart `spec.version`.
Field meanings: fluxcd.io/flux/components/helm/helmreleases and …/source/ocirepositories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fluxbump import yamltext
from fluxbump.model import Form, Pin, Track
from fluxbump.pins.kind import Context, Found, pin_at, unpinned
from fluxbump.textfile import TextFile
from fluxbump.yamltext import Document, Node

NAME = "helm-release"

Finder = Callable[[Document, Node, Context], Iterator[Found]]


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the chart versions that the file's Flux objects ask for."""
    for document, node in file.objects(_FINDERS, context.is_installed_in):
        yield from _FINDERS[yamltext.text_of(node, "kind") or ""](document, node, context)


def _helm_release(document: Document, node: Node, context: Context) -> Iterator[Found]:
    name = yamltext.text_of(node, "metadata", "name") or ""
    spec = yamltext.get(node, "spec", "chart", "spec")
    chart = yamltext.text_of(spec, "chart")
    if chart is None:
        yield from _patch(document, spec, name, context)
        return
    track = context.track_of(chart)
    if track is not None:
        yield _version(document, spec, "version", track, f"HelmRelease {name}")


def _patch(document: Document, spec: Node | None, name: str, context: Context) -> Iterator[Found]:
    """A Kustomize patch names no chart; the release's name says which chart it patches."""
    version = document.scalar(yamltext.get(spec, "version"))
    track = context.track_of(name)
    if version is not None and track is not None:
        yield pin_at(NAME, track, version, f"HelmRelease {name} (patch)")


def _helm_chart(document: Document, node: Node, context: Context) -> Iterator[Found]:
    spec = yamltext.get(node, "spec")
    track = context.track_of(yamltext.text_of(spec, "chart"))
    if track is not None:
        name = yamltext.text_of(node, "metadata", "name")
        yield _version(document, spec, "version", track, f"HelmChart {name}")


def _oci_repository(document: Document, node: Node, context: Context) -> Iterator[Found]:
    track = context.track_of(yamltext.text_of(node, "spec", "url"))
    if track is None:
        return
    subject = f"OCIRepository {yamltext.text_of(node, 'metadata', 'name')}"
    reference = yamltext.get(node, "spec", "ref")
    # source-controller: a digest wins over semver, semver over tag.
    for key in ("digest", "semver", "tag"):
        if yamltext.get(reference, key) is not None:
            pin = _version(document, reference, key, track, subject)
            yield pin if key != "digest" else _digest(pin)
            return
    yield unpinned(NAME, track, document.at(node), subject)


def _digest(pin: Pin) -> Pin:
    return Pin(
        pin.kind, pin.track, pin.location, pin.start, pin.end, pin.value, Form.OPAQUE, pin.subject
    )


def _version(document: Document, spec: Node | None, key: str, track: Track, subject: str) -> Pin:
    scalar = document.scalar(yamltext.get(spec, key))
    if scalar is not None:
        return pin_at(NAME, track, scalar, subject)
    return unpinned(NAME, track, document.at(spec), subject)


_FINDERS: dict[str, Finder] = {
    "HelmRelease": _helm_release,
    "HelmChart": _helm_chart,
    "OCIRepository": _oci_repository,
}
