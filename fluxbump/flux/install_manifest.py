"""Read what a Flux release ships, from its `install.yaml` or from a chart archive. Pure.

The shapes are those of the tables in `tables`: CRDs with their versions, fields by path, images by
controller. The manifests come from a network or from a stranger's commit, so reading them takes
bounded time and memory: documents are counted before they are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field

from fluxbump.errors import IndexSourceError
from fluxbump.flux import chart_templates, crd_schema
from fluxbump.flux.crd_schema import Fields, UnusableError, get
from fluxbump.flux.stored_versions import Crd, Release
from fluxbump.text import yaml, yaml_load
from fluxbump.text.budget import MANIFEST
from fluxbump.text.patterns import lazy_pattern

# What ends or begins a YAML node. Flux has about 60,000 of them in all documents that are read.
_MARKS = "\n,:[{"
_MAX_MARKS = 300_000

_MAX_SLOW = 64 << 10  # bytes; larger values are read by the fast parser or not at all

_DEFINITION = "CustomResourceDefinition"
_DEPLOYMENT = lazy_pattern(r"^kind:[ \t]*Deployment\b", re.MULTILINE)
_GROUP = ".fluxcd.io"
_LABEL = "app.kubernetes.io/version"
_CONTROLLERS = ("-controller", "-watcher")
_VALUES = "values.yaml"


class Shipped(Struct, frozen=True):
    """What a release ships, as its manifests or a chart say.

    Attributes:
        source: the place that was read, for messages, without credentials.
        crds: CRDs by name.
        fields: the fields of each apiVersion and kind, by path.
        controllers: the image tag of each controller.
        release: the release that the manifests name, without a leading `v`; None if they name none.
    """

    source: str
    crds: Release
    fields: Mapping[tuple[str, str], Fields]
    controllers: Mapping[str, str]
    release: str | None = None


def install(data: bytes, source: str) -> Shipped:
    """Read the `install.yaml` of a release.

    Args:
        data: the file.
        source: the place of the file, for messages: a path, or a URL without credentials.

    Raises:
        IndexSourceError: the file is not such a manifest, or exceeds a limit.
    """
    reading = _Reading()
    try:
        reading.manifest(_text(data))
        return reading.result(source)
    except UnusableError as error:
        raise IndexSourceError(f"not a usable release manifest: {error}", where=source) from None


def chart(files: Mapping[str, bytes], source: str) -> Shipped:
    """Read the CRDs and images of the community chart, without rendering it.

    Templates are read as if every condition held and every value were some text, which leaves a
    CRD as it is: charts put conditions around whole CRDs, and values into labels.

    Args:
        files: the chart's files, by path below its folder.
        source: the chart's name for messages.

    Raises:
        IndexSourceError: a CRD cannot be read, the chart has no CRD, or it exceeds a limit.
    """
    reading, values = _Reading(), files.get(_VALUES, b"")
    try:
        for path in sorted(files):
            if path != _VALUES and tells(path) and _DEFINITION.encode() in files[path]:
                reading.manifest(_template(files[path], path), path)
        reading.spend(_text(values, _VALUES), _VALUES)
        reading.controllers |= default_tags(values)
        return reading.result(source)
    except UnusableError as error:
        raise IndexSourceError(f"not a usable chart: {error}", where=source) from None


def tells(path: str) -> bool:
    """Whether a file, by its path below the chart's folder, may have CRDs or image tags."""
    return path == _VALUES or path.startswith(("templates/", "crds/"))


def default_tags(values: bytes) -> dict[str, str]:
    """Return the image tag of each controller in a community chart's values.

    Args:
        values: the bytes of values.yaml; a file that is not YAML gives no tags.
    """
    try:
        text = values.decode("utf-8-sig", "replace")
        content = yaml_load.load(text, quick=len(values) > _MAX_SLOW)
    except yaml.YamlError:
        return {}
    tags: dict[str, str] = {}
    for entry in content.values() if isinstance(content, dict) else ():
        image, tag = get(entry, "image"), get(entry, "tag")
        if isinstance(image, str) and isinstance(tag, str):
            name = image.rsplit("/", 1)[-1]
            if name.endswith(_CONTROLLERS):
                tags[name] = tag.partition("@")[0]
    return tags


