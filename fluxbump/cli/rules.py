"""`fluxbump rules` and `fluxbump rule CODE`."""

from __future__ import annotations

from typing import Annotated

import typer

from fluxbump.cli.console import Console
from fluxbump.cli.options import Output, OutputOption
from fluxbump.cli.shell import completion
from fluxbump.errors import UsageError


def rules(*, output: OutputOption = Output.TEXT) -> None:
    """List the rules of `fluxbump check`."""
    from fluxbump.check.rules import RULES
    from fluxbump.model import Step
    from fluxbump.reports.json_encoder import dump
    from fluxbump.reports.table import SEVERITY_STYLES, table

    console = Console()
    if output is Output.JSON:
        facts = [
            {
                "code": rule.code,
                "slug": rule.slug,
                "severity": rule.severity.value,
                "summary": rule.summary,
            }
            for rule in RULES.values()
        ]
        console.result(dump({"schema": "fluxbump/rules/v1", "rules": facts}))
        return
    styles = {severity.value: (style,) for severity, style in SEVERITY_STYLES.items()}
    rows = [(r.code, r.slug, r.severity.value, r.summary) for r in RULES.values()]
    header, paint = ("CODE", "NAME", "SEVERITY", "WHAT MUST HOLD"), console.paint()
    lines = table(header, rows, paint, styles)
    first = rows[0][0]
    steps = [Step(f"fluxbump rule {first}", "the reason for a rule, and how to fix a finding")]
    console.report("\n".join([*lines, ""]), steps)


def rule(
    code: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.rules,
            help="The rule's code or name: FB103, version-agreement.",
        ),
    ],
) -> None:
    """Print a rule's page: the reason, two examples, and the fix."""
    from fluxbump.check.rules import RULES, pages

    found = next((r for r in RULES.values() if code.upper() == r.code or code == r.slug), None)
    if found is None:
        raise UsageError(f"no rule is called {code!r}", hint="see `fluxbump rules`")
    Console().page(pages.page(found.code))
