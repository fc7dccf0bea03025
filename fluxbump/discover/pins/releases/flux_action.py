"""Finds uses of the GitHub action that installs the flux CLI: its ref, and the CLI's version.

Flux publishes no tags of the action alone: it is a directory of flux2, so its ref is a tag, a
branch, or a commit of that repository. The ref says which code installs the CLI, and the inputs
`version` and `version-file` say which CLI. Without them the action installs the newest one,
whatever its ref (`action/action.yml` in fluxcd/flux2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.discover.mentions.commit_comments import release_behind
from fluxbump.discover.pins.kind import Context, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX, Form, Pin, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of
from fluxbump.text.yaml import Document, Node, Scalar

NAME = "flux-action"
ROLE = Role.TOOL
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.ACTION, KindTrait.BY_VARIABLE})

_ACTION = "fluxcd/flux2/action@"
_SUBJECT = "action fluxcd/flux2"
_USES = lazy_pattern(r"(?:https://[\w.-]+/)?fluxcd/flux2/action@(?P<ref>\S+)")
_COMMIT = lazy_pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHOWN = 12  # characters of a commit, where no comment names its release


def find(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the ref of each step that uses the action, and the CLI version that the step names."""
    del context
    if _ACTION not in file.text:
        return
    for document in file.documents:
        if _ACTION not in document.source:
            continue
        for step in yaml.mappings(document.root):
            uses = document.scalar(yaml.get(step, "uses"))
            match = _USES.fullmatch(uses.value) if uses else None
            if uses and match:
                ref = _ref(file, uses, match)
                if ref.form is not Form.UNPINNED or not _names_cli(step):
                    yield ref
                yield from _version(document, step)


def _names_cli(step: Node) -> bool:
    """Whether a step names the CLI's version, so that the ref may be a branch."""
    return any(yaml.text_of(step, "with", name) for name in ("version", "version-file"))


def _ref(file: TextFile, uses: Scalar, match: re.Match[str]) -> Pin:
    ref = match["ref"]
    start = uses.start + (match.start("ref") if uses.editable else 0)
    where = file.location(start)
    if _COMMIT.fullmatch(ref):
        comment = release_behind(file.text, uses.end)
        value = comment["version"] if comment else ref[:_SHOWN]
        end = start + len(ref)
        return Pin(NAME, FLUX, where, start, end, value, Form.COMMIT, _SUBJECT, Role.REFERENCE)
    form, skip = form_of(ref)
    if form is Form.EXACT and not (uses.editable and ref.startswith("v")):
        form, skip = Form.OPAQUE, 0
    elif form is not Form.EXACT:
        form = Form.UNPINNED  # a branch, or a tag that is moved
    start, end = start + skip, uses.end
    role = ROLE if form is Form.UNPINNED else Role.REFERENCE
    return Pin(NAME, FLUX, file.location(start), start, end, ref[skip:], form, _SUBJECT, role)


def _version(document: Document, step: Node) -> Iterator[Pin]:
    version = document.scalar(yaml.get(step, "with", "version"))
    if version is not None:
        yield pin_at(NAME, FLUX, version, f"input of {_SUBJECT}")
