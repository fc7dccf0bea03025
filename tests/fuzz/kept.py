"""What fluxbump itself has written, and somebody may have changed since, as a target.

See `targets`.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from fluxbump.errors import FluxbumpError, UsageError
from fluxbump.fleet import state
from fluxbump.fleet.repositories import FleetEntry, RunOptions
from fluxbump.flux import fetch_tags
from fluxbump.forges.forge import Issue
from fluxbump.helm.registry import content_store
from fluxbump.run.dashboard import body as dashboard
from fluxbump.run.pull_request import boxes
from fluxbump.run.pull_request.boxes import Box
from fluxbump.run.pull_request.state import SavedState, attach
from fluxbump.system import replace_journal
from fluxbump.system.http import cache
from fluxbump.text import markdown
from fluxbump.text.live_code import decode

_HEX = frozenset("0123456789abcdef")
_ENTRY = FleetEntry("a", "https://git.example.org/a.git")


def read_kept(_: str, data: bytes) -> None:
    """Files of the cache, of an interrupted bump in place, of a fleet; bodies and issues."""
    _read_cache(data)
    _read_journal(data)
    _read_state(data)
    _read_texts(decode(data))


def _read_cache(data: bytes) -> None:
    line, _, body = data.partition(b"\n")
    whole = line.replace(b"SHA256", hashlib.sha256(body).hexdigest().encode()) + b"\n" + body
    for file in (data, whole):
        kept = cache.parse(file)
        assert kept is None or all(value.isprintable() for value in kept.conditions.values())
    tags = content_store.parse_tags(data)
    assert tags is None or all(digest.startswith("sha256:") for digest in tags.values())
    released = fetch_tags.parse(data, "git.example.org/flux2")
    assert released is None or released.releases
    assert released is None or all(_HEX.issuperset(sha) for sha in released.commits.values())


def _read_journal(data: bytes) -> None:
    """No step leads out of the working tree, and what is read is what was written."""
    with suppress(ValueError):
        journal = replace_journal.parse(data)
        assert replace_journal.parse(replace_journal.dump(journal)) == journal
        for step in journal.steps:
            parts = Path(step.path).parts
            assert not Path(step.path).is_absolute()
            assert not {"..", ".git"} & {part.lower() for part in parts}


def _read_state(data: bytes) -> None:
    """The first line of a fleet's state is fixed; each other is one result."""
    asked = RunOptions()
    key = asked.key(_ENTRY).encode()
    with suppress(FluxbumpError):
        found = state.parse(data.replace(b"KEY", key).split(b"\n"), Path("state"), -1)
        with suppress(UsageError):
            found.before(_ENTRY, asked)


def _read_texts(text: str) -> None:
    """Only what is ours to the character is a box, and no text from outside makes one."""
    asked = boxes.asked(text)
    boxes_left = boxes.asked(boxes.cleared(text, tuple(Box)))
    assert not boxes_left
    assert all(box.box in Box for box in asked)
    for shown in (
        markdown.plain(text),
        markdown.escaped(text),
        markdown.code(text),
        "\n".join(markdown.block(text.split("\n"))),
    ):
        assert not boxes.asked(f"- {shown}")
        assert not boxes.asked(shown)
    found = SavedState.parse(text)
    if found is not None:
        for hidden in (True, False):
            assert SavedState.parse(attach(text, found, hidden=hidden)) == found
    issue = Issue(1, "https://git.example.org/issues/1", text, is_open=True)
    dashboard.find([issue])
    assert dashboard.is_same(text, text)
