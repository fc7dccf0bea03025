"""Finds the Flux custom resources of a snapshot, with the place of each apiVersion. Pure.

One search finds the files that name one of Flux's API groups. In these, `find` reads the head of
each YAML document with such an apiVersion, and parses only documents with an unusual head. Callers
that need the fields of objects use `parsed`. An apiVersion in other live text (a template, a
program, a ConfigMap, a reference from another object) is a mention: it may matter, but its use is
not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from fluxbump.discover.objects.api_mentions import GROUP, api_mentions
from fluxbump.discover.objects.resources import ObjectBody, Resource, Resources
from fluxbump.git.text_reader import TextReader
from fluxbump.model import Location, Snapshot, Unreadable
from fluxbump.system.parallel import Spread, serially
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile, suffix_of
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Document, Node, Scalar

NEEDLES = ("toolkit.fluxcd.io", "source.extensions.fluxcd.io")
"""The ends of Flux's API groups, one of which is in each file with a Flux custom resource."""

_OBJECT = lazy_pattern(
    r"""apiVersion["']?[ \t]*:(?:[ \t]+[&!]\S{1,100}){0,3}[ \t]*["']?""" + rf"{GROUP}/"
)
_YAML = frozenset({".yaml", ".yml", ".json"})
_TEMPLATE = lazy_pattern(r"\{\{|\{%|<%")
_INNER_SEPARATOR = lazy_pattern(r"^[ \t]*---[ \t]*\r?\n", re.MULTILINE)
_DIRECTIVE = lazy_pattern(r"^[\"']?\$patch[\"']?[ \t]*:", re.MULTILINE)
_REMOVES = lazy_pattern(r"^[\"']?\$patch[\"']?[ \t]*:[ \t]*[\"']?delete\b", re.MULTILINE)
_PATCH_PATH = lazy_pattern(r"(?:^|[/_.-])patch(?:es)?(?=[/_.-])", re.IGNORECASE)

# Of an object in the usual style. Each begins with a line break, which a text is searched for many
# times faster than for the start of a line, so they are used on a text with one in front.
_END = r"[ \t]*\r?(?=\n|\Z)"
_API_KEY = lazy_pattern(rf"\napiVersion: (?P<value>[\w./-]+){_END}")
_KIND_KEY = lazy_pattern(rf"\nkind: (?P<value>[\w./-]+){_END}")
_FIRST_KEY = lazy_pattern(r"\n(?=[A-Za-z])")
_BELOW_METADATA = r"\nmetadata:[ \t]*\r?\n(?:(?:  .*|[ \t]*#.*|[ \t]*)\r?\n)*?"
_PLAIN = rf"(?P<value>[A-Za-z0-9][\w.-]*){_END}"
_NAME = lazy_pattern(rf"{_BELOW_METADATA}  name: {_PLAIN}")
_NAMESPACE = lazy_pattern(rf"{_BELOW_METADATA}  namespace: {_PLAIN}")


def find(
    snapshot: Snapshot,
    exclude: Callable[[str], bool],
    *,
    spread: Spread = serially,
) -> Resources:
    """Find all Flux custom resources of a snapshot.

    Args:
        snapshot: the snapshot to search.
        exclude: returns whether a path is excluded from the search.
        spread: divides the work on many files.
    """
    reader = TextReader(snapshot)
    wanted = [path for path in snapshot.grep(NEEDLES) if not exclude(path)]
    files = dict(reader.texts(wanted))
    parts = spread(_find, list(files.items()))
    return Resources(
        tuple(resource for part in parts for resource in part.resources),
        tuple(mention for part in parts for mention in part.mentions),
        (*reader.refused, *(unreadable for part in parts for unreadable in part.unreadable)),
        {path: files[path] for part in parts for path in part.paths},
    )


class _Found(Struct):
    """The results for some files; `paths` are the files with resources."""

    resources: list[Resource]
    mentions: list[Resource]
    unreadable: list[Unreadable]
    paths: list[str]


def _find(files: Sequence[tuple[str, str]]) -> _Found:
    result = _Found([], [], [], [])
    for path, text in files:
        file = TextFile(path, text)
        documents = tuple(_documents(file))
        found = [resource for document in documents for resource in _resources(document)]
        broken = [document for document in documents if _broken(document)]
        known = {resource.start for resource in found if "/v" in resource.api_version}
        result.unreadable += [unreadable for document in broken for unreadable in _broken(document)]
        if "healthCheck" in text and text.count("fluxcd.io/v") > len(known):
            known.update(start for document in documents for start in _checked(document))
        result.mentions += api_mentions(file, known, broken)
        result.resources += found
        if found:
            result.paths.append(path)
    return result


def parsed(path: str, text: str) -> Iterator[ObjectBody | Unreadable]:
    """Yield the resources of one file with their parsed objects, in the order of the text.

    A document that cannot be parsed is yielded as `Unreadable` instead of its resources.
    """
    for document in _documents(TextFile(path, text)):
        yield from _bodies(document)
        yield from _broken(document)


def bodies(path: str, text: str) -> Iterator[ObjectBody]:
    """Yield the resources of one file that can be parsed; see `parsed`."""
    return (result for result in parsed(path, text) if isinstance(result, ObjectBody))


