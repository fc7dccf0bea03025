"""Finds calls in programs that install the chart with helm: Pulumi, CDK, CDK8s, Crossplane, others.

The name of the chart and its version are in one call or one object literal. Their names are the
same in all languages: `chart`, `version`, `repository`. So no framework has to be known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from fluxbump.discover.pins.chart_calls import OTHERS, ChartCall, chart_calls
from fluxbump.discover.pins.kind import (
    BY_HAND,
    COMMUNITY_REPOSITORIES,
    CONFIGURE,
    Context,
    Found,
    beside_digest,
    from_elsewhere,
    pin_at,
    unpinned,
)
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.urls.chart_archives import RELEASES
from fluxbump.model import FLUX2, Form, Note, Pin, Role
from fluxbump.text import version_ranges, yaml
from fluxbump.text.languages import suffix_of
from fluxbump.text.literals import SourceText, SourceValue
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of
from fluxbump.text.yaml import Document, Node

NAME = "helm-call"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.BOOTSTRAP})

_VERSIONS = ("version", "chartversion", "chart_version", "targetrevision")
_URL = lazy_pattern(r"(?:https?|oci)://")
_IDENTIFIER = lazy_pattern(r"[A-Za-z_$][\w$]*")
_PULUMI = "kubernetes:helm.sh/"


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the version in every call that names a chart which moves.

    A version that the same file sets as a constant is found there.
    """
    if "hart" not in file.text or not context.is_named_in(file.text):
        return
    if file.is_yaml:
        yield from _pulumi(file, context)
    elif file.is_program or suffix_of(file.path) in OTHERS:
        source = SourceText(file)
        places: set[int] = set()
        for chart in chart_calls(file, source, context):
            found = _found(file, source, chart, context)
            if isinstance(found, Pin) and found.start in places:
                continue  # one constant for several calls
            if found is not None:
                places.add(found.start if isinstance(found, Pin) else -1)
                yield found


# --- what they hold ---------------------------------------------------------------------------


def _found(file: TextFile, source: SourceText, chart: ChartCall, context: Context) -> Found | None:
    where = file.location(chart.place.start)
    version = chart.one_of(_VERSIONS) or _beside_repository(source, chart)
    repository, known = _repository(file, source, chart)
    if chart.track == FLUX2 and _URL.match(repository) and not context.is_community(repository):
        held = version.text if version else None
        return from_elsewhere(where, "a program installs", repository, held)
    if not known or (repository and not _URL.match(repository) and "/" not in chart.text):
        if version is None:
            return None  # a name in a list, which installs nothing by itself
        what = f"a program names {chart.name} and a version, but no URL of a chart repository"
        return Note(where, what, advice=CONFIGURE)
    return _asked(file, source, chart, version)


def _asked(
    file: TextFile, source: SourceText, chart: ChartCall, version: SourceValue | None
) -> Found:
    """Return the pin of the version in a call, or a note if the version is not certain."""
    where = file.location(chart.place.start)
    subject = f"helm call for {chart.name}"
    if version is None and _may_take_more(file, source, chart):
        return Note(where, f"{subject} takes its version from elsewhere", advice=BY_HAND)
    if version is None:
        return unpinned(NAME, chart.track, where, subject)
    value = _settled(version) or _constant(file, source, version.text)
    if value is not None:
        return _pin(file, value, chart, subject)
    start, end = version.start, version.end
    text = file.text[start:end]
    return Pin(NAME, chart.track, file.location(start), start, end, text, Form.VARIABLE, subject)


def _beside_repository(source: SourceText, chart: ChartCall) -> SourceValue | None:
    """Return the version in the options of the download: `fetchOpts: {repo: …, version: …}`."""
    repository = chart.repository
    around = source.around(repository.name_start) if repository else None
    named = (
        source_value for source_value in chart.inside if source_value.name.lower() in _VERSIONS
    )
    return next(
        (
            source_value
            for source_value in named
            if source.around(source_value.name_start) == around
        ),
        None,
    )


# A name alone is also a value of that name; what is spread may hold anything.
_MORE = lazy_pattern(r"\.\.\.|\*\*\w|(?<![\w.\"'`])version\s*(?=[,}\n])", re.IGNORECASE)


def _may_take_more(file: TextFile, source: SourceText, chart: ChartCall) -> bool:
    """Whether a call takes values that are not written in it."""
    around = source.around(chart.place.name_start)
    found = _MORE.finditer(file.text, max(around[0], 0), around[1])
    return any(
        source.around(match.start()) == around
        and not source.is_in_text(match.start())
        and not file.in_comment(match.start())
        for match in found
    )


