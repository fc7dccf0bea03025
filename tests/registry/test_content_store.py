"""What is kept of registries, on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from fluxbump.helm.registry.content_store import ContentStore, digest_of
from fluxbump.helm.registry.reference import parse

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ABC = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
HERE, THERE = parse("oci://ghcr.io/a/flux2"), parse("oci://ghcr.io/b/flux2")


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "oci")


def test_contents_are_kept_by_digest(store: ContentStore) -> None:
    for data, digest in ((b"", EMPTY), (b"abc", ABC)):
        assert digest_of(data) == digest
        assert store.read(digest) is None
        store.write(data)
        assert store.read(digest) == data


def test_they_are_for_their_owner_alone(store: ContentStore) -> None:
    store.write(b"abc")
    (path,) = (store.directory / "blobs").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_is_damaged_is_not_there(store: ContentStore) -> None:
    store.write(b"abc")
    (path,) = (store.directory / "blobs").iterdir()
    path.write_bytes(b"abd")
    assert store.read(ABC) is None
    store.write(b"abc")
    assert store.read(ABC) == b"abc"


def test_each_repository_has_tags_of_its_own(store: ContentStore) -> None:
    assert store.tags(HERE) is None
    store.write_tags(HERE, {"2.15.0": ABC})
    store.write_tags(THERE, {"2.15.0": EMPTY})
    assert (store.tags(HERE), store.tags(THERE)) == ({"2.15.0": ABC}, {"2.15.0": EMPTY})
    store.write_tags(HERE, {})
    assert store.tags(HERE) == {}


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"a": 5}', b"\xff", b"[" * 100_000])
def test_damaged_tags_are_not_there(store: ContentStore, damage: bytes) -> None:
    store.write_tags(HERE, {"2.15.0": ABC})
    (path,) = (store.directory / "tags").iterdir()
    path.write_bytes(damage)
    assert store.tags(HERE) is None


def test_what_is_no_digest_is_left_out(store: ContentStore) -> None:
    store.write_tags(HERE, {"2.15.0": ABC, "2.16.0": "sha256:../../x", "2.17.0": ""})
    assert store.tags(HERE) == {"2.15.0": ABC}


def test_a_place_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "oci").write_text("a file")
    store = ContentStore(tmp_path / "oci")
    store.write(b"abc")
    store.write_tags(HERE, {})
    assert (store.read(ABC), store.tags(HERE)) == (None, None)
