"""The JSON Schemas of what people write, and of the reports, from the types themselves. Pure."""

from __future__ import annotations

import json
from typing import Any

from fluxbump.config import validation
from fluxbump.config.file import Config
from fluxbump.fleet.file import FleetConfig
from fluxbump.reports.fleet import FleetJson
from fluxbump.reports.formats.json import CheckJson
from fluxbump.reports.matrix import MatrixJson
from fluxbump.reports.recover import RecoverJson
from fluxbump.reports.result_json.bump import ToJson
from fluxbump.reports.result_json.run import RunJson
from fluxbump.reports.result_json.status import ReleasesJson, StatusJson
from fluxbump.reports.upgrade_path import PathJson

_REPORTS: dict[str, Any] = {
    "to": ToJson,
    "status": StatusJson,
    "releases": ReleasesJson,
    "check": CheckJson,
    "path": PathJson,
    "matrix": MatrixJson,
    "recover": RecoverJson,
    "run": RunJson,
    "fleet": FleetJson,
}

_FILES: dict[str, Any] = {"config": Config, "fleet-config": FleetConfig}
"""`fluxbump.yaml`, and the file that lists the repositories of a fleet."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def text(name: str) -> str:
    """Return a schema as JSON; `name` is that of a file or of the command whose report it is."""
    schema = validation.schema((_FILES | _REPORTS)[name])
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2)
