"""Tells by the names of folders which paths hold copies, examples or archives. Pure.

The files there install nothing in a live cluster.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

_COPIES = frozenset({
    "example", "examples", "sample", "samples", "doc", "docs", "test", "tests", "testdata",
    "fixtures", "e2e", "archive", "archives", "archived", "attic", "deprecated", "backup",
    "backups", "vendor", "third_party", "node_modules",
})  # fmt: skip
"""Names of folders whose files show, test or keep something, and install nothing."""

_ARCHIVES = frozenset({
    "archive", "archives", "archived", "attic", "deprecated", "versioned_docs",
})  # fmt: skip
_OLD = frozenset({"_old", ".old"})
"""Names of folders for files out of service. A plain `old` may be an app or a customer."""

_TEST_DATA = frozenset({"testdata"})
"""The folder that Go's tools ignore: what it holds is what tests read and expect."""

_NOT_IN_SERVICE = _ARCHIVES | _TEST_DATA

_EXAMPLES = frozenset({"example", "examples", "sample", "samples"})

_PLACES = frozenset({
    "cluster", "clusters", "environment", "environments", "env", "envs", "stage", "stages",
    "overlays", "tenants",
})  # fmt: skip
"""Folders whose subfolders are live whatever their names: `clusters/test` is a cluster."""


def holds_copies(path: str) -> bool:
    """Whether a path is below a folder whose name says that it holds no live installation."""
    return _is_below(path, _COPIES)


def archive_of(path: str) -> str | None:
    """Return the folder above a path whose name says that its files are not in service.

    Such a folder is an archive, or it holds test data. None if there is no such folder.
    """
    return _archive_above(path.rpartition("/")[0])


@lru_cache(maxsize=4096)  # the files of a folder are asked for one after the other
def _archive_above(folder: str) -> str | None:
    folders = folder.split("/")
    for at, (before, name) in enumerate(zip(["", *folders], folders, strict=False)):
        named = name.lower()
        known = named.lstrip("_.") in _NOT_IN_SERVICE
        resting = known and before.lower() not in _PLACES
        if resting or named in _OLD:
            return "/".join(folders[: at + 1])
    return None


def kind_of_archive(folder: str) -> str:
    """Return what to call a folder from `archive_of` in a report: test data, or an archive."""
    return "test data" if folder.rpartition("/")[2].lower() in _TEST_DATA else "an archive"


def is_example(path: str) -> bool:
    """Whether a path is below a folder of examples, which other people install elsewhere."""
    return _is_below(path, _EXAMPLES)


def _is_below(path: str, names: Collection[str]) -> bool:
    folders = path.lower().split("/")[:-1]
    return any(
        name.lstrip("_.") in names and (not before or before not in _PLACES)
        for before, name in zip(["", *folders], folders, strict=False)
    )


def is_copy(path: str, paths: Collection[str]) -> bool:
    """Whether the Chart.yaml at `path` is a copy: it is in a folder of copies, or vendored.

    Args:
        path: the path of the Chart.yaml.
        paths: the paths of all Chart.yaml files. A chart below the folder `charts/` of another
            chart is vendored.
    """
    parts = path.split("/")
    vendored = any(
        part == "charts" and "/".join([*parts[:at], parts[-1]]) in paths
        for at, part in enumerate(parts[:-2])
    )
    return vendored or holds_copies(path)
