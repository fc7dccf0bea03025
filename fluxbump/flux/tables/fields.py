"""The fields of each kind of Flux in each release, as a table that ships with the package.

A path is written as in the release manifests' OpenAPI schemas, from `spec` down: `.name` is a
property, `[]` any item of a list, `{}` any value of a map. The table has the parts of a structural
schema by which a manifest can be checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from semver import Version

from fluxbump.text import versions

_TABLE = Path(__file__).parent / "fields.json"

INT_OR_STRING = "int-or-string"
"""The type of a field with `x-kubernetes-int-or-string`."""


class Field(Struct, frozen=True):
    """The schema of one field in a release.

    Attributes:
        type: `object`, `array`, `string`, `boolean`, `integer`, `number` or `int-or-string`;
            empty when any value will do.
        enum: the values that are accepted; empty when there is no such list.
        pattern: a regular expression that a string matches; empty when there is none.
        required: an object without the field is refused.
        open: unknown fields are accepted below it (`x-kubernetes-preserve-unknown-fields`).
        since: the first release with this schema; None for the first with the apiVersion.
        until: the last release with this schema; None for the last that is known.
    """

    type: str = ""
    enum: tuple[str, ...] = ()
    pattern: str = ""
    required: bool = False
    open: bool = False
    since: str | None = None
    until: str | None = None

    def holds(self, release: Version) -> bool:
        """Whether `release` has the field with this schema."""
        since = versions.parse(self.since) if self.since else None
        until = versions.parse(self.until) if self.until else None
        return (since is None or since <= release) and (until is None or release <= until)


class Schema(Struct, frozen=True):
    """The fields of one kind at one apiVersion, as one release has them.

    Attributes:
        release: `2.4.0`.
        kind: `HelmRelease`.
        api_version: `helm.toolkit.fluxcd.io/v2`.
    """

    release: str
    kind: str
    api_version: str
    _fields: Mapping[str, Field]

    def lookup(self, path: str) -> Field | None:
        """Return a field; None when this release does not have it."""
        return self._fields.get(path)

    def required(self) -> tuple[str, ...]:
        """Return the paths of the fields without which an object is refused."""
        return tuple(path for path, own in self._fields.items() if own.required)

    def all(self) -> Mapping[str, Field]:
        """Return every field by its path."""
        return self._fields

    def history(self, path: str) -> tuple[Field, ...]:
        """Return the schemas that a field had over all releases in the table, oldest first.

        The result is empty if no release has the field.
        """
        fact = _table()["kinds"].get(f"{self.api_version} {self.kind}", {"fields": {}})
        return _parsed(fact["fields"][path]) if path in fact["fields"] else ()


def releases() -> tuple[str, ...]:
    """Return the releases that the table knows, oldest first."""
    return tuple(_table()["releases"])


@cache
def fields(release: str, kind: str, api_version: str) -> Schema | None:
    """Return the schema of a kind, with only the fields that exist in `release`.

    Args:
        release: `2.4.0`, without a leading `v`.
        kind: `HelmRelease`.
        api_version: `helm.toolkit.fluxcd.io/v2`.

    Returns:
        None when the table does not know the release, or the release does not have the kind at
        that apiVersion.
    """
    table = _table()
    fact = table["kinds"].get(f"{api_version} {kind}")
    version = versions.parse(release)
    if fact is None or version is None or release not in table["releases"]:
        return None
    if not Field(since=fact["releases"][0], until=fact["releases"][1]).holds(version):
        return None
    found = {
        path: next((field for field in _parsed(raw) if field.holds(version)), None)
        for path, raw in fact["fields"].items()
    }
    held = {path: field for path, field in found.items() if field is not None}
    return Schema(release, kind, api_version, held)


@cache
def narrowed(old: str, new: str, used: frozenset[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return the apiVersions and kinds in `used` of which `new` may accept less than `old`.

    That is so if a field is gone, or its schema differs.

    Args:
        old: a release that the table knows.
        new: another release that the table knows.
        used: the apiVersions and kinds in use.
    """
    before, after = versions.parse(old), versions.parse(new)
    if before is None or after is None or before == after:
        return frozenset()
    found = set()
    for name, fact in _table()["kinds"].items():
        api_version, _, kind = name.partition(" ")
        if (api_version, kind) not in used:
            continue
        entries = (_parsed(raw) for raw in fact["fields"].values())
        if any(_takes_less(entry, before, after) for entry in entries if _ever_changes(entry)):
            found.add((api_version, kind))
    return frozenset(found)


@cache
def patterns() -> frozenset[str]:
    """Return the patterns in the table, each reviewed to run in short time on any text."""
    kinds = _table()["kinds"].values()
    entries = (_parsed(raw) for fact in kinds for raw in fact["fields"].values())
    return frozenset(field.pattern for some in entries for field in some if field.pattern)


def _ever_changes(entries: tuple[Field, ...]) -> bool:
    return len(entries) > 1 or any(field.until for field in entries)


def _takes_less(entries: tuple[Field, ...], old: Version, new: Version) -> bool:
    before = next((field for field in entries if field.holds(old)), None)
    after = next((field for field in entries if field.holds(new)), None)
    if before is None or before is after:
        return False
    if after is None:
        return True
    return replace(before, since=None, until=None) != replace(after, since=None, until=None)


def _parsed(raw: Any) -> tuple[Field, ...]:
    if isinstance(raw, str):
        return (Field(raw),)
    entries = raw if isinstance(raw, list) else [raw]
    return tuple(Field(**{**entry, "enum": tuple(entry.get("enum", ()))}) for entry in entries)


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_TABLE.read_text("utf-8"))
    return table
