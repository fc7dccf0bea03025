"""Gathers what `helm template` makes of a wrapper, for rules to judge.

Only the chart's own directory is written out, to a scratch directory that is gone when the render
is done or fails. Paths come from a repository that may be a stranger's, so none may leave it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from fluxbump.check.evidence import Render
from fluxbump.errors import IndexSourceError, ToolError
from fluxbump.flux import install_manifest
from fluxbump.flux.chart_contents import Vendored
from fluxbump.flux.tables import images as facts
from fluxbump.helm import archive, remote_schemas
from fluxbump.helm.binary import KUBE_VERSION, ChartRefusedError, Helm, objects
from fluxbump.model import FLUX2, Chart, Snapshot
from fluxbump.system import scratch
from fluxbump.text import version_ranges, versions, yaml
from fluxbump.text.budget import ARCHIVE
from fluxbump.text.patterns import lazy_pattern

Fetch = Callable[[str], bytes]
"""Gives the archive of a version of `flux2` as the index describes it, held to its digest.

Raises IndexSourceError when it cannot.
"""

_CHART_FILE = "Chart.yaml"
_FILE = "file://"
_DEEPEST = 64  # folders; deeper ones are an attack on whoever walks them

# What helm says of a dependency that is not there; Helm 3 and 4 differ in the first letter.
_MISSING = lazy_pattern(r"[Aa]n error occurred while checking for chart dependencies\b.*: (.+)$")

# To run `helm version` takes as long as to render. A document without a kind is no object.
_ASKS = "templates/fluxbump-asks-helm.yaml"
_QUESTION = b"fluxbumpRenderedBy: {{ .Capabilities.HelmVersion.Version }}\n"
_SAID = lazy_pattern(r"^fluxbumpRenderedBy: (v\d+\.\S+)$", re.MULTILINE)

T = TypeVar("T")


class _NotRun(Exception):  # noqa: N818  # becomes Render.not_run
    """Why nothing can be rendered, one sentence."""


class _Community(Struct, frozen=True):
    """The community chart that a dependency gets.

    Attributes:
        place: the archive's path inside the wrapper, or an unpacked chart's folder with `/`.
        release: the Flux release inside, as it says itself.
        fetched: the archive, when it comes from the index.
    """

    place: str
    release: str
    fetched: bytes | None = None


class _Begun(Struct, frozen=True):
    """A render that is under way.

    Attributes:
        output: waits for it.
        images: as in `Render`.
        schema: as in `Render`.
    """

    output: Callable[[], str]
    images: Mapping[str, str]
    schema: str | None


class _Sources(Struct, frozen=True):
    """Where the files of a chart that is to be rendered come from.

    Attributes:
        kept: path inside the chart to path in the snapshot.
        community: the community charts, one for each dependency on it.
    """

    kept: Mapping[str, str]
    community: Sequence[_Community]


@contextmanager
def begin(
    chart: Chart,
    snapshot: Snapshot,
    vendored: Sequence[Vendored],
    fetch: Fetch | None,
    helm: Helm | None,
    *,
    kube_version: str = KUBE_VERSION,
) -> Iterator[Callable[[], Render]]:
    """Start to render a wrapper with its default values.

    Gives what waits for the result; what prevents it is in the result, not raised. All files are
    read before that, and all that was written out is gone when the block is left.

    Args:
        chart: the wrapper.
        snapshot: that holds it.
        vendored: community charts of the snapshot; those of other wrappers are ignored. One of
            another version than the dependency asks for is not used.
        fetch: gives an archive that is not vendored; None when there is no index.
        helm: None when it is not installed.
        kube_version: the Kubernetes to render for.
    """
    if helm is None:
        nothing = Render(chart.path, not_run="helm is not installed")
        yield lambda: nothing
        return

    def start() -> _Begun:
        sources = _sources(chart, snapshot, vendored, fetch)
        directory = stack.enter_context(scratch.directory()) / "chart"
        remote = _write_out(directory, snapshot, sources)
        images = _images(chart, snapshot, sources.community)
        schema = f"the values schema was not checked: {remote}" if remote else None
        running = helm.begin(directory, kube_version=kube_version, schemas=remote is None)
        return _Begun(stack.enter_context(running), images, schema)

    with ExitStack() as stack:
        begun = _attempt(chart, helm, start)
        if isinstance(begun, Render):
            failed = begun
            yield lambda: failed
        else:
            yield partial(_finish, chart, helm, begun)


def _finish(chart: Chart, helm: Helm, begun: _Begun) -> Render:
    def finished() -> Render:
        try:
            output = begun.output()
        except ChartRefusedError as error:
            if begun.schema and "unknown flag: --skip-schema-validation" in error.message:
                raise _NotRun(f"{begun.schema}; Helm 3.16 and later render without it") from None
            raise
        found = tuple(objects(output))
        said = _SAID.search(output)
        version = said[1] if said else helm.version()
        return Render(chart.path, version, found, images=begun.images, schema=begun.schema)

    return _attempt(chart, helm, finished)


def _attempt(chart: Chart, helm: Helm, work: Callable[[], T]) -> T | Render:
    """Do a part of a render; what prevents it becomes the result."""
    try:
        return work()
    except _NotRun as reason:
        return Render(chart.path, not_run=str(reason))
    except (ChartRefusedError, yaml.YamlProblem) as error:
        return _refused(chart, helm, error.message)
    except ToolError as error:
        return Render(chart.path, not_run=str(error))
    except OSError as error:
        why = f"the chart's files cannot be copied: {error.strerror or error}"
        return Render(chart.path, not_run=why)


def _refused(chart: Chart, helm: Helm, message: str) -> Render:
    missing = _MISSING.match(message)
    if missing is not None:
        why = f"dependencies are not under charts/: {missing[1]} (run helm dependency build)"
        return Render(chart.path, not_run=why)
    try:
        return Render(chart.path, helm.version(), error=message)
    except ToolError as error:  # then it is not the chart's fault
        return Render(chart.path, not_run=str(error))


# --- what goes into the scratch directory ----------------------------------------------------


def _sources(
    chart: Chart, snapshot: Snapshot, vendored: Sequence[Vendored], fetch: Fetch | None
) -> _Sources:
    """Choose the files and archives to render.

    Raises:
        _NotRun: the community chart is not available.
    """
    start = len(chart.directory)
    files = {path[start:]: path for path in _paths(snapshot, chart.directory)}
    vendored_here = [
        source_chart for source_chart in vendored if source_chart.wrapper == chart.path
    ]
    places = {_place(source_chart, start): source_chart for source_chart in vendored_here}
    remote = (
        source_chart
        for source_chart in chart.dependencies
        if not source_chart.repository.startswith(_FILE)
    )
    asked = {source_chart.version for source_chart in remote if source_chart.name == FLUX2.name}
    community = tuple(_community(version, places, fetch) for version in sorted(asked))
    # Helm would render all that lies under charts/, so what is not used does not go there.
    unused = places.keys() - {
        source_chart.place for source_chart in community if source_chart.fetched is None
    }
    unused |= {source_chart.place for source_chart in community if source_chart.fetched is not None}
    kept = {inside: path for inside, path in files.items() if not _below(inside, unused)}
    return _Sources(kept | _local(chart, snapshot, files), community)


def _place(vendored: Vendored, start: int) -> str:
    """Return the part of the wrapper that a vendored chart takes up."""
    return vendored.path[start:].removesuffix(_CHART_FILE)


def _below(inside: str, places: Iterable[str]) -> bool:
    return any(
        inside.startswith(place) if place.endswith("/") else inside == place for place in places
    )


def _community(wanted: str, places: Mapping[str, Vendored], fetch: Fetch | None) -> _Community:
    """Find the chart of the version that a dependency asks for.

    Raises:
        _NotRun: it is neither vendored nor available from the index.
    """
    # An archive goes before an unpacked chart, as in the bash gate.
    for place, vendored in sorted(places.items(), key=lambda item: item[0].endswith("/")):
        usable = vendored.problem is None and vendored.name == FLUX2.name
        if usable and _admits(wanted, vendored.version):
            return _Community(place, vendored.app_version)
    unfit = "; ".join(_unfit(place, vendored) for place, vendored in places.items())
    missing = f"flux2 {wanted} is not under charts/" + (f" ({unfit})" if unfit else "")
    if not version_ranges.is_exact(wanted):
        raise _NotRun(f"{missing}, and a range does not say which one to fetch")
    if fetch is None:
        raise _NotRun(f"{missing}, and there is no index to fetch it from")
    try:
        return _fetched(wanted.removeprefix("=").removeprefix("v"), fetch)
    except IndexSourceError as error:
        raise _NotRun(f"{missing}, and it cannot be fetched: {error}") from None


def _unfit(place: str, vendored: Vendored) -> str:
    return (
        f"{place}: {vendored.problem}"
        if vendored.problem
        else f"{place} is {vendored.name} {vendored.version}"
    )


def _fetched(version: str, fetch: Fetch) -> _Community:
    data = fetch(version)
    shipped = archive.read_chart(data).app_version or ""
    return _Community(f"charts/{FLUX2.name}-{version}.tgz", shipped, data)


def _admits(wanted: str, version: str) -> bool:
    parsed = versions.parse(version)
    try:
        return parsed is not None and version_ranges.parse(wanted).admits(parsed)
    except version_ranges.ConstraintError:
        return False


def _local(chart: Chart, snapshot: Snapshot, files: Mapping[str, str]) -> dict[str, str]:
    """Put charts of this repository under `charts/`, where a `file://` dependency names one.

    One that is vendored already stays as it is. What is missing in the end, helm will name.
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
    """Return the files below a folder; none when it is outside of the repository, or git's own."""
    if folder.startswith(("/", "../")):
        return []
    return [path for path in snapshot.below(folder) if ".git" not in path.split("/")]


