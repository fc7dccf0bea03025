"""Finds the download that a digest belongs to: by file name, by name, or by structure. Pure.

A digest belongs to the URL in the same call, mapping or instruction, to the variables whose names
begin like that of its own variable, or to the file that a line of `sha256sum` names. If none of
these applies, it may belong to all URLs that are near.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cached_property
from posixpath import basename

from msgspec import Struct

from fluxbump.discover.digests import names
from fluxbump.discover.digests.downloads import Download, Ownership, one_file
from fluxbump.discover.digests.places import Places
from fluxbump.discover.digests.spellings import Digest
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.scopes import EnclosingScope

_ELSEWHERE = Ownership()

_FAR = 40
"""A digest may belong to the last download before it if that is at most this many lines above."""
_KEY_LENGTH = 200
"""How many characters before a digest are searched for its key."""
_BLOCK = 400
"""How many characters before the default of a variable are searched for its block."""
_LONGEST_COMMAND = 4096
"""How many characters of a statement are read before and behind a place."""

_SOURCE = lazy_pattern(
    r"(?<![\w.-])[\"']?(?:owner|repo|rev|image|repository|newName|newTag|gitRepo)[\"']?\s*[:=]"
)
_CHECKED = lazy_pattern(r"""\A(?:\}\}|\}|\))?["']?[ \t]+\*?(?P<file>["']?[^\s"'|;&<>)]+)""")
_SUMMED = lazy_pattern(
    r"(?:shasum|sha\d+sum)(?:[ \t]+-\w+(?:[ \t]+\d+)?)*[ \t]+[\"']?(?P<file>[\w./@-]+)"
)
_SAVED = lazy_pattern(
    r"""(?:(?<!\S)(?:-[A-Za-z]*[oO]|--output(?:-document)?|-OutFile|tee)[ =]?|>>?)
    [ \t]*["']?(?P<file>[^\s"'|;&<>)]+)""",
    re.VERBOSE,
)


