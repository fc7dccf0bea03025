"""Tells by the names in a path which environment or cluster a file belongs to. Pure.

A directory or a file with the name of a stage names an environment. So does each directory that is
directly below `clusters/` or a similar folder.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from fluxbump.model import Pin
from fluxbump.text.patterns import lazy_pattern

_STAGES = frozenset(
    (
        *("dev", "develop", "development", "test", "testing", "qa", "uat", "acc", "acceptance"),
        *("stage", "staging", "stg", "preprod", "prod", "production", "prd", "live", "sandbox"),
        *("lab", "preview", "canary", "demo", "int", "integration"),
    )
)
_HOLD_CLUSTERS = frozenset({"clusters", "cluster", "environments", "envs", "env", "stages"})
_PARTS = lazy_pattern(r"[-_.]")


def one_tree(pin: Pin, other: Pin) -> bool:
    """Whether the directory of one pin contains that of the other."""
    first, second = _folder(pin), _folder(other)
    return first.startswith(second) or second.startswith(first)


def _folder(pin: Pin) -> str:
    folder, slash, _ = pin.location.path.rpartition("/")
    return folder + slash


def apart(pin: Pin, other: Pin) -> bool:
    """Whether the paths of two pins name different environments.

    Two directories of clusters in one folder are different, even for one stage (`prod-eu`,
    `prod-us`).
    """
    paths = pin.location.path, other.location.path
    own, others = map(cluster_folders, paths)
    if own and others and own != others and own[:-1] == others[:-1]:
        return True
    first, second = map(environment, paths)
    return bool(first and second) and first.isdisjoint(second)


@cache
def cluster_folders(path: str) -> tuple[str, ...]:
    """Return the folders of a path down to the cluster's own; empty if no folder holds clusters."""
    folders = tuple(path.split("/")[:-1])
    held = enumerate(folders[:-1])
    at = next((at for at, name in held if name.lower() in _HOLD_CLUSTERS), None)
    return () if at is None else folders[: at + 2]


@cache
def environment(path: str) -> frozenset[str]:
    """Return the words of a path that name an environment; empty if none does."""
    *folders, name = path.lower().split("/")
    found = {
        part for folder in (*folders, name) for part in _PARTS.split(folder) if part in _STAGES
    }
    for above, below in pairwise(folders):
        if above in _HOLD_CLUSTERS:
            found.add(below)
    return frozenset(found)
