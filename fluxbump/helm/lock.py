"""Update a Chart.lock after the dependencies in Chart.yaml have changed. Pure.

`helm dependency build` refuses a lock whose digest is not the sha256 over the JSON of both
dependency lists (`HashReq` in `internal/resolver`; the same in Helm 3 and 4). So this module reads
both lists as Helm does and writes their JSON as Go's `encoding/json` does.

Covered: all eight fields, which of them Go leaves out when empty, its escapes and its order of
keys; numbers and booleans where Helm wants a text (`version: 1.10` is "1.1", to Helm too); nested
`import-values`; repositories named `@name` or `alias:name`, which Helm replaces by their URL
before it computes. Not covered: keys in another case (`Version:`), numbers below 0.0001 or above
1e21 in `import-values`, fractions of more than six digits for a text, Helm 2's requirements.yaml.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

from fluxbump.errors import PinError
from fluxbump.helm import go_yaml
from fluxbump.model import Location
from fluxbump.text import version_ranges, versions, yaml
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.splice import Edit

_Dependencies = Sequence[Mapping[str, object]] | None

_CLEANED = ("name", "version", "repository", "condition")
_FIELDS = (*_CLEANED, "tags", "enabled", "import-values", "alias")
_NEVER_OMITTED = ("name", "repository")
_REPOSITORY_NAMES = ("@", "alias:")

# What Go escapes beside what JSON asks for; none of it occurs outside a string.
_ESCAPES = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"})
_SPACE = lazy_pattern(r"[^\S\x1c-\x1f]")  # Go takes no separator of ASCII for a space
_TRAILING_ZEROS = lazy_pattern(r"\.?0*(?=[+-]\d\d:\d\d\Z)")


def digest(requirements: _Dependencies, locked: _Dependencies) -> str:
    """Compute a lock's digest as Helm does: `sha256:` and lower-case hexadecimal digits.

    Args:
        requirements: `dependencies` of the Chart.yaml, with values of `go_yaml`; None if it has
            none.
        locked: `dependencies` of the Chart.lock, with values of `go_yaml`; None if it has none.
    """
    lists = [
        None if requirements is None else [_written(_cleaned(_as_go(it))) for it in requirements],
        None if locked is None else [_written(_as_go(it)) for it in locked],
    ]
    text = json.dumps(lists, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def relock(
    *,
    chart_path: str,
    chart_text: str,
    lock_path: str,
    lock_text: str,
    moved: Mapping[str, str],
    generated: datetime,
) -> tuple[Edit, ...]:
    """Return the edits that update a Chart.lock to a Chart.yaml with new versions.

    Args:
        chart_path: the path of the Chart.yaml.
        chart_text: the text of the Chart.yaml with the new versions.
        lock_path: the path of the Chart.lock.
        lock_text: the old text of the Chart.lock.
        moved: the new version of each dependency by name, without a leading `v`. If the entry in
            Chart.yaml excludes the version, the dependency is another chart, and stays locked.
        generated: the lock's new time, with an offset from UTC.

    Returns:
        Replacements of scalars in the lock, in order; empty if the lock is up to date.

    Raises:
        PinError: the lock cannot be read or edited, or did not match the Chart.yaml before.
    """
    try:
        chart, lock = _read(chart_text, chart_path), _read(lock_text, lock_path)
        edits = _edits(chart, lock, moved, _rfc3339(generated))
    except PinError as error:
        hint = f"helm dependency update {chart_path.rpartition('/')[0] or '.'}"
        raise PinError(error.message, where=error.where, hint=hint) from None
    return tuple(sorted(edits, key=lambda edit: edit.start))


def _edits(chart: _File, lock: _File, moved: Mapping[str, str], generated: str) -> list[Edit]:
    _refuse_other_names(chart, lock)
    edits: list[Edit | None] = []
    locked: list[dict[str, Any]] = []
    for required, entry in zip(chart.entries or [], lock.entries or [], strict=True):
        fields = entry.fields | {"version": _version(required.fields, entry, moved)}
        if fields != entry.fields:
            edits.append(lock.replace(entry.node, "version", fields["version"]))
        locked.append(fields)
    edits.append(lock.replace(lock.root, "digest", _digest(chart, locked)))
    if any(edits) and yaml.get(lock.root, "generated") is not None:
        edits.append(lock.replace(lock.root, "generated", generated))
    return [edit for edit in edits if edit]


def _refuse_other_names(chart: _File, lock: _File) -> None:
    """Refuse a lock with other names, or another order, than Chart.yaml.

    Helm writes the names in the order of Chart.yaml.
    """
    asked = [entry.fields["name"] for entry in chart.entries or ()]
    held = [entry.fields["name"] for entry in lock.entries or ()]
    if asked != held:
        asks, holds = (", ".join(names) or "nothing" for names in (asked, held))
        message = f"the lock holds {holds}, Chart.yaml {asks}"
        raise PinError(message, where=lock.document.at(lock.root))


def _version(required: Mapping[str, Any], entry: _Entry, moved: Mapping[str, str]) -> str:
    """Return the version that the lock must have for a dependency.

    Raises:
        PinError: neither the new version nor the locked one matches Chart.yaml, or the lock names
            another repository.
    """
    name, asked, source = (str(required[key]) for key in ("name", "version", "repository"))
    held = str(entry.fields["version"])
    if source != entry.fields["repository"] and not source.startswith(_REPOSITORY_NAMES):
        message = f"{name} is locked from another repository than Chart.yaml names"
        raise PinError(message, where=entry.place)
    new = moved.get(name)
    if new is not None and _admits(asked, new):
        if not source:
            return asked  # a chart below the chart itself is locked at the text of Chart.yaml
        return f"v{new}" if held.startswith("v") else new
    if not _admits(asked, held):
        message = f"{name} is locked at {held or 'no version'}, Chart.yaml says {asked}"
        raise PinError(message, where=entry.place)
    return held


_PARTIAL = lazy_pattern(r"v?\d+(?:\.\d+)?")


def _admits(asked: str, held: str) -> bool:
    if asked == held:
        return True
    try:
        wanted, version = version_ranges.parse(asked), versions.parse(held)
    except ValueError:
        return False
    # Helm takes chart versions with missing parts, about which a range has nothing to say here.
    return wanted.admits(version) if version else bool(_PARTIAL.fullmatch(held))


def _rfc3339(moment: datetime) -> str:
    """Write a time as Go's RFC3339Nano does: without trailing zeros, and with `Z` for UTC."""
    if moment.utcoffset() is None:
        raise ValueError("a lock's time needs an offset from UTC")
    text = _TRAILING_ZEROS.sub("", moment.isoformat(timespec="microseconds"))
    return text.removesuffix("+00:00") + "Z" * text.endswith("+00:00")