def _vendored(name: str, files: Mapping[str, str]) -> bool:
    archives = re.compile(rf"charts/{re.escape(name)}-v?\d[^/]*\.tgz")
    return f"charts/{name}/{_CHART_FILE}" in files or any(map(archives.fullmatch, files))


# --- the scratch directory -------------------------------------------------------------------


def _write_out(directory: Path, snapshot: Snapshot, sources: _Sources) -> str | None:
    """Write the chart's files below `directory`, and one of ours that asks helm for its version.

    Returns:
        What a schema among them would make helm load from elsewhere; None for nothing.
    """
    directory.mkdir()
    remote = None
    contents = snapshot.read_many(sources.kept.values())
    for inside, (_, data) in zip(sources.kept, contents, strict=True):
        if len(data) > ARCHIVE.size:
            raise _NotRun(f"{inside} takes more than {ARCHIVE.shown_size}")
        _write(directory, inside, data)
        remote = remote or remote_schemas.named_in(inside, data)
    for community in sources.community:
        if community.fetched is not None:
            _write(directory, community.place, community.fetched)
            remote = remote or remote_schemas.named_in(community.place, community.fetched)
    if _ASKS not in sources.kept:
        _write(directory, _ASKS, _QUESTION)
    return remote


def _write(directory: Path, inside: str, data: bytes) -> None:
    """Write one file below `directory`, and nowhere else.

    Raises:
        _NotRun: the path could lead elsewhere, or is deeper than any chart's.
        OSError: the file system does not take it.
    """
    parts = inside.split("/")
    target = directory.joinpath(*parts)
    # The platform may see more in a part than a name: a drive, or `\` between two names.
    same = target.parts == (*directory.parts, *parts)
    if not same or ".." in parts or "\0" in inside or len(parts) > _DEEPEST:
        raise _NotRun(f"{inside!a} is not a path that can be written out")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        file.write(data)


# --- what the release ships ------------------------------------------------------------------


def _images(chart: Chart, snapshot: Snapshot, community: Sequence[_Community]) -> dict[str, str]:
    """Return the tags that the releases inside ship; empty when that is not known."""
    images: dict[str, str] = {}
    for source_chart in community:
        known = facts.controllers(source_chart.release.removeprefix("v"))
        images |= known or install_manifest.default_tags(_values(chart, snapshot, source_chart))
    return images


def _values(chart: Chart, snapshot: Snapshot, community: _Community) -> bytes:
    """Return the default values of a community chart."""
    path = f"{chart.directory}{community.place}"
    try:
        if path.endswith("/"):
            return snapshot.read(f"{path}values.yaml")
        packed = snapshot.read(path) if community.fetched is None else community.fetched
        return archive.read_chart(packed).files["values.yaml"]
    except (KeyError, IndexSourceError):
        return b""
