"""A gotk-components.yaml, made again from the artifact of a real registry."""

from __future__ import annotations

from functools import partial

from fixtures.installs import gotk
from fixtures.installs.gotk import Options
from fluxbump.bump.changes import Change
from fluxbump.bump.gotk_replace import Manifests, made_again
from fluxbump.flux.gotk_source import Texts, published
from fluxbump.flux.manifests_artifact import flux_manifests
from tests.helpers import find
from tests.registry.conftest import Connect
from tests.registry.running import FLUX_CONTENT, Running, tarball

NAME = "fluxcd/flux-manifests"
PATH = "clusters/a/flux-system/gotk-components.yaml"


def test_it_comes_from_the_artifacts_of_both_releases(registry: Running, connect: Connect) -> None:
    for release in ("2.4.0", "2.5.1"):
        files = {"gotk-components.yaml": gotk.full(release).encode()}
        registry.push(NAME, f"v{release}", {FLUX_CONTENT: tarball(files)})
    artifact = f"oci://{registry.host}/{NAME}"
    read = partial(flux_manifests, registry=connect(), artifact=artifact)
    told = Options(components=("source-controller", "helm-controller"), namespace="gitops")
    inventory = find({PATH: gotk.components("2.4.0", told)})
    changes = [Change(pin, "2.5.1") for pin in inventory.pins]
    components = Texts((published(read, artifact),)).manifest
    (made,), _ = made_again(inventory, changes, Manifests(components, copied=str.encode))
    assert (made.path, made.text) == (PATH, gotk.components("2.5.1", told))
