"""Finds the release that flux-operator installs: `spec.distribution.version` of a FluxInstance.

The chart `flux-instance` makes that object, and takes the version from its values,
`instance.distribution.version`. Field meanings: fluxcd.control-plane.io/operator/fluxinstance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.discover.embedded import objects
from fluxbump.discover.embedded.manifests import pin_of
from fluxbump.discover.embedded.objects import Piece
from fluxbump.discover.pins.kind import INSTANCE, Context, Found, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.variables import references
from fluxbump.flux.components import DEFAULT
from fluxbump.model import FLUX, Form, Pin, Role
from fluxbump.text import yaml
from fluxbump.text.languages import is_template_of_yaml
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.syntax import hcl
from fluxbump.text.version_forms import form_of
from fluxbump.text.yaml import Node, ScalarNode

NAME = "flux-instance"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ("flux-instance", "FluxInstance")
TRAITS = frozenset({KindTrait.TAKES_RANGE, KindTrait.RELEASE_OBJECT, KindTrait.BY_VARIABLE})

_KEY = "distribution"
FOLDERS: tuple[str, ...] = ("flux-instance", "flux-operator")
"""Parts of the path of a values file in which only a version and components are set."""
_OURS = (*FOLDERS, "controlplaneio-fluxcd", "ghcr.io/fluxcd")
"""Fixed texts, one of which is in each file whose key `instance` is that of flux-operator."""
_CHART = "flux-instance"
_VALUES = f"chart {_CHART}"
_DEFAULT = "2.x"
"""The version in the chart's own values.yaml, in all versions of the chart so far."""
_VERSION = r"v?[0-9][\w.+-]*|[0-9]+(?:\.(?:[0-9]+|[x*]))*|\*"
_EXPRESSION = r"(?:var|local)(?:\.[\w-]+)+"
"""Matches a variable of Terraform. Other expressions are left out."""
_SET = lazy_pattern(
    rf"""\binstance\.{_KEY}\.version(?:["']?\s{{0,80}}[=,]?\s{{0,80}}(?:value\s*=\s*)?["']?)
    (?:(?P<version>{_VERSION})(?![\w.])|(?P<expression>{_EXPRESSION}|{references.PIECE}|\$\w+)
    (?![\w.(\[]))""",
    re.VERBOSE,
)
_MAY_SET = lazy_pattern(rf"\binstance\.{_KEY}\.version|\bdynamic\b|\bset\s*=\s*[^\s\[]")
"""Matches the parts of a `helm_release` that may set the chart's release: by name, or computed."""
_BETWEEN = r"(?:[^{}]|\{[^{}]{0,400}\}){0,800}?"
"""Matches other entries of an object, which may be objects themselves."""
_ASSIGNED = lazy_pattern(
    rf"""\binstance["']?\s*[=:]\s*\{{{_BETWEEN}\b{_KEY}["']?\s*[=:]\s*\{{{_BETWEEN}
    \bversion["']?\s*[=:]\s*(?:["'](?P<version>{_VERSION})["']
    |(?P<expression>{_EXPRESSION})(?![\w.(\[]))""",
    re.VERBOSE,
)


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the releases in FluxInstance objects, and those in the values of their chart.

    A FluxInstance inside another text is found by the kind `embedded`.
    """
    yield from _by_default(file)
    yield from _in_terraform(file)
    if _KEY not in file.text:
        return
    for document, node in file.objects({INSTANCE}, lambda text: _KEY in text):
        scalar = document.scalar(yaml.get(node, "spec", _KEY, "version"))
        if scalar is not None:
            yield pin_at(NAME, FLUX, scalar, yaml.subject_of(node))
    if "instance" in file.text and _is_ours(file):
        yield from _of_values(file)


def _by_default(file: TextFile) -> Iterator[Pin]:
    """Yield a pin for each HelmRelease of the chart without a version, which gets the default."""
    for document, node in file.objects({"HelmRelease"}, lambda text: _CHART in text):
        spec = yaml.get(node, "spec")
        named = yaml.text_of(spec, "chart", "spec", "chart") or yaml.text_of(
            spec, "chartRef", "name"
        )
        if named != _CHART or yaml.get(spec, "valuesFrom") is not None:
            continue  # another file may say a version
        instance = yaml.get(spec, "values", "instance")
        if yaml.get(instance, _KEY, "version") is None:
            where = document.at(yaml.get(instance, _KEY) or instance or node)
            yield Pin(NAME, FLUX, where, 0, 0, _DEFAULT, Form.RANGE, f"{_VALUES} (by default)")


def _in_terraform(file: TextFile) -> Iterator[Pin]:
    """Yield a pin for each `helm_release` of the chart without a version, with the default."""
    if file.language is not Language.HCL or _CHART not in file.text:
        return
    for block in hcl.blocks(file.text, "resource", "helm_release"):
        chart = block.attribute("chart")
        if chart is None or chart.value != _CHART or not file.is_live(block.start):
            continue
        end = file.text.find("\nresource ", block.start)
        body = file.text[block.start : end if end >= 0 else len(file.text)]
        if block.attribute("values") is None and not _MAY_SET.search(body):
            where = file.location(chart.start)
            yield Pin(NAME, FLUX, where, 0, 0, _DEFAULT, Form.RANGE, f"{_VALUES} (by default)")


def components(file: TextFile, pin: Pin) -> frozenset[str] | None:
    """Return the components of an instance, or flux-operator's default if it lists none."""
    for document, node in file.objects({INSTANCE}, lambda text: _KEY in text):
        scalar = document.scalar(yaml.get(node, "spec", _KEY, "version"))
        if scalar is not None and scalar.start <= pin.start < scalar.end:
            listed = yaml.get(node, "spec", "components")
            names = [str(item.value) for item in yaml.items(listed) if isinstance(item, ScalarNode)]
            return frozenset(names) if listed is not None else DEFAULT
    return None


