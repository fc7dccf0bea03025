"""Chooses the files of a chart for a render, and writes them to a scratch directory.

Only the chart's own directory and its dependencies are written. The scratch directory is removed
when the render is done or fails. Paths come from a repository that may be a stranger's, so none may
lead out of the scratch directory.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from fluxbump.errors import IndexSourceError
from fluxbump.flux.chart_contents import Vendored
from fluxbump.helm import archive, remote_schemas
from fluxbump.model import FLUX2, Chart, Snapshot
from fluxbump.text import version_ranges
from fluxbump.text.budget import ARCHIVE

Fetch = Callable[[str], bytes]
"""A function that returns the archive of a version of `flux2`, verified by the index's digest.

It raises IndexSourceError if the archive is not available.
"""

_CHART_FILE = "Chart.yaml"
_FILE = "file://"
_DEEPEST = 64  # folders; deeper ones are an attack on whoever walks them


class NotRenderedError(Exception):
    """A chart cannot be rendered. The message is one sentence, and becomes `Render.not_run`."""


class CommunityChart(Struct, frozen=True):
    """The community chart that is used for a dependency.

    Attributes:
        place: the path of the archive inside the wrapper, or the folder of an unpacked chart, with
            `/` at the end.
        release: the Flux release that the chart states as its appVersion.
        fetched: the bytes of the archive if it comes from the index; None if it is vendored.
    """

    place: str
    release: str
    fetched: bytes | None = None


class FilesToRender(Struct, frozen=True):
    """The files of a chart for a render.

    Attributes:
        kept: by path inside the chart, the path in the snapshot.
        community: the community charts, one for each version that a dependency asks for.
    """

    kept: Mapping[str, str]
    community: Sequence[CommunityChart]


def choose(
    chart: Chart, snapshot: Snapshot, vendored: Sequence[Vendored], fetch: Fetch | None
) -> FilesToRender:
    """Choose the files and archives for the render of a chart.

    Raises:
        NotRenderedError: the community chart is not available.
    """
    start = len(chart.directory)
    files = {path[start:]: path for path in _paths(snapshot, chart.directory)}
    places = {_place(held, start): held for held in vendored if held.wrapper == chart.path}
    asked = {
        dependency.version
        for dependency in chart.dependencies
        if dependency.name == FLUX2.name and not dependency.repository.startswith(_FILE)
    }
    community = tuple(_community(version, places, fetch) for version in sorted(asked))
    # Helm would render all that lies under charts/, so what is not used does not go there.
    used = {found.place for found in community if found.fetched is None}
    fetched = {found.place for found in community if found.fetched is not None}
    left_out = (places.keys() - used) | fetched
    kept = {inside: path for inside, path in files.items() if not _below(inside, left_out)}
    return FilesToRender(kept | _local(chart, snapshot, files), community)


def _place(vendored: Vendored, start: int) -> str:
    """Return the path of a vendored archive, or the folder of an unpacked chart."""
    return vendored.path[start:].removesuffix(_CHART_FILE)


def _below(inside: str, places: Iterable[str]) -> bool:
    return any(
        inside.startswith(place) if place.endswith("/") else inside == place for place in places
    )


def _community(wanted: str, places: Mapping[str, Vendored], fetch: Fetch | None) -> CommunityChart:
    """Find the chart of the version that a dependency asks for.

    Raises:
        NotRenderedError: the chart is neither vendored nor available from the index.
    """
    # The archive goes first: FB112 holds it to its digest, and an unpacked chart to none.
    for place, vendored in sorted(places.items(), key=lambda item: item[0].endswith("/")):
        usable = vendored.problem is None and vendored.name == FLUX2.name
        if usable and version_ranges.admits(wanted, vendored.version):
            return CommunityChart(place, vendored.app_version)
    unfit = "; ".join(_unfit(place, vendored) for place, vendored in places.items())
    missing = f"flux2 {wanted} is not under charts/" + (f" ({unfit})" if unfit else "")
    if not version_ranges.is_exact(wanted):
        raise NotRenderedError(f"{missing}, and a range does not say which one to fetch")
    if fetch is None:
        raise NotRenderedError(f"{missing}, and there is no index to fetch it from")
    try:
        return _fetched(wanted.removeprefix("=").removeprefix("v"), fetch)
    except IndexSourceError as error:
        raise NotRenderedError(f"{missing}, and it cannot be fetched: {error}") from None


def _unfit(place: str, vendored: Vendored) -> str:
    return (
        f"{place}: {vendored.problem}"
        if vendored.problem
        else f"{place} is {vendored.name} {vendored.version}"
    )


def _fetched(version: str, fetch: Fetch) -> CommunityChart:
    data = fetch(version)
    shipped = archive.read_chart(data).app_version or ""
    return CommunityChart(f"charts/{FLUX2.name}-{version}.tgz", shipped, data)


def _local(chart: Chart, snapshot: Snapshot, files: Mapping[str, str]) -> dict[str, str]:
    """Return the files of charts that `file://` dependencies name, by their path in `charts/`.

    A chart that is vendored already stays as it is. Helm names a chart that is still missing.
    """
    added: dict[str, str] = {}
    for number, dependency in enumerate(chart.dependencies):
        if not dependency.repository.startswith(_FILE) or _vendored(dependency.name, files):
            continue
        reference = dependency.repository.removeprefix(_FILE)
        folder = f"{posixpath.normpath(posixpath.join(chart.directory, reference))}/"
        folder = "" if folder == "./" else folder
        for path in _paths(snapshot, folder):
            added[f"charts/fluxbump-local-{number}/{path[len(folder) :]}"] = path
    return added


def _paths(snapshot: Snapshot, folder: str) -> list[str]:
    """Return the files below a folder; none if it is outside of the repository, or git's own."""
    if folder.startswith(("/", "../")):
        return []
    return [path for path in snapshot.below(folder) if ".git" not in path.split("/")]


