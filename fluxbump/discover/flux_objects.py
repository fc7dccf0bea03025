"""Every Flux custom resource of a snapshot, and where its apiVersion stands. Pure.

One search finds the files that name one of Flux's API groups. Of those, `find` reads the YAML
documents with such an apiVersion by their heads, for every command, and parses only what is not
written in the usual way; `parsed` is for those who look at fields. An apiVersion anywhere else in
live text (a template, a program, a ConfigMap, a reference from another object) is a mention: it may
matter, and nothing here can tell what becomes of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from msgspec import Struct, field

from fluxbump.git.text_reader import TextReader
from fluxbump.model import Location, Snapshot, Unreadable
from fluxbump.system.parallel import Spread, serially
from fluxbump.text import yaml
from fluxbump.text.live_code import Language, TextFile, suffix_of
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Document, Node, Scalar

NEEDLES = ("toolkit.fluxcd.io", "source.extensions.fluxcd.io")
"""What a file with a Flux custom resource contains: the ends of Flux's API groups."""

_GROUP = r"(?:[a-z]+\.toolkit|source\.extensions)\.fluxcd\.io"
_OBJECT = lazy_pattern(
    r"""apiVersion["']?[ \t]*:(?:[ \t]+[&!]\S{1,100}){0,3}[ \t]*["']?""" + rf"{_GROUP}/"
)
_API_VERSION = lazy_pattern(rf"(?<![\w.-]){_GROUP}/v[0-9]+(?:(?:alpha|beta)[0-9]+)?(?![\w-])")
_KIND = lazy_pattern(r"""(?<![\w-])[kK]ind["']?[ \t]*[:=][ \t]*["'`]?(?P<kind>[A-Z][A-Za-z]+)""")
_KIND_LINES = 3  # how far from its apiVersion an object's kind is looked for, in lines
_YAML = frozenset({".yaml", ".yml", ".json"})
_TEMPLATE = lazy_pattern(r"\{\{|\{%|<%")
_INNER_SEPARATOR = lazy_pattern(r"^[ \t]*---[ \t]*\r?\n", re.MULTILINE)
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
_COMMENT_LINE = lazy_pattern(r"[ \t]*(?:#|//|/?\*|<!--|--[ \t])")


class Resource(Struct, frozen=True):
    """A Flux custom resource, or a place that speaks of one.

    Attributes:
        api_version: `helm.toolkit.fluxcd.io/v2`, as it stands.
        kind: `HelmRelease`; empty for a mention whose text does not say.
        name: of the object; empty when it has none.
        namespace: likewise.
        location: of the object's first character.
        api_location: of the apiVersion's value.
        start: offset of that value's first character in the file's decoded text.
        end: offset behind its last character.
        patch: only a part of an object, to be merged into one that stands elsewhere: an inline
            patch, or a file that says by its path that it is one.
        text_only: found as text; nothing was parsed, and nothing is known of its fields.
    """

    api_version: str
    kind: str
    name: str
    namespace: str
    location: Location
    api_location: Location
    start: int
    end: int
    patch: bool = False
    text_only: bool = False

    @property
    def group(self) -> str:
        """`helm.toolkit.fluxcd.io`."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """`v2`."""
        return self.api_version.rpartition("/")[2]

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind or "an object", self.name) if part)


class Resources(Struct, frozen=True):
    """What a snapshot holds of Flux's API.

    Attributes:
        resources: objects and patches, by path and offset.
        mentions: apiVersions in other live text.
        unreadable: documents with such an apiVersion that cannot be parsed, and whose head is not
            written in the usual way either. Below a usual head only `parsed` finds what is broken.
        files: the decoded text of every file that holds a resource, by path.
    """

    resources: tuple[Resource, ...] = ()
    mentions: tuple[Resource, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def written(found: Resources) -> dict[tuple[str, str], frozenset[str]]:
    """Return the API versions that the manifests write objects at, by group and kind."""
    versions: dict[tuple[str, str], frozenset[str]] = {}
    for resource in found.resources:
        key = (resource.group, resource.kind)
        versions[key] = versions.get(key, frozenset()) | {resource.version}
    return versions


class ObjectBody(Struct, frozen=True):
    """A resource with its parsed object, for those who look at its fields."""

    resource: Resource
    document: Document
    node: Node


def find(
    snapshot: Snapshot,
    exclude: Callable[[str], bool],
    *,
    spread: Spread = serially,
) -> Resources:
    """Find every Flux custom resource of a snapshot.

    Args:
        snapshot: to search.
        exclude: tells the paths that are not to be read.
        spread: how work on many files is divided.
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
    """What some files hold; `paths` are those with resources."""

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
        result.mentions += _mentions(file, known, broken)
        result.resources += found
        if found:
            result.paths.append(path)
    return result


