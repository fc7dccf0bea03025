from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from tests import contracts
from tests.contracts import Description

BODY = b'{"openapi": "3.0.3"}'


def _package(directory: Path, body: bytes) -> Path:
    package = directory / "package-1.0.0.tgz"
    with tarfile.open(package, "w:gz") as archive:
        header = tarfile.TarInfo("package/api.json")
        header.size = len(body)
        archive.addfile(header, io.BytesIO(body))
    return package


@pytest.fixture
def description(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Description:
    """A description whose package is there already."""
    package = _package(tmp_path, BODY)
    monkeypatch.setattr(contracts, "_download", lambda *_: package)
    digests = [hashlib.sha256(data).hexdigest() for data in (package.read_bytes(), BODY)]
    return Description("forge", "package@1.0.0", digests[0], "package/api.json", digests[1])


def test_installs_once_and_leaves_nothing_else(description: Description, tmp_path: Path) -> None:
    assert contracts.install(description, tmp_path)
    assert not contracts.install(description, tmp_path)
    (installed,) = (tmp_path / "forge").iterdir()
    assert installed.read_bytes() == BODY


def test_another_package_is_not_installed(description: Description, tmp_path: Path) -> None:
    _package(tmp_path, b"{}")
    with pytest.raises(SystemExit, match="not the package that is expected"):
        contracts.install(description, tmp_path)
    assert list((tmp_path / "forge").iterdir()) == []


def test_without_a_description_a_test_is_skipped_with_the_reason(
    description: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(contracts.REQUIRE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no forge: run `make tools`"):
        contracts.need(description)


def test_without_a_description_a_test_fails_where_it_is_required(
    description: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(contracts.REQUIRE, "1")
    with pytest.raises(pytest.fail.Exception, match="no forge"):
        contracts.need(description)


def test_without_npm_it_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert contracts.main([str(tmp_path / "none")]) == 0
    assert "will be skipped" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()
