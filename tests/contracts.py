"""Published descriptions of forges: `python -m tests.contracts [DEST]` puts them under DEST.

GitHub's OpenAPI description comes as the package `@octokit/openapi`, so npm and the registry that
it is configured for are all that is needed. Package and description are held to a sha256.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.missing import missing
from tests.tools import DEFAULT_DEST, sha256_of

REQUIRE = "FLUXBUMP_REQUIRE_CONTRACT"
"""Set to 1, tests that need a description and have none fail instead of being skipped."""


@dataclass(frozen=True)
class Description:
    """A file in a package of npm."""

    name: str
    package: str
    package_sha256: str
    member: str
    sha256: str

    def path(self, dest: Path) -> Path:
        return dest / self.name / Path(self.member).name


GITHUB = Description(
    name="github-openapi",
    package="@octokit/openapi@23.0.2",
    package_sha256="71a18407dd5e8464f4e0525daf03deabbe65abd9287d6adc7b5d98f516cd0d0c",
    member="package/generated/api.github.com.json",
    sha256="829b4bebb19a53133289f7b0bc819f4f1118115821db2ca9f25e9ee995a7da2a",
)


def install(description: Description, dest: Path) -> bool:
    """Put a description under `dest`; False when it is already there."""
    target = description.path(dest)
    if sha256_of(target) == description.sha256:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".install-", dir=target.parent) as temporary:
        package = _download(description, Path(temporary))
        if sha256_of(package) != description.package_sha256:
            raise SystemExit(f"{description.package}: not the package that is expected")
        file = Path(temporary) / "description"
        with tarfile.open(package) as archive:
            member = archive.extractfile(description.member)
            assert member is not None
            with file.open("wb") as out:
                shutil.copyfileobj(member, out)
        if sha256_of(file) != description.sha256:
            raise SystemExit(f"{description.package}: not the description that is expected")
        file.replace(target)
    return True


def _download(description: Description, directory: Path) -> Path:
    command = ["npm", "pack", "--silent", "--pack-destination", str(directory), description.package]
    # Where npm keeps what it has must not decide what it takes.
    command += ["--cache", str(directory / "cache")]
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
        raise SystemExit(f"cannot download {description.package}")
    (package,) = directory.glob("*.tgz")
    return package


def find(description: Description) -> Path | None:
    """Return where a description is, or None."""
    path = description.path(DEFAULT_DEST)
    return path if path.is_file() else None


def need(description: Description) -> Path:
    """Return where a description is, or skip the test, or fail it."""
    reason = f"no {description.name}: run `make tools`, which takes it from npm"
    return find(description) or missing(reason, REQUIRE)


def main(arguments: list[str]) -> int:
    """Install all descriptions under the directory given, `.tools` by default."""
    dest = Path(arguments[0]) if arguments else DEFAULT_DEST
    if not GITHUB.path(dest).is_file() and not shutil.which("npm"):
        sys.stdout.write("no npm: tests that need the forges' descriptions will be skipped\n")
        return 0
    done = "installed" if install(GITHUB, dest) else "already there"
    sys.stdout.write(f"{GITHUB.package}: {GITHUB.path(dest)} ({done})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
