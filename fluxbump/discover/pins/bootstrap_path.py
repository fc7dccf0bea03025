"""Adds to a bootstrap's pin the directory of the cluster that it bootstraps. Pure.

`flux bootstrap --path` and `path` of Terraform's `flux_bootstrap_git` name that directory. Both are
relative to the root of the repository, and `flux-system/gotk-components.yaml` is created below it.
"""

from __future__ import annotations

import posixpath

from msgspec.structs import replace

from fluxbump.model import Pin


def for_cluster(pin: Pin, path: str | None) -> Pin:
    """Return the pin with the directory of its cluster.

    The pin is unchanged if the path is unknown or outside of the repository.

    Args:
        pin: the pin of the place that bootstraps Flux.
        path: the path as written there; None if there is none.
    """
    if path is None or "$" in path or "{" in path:
        return pin
    directory = posixpath.normpath(path.strip("/"))
    if directory.startswith(".."):
        return pin
    return replace(pin, cluster="" if directory == "." else directory)
