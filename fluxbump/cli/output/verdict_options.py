"""Options that say how a verdict is printed, and which findings it accepts as known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from fluxbump.cli.shell.option_groups import Flat, OptionGroup
from fluxbump.reports.verbosity import Detail


class ReportOptions(Struct, frozen=True):
    """How to print a verdict.

    Attributes:
        output: formats, each with the file it goes to, or without.
        format_: the same, as it was called before.
        output_file: where the format without a file of its own goes.
        output_format: how much of each finding the text has.
        everything: whether nothing is left out.
        statistics: whether to count the findings of each rule.
        show_suppressed: whether to list what is suppressed.
    """

    output: list[str] | None = None
    format_: list[str] | None = None
    output_file: Path | None = None
    output_format: Detail = Detail.GROUPED
    everything: bool = False
    statistics: bool = False
    show_suppressed: bool = False


REPORT = OptionGroup(
    ReportOptions,
    output=Flat(
        Annotated[
            list[str] | None,
            typer.Option(
                "--output",
                "-o",
                metavar="FORMAT[=FILE]",
                help="The format of the verdict: text, json, sarif, junit, github, markdown or "
                "html. May be given several times. [default: text]",
            ),
        ]
    ),
    format_=Flat(Annotated[list[str] | None, typer.Option("--format", "-f", hidden=True)]),
    output_file=Flat(
        Annotated[
            Path | None,
            typer.Option("--output-file", metavar="FILE", help="Write the report to a file."),
        ]
    ),
    output_format=Flat(
        Annotated[
            Detail, typer.Option("--output-format", help="How much of each finding the text has.")
        ],
        default=Detail.GROUPED,
    ),
    everything=Flat(
        Annotated[bool, typer.Option("--all", help="List every finding, existing ones too.")],
        default=False,
    ),
    statistics=Flat(
        Annotated[
            bool, typer.Option("--statistics", help="Count the findings of each rule as well.")
        ],
        default=False,
    ),
    show_suppressed=Flat(
        Annotated[
            bool, typer.Option("--show-suppressed", help="List what is suppressed, and why.")
        ],
        default=False,
    ),
)


class BaselineOptions(Struct, frozen=True):
    """The findings that a team accepts because they were there when it began.

    Attributes:
        baseline: a file that holds them.
        write_baseline: where to write that file, with what is found now.
    """

    baseline: Path | None = None
    write_baseline: Path | None = None


BASELINE = OptionGroup(
    BaselineOptions,
    baseline=Flat(
        Annotated[
            Path | None,
            typer.Option(
                "--baseline", metavar="FILE", help="Accept the findings that this file holds."
            ),
        ]
    ),
    write_baseline=Flat(
        Annotated[
            Path | None,
            typer.Option(
                "--write-baseline", metavar="FILE", help="Write the current findings to this file."
            ),
        ]
    ),
)
