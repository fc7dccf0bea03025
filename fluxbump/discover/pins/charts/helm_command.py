"""Finds `helm` commands that install a bumped chart: in scripts, task files, CI steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.discover.embedded import program_source
from fluxbump.discover.pins.kind import BY_HAND, CONFIGURE, Context, Found, from_elsewhere, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX2, Form, Note, Pin, Role, Track
from fluxbump.text import version_ranges
from fluxbump.text.command_line import Word, rest_of, words_of
from fluxbump.text.literals import SourceText
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of

NAME = "helm-command"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.BOOTSTRAP, KindTrait.BY_VARIABLE})

_COMMANDS = frozenset({"upgrade", "install", "template", "pull", "fetch"})

_COMMAND = lazy_pattern(r"helm(?<![\w.-]helm)3?(?=[ \t\\\"',])")

_SWITCHES = frozenset(
    (
        *("-i", "-g", "--install", "--wait", "--wait-for-jobs", "--atomic", "--create-namespace"),
        *("--debug", "--devel", "--force", "--no-hooks", "--reset-values", "--reuse-values"),
        *("--reset-then-reuse-values", "--cleanup-on-fail", "--dependency-update", "--dry-run"),
        *("--disable-openapi-validation", "--hide-notes", "--hide-secret", "--plain-http"),
        *("--insecure-skip-tls-verify", "--pass-credentials", "--render-subchart-notes"),
        *("--skip-crds", "--skip-schema-validation", "--take-ownership", "--verify"),
        *("--enable-dns", "--generate-name", "--replace", "--untar", "--prov", "--include-crds"),
        *("--is-upgrade", "--skip-tests", "--validate", "--rollback-on-failure"),
        *("--force-conflicts", "--force-replace", "--no-update", "--help", "-h"),
    )
)
"""Flags of helm that take no value; every other flag takes the next word."""

_REPOSITORY = lazy_pattern(
    r"""repo\s+add\s+(?:-\S+\s+)*["']?(?P<alias>[\w.-]+)["']?\s+["']?(?P<url>[^\s"']+)"""
)
_VARIABLE = lazy_pattern(
    r"\$(?:(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\}|\((?P<made>[A-Za-z_]\w*)\))"
)
_LOOKED_THROUGH = 10_000
"""How many characters cost one step of the budget in a search."""
_FOLDERS = frozenset({"charts", "chart", "helm", "."})


class _Command(Struct, frozen=True):
    """The parts of a helm command: its positional words, and the flags that matter here."""

    words: tuple[Word, ...]
    version: Word | None
    repository: str | None


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the version of the chart in each helm command that installs a bumped chart."""
    if "helm" not in file.text or not any(name in file.text for name in context.installable()):
        return
    if file.is_program:
        yield from _in_program(file, context)
        return
    read = 0
    for match in _COMMAND.finditer(file.text):
        if match.start() < read:
            continue  # a word of the command before
        words = words_of(file, match)
        read = words[-1].start if words else match.end()
        command = _read(words)
        if command is not None:
            command = replace(command, words=tuple(_given(file, word) for word in command.words))
            found = _found(file, match.start(), command, context)
            if found is not None and file.is_live(match.start()):
                yield found


def _given(file: TextFile, word: Word) -> Word:
    """Return a word with what the file gives its variable once: `helm upgrade flux "$CHART"`."""
    match = _VARIABLE.fullmatch(word.text)
    if match is None:
        return word
    name = match[match.lastgroup or "name"]
    text = file.once((_given, name), lambda: _set_once(file, name))
    return Word(text, word.start) if text else word


def _set_once(file: TextFile, name: str) -> str:
    file.spend(1 + len(file.text) // _LOOKED_THROUGH)
    setting = re.compile(
        rf"(?<![\w.$-]){name}[ \t]*(?::=|\?=|=|:)[ \t]*[\"']?(?P<text>[^\s\"';#]*)"
    )
    found = [match for match in setting.finditer(file.text) if file.is_live(match.start())]
    text = found[0]["text"] if len(found) == 1 else ""
    plain = "$" not in text and "{" not in text and ":" not in text.rpartition("/")[2]
    return text if plain and "/" in text else ""


# --- commands of programs ---------------------------------------------------------------------

_ALONE = lazy_pattern(r"""(?P<quote>["'`])helm3?(?P=quote)""")
_BEGINS = lazy_pattern(r"""(?<=["'`])[ \t\r\n]*(?:sudo[ \t]+)?(?P<helm>helm3?)(?=[ \t]+[a-z-])""")
_ARGUMENTS = lazy_pattern(r"\)\s*\.\s*args?\(")
_RUNS = lazy_pattern(
    r"(?:exec\w*|spawn\w*|run\w*|sh|shell\w*|bash|command\w*|cmd\w*|system|popen|call|script\w*"
    r"|check_(?:call|output)|subprocess\.\w+|process\w*|create|update|delete|interpolate)"
    r"[\"']?\s*[:=(\[{]*\s*(?:[fr]|new\s+\w+\()?[(\[\s]*[\"'`]\Z",
    re.IGNORECASE,
)
_NEAR = 80  # characters before a string that tell what becomes of it


def _in_program(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the commands that a program runs: a list of words, or a string for a shell."""
    source = SourceText(file)
    for match in _ALONE.finditer(file.text):
        if context.is_acted_on(file, match.start()) and not program_source.is_compared(
            file, match.start()
        ):
            found = _listed(file, source, match.end(), context)
            if found is not None:
                yield found
    for match in _BEGINS.finditer(file.text):
        start = match.start("helm")
        if not context.is_acted_on(file, start) or not source.is_in_text(start):
            continue
        command = _COMMAND.match(file.text, start)
        words = words_of(file, command) if command else []
        read = _read(words)
        found = _found(file, start, read, context) if read else None
        if isinstance(found, Pin) and not _RUNS.search(file.text[max(0, start - _NEAR) : start]):
            message = f"a string in a program names a helm command with version {found.value}"
            found = Note(found.location, message, advice=CONFIGURE)
        elif isinstance(found, Pin) and found.form is Form.VARIABLE:
            # A variable of the program, and not one that a file beside it sets for a script.
            found = replace(found, value=found.value.replace("$", ""))
        if found is not None:
            yield found


def _listed(file: TextFile, source: SourceText, offset: int, context: Context) -> Found | None:
    """Read a command whose words are items of a list, or arguments of a call."""
    end = source.around(offset)[1]
    behind = _ARGUMENTS.match(file.text, offset)
    if behind is not None:
        offset, end = behind.end(), source.around(behind.end())[1]
    words, computed = [], set[int]()
    for item in source.items(offset, end):
        flag = item.text.lstrip("f\"'`").startswith("--version") and not item.is_text
        words.append(Word("--version=${}" if flag else item.text, item.start))
        if not item.is_text:
            computed.add(item.start)
    command = _read(words)
    if command is None or not command.words:
        return None
    version = command.version
    if version is not None and (
        not version.text or version.start in computed or "$" in version.text
    ):
        command = replace(command, version=Word("${}", version.start))
    found = _found(file, offset, command, context)
    if isinstance(found, Pin) and found.value == "${}":
        shown = re.compile(r"[^,\s)\]}]+").match(file.text, found.start)
        text = shown.group() if shown else ""
        return replace(found, value=text, end=found.start + len(text))
    return found


def _found(file: TextFile, start: int, command: _Command, context: Context) -> Found | None:
    chart = _chart(command, context)
    if chart is None:
        return None
    name, tag = _parted(chart)
    track = context.track_of(name)
    source = _source(file, chart.text, command)
    if track is None:
        return None
    version = command.version or tag
    foreign = source and "$" not in source and "{" not in source and not source.startswith("./")
    if track == FLUX2 and foreign and not context.is_community(source):
        held = version.text if version else None
        return from_elsewhere(file.location(start), "a helm command installs", source, held)
    subject = f"helm command for {name}"
    if version is not None:
        return _pin(file, version, track, subject)
    if not source and chart.text.split("/", 1)[0] in _FOLDERS:
        return None  # a folder, which holds its version itself
    return unpinned(NAME, track, file.location(start), subject)


def _pin(file: TextFile, word: Word, track: Track, subject: str) -> Found:
    form, skip = form_of(word.text)
    if form is Form.RANGE and not version_ranges.is_constraint(word.text):
        return Note(
            file.location(word.start),
            f"{subject} names {word.text}, which is neither a version nor a range",
            advice=BY_HAND,
        )
    start, value = word.start + skip, word.text[skip:]
    end = start + len(value)
    if form is Form.EXACT and file.text[start:end] != value:
        form = Form.OPAQUE
    return Pin(NAME, track, file.location(start), start, end, value, form, subject)


def _chart(command: _Command, context: Context) -> Word | None:
    """The word that names the chart: `ALIAS/flux2`, an OCI URL, or the name beside `--repo`."""
    for word in command.words:
        reference = "/" in word.text and not word.text.startswith((".", "/", "~", "$", "{"))
        known = reference and context.track_of(_parted(word)[0]) is not None
        if known and not _own_folder(word.text, context):
            return word
    if command.repository is not None and command.words:
        last = command.words[-1]
        return last if "/" not in last.text and context.track_of(last.text) else None
    return None


def _parted(chart: Word) -> tuple[str, Word | None]:
    """Return the name of a chart, and the tag behind it, if a registry's reference has one."""
    place, _, last = chart.text.rstrip("/").rpartition("/")
    name, colon, _ = last.partition(":")
    if not colon or not place.startswith("oci://"):
        return last, None
    return name, rest_of(chart, len(place) + len(name) + 2)


def _own_folder(text: str, context: Context) -> bool:
    """Whether a word is the path of a chart of this repository, whose version helm ignores."""
    folder = f"{text.rstrip('/')}/"
    return any(chart.directory.endswith(folder) for chart in context.charts.values())


def _source(file: TextFile, chart: str, command: _Command) -> str:
    """Return the repository of a command's chart; empty if the file does not name it."""
    if command.repository is not None:
        return command.repository
    place, _, _ = chart.rpartition("/")
    if chart.startswith("oci://"):
        return place
    return _repositories(file.text).get(place, "")


@lru_cache(maxsize=1)
def _repositories(text: str) -> Mapping[str, str]:
    """Return the URL of each alias, the first one; a text may have thousands of commands."""
    found: dict[str, str] = {}
    for match in _REPOSITORY.finditer(text) if "repo" in text else ():
        found.setdefault(match["alias"], match["url"])
    return found


def _read(words: list[Word]) -> _Command | None:
    """Return the words of a helm command as flags and positional words; None for another one."""
    rest: list[Word] = []
    version = repository = None
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.text.startswith("-"):
            rest.append(word)
            continue
        flag, equals, _ = word.text.partition("=")
        value: Word | None = rest_of(word, len(flag) + 1) if equals else None
        if value is None and flag not in _SWITCHES and position < len(words):
            value = words[position]
            position += 1
        version = value if flag == "--version" else version
        repository = value.text if flag == "--repo" and value else repository
    if not rest or rest[0].text not in _COMMANDS:
        return None
    return _Command(tuple(rest[1:]), version, repository)
