"""`fluxbump recover`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fluxbump.cli.options import (
    ClusterOption,
    ConsoleGroup,
    ContextOption,
    IndexGroup,
    Output,
    OutputOption,
    RepoOption,
    RevOption,
)

if TYPE_CHECKING:
    from fluxbump.check.recovery.advice import Advice, Repaired
    from fluxbump.cli.console import Console
    from fluxbump.git.objects import CommitSnapshot
    from fluxbump.model import Inventory
    from fluxbump.workspace import Session

_RECOVERABLE = 1


def recover(
    *,
    repo: RepoOption = None,
    rev: RevOption = "HEAD",
    cluster: ClusterOption = False,
    context: ContextOption = None,
    cluster_state: Annotated[
        Path | None,
        typer.Option(
            "--cluster-state", metavar="FILE", help="What kubectl listed: see docs/recover.md."
        ),
    ] = None,
    directory: Annotated[
        str | None,
        typer.Option(
            "--directory", metavar="DIR", help="The cluster's directory, if clusters differ."
        ),
    ] = None,
    bootstrap: Annotated[
        str,
        typer.Option(
            "--bootstrap", metavar="FILE", help="The first GitRepository and Kustomization."
        ),
    ] = "",
    output: OutputOption = Output.TEXT,
    sources: IndexGroup,
    console: ConsoleGroup,
) -> int:
    """Print the commands that restore lost Flux controllers.

    Reads the cluster, decides which state of docs/runbook.md it is in, and prints a script for this
    cluster to review and run. It changes nothing, neither in the cluster nor in the repository.
    """
    from fluxbump.check.recovery import read_cluster
    from fluxbump.check.recovery.advice import Wanted, advise
    from fluxbump.check.recovery.diagnosis import State
    from fluxbump.check.recovery.object_names import name_of, owner_of
    from fluxbump.cli.workspace import open_session
    from fluxbump.errors import UsageError
    from fluxbump.flux.tables import crds
    from fluxbump.reports import recover as report
    from fluxbump.workspace import at

    asked = cluster or context is not None
    if asked == (cluster_state is not None):
        raise UsageError("name one cluster: --cluster, --context NAME or --cluster-state FILE")
    with open_session(repo, at(rev), sources) as session:
        inventory, repaired = _examined(session)
        name = name_of(owner_of(inventory, directory))
        if cluster_state is not None:
            seen = read_cluster.from_file(cluster_state)
        else:
            context = context or read_cluster.current_context()
            seen = read_cluster.read(context, name)
        wanted = Wanted(directory, bootstrap, context)
        advice = advise(inventory, repaired, seen, wanted, crds.crds())
    if output is Output.JSON:
        console.result(report.json_text(advice, seen.source))
    if advice.diagnosis.state is State.UNKNOWN:
        raise UsageError(
            f"cannot tell how to recover: {advice.diagnosis.why}",
            where=seen.source,
            hint="docs/recover.md says what is needed",
        )
    if output is Output.TEXT:
        _print(advice, console)
    if not advice.script:
        return 0
    console.note(f"{seen.source} is {advice.diagnosis.state}: {advice.diagnosis.why}")
    console.note("fluxbump changed nothing: read the script, then run it with sh")
    return _RECOVERABLE


def _print(advice: Advice, console: Console) -> None:
    if advice.script:
        console.result(advice.script)
    else:
        console.report(f"Nothing to recover: {advice.diagnosis.why}.")


def _examined(session: Session[CommitSnapshot]) -> tuple[Inventory, Repaired]:
    """Read the repository, and check whether its chart can be installed."""
    from fluxbump.check import check, rules, status
    from fluxbump.check.recovery.advice import Repaired
    from fluxbump.check.rules.rule import Trait

    codes = (*status.AGREEMENT, *rules.having(Trait.ADOPTION))
    examined = check.examine_session(session, codes=codes)
    verdict = check.judge(examined, codes)
    not_run = next((f"{rule.code}: {rule.reason}" for rule in verdict.not_run), None)
    return examined.evidence.inventory, Repaired(verdict.errors, not_run)
