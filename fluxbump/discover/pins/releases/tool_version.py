"""Finds versions of the flux CLI in the files of tool managers, and behind Renovate's remarks.

Each manager has a file of its own and a name for the CLI: asdf and mise `flux2`, aqua the
repository, Nix (which devbox installs from) `fluxcd`, and the others `flux`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from fluxbump.discover.pins.kind import BY_HAND, Context, Found, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.variables import flux_names, renovate
from fluxbump.model import FLUX, Form, Note, Pin, Role
from fluxbump.text import version_ranges, versions, yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of
from fluxbump.text.yaml import Document

NAME = "tool-version"
ROLE = Role.TOOL
FILE_NAMES: tuple[str, ...] = (*flux_names.FILES, ".prototools")
NEEDLES: tuple[str, ...] = ("fluxcd@", '"fluxcd"', "fluxcd.io", "/flux:", "/flux-cli:")
TRAITS = frozenset[KindTrait]()

_TOOL = (
    r"(?:(?:aqua|ubi|github|asdf|go):)?(?:(?:github\.com/)?(?:fluxcd|tablexi)/(?:asdf-)?)?flux2"
    r"(?:/v2/cmd/flux)?"
)
_ASDF = lazy_pattern(rf"^{_TOOL}[ \t]+(?P<version>[^\s#]+)(?P<more>[ \t]+[^\s#]+)?", re.MULTILINE)
_MISE_FILE = lazy_pattern(
    r"(?:^|/)(?:\.?mise(?:\.[\w-]+){0,2}"
    r"|\.?mise/(?:config(?:\.[\w-]+){0,2}|conf\.d/[\w.-]+))\.toml\Z"
)
_TABLE = lazy_pattern(r"^[ \t]*\[{1,2}(?P<name>[^\]\n]+)\]+", re.MULTILINE)
_TOOLS = lazy_pattern(rf"""(?:tasks\.[\w.:"'-]+\.)?tools(?P<tool>\.["']?{_TOOL}["']?)?""")
_OPTIONS = r"(?:\[[^\]\n]*\])?"
_ENTRY = lazy_pattern(
    rf"""^[ \t]*["']?{_TOOL}{_OPTIONS}["']?[ \t]*=[ \t]*"""
    r"""(?:\{[^}\n]*?version[ \t]*=[ \t]*|\[[ \t]*)?["'](?P<version>[^"'\n]*)["']"""
    r"""(?P<more>[ \t]*,[ \t]*["'])?""",
    re.MULTILINE,
)
_TABLE_ENTRY = lazy_pattern(r"""^[ \t]*version[ \t]*=[ \t]*["'](?P<version>[^"'\n]*)["']""", re.M)
_DEVBOX = lazy_pattern(
    r""""fluxcd(?:@(?P<at>[^"\n]+)"|"\s*:\s*(?:"(?P<entry>[^"\n]*)"|"""
    r"""\{[^{}]*?"version"\s*:\s*"(?P<nested>[^"\n]*)"))"""
)
_AQUA = "fluxcd/flux2"
_PROTO = lazy_pattern(
    r"""\A(?:[^\[\n][^\n]*\n|\n)*?flux2?[ \t]*=[ \t]*["'](?P<version>[^"'\n]*)["']"""
)
_PKGX_FILE = lazy_pattern(r"(?:^|/)\.?(?:pkgx|tea)\.ya?ml\Z")
_PKGX = lazy_pattern(
    r"""^[^#\n]*?fluxcd\.io(?:/flux2?)?(?:@|["']?[ \t]*:[ \t]*["']?)(?P<version>[^\s"'#]+)""", re.M
)
_FEATURE = lazy_pattern(
    r""""[^"\s]+/flux(?:2|cd|-cli)?(?:-asdf|-cli)?:[^"\s]+"\s*:\s*\{[^{}]*?"version"\s*:\s*"""
    r""""(?P<version>[^"\n]*)\""""
)
_WHOLE = lazy_pattern(rf"\s*(?P<version>v?{versions.FULL.pattern})\s*")

