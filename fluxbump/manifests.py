"""What a Flux release ships, read from its `install.yaml` or from a chart archive. Pure.

The shapes are those of the tables in `facts`: CRDs with their versions, fields by path, images by
controller. The manifests come from a network or from a stranger's commit, so reading them takes
bounded time and memory: documents are counted before they are parsed, and the walk through a
schema counts its steps, because aliases can make a small text endless.

A CRD is what apiextensions.k8s.io/v1 says (`CustomResourceDefinitionSpec`): names, versions of
which one is stored, and a structural schema for each. One that is not is an error with its name,
because what is half known would let pass what a cluster refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from fluxbump import templates, yamltext
from fluxbump.crds import Crd, CrdVersion, Release
from fluxbump.errors import IndexSourceError
from fluxbump.facts.fields import INT_OR_STRING, Field

MAX_SIZE = 32 << 20
"""The largest manifest that is read, in bytes."""

MAX_DOCUMENTS = 2_000
"""YAML documents that one manifest may have; Flux has about sixty."""

# What ends or begins a YAML node. Flux has about 60,000 of them in all documents that are read.
_MARKS = "\n,:[{"
_MAX_MARKS = 300_000

_MAX_STEPS = 100_000  # through schemas; Flux takes about 5,000
_MAX_PATH = 1_000  # characters of a field's path
_MAX_DEPTH = 100
_MAX_SLOW = 64 << 10  # bytes; larger values are read by the fast parser or not at all

_DEFINITION = "CustomResourceDefinition"
_DEPLOYMENT = re.compile(r"^kind:[ \t]*Deployment\b", re.MULTILINE)
_GROUP = ".fluxcd.io"
_LABEL = "app.kubernetes.io/version"
_CONTROLLERS = ("-controller", "-watcher")
_VALUES = "values.yaml"
_BOOLEANS = {"true": True, "false": False}
_NOT_A_NAME = re.compile(r"[.\[\]{}]")
_CRD_NAME = re.compile(r"[a-z0-9.-]{1,253}")
_KEPT = frozenset({"apiVersion", "kind", "metadata", "status"})

Fields = Mapping[str, Field]
"""Path to what a structural schema says, as `facts.fields` writes paths."""


class Shipped(Struct, frozen=True):
    """What a release ships, as its manifests or a chart say.

    Attributes:
        source: where that was read, for people; holds no credentials.
        crds: CRD name to CRD.
        fields: apiVersion and kind to fields.
        controllers: controller to the tag of its image.
        release: which release the manifests say they are, without a leading `v`; None when they
            do not say.
    """

    source: str
    crds: Release
    fields: Mapping[tuple[str, str], Fields]
    controllers: Mapping[str, str]
    release: str | None = None


class _Unusable(Exception):  # noqa: N818  # becomes an IndexSourceError
    """Why manifests cannot be used."""


def install(data: bytes, source: str) -> Shipped:
    """Read the `install.yaml` of a release.

    Args:
        data: the file.
        source: what to call it: a path, or a URL without credentials.

    Raises:
        IndexSourceError: it is not such a manifest, or exceeds a limit.
    """
    reading = _Reading()
    try:
        reading.manifest(_text(data))
        return reading.result(source)
    except _Unusable as error:
        raise IndexSourceError(f"not a usable release manifest: {error}", where=source) from None


def chart(files: Mapping[str, bytes], source: str) -> Shipped:
    """Read the CRDs and images of the community chart, without rendering it.

    Templates are read as if every condition held and every value were some text, which leaves a
    CRD as it is: charts put conditions around whole CRDs, and values into labels.

    Args:
        files: of the chart, by path below its folder.
        source: what to call it.

    Raises:
        IndexSourceError: a CRD cannot be read, or there is none, or they exceed a limit.
    """
    reading, values = _Reading(), files.get(_VALUES, b"")
    try:
        for path in sorted(files):
            if path != _VALUES and tells(path) and _DEFINITION.encode() in files[path]:
                reading.manifest(_template(files[path], path), path)
        reading.spend(_text(values, _VALUES), _VALUES)
        reading.controllers |= default_tags(values)
        return reading.result(source)
    except _Unusable as error:
        raise IndexSourceError(f"not a usable chart: {error}", where=source) from None


def tells(path: str) -> bool:
    """Whether a file of a chart, by its path below the chart's folder, may say what it ships."""
    return path == _VALUES or path.startswith(("templates/", "crds/"))


