"""The CRDs of each Flux release, as a table that ships with the package.

`crds.json` is derived from the release manifests by `fixtures/derive_facts.py`: `releases` maps a
release to its class, `classes` a class to CRDs and their versions with flags, `kinds` a CRD to its
kind and group.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from fluxbump.flux.stored_versions import Crd, CrdVersion, Release, Table

_HERE = Path(__file__).parent


@cache
def crds() -> Table:
    """Return the CRDs of each known Flux release, oldest release first.

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
