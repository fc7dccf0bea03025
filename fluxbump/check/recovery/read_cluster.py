"""Reads the objects of Flux in a cluster through kubectl, or from a file. It changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from fluxbump.check import kubectl
from fluxbump.check.object_lists import items as listed
from fluxbump.check.recovery import cluster_contents
from fluxbump.check.recovery.cluster_contents import ClusterContents
from fluxbump.check.recovery.object_names import CONTROLLERS
from fluxbump.errors import ToolError

_HELM_RELEASES = f"helmreleases.helm{cluster_contents.GROUP}"
_CRDS = (
    "jsonpath={range .items[*]}{.metadata.name}|{.metadata.deletionTimestamp}|"
    '{.status.storedVersions[*]}{"\\n"}{end}'
)


def current_context() -> str | None:
    """Return the current context of the kubeconfig; None if there is none, as in a pod."""
    try:
        return kubectl.ask("config", "current-context").strip() or None
    except ToolError as error:
        if "not installed" in error.message:
            raise
        return None


def read(context: str | None, name: str) -> ClusterContents:
    """Read the objects of Flux in a cluster.

    Of most objects only names and times are read, so that ten thousand of them are some MiB.

    Args:
        context: the context in the kubeconfig; None if there is none.
        name: the name of the HelmRelease that owns Flux.

    Raises:
        ToolError: kubectl is missing, fails, or prints too much.
    """
    source, ask = kubectl.cluster(context)
    rows = [line.split("|") for line in ask("get", "crds", "-o", _CRDS).splitlines()]
    flux = [row for row in rows if row[0].endswith(cluster_contents.GROUP)]
    kinds = ",".join(sorted(row[0] for row in flux))
    objects = (
        cluster_contents.from_columns(ask("get", kinds, "-A", "-o", cluster_contents.COLUMNS))
        if kinds
        else ()
    )
    found = ClusterContents(
        source,
        crds={row[0]: row[1] or None for row in flux},
        stored={row[0]: tuple(row[2].split()) for row in flux},
        objects=objects,
        controllers=cluster_contents.controllers(
            listed(
                ask("get", "deployments", "-n", CONTROLLERS, "-o", "json"),
                source,
                cluster_contents.HINT,
            )
        ),
        specs=_specs(ask, objects, name, source),
    )
    try:
        return replace(found, secrets=_secrets(ask))
    except ToolError:  # who may not list Secrets can still learn the state
        return found


def _specs(
    ask: Callable[..., str],
    objects: tuple[cluster_contents.FluxObject, ...],
    name: str,
    source: str,
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Read `spec` of the HelmReleases called `name`, in all namespaces."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for item in objects:
        if (item.kind, item.name) == ("HelmRelease", name):
            text = ask("get", _HELM_RELEASES, name, "-n", item.namespace, "-o", "json")
            (content,) = listed(text, source, cluster_contents.HINT)
            spec = content.get("spec")
            found[item.namespace, name] = spec if isinstance(spec, dict) else {}
    return found


def _secrets(ask: Callable[..., str]) -> tuple[cluster_contents.ReleaseSecret, ...]:
    """List the Secrets of Helm releases as a table, which does not have their content."""
    printed = ask("get", "secrets", "-A", "-l", "owner=helm", "--show-labels", "--no-headers")
    found = []
    for line in printed.splitlines():
        namespace, *_, last = line.split() or ["", ""]
        labels = dict(label.partition("=")[::2] for label in last.split(","))
        status = labels.get("status", "")
        found.append(cluster_contents.ReleaseSecret(namespace, labels.get("name", ""), status))
    return tuple(found)


def from_file(path: Path) -> ClusterContents:
    """Read a file with the state of a cluster.

    Raises:
        UsageError: there is no such file, it is too large, or it holds something else.
    """
    return cluster_contents.from_text(kubectl.saved(path, "the state of a cluster"), str(path))
