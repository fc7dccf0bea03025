"""The notes of a release, from CHANGELOG.md: `python -m release.notes v1.2.3 [--home URL]`.

It refuses a tag that is not the version of the package, so that no release says another's changes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from fluxbump.version import __version__
from release.metadata_hook import with_absolute_links

ROOT = Path(__file__).resolve().parent.parent


def section(changelog: str, version: str) -> str:
    """Return what the changelog says of a version, without its heading.

    Raises:
        ValueError: it has no such heading, or nothing below it.
    """
    heading = rf"^## \[?{re.escape(version)}\]?(?: - \d{{4}}-\d\d-\d\d)?\n"
    found = re.search(rf"{heading}(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"CHANGELOG.md has no heading `## {version}`: move Unreleased to it")
    text = found[1].strip()
    if not text:
        raise ValueError(f"CHANGELOG.md says nothing below `## {version}`")
    return text + "\n"


def main(arguments: Sequence[str]) -> int:
    """Print the notes of a tag; 1 if there are none."""
    parser = argparse.ArgumentParser(prog="python -m release.notes")
    parser.add_argument("tag", help="vX.Y.Z, as it is in git")
    parser.add_argument("--home", help="URL of the repository on its forge, for links")
    asked = parser.parse_args(arguments)
    if asked.tag != f"v{__version__}":
        sys.stderr.write(f"tag {asked.tag}: the package is version {__version__}\n")
        return 1
    try:
        text = section((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(with_absolute_links(text, asked.home, asked.tag) if asked.home else text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
