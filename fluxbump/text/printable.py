"""Makes foreign text harmless for terminals and CI logs. Pure.

Printed text can have these effects:

- control characters drive a terminal, and begin a new line in a log
- bidirectional controls show another text than is there (Unicode Technical Report 36, §2.10)
- a CI obeys commands in its log: `::name …` at the beginning of a line (GitHub's "Workflow
  commands"; its runner's `ActionCommand.TryParseV2` skips blanks before them), and `##[name]`,
  `##vso[…]` and `##teamcity[…]` anywhere in it (its `TryParse`, Azure's "Logging commands",
  TeamCity's "Service messages")

Text is cleaned at two points. `printable` cleans foreign text when it is put into a line, where a
line break is still known to be foreign. `lines` cleans the whole output, whatever its source. Files
for programs (JSON, patches in a pipe) keep their exact content, which `json_escapes` only writes in
another way. Markdown has further effects, which `markdown` removes.
"""

from __future__ import annotations

import json

from fluxbump.text.patterns import lazy_pattern

_RUNNER = lazy_pattern(r"##(?=\w*\[)")
_COMMAND = lazy_pattern(r"(?m)^((?:[^\S\n]|\x1b\[[0-9;]*m)*):(?=:)")

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = lazy_pattern(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_BIDI}\ud800-\udfff]")
_OWN_COLOR = lazy_pattern(r"(\x1b\[(?:[0-9]{1,2}(?:;[0-9]{1,2})*)m)")
"""Matches the color sequences that `reports.table.Paint` writes."""

_REPLACEMENT = "\ufffd"


def printable(text: str) -> str:
    """Return foreign text without control characters, line breaks and CI commands."""
    if not text.isprintable():
        clean = text.encode("utf-8", "replace").decode("utf-8")
        text = "".join(c if c.isprintable() or c == "\t" else _REPLACEMENT for c in clean)
    return _RUNNER.sub("# #", text) if "##" in text else text


def one_line(text: str) -> str:
    """Return foreign text on one line, with a space for each run of blanks and line breaks."""
    return printable(" ".join(text.split()))


def lines(text: str, *, colored: bool = False) -> str:
    """Return output without sequences that control a terminal, and without CI commands.

    Args:
        text: whole lines of output.
        colored: whether to keep the color sequences of fluxbump. Foreign text must be cleaned of
            such sequences before.
    """
    parts = _OWN_COLOR.split(text) if colored else [text]
    parts[::2] = [_CONTROL.sub(_REPLACEMENT, part) for part in parts[::2]]
    clean = "".join(parts)
    return _COMMAND.sub(r"\1: ", _RUNNER.sub("# #", clean))


def json_escapes(text: str) -> str:
    """Return JSON with escapes for characters that are not safe to print; its values stay."""
    text = text.replace("##", "#\\u0023")
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
