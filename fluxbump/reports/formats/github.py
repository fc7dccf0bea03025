"""A verdict as workflow commands, which GitHub shows as annotations. Pure.

The syntax is that of "Workflow commands for GitHub Actions" in GitHub's documentation; the escapes
are those that the runner takes back (`Runner.Common/ActionCommand.cs` in actions/runner, and
`escapeData` and `escapeProperty` in actions/toolkit).
"""

from __future__ import annotations

from collections.abc import Mapping

from fluxbump.check.rules.rule import Rule
from fluxbump.check.verdict import Verdict
from fluxbump.model import Finding, Severity
from fluxbump.reports.formats.format import place, summary, title
from fluxbump.reports.table import Paint, printable

NAME = "github"

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(verdict: Verdict, rules: Mapping[str, Rule], paint: Paint) -> str:
    """Say each finding and each rule that did not run as an annotation, then the summary."""
    lines = [_finding(one, rules) for one in verdict.findings]
    for one in verdict.not_run:
        name = f"{title(one.code, rules)}: not run"
        lines.append(_command("notice", {"title": name}, printable(one.reason)))
    return "\n".join([*lines, f"fluxbump check: {summary(verdict)}"])


def _finding(one: Finding, rules: Mapping[str, Rule]) -> str:
    properties = {
        "file": printable(one.location.path),
        "line": str(one.location.line),
        "col": str(one.location.column),
        "title": title(one.code, rules),
    }
    others = [f"also {place(r.location)}  {printable(r.message)}" for r in one.related]
    message = "\n".join([printable(one.message), *others])
    return _command(_COMMANDS[one.severity], properties, message)


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    said = ",".join(f"{key}={value.translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {said}::{message.translate(_DATA)}"
