"""Finds commands that install a named release: `flux install` and `flux bootstrap`.

Without `--version` they install the release of the flux CLI itself. That is a pin at the place that
downloads the CLI (kind `flux-cli`), and none here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fluxbump.discover.pins.bootstrap_path import for_cluster
from fluxbump.discover.pins.kind import BY_HAND, Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.variables import references
from fluxbump.flux.components import DEFAULT
from fluxbump.model import FLUX, Form, Note, Pin, Role
from fluxbump.text.command_line import Word, rest_of, words_of
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of

NAME = "flux-command"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ("flux install", "flux bootstrap", '["flux"')
TRAITS = frozenset({KindTrait.BY_VARIABLE})

_COMMANDS = frozenset({"install", "bootstrap"})
_FLAGS = ("--version", "-v")
_PATH = ("--path",)
_SELECT = ("--components", "--components-extra")
_NAME = lazy_pattern(r"[a-z-]+")
_COMMAND = lazy_pattern(r"flux(?<![\w.-]flux)(?=[ \t\\\"',])")


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the release in the flag `--version` of each command."""
    if "flux" not in file.text or ("--version" not in file.text and " -v" not in file.text):
        return
    if not any(command in file.text for command in _COMMANDS):
        return
    for match in _COMMAND.finditer(file.text):
        if not file.is_live(match.start()):
            continue
        words = words_of(file, match)
        version = _version(words)
        if version is not None and not references.is_searched(file, match.start()):
            path, found = _value(words, _PATH), _found(file, version)
            directory = path.text if path else None
            yield for_cluster(found, directory) if isinstance(found, Pin) else found


def _version(words: list[Word]) -> Word | None:
    """Return the value of `--version` of a command that installs; None for any other command."""
    command = next((word.text for word in words if not word.text.startswith("-")), "")
    return _value(words, _FLAGS) if command in _COMMANDS else None


def _value(words: list[Word], flags: tuple[str, ...]) -> Word | None:
    """Return the value of the first of these flags in a command; None if it has none of them."""
    for word, behind in zip(words, [*words[1:], None], strict=True):
        flag, equals, _ = word.text.partition("=")
        if flag in flags:
            return rest_of(word, len(flag) + 1) if equals else behind
    return None


def components(file: TextFile, pin: Pin) -> frozenset[str] | None:
    """Return the controllers that the command's flags name, or Flux's default without flags."""
    for match in _COMMAND.finditer(file.text, 0, pin.start):
        words = words_of(file, match)
        version = _version(words)
        if version is not None and version.start <= pin.start < version.start + len(version.text):
            return _components([word.text for word in words])
    return None


def _components(words: Sequence[str]) -> frozenset[str] | None:
    """Return the controllers that flags name; None if a flag has a variable."""
    named = dict.fromkeys(_SELECT, "")
    for word, behind in zip(words, [*words[1:], ""], strict=True):
        flag, equals, value = word.partition("=")
        if flag in named:
            named[flag] = value if equals else behind
    chosen, extra = (frozenset(filter(None, named[flag].split(","))) for flag in _SELECT)
    found = (chosen or DEFAULT) | extra
    return found if all(_NAME.fullmatch(name) for name in found) else None


def _found(file: TextFile, word: Word) -> Found:
    form, skip = form_of(word.text)
    where, subject = file.location(word.start + skip), "flux command"
    if form is Form.RANGE:
        message = f"{subject} names {word.text}, which is not a release"
        return Note(where, message, advice=BY_HAND)
    start, value = word.start + skip, word.text[skip:]
    end = start + len(value)
    if form is Form.EXACT and file.text[start:end] != value:
        form = Form.OPAQUE
    return Pin(NAME, FLUX, where, start, end, value, form, subject)