def _text(data: bytes, path: str = "") -> str:
    where = f"{path}: " if path else ""
    if len(data) > MANIFEST.size:
        raise UnusableError(f"{where}it takes more than {MANIFEST.shown_size}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableError(f"{where}it is not UTF-8") from None


def _template(data: bytes, path: str) -> str:
    try:
        return chart_templates.plain(_text(data, path))
    except chart_templates.TemplateError as problem:
        raise UnusableError(f"{path}, {problem}") from None


# --- documents --------------------------------------------------------------------------------


class _Reading(Struct):
    """Collects CRDs, fields and images from documents, within limits on their size."""

    crds: dict[str, Crd] = field(default_factory=dict)
    fields: dict[tuple[str, str], Fields] = field(default_factory=dict)
    controllers: dict[str, str] = field(default_factory=dict)
    releases: set[str] = field(default_factory=set)
    marks: int = 0
    budget: crd_schema.Budget = field(default_factory=crd_schema.Budget)

    def result(self, source: str) -> Shipped:
        if not self.crds:
            raise UnusableError("it defines no custom resource of Flux")
        if len(self.releases) > 1:
            raise UnusableError(
                f"it says that it is Flux {' and Flux '.join(sorted(self.releases))}"
            )
        release = next(iter(self.releases), None)
        crds = dict(sorted(self.crds.items()))
        return Shipped(source, crds, self.fields, dict(sorted(self.controllers.items())), release)

    def manifest(self, text: str, path: str = "") -> None:
        """Collect from one text of several documents; `path` is set for a file of a chart."""
        if text.count("\n---") > MANIFEST.documents:
            raise UnusableError(f"{path or 'it'} has more than {MANIFEST.documents:,} documents")
        for document in yaml.documents(text, path):
            source = document.source
            if _DEFINITION in source or (not path and _DEPLOYMENT.search(source)):
                self.document(source, f"{path}, line" if path else "line", document.line)

    def document(self, source: str, where: str, line: int) -> None:
        self.spend(source, f"{where} {line + 1}")
        try:
            content = yaml_load.load(source, quick=True)
        except yaml.YamlError as problem:
            place = f"{where} {line + problem.line + 1}"
            raise UnusableError(f"{place}: it is not YAML: {problem.message}") from None
        if get(content, "kind") == _DEFINITION:
            self.definition(content, f"{where} {line + 1}")
        elif get(content, "kind") == "Deployment":
            self.deployment(content)

    def spend(self, text: str, where: str) -> None:
        """Count a text that is about to be parsed against the limit."""
        self.marks += sum(text.count(mark) for mark in _MARKS)
        if self.marks > _MAX_MARKS:
            raise UnusableError(f"{where}: it is too large for the manifests of Flux")

    def deployment(self, content: object) -> None:
        containers = get(content, "spec", "template", "spec", "containers")
        for container in containers if isinstance(containers, list) else ():
            image = get(container, "image")
            if isinstance(image, str):
                name, _, tag = image.partition("@")[0].rsplit("/", 1)[-1].partition(":")
                if name.endswith(_CONTROLLERS) and tag:
                    self.controllers[name] = tag

    def definition(self, content: object, where: str) -> None:
        crd = crd_schema.crd(content, where)
        if not crd.group.endswith(_GROUP):
            return
        if self.crds.setdefault(crd.name, crd) != crd:
            raise UnusableError(f"the CRD {crd.name} is in it twice, and differs")
        label = get(content, "metadata", "labels", _LABEL)
        if isinstance(label, str) and label[:1] == "v":
            self.releases.add(label[1:])
        for version, schema in crd_schema.schemas(content, crd, self.budget):
            self.fields[f"{crd.group}/{version}", crd.kind] = schema