_TOLD = lazy_pattern(
    r"(?:depName|packageName|lookupName)=(?:fluxcd/flux2"
    r"|(?:ghcr\.io/|docker\.io/)?fluxcd/flux-(?:cli|manifests))(?![\w/.-])"
)
_SOURCES = ("github-releases", "github-tags", "docker", "git-tags")


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the versions of the flux CLI in a file of a tool manager.

    A version with a remark for Renovate counts in all live files.
    """
    if file.path.rpartition("/")[2] in flux_names.FILES:
        yield from _whole(file)
    if "flux" in file.text:
        yield from _of_manager(file)
        yield from _told(file, context)


def _of_manager(file: TextFile) -> Iterator[Found]:
    name = file.path.rpartition("/")[2]
    if name in _READERS:
        yield from _READERS[name](file)
    elif _MISE_FILE.search(file.path):
        yield from _mise(file)
    elif _PKGX_FILE.search(file.path):
        yield from _matched(file, _PKGX, "flux of pkgx")
    elif _AQUA in file.text and file.is_yaml:
        for document in file.documents:
            if _AQUA in document.source and "packages" in document.source:
                yield from _aqua(file, document)


def _found(file: TextFile, start: int, text: str, subject: str) -> Found:
    form, skip = form_of(text)
    start, end = start + skip, start + len(text)
    where, value = file.location(start), text[skip:]
    if form is Form.RANGE and not version_ranges.is_constraint(value):
        message = f"{subject} is {value}, which is neither a version nor a range"
        return Note(where, message, advice=BY_HAND)
    return Pin(NAME, FLUX, where, start, end, value, form, subject)


def _several(file: TextFile, start: int, subject: str) -> Note:
    return Note(file.location(start), f"{subject} names several versions", advice=BY_HAND)


# --- the files of tool managers --------------------------------------------------------------


def _lines(file: TextFile) -> Iterator[Found]:
    for match in _ASDF.finditer(file.text):
        if match["more"]:
            yield _several(file, match.start("version"), "flux2 of asdf")
        else:
            yield _found(file, match.start("version"), match["version"], "flux2 of asdf")


def _mise(file: TextFile) -> Iterator[Found]:
    tables = [*_TABLE.finditer(file.text)]
    ends = [*(table.start() for table in tables), len(file.text)][1:]
    for table, end in zip(tables, ends, strict=True):
        tools = _TOOLS.fullmatch(table["name"].strip())
        if tools is None or file.in_comment(table.start()):
            continue
        pattern = _TABLE_ENTRY if tools["tool"] else _ENTRY
        for match in pattern.finditer(file.text, table.end(), end):
            if not file.is_live(match.start("version")):
                continue
            if match.groupdict().get("more"):
                yield _several(file, match.start("version"), "flux2 of mise")
            else:
                yield _found(file, match.start("version"), match["version"], "flux2 of mise")


def _matched(file: TextFile, pattern: re.Pattern[str], subject: str) -> Iterator[Found]:
    """Yield the version in a file with a syntax of its own; the pattern matches no comment."""
    for match in pattern.finditer(file.text):
        if not file.in_comment(match.start("version")):
            yield _found(file, match.start("version"), match["version"], subject)


def _whole(file: TextFile) -> Iterator[Found]:
    match = _WHOLE.fullmatch(file.text)
    if match:
        yield _found(file, match.start("version"), match["version"], "a version file")


def _devbox(file: TextFile) -> Iterator[Found]:
    for match in _DEVBOX.finditer(file.text):
        part = match.lastgroup or "at"
        if file.is_live(match.start()):
            yield _found(file, match.start(part), match[part], "fluxcd of devbox")


def _proto(file: TextFile) -> Iterator[Found]:
    return _matched(file, _PROTO, "flux of proto")


def _feature(file: TextFile) -> Iterator[Found]:
    return _matched(file, _FEATURE, "flux of a dev container feature")


def _aqua(file: TextFile, document: Document) -> Iterator[Found]:
    for package in yaml.items(yaml.get(document.root, "packages")):
        name = document.scalar(yaml.get(package, "name"))
        version = document.scalar(yaml.get(package, "version"))
        if name is None or name.value.partition("@")[0] != _AQUA:
            continue
        text = name.value.partition("@")[2]
        if text and name.editable:
            yield _found(file, name.end - len(text), text, "flux2 of aqua")
        elif text:
            yield pin_at(NAME, FLUX, name, "flux2 of aqua")
        elif version is not None:
            yield pin_at(NAME, FLUX, version, "flux2 of aqua")


_READERS: Mapping[str, Callable[[TextFile], Iterator[Found]]] = {
    ".tool-versions": _lines,
    "devbox.json": _devbox,
    ".prototools": _proto,
    "devcontainer.json": _feature,
    ".devcontainer.json": _feature,
}
"""What reads the file of one purpose, by the file's name."""


# --- what Renovate is told -------------------------------------------------------------------


def _told(file: TextFile, context: Context) -> Iterator[Found]:
    for _, place in renovate.told(file, _TOLD, _SOURCES, context.is_acted_on):
        begin, text = place.start("version"), place["version"]
        where, subject = file.location(begin), "what Renovate is told is flux2"
        yield Pin(NAME, FLUX, where, begin, begin + len(text), text, Form.EXACT, subject)
        yield from _digest(file, begin, text, context)


def _digest(file: TextFile, offset: int, version: str, context: Context) -> Iterator[Note]:
    """Yield a note on a digest that a bump would leave; the kind `digest` handles downloads."""
    if file.path in context.followed.pins:
        return
    beside = flux_names.digest_beside(file, offset)
    if beside is not None:
        message = f"a digest that may be of Flux {version}"
        yield Note(file.location(beside), message, held=(FLUX, version), advice=BY_HAND)
