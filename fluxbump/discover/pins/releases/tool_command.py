"""Finds commands that install a version of the flux CLI: Go, arkade, Chocolatey, asdf, mise."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import BY_HAND, Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.variables import references
from fluxbump.model import FLUX, Form, Note, Pin, Role
from fluxbump.text import version_ranges
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of

NAME = "tool-command"
ROLE = Role.TOOL
NEEDLES: tuple[str, ...] = ("arkade ", "choco ")
TRAITS = frozenset({KindTrait.BY_VARIABLE})

_VERSION = rf"(?P<version>(?>(?:{references.PIECE}|[^\s\"'`,;&|()<>\\\]}}])+))"
_WORDS = r"(?:[^\s;&|]{1,100}[ \t]+){0,10}?"
"""Matches words of the command that do not matter here."""

_COMMANDS = (
    ("fluxcd/flux2/v2", "go", lazy_pattern(rf"fluxcd/flux2/v2(?:/cmd/flux)?@{_VERSION}")),
    (
        "arkade",
        "arkade",
        lazy_pattern(rf"\barkade[ \t]+(?:get|install)[ \t]+{_WORDS}flux@{_VERSION}"),
    ),
    (
        "arkade",
        "arkade",
        lazy_pattern(
            rf"\barkade[ \t]+(?:get|install)[ \t]+{_WORDS}flux[ \t]+{_WORDS}"
            rf"(?:--version|-v)[ \t=]+[\"']?{_VERSION}"
        ),
    ),
    (
        "choco",
        "Chocolatey",
        lazy_pattern(
            rf"\bchoco[ \t]+(?:install|upgrade)[ \t]+{_WORDS}flux[ \t]+{_WORDS}"
            rf"--version[ \t=]+[\"']?{_VERSION}"
        ),
    ),
    ("asdf", "asdf", lazy_pattern(rf"\basdf[ \t]+[a-z]+[ \t]+{_WORDS}flux2[ \t]+{_VERSION}")),
    (
        "mise",
        "mise",
        lazy_pattern(
            rf"\bmise[ \t]+[a-z]+[ \t]+{_WORDS}[\"']?(?:(?:aqua|ubi|github):fluxcd/)?"
            rf"flux2@{_VERSION}"
        ),
    ),
)
"""For each command: a fixed text that it contains, the installing tool, and its pattern."""


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the version in each command in live code that installs the flux CLI."""
    if "flux" not in file.text:
        return
    for needle, who, pattern in _COMMANDS:
        for match in pattern.finditer(file.text) if needle in file.text else ():
            start = match.start("version")
            if file.is_live(match.start()) and not references.is_searched(file, start):
                yield _found(file, start, match["version"], f"flux of {who}")


def _found(file: TextFile, start: int, text: str, subject: str) -> Found:
    form, skip = form_of(text)
    start, end, value = start + skip, start + len(text), text[skip:]
    where = file.location(start)
    if form is Form.RANGE and not version_ranges.is_constraint(value):
        message = f"{subject} is {value}, which is neither a version nor a range"
        return Note(where, message, advice=BY_HAND)
    return Pin(NAME, FLUX, where, start, end, value, form, subject)
