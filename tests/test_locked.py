"""Lock files of other tools: never edited, and named with the command that renews them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import ARCHIVE, URL, Cli, find, repository, small

RELEASES = "https://github.com/fluxcd/flux2/releases/download"
LOCKS: dict[str, tuple[str, str, str]] = {
    "Nix, by URL": (
        "flake.lock",
        f'{{"nodes": {{"f": {{"url": "{URL.format("VERSION")}"}}}}}}}}',
        "nix flake update",
    ),
    "Nix, by repository": (
        "flake.lock",
        '{\n"original": {\n"owner": "fluxcd",\n"ref": "vVERSION",\n"repo": "flux2"\n}\n}',
        "nix flake update",
    ),
    "npins": (
        "npins/sources.json",
        (
            '{"flux": {\n"repository": {\n"type": "GitHub",\n"owner": "fluxcd",\n'
            '"repo": "flux2"\n},\n"branch": null,\n"version": "vVERSION"\n}}'
        ),
        "npins update",
    ),
    "Go": (
        "go.sum",
        "github.com/fluxcd/flux2/v2 vVERSION h1:x=\n",
        "go mod tidy",
    ),
    "npm": (
        "package-lock.json",
        f'{{"packages": {{"node_modules/f": {{"resolved": "{RELEASES}/vVERSION/f.tgz"}}}}}}',
        "npm install",
    ),
    "vendir, a chart": (
        "vendir.lock.yml",
        (
            "x:\n- contents:\n  - helmChart:\n      appVersion: VERSION\n      version: 2.14.1\n"
            "    path: flux2\n  path: charts\n"
        ),
        "vendir sync",
    ),
    "vendir, a repository": (
        "vendir.lock.yml",
        (
            "directories:\n- contents:\n  - git:\n      sha: abc\n      tags:\n      - vVERSION\n"
            "    path: github.com/fluxcd/flux2\n"
        ),
        "vendir sync",
    ),
    "Bazel": (
        "MODULE.bazel.lock",
        f'{{"urls": ["{RELEASES}/vVERSION/install.yaml"]}}',
        "bazel mod deps",
    ),
    "devbox": (
        "devbox.lock",
        '{"packages": {"fluxcd@VERSION": {"version": "VERSION"}}}',
        "devbox update",
    ),
    "mise": (
        "mise.lock",
        '[[tools.flux2]]\nversion = "VERSION"\nbackend = "aqua:fluxcd/flux2"\n',
        "mise lock",
    ),
    "aqua": (
        "aqua-checksums.json",
        '{"id": "github_release/github.com/fluxcd/flux2/vVERSION/flux_VERSION_linux_amd64.tar.gz"}',
        "aqua update-checksum",
    ),
    "an archive of the chart": (
        "jsonnetfile.lock.json",
        f'{{"remote": "{ARCHIVE.format("2.14.1")}"}}',
        "jb update",
    ),
}


def noted(files: dict[str, str]) -> list[str]:
    return [note.said for note in find(files).notes if "lock file" in note.message]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_is_named_with_what_renews_it(name: str) -> None:
    path, text, command = LOCKS[name]
    (message,) = noted(small(**{f"x/{path}": text.replace("VERSION", "2.4.0")}))
    assert f"`{command}`" in message
    assert ("flux2 2.14.1." if "archive" in name else "flux2 2.4.0.") in message


OTHERS: dict[str, tuple[str, str]] = {
    "another release": ("go.sum", "github.com/fluxcd/flux2/v2 v2.3.0 h1:x=\n"),
    "another repository": (
        "flake.lock",
        '{"original": {"owner": "fluxcd", "ref": "v2.4.0", "repo": "pkg", "x": "flux2"}}',
    ),
    "another module": ("go.sum", "github.com/fluxcd/pkg/apis/meta v2.4.0 h1:x= flux2\n"),
    "a provider of Terraform": (
        ".terraform.lock.hcl",
        'provider "registry.terraform.io/fluxcd/flux" {\n  version = "2.4.0"\n}\n# flux2\n',
    ),
    "another chart of vendir": (
        "vendir.lock.yml",
        "- helmChart:\n    appVersion: 2.4.0\n    version: 1.0.0\n  path: other\n# flux2\n",
    ),
    "another chart of the community": (
        "jsonnetfile.lock.json",
        f'{{"remote": "{ARCHIVE.format("2.4.0").replace("flux2-", "flux2-sync-")}"}}',
    ),
    "a longer version": ("go.sum", "github.com/fluxcd/flux2/v2 v2.4.0-rc.1 h1:x=\n"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_does_not_move_is_not_named(name: str) -> None:
    path, text = OTHERS[name]
    assert noted(small(**{path: text})) == []


def test_a_bump_leaves_it_and_says_so(tmp_path: Path, index: Path, cli: Cli) -> None:
    text = "github.com/fluxcd/flux2/v2 v2.4.0 h1:x=\n"
    repo = repository(tmp_path / "repo", small(**{"go.sum": text}), index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert repo.show("fluxbump/flux-2.5.1", "go.sum") == text
    assert "go.sum:1" in result.out
    assert "go mod tidy" in result.out
