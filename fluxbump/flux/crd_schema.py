"""Read a CustomResourceDefinition: its versions, and the fields of each version. Pure.

A CRD must have what apiextensions.k8s.io/v1 asks for (`CustomResourceDefinitionSpec`): names,
versions of which one is stored, and a structural schema for each version. Any other CRD is an error
that names it, because a half-known CRD would hide what a cluster refuses. The walk through schemas
counts its steps, because aliases can make a small text endless.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from fluxbump.flux.stored_versions import Crd, CrdVersion
from fluxbump.flux.tables.fields import INT_OR_STRING, Field
from fluxbump.text.patterns import lazy_pattern

_MAX_STEPS = 100_000  # through schemas; Flux takes about 5,000
_MAX_PATH = 1_000  # characters of a field's path
_MAX_DEPTH = 100

_BOOLEANS = {"true": True, "false": False}
_FLAGS = {"served": "served", "storage": "stored", "deprecated": "deprecated"}
_NOT_A_NAME = lazy_pattern(r"[.\[\]{}]")
_CRD_NAME = lazy_pattern(r"[a-z0-9.-]{1,253}")
_KEPT = frozenset({"apiVersion", "kind", "metadata", "status"})

Fields = Mapping[str, Field]
"""Maps the path of a field, as `tables.fields` writes it, to the field's schema."""


class UnusableError(Exception):
    """Manifests cannot be used; callers turn it into an IndexSourceError."""


class Budget(Struct):
    """The steps through schemas that are left for all manifests that are read together."""

    steps: int = _MAX_STEPS


def crd(content: object, where: str) -> Crd:
    """Return the names and versions that a parsed CRD defines.

    Args:
        content: the parsed document.
        where: the place of the document, for the error about a CRD without a usable name.

    Raises:
        UnusableError: a name, a version or a flag is missing or invalid, or not exactly one version
            is stored.
    """
    name = get(content, "metadata", "name")
    if not isinstance(name, str) or not _CRD_NAME.fullmatch(name):
        raise UnusableError(f"{where}: a CRD has no usable metadata.name")
    group, kind = get(content, "spec", "group"), get(content, "spec", "names", "kind")
    for what, value in (("spec.group", group), ("spec.names.kind", kind)):
        if not isinstance(value, str) or not value:
            raise UnusableError(f"the CRD {name} has no {what}")
    versions = get(content, "spec", "versions")
    if not isinstance(versions, list) or not versions:
        raise UnusableError(f"the CRD {name} has no spec.versions")
    found = Crd(name, kind, group, tuple(_version(version, name) for version in versions))
    if sum(version.storage for version in found.versions) != 1:
        raise UnusableError(f"the CRD {name} does not have one version that is stored")
    return found


def _version(entry: object, name: str) -> CrdVersion:
    version = get(entry, "name")
    if not isinstance(version, str) or not version:
        raise UnusableError(f"the CRD {name} has a version without a name")
    flags = {}
    for flag, default in (("served", None), ("storage", None), ("deprecated", "false")):
        said = get(entry, flag)
        value = _BOOLEANS.get(str(default if said is None else said))
        if value is None:
            raise UnusableError(f"the CRD {name} does not say whether {version} is {_FLAGS[flag]}")
        flags[flag] = value
    return CrdVersion(version, **flags)


def get(content: object, *keys: str) -> Any:
    """Follow keys through nested mappings; None if a key is missing or its value is null."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


# --- schemas ----------------------------------------------------------------------------------


def schemas(content: object, crd: Crd, budget: Budget) -> Iterator[tuple[str, Fields]]:
    """Yield each version of a parsed CRD and the fields of its schema.

    Args:
        content: the parsed document of the CRD.
        crd: the CRD that `crd` returned for this document.
        budget: the steps that are left; the walk takes from them.

    Raises:
        UnusableError: a version has no schema, or one that is too large, too deep or odd.
    """
    for crd_version, entry in zip(crd.versions, get(content, "spec", "versions"), strict=True):
        schema = get(entry, "schema", "openAPIV3Schema")
        if not isinstance(schema, dict):
            raise UnusableError(f"the CRD {crd.name} has no schema for {crd_version.name}")
        walk = _Walk(budget, f"the CRD {crd.name}, version {crd_version.name}")
        yield crd_version.name, walk.root(schema)


class _Walk(Struct):
    """Flattens one structural schema into fields by path."""

    budget: Budget
    what: str
    found: dict[str, Field] = field(default_factory=dict)

    def root(self, schema: Mapping[str, Any]) -> Fields:
        for name, below, required in self.properties(schema):
            if name not in _KEPT:
                self.add(name, below, depth=1, required=required)
        if schema.get("x-kubernetes-preserve-unknown-fields") == "true":
            self.found.setdefault("spec", Field(open=True))
        return self.found

    def properties(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, object, bool]]:
        properties, listed = schema.get("properties"), schema.get("required")
        required = (
            {str(required_name) for required_name in self.spent(listed)}
            if isinstance(listed, list)
            else set()
        )
        for name, below in self.spent(properties).items() if isinstance(properties, dict) else ():
            if _NOT_A_NAME.search(name):
                raise UnusableError(f"{self.what}: a property has an unusual name")
            yield name, below, name in required

    def add(self, path: str, schema: object, *, depth: int, required: bool = False) -> None:
        if depth > _MAX_DEPTH or len(path) > _MAX_PATH:
            raise UnusableError(f"{self.what}: its schema is nested too deeply")
        if not isinstance(schema, dict):
            raise UnusableError(f"{self.what}: the schema of {path} is not an object")
        self.found[path] = self.field(schema, required=required)
        for name, below, needed in self.properties(schema):
            self.add(f"{path}.{name}", below, depth=depth + 1, required=needed)
        if "items" in schema:
            self.add(f"{path}[]", schema["items"], depth=depth + 1)
        values = schema.get("additionalProperties")
        if isinstance(values, dict):
            self.add(f"{path}{{}}", values, depth=depth + 1)
        elif values == "true":
            self.found[f"{path}{{}}"] = Field()

    def field(self, schema: Mapping[str, Any], *, required: bool) -> Field:
        either = schema.get("x-kubernetes-int-or-string") == "true"
        enum = schema.get("enum")
        return Field(
            type=INT_OR_STRING if either else str(schema.get("type") or ""),
            enum=tuple(map(str, self.spent(enum))) if isinstance(enum, list) else (),
            pattern=str(schema.get("pattern") or ""),
            required=required,
            open=schema.get("x-kubernetes-preserve-unknown-fields") == "true",
        )

    def spent(self, many: Any) -> Any:
        """Take the items that are about to be read from the budget, and return them."""
        self.budget.steps -= len(many) + 1
        if self.budget.steps < 0:
            raise UnusableError(f"{self.what}: its schema is too large")
        return many
