"""Copies of the CRDs of Flux beside images that move: a note says that they stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import Cli, repository, script

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: buckets.source.toolkit.fluxcd.io
spec:
  group: source.toolkit.fluxcd.io
"""
CUE = """\
bucket: {
	kind: "CustomResourceDefinition"
	spec: group: "source.toolkit.fluxcd.io"
	spec: {
		"group": "source.toolkit.fluxcd.io"
	}
}
"""
IMAGES = "images:\n- ghcr.io/fluxcd/source-controller:v1.4.1\n"


def notes(tmp_path: Path, index: Path, cli: Cli, files: dict[str, str]) -> list[str]:
    repo = repository(tmp_path / "r", files, index)
    result = cli("to", "2.5.1", "--dry-run", cwd=repo)
    assert result.code == 0, result.err
    return [line.strip() for line in result.out.splitlines() if "this CRD of Flux" in line]


def test_a_folder_of_crds_is_named_once(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = {"a/images.yaml": IMAGES, "a/crds/x.yaml": CRD, "a/crds/y.yaml": CRD, "b/z.cue": CUE}
    stays = "stays, while images of its controllers move. Replace it by that of Flux 2.5.1"
    assert notes(tmp_path, index, cli, files) == [
        f"a/crds/x.yaml:6  this CRD of Flux (and 1 more beside it) {stays}",
        f"b/z.cue:5  this CRD of Flux {stays}",
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"a/images.yaml": IMAGES, "a/crd.yaml": CRD.replace("source.toolkit", "source.example")},
        {"a/images.yaml": IMAGES, "docs/crd.md": CRD},
        {"a/images.yaml": IMAGES, "archive/crd.yaml": CRD},
        {"a.sh": script("2.4.0"), "a/crd.yaml": CRD},
    ],
)
def test_other_files_are_no_copies(
    tmp_path: Path, index: Path, cli: Cli, files: dict[str, str]
) -> None:
    assert notes(tmp_path, index, cli, files) == []
