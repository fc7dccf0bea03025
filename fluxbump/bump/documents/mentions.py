"""Finds places that name an old version and are no pins: comments, documents, code. Pure.

fluxbump lists mentions for a review and does not rewrite them. The exception is a marked row of
a mapping table, which `row_edits` rewrites.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from fluxbump.bump.changes import Plan
from fluxbump.discover.mentions import flux_keys, history_texts, statements
from fluxbump.discover.mentions.commit_comments import release_behind
from fluxbump.discover.mentions.marked_rows import Token
from fluxbump.discover.pins import traits
from fluxbump.flux.tables import images
from fluxbump.model import FLUX, FLUX2, Form, Inventory, Mention, Pin, Track, TrackKind
from fluxbump.text import versions
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.splice import Edit

_FLUX_NAME = lazy_pattern("flux", re.IGNORECASE)
_TEXT_WIDTH = 100
_PACKAGE_LISTS = frozenset(
    {"go.mod", "modules.txt", ".tool-versions", "mise.toml", ".mise.toml", "aqua.yaml"}
    | {"package.json"}
)
"""Files that name a package on each line: another package can have the same version as Flux."""


def find(
    files: Iterable[TextFile],
    inventory: Inventory,
    plan: Plan,
    skip: Iterable[Edit],
    app_versions: Mapping[str, str] | None = None,
) -> Iterator[Mention]:
    """Yield the places that name a version which the plan moves away from.

    A mention is the full version, or its line beside the name (`Flux v2.4`) if the plan leaves that
    line, or a statement about the present beside the name that is not true of the target.

    Args:
        files: the candidates, and the other files that contain a version from `outdated`.
        inventory: its pins, and the places of its notes, are not mentions.
        plan: says which versions become outdated.
        skip: the edits of mapping rows. Their lines are not mentions.
        app_versions: the Flux release of each version of the community chart.
    """
    old = outdated(plan)
    if not old:
        return
    pins = {place for pin in inventory.pins for place in _held(pin, inventory)}
    pinned: dict[str, set[Track]] = {}
    for pin in inventory.pins:
        pinned.setdefault(pin.location.path, set()).add(pin.track)
    spoken = _Spoken(statements.reader(plan.targets, app_versions or {}), old, plan.targets)
    noted = {note.location for note in inventory.notes}
    whole = {pin.location.path for pin in inventory.pins if pin.kind in traits.WHOLE_MANIFEST}
    for file in files:
        if file.language is Language.LOCK or file.path in whole:
            continue  # `discover` has notes on locks. A manifest of Flux is generated again
        done = [edit for edit in skip if edit.path == file.path]
        candidate = file.path in inventory.files
        found: list[Mention] = []
        for token in _each_on_its_line(file, old, pins):
            if _on_line_of(file, token, done):
                continue
            tracks = old[token.value]
            track = _named(file, token, tracks, pinned.get(file.path, set()), candidate=candidate)
            if track is not None:
                found.append(_mention(file, token, track))
        found += _spoken_of(file, spoken, [*found], pins, done)
        new = [mention for mention in found if mention.location not in noted]
        yield from sorted(new, key=lambda mention: mention.location)


def _held(pin: Pin, inventory: Inventory) -> Iterator[tuple[str, int]]:
    """Yield the path and offset of a pin, and of the version in the comment behind a commit."""
    path = pin.location.path
    yield path, pin.start
    if pin.form is Form.COMMIT:
        comment = release_behind(inventory.files[path], pin.end)
        if comment is not None:
            yield path, comment.start("version")


def _each_on_its_line(
    file: TextFile, values: Collection[str], pins: Collection[tuple[str, int]]
) -> Iterator[Token]:
    """Yield the places of these versions that are no pins, each version once on a line."""
    end, seen = -1, set[str]()
    for start, value in versions.occurrences(file.text, values):
        if (file.path, start) in pins:
            continue
        if start > end:
            end = file.text.find("\n", start)
            end = end if end >= 0 else len(file.text)
            seen = set()
        if value not in seen:
            seen.add(value)
            yield Token(value, start, start + len(value))


def _spoken_of(
    file: TextFile,
    spoken: _Spoken,
    listed: Iterable[Mention],
    pins: Collection[tuple[str, int]],
    done: Collection[Edit],
) -> Iterator[Mention]:
    """Yield the mentions that a text makes beside a name, one for each line and track."""
    seen = {(mention.location.line, mention.track) for mention in listed}
    for said in _said(file, spoken):
        token = Token(said.value, said.start, said.start + len(said.value))
        line = (file.location(said.start).line, said.track)
        if line in seen or (file.path, said.start) in pins or _on_line_of(file, token, done):
            continue
        seen.add(line)
        yield _mention(file, token, said.track)


class _Spoken(Struct, frozen=True):
    """The versions that texts are compared with.

    Attributes:
        reader: finds statements about versions beside the names of tracks.
        old: the versions that the plan leaves, with their tracks.
        targets: the version that each track gets.
    """

    reader: statements.Reader
    old: Mapping[str, tuple[Track, ...]]
    targets: Mapping[Track, str]

    def goes(self, said: statements.Said) -> bool:
        """Whether a statement names a line of releases that has an old version, not the target."""
        target = self.targets.get(said.track)
        if target is None or statements.is_one_of(said.value, (target,)):
            return False
        left = [value for value, tracks in self.old.items() if said.track in tracks]
        # The text of a full version is found without its name.
        return said.value not in left and statements.is_one_of(said.value, left)


def _said(file: TextFile, spoken: _Spoken) -> Iterator[statements.Said]:
    """Yield the statements that the plan makes outdated, and those that are stale for FB120."""
    right = {track: (value,) for track, value in spoken.targets.items()}
    every = list(
        statements.said(
            file, spoken.reader, lambda said: spoken.goes(said) or statements.is_wrong(said, right)
        )
    )
    if not every or history_texts.is_history(file.path):
        return
    lines = [said for said in every if spoken.goes(said)]
    wrong = [said for said in every if statements.is_wrong(said, right)]
    yield from statements.of_no_past(file, lines, spoken.reader)
    yield from statements.stale_of(file, wrong, spoken.reader)


def outdated(plan: Plan) -> dict[str, tuple[Track, ...]]:
    """Map every version that is current before the plan, and not after it, to its tracks.

    The tags of controllers in a replaced manifest are included.
    """
    found: dict[str, list[Track]] = {}
    moved = [(change.pin.track, change.pin.value) for change in plan.changes]
    moved += list(plan.current.items())
    moved += images_of_manifests(plan)
    for track, value in moved:
        if plan.targets.get(track) != value and track not in found.setdefault(value, []):
            found[value].append(track)
    return {value: tuple(tracks) for value, tracks in found.items() if tracks}


def images_of_manifests(plan: Plan) -> Iterator[tuple[Track, str]]:
    """Yield the tags of controllers that the replaced manifests leave, each with its track."""
    for change in plan.changes:
        if change.pin.kind in traits.WHOLE_MANIFEST:
            new = images.controllers(change.new)
            for name, tag in images.controllers(change.pin.value).items():
                if new.get(name) != tag:
                    yield Track(TrackKind.IMAGE, name), tag.removeprefix("v")


def _on_line_of(file: TextFile, token: Token, edits: Collection[Edit]) -> bool:
    start, end = file.line_span(token.start) if edits else (0, 0)
    return any(start <= edit.start <= end for edit in edits)


def _named(
    file: TextFile, token: Token, tracks: Collection[Track], pinned: set[Track], *, candidate: bool
) -> Track | None:
    """Decide which track a version in a text means, or None if it can mean something else.

    The text means a track in three cases. The line names the track. The version is one of Flux's
    own, in a file about Flux or under a key about Flux. The version is in a comment of a file that
    pins the track.
    """
    line = file.text[slice(*file.line_span(token.start))]
    listed = file.path.rpartition("/")[2] in _PACKAGE_LISTS
    about_flux = candidate and not listed
    for track in tracks:
        own = track in (FLUX, FLUX2)
        if own and _FLUX_NAME.search(line):
            return track
        if own and about_flux and not _is_of_another(file, token.start):
            return track
        if own and file.path.endswith((".yaml", ".yml")) and flux_keys.encloses(file, token.start):
            return track
        if not own and re.search(rf"(?<![\w-]){re.escape(track.name)}(?![\w-])", line):
            return track
        if not own and track in pinned and not listed and not file.is_live(token.start):
            return track
    return None


def _is_of_another(file: TextFile, offset: int) -> bool:
    """Whether a version in YAML belongs to a chart or an image that is not Flux's."""
    start, end = file.line_span(offset)
    before = file.text[max(0, start - _NEAR) : start].rpartition("\n---")[2].split("\n")[-_LINES:]
    behind = file.text[end : end + _NEAR].partition("\n---")[0].split("\n")[:_LINES]
    sources = [match["value"] for line in (*before, *behind) if (match := _SOURCE.match(line))]
    if not sources or any(_FLUX_NAME.search(value) for value in sources):
        return False
    return file.is_yaml and not file.in_comment(offset)


_NEAR = 400  # characters
_LINES = 4  # before a version and behind it, in which its source may stand
_SOURCE = lazy_pattern(r"[ \t-]*(?:chart|url|repoURL|repository|image):[ \t]*(?P<value>\S+)")


def _mention(file: TextFile, token: Token, track: Track) -> Mention:
    text = " ".join(file.text[slice(*file.line_span(token.start))].split())
    if len(text) > _TEXT_WIDTH:
        text = text[: _TEXT_WIDTH - 1] + "…"
    return Mention(track, file.location(token.start), token.value, text)
