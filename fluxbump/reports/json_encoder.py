"""How every report is written as JSON; apart from the reports, whose types are slow to import."""

from __future__ import annotations

import json
from collections.abc import Mapping


def dump(report: Mapping[str, object]) -> str:
    """Write a report the way all of them are written."""
    text = json.dumps(report, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8")
