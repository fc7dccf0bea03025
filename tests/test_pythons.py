"""Every Python that is supported, old patch releases of it too."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.helpers import ROOT, Repo

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
SOURCES = sorted((ROOT / "fluxbump").rglob("*.py"))

_PROBE = """
import pathlib, sys
for path in pathlib.Path("fluxbump").rglob("*.py"):
    compile(path.read_bytes(), str(path), "exec")
from fluxbump.flux.chart_templates import plain
text = 'a: {{ .Values.a | default "}}" }}\\n{{- if .b }}\\nc: d\\n{{- end }}\\n{{/* "e */}}\\n'
sys.stdout.write(repr(plain(text)))
"""


def test_the_package_names_what_is_tested_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [one.rpartition(" ")[2] for one in project["classifiers"] if ":: 3." in one]
    assert named == list(VERSIONS)
    assert project["requires-python"] == ">=3.11"


def interpreter(version: str) -> str | None:
    """Return one that runs: what pyenv puts on the path says no for what is not switched on."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [*map(str, root.glob(f"versions/{version}.*/bin/python"))]
    on_path = shutil.which(f"python{version}")
    for python in [*([on_path] if on_path else []), *found]:
        if subprocess.run([python, "-V"], capture_output=True, check=False).returncode == 0:
            return python
    return None


@pytest.mark.parametrize("version", VERSIONS)
def test_another_python_reads_the_source_and_a_chart(version: str) -> None:
    """Without our libraries, which that Python need not have."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no python{version} on the path or of pyenv")
    done = subprocess.run(
        [python, "-I", "-c", f"import sys; sys.path.insert(0, '.')\n{_PROBE}"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == repr("a: templated\n\nc: d\n\n\n")


@pytest.mark.parametrize("version", [one for one in VERSIONS if one != OURS])
def test_another_python_moves_the_fixture(repo: Repo, tmp_path: Path, version: str) -> None:
    """With the libraries of the lock for that Python, and no warning, as its own errors are."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no python{version} on the path or of pyenv")
    libraries = tmp_path / "libraries"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    got = subprocess.run(
        [*pip, "--no-compile", "--target", str(libraries), "--python-version", version,
         "--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / "requirements-run.lock")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if got.returncode and "No matching distribution" not in got.stderr:
        pytest.skip(f"the package index does not answer: {got.stderr.splitlines()[-1]}")
    assert got.returncode == 0, got.stderr
    path = os.pathsep.join((str(libraries), str(ROOT)))

    def fluxbump(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-W", "error", "-m", "fluxbump", *arguments],
            cwd=repo.path, env=repo.environment(PYTHONPATH=path), capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    for arguments in (
        ("--version",), ("--help",), ("status",), ("check", "--no-render"), ("path", "2.8.5"),
        ("releases",), ("run", "--dry-run", "--quiet"), ("schema", "to"),
        ("to", "2.5.1", "-o", "json"),
    ):  # fmt: skip
        done = fluxbump(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        assert done.stdout != ""
    theirs = repo.tree("fluxbump/flux-2.5.1")
    repo.git("branch", "--quiet", "--delete", "--force", "fluxbump/flux-2.5.1")
    assert repo.fluxbump("to", "2.5.1").code == 0
    assert repo.tree("fluxbump/flux-2.5.1") == theirs


def test_debians_python_is_among_them() -> None:
    """The one that showed what `test_groups_are_not_possessive` is about, where it is installed."""
    if not os.access("/usr/bin/python3", os.X_OK):
        pytest.skip("no /usr/bin/python3")
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-c", f"import sys; sys.path.insert(0, '.')\n{_PROBE}"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.stdout == repr("a: templated\n\nc: d\n\n\n"), done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_groups_are_not_possessive(path: Path) -> None:
    """Python before 3.11.5 misses matches of `(?:…)*+` (python/cpython#106052).

    Debian 12 has 3.11.2. `(?>(?:…)*)` says the same, and works.
    """
    assert re.findall(r"[^\\][)}][*+?]\+", path.read_text("utf-8")) == []
