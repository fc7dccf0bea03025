"""Which CRDs of a release a repository applies: those of the controllers it installs. Pure."""

from __future__ import annotations

from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import optional
from fluxbump.discover import installed_components
from fluxbump.flux import components, controller_images
from fluxbump.flux.stored_versions import Table
from fluxbump.model import Pin


def controllers(pin: Pin, evidence: Evidence) -> frozenset[str] | None:
    """Return the controllers that a place installs, and those that show elsewhere.

    An object of an image policy says that its controller is there, whoever installs it, and so does
    an image of a controller that is pinned by itself.

    Args:
        pin: that installs a release.
        evidence: about its repository.

    Returns:
        None where the place does not say; then all may be there.
    """
    told = installed_components.of(pin, evidence.inventory.files)
    return None if told is None else told | _seen(evidence)


def table(evidence: Evidence) -> Table:
    """Return what releases define, less what no place of the repository installs.

    What a cluster stores is known exactly where one was asked, and then nothing is left out.
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
