import functools
import http.server
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fluxbump.helm import archive, lock
from tests.helpers import in_step
from tests.tools import need_helm


@dataclass
class Helm:
    binary: Path
    home: Path

    def run(self, *arguments: str | Path, ok: bool = True) -> str:
        places = {
            f"HELM_{kind}_HOME": str(self.home / kind) for kind in ("CACHE", "CONFIG", "DATA")
        }
        done = subprocess.run(
            [self.binary, *arguments],
            env={"HOME": str(self.home), "PATH": "/usr/bin:/bin", **places},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stdout
        return done.stdout


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tmp_path: Path) -> Helm:
    home = tmp_path / "helm home"
    home.mkdir()
    return Helm(need_helm(request.param), home)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def repository(helm: Helm, tmp_path: Path) -> Iterator[str]:
    """Serve a chart repository, known to helm as `team`; yield its URL."""
    directory = tmp_path / "repository"
    charts = [("flux2", "2.14.1"), ("flux2", "2.15.0"), ("lib", "1.0.4"), ("lib", "2.0.0")]
    for name, version in charts:
        chart = _write_chart(tmp_path / f"{name}-{version}", name, version)
        helm.run("package", chart, "-d", directory)
    handler = functools.partial(_Quiet, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        helm.run("repo", "index", directory, "--url", url)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            helm.run("repo", "add", "team", url)
            yield url
        finally:
            server.shutdown()
            thread.join()


def _write_chart(directory: Path, name: str, version: str, dependencies: str = "") -> Path:
    directory.mkdir()
    text = f"apiVersion: v2\nname: {name}\nversion: {version}\n{dependencies}"
    (directory / "Chart.yaml").write_text(text, encoding="utf-8")
    return directory


def _dependencies(repository: str) -> str:
    return f"""\
dependencies:
  # everything that a dependency can say
  - {{ repository: "{repository}", version: "2.14.1", name: flux2, condition: "a.b,<c>&d" }}
  - name: flux2
    alias: second
    version: v2.14.1
    repository: "@team"
    tags: [front, 1.50, yes, "no", 0x10]
    enabled: on
  - name: lib
    version: ">=1.0.0 <2"
    repository: "alias:team"
    import-values:
      - data
      - child: "ünï <&> \\u2028"
        parent: 1e3
        b: [1, 1.0, 1.50, -7, 010, true, off, ~, 12345678901234567890]
        a: {{ Z: z, "": "x\\ty", _: 1_000 }}
  - name: common
    version: ~0.1
    repository: file://../common
  - name: near
    version: ">=0.1"
    repository: ""
"""


@pytest.fixture
def chart(helm: Helm, repository: str, tmp_path: Path) -> Path:
    """Make a wrapper with the lock that helm wrote for it."""
    _write_chart(tmp_path / "common", "common", "0.1.9")
    chart = _write_chart(tmp_path / "wrapper", "wrapper", "1.1.2", _dependencies(repository))
    (chart / "charts").mkdir()
    _write_chart(chart / "charts" / "near", "near", "0.3.0")
    helm.run("dependency", "update", chart)
    return chart


def test_digest_is_the_one_that_helm_writes(chart: Path) -> None:
    chart_text, lock_text = _texts(chart)
    assert "version: 1.0.4" in lock_text
    assert in_step(chart_text, lock_text)
    assert not in_step(chart_text.replace("front", "back"), lock_text)


def test_helm_builds_from_a_relocked_chart(helm: Helm, chart: Path) -> None:
    chart_text, lock_text = _texts(chart)
    chart_text = chart_text.replace("2.14.1", "2.15.0")
    (chart / "Chart.yaml").write_text(chart_text, encoding="utf-8")

    out_of_sync = helm.run("dependency", "build", chart, ok=False)
    assert "out of sync" in out_of_sync

    relocked = _relock(chart_text, lock_text, {"flux2": "2.15.0"})
    (chart / "Chart.lock").write_text(relocked, encoding="utf-8")
    helm.run("dependency", "build", chart)
    assert (chart / "charts" / "flux2-2.15.0.tgz").is_file()
    assert not (chart / "charts" / "flux2-2.14.1.tgz").exists()

    wrong = re.sub(r"(?<=sha256:).", lambda digit: "0" if digit[0] != "0" else "1", relocked)
    (chart / "Chart.lock").write_text(wrong, encoding="utf-8")
    assert "out of sync" in helm.run("dependency", "build", chart, ok=False)


def test_relocked_text_is_what_helm_would_write(helm: Helm, chart: Path) -> None:
    chart_text, lock_text = _texts(chart)
    chart_text = chart_text.replace("2.14.1", "2.15.0")
    (chart / "Chart.yaml").write_text(chart_text, encoding="utf-8")
    relocked = _relock(chart_text, lock_text, {"flux2": "2.15.0"})

    helm.run("dependency", "update", chart)
    updated = _texts(chart)[1]
    assert updated != lock_text
    assert _without_time(relocked) == _without_time(updated)


def test_an_umbrella_moves_with_a_chart_of_the_same_repository(helm: Helm, tmp_path: Path) -> None:
    wrapper = _write_chart(tmp_path / "wrapper", "wrapper", "1.1.2")
    dependency = (
        "dependencies:\n- name: wrapper\n  version: 1.1.2\n  repository: file://../wrapper\n"
    )
    umbrella = _write_chart(tmp_path / "umbrella", "umbrella", "1.1.8", dependency)
    helm.run("dependency", "update", umbrella)
    chart_text, lock_text = _texts(umbrella)

    for directory in (wrapper, umbrella):
        path = directory / "Chart.yaml"
        path.write_text(path.read_text().replace("1.1.2", "1.1.3"))
    chart_text = chart_text.replace("1.1.2", "1.1.3")
    (umbrella / "Chart.lock").write_text(_relock(chart_text, lock_text, {"wrapper": "1.1.3"}))
    helm.run("dependency", "build", umbrella)
    assert (umbrella / "charts" / "wrapper-1.1.3.tgz").is_file()


def _relock(chart: str, old: str, moved: dict[str, str]) -> str:
    edits = lock.relock(
        chart_path="Chart.yaml",
        chart_text=chart,
        lock_path="Chart.lock",
        lock_text=old,
        moved=moved,
        generated=datetime(2026, 4, 15, 10, 20, 30, tzinfo=UTC),
    )
    for edit in reversed(edits):
        old = old[: edit.start] + edit.new + old[edit.end :]
    return old


def _texts(chart: Path) -> tuple[str, str]:
    return (chart / "Chart.yaml").read_text("utf-8"), (chart / "Chart.lock").read_text("utf-8")


def _without_time(text: str) -> str:
    return re.sub(r'(?m)^generated: ".+"$', "generated:", text)


def test_reads_an_archive_that_helm_packed(helm: Helm, tmp_path: Path) -> None:
    chart = _write_chart(tmp_path / "flux2", "flux2", "2.15.0", "appVersion: 2.5.1\n")
    long_path = chart / "templates" / ("d" * 90) / ("f" * 90 + ".yaml")
    long_path.parent.mkdir(parents=True)
    long_path.write_text("kind: ConfigMap\n")
    helm.run("package", chart, "-d", tmp_path)
    read = archive.read_chart((tmp_path / "flux2-2.15.0.tgz").read_bytes())
    assert (read.name, read.version, read.app_version) == ("flux2", "2.15.0", "2.5.1")
    assert read.files[long_path.relative_to(chart).as_posix()] == b"kind: ConfigMap\n"
