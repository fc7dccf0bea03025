"""Starts helm and waits for it, as tests want it; a run starts it and does other things first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fluxbump import rendering
from fluxbump.helm import KUBE_VERSION, Helm
from fluxbump.model import Chart, Snapshot
from fluxbump.rendering import Fetch
from fluxbump.rules.rule import Render, Vendored


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
    with rendering.begin(chart, snapshot, vendored, fetch, helm) as result:
        return result()
