"""Files that SOPS encrypts: what Flux makes of them, and why fluxbump does not edit them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import Cli, assert_refused, repository, script
from tests.test_migrate import moved, notes
from tests.test_rule_resources import judged, release_at, said

MAC = "mac: ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]"
SEAL = f"sops:\n  lastmodified: '2026-01-01T00:00:00Z'\n  {MAC}\n  encrypted_regex: ^data$\n"
APART = SEAL + "  mac_only_encrypted: true\n"
INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux}
spec:
  distribution:
    version: 2.4.0
    registry: ghcr.io/fluxcd
"""
PATH = "clusters/a/flux.sops.yaml"


def test_what_sops_adds_to_an_object_is_no_field_of_it() -> None:
    encrypted = "  interval: ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]\n"
    assert judged("FB204", release_at("v2", encrypted) + SEAL, "2.8.5") == []


def test_a_field_that_is_only_called_like_it_is_unknown() -> None:
    assert said(judged("FB204", release_at("v2", "  interval: 1m\n") + "sops: {}\n", "2.8.5")) == [
        "6 error HelmRelease podinfo: sops is not a field of HelmRelease v2 in Flux 2.8.5"
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (PATH, INSTANCE + SEAL),
        ("versions.env", f"FLUX_VERSION=2.4.0\nsops_{MAC.replace(': ', '=')}\n"),
        ("flux.tfvars.json", f'{{"flux_version": "2.4.0", "sops": {{\n"mac": "{MAC[5:]}"}}}}\n'),
    ],
)
def test_a_bump_does_not_edit_what_only_sops_can_sign(
    cli: Cli, tmp_path: Path, index: Path, path: str, text: str
) -> None:
    repo = repository(tmp_path / "repo", {path: text, "install.sh": script()}, index)
    before = repo.git("for-each-ref")
    result = cli("to", "2.5.1", cwd=repo)
    assert_refused(
        result, 5, "must become 2.5.1, but the file is encrypted", f"edit it with `sops {path}`"
    )
    assert repo.git("for-each-ref") == before


def test_a_readable_value_without_a_checksum_moves(cli: Cli, tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "repo", {PATH: INSTANCE + APART}, index)
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.git("show", f"fluxbump/flux-2.5.1:{PATH}") == (
        (INSTANCE + APART).replace("2.4.0", "2.5.1")
    )


def test_a_migration_leaves_a_sealed_manifest() -> None:
    held = release_at("v2beta2", "  interval: 1m\n")
    left = moved({"a.sops.yaml": held + SEAL, "b.yaml": held.replace("podinfo", "other")})
    assert [move.resource.location.path for move in left.moves] == ["b.yaml"]
    [note] = notes(left)
    assert "the file is encrypted with SOPS: edit it with `sops a.sops.yaml`" in note
