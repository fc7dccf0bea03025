"""The inputs that fuzzing begins with: `corpus/TARGET/PATH`, where `+` in a name is a `/`.

An input is the number of a target, a path, a line break and a file. So mutations change which
parser reads it and what the file is called, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.targets import TARGETS
from tests.helpers import COMMUNITY, EDGE, URL

_CORPUS = Path(__file__).parent / "corpus"
_LONGEST = 4096
_EVERYWHERE = ("yaml", "code", "pins", "bump", "judge")
"""Targets that take files of a repository, whatever they are."""
NAMES = sorted(TARGETS)

_SHARES = {"judge": 1, "bump": 2}
ROTA = [name for name in NAMES for _ in range(_SHARES.get(name, 4))]
"""Whose turn it is: four times for those that take less time."""

WORDS = [
    word.encode("utf-8", "surrogatepass")
    for word in (
        "\n", "\r", "\r\n", "\t", "\0", " ", "  ", ":", ": ", "- ", "? ", "{{", "}}", "{", "}",
        "[", "]", "<<: *a\n", "&a ", "*a", "|\n", ">-\n", "'", '"', "'''", '"""', "\\", "\\u0031",
        "#", "# ", "//", "/*", "*/", "---\n", "...\n", "%YAML 1.2\n", "!!binary ", "!!str ", "~",
        "null", "1e400", "0x1F", "2026-04-29T00:00:00Z", "9" * 30, "-0", ".inf", "yes", "\ufeff",
        "\x85", "\u2028", "\ud800", "\udc80", "ß", "🚀", "<<EOF\n", "EOF\n", "<<-'EOF'\n", "${A}",
        "$(x)", "$A", "`", "%{ if a }", "${{ x }}", "{% raw %}", "=", ":=", "?=", "export ", "ARG ",
        "ENV ", "FROM ", "flux2", "bp-flux", "flux", "2.14.1", "v2.4.0", "2.4.0", "1.1.2", "^2.14",
        ">=2.4.0 <3", "2.4", "v2", "version: ", "name: ", "chart: ", "kind: HelmRelease\n", "url: ",
        "apiVersion: helm.toolkit.fluxcd.io/v2\n", "spec:\n", "dependencies:\n", "repository: ",
        "oci://ghcr.io/fluxcd-community/charts/flux2", "ghcr.io/fluxcd/source-controller:v1.4.1",
        URL.format("2.4.0"), "sha256:" + "a" * 64, COMMUNITY,
        "helm upgrade flux flux2 --version 2.14.1",
        'resource "helm_release" "flux" {\n', "renovate: datasource=github-releases",
        "fluxcd/flux2/action@v2.4.0", "go 1.24\n", "require github.com/fluxcd/flux2/v2 v2.4.0\n",
        "Chart.yaml", "/templates/", ".tf", ".sh", ".md", ".json", ".go", "Dockerfile", "x" * 300,
    )
]  # fmt: skip
"""What mutations put in, and what steers atheris beside the branches."""


def packed(target: str, path: str, data: bytes) -> bytes:
    """Return an input."""
    return bytes([ROTA.index(target)]) + path.encode() + b"\n" + data


def split(data: bytes) -> tuple[str, str, bytes]:
    """Return the target, the path and the file of an input; any bytes are one."""
    path, _, body = data[1:].partition(b"\n")
    plain = "".join(one for one in path.decode("utf-8", "replace") if one.isprintable())
    return ROTA[data[0] % len(ROTA)] if data else ROTA[0], plain.strip("/ ") or "x", body


def files() -> Iterator[tuple[str, str, bytes]]:
    """Yield the targets, paths and files of the corpus."""
    for found in sorted(_CORPUS.glob("*/*")):
        target, path, data = found.parent.name, found.name.replace("+", "/"), found.read_bytes()
        for one in _EVERYWHERE if target == "any" else (target,):
            yield one, path, data


def seeds() -> list[bytes]:
    """Return the corpus as inputs, and small files of the fixtures beside it."""
    found = [packed(*one) for one in files()]
    for path in sorted(EDGE.rglob("*")):
        if path.is_file() and path.stat().st_size <= _LONGEST:
            name, data = path.relative_to(EDGE).as_posix(), path.read_bytes()
            found += [packed(target, name, data) for target in _EVERYWHERE]
    return found


def by_target() -> dict[str, list[bytes]]:
    """Return the seeds of each target."""
    found: dict[str, list[bytes]] = {name: [] for name in NAMES}
    for seed in seeds():
        found[split(seed)[0]].append(seed)
    return found
