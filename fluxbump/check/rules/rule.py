"""What all rules share: the seam. What they judge is `check/evidence`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum, IntEnum

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Absent, PartName, Render, needed, optional
from fluxbump.model import Finding, Location, Related, Severity


class NotRun(Struct, frozen=True):
    """A rule that could not be judged, and why. It has not passed.

    Attributes:
        code: of the rule.
        reason: one sentence.
    """

    code: str
    reason: str


class NotApplicable(Struct, frozen=True):
    """A rule that has nothing to judge here, and why. There is nothing to fix.

    Attributes:
        code: of the rule.
        reason: one sentence.
    """

    code: str
    reason: str


Outcome = Finding | NotRun | NotApplicable

Check = Callable[[Evidence], Iterator[Outcome]]
"""Judges evidence; pure."""


def cited(check: Check) -> Check:
    """Let findings say where a release that they name is known from, when not from the tables."""

    def citing(evidence: Evidence) -> Iterator[Outcome]:
        for outcome in check(evidence):
            if isinstance(outcome, Finding) and evidence.manifests:
                named = [r for r in evidence.manifests if _names(outcome.message, r)]
                cites = (f". Source for Flux {r}: {evidence.manifests[r].source}" for r in named)
                more = "".join(cites)
                gist = f"{outcome.gist}{more}" if outcome.gist else ""
                yield replace(outcome, message=f"{outcome.message}{more}", gist=gist)
            else:
                yield outcome

    return citing


def _names(message: str, release: str) -> bool:
    return re.search(rf"Flux {re.escape(release)}(?![\w.+-]*\w)", message) is not None


class Trait(Enum):
    """What a rule's answer decides, beside the exit code of `check`."""

    AGREEMENT = "says whether the pins agree"
    ONE_RELEASE = "says whether the pins are of one release"
    REALIGNED = "its errors go when every pin moves to one release"
    STOPS_RUN = "its errors stop a run before it opens a pull request"
    SAFETY = "says whether a cluster would survive a release"
    ADOPTION = "says whether the chart may be installed over the controllers that run"
    ESSENTIAL = (
        "is what the gate is for: if it fails Flux can be destroyed, and unchecked nothing passes"
    )
    STRICT = "its notes fail a strict check too"
    LISTED = "a bump reports what it finds anyway, so the gate of a bump goes without it"
    SLOW = "parses every manifest, so it comes last"
    MIGRATED = "what it finds is what a migration of manifests moves"


class Danger(IntEnum):
    """What becomes of a cluster if nobody acts on a finding, the worst first."""

    UNINSTALLS = 1
    """helm-controller removes the running controllers, or what they manage goes with them."""
    KEEPS_OLD = 2
    """The chart cannot take over what runs, or the old controllers run beside the new CRDs."""
    MIXES = 3
    """CRDs and controllers of two releases meet: an install or an upgrade breaks half done."""
    STOPS = 4
    """The API server, or Helm, refuses: nothing is reconciled until somebody acts."""
    DISAGREES = 5
    """Places that should say the same do not; the next install or bump goes wrong."""
    TELLS = 6
    """Nothing breaks today."""


class Rule(Struct, frozen=True):
    """One rule.

    Attributes:
        code: stable, `FB103`.
        slug: stable, for people: `version-agreement`.
        severity: of its findings, unless a finding says otherwise.
        summary: what must hold, one sentence.
        check: yields what is wrong, and what could not be judged; pure.
        needs: the parts of the evidence without which nothing is judged, the most telling first.
        inapplicable: says why there is nothing to judge, None where there is; asked before what it
            needs. None where `check` says that itself.
        obstacle: says why nothing can be judged though what it needs is there; None where it can.
        traits: what its answer decides.
        advice: what to do when nothing else is wrong; empty where that is not known.
        danger: what its findings lead to; reports say the worst first.
        broken: what its errors mean, in some sixty characters, for a bump that they refuse; empty
            if it has no errors.
    """

    code: str
    slug: str
    severity: Severity
    summary: str
    check: Check
    needs: tuple[PartName, ...] = ()
    inapplicable: Callable[[Evidence], str | None] | None = None
    obstacle: Callable[[Evidence], str | None] | None = None
    traits: frozenset[Trait] = frozenset()
    advice: str = ""
    danger: Danger = Danger.DISAGREES
    broken: str = ""

    def judge(self, evidence: Evidence) -> Iterator[Outcome]:
        """Judge evidence, if there is something to judge, and what it takes is there."""
        reason = self.inapplicable(evidence) if self.inapplicable else None
        if reason is not None:
            yield NotApplicable(self.code, reason)
            return
        for name in self.needs:
            part = getattr(evidence, name)
            if isinstance(part, Absent):
                yield NotRun(self.code, part.reason)
                return
        reason = self.obstacle(evidence) if self.obstacle else None
        if reason is not None:
            yield NotRun(self.code, reason)
            return
        yield from self.check(evidence)


__all__ = [
    "Check",
    "Danger",
    "Evidence",
    "Finding",
    "Location",
    "NotApplicable",
    "NotRun",
    "Outcome",
    "Related",
    "Render",
    "Rule",
    "Severity",
    "Trait",
    "cited",
    "needed",
    "optional",
]