def _pin(file: TextFile, value: SourceValue, chart: ChartCall, subject: str) -> Found:
    form, skip = form_of(value.text)
    start = value.start + skip
    if form is Form.RANGE and not version_ranges.is_constraint(value.text):
        message = f"{subject} names {value.text}, which is neither a version nor a range"
        return Note(file.location(start), message, advice=BY_HAND)
    text = value.text[skip:]
    pin = Pin(NAME, chart.track, file.location(start), start, value.end, text, form, subject)
    return beside_digest(pin) if form is Form.EXACT and chart.has_digest else pin


def _repository(file: TextFile, source: SourceText, chart: ChartCall) -> tuple[str, bool]:
    """Return where a call takes the chart from, if it says so, and whether it says anything.

    What is not in the file, as with a setting, is empty.
    """
    if chart.text.startswith("oci://"):
        return chart.text.rpartition("/")[0], True
    repository = chart.repository
    if repository is None:
        return "", "/" in chart.text
    if RELEASES in repository.text:
        return COMMUNITY_REPOSITORIES[0], True  # the URL of the archive, which has the version too
    if repository.is_text:
        return repository.text, True
    value = _constant(file, source, repository.text)
    return (value.text if value else ""), True


def _constant(file: TextFile, source: SourceText, expression: str) -> SourceValue | None:
    """Return the string that a file gives a name once, and nothing else."""
    wrapped = re.fullmatch(r"[&*]?[\w.]+\(\s*([A-Za-z_$][\w$]*)\s*\)", expression)
    name = wrapped[1] if wrapped else expression.rstrip("!")
    if not _IDENTIFIER.fullmatch(name):
        return None
    given = [source_value for source_value in source.given if source_value.name == name]
    typed = [
        source_value
        for source_value in given
        if source_value.sign == ":" and not source_value.is_text
    ]
    values = [source_value for source_value in given if source_value not in typed] or list(
        _typed(file, name)
    )
    return _settled(values[0]) if len(values) == 1 else None


_DEFAULT = lazy_pattern(r"""[^"'`\n]*(?:\?\?|\|\||\bor\b)\s*(["'`])(?P<value>[^"'`$%{\n]*)\1""")


def _settled(value: SourceValue) -> SourceValue | None:
    """Return a string, also one that counts if nothing else is given: `a ?? "2.14.1"`."""
    if value.is_text:
        return value
    default = _DEFAULT.fullmatch(value.text)
    if default is None:
        return None
    start, end = (value.start + offset for offset in default.span("value"))
    return replace(value, start=start, end=end, text=default["value"], is_text=True)


def _typed(file: TextFile, name: str) -> Iterator[SourceValue]:
    """Yield the constants of that name whose type is written between: `const X: string = "…"`."""
    pattern = re.compile(
        rf"""(?<![\w.$]){re.escape(name)}\s*(?::\s*)?[&'\w.<>\[\]| ]*?\s*=\s*(["'`])([^"'`\n]*)\1"""
    )
    for match in pattern.finditer(file.text):
        if not file.in_comment(match.start()):
            start, end = match.span(2)
            yield SourceValue(name, "=", start, end, match[2], match.start(), is_text=True)


# --- Pulumi YAML ------------------------------------------------------------------------------


def _pulumi(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the versions of a Pulumi program in YAML, whose resources have a type of helm.sh."""
    if _PULUMI not in file.text:
        return
    for document in file.documents:
        if _PULUMI not in document.source:
            continue
        for resource in yaml.mappings(document.root):
            properties = yaml.get(resource, "properties")
            of_helm = (yaml.text_of(resource, "type") or "").startswith(_PULUMI)
            if of_helm and properties is not None:
                yield from _of_pulumi(document, properties, context)


def _of_pulumi(document: Document, properties: Node, context: Context) -> Iterator[Found]:
    """Yield the version in the properties of a resource, if its chart moves."""
    chart = yaml.text_of(properties, "chart") or ""
    name = chart.rstrip("/").rpartition("/")[2]
    track = context.track_of(name)
    if track is None:
        return
    given = (yaml.text_of(properties, key, "repo") for key in ("repositoryOpts", "fetchOpts"))
    own = chart.rpartition("/")[0] if chart.startswith("oci://") else ""
    repository = next(filter(None, given), own)
    foreign = repository and "${" not in repository
    version = document.scalar(yaml.get(properties, "version"))
    subject = f"helm call for {name}"
    if track == FLUX2 and foreign and not context.is_community(repository):
        held = version.value if version else None
        yield from_elsewhere(document.at(properties), "Pulumi installs", repository, held)
    elif version is None:
        yield unpinned(NAME, track, document.at(properties), subject)
    else:
        yield pin_at(NAME, track, version, subject)
