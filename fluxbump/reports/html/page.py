"""Writes the frame of a page: its head, its content policy, and its headline. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from fluxbump.model import Step
from fluxbump.reports.html.elements import Node, element, markup, style
from fluxbump.reports.html.style import CSS
from fluxbump.version import __version__


class Tone(StrEnum):
    """The tone of a headline. Each tone has a mark, so that none depends on its color."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"

    @property
    def sign(self) -> str:
        """The mark before the words."""
        return {"good": "✓", "doubtful": "!", "bad": "✗"}[self.value]


class Headline(Struct, frozen=True):
    """The top of a page.

    Attributes:
        title: the subject of the page.
        verdict: the result in one sentence.
        tone: the tone of the result.
        facts: further sentences.
    """

    title: str
    verdict: str
    tone: Tone
    facts: Sequence[str] = ()


def policy(css: str) -> str:
    """Return a Content-Security-Policy that admits this style sheet, by its digest, and no more."""
    digest = b64encode(sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def page(head: Headline, sections: Sequence[Node | None], steps: Sequence[Step] = ()) -> str:
    """Write a page.

    Args:
        head: the headline.
        sections: the sections, in order. None is left out.
        steps: the commands to type next.
    """
    return markup(
        element(
            "html",
            element(
                "head",
                element("meta", charset="utf-8"),
                element("meta", http_equiv="Content-Security-Policy", content=policy(CSS)),
                element("meta", name="viewport", content="width=device-width, initial-scale=1"),
                element("meta", name="color-scheme", content="light dark"),
                element("meta", name="referrer", content="no-referrer"),
                element("title", f"fluxbump: {head.title}"),
                style(CSS),
            ),
            element(
                "body",
                element(
                    "main",
                    element("h1", head.title),
                    _verdict(head),
                    *(element("p", fact) for fact in head.facts),
                    _next(steps),
                    *sections,
                    element("p", f"Written by fluxbump {__version__}.", class_="soft"),
                ),
            ),
            lang="en",
        )
    )


def section(title: str, *inside: Node | None) -> Node:
    """Make a part of a page with a heading of its own."""
    return element("section", element("h2", title), *inside)


def listing(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Node:
    """Lay out a table that becomes a list on a narrow screen."""
    return element(
        "div",
        element(
            "table",
            element(
                "thead", element("tr", *(element("th", title, scope="col") for title in header))
            ),
            element("tbody", *(_row(header, row) for row in rows)),
            class_="list",
        ),
        class_="scroll",
    )


def _row(header: Sequence[str], row: Sequence[str]) -> Node:
    cells = (element("td", text, data_label=label) for label, text in zip(header, row, strict=True))
    return element("tr", *cells)


def _verdict(head: Headline) -> Node:
    sign = element("span", f"{head.tone.sign} ", aria_hidden="true")
    return element("p", sign, element("strong", head.verdict), class_=f"verdict {head.tone}")


def _next(steps: Sequence[Step]) -> Node | None:
    if not steps:
        return None
    lines = (
        element("li", element("code", step.command), f"  {step.why}" if step.why else None)
        for step in steps
    )
    return element("div", element("h3", "Next"), element("ul", *lines), class_="next")