def default_tags(values: bytes) -> dict[str, str]:
    """Return the image tag of each controller in a community chart's values.

    Args:
        values: its values.yaml.
    """
    try:
        content = yamltext.load(
            values.decode("utf-8-sig", "replace"), quick=len(values) > _MAX_SLOW
        )
    except yamltext.YamlProblem:
        return {}
    tags: dict[str, str] = {}
    for entry in content.values() if isinstance(content, dict) else ():
        image, tag = _get(entry, "image"), _get(entry, "tag")
        if isinstance(image, str) and isinstance(tag, str):
            name = image.rsplit("/", 1)[-1]
            if name.endswith(_CONTROLLERS):
                tags[name] = tag.partition("@")[0]
    return tags


def _text(data: bytes, path: str = "") -> str:
    where = f"{path}: " if path else ""
    if len(data) > MAX_SIZE:
        raise _Unusable(f"{where}it takes more than {MAX_SIZE >> 20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Unusable(f"{where}it is not UTF-8") from None


def _template(data: bytes, path: str) -> str:
    try:
        return templates.plain(_text(data, path))
    except templates.TemplateProblem as problem:
        raise _Unusable(f"{path}, {problem}") from None


# --- documents --------------------------------------------------------------------------------


class _Reading(Struct):
    """What was found so far, and how much may still be looked at."""

    crds: dict[str, Crd] = field(default_factory=dict)
    fields: dict[tuple[str, str], Fields] = field(default_factory=dict)
    controllers: dict[str, str] = field(default_factory=dict)
    releases: set[str] = field(default_factory=set)
    marks: int = 0
    steps: int = 0

    def result(self, source: str) -> Shipped:
        if not self.crds:
            raise _Unusable("it defines no custom resource of Flux")
        if len(self.releases) > 1:
            raise _Unusable(f"it says that it is Flux {' and Flux '.join(sorted(self.releases))}")
        release = next(iter(self.releases), None)
        crds = dict(sorted(self.crds.items()))
        return Shipped(source, crds, self.fields, dict(sorted(self.controllers.items())), release)

    def manifest(self, text: str, path: str = "") -> None:
        """Take what one text defines; `path` is set for a part of a chart."""
        if text.count("\n---") > MAX_DOCUMENTS:
            raise _Unusable(f"{path or 'it'} has more than {MAX_DOCUMENTS:,} documents")
        for document in yamltext.documents(text, path):
            source = document.source
            if _DEFINITION in source or (not path and _DEPLOYMENT.search(source)):
                self.document(source, f"{path}, line" if path else "line", document.line)

    def document(self, source: str, where: str, line: int) -> None:
        self.spend(source, f"{where} {line + 1}")
        try:
            content = yamltext.load(source, quick=True)
        except yamltext.YamlProblem as problem:
            place = f"{where} {line + problem.line + 1}"
            raise _Unusable(f"{place}: it is not YAML: {problem.message}") from None
        if _get(content, "kind") == _DEFINITION:
            self.definition(content, f"{where} {line + 1}")
        elif _get(content, "kind") == "Deployment":
            self.deployment(content)

    def spend(self, text: str, where: str) -> None:
        """Count what is about to be parsed."""
        self.marks += sum(text.count(mark) for mark in _MARKS)
        if self.marks > _MAX_MARKS:
            raise _Unusable(f"{where}: it is too large for the manifests of Flux")

    def deployment(self, content: object) -> None:
        containers = _get(content, "spec", "template", "spec", "containers")
        for one in containers if isinstance(containers, list) else ():
            image = _get(one, "image")
            if isinstance(image, str):
                name, _, tag = image.partition("@")[0].rsplit("/", 1)[-1].partition(":")
                if name.endswith(_CONTROLLERS) and tag:
                    self.controllers[name] = tag

    def definition(self, content: object, where: str) -> None:
        crd = _crd(content, where)
        if not crd.group.endswith(_GROUP):
            return
        if self.crds.setdefault(crd.name, crd) != crd:
            raise _Unusable(f"the CRD {crd.name} is in it twice, and differs")
        label = _get(content, "metadata", "labels", _LABEL)
        if isinstance(label, str) and label[:1] == "v":
            self.releases.add(label[1:])
        for one, entry in zip(crd.versions, _get(content, "spec", "versions"), strict=True):
            schema = _get(entry, "schema", "openAPIV3Schema")
            if not isinstance(schema, dict):
                raise _Unusable(f"the CRD {crd.name} has no schema for {one.name}")
            walk = _Walk(self, f"the CRD {crd.name}, version {one.name}")
            self.fields[f"{crd.group}/{one.name}", crd.kind] = walk.root(schema)


def _crd(content: object, where: str) -> Crd:
    name = _get(content, "metadata", "name")
    if not isinstance(name, str) or not _CRD_NAME.fullmatch(name):
        raise _Unusable(f"{where}: a CRD has no usable metadata.name")
    group, kind = _get(content, "spec", "group"), _get(content, "spec", "names", "kind")
    for what, value in (("spec.group", group), ("spec.names.kind", kind)):
        if not isinstance(value, str) or not value:
            raise _Unusable(f"the CRD {name} has no {what}")
    versions = _get(content, "spec", "versions")
    if not isinstance(versions, list) or not versions:
        raise _Unusable(f"the CRD {name} has no spec.versions")
    crd = Crd(name, kind, group, tuple(_version(one, name) for one in versions))
    if sum(one.storage for one in crd.versions) != 1:
        raise _Unusable(f"the CRD {name} does not have one version that is stored")
    return crd


def _version(entry: object, name: str) -> CrdVersion:
    version = _get(entry, "name")
    if not isinstance(version, str) or not version:
        raise _Unusable(f"the CRD {name} has a version without a name")
    flags = {}
    for flag, default in (("served", None), ("storage", None), ("deprecated", "false")):
        said = _get(entry, flag)
        value = _BOOLEANS.get(str(default if said is None else said))
        if value is None:
            raise _Unusable(f"the CRD {name} does not say whether {version} is {_FLAGS[flag]}")
        flags[flag] = value
    return CrdVersion(version, **flags)


_FLAGS = {"served": "served", "storage": "stored", "deprecated": "deprecated"}


def _get(content: object, *keys: str) -> Any:
    """Follow keys through mappings; None where there is nothing, or nothing but null."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


# --- schemas ----------------------------------------------------------------------------------


class _Walk(Struct):
    """Flattens one structural schema."""

    reading: _Reading
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
        required = {str(one) for one in self.spent(listed)} if isinstance(listed, list) else set()
        for name, below in self.spent(properties).items() if isinstance(properties, dict) else ():
            if _NOT_A_NAME.search(name):
                raise _Unusable(f"{self.what}: a property has an unusual name")
            yield name, below, name in required

    def add(self, path: str, schema: object, *, depth: int, required: bool = False) -> None:
        if depth > _MAX_DEPTH or len(path) > _MAX_PATH:
            raise _Unusable(f"{self.what}: its schema is nested too deeply")
        if not isinstance(schema, dict):
            raise _Unusable(f"{self.what}: the schema of {path} is not an object")
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
        """Count what is about to be looked at, and return it."""
        self.reading.steps += len(many) + 1
        if self.reading.steps > _MAX_STEPS:
            raise _Unusable(f"{self.what}: its schema is too large")
        return many
