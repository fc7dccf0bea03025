"""The directory of the cluster that a place bootstraps, as the place itself names it. Pure.

`flux bootstrap --path` and `path` of Terraform's `flux_bootstrap_git` are relative to the root of
the repository, and `flux-system/gotk-components.yaml` is made below.
"""

from __future__ import annotations

import posixpath

from msgspec.structs import replace

from fluxbump.model import Pin


def for_cluster(pin: Pin, path: str | None) -> Pin:
    """Return the pin with the directory of its cluster.

    Args:
        pin: of what bootstraps Flux.
        path: the argument; None if there is none, or if it is an expression.
    """
    if path is None or "$" in path or "{" in path:
        return pin
    directory = posixpath.normpath(path.strip("/"))
    if directory.startswith(".."):
        return pin
    return replace(pin, cluster="" if directory == "." else directory)
