"""The values of a bump before it is written: the request of the user, and the computed result."""

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
    """The bump that the user asked for.

    Attributes:
        target: a release, a line of releases, `latest`, `latest-safe`, or the pins whose
            release the others take. None if flux-operator moves alone.
        chart_version: the chart release to take. None lets fluxbump choose it.
        options: the changes that the plan is allowed to make.
        mentions: whether rows of mapping tables move.
        accepted: the codes of rules whose errors do not stop the bump.
        known: the facts that do not come from the repository.
        migrate_apis: whether manifests move off API versions that the target removes or
            deprecates, in a commit of their own.
        fixes: the settings to fix in the HelmReleases that own Flux, each in a commit of its
            own.
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
        base: the snapshot that the bump starts from, a commit or the working tree.
        inventory: the pins and charts of the base after the migration and the fixes.
        plan: the changes of the pins.
        rows: the rows of mapping tables that move.
        mentions: the places that name an old version, for a review.
        changes: the files after all edits.
        built: the git tree of the result, and the patch from the base to it.
        branch: the name of the branch to create.
        message: the message of the commit that moves the pins.
        verdict: the result of the checks after the bump.
        inherited: the findings of `verdict` that the base already has. They do not stop the
            bump.
        accepted: the codes of rules whose errors do not stop the bump.
        before: the evidence about the state that the result is compared with.
        suppressed: tells which findings are suppressed at the base.
        index: the chart index that was used.
        notes: the places that fluxbump has seen and does not change.
        steps: the commits, oldest first. Empty if there is nothing to do.
        migration: the manifests that move before the pins. None if the user did not ask for
            that.
        fixings: the fixes of settings, which are made before the pins move.
        doubts: the reasons why a newer release, or flux-operator's target, could not be looked
            up.
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
        """Whether the bump changes no file."""
        return not self.changes.files

    @property
    def passed(self) -> bool:
        """Whether no finding stops the bump."""
        return not self.refusals

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The errors that stop the bump: new ones whose codes are not accepted."""
        return tuple(finding for finding in self.stopping if finding.code not in self.accepted)

    @property
    def stopping(self) -> tuple[Finding, ...]:
        """The errors that stop the bump unless they are accepted: the base does not have them.

        A disagreement with a place that the user left behind on purpose does not count.
        """
        new = (error for error in self.verdict.errors if error not in self.inherited)
        return tuple(finding for finding in new if not installs.blames(finding, self.plan.left))
