"""The commands of the runbook's recoveries, read from the document itself."""

from __future__ import annotations

import re

from tests.docs_runner import FENCE
from tests.helpers import ROOT

PAGE = ROOT / "docs/runbook.md"
HEADINGS = {
    "names": "### Set the names once",
    "alive": "### Recover when the CRDs are alive",
    "terminating": "### Recover when the CRDs are terminating",
    "gone": "### Recover when the CRDs are gone",
    "after": "### Check that it worked",
    "downgrade": "## Downgrade in place",
}
"""The sections that hold `sh` blocks. `names` comes before each of the others, in one shell."""


def blocks(section: str) -> list[str]:
    """Return the `sh` blocks of a section, in order, without a newline at their end."""
    text = PAGE.read_text(encoding="utf-8")
    behind = text.partition(f"\n{HEADINGS[section]}\n")[2]
    body = re.split(r"^#{2,3} (?!--)", FENCE.sub(_hidden, behind), maxsplit=1, flags=re.MULTILINE)[
        0
    ]
    return [
        found["body"].rstrip("\n")
        for found in FENCE.finditer(behind[: len(body)])
        if found["info"] == "sh"
    ]


def _hidden(block: re.Match[str]) -> str:
    """Blank out a block, so that its comments are no headings."""
    return re.sub(r"[^\n]", " ", block[0])
