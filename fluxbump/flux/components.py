"""Map CRDs to the controllers that define them, and leave out what is not installed. Pure.

`flux install` and `flux bootstrap` take `--components` and `--components-extra`; what they leave
out has no CRDs in the cluster, so no update of these can be refused there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

from fluxbump.flux.stored_versions import Conflict, Table
from fluxbump.text.patterns import lazy_pattern

DEFAULT = frozenset(
    {"source-controller", "kustomize-controller", "helm-controller", "notification-controller"}
)
"""The controllers that are installed by default.

Sources: fluxcd.io/flux/cmd/flux_install, and `components` at
    fluxcd.control-plane.io/operator/fluxinstance.
"""

_OF_GROUP = {
    "source.toolkit.fluxcd.io": "source-controller",
    "kustomize.toolkit.fluxcd.io": "kustomize-controller",
    "helm.toolkit.fluxcd.io": "helm-controller",
    "notification.toolkit.fluxcd.io": "notification-controller",
    "image.toolkit.fluxcd.io": "image-reflector-controller",
    "source.extensions.fluxcd.io": "source-watcher",
}
_OF_CRD = {"imageupdateautomations.image.toolkit.fluxcd.io": "image-automation-controller"}
_LABEL = lazy_pattern(
    r"app\.kubernetes\.io/component[\"']?:[ \t]*[\"']?"
    r"(?P<name>[a-z][a-z-]*-(?:controller|watcher))\b"
)


@lru_cache(maxsize=128)  # a file is asked about for each release that may come next
def of_manifest(text: str) -> frozenset[str] | None:
    """Return the controllers whose objects a manifest of Flux holds; None if no label names one."""
    return frozenset(match["name"] for match in _LABEL.finditer(text)) or None


def defines(crd: str) -> str:
    """Return the controller that defines a CRD; empty for one that is not known here."""
    return _OF_CRD.get(crd) or _OF_GROUP.get(crd.partition(".")[2], "")


def touched(
    conflicts: Iterable[Conflict], components: Collection[str] | None
) -> tuple[Conflict, ...]:
    """Return the conflicts whose CRDs an installation has.

    Args:
        conflicts: the conflicts to choose from.
        components: the controllers that are installed; None if they are not known, which keeps all
            conflicts.
    """
    return tuple(each for each in conflicts if _has(components, each.crd))


def only(table: Table, components: Collection[str] | None) -> Table:
    """Return a table without the CRDs of controllers that are not in `components`.

    None, for components that are not known, leaves the table as it is.
    """
    if components is None:
        return table
    return {
        release: {name: crd for name, crd in crds.items() if _has(components, name)}
        for release, crds in table.items()
    }


def _has(components: Collection[str] | None, crd: str) -> bool:
    controller = defines(crd)
    return components is None or not controller or controller in components
