"""Makes release notes, which are untrusted Markdown, safe for the body of a pull request. Pure.

The notes are read loosely and written again, so that any input gives a known shape: paragraphs,
lists, quotes, headings of the fourth level and below, emphasis, and code. The result has no links,
images, HTML or tables. A URL becomes code, because a link to an issue would be noted there.
`markdown` escapes the text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from fluxbump.text import markdown
from fluxbump.text.patterns import lazy_pattern

MAX_INPUT = 100_000
"""The most characters of notes that are read. The rest is not counted either."""

_MAX_LINE = 1_000
_TOP_HEADING = 4
_LOWEST_HEADING = 6
_DEEPEST = 4  # levels of lists

_FENCE = lazy_pattern(r"\s*(`{3,}|~{3,})[^`]*")
_HEADING = lazy_pattern(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*#*[ \t]*")
_RULE = lazy_pattern(r"\s*(?:=+|(?:-[ \t]*){2,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
_ITEM = lazy_pattern(r"(\s*)([-*+]|[0-9]{1,9}[.)])[ \t]+(.*)")
_QUOTE = lazy_pattern(r"(?: {0,3}> ?)+")
_TAG = r"</?[A-Za-z][^<>]*>"
_URL = r"https?://[^\s<>\"`\\^{}|\[\]()]+(?:\([^\s<>\"`\\^{}|\[\]()]*\)[^\s<>\"`\\^{}|\[\]()]*)*"
_INLINE = lazy_pattern(
    r"(?P<ticks>(?<!`)`+(?!`))(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|!\[(?P<alt>[^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)"
    r"|\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s[^()]*)?\)"
    rf"|(?P<url>{_URL})"
    rf"|(?P<tag>{_TAG})"
    r"|\\(?P<escape>[!-/:-@\[-`{-~])"
)


def sanitise(text: str, limit: int) -> str:
    """Return release notes that have no effect on a forge, such as a mention or a link to an issue.

    Args:
        text: untrusted Markdown.
        limit: the most characters of the result.

    Returns:
        Markdown that ends outside of any code block. The last line counts the lines that were cut.
        Empty if there is no room for that line.
    """
    known = markdown.visible(text[:MAX_INPUT].replace("\r\n", "\n").replace("\r", "\n"))
    lines = list(_lines(_without_comments(known).expandtabs(4)))
    if sum(map(len, lines)) + len(lines) <= limit + 1 and len(text) <= MAX_INPUT:
        return "\n".join(lines).strip("\n")
    return _cut(lines, limit)


def _without_comments(text: str) -> str:
    """Drop HTML comments. A comment that is never closed stays as text."""
    kept, position = [], 0
    while (start := text.find("<!--", position)) >= 0:
        end = text.find("-->", start + len("<!--"))
        if end < 0:
            break
        kept.append(text[position:start])
        position = end + len("-->")
    return "".join([*kept, text[position:]])


# --- lines ------------------------------------------------------------------------------------


def _lines(text: str) -> Iterator[str]:
    fence, held = "", list[str]()
    level, blank = -1, True  # `level` is that of the list that a line is in, -1 for none
    for line in text.split("\n"):
        if fence:
            if _closes(line, fence):
                yield from _block(held)
                fence, held = "", []
            else:
                held.append(line)
        elif found := _FENCE.fullmatch(line):
            fence = found[1]
        else:
            level = _level(line, level)
            written = _line(line, level)
            if written or not blank:
                yield written
            blank = not written
    if fence:
        yield from _block(held)


def _closes(line: str, fence: str) -> bool:
    mark = line.strip()
    return len(mark) >= len(fence) and set(mark) == {fence[0]}


def _block(lines: list[str]) -> Iterator[str]:
    yield from ("", *markdown.block(line.rstrip()[:_MAX_LINE] for line in lines), "")


def _level(line: str, before: int) -> int:
    """Return the list level of a line, at most one deeper than that of the line before."""
    item = _ITEM.fullmatch(line)
    if item:
        return min(len(item[1]) // 2, before + 1, _DEEPEST)
    return before if not line.strip() or line.startswith(" ") else -1


def _line(line: str, level: int) -> str:
    line = line.rstrip()[:_MAX_LINE]
    if _RULE.fullmatch(line):
        return ""
    if heading := _HEADING.fullmatch(line):
        depth = min(len(heading[1]) + _TOP_HEADING - 1, _LOWEST_HEADING)
        title = _inline(heading[2] or "")
        return f"{'#' * depth} {title}" if title else ""
    if item := _ITEM.fullmatch(line):
        mark = "-" if item[2] in "-*+" else f"{item[2][:-1]}."
        return f"{' ' * 3 * level}{mark} {_start(_inline(item[3]))}".rstrip()
    if quote := _QUOTE.match(line):
        return f"> {_start(_inline(line[quote.end() :]))}".rstrip()
    return _start(_inline(line))


def _start(text: str) -> str:
    """Escape the first characters of a line if they have a meaning in Markdown."""
    return re.sub(r"^(?=[/=+#-])|^(?=[*_]+(?:\s|$))|^([0-9]{1,9})(?=[.)])", r"\1\\", text)


# --- inside of a line -------------------------------------------------------------------------


def _inline(text: str) -> str:
    """Write a line again: code as code, and the rest as text that is escaped in one piece."""
    written, waiting, position = list[str](), list[str](), 0
    text = text.strip()
    for found in _INLINE.finditer(text):
        waiting.append(text[position : found.start()])
        position = found.end()
        shown, code, behind = _token(found)
        waiting.append(shown)
        if code:
            # Two code spans need a character between them, or their marks run together.
            written += [_text("".join(waiting)) or " ", markdown.code(code)]
            waiting = [behind]
    written.append(_text("".join([*waiting, text[position:]])))
    return re.sub(r"[ \t]+", " ", "".join(written)).strip()


def _token(found: re.Match[str]) -> tuple[str, str, str]:
    """Return the text before, the code, and the text behind that replace a token."""
    if found["code"] is not None:
        return "", found["code"], ""
    if found["url"] is not None:
        bare = found["url"].rstrip(".,;:!?'*_~")
        shown = markdown.address(bare)
        return ("", shown, found["url"][len(bare) :]) if shown else (found["url"], "", "")
    if found["text"] is not None:
        target = markdown.address(found["target"])
        # A URL in the text of a link is not repeated.
        text = re.sub(rf"{_URL}|{_TAG}|`", "", found["text"]).strip()
        if target is None:
            return text, "", ""
        return (f"{text} (", target, ")") if text else ("", target, "")
    return found["alt"] or found["escape"] or "", "", ""


def _text(text: str) -> str:
    # Entities are decoded first: `&#64;name` is a mention on every forge.
    known = markdown.visible(html.unescape(text)).replace("\n", " ")
    return markdown.escaped(markdown.without_secrets(known), keep="*_")


# --- length -----------------------------------------------------------------------------------


def _cut(lines: list[str], limit: int) -> str:
    kept: list[str] = []
    fence, room = "", limit - len(_cut_line(len(lines))) - 2
    for number, line in enumerate(lines):
        mark = line if line and set(line) == {"`"} else ""
        closing = fence or mark
        if len(line) + 1 + (len(closing) + 1 if closing else 0) > room:
            if fence:
                kept.append(fence)
            end = _cut_line(len(lines) - number)
            return "\n".join([*kept, "", end]).strip("\n") if room >= 0 else ""
        kept.append(line)
        room -= len(line) + 1
        if mark:
            fence = "" if fence == mark else fence or mark
    end = "*More was left out, for length.*"
    return "\n".join([*kept, "", end]).strip("\n")


def _cut_line(count: int) -> str:
    return f"*{count} more line{'s' if count != 1 else ''} left out, for length.*"
