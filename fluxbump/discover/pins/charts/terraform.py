"""Finds what Terraform and OpenTofu install: a `helm_release`, or Flux by its own provider.

Both syntaxes are read: HCL, and JSON in `.tf.json` and `.tofu.json`. Arguments:
registry.terraform.io/providers/fluxcd/flux, `flux_bootstrap_git` (`version`, by default the release
that the provider was made for).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.discover.pins.bootstrap_path import for_cluster
from fluxbump.discover.pins.kind import Context, Found, pin_at, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.flux.components import DEFAULT
from fluxbump.model import FLUX, Note, Pin, Role, Track
from fluxbump.text import yaml
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.syntax import hcl
from fluxbump.text.syntax.hcl import Block
from fluxbump.text.version_forms import form_of
from fluxbump.text.yaml import Document, Node

NAME = "terraform"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ("flux_bootstrap_git",)
TRAITS = frozenset({KindTrait.BOOTSTRAP, KindTrait.BY_VARIABLE})

BOOTSTRAP = "flux_bootstrap_git"
_CHART = "helm_release"
_JSON = (".tf.json", ".tofu.json")
_LIST = lazy_pattern(r"(?:toset\()?\[(?:\s|,|\"[a-z-]+\")*\]")
_NAME = lazy_pattern(r"[a-z]+(?:-[a-z]+)+")
_PROVIDER = lazy_pattern(
    r"""\{(?P<before>[^{}]{0,400})source["']?\s*[=:]\s*["'](?:[\w.-]+/)?fluxcd/flux["']
    (?P<behind>[^{}]{0,400})\}""",
    re.VERBOSE,
)
"""Matches the object with the version requirement of Flux's provider."""


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the versions of every resource that installs Flux, and a note on the provider's own."""
    is_json = file.path.endswith(_JSON)
    if not is_json and file.language is not Language.HCL:
        return
    yield from _in_json(file, context) if is_json else _in_hcl(file, context)
    yield from _provider(file)


def _track(resource: str, chart: str | None, context: Context) -> Track | None:
    return FLUX if resource == BOOTSTRAP else context.track_of(chart)


# --- HCL -------------------------------------------------------------------------------------


def _in_hcl(file: TextFile, context: Context) -> Iterator[Pin]:
    for resource in (_CHART, BOOTSTRAP):
        if resource not in file.text:
            continue
        for block in hcl.blocks(file.text, "resource", resource):
            chart = block.attribute("chart")
            track = _track(resource, chart.value if chart else None, context)
            if track is not None:
                path = block.attribute("path") if resource == BOOTSTRAP else None
                yield for_cluster(_pin(file, block, track), path.value if path else None)


def components(file: TextFile, pin: Pin) -> frozenset[str] | None:
    """Return what the provider of Flux installs; None for a chart, or if it is an expression."""
    if file.language is not Language.HCL or BOOTSTRAP not in file.text:
        return None
    for block in hcl.blocks(file.text, "resource", BOOTSTRAP):
        version = block.attribute("version")
        if version is not None and version.start <= pin.start < version.end:
            chosen = _names(block, "components", DEFAULT)
            extra = _names(block, "components_extra", frozenset())
            return None if chosen is None or extra is None else chosen | extra
    return None


def _names(block: Block, name: str, default: frozenset[str]) -> frozenset[str] | None:
    attribute = block.attribute(name)
    if attribute is None:
        return default
    listed = _LIST.match(attribute.text, attribute.start)
    return frozenset(_NAME.findall(listed[0])) if listed else None


def _pin(file: TextFile, block: Block, track: Track) -> Pin:
    subject = f"{block.labels[1]} {block.labels[-1]}"
    version = block.attribute("version")
    if version is None:
        return unpinned(NAME, track, file.location(block.start), subject)
    form, skip = form_of(version.value if version.value is not None else "${expression}")
    start, end = version.start + skip, version.end
    where = file.location(start)
    return Pin(NAME, track, where, start, end, file.text[start:end], form, subject)


# --- JSON ------------------------------------------------------------------------------------


def _in_json(file: TextFile, context: Context) -> Iterator[Pin]:
    """Read the JSON syntax, in which a block is an object, or a list of them."""
    for document in (
        file.documents if any(word in file.text for word in (_CHART, BOOTSTRAP)) else ()
    ):
        for resources in _blocks(yaml.get(document.root, "resource")):
            for resource in (_CHART, BOOTSTRAP):
                for labelled in _blocks(yaml.get(resources, resource)):
                    yield from _of_type(document, resource, labelled, context)


def _of_type(document: Document, resource: str, labelled: Node, context: Context) -> Iterator[Pin]:
    for label, body in yaml.entries(labelled):
        for block in _blocks(body):
            track = _track(resource, yaml.text_of(block, "chart"), context)
            if track is None:
                continue
            subject = f"{resource} {label}"
            scalar = document.scalar(yaml.get(block, "version"))
            pin = (
                unpinned(NAME, track, document.at(block), subject)
                if scalar is None
                else pin_at(NAME, track, scalar, subject)
            )
            path = yaml.text_of(block, "path") if resource == BOOTSTRAP else None
            yield for_cluster(pin, path)


def _blocks(node: Node | None) -> Iterator[Node]:
    """Yield the objects of a block, which may be one object or a list of them."""
    if isinstance(node, yaml.MappingNode):
        yield node
    for item in yaml.items(node):
        yield from _blocks(item)


# --- the provider ----------------------------------------------------------------------------


def _provider(file: TextFile) -> Iterator[Note]:
    """Yield one note for a file that the provider has versions of its own."""
    if "fluxcd/flux" not in file.text:
        return
    for match in _PROVIDER.finditer(file.text):
        held = "version" in match["before"] + match["behind"]
        if held and not file.in_comment(match.start()):
            yield Note(
                file.location(match.start()),
                "the Terraform provider fluxcd/flux has its own versions",
                certain=True,
            )
            return
