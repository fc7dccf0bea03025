"""A verdict as JUnit XML, for CI systems that show tests. Pure.

JUnit XML has no standard. This form is valid by the `junit-10.xsd` of Jenkins' xUnit plugin, and
GitLab and other CI systems read it too: `testsuites`, one `testsuite`, and one `testcase` per rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree as ET

from fluxbump.check.rules.rule import Rule
from fluxbump.check.verdict import Verdict
from fluxbump.model import Finding, Severity, Step
from fluxbump.reports.formats.format import codes, of_severity, place, title
from fluxbump.reports.table import Paint, printable

NAME = "junit"

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def render(
    verdict: Verdict, rules: Mapping[str, Rule], paint: Paint, steps: Sequence[Step] = ()
) -> str:
    """Return one test per rule: errors make it fail, and it is skipped if the rule did not run."""
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", name=f"fluxbump check: {printable(verdict.subject)}")
    for code in codes(verdict):
        _case(suite, code, verdict, rules)
    suite.attrib |= {
        "tests": str(len(suite)),
        "failures": str(len(suite.findall("testcase/failure"))),
        "errors": "0",
        "skipped": str(len(suite.findall("testcase/skipped"))),
    }
    ET.indent(root)
    return f"{_DECLARATION}\n{ET.tostring(root, encoding='unicode')}"


def _case(suite: ET.Element, code: str, verdict: Verdict, rules: Mapping[str, Rule]) -> None:
    case = ET.SubElement(suite, "testcase", classname="fluxbump", name=title(code, rules))
    errors = [finding for finding in verdict.errors if finding.code == code]
    reasons = [
        printable(skipped_rule.reason)
        for skipped_rule in verdict.not_run
        if skipped_rule.code == code
    ]
    if errors:
        message = printable(errors[0].message) if len(errors) == 1 else f"{len(errors)} errors"
        failure = ET.SubElement(case, "failure", message=message, type="error")
        failure.text = _lines(errors)
    elif reasons:
        # A test has one outcome, so the output of a failed test names what did not run.
        ET.SubElement(case, "skipped", message="; ".join(reasons))
        reasons = []
    output = [*_output(code, verdict), *(f"not run: {reason}" for reason in reasons)]
    if output:
        ET.SubElement(case, "system-out").text = "\n".join(output)


def _output(code: str, verdict: Verdict) -> list[str]:
    """Return lines about what fails no test: warnings, notes, accepted and suppressed findings."""
    lines = [
        _lines([finding], f"{severity.value}: ")
        for severity in (Severity.WARNING, Severity.NOTE)
        for finding in of_severity(verdict, severity)
        if finding.code == code
    ]
    accepted = verdict.accepted.findings if verdict.accepted else ()
    lines += [
        _lines([finding], "accepted before: ") for finding in accepted if finding.code == code
    ]
    for finding, by in verdict.suppressed:
        if finding.code == code:
            reason = f": {printable(by.reason)}" if by.reason else ""
            lines += [_lines([finding], "suppressed: "), f"  by {place(by.location)}{reason}"]
    return lines


def _lines(found: Iterable[Finding], prefix: str = "") -> str:
    lines = []
    for finding in found:
        lines.append(f"{prefix}{place(finding.location)}  {printable(finding.message)}")
        lines += [f"  also {place(r.location)}  {printable(r.message)}" for r in finding.related]
    return "\n".join(lines)
