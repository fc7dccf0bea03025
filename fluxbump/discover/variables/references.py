"""Parses a reference to a variable, and tells versions from texts that look like one. Pure.

These syntaxes are parsed: shell parameter expansion (POSIX, 2.6.2), Make and Azure `$(NAME)`,
PowerShell `$env:NAME`, batch `%NAME%`, Terraform interpolation, Go templates, Jinja, and
expressions of GitHub Actions.
"""

from __future__ import annotations

import re

from msgspec import Struct

from fluxbump.text import versions
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern


class Reference(Struct, frozen=True):
    """The variable that a text takes its version from.

    Attributes:
        name: the name of the variable. If the variable is a map, the keys that lead to the version
            follow the name. For a parameter of a shell function it is the function's name and the
            parameter's number.
        scope: `var` or `local` for Terraform, `Values` for Helm, `inputs` for a workflow,
            `argument` for a parameter of a shell function. It is empty for other variables.
        default: the start and end, within the parsed text, of the version that applies if nothing
            sets the variable; None if the text has no default.
    """

    name: tuple[str, ...]
    scope: str = ""
    default: tuple[int, int] | None = None


# A piece is matched up to its end, so that blanks, quotes and slashes inside do not cut it.
PIECE = r"\$?\{\{(?:[^}\n]|\}(?!\})){0,200}\}\}+|\$\$?\{[^}\n]{0,200}\}|\$\$?\([^)\n]{0,200}\)"
"""Matches an interpolation that has a closing bracket: `${…}`, `$(…)`, `{{…}}`, `${{…}}`."""

_INTERPOLATION = lazy_pattern(
    rf"(?P<closed>{PIECE})|\$\$?(?P<plain>(?:env:)?[A-Za-z_]\w*)|%(?P<batch>[A-Za-z_]\w+)%"
)
_PATH = r"""[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\s*["'][\w.-]+["']\s*\])*"""
_WHOLE_PATH = lazy_pattern(_PATH)
_KEY = lazy_pattern(r"""[A-Za-z_]\w*|(?<=["'])[\w.-]+(?=["'])""")
_SHELL = lazy_pattern(r"(?P<name>\w+)(?::?[-=?].*|##?v|//?v/?)?")
_LITERAL = rf"""["']v?(?:{versions.FULL.pattern})["']"""
_LONGEST = 400  # characters of a template's action
_TEMPLATE = lazy_pattern(
    rf"""-?\s*(?:default\s+{_LITERAL}\s+)?[.$]{{0,2}}(?P<path>{_PATH})
    (?:\s*\|\s*(?:default\s*\(?\s*{_LITERAL}(?:\s*,\s*true)?\s*\)?|quote|trim|string))*
    (?:\s*\|\|\s*{_LITERAL})?\s*-?""",
    re.VERBOSE,
)
_ELSEWHERE = frozenset(
    (
        *("data", "each", "github", "hostvars", "matrix", "module", "needs", "path"),
        *("secrets", "self", "source", "steps", "vars"),
    )
)
"""First parts of dotted names whose values are not set in a file of the repository."""
_SCOPES = ("var", "local", "Values", "inputs")
_DROPPED = ("env", "variables", "ansible_env")


def parse(text: str) -> Reference | None:
    """Return the variable that `text` refers to.

    Returns:
        None if the text is no reference, contains anything else than one reference and a leading
        `v`, has two defaults, or takes its value from outside the repository.
    """
    match = _INTERPOLATION.search(text)
    if match is None or text[: match.start()] not in ("", "v") or match.end() != len(text):
        return None
    body = match["plain"] or match["batch"]
    if body:
        return Reference((body.removeprefix("env:"),))
    path = _path_of(match["closed"])
    if path is None:
        return None
    found = [version.span("version") for version in versions.IN_TEXT.finditer(match["closed"])]
    default = (found[0][0] + match.start(), found[0][1] + match.start()) if found else None
    return _scoped(path, default) if not found[1:] else None


def _path_of(closed: str) -> str | None:
    """Return the dotted name in an interpolation; None if the interpolation changes the value.

    A default, quoting, trimming and the removal of a leading `v` do not count as a change.
    """
    inner = closed.lstrip("$")
    if inner.startswith("{{"):
        short = len(inner) <= _LONGEST
        template = _TEMPLATE.fullmatch(inner[2:-2]) if short else None
        return template["path"] if template else None
    body = inner[1:-1].strip()
    shell = _SHELL.fullmatch(body)
    if shell and not shell["name"].isdigit():
        return shell["name"]
    return body if _WHOLE_PATH.fullmatch(body) and inner[0] == "{" else None


def _scoped(path: str, default: tuple[int, int] | None) -> Reference | None:
    first, *keys = _KEY.findall(path)
    if path.startswith("github.event.inputs."):
        first, keys = "inputs", keys[2:]
    if first in _ELSEWHERE and keys:
        return None
    if first in _SCOPES and keys:
        return Reference(tuple(keys), first, default)
    if first in _DROPPED and keys:
        return Reference(tuple(keys), "", default)
    return Reference((first, *keys), "", default)


# --- what only looks like a version ---------------------------------------------------------------

_HOLDS = lazy_pattern(r"=?\s*v?\d+(?:\.(?:\d+|[xX*])){0,2}(?:[-+][\w.+-]+)?|[~^][\w.+-]+")
_FORMAT = lazy_pattern(r"\$(?:\d|\{\d)|\{\{\{|currentValue|newValue|newVersion|newDigest")
_TOOLS = lazy_pattern(r"(?<![\w-])(?:[efz]?grep|rg|ag|g?sed|[gm]?awk|perl)\s")
_KEYS = lazy_pattern(
    r"""(?:[Pp]attern|matchStrings?|Template|[Rr]egexp?|format|[Ss]earch|[Rr]eplace(?:ment)?)"""
    r"""["']?\s*[:=(](?!\s*\{)"""
)
_SPLIT = lazy_pattern(r"\\.|['\"]|\$\(|\|\|?|&&|[;`]")


def is_version(tag: str) -> bool:
    """Whether a tag is a version, a range or a variable, and not a pattern that matches versions.

    Placeholders of Renovate's templates and `$1` in replacements are no variables.
    """
    if _HOLDS.fullmatch(tag):
        return True
    match = _INTERPOLATION.search(tag)
    if match is None or _FORMAT.search(tag):
        return False
    around = _INTERPOLATION.sub("", tag)
    return re.fullmatch(r"v?[\w.-]*", around) is not None


def is_searched(file: TextFile, offset: int) -> bool:
    """Whether the text at `offset` is something that a tool searches for, or a replacement for it.

    It is if it is an argument of grep, sed or a similar tool, or the value of a key such as
    `matchStrings`.
    """
    first = max(0, offset - 2_000)
    start = file.text.rfind("\n", first, offset) + 1
    while start > first and file.text.endswith(("\\\n", "\\\r\n"), 0, start):
        start = file.text.rfind("\n", first, start - 1) + 1
    before = file.text[max(start, first) : offset]
    return bool(_TOOLS.search(_command(before)) or _KEYS.search(before))


def _command(before: str) -> str:
    """Return the part of `before` that belongs to the last shell command in it.

    Separators of commands count only outside of quotes.
    """
    begin, quote = 0, ""
    for token in _SPLIT.finditer(before):
        word = token.group()
        if word == "$(":
            begin, quote = token.end(), ""
        elif quote:
            quote = "" if word == quote else quote
        elif word in "'\"":
            quote = word
        elif word[0] != "\\":
            begin = token.end()
    return before[begin:]
