"""Rules about the HelmRelease that owns the Flux controllers.

Field meanings are those of helm-controller's HelmRelease v2 specification: install remediation
uninstalls between attempts; upgrade remediation rolls back, or uninstalls; the strategy
RetryOnFailure does neither, and exists from Flux 2.7.0 (helm-controller 1.4.0) on.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump import versions
from fluxbump.model import FLUX, Finding, Related, Severity
from fluxbump.owners import Owner, owners
from fluxbump.rules.rule import Evidence, Outcome, Rule
from fluxbump.tracks import current

_RETRY_ON_FAILURE_SINCE = versions.parse("2.7.0")
_TRUE = ("true", "True", "TRUE")


def adoption(evidence: Evidence) -> Iterator[Outcome]:
    """The HelmRelease adopts what was installed before it, and keeps its values."""
    for owner in owners(evidence.inventory):
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
                    f"{owner.subject} cannot adopt what was installed before it: "
                    f"{action}.disableTakeOwnership is true",
                )


def remediation(evidence: Evidence) -> Iterator[Outcome]:
    """A failed install or upgrade leaves the running controllers alone."""
    release = current(evidence.inventory).get(FLUX)
    for owner in owners(evidence.inventory):
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


def _retries(owner: Owner, action: str, release: str | None) -> bool:
    """Whether a failure is retried with an upgrade, and remediation not looked at."""
    named = owner.value(action, "strategy", "name") == "RetryOnFailure"
    return named and _knows_strategy(release)


def _knows_strategy(release: str | None) -> bool:
    version = versions.parse(release or "")
    return bool(version and _RETRY_ON_FAILURE_SINCE and version >= _RETRY_ON_FAILURE_SINCE)


def _hazards(owner: Owner, action: str) -> Iterator[tuple[str, str]]:
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
    code: str, severity: Severity, owner: Owner, keys: tuple[str, ...], message: str
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
