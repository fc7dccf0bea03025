"""Recognizes URLs below folders of Flux's repository that later releases do not have. Pure.

`git ls-tree` of fluxcd/flux2 at the tags: from 2.3.0 on, `manifests/monitoring` has only a README,
and from 2.7.0 on, `manifests/integrations` is gone.
"""

from __future__ import annotations

from fluxbump.model import Form, Note, Pin
from fluxbump.text.live_code import TextFile

_GONE = {"monitoring/": "2.3.0", "integrations/": "2.7.0"}
_LONGEST = 300
"""How many characters may be between a tag and the folder, in either order."""


def noted(file: TextFile, found: Pin) -> Note | None:
    """Return the note that replaces a pin whose file later releases do not have; None otherwise."""
    if found.form is not Form.EXACT:
        return None
    start, end = file.line_span(found.start)
    line = file.text[max(start, found.start - _LONGEST) : min(end, found.end + _LONGEST)]
    for folder, release in _GONE.items():
        if f"manifests/{folder}" in line:
            name = f"manifests/{folder.rstrip('/')}"
            message = f"{found.subject} is below {name}, which Flux {release} removed"
            return Note(found.location, message, advice="Take these files from another place")
    return None
