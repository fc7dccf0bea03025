"""What pages repeat: `python -m release.pages` writes it there.

That is the version of fluxbump, and the templates of `fluxbump init`. The workflows of a scheduled
run prepare their job with the same steps, and every page has the same actions. The version's one
source is `fluxbump/version.py`. It names the release that is being made, so a page shows commands
that the version in its samples has.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from fluxbump.run.init_files import filled, template
from fluxbump.version import __version__

ROOT = Path(__file__).resolve().parent.parent
CHART = "deploy/chart/Chart.yaml"
_RUNS = "docs/deploy/"

_VERSION = r"\d+\.\d+\.\d+"
_PIN = re.compile(
    rf"(?<=/fluxbump@v){_VERSION}|(?<=/fluxbump:){_VERSION}|(?<=fluxbump==){_VERSION}"
)
_FOLLOWS = re.compile(rf"(?<=/fluxbump\n)( +(?:rev|ref): v){_VERSION}")
_OF_CHART = re.compile(rf'(?m)^((?:version|appVersion): "?){_VERSION}')
_TEMPLATE = re.compile(r"(<!-- template: (\w+) -->\n```yaml\n).*?(?<=\n)(?=```\n)", re.DOTALL)
_USED = re.compile(r"uses: (?P<action>actions/[\w-]+)@[0-9a-f]{40} # v[\d.]+")
_PREPARING = (
    re.compile(r"^      - uses: actions/checkout@.*?(?=^      - run: fluxbump )", re.M | re.S),
    re.compile(r"^  image: .*?\n", re.M),
    re.compile(r"^  variables:\n.*?(?=^    - fluxbump )", re.M | re.S),
)
"""What comes before fluxbump in a job, on any forge."""
_SOURCE = "git+https://git.example.org/platform/fluxbump@v"


def pages() -> Iterator[Path]:
    """Yield the files that name a version of fluxbump."""
    yield ROOT / "README.md"
    yield ROOT / CHART
    for path in sorted((ROOT / "docs").rglob("*")):
        if path.is_file() and path.suffix in (".md", ".yml", ".yaml", ""):
            yield path


def updated(path: str, text: str, version: str) -> tuple[str, int]:
    """Return a text with version and templates in their places, and how many these are.

    Args:
        path: of it, from the root.
        text: what it holds.
        version: of fluxbump.
    """
    if path == CHART:
        return _OF_CHART.subn(rf"\g<1>{version}", text)
    text, templates = _TEMPLATE.subn(
        lambda block: block[1] + filled(template(block[2]), _SOURCE + version, "main"), text
    )
    text, pins = _PIN.subn(version, text)
    text, following = _FOLLOWS.subn(rf"\g<1>{version}", text)
    if path.startswith(_RUNS) and path.endswith("-run.yml"):
        kind = path.removeprefix(_RUNS).partition("-")[0]
        text = _prepared(text, filled(template(kind), _SOURCE + version, "main"))
    text = _with_actions(text, template("github"))
    return text, templates + pins + following


def _prepared(text: str, source: str) -> str:
    """Return a workflow whose job is prepared as that of another."""
    for part in _PREPARING:
        found = part.search(source)
        here = part.search(text)
        if found and here:
            text = text[: here.start()] + found[0] + text[here.end() :]
    return text


def _with_actions(text: str, source: str) -> str:
    """Return a page with its actions, if they are held to commits, at those of a workflow."""
    used = {found["action"]: found[0] for found in _USED.finditer(source)}
    return _USED.sub(lambda found: used.get(found["action"], found[0]), text)


def main() -> int:
    """Write them, and say where."""
    for path in pages():
        name = path.relative_to(ROOT).as_posix()
        before = path.read_text(encoding="utf-8")
        after, _ = updated(name, before, __version__)
        if after != before:
            path.write_text(after, encoding="utf-8")
            sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
