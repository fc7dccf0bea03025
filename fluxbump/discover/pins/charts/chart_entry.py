"""Finds mappings of various tools with the name, the repository and the version of the chart flux2.

k0s, Rancher Fleet, vendir, Skaffold and Zarf install charts by such mappings, each with its own
keys. The mapping's repository, or its alias, tells that the chart is the community's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fluxbump.discover.embedded import hcl_objects
from fluxbump.discover.embedded.manifests import Value
from fluxbump.discover.pins.kind import BY_HAND, Context, Found, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX2, Note, Pin, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.version_forms import form_of
from fluxbump.text.yaml import Document, Node

NAME = "chart-entry"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.RECONCILED})

_NAME = "name"
_CHARTS = ("chart", "chartName", "chartname", "remoteChart", _NAME)
_REPOSITORIES = ("repository", "repo", "repoURL", "repoUrl", "url")
_VERSIONS = ("version", "chartVersion", "chart_version", "targetRevision")
_SUBJECT = "version beside chart flux2"
_OF_HELM = frozenset({"Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock"})
"""Files whose dependencies other kinds read, or leave out for a reason."""


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the version in each such mapping, or a note if a file lists several versions."""
    if FLUX2.name not in file.text or not any(url in file.text for url in context.repositories):
        return
    name = file.path.rpartition("/")[2]
    if file.language is Language.LOCK or name in _OF_HELM or ".lock." in name:
        return
    if file.language is Language.HCL:
        pins = [*_in_hcl(file, context)]
    else:
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
        reference = _chart({key: yaml.text_of(mapping, key) for key in _CHARTS})
        alias, _, chart = reference.rpartition("/")
        versions = [scalar for key in _VERSIONS if (scalar := yaml.get(mapping, key)) is not None]
        version = document.scalar(versions[0]) if len(versions) == 1 else None
        if version is None or not version.value or context.track_of(chart) != FLUX2:
            continue
        if alias in aliases if alias else _is_community(mapping, context):
            yield pin_at(NAME, FLUX2, version, _SUBJECT)


def _in_hcl(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the versions in objects of Terraform's language, such as locals for a `for_each`."""
    objects = [*hcl_objects.mappings(file.text)]
    aliases = {held["name"].text for held in objects if "name" in held and _is_from(held, context)}
    for held in objects:
        reference = _chart({key: value.text for key, value in held.items()})
        alias, _, chart = reference.rpartition("/")
        versions = [held[key] for key in _VERSIONS if key in held]
        if len(versions) != 1 or not versions[0].plain or context.track_of(chart) != FLUX2:
            continue
        if "source" in held:
            continue  # a module, whose version is its own
        if (alias in aliases if alias else _is_from(held, context)) and file.is_live(
            versions[0].start
        ):
            yield _pin(file, versions[0])


def _pin(file: TextFile, version: Value) -> Pin:
    form, skip = form_of(version.text)
    start = version.start + skip
    where, text = file.location(start), version.text[skip:]
    return Pin(NAME, FLUX2, where, start, version.end, text, form, _SUBJECT)


def _is_from(held: Mapping[str, Value], context: Context) -> bool:
    url = next((held[key].text for key in _REPOSITORIES if key in held), None)
    return url is not None and context.is_community(url)


def _chart(held: Mapping[str, str | None]) -> str:
    """Return the chart as a mapping names it, if it is flux2; empty otherwise.

    The key `name` counts only if no other key names a chart, since it may be the release's name.
    """
    named = [text for key in _CHARTS if key != _NAME and (text := held.get(key))]
    text = (named[0] if named else held.get(_NAME) or "").rstrip("/")
    return text if text.rpartition("/")[2] == FLUX2.name else ""


def _is_community(mapping: Node, context: Context) -> bool:
    for key in _REPOSITORIES:
        url = yaml.text_of(mapping, key) or yaml.text_of(mapping, key, "url")
        if url is not None:
            return context.is_community(url)
    return False
