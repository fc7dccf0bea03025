"""What helm gets of this machine and of the network when it renders a stranger's chart."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from fluxbump.check.evidence_parts import needed
from fluxbump.check.rules.rule import NotRun, Render
from fluxbump.errors import ToolError
from fluxbump.helm import binary
from fluxbump.helm.binary import ChartRefusedError, Helm
from tests.helpers import wait_for
from tests.loopback import Loopback
from tests.rendered import template
from tests.test_rule_render import CHART, WRAPPER, Files, files, gathered, outcomes

__all__ = ["files"]

SCHEMA = f"{CHART}values.schema.json"
CANARY = "canary-51d3"


class Counting(BaseHTTPRequestHandler):
    """Answers every request with a schema that takes anything, and notes its path."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Served:
    """Where a schema can be fetched, and what was."""

    def __init__(self, server: Loopback, seen: list[str]) -> None:
        self.url, self.seen = f"http://{server.host}/schema.json", seen


@pytest.fixture
def served() -> Iterator[Served]:
    seen: list[str] = []
    with Loopback(Counting, seen=seen) as server:
        yield Served(server, seen)


def packed(name: str, more: Mapping[str, bytes]) -> bytes:
    """Pack a chart of that name."""
    chart = f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n".encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, data in {"Chart.yaml": chart, **more}.items():
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def render(files: Files, helm: Helm) -> Render:
    (one,) = needed(gathered(files, helm).renders)
    return one


def spelled(url: str) -> dict[str, str]:
    """Schemas that make a reader of schemas fetch a URL, each in another way."""
    base, _, name = url.rpartition("/")
    return {
        "plain": json.dumps({"$ref": url}),
        "deep": json.dumps({"properties": {"flux2": {"allOf": [{"$ref": f"{url}#/a"}]}}}),
        "relative": json.dumps({"$id": f"{base}/root.json", "$ref": name}),
        "escaped": f'{{"\\u0024ref": "{url}"}}',
        "twice": f'{{"$ref": "#", "$ref": "{url}"}}',
        "followed": f'{{"$ref": "{url}"}} ]',
        "dialect": json.dumps({"$schema": url}),
        "marked": "\ufeff" + json.dumps({"$ref": url}),
    }


@pytest.mark.parametrize("spelling", list(spelled("http://a/b")))
def test_no_schema_is_fetched(helm: Helm, files: Files, served: Served, spelling: str) -> None:
    files[SCHEMA] = spelled(served.url)[spelling].encode()
    one = render(files, helm)
    assert served.seen == []
    assert one.objects
    reason = "the values schema was not checked: values.schema.json refers to "
    assert one.schema is not None
    assert one.schema.startswith(reason)
    assert NotRun("FB105", f"{WRAPPER}: {one.schema}") in outcomes(gathered(files, helm))
    assert served.seen == []


def test_helm_alone_would_fetch_it(helm: Helm, tmp_path: Path, served: Served) -> None:
    """Though its proxies lead nowhere: what the tests here look for can be seen."""
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: a\nversion: 1.0.0\n")
    (tmp_path / "values.schema.json").write_text(json.dumps({"$ref": served.url}))
    template(helm, tmp_path)
    assert served.seen == ["/schema.json"]


@pytest.mark.parametrize("depth", [1, 2])
def test_no_schema_of_a_packed_chart_is_fetched(
    helm: Helm, files: Files, served: Served, depth: int
) -> None:
    held = {"values.schema.json": json.dumps({"$ref": served.url}).encode()}
    for level in range(depth):
        held = {f"charts/c{level}-1.0.0.tgz": packed(f"c{level}", held)}
    files |= {f"{CHART}{path}": data for path, data in held.items()}
    one = render(files, helm)
    assert served.seen == []
    assert one.objects
    assert one.schema is not None
    inner = "charts/c0-1.0.0.tgz/c0/values.schema.json"
    assert f"{inner} refers to {served.url}" in one.schema


