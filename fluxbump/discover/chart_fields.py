"""Reads fields that name a chart: a path in a Flux source, and mirrors in values files. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from fluxbump.model import FLUX2
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Node, Scalar

_SOURCES_OF_PATHS = ("GitRepository", "Bucket")


def chart_path(spec: Node | None) -> str | None:
    """Return the directory of a chart that an object names by its path in a source.

    Args:
        spec: `spec.chart.spec` of a HelmRelease, or `spec` of a HelmChart.

    Returns:
        The path below the root of the source, without a slash at either end; empty for the root
        itself. None if the chart comes from a Helm repository.
    """
    if yaml.text_of(spec, "sourceRef", "kind") not in _SOURCES_OF_PATHS:
        return None
    chart = (yaml.text_of(spec, "chart") or "").strip()
    return posixpath.normpath(f"/{chart}").strip("/")


def mirrors(file: TextFile) -> Iterator[Scalar]:
    """Yield the `version` of each mapping in a YAML file that has `chart: flux2`."""
    for document in file.documents:
        for mapping in yaml.mappings(document.root):
            version = document.scalar(yaml.get(mapping, "version"))
            if version and (yaml.text_of(mapping, "chart") or "").strip() == FLUX2.name:
                yield version
