"""A bump before anything is written: what was asked for, and what that makes of the files."""

from __future__ import annotations

from typing import Generic

from msgspec import Struct, field

from fluxbump.bump import sync_target
from fluxbump.bump.changes import Plan, Row
from fluxbump.bump.commits import Stage
from fluxbump.bump.fixes import Fix, Fixing
from fluxbump.bump.migrate.edits import Migration
from fluxbump.bump.planning.plan import Options
from fluxbump.check import gather, suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.gather import Known
from fluxbump.check.repository_state import S_co
from fluxbump.check.rules.agreement import installs
from fluxbump.check.verdict import Verdict
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.git.trees import Built
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Finding, Inventory, Mention, Note


class Request(Struct, frozen=True):
    """What the user asked for.

    Attributes:
        target: a release, a line of releases, `latest`, or the pins whose release is taken; None
            where flux-operator moves alone.
        chart_version: take this chart release.
        options: what the plan may do.
        mentions: whether mapping rows move.
        accepted: codes of rules whose errors do not stop the bump.
        known: what is known beside the repository.
        migrate_apis: whether manifests move off API versions that the target removes or
            deprecates, in a commit of their own.
        fixes: settings of the HelmReleases that own Flux to fix, each in a commit of its own.
    """

    target: str | sync_target.SyncSource | None
    chart_version: str | None = None
    options: Options = field(default_factory=Options)
    mentions: bool = True
    accepted: frozenset[str] = frozenset()
    known: Known = gather.NOTHING_KNOWN
    migrate_apis: bool = False
    fixes: tuple[Fix, ...] = ()


class Prepared(Struct, Generic[S_co], frozen=True):
    """A bump that is ready to be delivered.

    Attributes:
        base: what it starts from, a commit unless said otherwise.
        inventory: what the base holds, with the migration in it.
        plan: what each pin becomes.
        rows: mapping rows that move.
        mentions: places to review.
        changes: the files after all edits.
        built: the resulting tree, and the patch to it.
        branch: the branch to make.
        message: of the commit that moves the pins.
        verdict: what the gate says of the result.
        inherited: those of its findings that were there before; they do not stop the bump.
        accepted: codes of rules whose errors do not stop the bump.
        before: the evidence about what the result is compared with.
        suppressed: tells which findings the base says are accepted.
        index: the chart index that was used.
        notes: everything that was seen and left alone.
        steps: the commits, oldest first; none when there is nothing to do.
        migration: the manifests that move before; None when that was not asked for.
        fixings: of settings, made before too.
        doubts: why newer releases than the target may be missing, or flux-operator's target.
    """

    base: S_co
    inventory: Inventory
    plan: Plan
    rows: tuple[Row, ...]
    mentions: tuple[Mention, ...]
    changes: ChangeSet
    built: Built
    branch: str
    message: str
    verdict: Verdict
    inherited: frozenset[Finding]
    accepted: frozenset[str]
    before: Evidence
    suppressed: suppressions.Suppressed
    index: ChartIndex
    notes: tuple[Note, ...]
    steps: tuple[Stage, ...]
    migration: Migration | None
    fixings: tuple[Fixing, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes.files

    @property
    def passed(self) -> bool:
        """Whether nothing stops the bump."""
        return not self.refusals

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The errors that stop it: those that nobody accepted."""
        return tuple(finding for finding in self.stopping if finding.code not in self.accepted)

    @property
    def stopping(self) -> tuple[Finding, ...]:
        """The errors that stop it unless they are accepted: those that the base does not have.

        Whoever leaves a place behind knows that it disagrees with the others.
        """
        new = (error for error in self.verdict.errors if error not in self.inherited)
        return tuple(finding for finding in new if not installs.blames(finding, self.plan.left))
