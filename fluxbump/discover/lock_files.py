"""Lock files of other tools that name a Flux release: never edited, but not passed over. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins import install_url
from fluxbump.model import Note
from fluxbump.text.live_code import Language, TextFile

_RENEWED_BY = {
    "flake.lock": "nix flake update",
    "sources.json": "npins update",
    "package-lock.json": "npm install",
    "yarn.lock": "yarn install",
    "pnpm-lock.yaml": "pnpm install",
    "go.sum": "go mod tidy",
    ".terraform.lock.hcl": "terraform init -upgrade",
    "Cargo.lock": "cargo update",
    "poetry.lock": "poetry lock",
    "uv.lock": "uv lock",
    "vendir.lock.yml": "vendir sync",
    "jsonnetfile.lock.json": "jb update",
    "Gemfile.lock": "bundle install",
    "aqua-checksums.json": "aqua update-checksum",
    "devbox.lock": "devbox update",
    "mise.lock": "mise lock",
    "MODULE.bazel.lock": "bazel mod deps",
}


def notes(file: TextFile) -> Iterator[Note]:
    """Yield a remark on the install URL that a lock file holds: who renews it."""
    if file.language is not Language.LOCK:
        return
    match = install_url.URL.search(file.text)
    if match is not None and match["tag"]:
        command = _RENEWED_BY.get(file.path.rpartition("/")[2])
        how = f"renew it with `{command}`" if command else "renew it with the tool that wrote it"
        yield Note(
            file.location(match.start()),
            f"a lock file names the install URL of {match['tag']}: not edited ({how} after a bump)",
        )
