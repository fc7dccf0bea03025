"""What Flux releases define, and the Kubernetes that they ask for.

`crds.json` is derived from the release manifests by `fixtures/derive_facts.py`: `releases` maps a
release to its class, `classes` a class to CRDs and their versions with flags, `kinds` a CRD to its
kind and group.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from fluxbump.flux.stored_versions import Crd, CrdVersion, Release, Table
from fluxbump.text import versions

_HERE = Path(__file__).parent

_KUBERNETES = {
    (2, 0): "1.24",
    (2, 1): "1.25",
    (2, 2): "1.26",
    (2, 3): "1.28",
    (2, 4): "1.28",
    (2, 5): "1.30",
    (2, 6): "1.31",
    (2, 7): "1.32",
    (2, 8): "1.33",
    (2, 9): "1.33",
}
"""The constraint that each minor's `flux check` carries.

Written by hand, because no release manifest says it: `kubernetesConstraints` in `cmd/flux/check.go`
of fluxcd/flux2, at the tag of the release.
"""


@cache
def crds() -> Table:
    """Return what each known Flux release defines, oldest release first.

    Releases with equal CRDs share one mapping.
    """
    document = json.loads((_HERE / "crds.json").read_text("utf-8"))
    kinds: dict[str, list[str]] = document["kinds"]
    classes = {name: _release(found, kinds) for name, found in document["classes"].items()}
    return {release: classes[name] for release, name in document["releases"].items()}


def _release(found: dict[str, dict[str, str]], kinds: dict[str, list[str]]) -> Release:
    return {
        name: Crd(
            name,
            kind=kinds[name][0],
            group=kinds[name][1],
            versions=tuple(
                _version(version, set(flags.split())) for version, flags in versions_.items()
            ),
        )
        for name, versions_ in found.items()
    }


def _version(name: str, flags: set[str]) -> CrdVersion:
    return CrdVersion(name, "served" in flags, "storage" in flags, "deprecated" in flags)


def kubernetes_minimum(release: str) -> str | None:
    """Return the oldest Kubernetes that a release asks for, `1.32`; None when that is not known.

    Args:
        release: `2.7.5`, with or without a leading `v`.
    """
    parsed = versions.parse(release)
    return _KUBERNETES.get((parsed.major, parsed.minor)) if parsed else None
