"""Finds the names for the commands of a recovery, in the repository and in the cluster. Pure.

The defaults are those of helm-controller's HelmRelease v2. A release has the name of its
HelmRelease, after the target namespace and a hyphen if there is one. Helm keeps it in the namespace
of the HelmRelease (fluxcd.io/flux/components/helm/helmreleases).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from fluxbump.check.recovery.cluster_contents import ClusterContents
from fluxbump.discover.objects.owners import Owner, owners
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import current
from fluxbump.errors import PinError
from fluxbump.model import FLUX, Form, Inventory, Location, Pin, Related
from fluxbump.text import yaml
from fluxbump.text.patterns import lazy_pattern

CONTROLLERS = "flux-system"
"""The namespace in which `install.yaml` puts the controllers, whatever a repository says."""

_UPSTREAM = "https://github.com/fluxcd/flux2/releases/download/v{}/install.yaml"
_URL = r"https://[\w.:/%~-]*fluxcd/flux2/releases/download/v{}/install\.yaml(?![\w-]|\.\w)"
_LABEL = lazy_pattern(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_LONGEST = 53  # characters that Helm allows a release; helm-controller shortens others with a hash


class Names(Struct, frozen=True):
    """The names in the commands of a recovery.

    Attributes:
        namespace: the namespace of the HelmRelease that owns Flux.
        helm_release: the name of this HelmRelease.
        release: the name of the Helm release.
        storage: the namespace of the Secrets in which Helm keeps the release.
        chart: the chart version that the HelmRelease must get. Empty if the repository is not
            repaired, or if the HelmRelease itself has no exact version.
        install: the URL of install.yaml.
        bootstrap: the path of a file with the source and the Kustomization that start everything;
            empty if the user names none.
        context: the context in the kubeconfig; None for the current one.
    """

    namespace: str
    helm_release: str
    release: str
    storage: str
    chart: str
    install: str
    bootstrap: str = ""
    context: str | None = None

    @property
    def owner(self) -> tuple[str, str]:
        """The namespace and name of the HelmRelease that owns Flux."""
        return self.namespace, self.helm_release


def owner_of(inventory: Inventory, directory: str | None) -> Owner:
    """Return the HelmRelease that owns Flux.

    Args:
        inventory: the charts and pins of the repository.
        directory: the directory of the cluster; None for the whole repository.

    Raises:
        PinError: there is none, or there are several that differ.
    """
    below = f"{directory.strip('/')}/" if directory else ""
    found = [owner for owner in owners(inventory) if owner.document.path.startswith(below)]
    if not found:
        where = f" below {directory}" if directory else ""
        raise PinError(f"no HelmRelease{where} installs a chart with Flux in it")
    if len({_identity(owner) for owner in found}) > 1:
        raise PinError(
            "HelmReleases of Flux differ between clusters",
            hint="name the directory of this cluster: --directory DIR",
            places=[Related(owner.place(), _described(owner)) for owner in found],
        )
    return found[0]


def _identity(owner: Owner) -> tuple[str | None, ...]:
    fields = ("releaseName", "targetNamespace", "storageNamespace")
    return (*_named(owner), owner.pin.value, *(owner.value(field) for field in fields))


def name_of(owner: Owner) -> str:
    """Return the name of the HelmRelease of an owner."""
    return _named(owner)[1]


def _named(owner: Owner) -> tuple[str, str]:
    name = yaml.text_of(owner.node, "metadata", "name") or ""
    return yaml.text_of(owner.node, "metadata", "namespace") or "", name


def _described(owner: Owner) -> str:
    namespace, name = _named(owner)
    return f"{namespace or '(no namespace)'}/{name}, chart {owner.pin.value}"


def names(
    owner: Owner, contents: ClusterContents, inventory: Inventory, *, repaired: bool
) -> Names:
    """Return the names for the commands of a recovery.

    Helm has installed what the HelmRelease in the cluster says. The one in the repository counts
    only if the cluster has none.

    Args:
        owner: the HelmRelease in the repository.
        contents: the objects of Flux in the cluster.
        inventory: the charts and pins of the repository.
        repaired: True if the pins agree, so that the chart may be installed.

    Raises:
        PinError: a name is missing, Kubernetes or Helm does not allow a name, or the chart installs
            Flux into another namespace than install.yaml.
    """
    namespace, name = _named(owner)
    namespace = namespace or _found_namespace(name, contents) or ""
    spec = (contents.specs or {}).get((namespace, name))
    get = _getter(owner, spec)
    target = get("targetNamespace")
    release = get("releaseName") or (f"{target}-{name}" if target else name)
    storage = get("storageNamespace") or namespace
    where = owner.place()
    for what, value in (("namespace", namespace), ("name", name), ("storage namespace", storage)):
        _checked(what, value, where)
    _checked("name of the Helm release", release, where)
    if len(release) > _LONGEST:
        raise PinError(f"{release} is longer than Helm allows", where=where)
    if (target or namespace) != CONTROLLERS:
        raise PinError(
            f"the chart installs Flux into {target or namespace}",
            where=where,
            facts=[f"install.yaml installs it into {CONTROLLERS}"],
            hint="recover by hand with the commands of docs/runbook.md",
        )
    own = owner.pin.subject.startswith("HelmRelease ") and owner.pin.form is Form.EXACT
    chart = owner.pin.value if repaired and own else ""
    return Names(namespace, name, release, storage, chart, _install(inventory))


def _getter(owner: Owner, spec: Mapping[str, Any] | None) -> Callable[[str], str | None]:
    if spec is None:
        return owner.value
    return lambda key: str(spec[key]) if spec.get(key) else None


def _found_namespace(name: str, contents: ClusterContents) -> str | None:
    """Return the namespace of the HelmRelease called `name`; None if there is not just one."""
    found = {
        item.namespace
        for item in contents.objects or ()
        if (item.kind, item.name) == ("HelmRelease", name)
    }
    return found.pop() if len(found) == 1 else None


def _checked(what: str, value: str, where: Location) -> None:
    """Require a name that the API server allows (RFC 1123).

    Raises:
        PinError: the name is empty, or the API server does not allow it.
    """
    if not value:
        raise PinError(f"the {what} of the HelmRelease of Flux is not known", where=where)
    if _LABEL.fullmatch(value) is None:
        raise PinError(f"{value!r} is no {what} that Kubernetes allows", where=where)


def _install(inventory: Inventory) -> str:
    """Return the URL of install.yaml of the release that the repository installs.

    It is the URL in the repository if there is just one, else the URL at GitHub.

    Raises:
        PinError: no release is installed, or no exact one.
    """
    release = current(inventory).get(FLUX)
    pins = [pin for pin in inventory.pins if pin.track == FLUX]
    if release is None or any(pin.form is not Form.EXACT for pin in pins if pin.value == release):
        raise PinError(
            "no installed Flux version found",
            hint="see `fluxbump status`",
        )
    urls = set(_urls(pins, release, inventory.files))
    return urls.pop() if len(urls) == 1 else _UPSTREAM.format(release)


def _urls(pins: Iterable[Pin], release: str, files: Mapping[str, str]) -> Iterable[str]:
    """Yield the install URLs of a release as written, except those with a password."""
    pattern = re.compile(_URL.format(re.escape(release)))
    for path in {pin.location.path for pin in pins if pin.kind in traits.INSTALL_URL}:
        yield from (found[0] for found in pattern.finditer(files.get(path, "")))
