"""Turn the templates of charts into YAML that can be parsed without helm. Pure.

A template is read as if every condition held and every value were some text. That is enough for
what charts say about CRDs, because they put conditions around whole objects, and values into
labels; it is not enough to know what a chart installs, which only helm can say.
"""

from __future__ import annotations

import re

from fluxbump.text.patterns import lazy_pattern

# An action of Go's text/template: a comment may hold quotes, and a quoted string braces. Nothing is
# tried twice, so the time is linear.
_ACTION = lazy_pattern(
    r"\{\{(?:"
    r"-?\s*+/\*(?>(?:[^*]|\*(?!/))*)\*/"
    r'|(?>(?:"(?>(?:[^"\\\n]|\\.)*)"|`[^`]*+`|[^"`}]|\}(?!\}))*)'
    r")\s*+-?\}\}",
    re.DOTALL,
)
_CONTROL = lazy_pattern(
    r"\{\{-?\s*(?:/\*|\$\w+\s*:?=|(?:if|else|end|with|range|define|block|break|continue)\b)"
)
_VALUE = "\ufffc"  # stands for a value until its line is looked at
_ONLY_VALUES = lazy_pattern(rf"^[ \t]*(?:{_VALUE}[ \t]*)+$", re.MULTILINE)


class TemplateError(Exception):
    """A text is not a valid template; the message names the line."""


def plain(text: str) -> str:
    """Return a template as YAML, in which each line keeps its number.

    A line that has only actions becomes empty. An action that prints a value in any other line
    becomes the word `templated`.

    Raises:
        TemplateError: an action does not end.
    """
    parts, at = [], 0
    while (start := text.find("{{", at)) >= 0:
        action = _ACTION.match(text, start)
        if action is None:
            line = text.count("\n", 0, start) + 1
            raise TemplateError(f"line {line}: a template action does not end")
        shown = "" if _CONTROL.match(action.group()) else _VALUE
        parts += [text[at:start], shown, "\n" * action.group().count("\n")]
        at = action.end()
    return _ONLY_VALUES.sub("", "".join([*parts, text[at:]])).replace(_VALUE, "templated")
