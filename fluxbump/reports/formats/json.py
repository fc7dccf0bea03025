"""A verdict as a JSON document, for programs. Pure.

The types below are its schema. The schema has a version, and within a version keys are only added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from typing_extensions import TypedDict

from fluxbump.check.finding_groups import shared
from fluxbump.check.rules.rule import NotRun, Rule
from fluxbump.check.verdict import NewSuppression, Suppression, Verdict
from fluxbump.model import Finding, Severity, Step
from fluxbump.reports.formats.format import of_severity, slug
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.next_steps_json import NextJson, next_json
from fluxbump.reports.release_json import IndexJson, index_json
from fluxbump.reports.result_json.parts import FindingJson, PlaceJson, findings
from fluxbump.reports.table import Paint

NAME = "json"


class CheckedJson(FindingJson):
    """What a rule says.

    `slug` is empty for a code that is no rule's. `group` is the message without its subject:
    findings that agree in code, severity and `group` are one group. `fix` is the option of fluxbump
    that fixes it, empty if there is none. `new` is null if no revision was named to compare with.
    """

    slug: str
    group: str
    fix: str
    new: bool | None


class SuppressedJson(CheckedJson):
    """A finding that is accepted: why, and by the statement at which place."""

    reason: str
    by: PlaceJson


class NewSuppressionJson(PlaceJson):
    """What the change newly accepts or excludes.

    `code` is null if files are excluded; `applied` says whether it counts in this verdict.
    """

    code: str | None
    statement: str
    reason: str
    applied: bool


class CheckNotRunJson(TypedDict):
    """A rule that could not be judged, and why. It has not passed."""

    code: str
    slug: str
    reason: str


class StaleJson(TypedDict):
    """An entry of the baseline file that matches nothing any more."""

    code: str
    path: str
    about: str


class BaselineJson(TypedDict):
    """What a baseline file accepts."""

    path: str
    accepted: list[CheckedJson]
    stale: list[StaleJson]


class CountsJson(TypedDict):
    """How many there are; `not_run` counts rules."""

    errors: int
    warnings: int
    notes: int
    suppressed: int
    not_run: int


class CheckJson(TypedDict):
    """What `fluxbump check --output json` prints.

    `baseline` is null without such a file, `index` if no chart index or table was read.
    """

    schema: Literal["fluxbump/check/v1"]
    subject: str
    codes: list[str]
    new_suppressions: list[NewSuppressionJson]
    findings: list[CheckedJson]
    suppressed: list[SuppressedJson]
    not_run: list[CheckNotRunJson]
    baseline: BaselineJson | None
    index: IndexJson | None
    summary: CountsJson
    next: list[NextJson]


def render(
    verdict: Verdict, rules: Mapping[str, Rule], paint: Paint, steps: Sequence[Step] = ()
) -> str:
    """Return the whole verdict as a JSON document; `paint` is not used."""
    found = verdict.findings
    report: CheckJson = {
        "schema": "fluxbump/check/v1",
        "subject": verdict.subject,
        "codes": list(verdict.codes),
        "new_suppressions": [
            _said_new(new_suppression) for new_suppression in verdict.new_suppressions
        ],
        "findings": [_finding(finding, rules, new=_new(finding, verdict)) for finding in found],
        "suppressed": [_suppressed(finding, by, rules) for finding, by in verdict.suppressed],
        "not_run": [_not_run(skipped_rule, rules) for skipped_rule in verdict.not_run],
        "baseline": _baseline(verdict, rules),
        "index": index_json(verdict.index) if verdict.index else None,
        "summary": _summary(verdict),
        "next": next_json(steps),
    }
    return dump(report)


def _new(finding: Finding, verdict: Verdict) -> bool | None:
    return None if verdict.inherited is None else finding not in verdict.inherited


def _finding(
    finding: Finding, rules: Mapping[str, Rule], *, new: bool | None = None
) -> CheckedJson:
    (said,) = findings([finding])
    return {
        **said,
        "slug": slug(finding.code, rules),
        "group": shared(finding),
        "fix": finding.fix,
        "new": new,
    }


def _baseline(verdict: Verdict, rules: Mapping[str, Rule]) -> BaselineJson | None:
    accepted = verdict.accepted
    if accepted is None:
        return None
    return {
        "path": accepted.file,
        "accepted": [_finding(finding, rules) for finding in accepted.findings],
        "stale": [
            {"code": entry.code, "path": entry.path, "about": entry.about}
            for entry in accepted.stale
        ],
    }


def _said_new(new_suppression: NewSuppression) -> NewSuppressionJson:
    where = new_suppression.location
    return {
        "path": where.path,
        "line": where.line,
        "column": where.column,
        "code": new_suppression.code,
        "statement": new_suppression.statement,
        "reason": new_suppression.reason,
        "applied": new_suppression.applied,
    }


def _suppressed(finding: Finding, by: Suppression, rules: Mapping[str, Rule]) -> SuppressedJson:
    where = by.location
    return {
        **_finding(finding, rules),
        "reason": by.reason,
        "by": {"path": where.path, "line": where.line, "column": where.column},
    }


def _not_run(not_run: NotRun, rules: Mapping[str, Rule]) -> CheckNotRunJson:
    return {"code": not_run.code, "slug": slug(not_run.code, rules), "reason": not_run.reason}


def _summary(verdict: Verdict) -> CountsJson:
    return {
        "errors": len(verdict.errors),
        "warnings": len(of_severity(verdict, Severity.WARNING)),
        "notes": len(of_severity(verdict, Severity.NOTE)),
        "suppressed": len(verdict.suppressed),
        "not_run": len({skipped_rule.code for skipped_rule in verdict.not_run}),
    }
