"""The kinds of pin. A new kind is one module here and one line below."""

from __future__ import annotations

from fluxbump.pins import (
    app_version,
    blueprint,
    chart_dependency,
    chart_version,
    custom,
    embedded,
    helm_release,
    install_url,
    kustomize,
    terraform,
    values_mirror,
)
from fluxbump.pins.kind import Kind

KINDS: dict[str, Kind] = {
    install_url.NAME: install_url,
    chart_dependency.NAME: chart_dependency,
    values_mirror.NAME: values_mirror,
    chart_version.NAME: chart_version,
    app_version.NAME: app_version,
    blueprint.NAME: blueprint,
    helm_release.NAME: helm_release,
    terraform.NAME: terraform,
    kustomize.NAME: kustomize,
    embedded.NAME: embedded,
    custom.NAME: custom,
}
