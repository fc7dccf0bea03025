"""Read the options of `flux install` from its output, and apply them to another manifest. Pure.

`flux install --export` is one text for each release, in which each option changes certain lines
(`pkg/manifestgen/install/templates.go` in fluxcd/flux2, and kustomize, which sorts keys). So the
manifest of a repository can be made again from the full text of its release. The caller must
compare the two byte for byte before it makes the manifest of another release in this way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from fluxbump.flux.gotk import (
    DEFINITION,
    DEPLOYMENT,
    NAMESPACE,
    NETWORK_POLICY,
    GotkManifest,
    ManifestPart,
)
from fluxbump.text.patterns import lazy_pattern

NOTIFICATIONS = "notification-controller"
"""The component to which the other controllers send events."""

_WATCHER = "source-watcher"
_GATED = ("kustomize-controller", "helm-controller")
_GATE = lazy_pattern(r"^ *- --feature-gates=ExternalArtifact=true\n", re.MULTILINE)
"""The argument that `source-watcher` adds to two other controllers, since Flux 2.7."""

_DEFAULT_NAMESPACE = "flux-system"
_DEFAULT_DOMAIN = "cluster.local"
_DEFAULT_LEVEL = "info"
_DEFAULT_REGISTRY = "ghcr.io/fluxcd"

_ARGUMENT = r"(?m)^(?P<before> *- --{}=)(?P<value>[^\n]*)$"
_EVENTS = lazy_pattern(_ARGUMENT.format("events-addr"))
_STORAGE = lazy_pattern(_ARGUMENT.format("storage-adv-addr"))
_WATCH = lazy_pattern(_ARGUMENT.format("watch-all-namespaces"))
_LEVEL = lazy_pattern(_ARGUMENT.format("log-level"))
_DOMAIN = lazy_pattern(r"\.svc\.(?P<domain>.{1,253}?)\./?$")
_IMAGE = lazy_pattern(r"(?m)^(?P<before> *(?:- )?image: )(?P<registry>\S+)(?P<name>/[^/\s]+)$")
_COMPONENTS = lazy_pattern(r"(?m)^(?P<before># Components: )\S+$")
_INSTANCE = lazy_pattern(r"(?m)^(?P<before> *app\.kubernetes\.io/instance: )\S+$")

# A key of a pod's spec; what belongs to it is indented more, or is a list at its own indentation.
_POD = 6
_POD_KEY = lazy_pattern(r"(?m)^ {6}(?P<key>[A-Za-z]+):.*\n(?:(?: {7}| {6}- ).*\n)*")
_SECRETS = lazy_pattern(r"(?m)^ {6}imagePullSecrets:\n {6}- name: (?P<name>\S+)\n")
_TOLERATIONS = lazy_pattern(
    r"(?m)^ {6}tolerations:\n(?P<items>(?: {6}- | {7}).*\n(?:(?: {6}- | {7}).*\n)*)"
)
_TOLERATED = lazy_pattern(r"(?m)^ {6}- key: (?P<key>\S+)\n {8}operator: Exists\n")


class InstallOptions(Struct, frozen=True):
    """The options that `flux install` was given, as far as its output shows them.

    Attributes:
        components: `--components` and `--components-extra`, in their order.
        namespace: `--namespace`.
        registry: `--registry`.
        network_policy: `--network-policy`.
        watch_all_namespaces: `--watch-all-namespaces`, as written in the manifest.
        log_level: `--log-level`.
        image_pull_secret: `--image-pull-secret`; empty without one.
        tolerations: `--toleration-keys`.
        cluster_domain: `--cluster-domain`.
    """

    components: tuple[str, ...]
    namespace: str = _DEFAULT_NAMESPACE
    registry: str = _DEFAULT_REGISTRY
    network_policy: bool = True
    watch_all_namespaces: str = "true"
    log_level: str = _DEFAULT_LEVEL
    image_pull_secret: str = ""
    tolerations: tuple[str, ...] = ()
    cluster_domain: str = _DEFAULT_DOMAIN


class IrreproducibleError(Exception):
    """A manifest cannot be made with these options; the message says why in one phrase."""


# --- reading ----------------------------------------------------------------------------------


def options_of(manifest: GotkManifest) -> InstallOptions:
    """Return the options that a manifest was written with.

    An option that the manifest does not show has its default. A manifest that was edited by hand
    may show anything, so the options are certain only after `reproduce` makes the same text.
    """
    pods = [part.text for part in manifest.parts if part.kind == DEPLOYMENT and part.component]
    every = "".join(pods)
    namespace = next((part.name for part in manifest.parts if part.kind == NAMESPACE), "")
    return InstallOptions(
        components=manifest.components,
        namespace=namespace or _DEFAULT_NAMESPACE,
        registry=next((image.registry for image in manifest.images), _DEFAULT_REGISTRY),
        network_policy=any(part.kind == NETWORK_POLICY for part in manifest.parts),
        watch_all_namespaces=_first(_WATCH, "value", every) or "true",
        log_level=_first(_LEVEL, "value", every) or _DEFAULT_LEVEL,
        image_pull_secret=_first(_SECRETS, "name", every),
        tolerations=tuple(_tolerations(pods[0])) if pods else (),
        cluster_domain=_domain(every),
    )


def _first(pattern: re.Pattern[str], group: str, text: str) -> str:
    found = pattern.search(text)
    return found[group] if found else ""


def _tolerations(pod: str) -> Iterator[str]:
    items = _first(_TOLERATIONS, "items", pod)
    return (match["key"] for match in _TOLERATED.finditer(items))


def _domain(pods: str) -> str:
    """Return the cluster's domain; the default if no controller names it.

    Only arguments for events and artifacts name it.
    """
    for pattern in (_EVENTS, _STORAGE):
        for argument in pattern.finditer(pods):
            found = _DOMAIN.search(argument["value"])
            if found:
                return found["domain"]
    return _DEFAULT_DOMAIN


# --- making again -----------------------------------------------------------------------------


def reproduce(full: GotkManifest, options: InstallOptions) -> str:
    """Make the manifest that `flux install` writes with these options.

    Args:
        full: the manifest of the release with all components and, but for that, default options.
        options: the options of the manifest to make.

    Raises:
        IrreproducibleError: the full manifest lacks something that the options need.
    """
    own = options_of(full)
    _require(own, options)
    kept = [manifest_part for manifest_part in full.parts if not manifest_part.component]
    if not options.network_policy:
        kept = [manifest_part for manifest_part in kept if manifest_part.kind != NETWORK_POLICY]
    for component in options.components:
        kept += (
            manifest_part for manifest_part in full.parts if manifest_part.component == component
        )
    listed = ",".join(options.components)
    head = _COMPONENTS.sub(lambda found: found["before"] + listed, full.head)
    edits = tuple(_edits(own, options))
    texts = []
    for part in kept:
        text = part.text
        for edit in edits:
            text = edit(part, text)
        texts.append(text if text.endswith("\n") else f"{text}\n")
    return head + "---\n".join(texts)


def _require(own: InstallOptions, wanted: InstallOptions) -> None:
    missing = [component for component in wanted.components if component not in own.components]
    if not wanted.components:
        raise IrreproducibleError("it lists no components")
    if missing:
        raise IrreproducibleError(f"it has no {' and no '.join(missing)}")
    if wanted.network_policy and not own.network_policy:
        raise IrreproducibleError("it has no network policies")
    if wanted.namespace != own.namespace != _DEFAULT_NAMESPACE:
        raise IrreproducibleError(f"it is for the namespace {own.namespace}")
    if own.image_pull_secret or own.tolerations:
        raise IrreproducibleError("it has a pull secret or tolerations of its own")


_Edit = Callable[[ManifestPart, str], str]


def _edits(own: InstallOptions, wanted: InstallOptions) -> Iterable[_Edit]:
    """Yield the functions that change the text of a document, in the order to apply them."""
    if wanted.namespace != own.namespace:
        yield _in_namespace(own.namespace, wanted.namespace)
    yield lambda part, text: _in_deployment(part, text, own, wanted)


def _in_namespace(own: str, wanted: str) -> _Edit:
    name = re.compile(rf"(?<!\w){re.escape(own)}(?![\w-])")

    def edit(part: ManifestPart, text: str) -> str:
        if part.kind == DEFINITION:  # whose schemas may speak of a namespace
            return _INSTANCE.sub(lambda found: found["before"] + wanted, text, count=1)
        return name.sub(wanted, text)

    return edit


def _in_deployment(
    part: ManifestPart, text: str, own: InstallOptions, wanted: InstallOptions
) -> str:
    if part.kind != DEPLOYMENT or not part.component:
        return text
    if _WATCHER in own.components and _WATCHER not in wanted.components:
        text = _GATE.sub("", text) if part.component in _GATED else text
    text = _WATCH.sub(_to(wanted.watch_all_namespaces), text)
    text = _LEVEL.sub(_to(wanted.log_level), text)
    text = _STORAGE.sub(_at(own.cluster_domain, wanted.cluster_domain), text)
    if NOTIFICATIONS in wanted.components:
        text = _EVENTS.sub(_at(own.cluster_domain, wanted.cluster_domain), text)
    else:
        text = _EVENTS.sub(_to(""), text)
    text = _IMAGE.sub(lambda found: _from(found, own.registry, wanted.registry), text)
    if wanted.image_pull_secret:
        secret = f"      - name: {wanted.image_pull_secret}\n"
        text = _with_key(text, "imagePullSecrets", secret)
    if wanted.tolerations:
        items = (f"      - key: {key}\n        operator: Exists\n" for key in wanted.tolerations)
        text = _with_key(text, "tolerations", "".join(items))
    return text


def _to(value: str) -> Callable[[re.Match[str]], str]:
    return lambda found: found["before"] + value


def _at(own: str, wanted: str) -> Callable[[re.Match[str]], str]:
    """Return a replacement that moves an address to another cluster domain."""

    def moved(found: re.Match[str]) -> str:
        return found["before"] + found["value"].replace(f".svc.{own}.", f".svc.{wanted}.")

    return moved


def _from(found: re.Match[str], own: str, wanted: str) -> str:
    registry = wanted if found["registry"] == own else found["registry"]
    return found["before"] + registry + found["name"]


def _with_key(text: str, key: str, items: str) -> str:
    """Put a list into the spec of a Deployment's pod, whose keys are sorted."""
    spec = text.find("\n    spec:\n")
    entries = _POD_KEY.finditer(text, spec) if spec >= 0 else iter(())
    after = next((match for match in entries if match["key"] > key), None)
    at = after.start() if after else len(text)
    return f"{text[:at]}      {key}:\n{items}{text[at:]}"


# --- comparing --------------------------------------------------------------------------------


class Difference(Struct, frozen=True):
    """The first line in which a manifest differs from what the release writes.

    Attributes:
        line: the 1-based line in the file.
        held: the line in the file; None if the file ends before it.
        expected: the line that the release writes; None if its text ends before it.
    """

    line: int
    held: str | None
    expected: str | None


def first_difference(held: str, expected: str) -> Difference | None:
    """Return the first line in which two texts differ; None when they are equal."""
    if held == expected:
        return None
    ours, theirs = held.splitlines(keepends=True), expected.splitlines(keepends=True)
    common = zip(ours, theirs, strict=False)
    at = next((n for n, (a, b) in enumerate(common) if a != b), min(len(ours), len(theirs)))
    return Difference(at + 1, _shown(ours, at), _shown(theirs, at))


def _shown(lines: list[str], at: int) -> str | None:
    return lines[at].rstrip("\r\n") if at < len(lines) else None
