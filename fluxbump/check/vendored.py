"""Reads the community charts in wrappers' `charts/` folders: archives and directories. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.errors import IndexSourceError
from fluxbump.flux import install_manifest as manifests
from fluxbump.flux import known_releases
from fluxbump.flux.chart_contents import Vendored
from fluxbump.git.text_reader import text_of
from fluxbump.helm import archive
from fluxbump.model import Inventory, Snapshot
from fluxbump.text import yaml
from fluxbump.text.patterns import lazy_pattern

_ARCHIVE = lazy_pattern(r"flux2-(?P<version>v?\d[^/]*)\.tgz")


def vendored_charts(snapshot: Snapshot, inventory: Inventory) -> Iterator[Vendored]:
    """Yield the community charts in the wrappers' `charts/` folders, even unreadable ones."""
    for chart in inventory.charts:
        if not chart.wrapper:
            continue
        folder = f"{chart.directory}charts/"
        for path in snapshot.below(folder):
            name = path.removeprefix(folder)
            packed = _ARCHIVE.fullmatch(name)
            if packed:
                yield _archive(path, chart.path, packed["version"], snapshot.read(path))
            elif name == "flux2/Chart.yaml":
                yield _unpacked(path, chart.path, snapshot)


def _archive(path: str, wrapper: str, named: str, data: bytes) -> Vendored:
    if archive.lfs_pointer(data):
        problem = "is a Git LFS pointer, its content is not here (git lfs pull)"
        return Vendored(path, wrapper, named, problem=problem)
    try:
        chart = archive.read_chart(data)
    except IndexSourceError as error:
        return Vendored(path, wrapper, named, problem=f"cannot be read: {error.message}")
    return Vendored(
        path,
        wrapper,
        named,
        name=chart.name,
        version=chart.version,
        app_version=chart.app_version or "",
        sha256=archive.sha256(data),
        contents=known_releases.contents(chart.files, path),
    )


def _unpacked(path: str, wrapper: str, snapshot: Snapshot) -> Vendored:
    document = yaml.documents(text_of(snapshot, path), path)[0]
    name, version, app_version = (
        yaml.text_of(document.root, key) or "" for key in ("name", "version", "appVersion")
    )
    problem = document.problem[1] if document.problem else None
    folder = path.removesuffix("Chart.yaml")
    inside = [
        inner for inner in snapshot.below(folder) if manifests.tells(inner.removeprefix(folder))
    ]
    files = {inner.removeprefix(folder): data for inner, data in snapshot.read_many(inside)}
    contents = known_releases.contents(files, folder)
    return Vendored(
        path, wrapper, None, name, version, app_version, problem=problem, contents=contents
    )
