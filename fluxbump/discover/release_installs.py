"""The places that install a release of Flux, and which of them are of one cluster. Pure.

Cloud-init is only one of them: a script, a Makefile or a package names the same URL.
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
    """Return the pins that say which release is installed, however they hold it; URLs first."""
    return installs(inventory.pins, FLUX)


def exact(inventory: Inventory) -> list[Pin]:
    """Return those that hold one release."""
    return [pin for pin in sources(inventory) if pin.form is Form.EXACT]


def name(pin: Pin, files: Mapping[str, str]) -> str:
    """Name what installs the release that `pin` holds, at the beginning of a message.

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
    """Whether two places have to hold one release, because both speak of one cluster.

    Places that name no cluster speak of all of them. A `gotk-components.yaml` is that of the
    cluster in whose directory it is. What else installs Flux may be meant for any cluster whose
    path names no other environment; it is right where the file of one of them agrees.

    Args:
        first: a place that installs a release.
        second: another; its value is a release too.
        every: all places that install a release.
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
    """Whether two places are of different clusters.

    So are files of two clusters, places whose paths name different environments, and what is in
    another directory beside that of the cluster. A place that names the directory of its cluster
    speaks of that one alone.
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
    """Whether a path is below the directory that holds those of clusters, but not in this one."""
    own = cluster(gotk)
    above = own.rpartition("/")[0]
    return bool(above) and path.startswith(f"{above}/") and not path.startswith(f"{own}/")


def cluster(pin: Pin) -> str:
    """Return the directory of the cluster that a `gotk-components.yaml`, or a place, is for."""
    if pin.cluster is not None:
        return pin.cluster
    folder = pin.location.path.rpartition("/")[0]
    above, _, last = folder.rpartition("/")
    return above if last == _OWN else folder


def beside(inventory: Inventory, path: str) -> str | None:
    """Return the release that is installed where a file is; None where no one can tell.

    Args:
        inventory: whose places count; where they hold one release, that is the answer.
        path: of the file; it may be in the directory of a cluster.
    """
    pins = exact(inventory)
    values = {pin.value for pin in pins}
    if len(values) > 1:
        near = (pin for pin in pins if (home := _home(pin)) and f"/{path}".startswith(home))
        values = {pin.value for pin in near}
    return values.pop() if len(values) == 1 else None


def differ(inventory: Inventory) -> bool:
    """Whether clusters of one repository are at several releases, by their own files."""
    return len({pin.value for pin in exact(inventory) if _home(pin)}) > 1


def _home(pin: Pin) -> str:
    """Return the folder of the cluster that a place installs Flux in; empty if none is named."""
    if pin.kind in traits.BOOTSTRAPPED:
        folder = cluster(pin)
        return f"/{folder}/" if folder else "/"
    folders = environments.cluster_folders(pin.location.path)
    return f"/{'/'.join(folders)}/" if folders else ""
