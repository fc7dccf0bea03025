"""The image tags of Flux's controllers in each release, as a table that ships with the package.

`make facts` (`fixtures/derive_facts.py`) derives the table from the release manifests. A release
that is newer than the table is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent

NAMES = (
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "source-watcher",
)
"""The controllers of Flux, by the names of their images and their repositories."""


def controllers(release: str) -> Mapping[str, str]:
    """Return the image tag of each controller that a Flux release ships.

    Args:
        release: `2.4.0`, without a leading `v`.

    Returns:
        Tags by controller, such as `v1.4.1` for `source-controller`; empty for an unknown release.
    """
    return _controllers().get(release, {})


def is_of_line(name: str, tag: str, line: str) -> bool:
    """Whether some release of a line ships this tag of a controller.

    Args:
        name: the controller's name.
        tag: the image tag, `v1.4.1`.
        line: the line of releases, `2.4`.
    """
    releases = (release for release in _controllers() if release.rpartition(".")[0] == line)
    return any(_controllers()[release].get(name) == tag for release in releases)


def all_controllers() -> Mapping[str, Mapping[str, str]]:
    """Return the image tag of each controller, for each release in the table."""
    return _controllers()


@cache
def _controllers() -> Mapping[str, Mapping[str, str]]:
    table: dict[str, dict[str, str]] = json.loads((_HERE / "controllers.json").read_text("utf-8"))
    return table
