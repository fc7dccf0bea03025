"""The kinds of pin. A new kind is one module here and one line below."""

from __future__ import annotations

from fluxbump.discover.pins import (
    ansible_helm,
    app_version,
    argocd,
    blueprint,
    chart_archive,
    chart_dependency,
    chart_reader,
    chart_version,
    controller_image,
    crossplane,
    custom,
    digest,
    embedded,
    flux_action,
    flux_cli,
    flux_command,
    helm_call,
    helm_command,
    helm_release,
    helmfile,
    install_url,
    kustomize,
    kustomize_helm,
    terraform,
    tool_version,
    values_mirror,
    variable,
)
from fluxbump.discover.pins.kind import Kind

KINDS: dict[str, Kind] = {  # where several say what is installed, the first counts
    install_url.NAME: install_url,
    digest.NAME: digest,
    chart_dependency.NAME: chart_dependency,
    values_mirror.NAME: values_mirror,
    chart_version.NAME: chart_version,
    app_version.NAME: app_version,
    blueprint.NAME: blueprint,
    helm_release.NAME: helm_release,
    terraform.NAME: terraform,
    helm_command.NAME: helm_command,
    flux_command.NAME: flux_command,
    ansible_helm.NAME: ansible_helm,
    helm_call.NAME: helm_call,
    crossplane.NAME: crossplane,
    helmfile.NAME: helmfile,
    argocd.NAME: argocd,
    kustomize_helm.NAME: kustomize_helm,
    controller_image.NAME: controller_image,
    kustomize.NAME: kustomize,
    embedded.NAME: embedded,
    chart_archive.NAME: chart_archive,
    variable.NAME: variable,
    flux_cli.NAME: flux_cli,
    flux_action.NAME: flux_action,
    tool_version.NAME: tool_version,
    chart_reader.NAME: chart_reader,  # behind all that read a kind of object better
    custom.NAME: custom,
}

BY_VARIABLE: tuple[Kind, ...] = (
    install_url,
    terraform,
    chart_archive,
    helm_command,
    flux_command,
    ansible_helm,
    helmfile,
    argocd,
    flux_cli,
    flux_action,
)
"""Kinds whose versions may be variables, which are followed to the places that set them."""
