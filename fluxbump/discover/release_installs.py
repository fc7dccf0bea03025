"""Lists the pins that install a release of Flux, and tells which of them are for one cluster. Pure.

Such a pin is in cloud-init, a script, a Makefile, a package or a `gotk-components.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fluxbump.discover import environments
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import installs
from fluxbump.model import FLUX, Form, Inventory, Pin
from fluxbump.text.patterns import lazy_pattern

_OWN = "flux-system"  # the directory that `flux bootstrap` makes in that of the cluster

_CLOUD_INIT = "cloud-init"
_NAME = lazy_pattern(r"(?:^|[._-])(?:cloud[-_]?init|user[-_]?data)(?![a-z])", re.IGNORECASE)
_HEADER = lazy_pattern(r"#cloud-config[ \t]*$", re.MULTILINE)
_HEAD = 4096  # characters; the header stands on the first line, or below a template's comments


def sources(inventory: Inventory) -> list[Pin]:
    """Return the pins that install a release of Flux, in any form, in the order of `KINDS`."""
    return installs(inventory.pins, FLUX)


def exact(inventory: Inventory) -> list[Pin]:
    """Return the pins that install one exact release of Flux."""
    return [pin for pin in sources(inventory) if pin.form is Form.EXACT]


def name(pin: Pin, files: Mapping[str, str]) -> str:
    """Return the subject of a message about a pin that installs a release.

    Args:
        pin: one of `sources`.
        files: the text of each candidate, by path.
    """
    if pin.kind not in traits.INSTALL_URL:
        return pin.subject
    path = pin.location.path
    named = _NAME.search(path.rpartition("/")[2]) is not None
    if named or _HEADER.search(files.get(path, "")[:_HEAD]):
        return _CLOUD_INIT
    return "the install URL"


# --- which of them are of one cluster ---------------------------------------------------------


def together(first: Pin, second: Pin, every: Iterable[Pin]) -> bool:
    """Whether two pins must hold the same release, because both are for one cluster.

    A pin that names no cluster is for all of them. A `gotk-components.yaml` is for the cluster in
    whose directory it is. Another pin may be for any cluster whose path names no other environment.
    It is right if it agrees with the `gotk-components.yaml` of one of these clusters.

    Args:
        first: an exact pin that installs a release.
        second: another such pin.
        every: all exact pins that install a release.
    """
    if apart(first, second):
        return False
    if first.kind == second.kind or not traits.BOOTSTRAPPED & {first.kind, second.kind}:
        return True
    elsewhere = second if first.kind in traits.BOOTSTRAPPED else first
    return elsewhere.cluster is not None or not any(
        pin.kind in traits.BOOTSTRAPPED
        and pin.value == elsewhere.value
        and not apart(pin, elsewhere)
        for pin in every
    )


def apart(pin: Pin, other: Pin) -> bool:
    """Whether two pins are for different clusters.

    They are if both name a cluster and the names differ, if their paths name different
    environments, or if one is a `gotk-components.yaml` and the other is in a directory beside that
    of its cluster.
    """
    if all(
        place.cluster is not None or place.kind in traits.BOOTSTRAPPED for place in (pin, other)
    ):
        return cluster(pin) != cluster(other)
    if not traits.BOOTSTRAPPED & {pin.kind, other.kind}:
        return environments.apart(pin, other)
    gotk, place = (pin, other) if pin.kind in traits.BOOTSTRAPPED else (other, pin)
    return environments.apart(pin, other) or _is_beside(gotk, place.location.path)


def _is_beside(gotk: Pin, path: str) -> bool:
    """Whether a path is in another directory beside the one of the cluster of `gotk`."""
    own = cluster(gotk)
    above = own.rpartition("/")[0]
    return bool(above) and path.startswith(f"{above}/") and not path.startswith(f"{own}/")


def cluster(pin: Pin) -> str:
    """Return the directory of a pin's cluster: the one that it names, or else the one it is in.

    The folder `flux-system` at the end of the path is left out.
    """
    if pin.cluster is not None:
        return pin.cluster
    folder = pin.location.path.rpartition("/")[0]
    above, _, last = folder.rpartition("/")
    return above if last == _OWN else folder


def beside(inventory: Inventory, path: str) -> str | None:
    """Return the release that is installed in the cluster to which a file belongs.

    Args:
        inventory: its exact pins that install Flux count. If all hold one release, the path does
            not matter.
        path: the path of the file, which may be in the directory of a cluster.

    Returns:
        None if no pin or more than one release is possible.
    """
    pins = exact(inventory)
    values = {pin.value for pin in pins}
    if len(values) > 1:
        near = (pin for pin in pins if (home := _home(pin)) and f"/{path}".startswith(home))
        values = {pin.value for pin in near}
    return values.pop() if len(values) == 1 else None


def differ(inventory: Inventory) -> bool:
    """Whether the pins in the directories of clusters hold more than one release."""
    return len({pin.value for pin in exact(inventory) if _home(pin)}) > 1


def _home(pin: Pin) -> str:
    """Return the folder of the cluster that a pin is for, between slashes; empty if unknown."""
    if pin.kind in traits.BOOTSTRAPPED:
        folder = cluster(pin)
        return f"/{folder}/" if folder else "/"
    folders = environments.cluster_folders(pin.location.path)
    return f"/{'/'.join(folders)}/" if folders else ""