def _vendored(name: str, files: Mapping[str, str]) -> bool:
    archives = re.compile(rf"charts/{re.escape(name)}-v?\d[^/]*\.tgz")
    return f"charts/{name}/{_CHART_FILE}" in files or any(map(archives.fullmatch, files))


# --- written out ------------------------------------------------------------------------------


def write_out(
    directory: Path, snapshot: Snapshot, files: FilesToRender, ours: Mapping[str, bytes]
) -> str | None:
    """Write a chart's files below `directory`.

    Args:
        directory: the directory to make.
        snapshot: the snapshot that holds the files.
        files: the files to write.
        ours: the content of further files, by path inside the chart. One is not written if the
            chart has a file of that path.

    Returns:
        The remote schema that a file would make helm load; None if there is none.

    Raises:
        NotRenderedError: a path could lead out of the directory, or a file is too large.
        OSError: the file system does not take a file.
    """
    directory.mkdir()
    remote = None
    contents = snapshot.read_many(files.kept.values())
    for inside, (_, data) in zip(files.kept, contents, strict=True):
        if len(data) > ARCHIVE.size:
            raise NotRenderedError(f"{inside} takes more than {ARCHIVE.shown_size}")
        _write(directory, inside, data)
        remote = remote or remote_schemas.named_in(inside, data)
    for community in files.community:
        if community.fetched is not None:
            _write(directory, community.place, community.fetched)
            remote = remote or remote_schemas.named_in(community.place, community.fetched)
    for inside, data in ours.items():
        if inside not in files.kept:
            _write(directory, inside, data)
    return remote


def _write(directory: Path, inside: str, data: bytes) -> None:
    """Write one file below `directory`, and nowhere else.

    Raises:
        NotRenderedError: the path could lead elsewhere, or is deeper than any chart's.
        OSError: the file system does not take it.
    """
    parts = inside.split("/")
    target = directory.joinpath(*parts)
    # The platform may see more in a part than a name: a drive, or `\` between two names.
    same = target.parts == (*directory.parts, *parts)
    if not same or ".." in parts or "\0" in inside or len(parts) > _DEEPEST:
        raise NotRenderedError(f"{inside!a} is not a path that can be written out")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        file.write(data)
