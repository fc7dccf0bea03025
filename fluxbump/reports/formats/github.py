"""A verdict as workflow commands, which GitHub shows as annotations. Pure.

The syntax is that of "Workflow commands for GitHub Actions" in GitHub's documentation; the escapes
are those that the runner decodes (`Runner.Common/ActionCommand.cs` in actions/runner, and
`escapeData` and `escapeProperty` in actions/toolkit). GitHub shows ten annotations of a severity
for a step, so each annotation is a whole group of findings, and the worst groups come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fluxbump.check.finding_groups import FindingGroup, grouped
from fluxbump.check.rules.rule import NotRun, Rule
from fluxbump.check.verdict import NewSuppression, Verdict
from fluxbump.model import Location, Severity, Step
from fluxbump.reports.formats.format import count, new_suppression, place, summary, title
from fluxbump.reports.table import Paint, printable

NAME = "github"

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})
_PLACES = 20  # of one annotation; its first place is where GitHub shows it


def render(
    verdict: Verdict, rules: Mapping[str, Rule], paint: Paint, steps: Sequence[Step] = ()
) -> str:
    """Return an annotation for each group of findings, then the rules not run and the summary."""
    lines = [_new(suppression) for suppression in verdict.new_suppressions]
    lines += [_group(group, rules) for group in grouped(verdict.listed)]
    lines += [*_before(verdict), *_not_run(verdict.not_run, rules)]
    return "\n".join([*lines, f"fluxbump check: {summary(verdict)}"])


def _new(suppression: NewSuppression) -> str:
    properties = _place(suppression.location) | {"title": "New suppression"}
    return _command("warning", properties, new_suppression(suppression))


def _place(location: Location) -> dict[str, str]:
    return {
        "file": printable(location.path),
        "line": str(location.line),
        "col": str(location.column),
    }


def _group(group: FindingGroup, rules: Mapping[str, Rule]) -> str:
    first, *others = group.findings
    number = f" ({len(group.findings)} places)" if others else ""
    properties = _place(first.location) | {"title": f"{title(group.code, rules)}{number}"}
    lines = [
        *(f"also {place(r.location)}  {printable(r.message)}" for r in first.related if not others),
        *(f"also {place(finding.location)}" for finding in others[:_PLACES]),
    ]
    if len(others) > _PLACES:
        lines.append(f"and {len(others) - _PLACES} more places")
    message = "\n".join([printable(group.message), *lines])
    return _command(_COMMANDS[group.severity], properties, message)


def _before(verdict: Verdict) -> Iterator[str]:
    """Yield a notice with the number of warnings and notes that the base has too.

    Errors of the base are not among them: they fail the check, so they are listed.
    """
    if verdict.counted:
        said = f"{count(verdict.counted)} that the base has too: fluxbump check --all lists them"
        yield _command("notice", {"title": "fluxbump check: existing findings"}, said)


def _not_run(skipped: Sequence[NotRun], rules: Mapping[str, Rule]) -> Iterator[str]:
    """Yield a notice that names the rules that did not run, with the reasons."""
    if skipped:
        lines = [
            f"{title(not_run.code, rules)}: {printable(not_run.reason)}" for not_run in skipped
        ]
        yield _command("notice", {"title": "fluxbump check: rules not run"}, "\n".join(lines))


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    said = ",".join(f"{key}={value.translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {said}::{message.translate(_DATA)}"
