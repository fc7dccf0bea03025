"""The JSON Schemas of fluxbump.yaml and of the JSON reports, from the types themselves. Pure."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from fluxbump.config import Config
from fluxbump.reports.formats.json import CheckJson
from fluxbump.reports.json import REPORTS
from fluxbump.reports.matrix import MatrixJson
from fluxbump.reports.route import PathJson
from fluxbump.reports.run import RunJson

_REPORTS: dict[str, Any] = {
    **REPORTS,
    "check": CheckJson,
    "path": PathJson,
    "matrix": MatrixJson,
    "run": RunJson,
}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def text(name: str) -> str:
    """Return a schema as JSON; `name` is `config` or the command whose report it is."""
    model = Config if name == "config" else _REPORTS[name]
    schema: dict[str, Any] = TypeAdapter(model).json_schema()
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2)
