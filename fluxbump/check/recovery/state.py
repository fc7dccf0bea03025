"""Which of the states of the runbook a cluster is in. Pure.

A controller that starts while something of Flux has a deletionTimestamp finishes the deletion and
takes workloads along. So what was not listed is never taken for absent: then nobody can tell.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from fluxbump.check.recovery.cluster_contents import CONTROLLERS, FluxObject, Seen

_SHOWN = 3


class State(StrEnum):
    """What became of Flux in a cluster."""

    HEALTHY = "healthy"
    """The controllers run: there is nothing to recover."""
    ALIVE = "alive"
    """Controllers are gone; nothing waits to be deleted, and the HelmRelease of Flux is there."""
    TERMINATING = "terminating"
    """CRDs or objects wait to be deleted."""
    GONE = "gone"
    """Nothing waits to be deleted, and the HelmRelease of Flux is not there."""
    UNKNOWN = "unknown"
    """What was read does not tell."""


class Decision(Struct, frozen=True):
    """The state of a cluster.

    Attributes:
        state: that it is in.
        why: what says so, or what is missing to tell; sentences without a full stop.
        then: which recovery follows; None when it is the only one.
    """

    state: State
    why: str
    then: State | None = None


def decide(seen: Seen, owner: tuple[str, str]) -> Decision:
    """Decide which state a cluster is in.

    Args:
        seen: what it has of Flux.
        owner: namespace and name of the HelmRelease that owns Flux.
    """
    lacking = _lacking(seen)
    if lacking is not None:
        return Decision(State.UNKNOWN, lacking)
    crds, objects = seen.crds or {}, seen.objects or ()
    waiting = [f"CRD {name}" for name, deleted in crds.items() if deleted]
    waiting += [str(item) for item in objects if item.deleted]
    running = crds and not _without(seen, running=True)
    # Controllers that run delete an object now and then; a CRD of Flux never.
    if waiting and (any(crds.values()) or not running):
        why = f"{_some(waiting)} wait to be deleted"
        return Decision(State.TERMINATING, why, _then(seen, owner))
    if running:
        also = f" and delete {_some(waiting)}" if waiting else ""
        return Decision(State.HEALTHY, f"the controllers run{also}")
    return _stopped(seen, owner)


def _lacking(seen: Seen) -> str | None:
    """Say what was not listed that a decision needs; None when all was."""
    if seen.crds is None:
        return "no CRD is listed"
    if any(seen.crds.values()):
        return None
    if seen.objects is None:
        return "no object of Flux is listed, and one may wait to be deleted"
    if seen.controllers is None:
        return "no Deployment is listed, so the controllers may run"
    return None


def _stopped(seen: Seen, owner: tuple[str, str]) -> Decision:
    """Decide for a cluster without running controllers, in which nothing waits to be deleted."""
    if not seen.crds:
        return Decision(State.GONE, "the cluster has no CRD of Flux")
    missing = _without(seen, running=False)
    if not missing:
        why = "the controllers have Deployments and no available pod: read their logs"
        return Decision(State.UNKNOWN, why)
    lost = f"without {' and '.join(missing)}"
    if _owner(seen, owner) is None:
        return Decision(State.GONE, f"{lost}, and without the HelmRelease {'/'.join(owner)}")
    return Decision(
        State.ALIVE, f"{lost}, and with {len(seen.crds)} CRDs, none of which is being deleted"
    )


def _without(seen: Seen, *, running: bool) -> list[str]:
    """Return the controllers that do not run, or that are not even to run."""
    found = {
        controller.name
        for controller in seen.controllers or ()
        if not controller.deleted and (controller.available if running else controller.wanted)
    }
    return [name for name in CONTROLLERS if name not in found]


def _then(seen: Seen, owner: tuple[str, str]) -> State | None:
    """Return the recovery behind that of terminating CRDs; None when it depends."""
    if seen.objects is None or seen.crds is None:
        return None
    found = _owner(seen, owner)
    name = "helmreleases.helm.toolkit.fluxcd.io"
    stays = found is not None and not found.deleted and not seen.crds.get(name)
    return State.ALIVE if stays else State.GONE


def _owner(seen: Seen, owner: tuple[str, str]) -> FluxObject | None:
    return next(
        (
            item
            for item in seen.objects or ()
            if item.kind == "HelmRelease" and (item.namespace, item.name) == owner
        ),
        None,
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