class Owners(Struct, dict=True):
    """Finds the downloads to which the digests of one file belong.

    Attributes:
        places: the places of the digests and the downloads in the file.
    """

    places: Places

    @property
    def file(self) -> TextFile:
        """The file with the digests and downloads."""
        return self.places.file

    def of(self, digest: Digest) -> Ownership | None:
        """Return the downloads that a digest belongs to; None if nothing connects it to one."""
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
        strange = bool(name and names.words_of(names.stem(name))) and verdict is not None
        if strange and verdict and all(download.variable for download in verdict.downloads):
            return Ownership(verdict.downloads, certain=not verdict.downloads)
        return verdict

    def taken(self, download: Download, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return the match of a pattern in the innermost scope around a download that has one.

        None if there is no match before a scope that has other downloads too.
        """
        for scope in self.places.around(download.start):
            if len(self.places.downloads_in(scope)) > 1:  # so have all scopes around it
                return None
            found = pattern.search(self.file.text, scope.start, scope.end)
            if found:
                return found if self.places.downloads_in(scope) else None
        return None

    def is_named(self, name: str) -> bool:
        """Whether a variable or key with this name holds a digest in the file."""
        return any(self._name(digest.start) == name for digest in self.places.digests)

    # --- by the file that is checked --------------------------------------------------------------

    def _checked(self, start: int, end: int) -> Ownership | None:
        """Return the download that is saved in the file which a checksum command names."""
        text, scope = self.file.text, self.places.scopes.statement(start)
        found = (
            _CHECKED.match(text[end : self.file.line_span(end)[1]]),
            _SUMMED.search(text, max(scope.start, start - _LONGEST_COMMAND), start),
        )
        wanted = {basename(match["file"].strip("\"'")) for match in found if match}
        saved = [download for name in wanted for download in self._saved.get(name, ())]
        return one_file(saved) if saved else None

    @cached_property
    def _saved(self) -> dict[str, tuple[Download, ...]]:
        """The downloads by the names of the files in which they are saved."""
        found: dict[str, tuple[Download, ...]] = {}
        for download in self.places.downloads:
            for name in () if download.variable else self._files(download):
                found[name] = (*found.get(name, ()), download)
        return found

    def _files(self, download: Download) -> set[str]:
        """Return the file names under which a download may be saved."""
        scope, text = self.places.scopes.statement(download.start), self.file.text
        low = max(scope.start, download.start - _LONGEST_COMMAND)
        high = min(scope.end, download.end + _LONGEST_COMMAND)
        some = self.places.downloads_in(EnclosingScope(low, high, "statement"))
        near = [candidate for candidate in some if candidate.identity != download.identity]
        start = max(
            (candidate.end for candidate in near if candidate.end <= download.start), default=low
        )
        end = min(
            (candidate.start for candidate in near if candidate.start >= download.end), default=high
        )
        saved = {basename(candidate["file"]) for candidate in _SAVED.finditer(text, start, end)}
        if re.match(r"\s*ADD\b", text[scope.start : scope.end]):
            saved.add(basename(text[scope.start : scope.end].split()[-1]))
        return saved or {basename(text[download.start : download.end])}

    # --- by name ----------------------------------------------------------------------------------

    def _name(self, start: int) -> str | None:
        """Return the name of the key or variable whose value begins at an offset; None if none."""
        line = max(self.file.line_span(start)[0], start - _KEY_LENGTH)
        found = names.NAMED.search(self.file.text, line, start)
        if found and found["name"] == "default":
            found = names.BLOCK.search(self.file.text, max(0, start - _BLOCK), start) or found
        return found["name"] if found else None

    def _by_use(self, digest: Digest, name: str | None) -> Ownership | None:
        """Return the owner of a digest by the places that use its variable in the file.

        None if the variable is not used, or if a use does not tell for certain.
        """
        if name is None or not re.search("[a-z]", names.stem(name), re.IGNORECASE):
            return None
        if self.file.text.count(name) == 1:  # set, and not used
            return None
        own = self.places.scopes.statement(digest.start)
        found = list[Ownership]()
        for use in names.uses(name).finditer(self.file.text):
            at, end = use.start("name"), use.end("name")
            if own.holds(at) or self.file.in_comment(at):
                continue
            verdict = self._checked(at, end) or self._by_scope(at, None)
            if verdict is not None:
                found.append(verdict)
        every = tuple(dict.fromkeys(download for some in found for download in some.downloads))
        if not every or not all(verdict.certain for verdict in found):
            return None
        return one_file(every)

    def _by_name(self, name: str | None) -> Ownership | None:
        """Return the owner of a digest by its name, compared with those of versions and URLs."""
        words = names.words_of(names.stem(name)) if name else ()
        shared = {
            (siblings, names.shared(words, siblings))
            for siblings in self._siblings
            if names.shared(words, siblings)
        }
        if not shared:
            return None
        exact = [siblings for siblings, _ in shared if siblings == words]
        most = max(count for _, count in shared)
        stems = exact or [siblings for siblings, count in shared if count == most]
        some = [sibling for stem in stems for sibling in self._siblings[stem]]
        if not some:
            return _ELSEWHERE
        if len(set(stems)) > 1:
            return Ownership(tuple(some), certain=False)
        return one_file(some)

    @cached_property
    def _siblings(self) -> dict[tuple[str, ...], tuple[Download, ...]]:
        """The downloads of Flux that each name of a version or a URL holds, by the name's words.

        A name for something else has no downloads.
        """
        found: dict[tuple[str, ...], tuple[Download, ...]] = {}
        for match in names.SETS.finditer(self.file.text):
            if self.file.in_comment(match.start()):
                continue
            span = EnclosingScope(match.end(), self.file.line_span(match.end())[1], "statement")
            if match["block"]:
                span = next(self.places.scopes.brackets(match.start("block")), span)
            words = names.words_of(match["stem"])
            here = [download for download in self.places.downloads_in(span) if download.moves]
            found[words] = (*found.get(words, ()), *here)
        return found

    # --- by structure -----------------------------------------------------------------------------

    def _by_scope(self, start: int, digest: Digest | None) -> Ownership | None:
        for scope in self.places.around(start):
            inside = self.places.downloads_in(scope)
            held = [
                download
                for download in inside
                if digest is None or not self._claimed(download, scope, digest)
            ]
            if inside and not held:
                return _ELSEWHERE
            if held:
                rivals = digest is not None and self._rivals(digest, scope)
                verdict = one_file(held, same=self._listed(held))
                return Ownership(verdict.downloads, certain=False) if rivals else verdict
            if scope.kind in ("{", "(", "mapping") and self._is_source(scope):
                return _ELSEWHERE
        return None

    def _claimed(self, download: Download, scope: EnclosingScope, digest: Digest) -> bool:
        """Whether another digest is in a smaller scope around a download than `scope`."""
        for inner in self.places.around(download.start):
            if inner.end - inner.start >= scope.end - scope.start:
                return False
            if any(_rival(candidate, digest) for candidate in self.places.digests_in(inner)):
                return True
        return False

    def _rivals(self, digest: Digest, scope: EnclosingScope) -> bool:
        """Whether a scope has different digests of the same algorithm."""
        same = [
            candidate
            for candidate in self.places.digests_in(scope)
            if candidate.algorithm == digest.algorithm
        ]
        texts = {self.file.text[candidate.start : candidate.end] for candidate in same}
        return len(texts) > 1

    def _listed(self, held: Collection[Download]) -> bool:
        """Whether URLs are the items of one list, and so mirrors of one file."""
        around = [next(self.places.scopes.brackets(download.start), None) for download in held]
        return around[0] is not None and around[0].kind == "[" and len(set(around)) == 1

    def _is_source(self, scope: EnclosingScope) -> bool:
        return _SOURCE.search(self.file.text, scope.start, scope.end) is not None

    # --- by distance ------------------------------------------------------------------------------

    def _nearby(self, start: int) -> Ownership | None:
        window = self.places.window(start)
        near = self.places.downloads_in(window)
        if any(download.moves for download in near):
            verdict = one_file(near)
            alone = len(self.places.digests_in(window)) <= 1
            return verdict if alone else Ownership(verdict.downloads, certain=False)
        before = self.places.url_before(start)
        if before and before.moves and self.places.lines_between(before.start, start) <= _FAR:
            return Ownership((before,), certain=False)
        return None


def _rival(candidate: Digest, digest: Digest) -> bool:
    return candidate != digest and candidate.algorithm == digest.algorithm