def test_no_schema_of_an_archive_that_only_helm_reads_is_fetched(
    helm: Helm, files: Files, served: Served
) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        link = tarfile.TarInfo("c/a-link")
        link.type, link.linkname = tarfile.SYMTYPE, "values.yaml"
        archive.addfile(link)
        for path, text in {
            "Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
            "values.schema.json": json.dumps({"$ref": served.url}),
        }.items():
            member = tarfile.TarInfo(f"c/{path}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    files[f"{CHART}charts/c-1.0.0.tgz"] = buffer.getvalue()
    one = render(files, helm)
    assert served.seen == []
    assert one.schema is not None
    assert "charts/c-1.0.0.tgz is not a usable archive" in one.schema


def test_a_file_without_end_is_not_read(helm: Helm, files: Files) -> None:
    files[SCHEMA] = b'{"$ref": "file:///dev/zero"}'
    one = render(files, helm)
    assert one.objects
    assert one.schema == (
        "the values schema was not checked: values.schema.json refers to file:///dev/zero"
    )


def test_a_schema_that_stands_alone_is_checked(helm: Helm, files: Files, served: Served) -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": served.url,
        "definitions": {"nothing": {"type": "string"}},
        "properties": {"flux2": {"$ref": "#/definitions/nothing"}},
    }
    files[SCHEMA] = json.dumps(schema).encode()
    one = render(files, helm)
    assert one.schema is None
    assert one.error is not None
    assert "flux2" in one.error
    assert served.seen == []


def test_a_helm_that_cannot_leave_schemas_out_does_not_run(files: Files, tmp_path: Path) -> None:
    old = tmp_path / "helm"
    old.write_text("#!/bin/sh\necho 'Error: unknown flag: --skip-schema-validation' >&2\nexit 1\n")
    old.chmod(0o755)
    files[SCHEMA] = b'{"$ref": "https://example.org/a.json"}'
    assert render(files, Helm(old)).not_run == (
        "the values schema was not checked: values.schema.json refers to "
        "https://example.org/a.json (Helm 3.16 and later render without it)"
    )


def test_no_token_and_no_proxy_of_the_job_reaches_helm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "KUBECONFIG", "HELM_PLUGINS",
        "HELM_KUBETOKEN", "MISE_GITHUB_TOKEN", "FLUXBUMP_TOKEN", "HTTPS_PROXY", "no_proxy",
        "SSH_AUTH_SOCK", "CI_JOB_NAME",
    ):  # fmt: skip
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("MISE_DATA_DIR", "/opt/mise")
    shim = tmp_path / "helm"
    shim.write_text("#!/bin/sh\nexec env\n")
    shim.chmod(0o755)
    lines = template(Helm(shim), tmp_path).splitlines()
    assert not [line for line in lines if CANARY in line]
    told = dict(line.partition("=")[::2] for line in lines)
    nowhere = "http://127.0.0.1:9"
    assert (told["HTTPS_PROXY"], told["https_proxy"], told["NO_PROXY"]) == (nowhere, nowhere, "")
    assert told["PATH"] == os.environ["PATH"]
    assert told["MISE_DATA_DIR"] == "/opt/mise"


LARGE = '{{ $x := repeat 1000000 "x" }}{{ range until 400 }}\na{{ . }}: {{ $x }}{{ end }}\n'


def test_a_chart_of_400_mb_ends_at_the_limit_of_memory(
    helm: Helm, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary, "MEMORY", 256 << 20)  # of a GiB: helm gets there sooner
    files[f"{CHART}templates/large.yaml"] = LARGE.encode()
    one = render(files, helm)
    assert (one.objects, one.error) == ((), None)
    assert one.not_run == "helm needs more than 256 MiB of memory"
    reason = NotRun("FB105", f"{WRAPPER}: {one.not_run}")
    assert reason in outcomes(gathered(files, helm))


def test_a_chart_ends_at_the_limit_of_output(
    helm: Helm, files: Files, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary, "LARGEST", 1 << 20)
    files[f"{CHART}templates/large.yaml"] = LARGE.replace("400", "3").encode()
    assert render(files, helm).not_run == "helm printed more than 1 MiB"
    assert list(scratch.iterdir()) == []


def test_a_chart_without_end_ends_in_time(helm: Helm, files: Files) -> None:
    endless = "{{ range until 1000000 }}{{ range until 1000000 }}{{ $a := 1 }}{{ end }}{{ end }}"
    files[f"{CHART}templates/endless.yaml"] = endless.encode()
    hasty = Helm(helm.path, timeout=2.0)
    assert render(files, hasty).not_run == "helm did not finish within 2 seconds"


def _is_over(status: Path) -> bool:
    """Whether a process is gone, or waits only for who reads its end."""
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_what_helm_starts_ends_with_it(tmp_path: Path) -> None:
    shim = tmp_path / "helm"
    shim.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/pid\nwait\n")
    shim.chmod(0o755)
    with pytest.raises(ToolError, match="did not finish") as late:
        template(Helm(shim, timeout=0.5), tmp_path)
    assert not isinstance(late.value, ChartRefusedError)
    status = Path("/proc", (tmp_path / "pid").read_text().strip(), "stat")
    wait_for(lambda: _is_over(status))
