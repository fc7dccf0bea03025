"""Writes the advice of `fluxbump recover` from a cluster's objects and the repository. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check.recovery.cluster_contents import ClusterContents
from fluxbump.check.recovery.diagnosis import Diagnosis, State, diagnose
from fluxbump.check.recovery.object_names import Names, names, owner_of
from fluxbump.check.recovery.script import recoveries, script
from fluxbump.discover.tracks import current
from fluxbump.flux import stored_versions
from fluxbump.flux.stored_versions import Table
from fluxbump.model import FLUX, Finding, Inventory

_SHOWN = 5


class Repaired(Struct, frozen=True):
    """Whether the repository is repaired, so that its chart may be installed.

    It is true if there are no findings and all rules were run.

    Attributes:
        findings: the errors of the rules about agreement and adoption.
        not_run: why a rule was not run; None if all were.
    """

    findings: tuple[Finding, ...] = ()
    not_run: str | None = None

    def __bool__(self) -> bool:
        return not self.findings and self.not_run is None


class Wanted(Struct, frozen=True):
    """The options of the user.

    Attributes:
        directory: the directory of the cluster in the repository; None for the whole repository.
        bootstrap: the path of a file with the source and the Kustomization that start everything;
            empty if the user names none.
        context: the context in the kubeconfig, for the script; None for the current one.
    """

    directory: str | None = None
    bootstrap: str = ""
    context: str | None = None


class Advice(Struct, frozen=True):
    """The commands that recover a cluster, with what the reader needs to know.

    Attributes:
        diagnosis: the state of Flux in the cluster.
        release: the Flux release that the repository installs.
        names: the names in the commands; None if there is nothing to run.
        remarks: what the reader has to do or know, one line for each.
        script: the commands; empty if there is nothing to run.
    """

    diagnosis: Diagnosis
    release: str | None = None
    names: Names | None = None
    remarks: tuple[str, ...] = ()
    script: str = ""


def advise(
    inventory: Inventory,
    repaired: Repaired,
    contents: ClusterContents,
    wanted: Wanted,
    table: Table,
) -> Advice:
    """Return the advice for a cluster.

    Args:
        inventory: the charts and pins of the repository.
        repaired: whether the repository's chart may be installed.
        contents: the objects of Flux in the cluster.
        wanted: the options of the user.
        table: the CRDs of each release.

    Raises:
        PinError: the repository does not say which HelmRelease owns Flux, or which release is
            installed; or Kubernetes does not allow a name.
    """
    found = names(
        owner_of(inventory, wanted.directory), contents, inventory, repaired=bool(repaired)
    )
    found = replace(found, bootstrap=wanted.bootstrap, context=wanted.context)
    diagnosis = diagnose(contents, found.owner)
    release = current(inventory)[FLUX]
    if State.ALIVE in (diagnosis.state, diagnosis.then):
        diagnosis = _acceptable(diagnosis, contents, release, table)
    elsewhere = _elsewhere(contents, found)
    if recoveries(diagnosis) and elsewhere:
        diagnosis = Diagnosis(State.UNKNOWN, elsewhere)
    if not recoveries(diagnosis):
        return Advice(diagnosis, release)
    remarks = tuple(_remarks(diagnosis, found, repaired, contents))
    text = script(diagnosis, found, contents.source, remarks)
    return Advice(diagnosis, release, found, remarks, text)


def _acceptable(
    diagnosis: Diagnosis, contents: ClusterContents, release: str, table: Table
) -> Diagnosis:
    """Return the diagnosis, or UNKNOWN if the API server refuses the CRDs of the release."""
    if release not in table or not contents.stored:
        return diagnosis
    refused = stored_versions.exact(contents.stored, table, release)
    if not refused:
        return diagnosis
    held = stored_versions.describe(refused)
    why = (
        f"the cluster stores {held}, which Flux {release} of the repository lacks (use --rev with "
        "the revision that had the release of the cluster)"
    )
    return Diagnosis(State.UNKNOWN, why)


def _elsewhere(contents: ClusterContents, names: Names) -> str | None:
    """Return a message if Helm keeps the release in another namespace than expected, else None."""
    places = {
        secret.namespace for secret in contents.secrets or () if secret.release == names.release
    }
    if not places or names.storage in places:
        return None
    return (
        f"Helm keeps a release {names.release} in {', '.join(sorted(places))}, "
        f"and the HelmRelease says {names.storage}"
    )


def _remarks(
    diagnosis: Diagnosis, names: Names, repaired: Repaired, contents: ClusterContents
) -> Iterator[str]:
    if contents.secrets is not None:
        of_release = [
            secret.status for secret in contents.secrets if secret.release == names.release
        ]
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
    if diagnosis.state is State.TERMINATING and diagnosis.then is None:
        yield "No object was listed, so the rest is not known:"
        yield "run recover again after this script."
    if not names.bootstrap and State.GONE in (diagnosis.state, diagnosis.then):
        yield "Set BOOTSTRAP to a file with the GitRepository and the Kustomization that start it"
        yield "all, or give it with --bootstrap. Git has it, or cloud-init."
