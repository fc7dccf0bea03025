"""Rules about the HelmRelease that owns the Flux controllers.

Field meanings are those of helm-controller's HelmRelease v2 specification: install remediation
uninstalls between attempts; upgrade remediation rolls back, or uninstalls; the strategy
RetryOnFailure does neither, and exists from Flux 2.7.0 (helm-controller 1.4.0) on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cached_property

from msgspec import Struct

from fluxbump import versions, yamltext
from fluxbump.model import FLUX, FLUX2, Finding, Inventory, Location, Pin, Related, Severity, Track
from fluxbump.rules.rule import Evidence, Outcome, Rule
from fluxbump.textfile import TextFile
from fluxbump.tracks import current
from fluxbump.yamltext import Document, Node

_RETRY_ON_FAILURE_SINCE = versions.parse("2.7.0")
_CHART_REF = re.compile(r"\bchartRef\b")
_TRUE = ("true", "True", "TRUE")
_PATCH = "(patch)"


class _Owner(Struct, frozen=True, dict=True):
    """A HelmRelease that installs a wrapper, or the community chart itself.

    Attributes:
        pin: the chart version that it runs; its own, or that of the source which it follows.
        subject: the HelmRelease, for people.
        document: where it stands.
        node: the object itself; None for the one that holds the pin.
    """

    pin: Pin
    subject: str
    document: Document
    node: Node | None = None

    @cached_property
    def spec(self) -> Node | None:
        """Its `spec`; the document is parsed when somebody asks."""
        return yamltext.get(self.node or self._around_pin(), "spec")

    def _around_pin(self) -> Node | None:
        """Return the innermost object with the pin: an item of a `List`, or else the root."""
        position, found = self.pin.start - self.document.start, None
        for node in self.document.objects():
            if node.start_mark.index <= position < node.end_mark.index:
                found = node
        return found

    def value(self, *keys: str) -> str | None:
        return yamltext.text_of(self.spec, *keys)

    def place(self, *keys: str) -> Location:
        """Where a field stands; where the nearest field above it stands, when it does not."""
        while keys:
            node = yamltext.get(self.spec, *keys)
            if node is not None:
                return self.document.at(node)
            keys = keys[:-1]
        return self.document.at(self.spec)


def _owners(inventory: Inventory) -> Iterator[_Owner]:
    tracks = {chart.track for chart in inventory.charts if chart.wrapper} | {FLUX2}
    for pin in inventory.pins:
        if pin.kind != "helm-release" or pin.track not in tracks:
            continue
        if not pin.subject.startswith("HelmRelease ") or pin.subject.endswith(_PATCH):
            continue
        text = inventory.files[pin.location.path]
        for document in yamltext.documents(text, pin.location.path):
            if document.start <= pin.start < document.end:
                yield _Owner(pin, pin.subject, document)
    yield from _following(inventory, tracks)


def _following(inventory: Inventory, tracks: Collection[Track]) -> Iterator[_Owner]:
    """Yield the HelmReleases that take the chart by `spec.chartRef`.

    They hold no version themselves: the pin is that of the source which they follow.
    """
    sources = {
        tuple(pin.subject.split(" ", 1)): pin
        for pin in inventory.pins
        if pin.kind == "helm-release" and pin.track in tracks
    }
    files = inventory.files.items() if sources else ()
    for path, text in ((path, text) for path, text in files if "chartRef" in text):
        for document, node in TextFile(path, text).objects({"HelmRelease"}, _CHART_REF.search):
            reference = ("spec", "chartRef")
            kind = yamltext.text_of(node, *reference, "kind") or ""
            name = yamltext.text_of(node, *reference, "name") or ""
            if (kind, name) in sources:
                subject = f"HelmRelease {yamltext.text_of(node, 'metadata', 'name')}"
                yield _Owner(sources[kind, name], subject, document, node)


def adoption(evidence: Evidence) -> Iterator[Outcome]:
    """The HelmRelease adopts what cloud-init installed, and keeps its values."""
    for owner in _owners(evidence.inventory):
        if owner.value("upgrade", "preserveValues") not in _TRUE:
            yield _finding(
                "FB301",
                Severity.ERROR,
                owner,
                ("upgrade", "preserveValues"),
                f"{owner.subject} owns the Flux controllers, but does not set "
                "upgrade.preserveValues: true",
            )
        for action in ("install", "upgrade"):
            if owner.value(action, "disableTakeOwnership") in _TRUE:
                yield _finding(
                    "FB301",
                    Severity.ERROR,
                    owner,
                    (action, "disableTakeOwnership"),
                    f"{owner.subject} cannot adopt what cloud-init installed: "
                    f"{action}.disableTakeOwnership is true",
                )


def remediation(evidence: Evidence) -> Iterator[Outcome]:
    """A failed install or upgrade leaves the running controllers alone."""
    release = current(evidence.inventory).get(FLUX)
    for owner in _owners(evidence.inventory):
        if "remediation" not in owner.document.source:
            continue
        for action in ("install", "upgrade"):
            if _retries(owner, action, release):
                continue
            for field, what in _hazards(owner, action):
                yield _finding(
                    "FB302",
                    Severity.WARNING,
                    owner,
                    (action, "remediation", field),
                    f"{owner.subject} owns the Flux controllers, and {what}; "
                    f"set {_safe(action, release)}",
                )


def _retries(owner: _Owner, action: str, release: str | None) -> bool:
    """Whether a failure is retried with an upgrade, and remediation not looked at."""
    named = owner.value(action, "strategy", "name") == "RetryOnFailure"
    return named and _knows_strategy(release)


def _knows_strategy(release: str | None) -> bool:
    version = versions.parse(release or "")
    return bool(version and _RETRY_ON_FAILURE_SINCE and version >= _RETRY_ON_FAILURE_SINCE)


def _hazards(owner: _Owner, action: str) -> Iterator[tuple[str, str]]:
    """Yield the field that makes a failure destructive, and what then happens."""
    retries = owner.value(action, "remediation", "retries") or "0"
    strategy = owner.value(action, "remediation", "strategy") or "rollback"
    does = "uninstalls them" if action == "install" or strategy == "uninstall" else "rolls back"
    if retries != "0":
        yield "retries", f"helm-controller {does} between {action} attempts (retries: {retries})"
    elif owner.value(action, "remediation", "remediateLastFailure") in _TRUE:
        yield "remediateLastFailure", f"helm-controller {does} when the {action} fails"


def _safe(action: str, release: str | None) -> str:
    if _knows_strategy(release):
        return f"{action}.strategy.name: RetryOnFailure"
    return f"{action}.remediation.retries: 0 and no remediateLastFailure"


def _finding(
    code: str, severity: Severity, owner: _Owner, keys: tuple[str, ...], message: str
) -> Finding:
    related = (Related(owner.pin.location, f"{owner.subject} installs the chart"),)
    return Finding(code, severity, message, owner.place(*keys), related)


RULES = (
    Rule(
        "FB301",
        "adoption-settings",
        Severity.ERROR,
        "The HelmRelease that owns the Flux controllers adopts them and keeps their values.",
        adoption,
    ),
    Rule(
        "FB302",
        "destructive-remediation",
        Severity.WARNING,
        "A failed install or upgrade of Flux does not remove the running controllers.",
        remediation,
    ),
)
