"""Reports symbolic links and submodules, which helm follows and fluxbump does not. Pure.

A link is resolved inside of the repository only. A link that leads out of it is named in a note,
and its target is not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct, field

from fluxbump.errors import PinError
from fluxbump.git.text_reader import text_of
from fluxbump.model import FLUX, FLUX2, Chart, Inventory, Location, Note, Snapshot, Track
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml_escapes import unescaped

_CHART = "Chart.yaml"
_LOCK = "Chart.lock"
_MANIFESTS = (".yaml", ".yml")
_MOST_HOPS = 40  # as many as Linux follows, path_resolution(7)


class LinkFolder(Struct):
    """A node in the tree of all links: a folder on the way to a link, or a link.

    Attributes:
        inside: the nodes in this folder, by name.
        link: the target of the link as git stores it; None for a folder.
    """

    inside: dict[str, LinkFolder] = field(default_factory=dict)
    link: str | None = None


def tree(links: Mapping[str, str]) -> LinkFolder:
    """Return the root of the tree of a repository's links.

    Args:
        links: the target of each link, by its path.
    """
    root = LinkFolder()
    for path, target in links.items():
        place = root
        for name in path.split("/"):
            place = place.inside.setdefault(name, LinkFolder())
        place.link = target
    return root


def followed(path: str, root: LinkFolder) -> str | None:
    """Return the path behind all links in a path; None if it leaves the repository, or is a loop.

    Args:
        path: a path in the repository.
        root: the links of the repository, from `tree`.
    """
    done, left, hops = list[str](), path.split("/")[::-1], 0
    places = [root]  # the nodes of `done`, with an empty one if no link is below
    while left:
        part = left.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not done:
                return None
            done.pop()
            places.pop()
            continue
        place = places[-1].inside.get(part, _NOWHERE)
        target = place.link
        if target is None:
            done.append(part)
            places.append(place)
        elif hops == _MOST_HOPS or target.startswith("/"):
            return None
        else:
            hops += 1
            left.extend(target.split("/")[::-1])
    return "/".join(done)


_NOWHERE = LinkFolder()


class _Link(Struct, frozen=True):
    """A link that helm follows.

    Attributes:
        path: the path of the link.
        target: the path to which it leads; None if that is outside of the repository.
        text: the text of the target; None if it is no file of the snapshot, or is not needed.
    """

    path: str
    target: str | None
    text: str | None

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0] + "/" if "/" in self.path else ""

    @property
    def leads(self) -> str:
        return (
            f"a symbolic link to {self.target}" if self.target else "a link out of this repository"
        )


def find(snapshot: Snapshot, charts: Iterable[Chart], kept: Iterable[str]) -> Iterator[Note]:
    """Yield a note on each link that belongs to a chart, and one on all submodules.

    Links to manifests outside of the repository have a note too.

    Args:
        snapshot: the snapshot with the links.
        charts: the wrappers and umbrellas.
        kept: the paths of the links that are not excluded.
    """
    charts = tuple(charts)
    for link in _chart_files(snapshot, charts, frozenset(kept)):
        yield Note(
            Location(link.path, 1),
            f"is {link.leads}, which fluxbump does not follow",
            advice="Update Chart.lock, values and charts/ beside it by hand",
        )
    for _, link in _beside(snapshot, charts):
        if link.path in kept:
            yield Note(Location(link.path, 1), f"is {link.leads}, which fluxbump does not follow")
    for link in _manifests(snapshot, frozenset(kept)):
        if not any(link.path.startswith(chart.directory) for chart in charts):
            yield Note(Location(link.path, 1), f"is {link.leads}, which fluxbump does not follow")
    modules = snapshot.modules()
    if modules:
        number = f"{len(modules)} submodule{'s' if len(modules) > 1 else ''}"
        yield Note(
            Location(".gitmodules", 1),
            f"fluxbump did not read {number}: {_some(modules)}",
            advice="Use --repo PATH to read each",
        )


def _manifests(snapshot: Snapshot, kept: frozenset[str]) -> Iterator[_Link]:
    """Yield the links to manifests outside of the repository."""
    links = (path for path in snapshot.links() if path in kept and path.endswith(_MANIFESTS))
    for link in _resolved(snapshot, links, text=False):
        if link.target is None and link.path.rpartition("/")[2] != _CHART:
            yield link


def require_nothing_behind(
    snapshot: Snapshot, inventory: Inventory, moved: Collection[str], targets: Mapping[Track, str]
) -> None:
    """Refuse a bump that would leave an old version in a file that helm reads by a link.

    Args:
        snapshot: the base of the bump.
        inventory: the inventory of the base.
        moved: the paths of the files whose pins are bumped.
        targets: the new version of each track.

    Raises:
        PinError: a Chart.lock, a values mirror or a chart would keep its versions.
    """
    if not snapshot.links():
        return
    versions = {track.name: new for track, new in targets.items() if track != FLUX}
    own = {chart.path for chart in inventory.charts}
    for link in _chart_files(snapshot, inventory.charts, frozenset(snapshot.links())):
        if link.target is not None and link.target not in own:
            stays = link.path if _holds_old(link.text or "", _CHART, versions) else None
        elif link.target is None or link.target in moved:
            stays = _old_beside(snapshot, link, versions)
        else:
            stays = None
        if stays is not None:
            raise _behind(stays, link)
    for chart, link in _beside(snapshot, inventory.charts):
        name = link.path.removeprefix(chart.directory)
        gone = _is_vendored(name) or (link.target is None and name == _LOCK)
        if chart.path in moved and (gone or _holds_old(link.text or "", name, versions)):
            raise _behind(link.path, link)


def _old_beside(snapshot: Snapshot, link: _Link, versions: Mapping[str, str]) -> str | None:
    """Return the path of a file beside a link to a Chart.yaml that would keep an old version."""
    for path in snapshot.below(link.folder):
        name = path.removeprefix(link.folder)
        text = text_of(snapshot, path) if _reads(name) else ""
        if _holds_old(text, name, versions) or name.startswith("charts/flux2"):
            return path
    return None


def _chart_files(
    snapshot: Snapshot, charts: Iterable[Chart], kept: frozenset[str]
) -> Iterator[_Link]:
    """Yield the links named Chart.yaml that lead to a bumped chart, or out of the repository."""
    names = (FLUX2.name, *(chart.name for chart in charts))
    links = (path for path in snapshot.links() if path in kept)
    for link in _resolved(snapshot, (path for path in links if path.rpartition("/")[2] == _CHART)):
        root = TextFile(_CHART, link.text or "").documents[0].root if link.text else None
        needs = yaml.items(yaml.get(root, "dependencies"))
        if link.target is None or any(
            yaml.text_of(dependency, "name") in names for dependency in needs
        ):
            yield link


def _beside(snapshot: Snapshot, charts: Iterable[Chart]) -> Iterator[tuple[Chart, _Link]]:
    """Yield the links in a chart's directory that hold its versions, or leave the repository."""
    charts = tuple(charts)
    edited = {f"{chart.directory}{_LOCK}" for chart in charts}
    for chart in charts:
        names = {
            path: path.removeprefix(chart.directory)
            for path in snapshot.links()
            if path.startswith(chart.directory)
        }
        vendored = [path for path, name in names.items() if _is_vendored(name)]
        for link in _resolved(snapshot, vendored, text=False):
            yield chart, link
        for link in _resolved(snapshot, (path for path, name in names.items() if _reads(name))):
            names_flux = link.target is None or FLUX2.name in unescaped(link.text or "")
            if link.target not in edited and names_flux:
                yield chart, link


