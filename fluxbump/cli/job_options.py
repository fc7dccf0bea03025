"""The options of commands that run as jobs: `run`, `fleet`, and `status --exit-code`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fluxbump.errors import UPDATE_AVAILABLE, UPDATE_BLOCKED


class FleetFormat(StrEnum):
    """The format of a fleet's result."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


class LogFormat(StrEnum):
    """The format of events on standard error."""

    TEXT = "text"
    JSON = "json"


MetricsOption = Annotated[
    Path | None,
    typer.Option(
        "--metrics",
        metavar="FILE",
        help="Write metrics of the run to this file, or send them with OpenTelemetry (otel:).",
    ),
]
ForgeOption = Annotated[
    str | None,
    typer.Option(
        "--forge",
        metavar="KIND",
        help="The kind of forge: github, gitlab, … [default: as the host says]",
    ),
]
ForgeUrlOption = Annotated[
    str | None,
    typer.Option(
        "--forge-url", metavar="URL", help="The URL of the forge. [default: the remote's host]"
    ),
]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="HOST",
        help="A server that fluxbump.yaml may name. Others are refused then.",
    ),
]
LogFormatOption = Annotated[
    LogFormat, typer.Option("--log-format", help="The format of events on standard error.")
]
ExitCodeOption = Annotated[
    bool,
    typer.Option(
        "--exit-code", help="Exit with 20 when there is an update, 21 when it is blocked."
    ),
]

_OUTCOMES = {"update-available": UPDATE_AVAILABLE, "blocked": UPDATE_BLOCKED}


def exit_code_for(outcome: str) -> int:
    """Return the exit code that `--exit-code` gives to an outcome of `decision.Outcome`."""
    return _OUTCOMES.get(outcome, 0)
