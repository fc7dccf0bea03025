"""Turns foreign text into Markdown that has no effect on any forge. Pure.

These are made harmless:

- mentions and references, which notify people and write to other issues (GitHub's "Autolinked
  references and URLs", GitLab's "GitLab-specific references", Gitea's "Automatically linked
  references"), by a zero-width space
- raw HTML and links
- commands, at the start of a line (GitLab's "Quick actions") or in the log that a page is printed
  to (`##vso[…]`, Azure Pipelines' "Logging commands")

Mentions in code get the space too: when a pull request is squashed, its body may become a commit
message, in which forges do not recognize code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from fluxbump.text.patterns import lazy_pattern

GAP = "\u200b"
"""A zero-width space."""

_MAX_TEXT = 1_000
_MAX_URL = 500

_SHAPELESS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKER = r"\bfluxbump(?=:\w)"  # of our own block and boxes, which nothing else may look like
_MENTION = lazy_pattern(rf"@(?=[\w{{])|#(?=\w)|\bgh(?=-\d)|[!&%$~^](?=\d)|{_MARKER}", re.IGNORECASE)
_MENTION_IN_CODE = lazy_pattern(
    rf"(?<![\w.+-])@(?=[A-Za-z0-9_{{])|#(?=\d)|\bgh(?=-\d)|!(?=\d)|<(?=!--)"
    rf"|#(?=#\w*\[)|{_MARKER}",
    re.IGNORECASE,
)
_COMMAND = lazy_pattern(r"^(\s*)/(?=[a-z_-]+(?:\s|$))", re.IGNORECASE)
_SPECIAL = lazy_pattern(r"[\\`*_\[\]|$~]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_DOLLAR = "<span>$</span>"
_USERINFO = lazy_pattern(r"(?<=://)[^/\s@]*@")


def clean(text: str, limit: int = _MAX_TEXT) -> str:
    """Return text on one line, without control characters, and without secrets in URLs.

    Args:
        text: foreign text.
        limit: the maximum length in characters; a longer text is cut and ends in `…`.
    """
    # Twice as much as is kept is enough: nothing below makes text longer.
    line = " ".join(visible(text[: 2 * limit]).split())
    line = without_secrets(line)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def without_secrets(text: str) -> str:
    """Return text without the user and the password in its URLs."""
    return _USERINFO.sub("", text)


def visible(text: str) -> str:
    """Return text without invisible characters, except line feeds and tabs; each space is ASCII's.

    Invisible are the categories C*, Zl and Zp of Unicode.
    """
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" else _shape(c) for c in text)


def _shape(character: str) -> str:
    category = unicodedata.category(character)
    return "" if category in _SHAPELESS else " " if category == "Zs" else character


def quiet(text: str) -> str:
    """Return text with a zero-width space in each mention and reference of a forge."""
    return _MENTION.sub(rf"\g<0>{GAP}", text)


def quiet_code(line: str) -> str:
    """Return a line of code with a zero-width space in each mention, reference and command.

    Fewer texts count as a mention than in `quiet`, so that code changes as little as possible.
    Secrets in URLs are removed.
    """
    known = _MENTION_IN_CODE.sub(rf"\g<0>{GAP}", without_secrets(line))
    return _COMMAND.sub(rf"\1/{GAP}", known)


def escaped(text: str, *, keep: str = "", html: bool = False) -> str:
    """Return text in which no character has a meaning in Markdown (CommonMark 0.31 §2.4).

    Besides CommonMark's own characters these are the pipe of tables, the tilde of strikethrough,
    the dollar of formulas, and the colon and the dot that turn bare URLs into links (GFM 0.29
    §4.10, §6.5, §6.9). `<`, `>` and `&` become entities, because some forges do not know a
    backslash before them.

    Args:
        text: one line of text.
        keep: characters that keep their meaning.
        html: whether the forge knows tags. If so, a tag keeps a dollar from starting a formula,
            since GitHub's "Writing mathematical expressions" has no other way to do so.
    """
    marked = _SPECIAL.sub(lambda m: m[0] if m[0] in keep else f"\\{m[0]}", quiet(text))
    whole = re.sub("[<>&]", lambda m: _ENTITIES[m[0]], marked)
    return whole.replace("\\$", _DOLLAR) if html else whole


def plain(text: str, limit: int = _MAX_TEXT, *, html: bool = False) -> str:
    """Return foreign text as plain text on one line; `html` has its meaning in `escaped`."""
    return escaped(clean(text, limit), html=html)


def code(text: str, *, cell: bool = False) -> str:
    """Return foreign text as a code span on one line (CommonMark 0.31 §6.1).

    Args:
        text: foreign text.
        cell: whether it is in a table, where a pipe is escaped in code too (GFM 0.29 §4.10).
    """
    inner = quiet_code(clean(text)) or " "
    if cell:
        inner = inner.replace("|", "\\|")
    ticks = "`" * (max(map(len, re.findall("`+", inner)), default=0) + 1)
    pad = " " if inner[0] in "` " or inner[-1] in "` " else ""
    return f"{ticks}{pad}{inner}{pad}{ticks}"


def block(lines: Iterable[str], language: str = "") -> tuple[str, ...]:
    """Return lines as a code block with a fence longer than any run of backticks in them."""
    inner = [quiet_code(line) for line in lines]
    longest = max((len(run) for line in inner for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return (f"{fence}{language}", *inner, fence)


def address(url: str) -> str | None:
    """Return a URL as it may be shown; None if it is no valid URL for http or https.

    User, password, and the query, which may hold a token, are removed, as is a fragment that looks
    like a reference. `@` is encoded.
    """
    try:
        parts = urlsplit(without_secrets(url[:_MAX_URL]))
        port = f":{parts.port}" if parts.port else ""
        host = parts.hostname or ""
    except ValueError:
        return None
    plain_host = re.fullmatch(r"[A-Za-z0-9.-]+", host)
    if parts.scheme not in ("http", "https") or not plain_host or len(url) > _MAX_URL:
        return None
    fragment = f"#{parts.fragment}" if re.match(r"[A-Za-z]", parts.fragment) else ""
    shown = f"{parts.scheme}://{host}{port}{parts.path}{fragment}".replace("@", "%40")
    return re.sub(r"[^!-~]|[`<>\"\\^{}|\[\]()]", lambda m: _percent(m[0]), shown)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))


def link(text: str, url: str, *, cell: bool = False) -> str:
    """Return a link whose text is code; the code alone if the URL cannot be shown."""
    target = address(url)
    return f"[{code(text, cell=cell)}]({target})" if target else code(text, cell=cell)
