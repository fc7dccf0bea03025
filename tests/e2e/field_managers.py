"""What kustomize-controller does to `metadata.managedFields` before it applies an object.

It takes over every field that kubectl has set, so that its own apply removes those that Git does
not have. `flux suspend` writes under another name, and so is left alone.
"""

from __future__ import annotations

from typing import Any

OWN = "kustomize-controller"
_TAKEN = "kubectl"

Entry = dict[str, Any]


def taken_over(entries: list[Entry]) -> list[Entry]:
    """Return the entries of an object with those of kubectl merged into the controller's own."""
    taken = [entry for entry in entries if _is_taken(entry)]
    if not taken:
        return entries
    own = next((entry for entry in entries if _is_own(entry)), None)
    merged = {**taken[0], "manager": OWN, "operation": "Apply", **(own or {})}
    fields: dict[str, Any] = {}
    for entry in (*taken, *([own] if own else [])):
        fields = _union(fields, entry["fieldsV1"])
    merged["fieldsV1"] = fields
    kept = [entry for entry in entries if not _is_taken(entry) and entry is not own]
    return [merged, *kept]


def _is_taken(entry: Entry) -> bool:
    return entry["manager"].startswith(_TAKEN) and not entry.get("subresource")


def _is_own(entry: Entry) -> bool:
    return (entry["manager"], entry["operation"]) == (OWN, "Apply")


def _union(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    found = dict(first)
    for name, fields in second.items():
        found[name] = _union(found.get(name, {}), fields)
    return found