# --- what the files hold --------------------------------------------------------------------


class _Entry(Struct, frozen=True):
    """A dependency: its fields as Helm reads them, its YAML node, and the node's location."""

    fields: dict[str, Any]
    node: Any
    place: Location


class _File(Struct, frozen=True):
    """A parsed Chart.yaml or Chart.lock; `entries` is None if it has no `dependencies`."""

    document: yaml.Document
    root: Any
    entries: tuple[_Entry, ...] | None

    def replace(self, node: Any, key: str, new: str) -> Edit | None:
        """Return the edit that sets `key` below `node` to `new`; None if it has that value already.

        Raises:
            PinError: there is no such scalar, or its text differs from its value.
        """
        value = yaml.get(node, key)
        scalar = self.document.scalar(value)
        if scalar is None or not scalar.editable:
            problem = "has no" if value is None else "does not hold in plain sight its"
            raise PinError(f"the lock {problem} {key}", where=self.document.at(value or node))
        edit = Edit(self.document.path, scalar.start, scalar.end, new)
        return edit if scalar.value != new else None


def _read(text: str, path: str) -> _File:
    """Parse the first document of a file that is not empty.

    Raises:
        PinError: the file is empty, not YAML, or not a mapping, or its dependencies are not a list
            of mappings.
    """
    candidates = yaml.documents(text, path)
    document = next((it for it in candidates if it.root is not None or it.problem), None)
    if document is None:
        raise PinError("holds nothing", where=Location(path, 1))
    if document.problem:
        raise PinError(f"not YAML: {document.problem[1]}", where=document.problem[0])
    root: Any = document.root
    nodes = yaml.get(root, "dependencies")
    try:
        values = go_yaml.value(nodes)
    except yaml.YamlError as problem:
        raise PinError(problem.message, where=document.at(nodes or root)) from None
    if root.id != "mapping":
        raise PinError("not a mapping", where=document.at(root))
    if not isinstance(values, list | None):
        raise PinError("dependencies is not a list", where=document.at(nodes or root))
    return _File(document, root, _entries(document, nodes, values))


def _entries(
    document: yaml.Document, nodes: Any, values: list[object] | None
) -> tuple[_Entry, ...] | None:
    if values is None:
        return None
    entries = []
    for node, value in zip(yaml.items(nodes), values, strict=True):
        if not isinstance(value, dict):
            raise PinError("a dependency is not a mapping", where=document.at(node))
        entries.append(_Entry(_as_go(value), node, document.at(node)))
    return tuple(entries)


# --- how Helm hashes --------------------------------------------------------------------------


def _digest(chart: _File, locked: list[dict[str, Any]] | None) -> str:
    """Compute the digest with the URLs in the lock, to which Helm resolves repository names."""
    asked = None if chart.entries is None else [dict(entry.fields) for entry in chart.entries]
    for fields, held in zip(asked or (), locked or (), strict=False):
        if fields["repository"].startswith(_REPOSITORY_NAMES):
            fields["repository"] = held["repository"]
    return digest(asked, locked)


def _as_go(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dependency with the types of Helm's `chart.Dependency`, as sigs.k8s.io/yaml does."""
    fields: dict[str, Any] = {key: _text(entry.get(key)) for key in _FIELDS}
    tags = entry.get("tags")
    fields["tags"] = [_text(tag) for tag in tags] if isinstance(tags, list) else []
    fields["enabled"] = entry.get("enabled") is True
    fields["import-values"] = _plain(entry.get("import-values"))
    return fields


def _cleaned(fields: dict[str, Any]) -> dict[str, Any]:
    """Clean the texts of a dependency as Helm's `Dependency.Validate` does.

    Helm does so for Chart.yaml, and not for Chart.lock.
    """
    cleaned: dict[str, Any] = {key: _printable(fields[key]) for key in _CLEANED}
    cleaned["tags"] = [_printable(tag) for tag in fields["tags"]]
    return fields | cleaned


def _written(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields without the empty ones that Go's `omitempty` leaves out."""
    return {key: value for key, value in fields.items() if value or key in _NEVER_OMITTED}


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, _SPACE.sub(" ", text)))


def _text(value: object) -> str:
    """Return a value as the text that Helm makes of a YAML number or boolean; empty for others."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, str | int) else ""


def _plain(value: Any) -> Any:
    """Return an untyped value as Helm holds it: with sorted keys, and numbers as 64-bit floats."""
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        exact = float(value)
        return int(Decimal(repr(exact))) if exact.is_integer() else exact
    return value
