"""Facts about Flux releases, as tables that ship with the package.

The tables are derived from the release manifests by `make facts` (`fixtures/derive_facts.py`), all
but the Kubernetes that a release asks for. A release that is newer than the table is not in it.
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
        `source-controller` to `v1.4.1`, and so on; empty for a release that is not known.
    """
    return _controllers().get(release, {})


def is_of_line(name: str, tag: str, line: str) -> bool:
    """Whether a release of a line ships this tag of a controller.

    Args:
        name: of the controller.
        tag: `v1.4.1`.
        line: `2.4`.
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
