"""What the tests of registries need, without Go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.go_program import GoProgram
from tests.helpers import ROOT
from tests.registry import build


@pytest.fixture
def nothing_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "DEFAULT_DEST", tmp_path / "none")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The source of a program, for a Go that only writes down what it is asked."""
    directory = tmp_path / "source"
    directory.mkdir()
    for name in ("main.go", "go.mod", "go.sum"):
        (directory / name).write_text(name)
    return directory


def install_go(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    directory.mkdir()
    (directory / "go").write_text(f"#!/bin/sh\n{script}\n")
    (directory / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("nothing_built")
def test_without_a_registry_a_test_is_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(build.REQUIRE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no registry: run `make tools`, which needs"):
        build.need()


@pytest.mark.usefixtures("nothing_built")
def test_without_a_registry_a_test_fails_where_one_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(build.REQUIRE, "1")
    with pytest.raises(pytest.fail.Exception, match="no registry"):
        build.need()


@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)])
def test_without_go_nothing_is_built(tmp_path: Path, required: str, code: int) -> None:
    program = "from pathlib import Path; from tests.registry import build; "
    program += f"build.DEFAULT_DEST = Path({str(tmp_path / 'none')!r}); "
    program += "raise SystemExit(build.main())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": str(tmp_path), build.REQUIRE: required},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "no registry for tests: go is not installed\n")
    assert not (tmp_path / "none").exists()


def test_a_program_is_built_once(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_go(
        tmp_path / "bin",
        monkeypatch,
        f'echo "$@" >> {tmp_path}/asked; for last; do :; done; '
        'while [ "$1" != -o ]; do shift; done; echo x > "$2"',
    )
    program = GoProgram("tool", source, linked="-X main.v=1")
    assert program.build(tmp_path / "tools")
    assert not program.build(tmp_path / "tools")
    assert program.path(tmp_path / "tools").read_text() == "x\n"
    (asked,) = (tmp_path / "asked").read_text().splitlines()
    assert asked.startswith("build -mod=readonly -trimpath -modfile=go.mod ")
    assert "-ldflags=-s -w -X main.v=1 -o " in asked


def test_another_source_is_another_program(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_go(tmp_path / "bin", monkeypatch, 'while [ "$1" != -o ]; do shift; done; echo x > "$2"')
    program = GoProgram("tool", source)
    assert program.build(tmp_path / "tools")
    first = program.path(tmp_path / "tools")
    (source / "go.sum").write_text("other")
    assert program.build(tmp_path / "tools")
    assert list(first.parent.iterdir()) == [program.path(tmp_path / "tools")]
    assert first != program.path(tmp_path / "tools")


def test_a_program_that_go_cannot_build(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_go(tmp_path / "bin", monkeypatch, "exit 1")
    with pytest.raises(SystemExit, match="Go cannot build tool"):
        GoProgram("tool", source).build(tmp_path / "tools")
    assert list((tmp_path / "tools" / "tool").iterdir()) == []
