"""The chart flux2 in a mapping of any tool: its name, where it comes from, and its version.

k0s, Rancher Fleet, vendir, Skaffold and Zarf install charts so, each under keys of its own. The
source that the mapping or the alias names tells that it is the community's chart.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import BY_HAND, Context, Found, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX2, Note, Pin, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.yaml import Document, Node

NAME = "chart-entry"
ROLE = Role.INSTALLS
TRAITS = frozenset({KindTrait.RECONCILED})

_CHARTS = ("chart", "chartName", "chartname", "remoteChart", "name")
_REPOSITORIES = ("repository", "repo", "repoURL", "repoUrl", "url")
_VERSIONS = ("version", "chartVersion", "targetRevision")
_OF_HELM = frozenset({"Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock"})
"""Files whose dependencies other kinds read, or leave alone for a reason."""


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the version beside each such chart; a note if a file lists several versions."""
    if FLUX2.name not in file.text or not any(url in file.text for url in context.repositories):
        return
    name = file.path.rpartition("/")[2]
    if not file.is_yaml or file.language is Language.LOCK or name in _OF_HELM or ".lock." in name:
        return
    pins = [pin for document in file.documents for pin in _in_document(document, context)]
    if len({pin.value for pin in pins}) > 1:
        message = "a list of several versions of the chart flux2"
        yield Note(pins[0].location, message, advice=BY_HAND)
    else:
        yield from pins


def _in_document(document: Document, context: Context) -> Iterator[Pin]:
    if FLUX2.name not in document.source:
        return
    mappings = [*yaml.mappings(document.root)]
    aliases = {
        yaml.text_of(mapping, "name") for mapping in mappings if _is_community(mapping, context)
    }
    for mapping in mappings:
        reference = next((text for key in _CHARTS if (text := _chart(mapping, key))), "")
        alias, _, chart = reference.rpartition("/")
        versions = [scalar for key in _VERSIONS if (scalar := yaml.get(mapping, key)) is not None]
        version = document.scalar(versions[0]) if len(versions) == 1 else None
        if version is None or not version.value or context.track_of(chart) != FLUX2:
            continue
        if alias in aliases if alias else _is_community(mapping, context):
            yield pin_at(NAME, FLUX2, version, "version beside chart flux2")


def _chart(mapping: Node, key: str) -> str:
    """Return what a key of a mapping calls a chart, if that is flux2."""
    text = (yaml.text_of(mapping, key) or "").rstrip("/")
    return text if text.rpartition("/")[2] == FLUX2.name else ""


def _is_community(mapping: Node, context: Context) -> bool:
    for key in _REPOSITORIES:
        url = yaml.text_of(mapping, key) or yaml.text_of(mapping, key, "url")
        if url is not None:
            return context.is_community(url)
    return False
