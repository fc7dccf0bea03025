"""Copies of a release's files, whose paths in the repository look like URLs."""

from __future__ import annotations

import pytest

from fluxbump.discover.urls import local_paths
from tests.helpers import brief, find

RAW = "raw.githubusercontent.com/fluxcd/flux2/v2.4.0/manifests/crds/kustomization.yaml"
INSTALL = "github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml"
BASE = "github.com/fluxcd/flux2/manifests/install?ref=v2.4.0"


@pytest.mark.parametrize("url", [RAW, INSTALL, BASE])
@pytest.mark.parametrize("before", ["localized-files/", "./vendor/", "../files/some.d/"])
def test_a_path_of_the_repository_stays(url: str, before: str) -> None:
    found = find({"a/kustomization.yaml": f"resources:\n- {before}{url}\n"})
    assert brief(found.pins) == []
    assert [note.message for note in found.notes] == [
        "v2.4.0 is in a path of this repository".replace("v", "" if url == INSTALL else "v")
    ]


@pytest.mark.parametrize("url", [RAW, INSTALL, BASE])
@pytest.mark.parametrize(
    "before",
    ["", "https://", "https://proxy.example.org/files/", "proxy.example.org/files/", "$MIRROR/",
     "${MIRROR}/files/", "localhost/files/", "git::https://"],
)  # fmt: skip
def test_a_url_of_a_mirror_is_a_pin(url: str, before: str) -> None:
    found = find({"a/kustomization.yaml": f"resources:\n- {before}{url}\n"})
    assert [pin.value for pin in found.pins] == ["2.4.0"], found.notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [("url=files/x/", True), ("'files/x/", True), ("host:5000/x/", False), ("user@host/x/", False),
     ("/opt/files/", False), ("~/files/", False), ("{{ mirror }}/files/", False)],
)  # fmt: skip
def test_what_may_be_a_host_is_no_folder(text: str, *, expected: bool) -> None:
    assert local_paths.is_local(text, len(text)) is expected
