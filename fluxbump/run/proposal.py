"""Turns a bump into a pull request, and into the values to compare with an open one. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.config.settings import Policy
from fluxbump.forges.forge import Capabilities, Proposal
from fluxbump.model import Severity
from fluxbump.run.actions import KnownRequest, WantedRequest
from fluxbump.run.decision import Update
from fluxbump.run.pull_request import body
from fluxbump.run.pull_request.body_parts import BodyInputs, Link
from fluxbump.run.pull_request.state import AUTO_MERGE, NO_CHART, SavedState


class Offer(Struct, frozen=True, dict=True):
    """A bump for which the run wants an open pull request.

    Attributes:
        update: the decision that leads to the bump.
        inputs: the content of title and body, without release notes and links.
        policy: the team's settings for pull requests.
        can: the capabilities of the forge.
    """

    update: Update
    inputs: BodyInputs
    policy: Policy
    can: Capabilities

    @property
    def branch(self) -> str:
        """The name of the pull request's branch."""
        return self.inputs.prepared.branch

    @property
    def base(self) -> str:
        """The id of the base branch's commit that the bump was computed on."""
        return self.inputs.prepared.base.commit.sha

    @property
    def tree(self) -> str:
        """The id of the git tree that the branch should hold."""
        return self.inputs.prepared.built.tree

    @property
    def crossed(self) -> tuple[str, ...]:
        """The releases whose notes the body shows, newest first."""
        prepared = self.inputs.prepared
        held = self.update.current
        return body.crossed(held, self.update.release, prepared.index, prepared.before.crds)

    @property
    def warned(self) -> bool:
        """Whether the checks have a warning that the base does not have."""
        prepared = self.inputs.prepared
        new = (
            finding for finding in prepared.verdict.findings if finding not in prepared.inherited
        )
        return any(finding.severity is Severity.WARNING for finding in new)

    @cached_property
    def wanted(self) -> WantedRequest:
        """The wanted pull request, as values to compare with the open ones. Computed once."""
        return WantedRequest(
            release=self.update.release,
            branch=self.branch,
            base_branch=self.inputs.base_branch,
            base=self.base,
            tree=self.tree,
            patch=hashlib.sha256(self.inputs.prepared.built.patch).hexdigest(),
            # Without release notes, which come and go with the network.
            digest=body.digest(self.inputs, self.can),
        )

    def proposal(
        self,
        head: str,
        notes: Mapping[str, str] | None,
        link: Link,
        over: KnownRequest | None = None,
    ) -> Proposal:
        """Return the pull request as it should be on the forge.

        Args:
            head: the id of the commit that the branch holds.
            notes: the notes of the releases that have some. None leaves the section out.
            link: gives the URL of a line at the base.
            over: the open pull request to update. None for a new one.
        """
        missing = (
            ()
            if notes is None
            else tuple(release for release in self.crossed if release not in notes)
        )
        inputs = replace(self.inputs, notes=notes, without_notes=missing, link=link)
        # A pull request that a person marked as ready does not become a draft again.
        draft = over.request.draft if over else self.policy.draft_on_warnings and self.warned
        draft = draft and self.can.drafts
        merges = self.policy.auto_merge and not draft  # no forge merges a draft
        told = (AUTO_MERGE,) if merges else ()
        own = self._state(head, over.state.told if over and over.state else told)
        return Proposal(
            branch=self.branch,
            base=self.inputs.base_branch,
            title=body.title(inputs),
            body=body.body(inputs, own, self.can),
            draft=draft,
            labels=self.policy.labels,
            assignees=self.policy.assignees,
            reviewers=self.policy.reviewers,
            auto_merge=merges,
        )

    def _state(self, head: str, told: tuple[str, ...]) -> SavedState:
        return SavedState(
            release=self.update.release,
            chart_version=str(self.update.chart.version or NO_CHART),
            base=self.base,
            head=head,
            tree=self.tree,
            patch=self.wanted.patch,
            digest=self.wanted.digest,
            told=told,
        )
