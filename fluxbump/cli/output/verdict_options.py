"""The options for the output of a verdict, and for the baseline of accepted findings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from fluxbump.cli.shell.option_groups import Flat, OptionGroup
from fluxbump.reports.verbosity import Detail


class ReportOptions(Struct, frozen=True):
    """The options for the output of a verdict.

    Attributes:
        output: the formats, each with or without a file: `FORMAT` or `FORMAT=FILE`.
        format_: the same under the old name of the option.
        output_file: the file for the format without a file of its own.
        output_format: the amount of detail of each finding in the text.
        everything: whether all findings are listed, existing ones too.
        statistics: whether the findings of each rule are counted.
        show_suppressed: whether suppressed findings are listed.
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
    """The options for the file of findings that a team accepts because they are old.

    Attributes:
        baseline: the file to read.
        write_baseline: the file to write with the current findings.
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
