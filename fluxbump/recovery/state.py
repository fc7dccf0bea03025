"""Which of the states of the runbook a cluster is in. Pure.

A controller that starts while something of Flux has a deletionTimestamp finishes the deletion and
takes workloads along. So what was not listed is never taken for absent: then nobody can tell.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from fluxbump.recovery.seen import CONTROLLERS, FluxObject, Seen

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
    if seen.crds is None:
        return _unknown("no CRD is listed")
    waiting = [f"CRD {name}" for name, deleted in seen.crds.items() if deleted]
    if seen.objects is None and not waiting:
        return _unknown("no object of Flux is listed, and one may wait to be deleted")
    objects = seen.objects or ()
    waiting += [str(item) for item in objects if item.deleted]
    running = _running(seen)
    if any(seen.crds.values()):
        return Decision(State.TERMINATING, f"{_some(waiting)} wait to be deleted", _then(seen, owner))
    if running is None:
        return _unknown("no Deployment is listed, so the controllers may run")
    if not running or not seen.crds:
        return _broken(seen, waiting, owner)
    if waiting:
        return Decision(State.HEALTHY, f"the controllers run, and delete {_some(waiting)}")
    return Decision(State.HEALTHY, "the controllers run, and nothing waits to be deleted")


def _broken(seen: Seen, waiting: list[str], owner: tuple[str, str]) -> Decision:
    """Decide for a cluster some of whose controllers do not run, and whose CRDs stay."""
    ready = {one.name for one in seen.controllers or () if one.wanted and not one.deleted}
    missing = [name for name in CONTROLLERS if name not in ready]
    if waiting:
        why = f"{_some(waiting)} wait to be deleted"
        return Decision(State.TERMINATING, why, _then(seen, owner))
    if not seen.crds:
        return Decision(State.GONE, "the cluster has no CRD of Flux")
    if not missing:
        return _unknown(
            "the Deployments of the controllers are there and not available: look at their logs"
        )
    lost = f"without {' and '.join(missing)}"
    if _owner(seen, owner) is None:
        where = "/".join(owner)
        return Decision(State.GONE, f"{lost}, and without the HelmRelease {where}")
    return Decision(State.ALIVE, f"{lost}; {len(seen.crds)} CRDs are there, none being deleted")


def _running(seen: Seen) -> bool | None:
    """Whether the controllers run without which nothing is reconciled; None if nobody knows."""
    if seen.controllers is None:
        return None
    able = {one.name for one in seen.controllers if one.available and not one.deleted}
    return able >= set(CONTROLLERS)


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


def _unknown(why: str) -> Decision:
    return Decision(State.UNKNOWN, why)
