"""The metadata that depends on where a release is published: URLs, and a README that stands alone.

hatchling calls it by its path, in an environment that has hatchling and nothing else. A source
distribution carries what it made, in PKG-INFO, so whoever builds from one gets the same.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

HOMEPAGE = "FLUXBUMP_HOMEPAGE"
"""The variable with the URL of the repository that publishes; unset, there are no URLs."""

_LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)\s]+)\)")


class ReleaseMetadata(MetadataHookInterface):
    """Adds `readme` and `urls` to the metadata."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Add to the metadata what pyproject.toml calls dynamic, except the version."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        home = os.environ.get(HOMEPAGE, "").rstrip("/")
        if home:
            tag = "v" + _version(Path(self.root))
            text = with_absolute_links(text, home, tag)
            metadata["urls"] = urls(home, tag)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def _version(root: Path) -> str:
    text = (root / "fluxbump" / "version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise ValueError("fluxbump/version.py: no __version__")
    return found[1]


def urls(home: str, tag: str) -> dict[str, str]:
    """Return the project's URLs, by the labels that package indexes know.

    https://packaging.python.org/specifications/well-known-project-urls/
    """
    return {
        "Homepage": home,
        "Documentation": f"{home}/blob/{tag}/README.md#documentation",
        "Source": f"{home}/tree/{tag}",
        "Changelog": f"{home}/blob/{tag}/CHANGELOG.md",
        "Issues": f"{home}/issues",
    }


def with_absolute_links(text: str, home: str, tag: str) -> str:
    """Return Markdown whose links to files of the repository lead to a tag on the forge."""
    return _LINK.sub(lambda found: f"]({home}/blob/{tag}/{found[1]})", text)
