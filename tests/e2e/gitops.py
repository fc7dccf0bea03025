"""What Git holds for a cluster: sources, Kustomizations, HelmReleases, and the charts they install.

`flux-system` brings the HelmReleases of Flux and of an app, and the Kustomization of that app.
Between them they hold objects of four kinds, and no others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fixtures import charts

FLUX = "flux-system"
APPS = "apps"
INCIDENT, REPAIRED, OLDER = "1.1.1", "1.1.2", "1.1.3"
"""Chart versions of the wrapper: of the incident, repaired, and of a wanted downgrade."""

FLUX2 = {INCIDENT: "2.13.0", REPAIRED: "2.14.1", OLDER: "2.13.0"}
"""Which flux2 those depend on: 2.13.0 ships Flux 2.3.0, and 2.14.1 ships 2.4.0."""

Object = dict[str, Any]

_DEPLOYMENT = b"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: shop
          image: registry.example.org/shop:1.0.0
"""


def app_chart() -> bytes:
    """Return the archive of the app's chart."""
    metadata = b"apiVersion: v2\nname: shop\nversion: 1.0.0\n"
    files = {"Chart.yaml": metadata, "templates/deployment.yaml": _DEPLOYMENT}
    return charts.files_archive("shop", files)


@dataclass
class Git:
    """A repository as kustomize-controller sees it.

    Attributes:
        wrapper: the chart version of the HelmRelease that owns Flux; None before there is one.
        install: its `spec.install`.
    """

    wrapper: str | None = None
    install: Mapping[str, Any] = field(default_factory=lambda: {"remediation": {"retries": 3}})

    def repair(self, wrapper: str = REPAIRED) -> None:
        """Move the wrapper to a version, and take the remediation away."""
        self.wrapper = wrapper
        self.install = {"remediation": {"retries": 0}}

    def bootstrap(self) -> list[Object]:
        """Return the source and the Kustomization that bring all the rest."""
        return [_source(), _kustomization(FLUX)]

    def path(self, kustomization: str) -> list[Object]:
        """Return what a Kustomization applies."""
        if kustomization == FLUX:
            found = [*self.bootstrap(), _kustomization(APPS)]
            found.append(_helm_release("shop", APPS, "1.0.0", {}))
            if self.wrapper:
                more = {"releaseName": "flux", "install": dict(self.install)}
                found.append(_helm_release("bp-flux", FLUX, self.wrapper, more))
            return found
        claim = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        }
        return [
            {**_named("v1", "ConfigMap", "shop", APPS), "data": {"currency": "EUR"}},
            {**_named("v1", "PersistentVolumeClaim", "shop", APPS), "spec": claim},
        ]


def manifest(objects: list[Object]) -> str:
    """Return objects as one file."""
    return "".join(f"---\n{json.dumps(content)}\n" for content in objects)


def helm_chart(release: Object) -> Object:
    """Return the HelmChart that helm-controller makes for a HelmRelease."""
    name, namespace = release["metadata"]["name"], release["metadata"]["namespace"]
    wanted = release["spec"]["chart"]["spec"]
    spec = {**wanted, "interval": "10m", "reconcileStrategy": "ChartVersion"}
    chart = _named("source.toolkit.fluxcd.io/v1", "HelmChart", f"{namespace}-{name}", FLUX)
    spec["sourceRef"] = {"kind": "GitRepository", "name": FLUX}
    return {**chart, "spec": spec}


def _source() -> Object:
    spec = {"interval": "1m", "url": "https://git.example.org/catalyst/monorepo"}
    return {**_named("source.toolkit.fluxcd.io/v1", "GitRepository", FLUX, FLUX), "spec": spec}


def _kustomization(name: str) -> Object:
    reference = {"kind": "GitRepository", "name": FLUX}
    spec = {"interval": "10m", "path": f"./{name}", "prune": True, "sourceRef": reference}
    api_version = "kustomize.toolkit.fluxcd.io/v1"
    return {**_named(api_version, "Kustomization", name, FLUX), "spec": spec}


def _helm_release(name: str, namespace: str, version: str, more: Mapping[str, Any]) -> Object:
    reference = {"kind": "GitRepository", "name": FLUX, "namespace": FLUX}
    wanted = {"chart": name, "version": version, "sourceRef": reference}
    spec = {"interval": "10m", "chart": {"spec": wanted}, **more}
    release = _named("helm.toolkit.fluxcd.io/v2", "HelmRelease", name, namespace)
    return {**release, "spec": spec}


def _named(api_version: str, kind: str, name: str, namespace: str) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
