"""Places that name a version without holding it: comments, documents, application code. Pure.

Mentions are listed for a person, never rewritten; a marked row of a mapping table is the one
exception (`row_edits`).
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
"""Files that name a package on each line: another one may have the version of Flux."""


def find(
    files: Iterable[TextFile],
    inventory: Inventory,
    plan: Plan,
    skip: Iterable[Edit],
    app_versions: Mapping[str, str] | None = None,
) -> Iterator[Mention]:
    """Yield the places that name a version which the plan moves away from.

    That is its text; its line (`Flux v2.4`) beside the name, where the plan leaves the line; and
    what a text states of the present, beside the name, that the target makes no truer.

    Args:
        files: candidates, and other files that contain one of `outdated`.
        inventory: its pins are not mentions, and neither is what its notes are about.
        plan: says which versions become outdated.
        skip: edits of mapping rows, which need nobody's attention.
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
            continue  # `discover` says what renews a lock; a manifest of Flux is made again
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
    """Yield where a pin holds its version: that of a commit is in the comment behind it."""
    path = pin.location.path
    yield path, pin.start
    if pin.form is Form.COMMIT:
        comment = release_behind(inventory.files[path], pin.end)
        if comment is not None:
            yield path, comment.start("version")


def _each_on_its_line(
    file: TextFile, values: Collection[str], pins: Collection[tuple[str, int]]
) -> Iterator[Token]:
    """Yield where these versions stand that are no pins, each once on a line."""
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
    """Yield what a text says beside a name, once for a line and a track."""
    seen = {(mention.location.line, mention.track) for mention in listed}
    for said in _said(file, spoken):
        token = Token(said.value, said.start, said.start + len(said.value))
        line = (file.location(said.start).line, said.track)
        if line in seen or (file.path, said.start) in pins or _on_line_of(file, token, done):
            continue
        seen.add(line)
        yield _mention(file, token, said.track)


class _Spoken(Struct, frozen=True):
    """What texts are held against: the names, what goes, and what comes in its place."""

    reader: statements.Reader
    old: Mapping[str, tuple[Track, ...]]
    targets: Mapping[Track, str]

    def goes(self, said: statements.Said) -> bool:
        """Whether a line of releases holds what the plan leaves, and not the target."""
        target = self.targets.get(said.track)
        if target is None or statements.is_one_of(said.value, (target,)):
            return False
        left = [value for value, tracks in self.old.items() if said.track in tracks]
        # The text of a full version is found without its name.
        return said.value not in left and statements.is_one_of(said.value, left)


def _said(file: TextFile, spoken: _Spoken) -> Iterator[statements.Said]:
    """Yield the lines of releases that go, and what is stale already as FB120 has it."""
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

    The tags of the controllers that a replaced manifest has had are among them.
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
    """Yield the tags of controllers that go with the manifests that are replaced."""
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
    """Decide which track a version text means, or None when it may as well mean something else.

    The line names the track; or the version is one of Flux's own in a file that is about Flux, or
    under a key that is; or it stands in a comment of a file that pins that very track.
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
    """Whether a version in YAML is that of a chart or an image that is not Flux's."""
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
