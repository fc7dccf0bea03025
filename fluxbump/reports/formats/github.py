"""A verdict as workflow commands, which GitHub shows as annotations. Pure.

The syntax is that of "Workflow commands for GitHub Actions" in GitHub's documentation; the escapes
are those that the runner takes back (`Runner.Common/ActionCommand.cs` in actions/runner, and
`escapeData` and `escapeProperty` in actions/toolkit).
"""

from __future__ import annotations

from collections.abc import Mapping

from fluxbump.check.rules.rule import Rule
from fluxbump.check.verdict import NewSuppression, Verdict
from fluxbump.model import Finding, Location, Severity
from fluxbump.reports.formats.format import new_suppression, place, summary, title
from fluxbump.reports.table import Paint, printable

NAME = "github"

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(verdict: Verdict, rules: Mapping[str, Rule], paint: Paint) -> str:
    """Say new suppressions, findings, and rules that did not run as annotations; the summary."""
    lines = [_new(suppression) for suppression in verdict.new_suppressions]
    lines += [_finding(finding, rules) for finding in verdict.findings]
    for skipped_rule in verdict.not_run:
        name = f"{title(skipped_rule.code, rules)}: not run"
        lines.append(_command("notice", {"title": name}, printable(skipped_rule.reason)))
    return "\n".join([*lines, f"fluxbump check: {summary(verdict)}"])


def _new(one: NewSuppression) -> str:
    properties = _place(one.location) | {"title": "New suppression"}
    return _command("warning", properties, new_suppression(one))


def _place(location: Location) -> dict[str, str]:
    return {
        "file": printable(location.path),
        "line": str(location.line),
        "col": str(location.column),
    }


def _finding(one: Finding, rules: Mapping[str, Rule]) -> str:
    properties = _place(one.location) | {"title": title(one.code, rules)}
    others = [f"also {place(r.location)}  {printable(r.message)}" for r in one.related]
    message = "\n".join([printable(one.message), *others])
    return _command(_COMMANDS[one.severity], properties, message)


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    said = ",".join(f"{key}={value.translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {said}::{message.translate(_DATA)}"
