"""The install manifest's URL: what cloud-init, a script or a package applies first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.model import FLUX, Form, Pin
from fluxbump.pins.kind import Context, form_of
from fluxbump.textfile import TextFile

NAME = "install-url"

_PATH = "fluxcd/flux2/releases/"

# Any host: a mirror or a proxy in front of GitHub keeps the path. What may not stand in front is
# looked at last, because a pattern that begins with fixed text is searched for that.
URL = re.compile(
    rf"{_PATH}(?<![\w.-]{_PATH})(?:(?P<latest>latest/download)|download/(?P<tag>[^/\s\"'`]+))"
    r"/install\.yaml(?![\w-]|\.\w)"
)


def find(file: TextFile, _context: Context) -> Iterator[Pin]:
    """Yield every install URL in live code."""
    if _PATH not in file.text:
        return
    for match in URL.finditer(file.text):
        if file.is_live(match.start()):
            yield _pin(file, match)


def _pin(file: TextFile, match: re.Match[str]) -> Pin:
    if match["latest"]:
        start, end = match.span("latest")
        value, form = "latest", Form.UNPINNED
    else:
        form, skip = form_of(match["tag"])
        if form is Form.EXACT and not match["tag"].startswith("v"):
            form = Form.OPAQUE  # Flux has no such tag: nothing to rewrite, something to mend
        start, end = match.start("tag") + skip, match.end("tag")
        value = file.text[start:end]
    return Pin(NAME, FLUX, file.location(start), start, end, value, form, "install.yaml")
