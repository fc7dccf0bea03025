"""A verdict for programs: one JSON document, versioned; the types below are its schema. Pure.

Within a version, keys are only added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from typing_extensions import TypedDict

from fluxbump.check.rules.rule import NotRun, Rule
from fluxbump.check.verdict import NewSuppression, Suppression, Verdict
from fluxbump.model import Finding, Severity
from fluxbump.reports.formats.format import of_severity, slug
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.result_json import FindingJson, PlaceJson, findings
from fluxbump.reports.table import Paint

NAME = "json"


class CheckedJson(FindingJson):
    """What a rule says; `slug` is empty for a code that is no rule's."""

    slug: str


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


class CountsJson(TypedDict):
    """How many there are; `not_run` counts rules."""

    errors: int
    warnings: int
    notes: int
    suppressed: int
    not_run: int


class CheckJson(TypedDict):
    """What `fluxbump check --format json` prints."""

    schema: Literal["fluxbump/check/v1"]
    subject: str
    codes: list[str]
    new_suppressions: list[NewSuppressionJson]
    findings: list[CheckedJson]
    suppressed: list[SuppressedJson]
    not_run: list[CheckNotRunJson]
    summary: CountsJson


def render(verdict: Verdict, rules: Mapping[str, Rule], paint: Paint) -> str:
    """Say everything that the verdict holds."""
    report: CheckJson = {
        "schema": "fluxbump/check/v1",
        "subject": verdict.subject,
        "codes": list(verdict.codes),
        "new_suppressions": [_new(one) for one in verdict.new_suppressions],
        "findings": [_finding(finding, rules) for finding in verdict.findings],
        "suppressed": [_suppressed(finding, by, rules) for finding, by in verdict.suppressed],
        "not_run": [_not_run(skipped_rule, rules) for skipped_rule in verdict.not_run],
        "summary": _summary(verdict),
    }
    return dump(report)


def _finding(one: Finding, rules: Mapping[str, Rule]) -> CheckedJson:
    (said,) = findings([one])
    return {**said, "slug": slug(one.code, rules)}


def _new(one: NewSuppression) -> NewSuppressionJson:
    where = one.location
    return {
        "path": where.path,
        "line": where.line,
        "column": where.column,
        "code": one.code,
        "statement": one.statement,
        "reason": one.reason,
        "applied": one.applied,
    }


def _suppressed(one: Finding, by: Suppression, rules: Mapping[str, Rule]) -> SuppressedJson:
    where = by.location
    return {
        **_finding(one, rules),
        "reason": by.reason,
        "by": {"path": where.path, "line": where.line, "column": where.column},
    }


def _not_run(one: NotRun, rules: Mapping[str, Rule]) -> CheckNotRunJson:
    return {"code": one.code, "slug": slug(one.code, rules), "reason": one.reason}


def _summary(verdict: Verdict) -> CountsJson:
    return {
        "errors": len(verdict.errors),
        "warnings": len(of_severity(verdict, Severity.WARNING)),
        "notes": len(of_severity(verdict, Severity.NOTE)),
        "suppressed": len(verdict.suppressed),
        "not_run": len({skipped_rule.code for skipped_rule in verdict.not_run}),
    }
