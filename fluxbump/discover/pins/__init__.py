"""Lists the kinds of pin. A new kind is one module in this folder and one line in `KINDS`."""

from __future__ import annotations

from fluxbump.discover.pins import custom
from fluxbump.discover.pins.charts import (
    ansible_helm,
    app_version,
    argocd,
    blueprint,
    chart_archive,
    chart_dependency,
    chart_entry,
    chart_reader,
    chart_remark,
    chart_version,
    crossplane,
    embedded,
    helm_call,
    helm_command,
    helm_release,
    helmfile,
    kustomize,
    kustomize_helm,
    terraform,
    values_mirror,
)
from fluxbump.discover.pins.kind import ByArgument, ByFileName, Kind
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.pins.releases import (
    controller_image,
    controller_url,
    digest,
    flux_action,
    flux_cli,
    flux_command,
    flux_instance,
    flux_manifests,
    flux_operator,
    flux_repository,
    go_module,
    gotk_components,
    install_manifest,
    install_url,
    kustomize_remote,
    schema_url,
    tool_command,
    tool_version,
    variable,
)

KINDS: dict[str, Kind] = {  # the first counts if pins of several kinds say what is installed
    install_url.NAME: install_url,
    gotk_components.NAME: gotk_components,
    install_manifest.NAME: install_manifest,
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
    controller_url.NAME: controller_url,
    kustomize.NAME: kustomize,
    embedded.NAME: embedded,
    kustomize_remote.NAME: kustomize_remote,
    flux_manifests.NAME: flux_manifests,
    flux_instance.NAME: flux_instance,
    chart_archive.NAME: chart_archive,
    variable.NAME: variable,
    schema_url.NAME: schema_url,
    flux_cli.NAME: flux_cli,
    flux_action.NAME: flux_action,
    tool_version.NAME: tool_version,
    flux_operator.NAME: flux_operator,
    go_module.NAME: go_module,
    flux_repository.NAME: flux_repository,
    tool_command.NAME: tool_command,
    chart_remark.NAME: chart_remark,
    chart_entry.NAME: chart_entry,
    chart_reader.NAME: chart_reader,  # behind all that read a kind of object better
    custom.NAME: custom,
}

NEEDLES = tuple(dict.fromkeys(needle for kind in KINDS.values() for needle in kind.NEEDLES))
"""Fixed texts that mark a file as a candidate; the names of charts do so as well."""
FILE_NAMES = frozenset(
    name for kind in KINDS.values() if isinstance(kind, ByFileName) for name in kind.FILE_NAMES
)
"""Names of files that are read whatever they contain."""
FOLDERS = tuple(name for kind in KINDS.values() for name in getattr(kind, "FOLDERS", ()))
"""Parts of paths. A YAML file with one of them in its path is read whatever it contains."""
BY_VARIABLE = tuple(kind for kind in KINDS.values() if KindTrait.BY_VARIABLE in kind.TRAITS)
"""Kinds whose versions may be variables, which are followed to the places that set them."""
BY_ARGUMENT = tuple(kind for kind in KINDS.values() if isinstance(kind, ByArgument))
"""Kinds whose versions may be parameters of a shell function, followed to the function's calls."""
DEPENDENCIES = tuple(kind for kind in KINDS.values() if KindTrait.WRAPPED in kind.TRAITS)
"""Kinds that read the dependencies of a chart."""
ASSIGNMENT = variable.NAME
"""The kind of the pins that are made from assignments of variables."""
OF_NO_PARSER = helm_release.NAME
"""The kind that a chart's version gets in a file that is not valid YAML."""
