"""Finds chart versions that Kustomize patches into a release, in a kustomization or a patch file.

The chart is known by the name of the patched release: it is the name of the chart, or that of a
release in another file. Flux's substitutions count too, if a single chart takes the variable.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from fluxbump.discover.embedded import objects
from fluxbump.discover.embedded.manifests import FIELDS, Value, pin_of
from fluxbump.discover.embedded.objects import Piece
from fluxbump.discover.kustomize import patches
from fluxbump.discover.kustomize.patches import Patch, Target
from fluxbump.discover.pins.kind import CONFIGURE, INSTANCE, Context, Found, in_patch
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX, Links, Note, Role, Track
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document, Node

NAME = "kustomize-override"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.TAKES_RANGE})

_WORDS = ("patches", "replacements", "/spec", "substitute")


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the chart versions that the file's patches set."""
    name = file.path.rpartition("/")[2]
    if not (file.is_yaml or name in patches.FILES):
        return
    linked = context.links != Links()
    if not linked and not any(word in file.text for word in _WORDS):
        return
    reader = _Reader(file, context)
    # Its own documents: a broken file that only looks like a patch is no candidate to be fixed.
    for document in yaml.documents(file.text, file.path):
        if linked or any(word in document.source for word in _WORDS):
            yield from _document(reader, document, named=name in patches.FILES)


def _document(reader: _Reader, document: Document, *, named: bool) -> Iterator[Found]:
    piece = Piece(objects.source(reader.file.text), 0, document)
    root = document.root
    if patches.is_operations(root):
        yield from _patch_file(reader, piece)
        return
    kind = yaml.text_of(root, "kind")
    if kind in patches.BUILDERS or (named and kind is None):
        for patch in patches.of(root):
            yield from _inline(reader, piece, patch)
        yield from _replacements(reader, document)
        yield from _substitutes(reader, piece)
        return
    targets = reader.context.links.patches.get(reader.file.path, (("", ""),))
    for node in document.objects():
        if len(set(targets)) == 1:
            target = Target(*targets[0]) if any(targets[0]) else None
            yield from _merge(reader, piece, node, target, standalone=True)


class _Reader(Struct, frozen=True):
    """Reads the patches of one file."""

    file: TextFile
    context: Context

    def track(self, kind: str, target: Target) -> Track | str | None:
        """Return the track whose version a patch sets.

        Returns:
            A text if the track is not certain, which says why; None if it is no chart's here.
        """
        named = target.kind or kind == "HelmRelease"  # others have fields of the same names
        if not target.takes(kind) or not (named or target.name):
            return None
        if kind == INSTANCE:
            return FLUX if target.kind == INSTANCE else None
        links, key = self.context.links, f"{kind} {target.name}"
        if not target.name:
            every = f"it is for every {kind}" + (" with some labels" if target.selects else "")
            return every if target.selects else links.releases.get(key, every)
        if key in links.unsure:
            return f"releases of several charts are called {target.name}"
        if target.literal:
            by_name = self.context.track_of(target.name) if named else None
            return links.releases.get(key, by_name)
        names = [
            release.partition(" ")[2]
            for release in links.releases
            if release.startswith(f"{kind} ")
        ]
        several = target.may_name((*names, *self.context.names()))
        return f"it is for every {kind} called {target.name}" if several else None

    def pin(self, kind: str, target: Target, value: Value | None, at: int) -> Iterator[Found]:
        """Yield the pin or the note about the version that a patch sets in the release `target`."""
        track = self.track(kind, target)
        if isinstance(track, Track) and value is not None:
            subject = f"{kind} {target.name or 'of any name'}"
            pin = pin_of(NAME, self.file, value, track, subject)
            yield in_patch(pin) if pin else self.note(at, f"a patch sets the version of {track}")
        elif isinstance(track, Track):
            yield self.note(at, f"a patch of {track} removes its version")
        elif track is not None:
            yield self.note(at, f"a patch sets a chart version, but {track}")

    def note(self, at: int, message: str) -> Note:
        """Return a note about a place that fluxbump does not change."""
        return Note(self.file.location(at), message, advice=CONFIGURE)


# --- patches ---------------------------------------------------------------------------------


def _inline(reader: _Reader, piece: Piece, patch: Patch) -> Iterator[Found]:
    """Yield the results for a patch in a kustomization, written as a string or as YAML."""
    if patch.body is None:
        return
    if not isinstance(patch.body, yaml.ScalarNode):
        yield from _any(reader, piece, patch.body, patch.target)
        return
    style, value = str(patch.body.style or ""), piece.value(patch.body)
    if value is None:
        return
    if style == "|":
        start = reader.file.text.find("\n", value.start, value.end) + 1 or value.end
        for inner in piece.source.pieces(start, value.end):
            yield from _any(reader, inner, inner.root, patch.target)
    elif value.plain:
        inner = piece.source.piece(value.start, value.end)
        yield from _any(reader, inner, inner.root, patch.target)
    else:
        yield from _escaped(reader, patch, value.start)