def _is_vendored(name: str) -> bool:
    """Whether a path in a chart's directory is one at which Helm looks for a vendored flux2."""
    return name == "charts" or name.startswith("charts/flux2")


def _resolved(snapshot: Snapshot, paths: Iterable[str], *, text: bool = True) -> Iterator[_Link]:
    """Yield links with their targets; with `text`, the text of the target is read too."""
    wanted = sorted(paths)
    root = tree(snapshot.links() if wanted else {})
    known = frozenset(snapshot.paths()) if text and wanted else frozenset[str]()
    for path in wanted:
        target = followed(path, root)
        yield _Link(path, target, text_of(snapshot, target) if target in known and target else None)


def _reads(name: str) -> bool:
    """Whether a path in a chart's directory is that of a Chart.lock or a values file."""
    return name == _LOCK or (
        name.startswith("values") and "/" not in name and name.endswith(_MANIFESTS)
    )


def _holds_old(text: str, name: str, versions: Mapping[str, str]) -> bool:
    """Whether a mapping in a text names a bumped chart with another version than the new one."""
    if not text:
        return False
    key = "chart" if name.startswith("values") else "name"
    for document in TextFile("x.yaml", text).documents:
        for mapping in yaml.mappings(document.root):
            version = yaml.text_of(mapping, "version")
            chart = (yaml.text_of(mapping, key) or "").strip()
            if version is not None and chart in versions and version != versions[chart]:
                return True
    return False


def _behind(path: str, link: _Link) -> PinError:
    return PinError(
        f"would keep its versions, because {link.path} is {link.leads}",
        where=Location(path, 1),
        hint=f"replace the link {link.path} by a file",
    )


def _some(paths: Iterable[str]) -> str:
    first, *more = paths
    return f"{first}, and {len(more)} more" if more else first
