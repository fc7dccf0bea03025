"""The manifests of a release from a real registry, pushed in the form of `flux push artifact`."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace

import pytest

from fluxbump.errors import IndexSourceError
from fluxbump.flux.manifests_artifact import FLUX_MANIFESTS, flux_manifests
from fluxbump.helm.registry.client import Registry
from tests.registry.conftest import Connect
from tests.registry.front import Front
from tests.registry.running import FLUX_CONTENT, Running, tarball

NAME = "fluxcd/flux-manifests"
FILES = {
    "gotk-components.yaml": b"---\n# Flux Version: v2.5.1\n" + b"kind: Namespace\n---\n" * 1000,
    "more/notes.txt": b"",
}


def put(registry: Running, files: dict[str, bytes] = FILES, tag: str = "v2.5.1") -> None:
    registry.push(NAME, tag, {FLUX_CONTENT: tarball(files)})


def failure(client: Registry, artifact: str, release: str = "2.5.1") -> str:
    with pytest.raises(IndexSourceError) as caught:
        flux_manifests(release, client, artifact=artifact)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def at(host: str) -> str:
    return f"oci://{host}/{NAME}"


def test_where_flux_publishes_them() -> None:
    assert FLUX_MANIFESTS == "oci://ghcr.io/fluxcd/flux-manifests"


def test_the_files_of_a_release(registry: Running, front: Front, connect: Connect) -> None:
    put(registry)
    put(registry, {"gotk-components.yaml": b"another"}, "v2.4.0")
    for offline in (False, False, True):
        client = connect(offline=offline)
        assert flux_manifests("2.5.1", client, artifact=at(front.host)) == FILES
    assert front.take() == [
        "GET /v2/fluxcd/flux-manifests/blobs/sha256",
        "GET /v2/fluxcd/flux-manifests/manifests/v2.5.1",
    ]
    assert flux_manifests("2.4.0", connect(), artifact=at(front.host)) == {
        "gotk-components.yaml": b"another"
    }
    assert flux_manifests("2.5.1", connect(offline=True), artifact=at(front.host)) == FILES


def test_names_may_begin_with_the_current_folder(registry: Running, connect: Connect) -> None:
    put(registry, {"./gotk-components.yaml": b"a"})
    found = flux_manifests("2.5.1", connect(), artifact=at(registry.host))
    assert found == {"gotk-components.yaml": b"a"}


def test_a_release_that_is_not_there(registry: Running, connect: Connect) -> None:
    put(registry)
    assert failure(connect(), at(registry.host), "2.99.0") == (
        f"{at(registry.host)}:v2.99.0: the registry has no such release "
        "(use --releases to name the place of the manifests)"
    )
    assert "not in the cache, and offline (run once without --offline" in failure(
        connect(offline=True), at(registry.host)
    )


@pytest.mark.parametrize("release", ["v2.5.1", "2.5", "latest", "2.5.1/../x", "2.5.1@sha256:0", ""])
def test_what_is_no_release_is_not_asked_for(
    registry: Running, front: Front, connect: Connect, release: str
) -> None:
    assert "is not a release of Flux" in failure(connect(), at(front.host), release)
    assert front.take() == []


def test_what_is_no_artifact_of_flux(registry: Running, connect: Connect) -> None:
    registry.push(NAME, "v2.5.1", {"application/vnd.oci.image.layer.v1.tar+gzip": tarball(FILES)})
    assert "it is not an artifact of Flux (use --releases" in failure(connect(), at(registry.host))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (b"no archive", "not a usable archive: not gzip"),
        (tarball(FILES)[:-20], "not a usable archive: cut short"),
        (tarball(FILES) + b"x", "not a usable archive: something follows the archive"),
        (gzip.compress(b"x" * 2000, mtime=0), "not a usable archive: damaged"),
        (tarball({"../x": b""}), "not a usable archive: '../x' is not a plain relative path"),
        (tarball({"/x": b""}), "not a usable archive: '/x' is not a plain relative path"),
        (tarball({"a": b"", "./a": b""}), "not a usable archive: './a' is in it twice"),
        (tarball({"a": bytes(6 << 20)}), "not a usable archive: 'a' takes more than 5 MiB"),
        (tarball({f"{n}": bytes(5 << 20) for n in range(7)}), "holds more than 32 MiB"),
        (tarball({f"{n}": b"" for n in range(10_001)}), "more than 10,000 entries"),
    ],
)
def test_an_archive_of_no_use(
    registry: Running, connect: Connect, layer: bytes, words: str
) -> None:
    registry.push(NAME, "v2.5.1", {FLUX_CONTENT: layer})
    said = failure(connect(), at(registry.host))
    assert said.startswith(f"{at(registry.host)}:v2.5.1: not a usable archive: ")
    assert words in said


def test_an_artifact_that_is_too_large_is_not_fetched(
    registry: Running, front: Front, connect: Connect
) -> None:
    registry.push(NAME, "v2.5.1", {FLUX_CONTENT: bytes((10 << 20) + 1)})
    assert "is larger than 10 MiB" in failure(connect(), at(front.host))
    assert front.take() == ["GET /v2/fluxcd/flux-manifests/manifests/v2.5.1"]


def test_another_artifact_than_the_digest_promises(
    registry: Running, front: Front, connect: Connect
) -> None:
    put(registry)
    other = tarball({"gotk-components.yaml": b"evil"})
    front.spoil = lambda asked, answered: (
        answered.holding(other) if "/blobs/" in asked.target else answered
    )
    assert f"the registry sends {len(other)} bytes for sha256:" in failure(
        connect(), at(front.host)
    )
    right = tarball(FILES)
    flipped = right[:-5] + bytes([right[-5] ^ 1]) + right[-4:]
    front.spoil = lambda asked, answered: (
        replace(answered, body=flipped) if "/blobs/" in asked.target else answered
    )
    assert f"the registry sends sha256:{hashlib.sha256(flipped).hexdigest()} for sha256:" in (
        failure(connect(), at(front.host))
    )
    front.spoil = lambda _, answered: answered
    assert flux_manifests("2.5.1", connect(), artifact=at(front.host)) == FILES
