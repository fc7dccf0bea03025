"""Starts helm and waits for it, as tests want it; a run starts it and does other things first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fluxbump.check.evidence_parts import Render
from fluxbump.check.rendering import helm_template
from fluxbump.check.rendering.chart_files import Fetch
from fluxbump.flux.chart_contents import Vendored
from fluxbump.helm.binary import KUBE_VERSION, Helm
from fluxbump.model import Chart, Snapshot


def template(helm: Helm, directory: Path, *, kube_version: str = KUBE_VERSION) -> str:
    with helm.begin(directory, kube_version=kube_version) as output:
        return output()


def render(
    chart: Chart,
    snapshot: Snapshot,
    vendored: Sequence[Vendored],
    fetch: Fetch | None,
    helm: Helm | None,
) -> Render:
    with helm_template.begin(chart, snapshot, vendored, fetch, helm) as result:
        return result()
