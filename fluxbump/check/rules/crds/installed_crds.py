"""Finds which controllers, and so which CRDs of a release, a repository installs. Pure."""

from __future__ import annotations

from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import optional
from fluxbump.discover import installed_components
from fluxbump.flux import components, controller_images
from fluxbump.flux.stored_versions import Table
from fluxbump.model import Pin


def controllers(pin: Pin, evidence: Evidence) -> frozenset[str] | None:
    """Return the controllers that a pin installs, and those that other files show to be there.

    An ImagePolicy, for example, says that its controller is there, whoever installs it. So does a
    controller image that is pinned by itself.

    Args:
        pin: the pin that installs a release.
        evidence: the evidence about the repository.

    Returns:
        The names of the controllers; None if the place of the pin does not name them, so that all
        may be there.
    """
    told = installed_components.of(pin, evidence.inventory.files)
    return None if told is None else told | _seen(evidence)


def table(evidence: Evidence) -> Table:
    """Return the CRDs of each release, without those of controllers that nothing here installs.

    If a cluster was asked, it is known exactly what it stores, so all CRDs are returned.
    """
    told = installed_components.everywhere(evidence.inventory)
    if told is None or evidence.stored is not None:
        return evidence.crds
    return components.only(evidence.crds, told | _seen(evidence))


def _seen(evidence: Evidence) -> frozenset[str]:
    found = optional(evidence.objects)
    kinds = {resource.kind for resource in found.resources} if found else set[str]()
    defined = {
        components.defines(name)
        for crds in evidence.crds.values()
        for name, crd in crds.items()
        if crd.kind in kinds
    }
    return frozenset(
        {*defined, *(pin.track.name for pin in controller_images.pinned(evidence.inventory))}
    )