def _escaped(reader: _Reader, patch: Patch, at: int) -> Iterator[Found]:
    """A patch of which the characters are not those of the file: its place cannot be told."""
    text = str(patch.body.value) if patch.body is not None else ""
    other = _Reader(TextFile("patch.yaml", text), reader.context)
    piece = Piece(objects.source(text), 0, yaml.documents(text, "patch.yaml")[0])
    if any(True for _ in _any(other, piece, piece.root, patch.target)):
        yield reader.note(at, "a patch sets a chart version in a folded or escaped string")


def _any(
    reader: _Reader, piece: Piece, node: Node | None, target: Target | None
) -> Iterator[Found]:
    if patches.is_operations(node):
        yield from _operations(reader, piece, node, target or Target())
    else:
        yield from _merge(reader, piece, node, target)


def _operations(
    reader: _Reader, piece: Piece, node: Node | None, target: Target
) -> Iterator[Found]:
    for operation in patches.operations(node):
        for kind, (_, versions) in FIELDS.items():
            for path in versions:
                value = piece.value(operation.at(*path))
                removed = operation.op == "remove" and path[: len(operation.path)] == operation.path
                if value is not None or removed:
                    at = piece.start + operation.node.start_mark.index + piece.document.start
                    yield from reader.pin(kind, target, value, at)


def _merge(
    reader: _Reader,
    piece: Piece,
    node: Node | None,
    target: Target | None,
    *,
    standalone: bool = False,
) -> Iterator[Found]:
    """A patch that is a part of the object: it names no chart, or the one that it sets."""
    kind = yaml.text_of(node, "kind") or (target.kind if target else "")
    if kind not in FIELDS or not isinstance(node, yaml.MappingNode):
        return
    named, versions = FIELDS[kind]
    manifest = piece.manifest_of(node, kind)
    held = next((version for version in versions if manifest and version in manifest.values), None)
    if manifest is None or held is None:
        return
    chart, name = manifest.text(*named), manifest.text("metadata", "name") or ""
    if standalone and (chart is not None or not name or _as_object(reader, kind, name)):
        return  # an object of its own, whatever else it is
    target = target or Target(kind, name)
    value = manifest.values[held]
    if chart is None:
        yield from reader.pin(kind, target, value, value.start)
        return
    track = reader.context.track_of_object(kind, chart)
    if track is not None:
        subject = f"{kind} {target.name or name}"
        pin = pin_of(NAME, reader.file, value, track, subject)
        yield (
            in_patch(pin)
            if pin
            else reader.note(value.start, f"a patch sets the version of {track}")
        )


def _as_object(reader: _Reader, kind: str, name: str) -> bool:
    """Whether the patch is one of a release that is called like its chart: a HelmRelease's pin."""
    return kind == "HelmRelease" and reader.context.track_of(name) is not None


def _patch_file(reader: _Reader, piece: Piece) -> Iterator[Found]:
    """A JSON patch names no target: the kustomization that names the file does."""
    targets = reader.context.links.patches.get(reader.file.path)
    if targets is None:
        for operation in patches.operations(piece.root):
            if operation.at(*FIELDS["HelmRelease"][1][0]) is not None:
                at = piece.document.start + operation.node.start_mark.index
                yield reader.note(
                    at,
                    "a JSON patch sets a chart version, but no kustomization here names it",
                )
        return
    found = [
        list(_operations(reader, piece, piece.root, Target(*results))) for results in set(targets)
    ]
    same = [results for results in found if results]
    if len(same) == len(found) and all(_tracks(results) == _tracks(same[0]) for results in same):
        yield from same[0]
    elif same:
        yield reader.note(piece.document.start, "a JSON patch sets the versions of several charts")


def _tracks(found: list[Found]) -> list[object]:
    return [
        result.location if isinstance(result, Note) else (result.track, result.start)
        for result in found
    ]


# --- replacements and substitutions ------------------------------------------------------------


def _replacements(reader: _Reader, document: Document) -> Iterator[Found]:
    """Yield a note on each replacement that takes the version from another field."""
    for mapping in yaml.mappings(document.root):
        for target in yaml.items(yaml.get(mapping, "targets")):
            select = yaml.get(target, "select")
            who = Target(yaml.text_of(select, "kind") or "", yaml.text_of(select, "name") or "")
            for field in yaml.items(yaml.get(target, "fieldPaths")):
                scalar = document.scalar(field)
                for kind, (_, versions) in FIELDS.items():
                    if scalar and tuple(scalar.value.split(".")) in versions:
                        track = reader.track(kind, who)
                        if isinstance(track, Track):
                            yield reader.note(
                                scalar.start, f"a replacement sets the version of {track}"
                            )


def _substitutes(reader: _Reader, piece: Piece) -> Iterator[Found]:
    """Yield the results for values that Flux substitutes in the manifests that it applies."""
    root = piece.document.root
    for name, node in yaml.entries(yaml.get(root, "spec", "postBuild", "substitute")):
        links, value, key = reader.context.links, piece.value(node), f"${{{name}}}"
        if value is not None and key in links.unsure:
            yield reader.note(value.start, f"{name} is a chart version, but has other uses")
        track = links.releases.get(key)
        if value is None or track is None:
            continue
        pin = pin_of(NAME, reader.file, value, track, f"substitute {name}")
        yield pin or reader.note(value.start, f"{name} is the version of {track}")
