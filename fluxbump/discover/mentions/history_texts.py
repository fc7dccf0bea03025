"""Recognizes texts about the past, about conditions, or about requirements. Pure.

The versions in such a text were right when it was written, or stay right, so they are never stale.
A text that may be about the past or the present counts as one about the past.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

from msgspec import Struct

from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern

_FILE = lazy_pattern(
    r"(?:changelog|changes|history|news|releases?[-_ ]?notes?|upgrad|migrat|post-?mortem"
    r"|incident|adr[-_]?\d|rfc[-_]?\d|\d{4}-\d\d-\d\d)",
    re.IGNORECASE,
)
_FOLDER = lazy_pattern(
    r"(?:adrs?|rfcs?|(?:.*[-_])?decisions?|(?:.*[-_])?records?|.*post-?mortems?.*|.*incidents?.*"
    r"|changelogs?|\.?changes?|\.changeset|release[-_ ]?notes?|histor(?:y|ies)|archived?|blogs?"
    r"|news)",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_WORDS = (
    # the past
    "since|was|were|had|did|ran|used|before|prior|previous(?:ly)?|former(?:ly)?|earlier|older|old"
    "|ago|until|till|after|once|last|legacy|histor(?:y|ic|ical|ically)|incident|outage"
    "|post-?mortem|back|came|got|became|went|no longer|any ?more|initial(?:ly)?|original(?:ly)?"
    # a change
    "|introduc\\w*|add(?:s|ed)|remov\\w*|deprecat\\w*|fix(?:es|ed)?|broke\\w*|bugs?|issues?"
    "|regress\\w*|chang\\w*|upgrad\\w*|downgrad\\w*|migrat\\w*|mov(?:es?|ed|ing)|bump\\w*"
    "|rais(?:es?|ed|ing)|switch\\w*|replac\\w*|became|begin\\w*|start(?:s|ed|ing)|dropp\\w*"
    "|roll(?:s|ed|ing)? ?back|revert\\w*|releas(?:ed|es)|renam\\w*|serv(?:es|ed)"
    # a condition, a wish, an example
    "|if|when|whenever|unless|should|would|could|might|may|must|can|will|shall|plan\\w*|next|soon"
    "|later|newer|higher|above|below|up|least|most|minim\\w*|maxim\\w*|requir\\w*|needs?|suppor\\w*"
    "|compatib\\w*|tested|works?|example|e\\.g|instance|such|say|like|suppose\\w*|assum\\w*|or"
    "|than|instead|rather|versus|vs|compar\\w*|between|through|only|todo|fixme|wait\\w*|consider"
    "|recommend\\w*|want|let|try|tries|test(?:s|ing)?|e2e|elsewhere|other|others|another|they|them"
    "|their|someone|everyone|people|customers?|upstream"
    "|now that|latest|newest|available|apis?|stable|features?|docs|fail\\w*|librar\\w*"
    # the contrary
    "|not|never|none|nobody|without|cannot|\\w+n.t|neither|nor|wrong(?:ly)?|mistake\\w*"
)


def _by_letter(words: str) -> str:
    """Return a pattern for words, grouped by first letter, so that most words fail at once."""
    found: dict[str, list[str]] = {}
    for word in re.split(r"\|(?![^()]*\))", words):
        found.setdefault(word[0] if word[0].isalpha() else "", []).append(word)
    return "|".join(
        f"{letter}(?:{'|'.join(word[len(letter) :] for word in some)})"
        for letter, some in found.items()
    )


_PAST = lazy_pattern(
    rf"(?<![\w.-])(?:{_by_letter(_WORDS)})(?![\w-]|\.\w)"
    rf"|(?:19|20)\d\d\b|\b{_MONTH}\.? \d|\bq[1-4]\b|[<>~^≥≤\?]"
)
"""Of a text in small letters: what minds no capitals takes three times as long."""
_HEADING = lazy_pattern(r"^(#{1,6})[ \t]+([^\n]*)", re.MULTILINE)
_OLD_HEADING = lazy_pattern(
    r"chang(?:es|e ?log)|histor|release|upgrad|migrat|incident|outage|post-?mortem|requirements?"
    r"|prerequisit|compatib|what went wrong|lessons|timeline|known issues|troubleshoot|faq|example"
    r"|news|\bv?\d+\.\d+|(?:19|20)\d\d|deprecat|decision|before|roadmap|\?",
    re.IGNORECASE,
)

_TELLS = lazy_pattern(
    r"chang(?:es|e ?log)|histor|release notes|incident|outage|post-?mortem|what went wrong|lessons"
    r"|timeline|example|news|\bv?\d+\.\d+|(?:19|20)\d\d|decision|before|roadmap|\?",
    re.IGNORECASE,
)
"""Headings over what was so once; the others may stand over what to do, in which `today` is now."""


def is_history(path: str) -> bool:
    """Whether a whole file is about the past, such as a changelog, a decision, an incident."""
    *folders, name = path.split("/")
    return bool(_FILE.match(name)) or any(map(_is_old_folder, folders))


@cache
def _is_old_folder(name: str) -> bool:
    return _FOLDER.fullmatch(name) is not None


def is_past(sentence: str) -> bool:
    """Whether a sentence may be about anything other than the present."""
    return _PAST.search(sentence.lower()) is not None


class Sections(Struct, frozen=True):
    """The sections of a document, and which of them are about the past.

    Attributes:
        starts: the offsets of all headings.
        old: for each heading, whether the section below it is about the past.
    """

    starts: tuple[int, ...] = ()
    old: tuple[bool, ...] = ()

    def tells_of_the_past(self, offset: int) -> bool:
        """Whether the character at an offset is in a section about the past."""
        found = bisect_right(self.starts, offset) - 1
        return found >= 0 and self.old[found]


def sections(file: TextFile, *, told: bool = False) -> Sections:
    """Return the sections of a document; a heading counts for all the sections below it.

    Args:
        file: the document.
        told: whether only headings about former states count, and not those about procedures.
    """
    pattern = _TELLS if told else _OLD_HEADING
    if file.language is not Language.DOCUMENT:
        return Sections()
    starts: list[int] = []
    old: list[bool] = []
    around: list[tuple[int, bool]] = []  # level of a heading, and whether it is old
    for match in _HEADING.finditer(file.text):
        level = len(match[1])
        while around and around[-1][0] >= level:
            around.pop()
        past = any(was_past for _, was_past in around) or bool(pattern.search(match[2]))
        around.append((level, past))
        starts.append(match.start())
        old.append(past)
    return Sections(tuple(starts), tuple(old))
