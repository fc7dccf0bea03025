"""How every report is written as JSON; apart from the reports, whose types are slow to import."""

from __future__ import annotations

import json
from collections.abc import Mapping

from fluxbump.text.printable import json_escapes


def dump(report: Mapping[str, object], *, indent: int | None = 2) -> str:
    """Write a report the way all of them are written, so that a log can show it."""
    text = json.dumps(report, indent=indent, ensure_ascii=False)
    return json_escapes(text.encode("utf-8", "replace").decode("utf-8"))
