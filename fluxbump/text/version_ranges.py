"""Parses version ranges in the way that Helm and Flux do. Pure.

Both use github.com/Masterminds/semver/v3, whose rules differ from npm's and from Python's: a
comma or a space means "and", `||` "or", a missing or `x` part widens the operator, and a
prerelease is admitted only when the same "and" group names a prerelease. This is a port of
v3.5.0; `tests/data/constraints.json` holds what the library itself answers. Up to v3.3 (Helm 3.17)
the library looked for the prerelease in the single comparison instead of in its group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec import Struct
from semver import Version

from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

MAX_LENGTH = 512
"""Bytes that a constraint may take, as in the library."""

MAX_GROUPS = 32
"""Groups joined by `||` that a constraint may have, as in the library."""

_MAX_VERSION_LENGTH = 256
_MAX_PART = 2**64 - 1

_SPACE = r"[ \t\n\f\r]"
_NUMBER = r"[0-9|xX*]+"  # the bar is the library's; a number that holds one is refused later
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = rf"v?{_NUMBER}(?:\.{_NUMBER})?(?:\.{_NUMBER})?(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?"
# Texts, not patterns: they take longer to compile than most runs take to find that all is exact.
_HYPHEN = rf"{_SPACE}*({_VERSION}){_SPACE}+-{_SPACE}+({_VERSION}){_SPACE}*"
_AFTER_OPERATOR = rf"(?<=[=!<>~^]){_SPACE}+(?=[v0-9|xX*])"
_BETWEEN = rf"{_SPACE}*,{_SPACE}*|{_SPACE}+"
_TERM = (
    rf"(!=|>=|=>|<=|=<|~>|[=><~^]|)v?({_NUMBER})(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?"
    rf"(-{_IDENTIFIERS})?(\+{_IDENTIFIERS})?"
)
_WILDCARDS = frozenset({None, "x", "X", "*"})
_EXACT = lazy_pattern(rf"=?v?(?:{versions.FULL.pattern})")


class ConstraintError(ValueError):
    """A text is not a version range; the message is the reason, on one line."""


class _Term(Struct, frozen=True):
    """One comparison; `given` is the number of parts before the first wildcard or missing part."""

    operator: str
    version: Version
    given: int

    def admits(self, version: Version) -> bool:
        return _OPERATORS[self.operator](version, self)

    @property
    def head(self) -> tuple[int, ...]:
        return self.head_of(self.version)

    def head_of(self, version: Version) -> tuple[int, ...]:
        """Return the parts of `version` that the term fixes; all of them for `*`."""
        return (version.major, version.minor, version.patch)[: self.given or None]


class Constraint(Struct, frozen=True):
    """A parsed version range: groups joined by "or" of comparisons joined by "and"."""

    text: str
    groups: tuple[tuple[_Term, ...], ...]

    def admits(self, version: Version) -> bool:
        """Tell whether `version` lies in the range."""
        return any(_group_admits(group, version) for group in self.groups)


def parse(text: str) -> Constraint:
    """Parse a version range.

    Raises:
        ConstraintError: it is not one.
    """
    if len(text.encode(errors="replace")) > MAX_LENGTH:
        raise ConstraintError(f"a constraint may take {MAX_LENGTH} bytes at most")
    groups = _without_hyphens(text).split("||")
    if len(groups) > MAX_GROUPS:
        raise ConstraintError(f"a constraint may have {MAX_GROUPS} groups at most")
    return Constraint(text, tuple(_group(group) for group in groups))


def admits(text: str, version: str) -> bool:
    """Whether a range admits a version; False if one of the two texts is not valid."""
    parsed = versions.parse(version)
    try:
        return parsed is not None and parse(text).admits(parsed)
    except ConstraintError:
        return False


def is_exact(text: str) -> bool:
    """Tell whether `text` is one full version, with an optional leading `v` or `=`."""
    return _EXACT.fullmatch(text) is not None


def is_constraint(text: str) -> bool:
    """Whether a text is a version range that `parse` accepts; a version is one too."""
    try:
        parse(text)
    except ConstraintError:
        return False
    return True


def _without_hyphens(text: str) -> str:
    rewritten = text
    for match in re.finditer(_HYPHEN, text):
        bounds = f">= {match[1]}, <= {match[2]} "
        rewritten = rewritten.replace(match[0], bounds, 1)
    return rewritten


def _group(text: str) -> tuple[_Term, ...]:
    joined = re.sub(_AFTER_OPERATOR, "", text.strip(" \t\n\f\r"))
    return tuple(_term(term, text) for term in re.split(_BETWEEN, joined))


def _term(text: str, group: str) -> _Term:
    match = re.fullmatch(_TERM, text)
    if match is None:
        raise ConstraintError(f"not a version constraint: {group.strip()!r}")
    operator, *parts, prerelease, metadata = match.groups()
    given = next((i for i, part in enumerate(parts) if part in _WILDCARDS), 3)
    numbers = [*parts[:given], "0", "0", "0"][:3]
    # The library drops build metadata from a version with missing parts before it looks at it.
    bare = ".".join(numbers) + (prerelease or "") + (metadata or "" if given == len(parts) else "")
    return _Term(operator, _version(bare), given)


def _version(text: str) -> Version:
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)(?=[-+]|\Z)", text, re.ASCII)
    if numbers is None or len(text) > _MAX_VERSION_LENGTH:
        raise ConstraintError(f"not a version: {text!r}")
    parts = [int(number) for number in numbers.groups()]
    if max(parts) > _MAX_PART:
        raise ConstraintError(f"a number is too large: {text!r}")
    try:
        return Version.parse(".".join(map(str, parts)) + text[numbers.end() :])
    except ValueError:
        raise ConstraintError(f"not a version: {text!r}") from None


def _group_admits(group: tuple[_Term, ...], version: Version) -> bool:
    if version.prerelease and not any(term.version.prerelease for term in group):
        return False
    return all(term.admits(version) for term in group)


def _equal(version: Version, term: _Term) -> bool:
    return version == term.version if term.given == len("xyz") else _tilde(version, term)


def _not_equal(version: Version, term: _Term) -> bool:
    if term.given == 1:
        return version.major != term.version.major
    if term.given == len("xy"):
        same = version.prerelease == term.version.prerelease
        return term.head_of(version) != term.head or not same
    return version != term.version


def _greater(version: Version, term: _Term) -> bool:
    if term.given in (1, 2):
        return term.head_of(version) > term.head
    return version > term.version


def _at_most(version: Version, term: _Term) -> bool:
    if term.given == 0:
        return (version.major, version.minor) == (0, 0)
    if term.given in (1, 2):
        return term.head_of(version) <= term.head
    return version <= term.version


def _tilde(version: Version, term: _Term) -> bool:
    if version < term.version:
        return False
    if term.given in (0, 3) and term.head == (0, 0, 0):
        return True
    fixed = 1 if term.given == 1 else 2
    return term.head_of(version)[:fixed] == term.head[:fixed]


def _caret(version: Version, term: _Term) -> bool:
    if version < term.version:
        return False
    leading_zeros = next((i for i, part in enumerate(term.head) if part), len(term.head) - 1)
    fixed = leading_zeros + 1
    return term.head_of(version)[:fixed] == term.head[:fixed]


_OPERATORS: Mapping[str, Callable[[Version, _Term], bool]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": lambda version, term: version < term.version,
    ">=": lambda version, term: version >= term.version,
    "=>": lambda version, term: version >= term.version,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
