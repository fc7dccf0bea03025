"""Finds Go modules of Flux in a go.mod: the CLI's packages, and the controllers' API types.

`go build` refuses a module whose go.mod changed without go.sum, and the sums cannot be computed
without the module. So fluxbump does not change these pins, and lists the command that does. Syntax:
go.dev/ref/mod, "go.mod files".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX, Form, Note, Pin, Role, Track, TrackKind
from fluxbump.text import languages
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.versions import FULL

NAME = "go-module"
ROLE = Role.REFERENCE
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.MODULE})

_FILE = "go.mod"
_BLOCK = lazy_pattern(r"\s*(?P<verb>[a-z]+)\s*\(")
_REQUIRED = lazy_pattern(
    r"[ \t]*(?:require[ \t]+)?(?P<module>github\.com/fluxcd/"
    r"(?:flux2(?P<major>/v2)?|(?P<controller>[a-z-]+-controller|source-watcher)/api(?:/v\d+)?))"
    rf"[ \t]+v(?P<version>{FULL.pattern})[ \t]*(?P<comment>//[^\n]*)?\r?"
)
_PSEUDO = lazy_pattern(r"\d{14}-[0-9a-f]{12}")
"""Matches the end of a version for a commit without a tag."""


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the versions that a module requires directly; indirect ones follow from these."""
    if file.path.rpartition("/")[2] != _FILE or "github.com/fluxcd/" not in file.text:
        return
    if languages.is_test(file.path):
        return
    verb, start = "", 0
    for line in file.text.split("\n"):
        opened = _BLOCK.match(line)
        if opened:
            verb = opened["verb"]
        elif line.strip().startswith(")"):
            verb = ""
        match = _REQUIRED.fullmatch(line) if verb in ("", "require") else None
        if match and "indirect" not in (match["comment"] or "") and not _is_commit(match):
            yield _found(file, match, start)
        start += len(line) + 1


def _is_commit(match: re.Match[str]) -> bool:
    return _PSEUDO.search(match["version"]) is not None


def _found(file: TextFile, match: re.Match[str], line: int) -> Found:
    controller = match["controller"]
    if not controller and not match["major"]:
        where, old = file.location(line + match.start("version")), match["version"]
        what = f"module {match['module']} {old} is from before 2.0.0"
        return Note(where, what, advice=f"Import {match['module']}/v2 instead")
    track = Track(TrackKind.IMAGE, controller) if controller else FLUX
    start, end = line + match.start("version"), line + match.end("version")
    where, subject = file.location(start), f"module {match['module']}"
    return Pin(NAME, track, where, start, end, match["version"], Form.OPAQUE, subject)
