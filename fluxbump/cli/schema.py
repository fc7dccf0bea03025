"""`fluxbump schema NAME`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from fluxbump.cli.console import Console


class Name(StrEnum):
    """The names of the schemas: files of the user, and reports of commands."""

    CONFIG = "config"
    TO = "to"
    STATUS = "status"
    RELEASES = "releases"
    CHECK = "check"
    PATH = "path"
    MATRIX = "matrix"
    RUN = "run"
    RECOVER = "recover"
    FLEET = "fleet"
    FLEET_CONFIG = "fleet-config"


def schema(
    name: Annotated[
        Name, typer.Argument(help="fluxbump.yaml (config), FLEET.yaml, or the JSON of a command.")
    ],
) -> None:
    """Print the JSON Schema of fluxbump.yaml or of a JSON report."""
    from fluxbump.reports import json_schemas

    Console().result(json_schemas.text(name.value))
