"""The JSON Schemas of fluxbump.yaml and of the JSON reports, from the types themselves. Pure."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from fluxbump.config import Config
from fluxbump.reports.json import REPORTS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def text(name: str) -> str:
    """Return a schema as JSON; `name` is `config` or a key of `reports.json.REPORTS`."""
    schema: dict[str, Any]
    schema = (
        Config.model_json_schema() if name == "config" else TypeAdapter(REPORTS[name]).json_schema()
    )
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2)
