"""The type of a rule and of its outcomes, which all rules share. They check `check/evidence`."""

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
    """The outcome that a rule could not check something. The rule has not passed.

    Attributes:
        code: the code of the rule.
        reason: what is missing for the check, in one sentence.
    """

    code: str
    reason: str


class NotApplicable(Struct, frozen=True):
    """The outcome that a repository has nothing for a rule to check. There is nothing to fix.

    Attributes:
        code: the code of the rule.
        reason: what the repository does not have, in one sentence.
    """

    code: str
    reason: str


Outcome = Finding | NotRun | NotApplicable

Check = Callable[[Evidence], Iterator[Outcome]]
"""The function of a rule: it yields what it finds in the evidence. It is pure."""


def cited(check: Check) -> Check:
    """Wrap a check so that its findings cite the source of each Flux release that they name.

    A release that the tables know needs no citation.
    """

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
    """What the outcome of a rule decides, beside the exit code of `check`."""

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
    """What happens to a cluster if nobody acts on a finding.

    The lowest number is the worst. Reports list the findings with the worst danger first.
    """

    UNINSTALLS = 1
    """helm-controller uninstalls the running controllers, perhaps with what they manage."""
    KEEPS_OLD = 2
    """Helm cannot adopt the running controllers, or old controllers run with the new CRDs."""
    MIXES = 3
    """CRDs and controllers of two releases meet, so an install or upgrade fails halfway."""
    STOPS = 4
    """The API server or Helm refuses an object, so nothing is reconciled until that is fixed."""
    DISAGREES = 5
    """Places that must hold one version do not, so the next install or bump goes wrong."""
    TELLS = 6
    """Nothing in the cluster breaks; the finding is for information."""


class Rule(Struct, frozen=True):
    """A rule: a check of the evidence, with its name and with what its outcome decides.

    Attributes:
        code: the code, such as `FB103`. It never changes.
        slug: the name for people, such as `version-agreement`. It never changes.
        severity: the usual severity of its findings; a finding can have another one.
        summary: one sentence that says what must hold.
        check: the pure function that yields the findings, and what could not be checked.
        needs: the names of the parts of the evidence that `check` cannot do without. If one is
            absent, the rule is not run, and the first that is absent is the reason.
        inapplicable: a function that returns why there is nothing to check, or None if there is
            something. It runs first, before `needs` is looked at. The field is None if `check`
            itself yields `NotApplicable`.
        obstacle: a function that returns why nothing can be checked although all of `needs` is
            there, or None if it can. The field is None if there is no such reason.
        traits: what its outcome decides, beside the exit code of `check`.
        advice: what to do if the scheduled job is blocked by this rule alone; empty for the usual
            advice, which is a bump.
        danger: what happens to a cluster if nobody acts on its findings.
        broken: what its errors mean, in about 60 characters, for the report of a bump that they
            refuse. Empty if its findings never stop a bump.
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
        """Run the rule on the evidence.

        Yields NotApplicable if there is nothing to check, and NotRun if a needed part is absent.
        """
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
