"""Reports lock files of other tools that hold a Flux release; fluxbump does not edit them. Pure.

A lock file counts only if one of its entries names flux2, or the community's chart, together with a
version that a pin of the repository holds. Each pattern follows the tool that writes the file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from fluxbump.model import FLUX, FLUX2, Form, Note, Pin
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern

_RENEWED_BY = {
    "flake.lock": "nix flake update",
    "sources.json": "npins update",
    "package-lock.json": "npm install",
    "yarn.lock": "yarn install",
    "pnpm-lock.yaml": "pnpm install",
    "go.sum": "go mod tidy",
    "go.work.sum": "go work sync",
    ".terraform.lock.hcl": "terraform init -upgrade",
    "Cargo.lock": "cargo update",
    "poetry.lock": "poetry lock",
    "uv.lock": "uv lock",
    "vendir.lock.yml": "vendir sync",
    "vendir.lock.yaml": "vendir sync",
    "jsonnetfile.lock.json": "jb update",
    "Gemfile.lock": "bundle install",
    "aqua-checksums.json": "aqua update-checksum",
    ".aqua-checksums.json": "aqua update-checksum",
    "devbox.lock": "devbox update",
    "helmfile.lock": "helmfile deps",
    "mise.lock": "mise lock",
    "MODULE.bazel.lock": "bazel mod deps",
}


_VERSION = r"(\d+\.\d+\.\d+(?:-[\w.]+)?)(?![\w-]|\.\d)"
_ENTRY = r"[^{}]{0,400}?"  # what may stand between two keys of one entry
_LINE = r"[^\n]{0,400}"  # what may stand in a line
_FORMS = (
    # A tag, a release, or a file of either, by its URL or its id: most tools.
    (
        r"fluxcd/flux2(?:/(?:releases|download|tag|archive|tree|tarball|zipball|raw|refs|tags|v2))*"
        rf"[/@?#: ]+(?:ref=)?v?{_VERSION}"
    ),
    # flake.lock, whose keys are in alphabetical order
    rf'"owner": "fluxcd",{_ENTRY}"ref": "(?:refs/tags/)?v?{_VERSION}"{_ENTRY}"repo": "flux2"',
    # npins
    rf'"owner": "fluxcd",\s+"repo": "flux2"\s+\}}{_ENTRY}"version": "v?{_VERSION}"',
    # devbox.lock: nixpkgs calls the command line fluxcd
    rf'"fluxcd@{_VERSION}"',
    # mise.lock
    rf'\[\[tools\.(?:flux2|"[^"\n]*flux2")\]\]\s+version = "{_VERSION}"',
    # helmfile.lock: the chart, from where helmfile writes it
    rf'name: flux2\s+repository: {_LINE}fluxcd-community{_LINE}\s+version: "?v?{_VERSION}"?',
    # vendir.lock.yml: a chart, by the release that it ships; a tag of a repository
    rf'appVersion: "?v?{_VERSION}"?\s+version: {_LINE}\s+path: {_LINE}flux2(?![\w-])',
    rf'tags:\s+- "?v?{_VERSION}"?\s+path: {_LINE}flux2(?![\w-])',
    rf"fluxcd-community/(?:helm-charts/releases/download/flux2-|charts/flux2[:@]){_VERSION}",
)
_FORM = lazy_pattern("|".join(_FORMS))


def notes(
    files: Iterable[TextFile], pins: Iterable[Pin], app_versions: Mapping[str, str]
) -> Iterator[Note]:
    """Yield a note on each lock file that holds a version of Flux or its chart.

    The note says which tool updates the file.

    Args:
        files: files of any language, of which only lock files are read.
        pins: the pins whose versions an entry may have.
        app_versions: the Flux release of each version of the chart.
    """
    held = {pin.value for pin in pins if pin.track in (FLUX, FLUX2) and pin.form is Form.EXACT}
    held |= {app_versions[value] for value in held if value in app_versions}
    for file in files:
        if file.language is Language.LOCK:
            yield from _first(file, held)


def _first(file: TextFile, held: Collection[str]) -> Iterator[Note]:
    for match in _FORM.finditer(file.text):
        group = match.lastindex or 0
        version = match[group]
        if version in held:
            command = _RENEWED_BY.get(file.path.rpartition("/")[2])
            how = f"`{command}`" if command else "the tool that wrote it"
            what = f"a lock file holds flux2 {version}"
            advice = f"Renew it with {how} after a bump"
            yield Note(file.location(match.start(group)), what, advice=advice)
            return
