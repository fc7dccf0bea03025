"""Finds calls and object literals in a program's code that name a chart that fluxbump bumps.

The other arguments and members are returned with the chart, since one of them may be its version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from fluxbump.discover.embedded import program_source
from fluxbump.discover.pins.kind import Context
from fluxbump.model import Track
from fluxbump.text.languages import suffix_of
from fluxbump.text.literals import SourceText, SourceValue
from fluxbump.text.live_code import TextFile

OTHERS = frozenset(
    (
        *(".cue", ".jsonnet", ".libsonnet", ".nix", ".star", ".bzl", ".k", ".kcl", ".bicep"),
        *(".groovy", ".gradle", ".pkl"),
    )
)
"""Suffixes of configuration languages whose syntax resembles that of programs."""

_COLON = frozenset(
    (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".go", ".vue", ".py", ".java")
)
"""Suffixes of languages in which members in braces have a colon, and `=` is an assignment."""

_REPOSITORIES = ("repo", "repository", "repourl", "repo_url", "repositoryurl", "repository_url")
_DIGESTS = ("sha256", "sha512", "hash", "digest", "integrity", "checksum", "outputhash")
_FOLDERS = frozenset({"charts", "chart", "helm", "deploy", "."})


class ChartCall(Struct, frozen=True):
    """A call or an object literal that names a chart.

    Attributes:
        text: the chart as written, such as `fluxcd-community/flux2`.
        name: the chart's name, which is the last part of `text`.
        track: the track of the chart.
        place: the argument or member that holds the chart.
        members: the arguments or members beside it, on the same level.
        inside: all arguments or members in the same brackets, on deeper levels too.
    """

    text: str
    name: str
    track: Track
    place: SourceValue
    members: tuple[SourceValue, ...]
    inside: tuple[SourceValue, ...]

    def one_of(self, names: tuple[str, ...]) -> SourceValue | None:
        """Return the first member with one of these names; None without one. Case is ignored."""
        return next((member for member in self.members if member.name.lower() in names), None)

    @property
    def has_digest(self) -> bool:
        """Whether a digest stands beside the version: `hash`, `chartHash`, `chart_sha256`."""
        return any(member.name.lower().endswith(_DIGESTS) for member in self.members)

    @property
    def repository(self) -> SourceValue | None:
        """The chart's repository as the call names it; None if the call names none."""
        named = (
            source_value
            for source_value in self.inside
            if source_value.name.lower() in _REPOSITORIES
        )
        found = next(
            (
                source_value
                for source_value in named
                if source_value.is_text or "{" not in source_value.text
            ),
            None,
        )
        return found or self.one_of(("url",))


def chart_calls(file: TextFile, source: SourceText, context: Context) -> Iterator[ChartCall]:
    """Yield the calls and object literals that name a chart that fluxbump bumps.

    Comments, comparisons and plain variables are left out.

    Args:
        file: the file with the program's code.
        source: the same text, parsed into its values.
        context: knows the charts, and whether code of programs counts.
    """
    text = re.compile(
        r"""(?P<dot>\.\s*)?(?:with)?[cC]hart(?:_?[nN]ame)?["']?(?P<sign>\s*(?::=?|=>?)(?!=)|\s*\()"""
    )
    for match in text.finditer(file.text):
        if not context.is_acted_on(file, match.start()) or program_source.is_compared(
            file, match.end()
        ):
            continue
        if match["sign"].endswith("("):
            members = source.chain(match.start()) if match["dot"] else []
            inside = [
                source_value
                for link in members
                for source_value in source.called(link.start, link.end)
            ]
            yield from _read(members, [*members, *inside], match.end(), context)
            continue
        yield from _nested(file, source, match, context)
        start, end = source.around(match.start("sign") - 1)
        assigned = start >= 0 and file.text[start] == "{" and suffix_of(file.path) in _COLON
        if start < 0 or (assigned and match["sign"].strip() != ":"):
            continue  # a variable, not a part of a call
        members = source.beside(match.start("sign") - 1)
        yield from _read(members, source.inside(start + 1, end), match.end(), context)


def _nested(
    file: TextFile, source: SourceText, match: re.Match[str], context: Context
) -> Iterator[ChartCall]:
    """Yield a chart in Crossplane's form: `chart: {name: "flux2", version: "…"}`."""
    opening = re.compile(r"\s*&?[\w.]*\{").match(file.text, match.end())
    if opening is None:
        return
    start, end = source.around(opening.end())
    members = source.beside(opening.end())
    named = next((member for member in members if member.name.lower() == "name"), None)
    if named is not None:
        yield from _chart(named, members, source.inside(start + 1, end), context)


def _read(
    members: list[SourceValue], inside: Sequence[SourceValue], end: int, context: Context
) -> Iterator[ChartCall]:
    place = next(
        (member for member in members if member.name_start < end <= member.start + 1), None
    )
    if place is not None:
        yield from _chart(place, members, inside, context)


def _chart(
    place: SourceValue, members: list[SourceValue], inside: Sequence[SourceValue], context: Context
) -> Iterator[ChartCall]:
    text = place.text.rstrip("/")
    name = text.rpartition("/")[2]
    track = context.track_of(name)
    folder = text.startswith((".", "/", "~")) or text.partition("/")[0] in _FOLDERS
    if place.is_text and track is not None and not folder:
        yield ChartCall(text, name, track, place, tuple(members), tuple(inside))