def _is_ours(file: TextFile) -> bool:
    return any(name in file.text or name in file.path for name in _OURS)


def _of_values(file: TextFile) -> Iterator[Pin]:
    source = objects.source(file.text)
    if file.is_yaml:
        for document in file.documents:
            if _KEY in document.source:
                yield from _in_piece(file, Piece(source, 0, document))
        return
    if not file.is_program:
        yield from _assigned(file)
    is_hcl = file.language is Language.HCL
    whole = ((0, len(file.text)),) if is_template_of_yaml(file.path) else ()
    for start, end in hcl.heredocs(file.text) if is_hcl else whole:
        for piece in source.pieces(start, end) if _KEY in file.text[start:end] else ():
            yield from _in_piece(file, piece)


def _assigned(file: TextFile) -> Iterator[Pin]:
    """Yield versions that a command, a `set` of Terraform, or a Terraform object assigns."""
    for pattern in (_SET, _ASSIGNED):
        for match in pattern.finditer(file.text):
            if file.is_live(match.start()):
                yield _pin(file, match)


def _in_piece(file: TextFile, piece: Piece) -> Iterator[Pin]:
    """Yield the versions in the values of a YAML text, and of its block scalars."""
    for mapping in yaml.mappings(piece.root):
        node = yaml.get(mapping, "instance", _KEY, "version")
        value = piece.value(node) if node is not None else None
        if value is not None and file.is_live(value.start):
            pin = pin_of(NAME, file, value, FLUX, _VALUES)
            if pin is not None:
                yield pin
        yield from _parameter(file, piece, mapping)
    for scalar in yaml.scalars(piece.root):
        held = piece.value(scalar) if str(scalar.style or "") == "|" else None
        if held is not None and _KEY in held.text:
            start = file.text.find("\n", held.start, held.end) + 1 or held.end
            for inner in piece.source.pieces(start, held.end):
                yield from _in_piece(file, inner)


def _parameter(file: TextFile, piece: Piece, mapping: Node) -> Iterator[Pin]:
    """Yield the version in a parameter of Argo CD or a `set` of helmfile, beside its name."""
    if yaml.text_of(mapping, "name") == f"instance.{_KEY}.version":
        value = piece.value(yaml.get(mapping, "value"))
        pin = pin_of(NAME, file, value, FLUX, _VALUES) if value else None
        if pin is not None:
            yield pin


def _pin(file: TextFile, match: re.Match[str]) -> Pin:
    variable = match["expression"] is not None
    start, end = match.span("expression" if variable else "version")
    form, skip = (Form.VARIABLE, 0) if variable else form_of(file.text[start:end])
    start += skip if form is Form.EXACT else 0
    where, value = file.location(start), file.text[start:end]
    return Pin(NAME, FLUX, where, start, end, value, form, _VALUES)
