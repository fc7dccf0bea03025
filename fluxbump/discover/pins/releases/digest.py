"""Finds digests of install.yaml, of the CLI's archives, and of the chart's archive."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fluxbump.discover.digests import cli_archives, names, spellings, tables
from fluxbump.discover.digests.artifacts import ARCHIVE, ARTIFACTS, CLI, MANIFEST, RELEASES
from fluxbump.discover.digests.download_of import Owners
from fluxbump.discover.digests.downloads import Download, Ownership
from fluxbump.discover.digests.places import Places
from fluxbump.discover.digests.spellings import Digest
from fluxbump.discover.embedded import program_source
from fluxbump.discover.pins.kind import BY_HAND, Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.urls import chart_archives
from fluxbump.discover.variables import references
from fluxbump.model import FLUX, Form, Note, Pin, Role, Track
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of

NAME = "digest"
ROLE = Role.FOLLOWS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.DIGEST})

_KEY = lazy_pattern(
    r"sha-?(?:256|512)|shasum|checksum|integrity|digest|hash|(?<![a-z])sha[\"']?\s*[:=]",
    re.IGNORECASE,
)
_CHECKED = lazy_pattern(r"[\"']?[ \t]+\*?[\"']?[\w$./{}-]+[\"']?\s*$")
# Nix's own names for digests of what is built from a source, and images, which a tag goes with.
_OF_OTHERS = lazy_pattern(
    r"(?:vendor|cargo|npmDeps|deps|mvn|go(?:Mod)?|yarn|pnpm|output)(?:Sha256|Hash)[\"']?\s*=\s*[\"']?\Z"
    r"|@sha(?:256|512):\Z"
)
_URL = lazy_pattern(
    r"(?<![\w.+-])[a-z][a-z0-9+.-]*://(?:\$?\{\{[^}\n]{0,200}\}\}|[^\s\"'`<>])+", re.IGNORECASE
)
_ASIDE = lazy_pattern(
    r"(?:home_?page|website|docs?|documentation|description|license|see)[\"']?\s*[:=]\s*[\"']?\Z",
    re.IGNORECASE,
)
_MANIFEST_URL = lazy_pattern(
    rf"{RELEASES}download/(?P<tag>(?>(?:{references.PIECE}|[^/\s\"'`])+))/install\.yaml(?![\w-]|\.\w)"
)


_TAKEN = lazy_pattern(
    r"(?:sha-?(?:256|512)|shasum|checksum|integrity|hash)[\"']?\s*[:=]\s*[\"']?(?:sha(?:256|512)[:-])?"
    r"(?:\$\{\{?|\$\(?|\{\{-?|(?=(?:var|local)\.))\s*(?P<reference>[A-Za-z_.][\w.]*)(?![\w.(])"
)
"""Matches a reference to a variable that holds the digest of a download."""


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the digests that belong to a file of Flux, and a note for each digest that may."""
    named = [artifact for artifact in ARTIFACTS.values() if artifact.whole in file.text]
    if not named and file.path not in context.followed.pins:
        return
    every = list(spellings.shaped(file.text))
    if not every and not _TAKEN.search(file.text):
        return
    downloads = _downloads(file, context)
    if not any(download.moves for download in downloads):
        return
    held = {pin.value for pin in context.followed.pins.get(file.path, ())}
    every, in_tables = tables.without(file, every, downloads, held)
    yield from in_tables
    some = [digest for digest in every if _is_digest(file, digest, context)]
    owners = Owners(Places(file, downloads, some))
    for digest in some:
        verdict = owners.of(digest)
        ours = verdict is not None and any(download.moves for download in verdict.downloads)
        if verdict is not None and ours and context.is_acted_on(file, digest.start):
            yield from _found(file, digest, verdict, downloads)
    for download in downloads:
        yield from _taken(owners, download, context)


