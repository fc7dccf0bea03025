"""A verdict as SARIF 2.1.0, for code scanning and editors. Pure.

The numbers with § are sections of the standard: "Static Analysis Results Interchange Format
(SARIF) Version 2.1.0 Plus Errata 01", OASIS, 28 August 2023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from fluxbump.check.fingerprints import fingerprints
from fluxbump.check.rules.rule import NotRun, Rule
from fluxbump.check.verdict import Suppression, Verdict
from fluxbump.model import Finding, Location, Step
from fluxbump.reports.formats.format import codes
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.table import Paint, printable
from fluxbump.version import __version__

NAME = "sarif"

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
"""The URL of the JSON schema of SARIF, as the standard gives it (§3.13.3)."""

_Json = dict[str, object]

_IN_BASELINE: _Json = {
    "kind": "external",
    "status": "accepted",
    "justification": "in the baseline file",
}
"""The suppression of each finding that the baseline file accepts (§3.35)."""


def render(
    verdict: Verdict, rules: Mapping[str, Rule], paint: Paint, steps: Sequence[Step] = ()
) -> str:
    """Return a SARIF log with one run (§3.14); `paint` and `steps` are not used."""
    order = {code: index for index, code in enumerate(codes(verdict))}
    driver = {
        "name": "fluxbump",
        "version": __version__,
        "rules": [_rule(code, rules.get(code)) for code in order],
    }
    invocation = {
        "executionSuccessful": True,  # findings are no failure of the tool (§3.20)
        "toolExecutionNotifications": [
            _not_run(skipped_rule, order) for skipped_rule in verdict.not_run
        ],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",  # §3.14.27: columns count characters
        "results": _results(verdict, order),
    }
    return dump({"version": "2.1.0", "$schema": SCHEMA, "runs": [run]})


def _rule(code: str, rule: Rule | None) -> _Json:
    """Return the description of a rule (§3.49); without a rule it has only the id."""
    if rule is None:
        return {"id": code}
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in rule.slug.split("-")),
        "shortDescription": _message(rule.summary),
        "fullDescription": _message(rule.summary),
        "help": _message(f"`fluxbump rule {code}` prints the reason, examples and the fix."),
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _not_run(not_run: NotRun, order: Mapping[str, int]) -> _Json:
    """Return a notification (§3.58) that a rule did not run."""
    return {
        "level": "warning",
        "message": _message(not_run.reason),
        "associatedRule": {"id": not_run.code, "index": order[not_run.code]},
    }


def _results(verdict: Verdict, order: Mapping[str, int]) -> list[_Json]:
    """Return all findings, with the suppressed ones, sorted by rule and place.

    The order does not depend on suppressions, so a new one does not change fingerprints.
    """
    accepted = verdict.accepted
    every: list[tuple[Finding, list[_Json]]] = [
        *((finding, []) for finding in verdict.findings),
        *((finding, [_suppression(by)]) for finding, by in verdict.suppressed),
        *((finding, [_IN_BASELINE]) for finding in (accepted.findings if accepted else ())),
    ]
    every.sort(key=lambda pair: (order[pair[0].code], pair[0].location))
    prints = fingerprints(finding for finding, _ in every)
    return [
        {
            "ruleId": finding.code,
            "ruleIndex": order[finding.code],
            "level": finding.severity.value,
            "message": _message(finding.message),
            "locations": [{"physicalLocation": _physical(finding.location)}],
            "relatedLocations": _related(finding),
            "partialFingerprints": {"fluxbump/v1": fingerprint},
            # §3.27.23: all results have it, or none has; empty means not suppressed.
            "suppressions": by,
            **_state(finding, verdict),
        }
        for (finding, by), fingerprint in zip(every, prints, strict=True)
    ]


def _state(finding: Finding, verdict: Verdict) -> _Json:
    """Return whether the base has the finding too (§3.27.24): all results say it, or none does."""
    if verdict.inherited is None:
        return {}
    return {"baselineState": "unchanged" if finding in verdict.inherited else "new"}


def _related(finding: Finding) -> list[_Json]:
    """Return the related places of a finding, each with its own id (§3.27.22, §3.28.2)."""
    return [
        {
            "id": number,
            "physicalLocation": _physical(related_place.location),
            "message": _message(related_place.message),
        }
        for number, related_place in enumerate(finding.related, 1)
    ]


def _physical(location: Location) -> _Json:
    """Return a place (§3.29), with a path relative to the root of the sources (§3.4.4)."""
    return {
        "artifactLocation": {"uri": _uri(location.path), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": location.line, "startColumn": location.column},
    }


def _uri(path: str) -> str:
    """Percent-encode the bytes of a path, which may not be UTF-8 (§3.4.3, RFC 3986 §2.1)."""
    try:
        return quote(path.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "replace"))


def _suppression(suppression: Suppression) -> _Json:
    """Return what accepts a finding (§3.35): a comment in the source, or the configuration."""
    said: _Json = {
        "kind": "external" if suppression.line is None else "inSource",
        "status": "accepted",
        "location": {"physicalLocation": _physical(suppression.location)},
    }
    return {**said, "justification": printable(suppression.reason)} if suppression.reason else said


def _message(text: str) -> _Json:
    """Return a plain text message that a viewer shows unchanged.

    Braces are doubled, because single ones mark placeholders (§3.11.5). A space separates `](`,
    because that would be an embedded link (§3.11.6), and no escape exists outside a link's text.
    """
    plain = printable(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")
    return {"text": plain}
