"""The patch of a bump as colored text for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fluxbump.bump.changes import Plan
from fluxbump.model import Snapshot
from fluxbump.reports.table import Paint, printable
from fluxbump.reports.terminal.fit import fitted

if TYPE_CHECKING:
    from fluxbump.bump.prepared_bump import Prepared


def patches(prepared: Prepared[Snapshot], paint: Paint) -> str:
    """Return the patch of each commit, below a heading if there are several commits."""
    steps, whole = prepared.steps, replaced(prepared.plan)
    parts = []
    for number, step in enumerate(steps, 1):
        subject = printable(step.message.partition("\n")[0])
        head = paint(f"Commit {number} of {len(steps)}: {subject}", "bold")
        head = f"{fitted(head, paint.width)}\n\n"
        parts.append((head if len(steps) > 1 else "") + diff(step.patch, paint, whole))
    return "\n\n".join(parts)


def replaced(planned: Plan) -> dict[str, str]:
    """Return a sentence for each file that another program writes as a whole, by path.

    Reports show the sentence instead of the changed lines.
    """
    said = f"The whole file changes, to what Flux {planned.release} writes"
    return {replacement.path: f"{said}: see --output patch" for replacement in planned.replacements}


def diff(patch: bytes, paint: Paint, whole: Mapping[str, str]) -> str:
    """Return a patch as colored text. Binary files are only named.

    Args:
        patch: the patch, as git writes it.
        paint: colors.
        whole: the texts to show instead of the changed lines of some files, by path.
    """
    lines, hidden = [], False
    heads = {f"diff --git a/{path} b/{path}": said for path, said in whole.items()}
    for line in patch.decode("utf-8", "replace").split("\n"):
        if line == "GIT binary patch":
            hidden = True
            lines.append("Binary file changes")
        elif line.startswith("diff --git "):
            hidden = line in heads
            lines += [_colored(line, paint), heads[line]] if hidden else []
        if not hidden:
            lines.append(_colored(line.rstrip("\r"), paint))
    return "\n".join(lines).rstrip("\n")


def _colored(line: str, paint: Paint) -> str:
    text = printable(line)
    if line.startswith(("diff --git", "index ", "--- ", "+++ ", "new file", "deleted file")):
        return paint(text, "bold")
    if line.startswith("@@"):
        return paint(text, "cyan")
    if line.startswith("+"):
        return paint(text, "green")
    return paint(text, "red") if line.startswith("-") else text