def _is_digest(file: TextFile, digest: Digest, context: Context) -> bool:
    start, end = file.line_span(digest.start)
    if _OF_OTHERS.search(file.text, max(start, digest.start - 80), digest.start):
        return False
    if file.in_comment(digest.start):
        return False
    block = names.BLOCK.search(file.text, max(0, digest.start - 400), digest.start)
    set_here = context.followed.pins.get(file.path, ())
    begin = file.text.rfind("\n", 0, max(start - 1, 0)) + 1
    continued = _KEY.search(file.text, begin, start) if "\\" in file.text[begin:start] else None
    return bool(
        digest.encoding == "sri"
        or _KEY.search(file.text, start, end)
        or _CHECKED.match(file.text, digest.end, end)
        or continued
        or (block and _KEY.search(block["name"]))
        or any(start <= pin.start < end for pin in set_here)
    )


# --- what is downloaded ---------------------------------------------------------------------------


def _downloads(file: TextFile, context: Context) -> list[Download]:
    """Return the URLs in use, and the variables that hold versions which fluxbump bumps."""
    ours = {**_manifests(file, context), **_archives(file, context), **_of_cli(file, context)}
    moving = _moving(file, context)
    found = list[Download]()
    for match in _URL.finditer(file.text):
        start, end = match.span()
        if file.in_comment(start) or _is_aside(file, start):
            continue
        artifact = next((ours[at] for at in ours if start <= at < end), "")
        moves = bool(artifact) or bool(moving and moving.search(match.group()))
        found.append(Download(start, end, artifact, match.group(), moves))
    moving_files = {download.artifact for download in found if download.moves}
    found += _variables(file, context, shared="" in moving_files or len(moving_files) > 1)
    return sorted(found, key=lambda download: download.start)


def _manifests(file: TextFile, context: Context) -> dict[int, str]:
    doubts = program_source.doubts(file, _MANIFEST_URL)
    return {
        match.start(): MANIFEST.name
        for match in _MANIFEST_URL.finditer(file.text)
        if context.is_acted_on(file, match.start())
        and (
            doubts[match.start()] is None
            if file.is_program
            else _is_held(file, match, context) and not references.is_searched(file, match.start())
        )
    }


def _is_held(file: TextFile, match: re.Match[str], context: Context) -> bool:
    followed = (file.path, match.start("tag")) in context.followed.uses
    return followed or references.is_version(match["tag"])


def _archives(file: TextFile, context: Context) -> dict[int, str]:
    found = chart_archives.found(file, context.is_acted_on)
    return {match.start(): ARCHIVE.name for match, doubt in found if doubt is None}


def _of_cli(file: TextFile, context: Context) -> dict[int, str]:
    return {
        match.start(): CLI.name
        for match, doubt in cli_archives.found(file, context.is_acted_on)
        if doubt is None
    }


def _is_aside(file: TextFile, start: int) -> bool:
    """Whether a URL is that of a page for people, such as a home page or documentation."""
    return _ASIDE.search(file.text, max(0, start - 40), start) is not None


def _moving(file: TextFile, context: Context) -> re.Pattern[str] | None:
    """Return a pattern for the variables of a file that hold a version which fluxbump bumps."""
    names = {
        pin.subject.partition(" ")[0].rpartition(".")[2]
        for pin in context.followed.pins.get(file.path, ())
    }
    patterns = (_MANIFEST_URL, chart_archives.URL, cli_archives.URL)
    for match in (match for pattern in patterns for match in pattern.finditer(file.text)):
        if (file.path, match.start("tag")) in context.followed.uses:
            reference = references.parse(match["tag"])
            names |= {reference.name[-1]} if reference else set()
    if not names:
        return None
    some = "|".join(re.escape(name) for name in sorted(names))
    return re.compile(rf"[{{$%(.\s\"'](?:{some})(?![\w-])")


def _variables(file: TextFile, context: Context, *, shared: bool) -> Iterator[Download]:
    for pin in context.followed.pins.get(file.path, ()):
        artifact = next((known for known in ARTIFACTS.values() if known.held in pin.subject), None)
        if artifact is not None:
            name = "" if shared else artifact.name
            yield Download(pin.start, pin.end, name, artifact.name, moves=True, variable=True)


