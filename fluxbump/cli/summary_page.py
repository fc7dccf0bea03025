"""The summary page of a GitHub workflow, which `run` and `fleet` add to."""

from __future__ import annotations

import os
from pathlib import Path

from fluxbump.cli.console import Console

VARIABLE = "GITHUB_STEP_SUMMARY"  # docs.github.com/actions, "Job summaries"


def append(text: str, console: Console) -> None:
    """Add Markdown to the page, where there is one.

    One that cannot be written is noted and no error: what the page tells is done already.
    """
    page = os.environ.get(VARIABLE)
    if not page:
        return
    try:
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:  # a name may hold what no path can
        reason = error.strerror if isinstance(error, OSError) else error
        console.note(f"the summary page cannot be written: {reason}")
