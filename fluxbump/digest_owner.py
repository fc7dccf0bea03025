"""Which download a digest belongs to: by file name, by name, by structure. Pure.

A digest belongs to the URL in the same call, mapping or instruction; to the variables that its own
variable shares a name with; or to the file that a line of `sha256sum` names. Where none of these
says so, it may belong to every URL that is near.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from posixpath import basename

from msgspec import Struct

from fluxbump.digests import Digest
from fluxbump.scopes import Scope, Scopes
from fluxbump.textfile import TextFile

_NEAR = 4
"""Lines on either side of a download, in which a digest may belong to it."""
_FAR = 40
"""Lines behind a download, in which a digest may belong to it if no other one is between."""
_BRACKETS = 4
"""Brackets that may be around a digest inside those that hold its URL."""


class Download(Struct, frozen=True):
    """A URL, or a variable that holds the version in one.

    Attributes:
        start: of the URL or the version.
        end: behind it.
        artifact: name of the file of Flux; empty for any other download.
        identity: what is downloaded; the same for two places that name one thing.
        moves: it holds a version that moves.
        variable: it is where the version is set, not a URL.
    """

    start: int
    end: int
    artifact: str
    identity: str
    moves: bool
    variable: bool = False


class Verdict(Struct, frozen=True):
    """Whose digest it is.

    Attributes:
        downloads: what it may belong to; none if it certainly belongs to something else.
        certain: it belongs to all of them, which are one file.
    """

    downloads: tuple[Download, ...] = ()
    certain: bool = True


_ELSEWHERE = Verdict()

_WHAT = r"sha[_-]?(?:256|512)?[_-]?(?:sums?)?|check[_-]?sums?|hash|digest|integrity|sum"
_END = re.compile(rf"(?:[_.-]?(?:{_WHAT}))+s?\Z", re.IGNORECASE)
_NAMED = re.compile(
    r"""(?P<name>[\w.-]+)["']?\]?\s*(?::=|\?=|[:=])\s*["']?(?:sha(?:256|512)[:-])?\Z"""
)
_SETS = re.compile(
    r"""(?<![\w.-])(?P<stem>[A-Za-z][\w.-]*?)[_.-]?
    (?:[Vv]ersion|VERSION|[Uu]rl|URL|[Uu]ri|URI|[Rr]elease|RELEASE|[Tt]ag|TAG|[Vv]er|VER)
    ["']?\]?\s*(?::=|\?=|[:=])""",
    re.VERBOSE,
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SOURCE = re.compile(
    r"(?<![\w.-])[\"']?(?:owner|repo|rev|image|repository|newName|newTag|gitRepo)[\"']?\s*[:=]"
)
_CHECKED = re.compile(r"""\A(?:\}\}|\}|\))?["']?[ \t]+\*?(?P<file>["']?[^\s"'|;&<>)]+)""")
_SUMMED = re.compile(
    r"(?:shasum|sha\d+sum)(?:[ \t]+-\w+(?:[ \t]+\d+)?)*[ \t]+[\"']?(?P<file>[\w./@-]+)"
)
_SAVED = re.compile(
    r"""(?:(?<!\S)(?:-[A-Za-z]*[oO]|--output(?:-document)?|-OutFile|tee)[ =]?|>>?)
    [ \t]*["']?(?P<file>[^\s"'|;&<>)]+)""",
    re.VERBOSE,
)


class Owners(Struct, dict=True):
    """The downloads and digests of one file.

    Attributes:
        file: with them.
        downloads: in order.
        digests: in order.
    """

    file: TextFile
    downloads: Sequence[Download]
    digests: Sequence[Digest]

    @cached_property
    def _scopes(self) -> Scopes:
        return Scopes(self.file)

    @cached_property
    def _starts(self) -> list[int]:
        return [download.start for download in self.downloads]

    @cached_property
    def _digest_starts(self) -> list[int]:
        return [digest.start for digest in self.digests]

    def of(self, digest: Digest) -> Verdict | None:
        """Say whose digest it is; None if nothing says so and no download is near."""
        name = self._name(digest.start)
        for found in (
            self._checked(digest.start, digest.end),
            self._by_use(digest, name),
            self._by_name(name),
        ):
            if found is not None and found.certain:
                return found
        verdict = self._by_scope(digest.start, digest) or self._nearby(digest.start)
        # A name that no version and no URL shares may be that of another download.
        strange = bool(name and _words(_stem(name))) and verdict is not None
        if strange and verdict and all(one.variable for one in verdict.downloads):
            return Verdict(verdict.downloads, certain=not verdict.downloads)
        return verdict

    def taken(self, download: Download, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return what a pattern matches in the innermost scope of a URL that has such a text.

        None if that scope has other downloads too, and what is meant is not known.
        """
        for scope in self._around(download.start):
            found = pattern.search(self.file.text, scope.start, scope.end)
            if found:
                return found if len(self._within(scope)) == 1 else None
        return None

    def is_named(self, name: str) -> bool:
        """Whether a variable or key of that name holds a digest in the file."""
        return any(self._name(digest.start) == name for digest in self.digests)

    # --- by the file that is checked --------------------------------------------------------------

    def _checked(self, start: int, end: int) -> Verdict | None:
        """Say which download is saved in the file that a checksum is of."""
        text, scope = self.file.text, self._scopes.statement(start)
        found = (
            _CHECKED.match(text[end : self.file.line_span(end)[1]]),
            _SUMMED.search(text, scope.start, start),
        )
        wanted = {basename(one["file"].strip("\"'")) for one in found if one}
        saved = [one for one in self.downloads if not one.variable and wanted & self._files(one)]
        return _one_file(saved) if saved else None

    def _files(self, download: Download) -> set[str]:
        """Return the names that a download may be saved under."""
        scope, text = self._scopes.statement(download.start), self.file.text
        near = [one for one in self._within(scope) if one.identity != download.identity]
        start = max((one.end for one in near if one.end <= download.start), default=scope.start)
        end = min((one.start for one in near if one.start >= download.end), default=scope.end)
        saved = {basename(one["file"]) for one in _SAVED.finditer(text, start, end)}
        if re.match(r"\s*ADD\b", text[scope.start : scope.end]):
            saved.add(basename(text[scope.start : scope.end].split()[-1]))
        return saved or {basename(text[download.start : download.end])}

    # --- by name ----------------------------------------------------------------------------------

    def _name(self, start: int) -> str | None:
        """Return the key or variable whose value begins at an offset."""
        line = self.file.line_span(start)[0]
        found = _NAMED.search(self.file.text, line, start)
        return found["name"] if found else None

    def _by_use(self, digest: Digest, name: str | None) -> Verdict | None:
        """Follow the variable that holds a digest to where it is used in the file."""
        if name is None or not re.search("[a-z]", _stem(name), re.IGNORECASE):
            return None
        own = self._scopes.statement(digest.start)
        found = list[Verdict]()
        for use in _uses(name).finditer(self.file.text):
            at, end = use.start("name"), use.end("name")
            if own.holds(at) or self.file.in_comment(at):
                continue
            verdict = self._checked(at, end) or self._by_scope(at, None)
            if verdict is not None:
                found.append(verdict)
        every = tuple(dict.fromkeys(one for some in found for one in some.downloads))
        if not every or not all(verdict.certain for verdict in found):
            return None
        return _one_file(every)

    def _by_name(self, name: str | None) -> Verdict | None:
        """Compare the name of a digest's variable with those of versions and URLs."""
        words = _words(_stem(name)) if name else ()
        shared = {
            (siblings, _shared(words, siblings))
            for siblings in self._siblings
            if _shared(words, siblings)
        }
        if not shared:
            return None
        exact = [siblings for siblings, _ in shared if siblings == words]
        most = max(count for _, count in shared)
        stems = exact or [siblings for siblings, count in shared if count == most]
        some = [one for stem in stems for one in self._siblings[stem]]
        if not some:
            return _ELSEWHERE
        if len(set(stems)) > 1:
            return Verdict(tuple(some), certain=False)
        return _one_file(some)

    @cached_property
    def _siblings(self) -> dict[tuple[str, ...], tuple[Download, ...]]:
        """What each name says that versions and URLs have: those of Flux, or nothing of it."""
        found: dict[tuple[str, ...], tuple[Download, ...]] = {}
        for match in _SETS.finditer(self.file.text):
            if self.file.in_comment(match.start()):
                continue
            span = Scope(match.end(), self.file.line_span(match.end())[1], "statement")
            words = _words(match["stem"])
            here = [one for one in self._within(span) if one.moves]
            found[words] = (*found.get(words, ()), *here)
        return found

    # --- by structure -----------------------------------------------------------------------------

    def _by_scope(self, start: int, digest: Digest | None) -> Verdict | None:
        for scope in self._around(start):
            inside = self._within(scope)
            held = [
                one for one in inside if digest is None or not self._claimed(one, scope, digest)
            ]
            if inside and not held:
                return _ELSEWHERE
            if held:
                rivals = digest is not None and self._rivals(digest, scope)
                verdict = _one_file(held, same=self._listed(held))
                return Verdict(verdict.downloads, certain=False) if rivals else verdict
            if scope.kind in ("{", "(", "mapping") and self._is_source(scope):
                return _ELSEWHERE
        return None

    def _around(self, start: int) -> Iterator[Scope]:
        """Yield the scopes that say whose a digest is, innermost first."""
        statement = self._scopes.statement(start)
        some = [statement]
        for number, scope in enumerate(self._scopes.brackets(start)):
            if number < _BRACKETS:
                some.append(scope)
        if self.file.is_yaml or self.file.path.endswith((".yml", ".yaml", ".j2", ".tpl", ".tftpl")):
            for number, scope in enumerate(self._scopes.mappings(start)):
                if number > 1 or (number == 1 and scope.start == 0):
                    break
                some.append(scope)
        yield from sorted(some, key=lambda scope: scope.end - scope.start)

    def _within(self, scope: Scope) -> list[Download]:
        first = bisect_left(self._starts, scope.start)
        last = bisect_left(self._starts, scope.end)
        return list(self.downloads[first:last])

    def _claimed(self, download: Download, scope: Scope, digest: Digest) -> bool:
        """Whether another digest stands nearer to a download than what a scope encloses."""
        for inner in self._around(download.start):
            if inner.end - inner.start >= scope.end - scope.start:
                return False
            if any(_rival(one, digest) for one in self._inside(inner)):
                return True
        return False

    def _inside(self, scope: Scope) -> Sequence[Digest]:
        first = bisect_left(self._digest_starts, scope.start)
        return self.digests[first : bisect_left(self._digest_starts, scope.end)]

    def _rivals(self, digest: Digest, scope: Scope) -> bool:
        """Whether a scope has another digest of the kind, which is not inside one of its own."""
        same = [one for one in self._inside(scope) if one.algorithm == digest.algorithm]
        texts = {self.file.text[one.start : one.end] for one in same}
        return len(texts) > 1

    def _listed(self, held: Collection[Download]) -> bool:
        """Whether URLs are the items of one list: mirrors of one file."""
        around = [next(self._scopes.brackets(one.start), None) for one in held]
        return around[0] is not None and around[0].kind == "[" and len(set(around)) == 1

    def _is_source(self, scope: Scope) -> bool:
        return _SOURCE.search(self.file.text, scope.start, scope.end) is not None

    # --- by distance ------------------------------------------------------------------------------

    def _nearby(self, start: int) -> Verdict | None:
        line = self.file.location(start).line
        near = [one for one in self.downloads if abs(self._line(one) - line) <= _NEAR]
        if any(one.moves for one in near):
            verdict = _one_file(near)
            alone = sum(abs(self._line(one) - line) <= _NEAR for one in self.digests) <= 1
            return verdict if alone else Verdict(verdict.downloads, certain=False)
        before = [one for one in self.downloads if one.start < start and not one.variable][-1:]
        if before and before[0].moves and line - self._line(before[0]) <= _FAR:
            return Verdict(tuple(before), certain=False)
        return None

    def _line(self, place: Download | Digest) -> int:
        return self.file.location(place.start).line


def _rival(one: Digest, digest: Digest) -> bool:
    return one != digest and one.algorithm == digest.algorithm


def _one_file(some: Iterable[Download], *, same: bool = False) -> Verdict:
    """Judge by what a digest may belong to: certain if that is one file.

    Args:
        some: what it may belong to.
        same: they are mirrors of each other.
    """
    downloads = tuple(some)
    urls = [one for one in downloads if not one.variable]
    shown = {one.artifact for one in urls}
    files = {one.identity for one in urls}
    files |= {one.identity for one in downloads if one.variable and one.artifact not in shown}
    if len(files) <= 1:
        return Verdict(downloads)
    ours = tuple(one for one in downloads if one.artifact)
    if same and len({one.artifact for one in ours}) == 1:
        return Verdict(ours)
    return Verdict(downloads, certain=False)


def _stem(name: str) -> str:
    """Take from a name what says that it holds a digest."""
    return _END.sub("", name)


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(name))


def _shared(words: Sequence[str], others: Sequence[str]) -> int:
    """Count the words of the shorter name, if the longer one begins with it."""
    least = min(len(words), len(others))
    return least if words[:least] == others[:least] else 0


def _uses(name: str) -> re.Pattern[str]:
    set_there = r"\s*(?::=|\?=|=(?!=)|:\s)"
    return re.compile(rf"(?<![\w-])(?P<name>{re.escape(name)})(?![\w-])(?!{set_there})")