def _checked(document: Document) -> Iterator[int]:
    """Yield the offsets of Flux's apiVersions in health checks.

    kustomize-controller takes group and kind from them, and asks for a version that is served.
    """
    for node in document.objects():
        spec = yaml.get(node, "spec")
        if "fluxcd.io/" not in (yaml.text_of(node, "apiVersion") or ""):
            continue
        for key in ("healthChecks", "healthCheckExprs"):
            for check in yaml.items(yaml.get(spec, key)):
                scalar = document.scalar(yaml.get(check, "apiVersion"))
                if scalar is not None and "fluxcd.io/v" in scalar.value:
                    yield scalar.start


def _broken(document: Document) -> tuple[Unreadable, ...]:
    """Return the problem of a document that could not be parsed; a template has none."""
    if document.problem is None or _TEMPLATE.search(document.source):
        return ()
    return (Unreadable(*document.problem),)


# --- objects ----------------------------------------------------------------------------------


def _documents(file: TextFile) -> Iterator[Document]:
    """Yield the documents of a YAML file that contain an apiVersion of Flux.

    A Helm template is left out: it is no YAML before it is rendered, even if it can be parsed.
    """
    if suffix_of(file.path) not in _YAML or not _OBJECT.search(file.text):
        return
    template = "/templates/" in f"/{file.path}"
    for document in file.documents or yaml.documents(file.text, file.path):
        source = document.source
        if _OBJECT.search(source) and not (template and "{{" in source):
            yield document


def _resources(document: Document) -> Iterator[Resource]:
    usual = _usual(document)
    if usual is not None:
        yield usual
    else:
        yield from (body.resource for body in _bodies(document))


def _usual(document: Document) -> Resource | None:
    """Read an object whose head is in block style, each key on a line of its own.

    A line that starts with such a key in the first column is a key of the root: the text of a
    block scalar is indented, and a flow or quoted scalar seldom is continued in that column.
    """
    text = f"\n{document.source}"
    apis, kinds = list(_API_KEY.finditer(text)), list(_KIND_KEY.finditer(text))
    name, first = _NAME.search(text), _FIRST_KEY.search(text)
    if not (len(apis) == len(kinds) == 1 and name and first and len(_OBJECT.findall(text)) == 1):
        return None
    api, kind = apis[0], kinds[0]["value"]
    if kind == "List" or re.fullmatch(GROUP, api["value"].rpartition("/")[0]) is None:
        return None
    namespace = _NAMESPACE.search(text)
    offset = api.start("value") - 1
    start = document.start + offset
    return Resource(
        api["value"],
        kind,
        name["value"],
        namespace["value"] if namespace else "",
        _place(document, first.start()),
        _place(document, offset),
        start,
        start + len(api["value"]),
        patch=_is_patch(document),
        removes="$patch" in document.source and _REMOVES.search(document.source) is not None,
    )


def _place(document: Document, offset: int) -> Location:
    source = document.source
    line = source.count("\n", 0, offset)
    return Location(
        document.path, document.line + line + 1, offset - (source.rfind("\n", 0, offset) + 1) + 1
    )


def _is_patch(document: Document) -> bool:
    """Whether a document is a patch: by its path, or by the directive `$patch` of kustomize."""
    directive = "$patch" in document.source and _DIRECTIVE.search(document.source)
    return bool(directive or _PATCH_PATH.search(document.path))


def _bodies(document: Document) -> Iterator[ObjectBody]:
    found = list(_objects(document, patch=_is_patch(document)))
    yield from found
    if len(_OBJECT.findall(document.source)) > len(found):
        for inner in _inline_patches(document):
            yield from _objects(inner, patch=True)


def _objects(document: Document, *, patch: bool) -> Iterator[ObjectBody]:
    for node in document.objects():
        scalar = document.scalar(yaml.get(node, "apiVersion"))
        kind = yaml.text_of(node, "kind")
        if scalar is not None and kind and _is_flux(scalar):
            yield ObjectBody(_resource(document, node, scalar, kind, patch=patch), document, node)


def _is_flux(scalar: Scalar) -> bool:
    return re.fullmatch(GROUP, scalar.value.rpartition("/")[0]) is not None


def _resource(document: Document, node: Node, api: Scalar, kind: str, *, patch: bool) -> Resource:
    return Resource(
        api_version=api.value,
        kind=kind,
        name=yaml.text_of(node, "metadata", "name") or "",
        namespace=yaml.text_of(node, "metadata", "namespace") or "",
        location=document.at(node),
        api_location=api.location,
        start=api.start,
        end=api.end,
        patch=patch,
        removes=patch and yaml.text_of(node, "$patch") == "delete",
    )


def _inline_patches(document: Document) -> Iterator[Document]:
    """Yield the manifests in block scalars below `patch` and `patchesStrategicMerge`.

    A literal block keeps its lines, and YAML may be indented as a whole. So each manifest is parsed
    as a part of the file's text, and its places are places in the file.
    """
    for mapping in yaml.mappings(document.root):
        for key, value in yaml.entries(mapping):
            nodes = yaml.items(value) if key == "patchesStrategicMerge" else (value,)
            if key in ("patch", "patchesStrategicMerge"):
                for node in nodes:
                    yield from _block(document, node)


def _block(document: Document, node: Node) -> Iterator[Document]:
    start, end = (mark.index + document.start for mark in (node.start_mark, node.end_mark))
    text = document.text
    first = text.find("\n", start, end) + 1
    if text[start : start + 1] != "|" or not first:
        return
    line = document.line + node.start_mark.line + 1
    for separator in [*_INNER_SEPARATOR.finditer(text, first, end), None]:
        stop = separator.start() if separator else end
        if _OBJECT.search(text, first, stop):
            yield Document(document.path, text, first, stop, line)
        after = separator.end() if separator else end
        line, first = line + text.count("\n", first, after), after
