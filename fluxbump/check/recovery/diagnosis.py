"""Decides the state of Flux in a cluster, one of those in the runbook, from its objects. Pure.

A controller that starts while an object of Flux has a deletionTimestamp finishes the deletion and
removes workloads with it. So a part that was not listed never counts as absent: then the state is
unknown.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from fluxbump.check.recovery.cluster_contents import CONTROLLERS, ClusterContents, FluxObject

_SHOWN = 3


class State(StrEnum):
    """The state of Flux in a cluster."""

    HEALTHY = "healthy"
    """The controllers run: there is nothing to recover."""
    ALIVE = "alive"
    """Controllers are missing, nothing waits to be deleted, and Flux's HelmRelease is there."""
    TERMINATING = "terminating"
    """CRDs or objects of Flux wait to be deleted."""
    GONE = "gone"
    """Nothing waits to be deleted, and the HelmRelease of Flux is missing."""
    UNKNOWN = "unknown"
    """The objects that were read do not tell the state."""


class Diagnosis(Struct, frozen=True):
    """The state of a cluster.

    Attributes:
        state: the state of Flux in the cluster.
        why: the reason for this state, or what is missing to know it; sentences without a full
            stop.
        then: the state whose recovery follows after that of `state`; None if none follows, or
            that is not known.
    """

    state: State
    why: str
    then: State | None = None


def diagnose(contents: ClusterContents, owner: tuple[str, str]) -> Diagnosis:
    """Decide which state a cluster is in.

    Args:
        contents: the objects of Flux in the cluster.
        owner: the namespace and name of the HelmRelease that owns Flux.
    """
    lacking = _lacking(contents)
    if lacking is not None:
        return Diagnosis(State.UNKNOWN, lacking)
    crds, objects = contents.crds or {}, contents.objects or ()
    waiting = [f"CRD {name}" for name, deleted in crds.items() if deleted]
    waiting += [str(item) for item in objects if item.deleted]
    running = crds and not _without(contents, running=True)
    # Controllers that run delete an object now and then; a CRD of Flux never.
    if waiting and (any(crds.values()) or not running):
        why = f"{_some(waiting)} wait to be deleted"
        return Diagnosis(State.TERMINATING, why, _then(contents, owner))
    if running:
        also = f" and delete {_some(waiting)}" if waiting else ""
        return Diagnosis(State.HEALTHY, f"the controllers run{also}")
    return _stopped(contents, owner)


def _lacking(contents: ClusterContents) -> str | None:
    """Return what a diagnosis needs and was not listed; None if all was."""
    if contents.crds is None:
        return "no CRD is listed"
    if any(contents.crds.values()):
        return None
    if contents.objects is None:
        return "no object of Flux is listed, and one may wait to be deleted"
    if contents.controllers is None:
        return "no Deployment is listed, so the controllers may run"
    return None


def _stopped(contents: ClusterContents, owner: tuple[str, str]) -> Diagnosis:
    """Diagnose a cluster without running controllers, in which nothing waits to be deleted."""
    if not contents.crds:
        return Diagnosis(State.GONE, "the cluster has no CRD of Flux")
    missing = _without(contents, running=False)
    if not missing:
        why = "the controllers have Deployments and no available pod: read their logs"
        return Diagnosis(State.UNKNOWN, why)
    lost = f"without {' and '.join(missing)}"
    if _owner(contents, owner) is None:
        return Diagnosis(State.GONE, f"{lost}, and without the HelmRelease {'/'.join(owner)}")
    return Diagnosis(
        State.ALIVE, f"{lost}, and with {len(contents.crds)} CRDs, none of which is being deleted"
    )


def _without(contents: ClusterContents, *, running: bool) -> list[str]:
    """Return the controllers without an available pod, or if not `running`, without replicas."""
    found = {
        controller.name
        for controller in contents.controllers or ()
        if not controller.deleted and (controller.available if running else controller.wanted)
    }
    return [name for name in CONTROLLERS if name not in found]


def _then(contents: ClusterContents, owner: tuple[str, str]) -> State | None:
    """Return the recovery that follows that of terminating CRDs; None if it is not known."""
    if contents.objects is None or contents.crds is None:
        return None
    found = _owner(contents, owner)
    name = "helmreleases.helm.toolkit.fluxcd.io"
    stays = found is not None and not found.deleted and not contents.crds.get(name)
    return State.ALIVE if stays else State.GONE


def _owner(contents: ClusterContents, owner: tuple[str, str]) -> FluxObject | None:
    return next(
        (
            item
            for item in contents.objects or ()
            if item.kind == "HelmRelease" and (item.namespace, item.name) == owner
        ),
        None,
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
