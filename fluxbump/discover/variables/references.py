"""Which variable a text takes a version from, and which texts only look like a version. Pure.

The syntaxes: shell parameter expansion (POSIX, 2.6.2), Make and Azure `$(NAME)`, PowerShell
`$env:NAME`, Terraform interpolation, Go templates, Jinja, and expressions of GitHub Actions.
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
        name: of the variable; behind it the keys below it, if it is a map.
        scope: `var` or `local` of Terraform, `Values` of Helm, `inputs` of a workflow; or empty.
        default: span of the version that counts if nothing sets the variable, in the text.
    """

    name: tuple[str, ...]
    scope: str = ""
    default: tuple[int, int] | None = None


# Each piece is taken as a whole, so that blanks, quotes and slashes inside hide nothing.
PIECE = r"\$?\{\{(?:[^}\n]|\}(?!\})){0,200}\}\}+|\$\$?\{[^}\n]{0,200}\}|\$\$?\([^)\n]{0,200}\)"
"""An interpolation with an end of its own."""

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
"""What a name begins with whose value is not in a file beside it."""
_SCOPES = ("var", "local", "Values", "inputs")
_DROPPED = ("env", "variables", "ansible_env")


def parse(text: str) -> Reference | None:
    """Return the variable that `text` takes its whole version from; None if it is no single one."""
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
    """Return the path that an interpolation names, if it does nothing else with the value."""
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
    """Whether a tag is a release, a range or a variable, and not a pattern for one."""
    if _HOLDS.fullmatch(tag):
        return True
    match = _INTERPOLATION.search(tag)
    if match is None or _FORMAT.search(tag):
        return False
    around = _INTERPOLATION.sub("", tag)
    return re.fullmatch(r"v?[\w.-]*", around) is not None


def is_searched(file: TextFile, offset: int) -> bool:
    """Whether what stands there is what a tool looks for, or puts in its place.

    It is an argument of grep, sed and the like, or the value of a key such as `matchStrings`.
    """
    first = max(0, offset - 2_000)
    start = file.text.rfind("\n", first, offset) + 1
    while start > first and file.text.endswith(("\\\n", "\\\r\n"), 0, start):
        start = file.text.rfind("\n", first, start - 1) + 1
    before = file.text[max(start, first) : offset]
    return bool(_TOOLS.search(_command(before)) or _KEYS.search(before))


def _command(before: str) -> str:
    """Return what stands before a place in the same command; quoted separators end none."""
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
