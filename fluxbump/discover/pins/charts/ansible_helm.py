"""Finds Ansible tasks that install the chart with helm, and entries of lists for such tasks.

The modules `helm`, `helm_template` and `helm_pull` of kubernetes.core (formerly
community.kubernetes) call the chart `chart_ref`, and its version `chart_version`. No other tool has
such a key, so it tells by itself, also in the lists that roles loop over.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import BY_HAND, Context, Found, from_elsewhere, pin_at, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX2, Form, Note, Role
from fluxbump.text import version_ranges, yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document, Node

NAME = "ansible-helm"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.BOOTSTRAP, KindTrait.BY_VARIABLE})

_CHART = "chart_ref"
_REPOSITORIES = ("chart_repo_url", "repo_url")
_ADDED = "helm_repository"
_OCI = "oci://"
_PATHS = (".", "/", "~", "{")
_FOLDERS = frozenset({"charts", "chart", "helm", "files"})


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the `chart_version` beside each `chart_ref` that names a chart fluxbump bumps."""
    if _CHART not in file.text:
        return
    for document in file.documents:
        if _CHART not in document.source or not context.is_named_in(document.source):
            continue
        for task in yaml.mappings(document.root):
            found = _found(document, task, context)
            if found is not None and file.is_live(task.start_mark.index + document.start):
                yield found


def _found(document: Document, task: Node, context: Context) -> Found | None:
    chart = (yaml.text_of(task, _CHART) or "").strip().rstrip("/")
    name = chart.rpartition("/")[2]
    track = context.track_of(name)
    source = _source(document, task, chart)
    removed = yaml.text_of(task, "state") == "absent"
    if track is None or source is None or removed:
        return None
    if track == FLUX2 and _is_foreign(source, context):
        held = yaml.text_of(task, "chart_version")
        return from_elsewhere(document.at(task), "an Ansible task installs", source, held)
    subject = f"Ansible task for {name}"
    version = document.scalar(yaml.get(task, "chart_version"))
    if version is None:
        return unpinned(NAME, track, document.at(yaml.get(task, _CHART)), subject)
    pin = pin_at(NAME, track, version, subject)
    if pin.form is Form.RANGE and not version_ranges.is_constraint(pin.value):
        message = f"{subject} names {pin.value}, which is neither a version nor a range"
        return Note(pin.location, message, advice=BY_HAND)
    return pin


def _is_foreign(source: str, context: Context) -> bool:
    return bool(source) and "{{" not in source and not context.is_community(source)


def _source(document: Document, task: Node, chart: str) -> str | None:
    """Return the repository of a task's chart; empty if the file has none, None for a folder."""
    place, slash, _ = chart.rpartition("/")
    if chart.startswith(_OCI):
        return place
    for key in _REPOSITORIES:
        repository = yaml.text_of(task, key)
        if repository:
            return repository
    if not slash or chart.startswith(_PATHS) or place.partition("/")[0] in _FOLDERS:
        return None  # a path, whose version helm ignores
    return _added(document, place)


def _added(document: Document, alias: str) -> str:
    """Return the URL that a `helm_repository` task of the file adds under a name."""
    if _ADDED not in document.source:
        return ""
    for task in yaml.mappings(document.root):
        for key, value in yaml.entries(task):
            if key.rpartition(".")[2] == _ADDED and yaml.text_of(value, "name") == alias:
                return yaml.text_of(value, "repo_url") or yaml.text_of(value, "url") or ""
    return ""
