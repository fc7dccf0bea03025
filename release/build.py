"""Builds the files of a release: `python -m release.build DEST [--python PYTHON]…`.

What comes out is a source distribution, the wheel built from it, a file that runs without pip, and
their checksums. The wheel is installed beside the locked dependencies, one environment for each
Python, and the single file is made of these environments: it holds what was installed.

Uses no account. The package index is asked for the dependencies, each held to its hash.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from release.metadata_hook import HOMEPAGE

ROOT = Path(__file__).resolve().parent.parent
SINGLE_FILE = "fluxbump.pex"
CHECKSUMS = "SHA256SUMS"


def _run(*command: str | Path, environ: Mapping[str, str] | None = None) -> None:
    subprocess.run([str(word) for word in command], check=True, cwd=ROOT, env=environ)


def distributions(dest: Path, home: str | None = None) -> tuple[Path, Path]:
    """Build the source distribution and from it the wheel; return both, in this order.

    Args:
        dest: a directory for them.
        home: URL of the repository that publishes, for the project's URLs and the README's links.
    """
    environ = {**os.environ, **({HOMEPAGE: home} if home else {})}
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", dest, ".", environ=environ)
    (source,), (wheel,) = dest.glob("*.tar.gz"), dest.glob("*.whl")
    _run(sys.executable, "-m", "twine", "check", "--strict", source, wheel)
    return source, wheel


def installed(wheel: Path, python: str, directory: Path) -> Path:
    """Install a wheel and what `requirements-run.lock` names; return the environment."""
    _run(python, "-m", "venv", directory)
    pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    pip.append("--disable-pip-version-check")
    lock = ROOT / "requirements-run.lock"
    _run(*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", lock)
    _run(*pip, "--no-deps", "--no-index", wheel)
    return directory


def single_file(environments: Iterable[Path], dest: Path) -> Path:
    """Make one executable file of environments, one for each Python that it is to run with."""
    target = dest / SINGLE_FILE
    # As a virtual environment, so that a fleet can start its runs with `sys.executable -m`.
    command = ["--venv", "--sh-boot", "--script", "fluxbump", "--output-file", str(target)]
    for environment in environments:
        command += ["--venv-repository", str(environment)]
    _run(sys.executable, "-m", "pex", "fluxbump", *command)
    return target


def checksums(dest: Path) -> Path:
    """Write what `sha256sum --check` reads."""
    files = sorted(path for path in dest.iterdir() if path.is_file() and path.name != CHECKSUMS)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    target = dest / CHECKSUMS
    target.write_text("".join(lines), encoding="utf-8")
    return target


def main(arguments: Sequence[str]) -> int:
    """Build all files of a release into an empty directory."""
    parser = argparse.ArgumentParser(prog="python -m release.build")
    parser.add_argument("dest", type=Path, help="an empty directory, or one that is not there yet")
    parser.add_argument("--home", help="URL of the repository on its forge")
    parser.add_argument("--python", action="append", help=f"for {SINGLE_FILE}; this one if unset")
    parser.add_argument("--work", type=Path, required=True, help="a directory for environments")
    asked = parser.parse_args(arguments)
    dest: Path = asked.dest.absolute()
    dest.mkdir(parents=True, exist_ok=True)
    if any(dest.iterdir()):
        parser.error(f"{dest} is not empty: a release holds nothing of an earlier one")
    _, wheel = distributions(dest, asked.home)
    pythons: list[str] = asked.python or [sys.executable]
    work: Path = asked.work.absolute()
    made = [installed(wheel, python, work / str(at)) for at, python in enumerate(pythons)]
    single_file(made, dest)
    checksums(dest)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
