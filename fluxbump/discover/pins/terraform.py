"""A Terraform `helm_release` of a bumped chart."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context, unpinned
from fluxbump.model import Pin, Role, Track
from fluxbump.text import hcl
from fluxbump.text.hcl import Block
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.version_forms import form_of

NAME = "terraform"
ROLE = Role.INSTALLS


def find(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the version of every `resource "helm_release"` that installs a bumped chart."""
    if file.language is not Language.HCL or "helm_release" not in file.text:
        return
    for block in hcl.blocks(file.text, "resource", "helm_release"):
        chart = block.attribute("chart")
        track = context.track_of(chart.value) if chart else None
        if track is not None:
            pin = _pin(file, block, track)
            if (file.path, pin.start) not in context.followed.uses:
                yield pin


def _pin(file: TextFile, block: Block, track: Track) -> Pin:
    subject = f"helm_release {block.labels[-1]}"
    version = block.attribute("version")
    if version is None:
        return unpinned(NAME, track, file.location(block.start), subject)
    form, skip = form_of(version.value if version.value is not None else "${expression}")
    start, end = version.start + skip, version.end
    where = file.location(start)
    return Pin(NAME, track, where, start, end, file.text[start:end], form, subject)
