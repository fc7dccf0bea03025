"""Finds copies of Flux's CRDs that stay while the images of the controllers move. Pure.

A chart or an addon of the team can hold the CRDs as files. A controller that finds an older CRD
than its own may not start, because it watches a version that the API server does not serve.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname

from fluxbump.bump.changes import Plan
from fluxbump.discover.copies_and_archives import archive_of
from fluxbump.discover.pins import traits
from fluxbump.git.text_reader import TextReader
from fluxbump.model import Inventory, Location, Note, Snapshot, TrackKind
from fluxbump.text.languages import Language
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

_KIND = "CustomResourceDefinition"
_GROUP = lazy_pattern(
    r"^[ \t]*\"?group\"?[ \t]*:[ \t]*[\"']?"
    r"(?:source|kustomize|helm|notification|image)\.toolkit\.fluxcd\.io\b",
    re.MULTILINE,
)
_NOT_APPLIED = (Language.DOCUMENT, Language.RECORD, Language.LOCK)


def staying(snapshot: Snapshot, inventory: Inventory, plan: Plan) -> Iterator[Note]:
    """Yield a note for each folder with CRDs of Flux, if images of controllers move by themselves.

    Args:
        snapshot: the files before the bump.
        inventory: says which files are replaced as a whole, with the CRDs in them.
        plan: the changes of the pins.
    """
    if not any(change.pin.track.kind is TrackKind.IMAGE for change in plan.changes):
        return
    whole = {pin.location.path for pin in inventory.pins if pin.kind in traits.WHOLE_MANIFEST}
    paths = [path for path in snapshot.grep([_KIND]) if path not in whole and not archive_of(path)]
    folders: dict[str, list[Location]] = {}
    for path, text in TextReader(snapshot).texts(paths):
        file = TextFile(path, text)
        match = _GROUP.search(text) if file.language not in _NOT_APPLIED else None
        if match is not None:
            folders.setdefault(dirname(path), []).append(file.location(match.start()))
    for places in folders.values():
        more = f" (and {len(places) - 1} more beside it)" if places[1:] else ""
        yield Note(
            places[0],
            f"this CRD of Flux{more} stays, while images of its controllers move",
            advice=f"Replace it by that of Flux {plan.release}",
        )
