"""Finds Flux objects inside other text: in a script, a template, a string, or another object.

A version is a pin only if its place is certain. An object that names a bumped chart and cannot be
read for certain gets a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from fluxbump.discover.embedded import hcl_objects, objects
from fluxbump.discover.embedded.manifests import FIELDS, Manifest, pin_of
from fluxbump.discover.embedded.objects import Source
from fluxbump.discover.pins.kind import Context, Found, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import Note, Role, Track
from fluxbump.text import yaml
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.syntax import hcl
from fluxbump.text.yaml import Document, Node

NAME = "embedded-manifest"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.TAKES_RANGE, KindTrait.CHART_OBJECT})

_KIND = lazy_pattern(
    r"""kind[\\"']*[ \t]*[:=][ \t]*[\\"']*(?P<kind>"""
    rf"""{"|".join(FIELDS)})(?![\w-])"""
)
_MOST_IN_LINE = 20
"""How many objects on one line are read, since each takes time by the length of the line."""

_NEAR = 3000
"""How many characters before and behind an unreadable object are searched for its chart."""


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the chart versions of Flux objects inside other text, not of the file's own objects."""
    if file.language in (Language.DOCUMENT, Language.APPLICATION):
        return
    matches = list(_matches(file))
    if not matches or not any(name in file.text for name in context.installable()):
        return
    reader = _Reader(file, objects.source(file.text), context)
    if file.is_yaml:
        yield from _in_yaml(reader, matches)
    elif file.language is Language.HCL:
        yield from _in_hcl(reader, matches)
    else:
        for match in _live(file, matches):
            yield from reader.read(match, 0, len(file.text))


def _matches(file: TextFile) -> Iterator[re.Match[str]]:
    """Yield where the text says such a kind, and it can be inside something.

    What begins a line of a YAML file is the file's own.
    """
    line, number = -1, 0
    for match in _KIND.finditer(file.text):
        before = file.text.rfind("\n", 0, match.start())
        number = number + 1 if before == line else 0
        line = before
        own = file.is_yaml and before == match.start() - 1
        if number < _MOST_IN_LINE and not own:
            yield match


def _live(file: TextFile, matches: list[re.Match[str]]) -> Iterator[re.Match[str]]:
    return (match for match in matches if file.is_live(match.start()))


class _Reader(Struct, frozen=True):
    """Reads one file's objects."""

    file: TextFile
    source: Source
    context: Context

    def concerns(self, text: str) -> bool:
        """Whether a text may install a chart that moves; also where its quotes are escaped."""
        named = _naming(self.context.installable()).search(text)
        return named is not None or self.context.is_installed_in(text)

    def read(self, match: re.Match[str], start: int, end: int) -> Iterator[Found]:
        """Read the object that says its kind at `match`, in the text between two offsets."""
        at, kind = match.start(), match["kind"]
        for piece in (self.source.block(at, start, end), self.source.flow(at, start, end)):
            manifest = piece.manifest(kind) if piece else None
            if manifest is not None and manifest.has("spec"):
                yield from self.found(manifest)
                return
        yield from self.unread(match, start, end)

    def found(self, manifest: Manifest) -> Iterator[Found]:
        """Yield the pin or the note about a manifest's version."""
        named, versions = FIELDS[manifest.kind]
        chart, name = manifest.text(*named), manifest.text("metadata", "name")
        if chart is None and manifest.kind == "HelmRelease" and not self.file.is_yaml:
            chart = name if manifest.text(*versions[0]) else None  # a patch names no chart
        track = self.context.track_of_object(manifest.kind, chart)
        if track is None:
            return
        subject = f"{manifest.kind} {name or '(no name)'}"
        held = next((path for path in versions if path in manifest.values), None)
        if held is None:
            if not manifest.templated:
                yield unpinned(NAME, track, self.file.location(manifest.start), subject)
                return
            yield self._note(manifest.start, manifest.kind, track, " without its version")
            return
        value = manifest.values[held]
        if not self.file.is_live(value.start):
            return
        pin = pin_of(NAME, self.file, value, track, subject)
        sure = not manifest.repeated & {named, held} and held[-1] != "digest"
        yield pin if pin and sure else self._note(value.start, manifest.kind, track)

    def unread(self, match: re.Match[str], start: int, end: int) -> Iterator[Found]:
        """Yield a note on an object that cannot be read, if it names a chart that moves."""
        text, pattern = self.file.text, _naming(self.context.names())
        begin, stop = max(start, match.start() - _NEAR), min(end, match.end() + _NEAR)
        begin = max(
            (kind_match.end() for kind_match in _KIND.finditer(text, begin, match.start())),
            default=begin,
        )
        behind = _KIND.search(text, match.end(), stop)
        named = pattern.search(text, begin, behind.start() if behind else stop)
        track = self.context.track_of(named["name"]) if named else None
        if track is not None:
            yield self._note(match.start(), match["kind"], track)

    def _note(self, at: int, kind: str, track: Track, lacks: str = "") -> Note:
        return Note(
            self.file.location(at),
            f"a {kind} of {track} inside other text{lacks}",
            advice="Add its version under `pins` in fluxbump.yaml",
        )


