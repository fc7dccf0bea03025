"""Tells whether the sentence around a version is about the present or the past. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from fluxbump.discover.mentions import history_texts
from fluxbump.text.patterns import lazy_pattern

_REACH = 400
"""How many characters of a sentence are read before and behind a version."""
_URL = lazy_pattern(r"https?://[^\s<>()\[\]\"'`]*|oci://[^\s<>()\[\]\"'`]*")
_ANY_VERSION = lazy_pattern(r"(?<![\w.+/-])v?[0-9]+\.[0-9]+(?:\.[0-9]+)*[^\s,;:)\]|`*\"']*")
_OTHER_PRODUCT = lazy_pattern(
    r"(?:kubernetes|k8s|k3s|rke2|helm|kustomize|terraform|opentofu|tofu|talos|cilium|calico|istio"
    r"|argo ?cd|cert-manager|crossplane|gitea|keycloak|vault|prometheus|grafana|go|python|ubuntu"
    r"|debian|kubectl|eks|gke|aks|openshift|traefik|kyverno|sops|renovate)[ :@`*_(]{1,3}$",
    re.IGNORECASE,
)
_WE = r"(?:we(?:.re| are| all| do| still| now| currently)*|clusters|environments|nodes|scripts)"
_WE_RUN = (
    rf"{_WE} (?:all |still |now )?(?:run|use|pin|install|deploy|ship|on|at|running|using|stay)"
)
_PINNED = r"(?:pinned|locked|held|kept) (?:to|at|on)|is pinned|are pinned|pins"
_NOW = r"current(?:ly)?|now|today|presently|at present|at the moment|as of (?:now|today)"
_STRONGLY = lazy_pattern(rf"\b(?:{_WE_RUN}|{_PINNED}|{_NOW})\b", re.IGNORECASE)
_VERB = lazy_pattern(
    rf"\b(?:{_WE_RUN}|{_PINNED}|runs|running|uses|using|installs|deploys|(?:is|are) (?:at|on)"
    r"|stays? (?:at|on))\b",
    re.IGNORECASE,
)
_ADVERB = lazy_pattern(rf"\b(?:{_NOW}|is|pinned)\b", re.IGNORECASE)
_NEAR = 48
"""How many characters before a version are searched for its verb."""
# Not `Flux 2.3 now supports`: what Flux does at a version stays true.
_NO_VERB = lazy_pattern(
    rf"\W*(?:$|(?<=[.,;:)])|#|(?:{_NOW}|on|in|everywhere|with|and|at|for|across|by|as|pinned|to|via|from|through|because|chart|release|is|are|we|of)\b)",
    re.IGNORECASE,
)
_VERB_BEHIND = lazy_pattern(
    rf"\W*(?:chart|release)?\W*(?:(?:that |which |is what )?{_WE_RUN}\b|(?:is|are)"
    r"(?: now| currently| still)? (?:installed|deployed|running|pinned|in use|current)\b"
    rf"|(?:{_NOW}|pinned)\b\W*(?:$|(?<=[.,;:)])))",
    re.IGNORECASE,
)
_ENDS = lazy_pattern(
    r"[.!?;](?=\s)"  # the end of a sentence
    r"|\n[ \t]*+(?:#+|//+|\*|--|>)?[ \t]*+\r?(?=\n)"  # an empty line
    r"|\n[ \t]*+(?:#+|//+)?[ \t]*+(?:[-*+]|\d+[.)])[ \t]"  # the next item of a list
    r"|\n[ \t]*+(?=\||```|~~~)|(?<=\|)[ \t]*+\n"  # a table, a block of code
)
_MARKS = lazy_pattern(r"\n[ \t]*+(?>(?:#+|//+|\*|--|>|;)?)[ \t]*+")


def around(text: str, start: int, end: int, name: int) -> tuple[str, str]:
    """Return the parts of a sentence before and behind a version, within a limited distance.

    Args:
        text: the text with the version.
        start: the offset of the version.
        end: the offset behind the version.
        name: the offset of the name beside it.
    """
    low = max(0, start - _REACH)
    before = text[low : min(start, name)]
    begins = max((found.end() for found in _ENDS.finditer(before)), default=0)
    high = max(end, name)
    ends = _ENDS.search(text, high, min(len(text), high + _REACH))
    stop = ends.start() if ends else min(len(text), high + _REACH)
    return _bare(text[low + begins : start]).lstrip("#/*;> "), _bare(text[end:stop])


def _bare(part: str) -> str:
    """Return prose without URLs, marks of comments, and directives of this program."""
    lines = _MARKS.sub(" ", part.partition("fluxbump: ignore[")[0])
    return re.sub(r"\s+", " ", _URL.sub(" ", re.sub("<!--|-->|->", " ", lines)))


def is_present(before: str, behind: str) -> bool:
    """Whether a sentence is a statement about the present.

    Args:
        before: the part of the sentence before the version.
        behind: the part of the sentence behind the version.
    """
    near = before[-_NEAR:]
    if _VERB_BEHIND.match(behind):
        return True
    verb = _VERB.search(near) or _ADVERB.search(near)
    return verb is not None and _NO_VERB.match(behind) is not None


def is_past(before: str, value: str, behind: str, names: Iterable[str]) -> bool:
    """Whether a sentence is about the past, about a condition, or about another version.

    Args:
        before: the part of the sentence before the version.
        value: the version, without `v`.
        behind: the part of the sentence behind the version.
        names: the names of tracks in texts, in lower case.
    """
    sentence = f"{before}{value}{behind}"
    return history_texts.is_past(sentence) or not _is_alone(sentence, value, names)


def _is_alone(sentence: str, value: str, names: Iterable[str]) -> bool:
    """Whether a sentence has no other version that it may be about.

    Versions of other products do not count. Those of other tracks do not count in a sentence with
    `we` or `now`. Without such a word they do: `chart 2.13.0 installs Flux 2.3.0` stays true.
    """
    named = _own_name(frozenset(names))
    for other in _ANY_VERSION.finditer(sentence):
        if other[0].lstrip("v").rstrip(".").removesuffix(".x") == value:
            continue
        before = sentence[max(0, other.start() - 60) : other.start()]
        if _OTHER_PRODUCT.search(before):
            continue
        if not (named.search(before) and _STRONGLY.search(sentence)):
            return False
    return True


@cache
def _own_name(names: frozenset[str]) -> re.Pattern[str]:
    """Return a pattern for one of these names directly before the end of a text."""
    own = "|".join(
        re.escape(name)
        for name in sorted(names, key=lambda candidate: (-len(candidate), candidate))
    )
    return re.compile(
        rf"(?<![\w-])(?:{own})[ :@`*_(]{{1,3}}(?:(?:chart|version)[ `*]{{1,2}})?$", re.I
    )
