"""Makes the elements of a page as values, so that foreign text cannot become markup. Pure.

The standard library's ElementTree escapes text and attributes as it writes them. A template engine
would be one more library to load, and a page put together from strings escapes only what its author
thought of.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from fluxbump.reports.table import printable

Node = ET.Element


def element(name: str, /, *inside: Node | str | None, **attributes: str | int) -> Node:
    """Make an element.

    Args:
        name: the name of the tag.
        inside: the text and elements in it, in order. None is left out.
        attributes: the attributes. An underscore at the end of a name is dropped, others become
            hyphens.
    """
    made = ET.Element(
        name,
        {key.rstrip("_").replace("_", "-"): printable(str(v)) for key, v in attributes.items()},
    )
    last: Node | None = None
    for part in inside:
        if isinstance(part, str):
            _append(made, last, printable(part))
        elif part is not None:
            made.append(part)
            last = part
    return made


def _append(parent: Node, last: Node | None, text: str) -> None:
    """Add text behind the last child, which is where ElementTree keeps it."""
    if last is None:
        parent.text = (parent.text or "") + text
    else:
        last.tail = (last.tail or "") + text


def worded(text: str) -> list[Node | str]:
    """Return the parts of a sentence, with text in backquotes as code elements."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one of them belongs to a name
        return [text]
    return [element("code", part) if number % 2 else part for number, part in enumerate(parts)]


def style(css: str) -> Node:
    """Return the style sheet as an element. ElementTree writes it unescaped, as HTML needs it."""
    made = ET.Element("style")
    made.text = css
    return made


def markup(root: Node) -> str:
    """Return a whole HTML document as text."""
    return f"<!DOCTYPE html>\n{ET.tostring(root, encoding='unicode', method='html')}\n"