@cache
def _naming(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern for the name of a chart in a text of unknown language."""
    name = "|".join(re.escape(name) for name in names)
    return re.compile(
        rf"""(?:chart|url)[\\"']*[ \t]*[:=][ \t]*[\\"']*(?:[^\s"'\\]*/)?(?P<name>{name})(?![\w-])"""
    )


# --- hosts -----------------------------------------------------------------------------------


def _in_hcl(reader: _Reader, matches: list[re.Match[str]]) -> Iterator[Found]:
    """Yield the results for Terraform: from objects of its language, and from YAML in heredocs."""
    file, done = reader.file, list[tuple[int, int]]()
    for manifest in hcl_objects.manifests(file.text, FIELDS):
        done.append((manifest.start, manifest.end))
        yield from reader.found(manifest)
    bodies = tuple(hcl.heredocs(file.text))
    for match in _live(file, matches):
        body = next((span for span in bodies if span[0] <= match.start() < span[1]), None)
        if body is not None:
            yield from reader.read(match, *body)
        elif not any(start <= match.start() < end for start, end in done):
            yield from reader.unread(match, *file.line_span(match.start()))


def _in_yaml(reader: _Reader, matches: list[re.Match[str]]) -> Iterator[Found]:
    """Yield the results for a YAML file: from objects in objects, and from its strings."""
    for document in reader.file.documents:
        inside = [m for m in matches if document.start <= m.start() < document.end]
        if not inside or not reader.concerns(document.source):
            continue
        yield from _nested(reader, document)
        strings = list(_strings(document))
        for match in inside:
            around = next(
                (string for string in strings if string[0] <= match.start() < string[1]), None
            )
            if around is not None and reader.file.is_live(match.start()):
                yield from _in_string(reader, match, *around)


def _in_string(
    reader: _Reader, match: re.Match[str], start: int, end: int, style: str
) -> Iterator[Found]:
    if style == "|" or ("\\" not in reader.file.text[start:end] and style != ">"):
        yield from reader.read(match, start, end)
    else:
        yield from reader.unread(match, start, end)


def _strings(document: Document) -> Iterator[tuple[int, int, str]]:
    """Yield where the document's scalars are that can hold an object, and how they are written."""
    for node in yaml.scalars(document.root):
        start, end = document.start + node.start_mark.index, document.start + node.end_mark.index
        style = str(node.style or "")
        if style in ("|", ">"):
            start = document.text.find("\n", start, end) + 1 or end
        if _KIND.search(document.text, start, end):
            yield start, end, style


def _nested(reader: _Reader, document: Document) -> Iterator[Found]:
    """Yield the results for objects in other objects, such as resources or extra objects."""
    own = {id(node) for node in document.objects()}
    piece = objects.Piece(reader.source, 0, document)
    for node in yaml.mappings(document.root):
        kind = yaml.text_of(node, "kind") or ""
        if id(node) not in own and kind in FIELDS and _has_spec(node):
            manifest = piece.manifest_of(node, kind)
            if manifest is not None:
                yield from reader.found(manifest)


def _has_spec(node: Node) -> bool:
    return isinstance(yaml.get(node, "spec"), yaml.MappingNode)
