"""Text from outside, made harmless where it is shown. Pure.

What text can do where it is printed:

- control characters drive a terminal, and begin a new line in a log
- bidirectional controls show another text than is there (Unicode Technical Report 36, §2.10)
- a CI obeys commands in its log: `::name …` at the beginning of a line (GitHub's "Workflow
  commands"; its runner's `ActionCommand.TryParseV2` skips blanks before them), and `##[name]`,
  `##vso[…]` and `##teamcity[…]` anywhere in it (its `TryParse`, Azure's "Logging commands",
  TeamCity's "Service messages")

There are two borders. `printable` takes foreign text when it is put into a line, where a line break
is still known to be foreign. `lines` takes the whole output when it leaves, whoever wrote it. Files
for programs (JSON, patches in a pipe) keep their exact content: `json_escapes` only spells it
otherwise. Markdown has more to take away, which `markdown` does.
"""

from __future__ import annotations

import json

from fluxbump.text.patterns import lazy_pattern

_RUNNER = lazy_pattern(r"##(?=\w*\[)")
_COMMAND = lazy_pattern(r"(?m)^((?:[^\S\n]|\x1b\[[0-9;]*m)*):(?=:)")

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = lazy_pattern(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_BIDI}\ud800-\udfff]")
_OWN_COLOR = lazy_pattern(r"(\x1b\[(?:[0-9]{1,2}(?:;[0-9]{1,2})*)m)")
"""What `reports.table.Paint` writes."""

_REPLACEMENT = "\ufffd"


def printable(text: str) -> str:
    """Make text from outside safe on one line: no control characters, no breaks, no commands."""
    if not text.isprintable():
        clean = text.encode("utf-8", "replace").decode("utf-8")
        text = "".join(c if c.isprintable() or c == "\t" else _REPLACEMENT for c in clean)
    return _RUNNER.sub("# #", text) if "##" in text else text


def one_line(text: str) -> str:
    """Bring text from outside, breaks and all, onto one line."""
    return printable(" ".join(text.split()))


def lines(text: str, *, colored: bool = False) -> str:
    """Make output safe as it leaves: nothing in it drives a terminal, or commands a CI.

    Args:
        text: whole lines.
        colored: keep the sequences that set colours, which nothing else may bring along.
    """
    parts = _OWN_COLOR.split(text) if colored else [text]
    parts[::2] = [_CONTROL.sub(_REPLACEMENT, part) for part in parts[::2]]
    clean = "".join(parts)
    return _COMMAND.sub(r"\1: ", _RUNNER.sub("# #", clean))


def json_escapes(text: str) -> str:
    """Spell JSON so that it is safe to show; the values stay what they are."""
    text = text.replace("##", "#\\u0023")
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
