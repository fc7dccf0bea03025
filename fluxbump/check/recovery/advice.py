"""What to run in a cluster, from what it has and what the repository says. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check.recovery.cluster_contents import Seen
from fluxbump.check.recovery.names import Names, names, owner_of
from fluxbump.check.recovery.script import recoveries, script
from fluxbump.check.recovery.state import Decision, State, decide
from fluxbump.discover.tracks import current
from fluxbump.flux import stored_versions
from fluxbump.flux.stored_versions import Table
from fluxbump.model import FLUX, Finding, Inventory

_SHOWN = 5


class Repaired(Struct, frozen=True):
    """Whether a repository may be installed from.

    Attributes:
        findings: the errors of the rules that say so.
        not_run: why a rule was not run; None when all were.
    """

    findings: tuple[Finding, ...] = ()
    not_run: str | None = None

    def __bool__(self) -> bool:
        return not self.findings and self.not_run is None


class Wanted(Struct, frozen=True):
    """What the user says.

    Attributes:
        directory: of the cluster in the repository; None for the whole of it.
        bootstrap: a file with the source and the Kustomization that start it all, or empty.
        context: of the kubeconfig, for the script; None for the current one.
    """

    directory: str | None = None
    bootstrap: str = ""
    context: str | None = None


class Advice(Struct, frozen=True):
    """What to run in a cluster.

    Attributes:
        decision: the state that it is in.
        release: of Flux that is to be installed.
        names: what the commands name; None when there is nothing to run.
        remarks: what the reader has to do or know, a line each.
        script: the commands; empty when there is nothing to run.
    """

    decision: Decision
    release: str | None = None
    names: Names | None = None
    remarks: tuple[str, ...] = ()
    script: str = ""


def advise(
    inventory: Inventory, repaired: Repaired, seen: Seen, wanted: Wanted, table: Table
) -> Advice:
    """Say what to run.

    Args:
        inventory: of the repository.
        repaired: whether its chart may be installed.
        seen: what the cluster has of Flux.
        wanted: what the user says.
        table: what each release defines.

    Raises:
        PinError: the repository does not say which HelmRelease owns Flux, or which release is
            installed; or a name is none that Kubernetes allows.
    """
    found = names(owner_of(inventory, wanted.directory), seen, inventory, repaired=bool(repaired))
    found = replace(found, bootstrap=wanted.bootstrap, context=wanted.context)
    decision = decide(seen, found.owner)
    release = current(inventory)[FLUX]
    if State.ALIVE in (decision.state, decision.then):
        decision = _acceptable(decision, seen, release, table)
    elsewhere = _elsewhere(seen, found)
    if recoveries(decision) and elsewhere:
        decision = Decision(State.UNKNOWN, elsewhere)
    if not recoveries(decision):
        return Advice(decision, release)
    remarks = tuple(_remarks(decision, found, repaired, seen))
    text = script(decision, found, seen.source, remarks)
    return Advice(decision, release, found, remarks, text)


def _acceptable(decision: Decision, seen: Seen, release: str, table: Table) -> Decision:
    """Check that the API server takes the CRDs of the release that the repository installs."""
    if release not in table or not seen.stored:
        return decision
    refused = stored_versions.exact(seen.stored, table, release)
    if not refused:
        return decision
    held = stored_versions.describe(refused)
    why = (
        f"the cluster stores {held}, which Flux {release} of the repository lacks (use --rev with "
        "the revision that had the release of the cluster)"
    )
    return Decision(State.UNKNOWN, why)


def _elsewhere(seen: Seen, names: Names) -> str | None:
    """Say that Helm keeps the release in another namespace than the HelmRelease says."""
    places = {secret.namespace for secret in seen.secrets or () if secret.release == names.release}
    if not places or names.storage in places:
        return None
    return (
        f"Helm keeps a release {names.release} in {', '.join(sorted(places))}, "
        f"and the HelmRelease says {names.storage}"
    )


def _remarks(decision: Decision, names: Names, repaired: Repaired, seen: Seen) -> Iterator[str]:
    if seen.secrets is not None:
        of_release = [secret.status for secret in seen.secrets if secret.release == names.release]
        status = ", ".join(sorted(set(of_release))) or "there is none"
        yield f"Helm's record of the release {names.release}: {status}."
    if repaired.findings:
        yield "The repository is not repaired, so CHART is empty and the script stops before it"
        yield "lets the chart be installed. Repair, merge and publish it, then run recover again:"
        for finding in repaired.findings[:_SHOWN]:
            yield f"  {finding.location}  {finding.code} {finding.message}"
        if len(repaired.findings) > _SHOWN:
            yield f"  and {len(repaired.findings) - _SHOWN} more: fluxbump check"
    elif repaired.not_run:
        yield f"CHART is empty, because it was not checked: {repaired.not_run}"
    elif not names.chart:
        yield "CHART is empty, because the HelmRelease has no version. Read what"
        yield "it follows, and wait there for the repaired chart, instead of wait_for_chart."
    if decision.state is State.TERMINATING and decision.then is None:
        yield "No object was listed, so the rest is not known:"
        yield "run recover again after this script."
    if not names.bootstrap and State.GONE in (decision.state, decision.then):
        yield "Set BOOTSTRAP to a file with the GitRepository and the Kustomization that start it"
        yield "all, or give it with --bootstrap. Git has it, or cloud-init."
