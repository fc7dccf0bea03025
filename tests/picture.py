"""The picture in the README: `python -m tests.picture` takes it again, in a headless Chromium.

It is the upper part of the page that `fluxbump check --output html` writes on the day of the
incident. Take it again when that page changes, and look at it.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from fixtures import generate
from tests.browser import opened
from tests.helpers import ROOT, Repo

PICTURE = ROOT / "docs" / "images" / "incident.png"
WIDTH = 712
END = "document.querySelector('details').getBoundingClientRect().top"
"""Where the graph ends, in CSS pixels."""


def main() -> int:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "home").mkdir()
        incident = generate.repository(place / "incident", "incident")
        repo = Repo(incident, place / "home", generate.index(place / "charts"))
        result = repo.fluxbump("check", "--no-render", "--output", "html")
        page = place / "page.html"
        page.write_text(result.out, "utf-8")
        with opened(page, place / "profile", width=WIDTH) as view:
            clip = {"x": 0, "y": 0, "width": WIDTH, "height": view.value(END), "scale": 1}
            shot = view.call(
                "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip
            )
    PICTURE.write_bytes(base64.b64decode(shot["data"]))
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