# --- what is said of a digest ---------------------------------------------------------------------


def _found(
    file: TextFile, digest: Digest, verdict: Ownership, downloads: Sequence[Download]
) -> Iterator[Found]:
    where = file.location(digest.start)
    moving = [download for download in verdict.downloads if download.moves]
    if not moving:
        return
    artifact = ARTIFACTS.get(moving[0].artifact)
    if verdict.certain and artifact is not None and artifact.known:
        track = spellings.track(digest.encoding, artifact.name, digest.algorithm)
        value = file.text[digest.start : digest.end]
        subject = f"{digest.algorithm} of {artifact.name}"
        yield Pin(NAME, track, where, digest.start, digest.end, value, Form.EXACT, subject)
        return
    platform = _platform(file, digest, verdict, downloads)
    if verdict.certain and artifact is CLI and platform is not None:
        track = cli_archives.track(platform, digest.encoding)
        value = file.text[digest.start : digest.end]
        subject = f"{digest.algorithm} of flux_*_{platform}"
        yield Pin(NAME, track, where, digest.start, digest.end, value, Form.EXACT, subject)
        return
    what = " or ".join(dict.fromkeys(_named(file, download) for download in verdict.downloads))
    message = (
        f"a digest of {what}, whose version changes"
        if verdict.certain
        else f"a digest that may be of {what}"
    )
    held = _held(file, moving[0], artifact.track if artifact else FLUX)
    yield Note(where, message, held=held, advice=BY_HAND)


def _platform(
    file: TextFile, digest: Digest, verdict: Ownership, downloads: Sequence[Download]
) -> str | None:
    """Return the platform of the CLI's archive that a digest is of; None if several are possible.

    If the name of the variable connects the digest to the CLI, the file's only URL tells the
    platform.
    """
    if digest.algorithm != spellings.SHA256:
        return None
    urls = [download for download in verdict.downloads if not download.variable]
    urls = urls or [
        download
        for download in downloads
        if download.artifact == CLI.name and not download.variable
    ]
    found = {cli_archives.platform(file.text[url.start : url.end]) for url in urls}
    return found.pop() if len(found) == 1 else None


def _taken(owners: Owners, download: Download, context: Context) -> Iterator[Note]:
    """Yield a note on a URL whose digest is in a variable that another file sets."""
    file = owners.file
    artifact = ARTIFACTS.get(download.artifact)
    found = owners.taken(download, _TAKEN) if artifact and not download.variable else None
    if artifact is None or found is None:
        return
    held = _held(file, download, artifact.track)
    name = found["reference"].rpartition(".")[2]
    here = held[1] or file.path in context.followed.pins
    if here and not owners.is_named(name):
        where = file.location(found.start("reference"))
        what = f"the digest of {artifact.name} is in {name}, a variable that another file sets"
        yield Note(where, what, held=held, advice=BY_HAND)


def _held(file: TextFile, download: Download, track: Track) -> tuple[Track, str]:
    """Return the track and the exact version of a download; the version is empty if unknown."""
    text = file.text[download.start : download.end]
    patterns = (_MANIFEST_URL, cli_archives.URL) if track == FLUX else (chart_archives.URL,)
    match = next((found for pattern in patterns if (found := pattern.search(text))), None)
    tag = match["tag"] if match else text if download.variable else ""
    form, skip = form_of(tag)
    return track, tag[skip:] if form is Form.EXACT else ""


def _named(file: TextFile, download: Download) -> str:
    if download.variable or download.artifact not in ("", CLI.name):
        return download.artifact or download.identity
    return _shown(file.text[download.start : download.end])


def _shown(url: str) -> str:
    """Return the end of a URL, by which people recognize the file."""
    return url.partition("?")[0].rstrip("/").rpartition("/")[2] or url
