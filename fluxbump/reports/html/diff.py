"""Shows a patch on a page, file by file. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fluxbump.reports.html.elements import Node, element
from fluxbump.reports.html.page import section

_MOST = 4_000
"""The most lines on a page, so that a browser on a phone still scrolls through them."""
_HEAD = "diff --git "


def diff_section(patch: str) -> Node | None:
    """Show the patch of a bump; None if it changes nothing.

    Args:
        patch: as git writes it, made readable: see `reports/patches`.
    """
    lines = patch.splitlines()
    if not lines:
        return None
    shown, left = lines[:_MOST], len(lines) - _MOST
    more = f"{left} more lines: `--output patch` prints all of them." if left > 0 else None
    files = [_file(title, body) for title, body in _files(shown)]
    return section("Changes", *files, element("p", more, class_="soft") if more else None)


def _files(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each file's name and lines. The lines between files are a part of their own."""
    title = ""
    body: list[str] = []
    for line in lines:
        if line.startswith(("Commit ", _HEAD)):
            if title or any(body):
                yield title, body
            title, body = _title(line), []
        elif not line.startswith(("index ", "--- ", "+++ ")):
            body.append(line)
    yield title, body


def _title(line: str) -> str:
    if not line.startswith(_HEAD):
        return line
    return line.removeprefix(_HEAD).partition(" b/")[0].removeprefix("a/")


def _file(title: str, body: Sequence[str]) -> Node:
    head = element("h3", element("span", title, class_="place"))
    if not any(body):
        return head
    pre = element("pre", *(element("span", line or " ", class_=_kind(line)) for line in body))
    patch = element(
        "div",
        pre,
        class_="scroll patch",
        tabindex="0",
        role="region",
        aria_label=f"Patch of {title}",
    )
    return element("div", head, patch)


def _kind(line: str) -> str:
    return {"+": "add", "-": "del", "@": "hunk"}.get(line[:1], "same")
