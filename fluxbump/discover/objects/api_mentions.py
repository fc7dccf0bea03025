"""Finds apiVersions of Flux in text that is no object: programs, templates, references. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from fluxbump.discover.objects.resources import Resource
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Document

GROUP = r"(?:[a-z]+\.toolkit|source\.extensions)\.fluxcd\.io"

_API_VERSION = lazy_pattern(rf"(?<![\w.-]){GROUP}/v[0-9]+(?:(?:alpha|beta)[0-9]+)?(?![\w-])")

_KIND = lazy_pattern(r"""(?<![\w-])[kK]ind["']?[ \t]*[:=][ \t]*["'`]?(?P<kind>[A-Z][A-Za-z]+)""")
_DISCOVERY = lazy_pattern(r"""["']?kind["']?[ \t]*:[ \t]*["']?API(?:Resource|Group)List\b""")
"""Matches the files that kubectl keeps in `.kube/cache/discovery`."""
_KIND_LINES = 3  # how far from its apiVersion an object's kind is looked for, in lines
_SENTENCE = lazy_pattern(r"[A-Za-z]{2,} \Z")
"""Matches before a word in a sentence; before a value there is a key, a sign or a quote."""
_COMMENT_LINE = lazy_pattern(r"[ \t]*(?:#|//|/?\*|<!--|--[ \t])")


def api_mentions(
    file: TextFile, known: Collection[int], broken: Collection[Document]
) -> Iterator[Resource]:
    """Yield the apiVersions in live text that belong to no resource.

    Args:
        file: the file to search.
        known: the offsets of apiVersions that belong to resources.
        broken: the documents that cannot be parsed, which are left out.
    """
    if file.language is Language.DOCUMENT or file.text.count("fluxcd.io/v") <= len(known):
        return
    if _DISCOVERY.search(file.text):
        return  # what a cluster served when kubectl asked, and nothing that is applied
    for match in _API_VERSION.finditer(file.text):
        start, end = match.span()
        covered = start in known or any(
            document.start <= start < document.end for document in broken
        )
        if not covered and _is_live(file, start):
            where = file.location(start)
            kind = _kind_near(file.text, match)
            yield Resource(match.group(), kind, "", "", where, where, start, end, text_only=True)


def _is_live(file: TextFile, offset: int) -> bool:
    """Whether text is neither a comment nor prose.

    Unlike a version pin, an apiVersion in a program is live: the program will ask for it.
    """
    start, end = file.line_span(offset)
    if _COMMENT_LINE.match(file.text, start, end):
        return False
    if file.path.endswith(".json") and _SENTENCE.search(file.text, start, offset):
        return False  # text for people, or for who answers them
    return file.language is Language.APPLICATION or file.is_live(offset)


def _kind_near(text: str, match: re.Match[str]) -> str:
    """Return the closest `kind` behind an apiVersion, or else before it; empty if there is none."""
    behind = "\n".join(text[match.end() : match.end() + 400].split("\n")[: _KIND_LINES + 1])
    before = "\n".join(text[max(0, match.start() - 400) : match.start()].split("\n")[-_KIND_LINES:])
    found = _KIND.search(behind) or next(iter(list(_KIND.finditer(before))[-1:]), None)
    return found["kind"] if found else ""