def parsed(path: str, text: str) -> Iterator[ObjectBody | Unreadable]:
    """Yield the resources of one file with their parsed objects, in the order of the text.

    A document that cannot be parsed is in the place of its resources.
    """
    for document in _documents(TextFile(path, text)):
        yield from _bodies(document)
        yield from _broken(document)


def bodies(path: str, text: str) -> Iterator[ObjectBody]:
    """Yield the resources of one file that can be parsed; see `parsed`."""
    return (result for result in parsed(path, text) if isinstance(result, ObjectBody))


def _broken(document: Document) -> tuple[Unreadable, ...]:
    """Say why a document could not be parsed, if that was tried; a template is none yet."""
    if document.problem is None or _TEMPLATE.search(document.source):
        return ()
    return (Unreadable(*document.problem),)


# --- objects ----------------------------------------------------------------------------------


def _documents(file: TextFile) -> Iterator[Document]:
    """Yield the documents that hold such an apiVersion.

    A Helm template is not YAML before it is rendered, even where it happens to parse.
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
    if kind == "List" or re.fullmatch(_GROUP, api["value"].rpartition("/")[0]) is None:
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
        patch=_PATCH_PATH.search(document.path) is not None,
    )


def _place(document: Document, offset: int) -> Location:
    source = document.source
    line = source.count("\n", 0, offset)
    return Location(
        document.path, document.line + line + 1, offset - (source.rfind("\n", 0, offset) + 1) + 1
    )


def _bodies(document: Document) -> Iterator[ObjectBody]:
    patch = _PATCH_PATH.search(document.path)
    found = list(_objects(document, patch=patch is not None))
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
    return re.fullmatch(_GROUP, scalar.value.rpartition("/")[0]) is not None


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
    )


def _inline_patches(document: Document) -> Iterator[Document]:
    """Yield the manifests that stand as block scalars under `patch` and `patchesStrategicMerge`.

    The lines of a literal block keep their shape, and YAML may be indented as a whole, so each is
    read where it stands and every place in it is a place in the file.
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


# --- mentions ---------------------------------------------------------------------------------


def _mentions(
    file: TextFile, known: Collection[int], broken: Collection[Document]
) -> Iterator[Resource]:
    """Yield the apiVersions in live text that belong to no resource."""
    if file.language is Language.DOCUMENT or file.text.count("fluxcd.io/v") <= len(known):
        return
    for match in _API_VERSION.finditer(file.text):
        start, end = match.span()
        covered = start in known or any(
            document.start <= start < document.end for document in broken
        )
        if not covered and _is_live(file, start):
            where = file.location(start)
            kind = _kind_near(file.text, match)
            yield Resource(match.group(), kind, "", "", where, where, start, end, text_only=True)


def _is_live(file: TextFile, offset: int) -> bool:
    """Whether text is neither a comment nor prose.

    Unlike a version pin, an apiVersion in a program is live: the program will ask for it.
    """
    start, end = file.line_span(offset)
    if _COMMENT_LINE.match(file.text, start, end):
        return False
    return file.language is Language.APPLICATION or file.is_live(offset)


def _kind_near(text: str, match: re.Match[str]) -> str:
    """Return the kind that stands closest, behind the apiVersion or before it."""
    behind = "\n".join(text[match.end() : match.end() + 400].split("\n")[: _KIND_LINES + 1])
    before = "\n".join(text[max(0, match.start() - 400) : match.start()].split("\n")[-_KIND_LINES:])
    found = _KIND.search(behind) or next(iter(list(_KIND.finditer(before))[-1:]), None)
    return found["kind"] if found else ""
