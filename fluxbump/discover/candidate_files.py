"""Finds the files of a snapshot that may hold a pin or mention a version.

A large tree is searched once for all of them. The search is for fixed texts, not for patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import fnmatchcase

from fluxbump.discover import cross_references
from fluxbump.discover.pins import FILE_NAMES, FOLDERS, NEEDLES
from fluxbump.discover.pins.kind import Context
from fluxbump.git.grep import Needles
from fluxbump.model import FLUX2, Snapshot
from fluxbump.text import versions
from fluxbump.text.languages import is_template_of_yaml
from fluxbump.text.live_code import YAML, suffix_of
from fluxbump.text.yaml_escapes import unescaped

# What has a file that may spell a chart's name with escapes.
OBJECTS = ("toolkit.fluxcd.io", "HelmChart", "Blueprint")


def searched(context: Context) -> frozenset[str]:
    """Return the versions that are searched together with the names, in one search of the tree.

    These are the wrappers' versions of `flux2` and their Flux releases. A text may mention them
    without the name of a chart.
    """
    held = {
        dependency.version
        for chart in context.charts.values()
        for dependency in chart.dependencies
        if dependency.name == FLUX2.name and versions.parse(dependency.version)
    }
    return frozenset(held | {context.app_versions[v] for v in held if v in context.app_versions})


def find(
    snapshot: Snapshot, paths: Collection[str], context: Context, needles: Sequence[str]
) -> set[str]:
    """Return the paths of the files that may hold a pin, or mention a version.

    Args:
        snapshot: the snapshot to search.
        paths: its paths without the excluded ones.
        context: knows the charts that fluxbump bumps, and the configured pins.
        needles: fixed texts, one of which is in such a file.
    """
    found = set(snapshot.grep(needles))
    folders = {chart.directory for chart in context.charts.values()}
    for folder in _outermost(folders):
        found |= {path for path in snapshot.below(folder) if _is_values_file(path, folders)}
    found |= {path for path in paths if _is_read(path)}
    for custom in context.custom:
        found |= {path for path in paths if fnmatchcase(path, custom.path)}
    return found


def words(context: Context) -> tuple[str, ...]:
    """Return the fixed texts by which a file with a pin is found.

    They are the names and directories of the charts, the needles of the kinds, and the paths in
    patches that set a version without naming a chart.
    """
    paths = (chart.directory.rstrip("/") or "GitRepository" for chart in context.charts.values())
    return tuple(
        dict.fromkeys(
            (
                *context.names(),
                *NEEDLES,
                *cross_references.PATHS,
                *paths,
            )
        )
    )


def _outermost(folders: Iterable[str]) -> list[str]:
    """Return the folders that are in no other of these folders."""
    found: list[str] = []
    for folder in sorted(folders):
        if not found or not folder.startswith(found[-1]):
            found.append(folder)
    return found


def _is_read(path: str) -> bool:
    """Whether a file is read for its name or its folder, whatever it contains."""
    if path.rpartition("/")[2] in FILE_NAMES:
        return True
    if not any(name in path for name in FOLDERS):  # first, since all paths are asked about
        return False
    return suffix_of(path) in YAML or is_template_of_yaml(path)


def _is_values_file(path: str, folders: Collection[str]) -> bool:
    """Whether a path is that of a values file, by its place in the folder of a chart."""
    at = path.find("values")
    while at >= 0:
        if path[:at] in folders:
            return True
        at = path.find("values", at + 1)
    return False


def matters(context: Context) -> Callable[[str, str], bool]:
    """Return a function of path and text that tells whether a candidate can hold a pin.

    The other candidates can at most mention a version.
    """
    told = Needles(words(context))
    folders = {chart.directory for chart in context.charts.values()}
    globs = tuple(custom.path for custom in context.custom)

    def matter(path: str, text: str) -> bool:
        named = told.are_in(text) or _is_values_file(path, folders)
        named = named or _is_read(path)
        if not named and "\\" in text and suffix_of(path) in YAML:
            named = told.are_in(unescaped(text))
        return named or any(fnmatchcase(path, glob) for glob in globs)

    return matter
