"""The bash gate that `fluxbump check` replaces, reimplemented, and what to try on both.

It reads YAML line by line with awk, so it is kept blind where awk was blind: the first match wins,
comments match as well as code, `name:` has to stand above `version:`, the values mirror has to be
one line, and only one member of the archive is looked at. `tests/test_differential.py` runs it
beside the gate, and where the original script is at hand beside that one too.
"""

from __future__ import annotations

import gzip
import io
import re
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Files = Mapping[str, bytes]

CHART = "platform/flux/chart/"
CLOUD_INIT = "infra/hetzner/cloudinit-control-plane.tftpl"
PLANTED = "2.13.0"
CACHED = f".test-cache/flux2-{PLANTED}.tgz"
CONTROLLERS = (
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
)

_URL = re.compile(
    r"https://github.com/fluxcd/flux2/releases/download/v[0-9]+\.[0-9]+\.[0-9]+/install.yaml"
)
_VERSION_IN_URL = re.compile(r".*/v([0-9]+\.[0-9]+\.[0-9]+)/install.yaml")
_FAKE_CHART = f"""\
apiVersion: v2
name: bp-flux
version: 9.9.9
type: application
dependencies:
  - name: flux2
    version: "{PLANTED}"
    repository: "https://fluxcd-community.github.io/helm-charts"
"""


@dataclass(frozen=True)
class Outside:
    """What the script leaves to other programs.

    Attributes:
        render: `helm template` of the chart whose files it is given, by path inside the chart;
            None when helm refuses.
        fetch: the archive `charts/flux2-VERSION.tgz` after `helm dependency build`; None when
            that fails, or leaves an archive of another name.
    """

    render: Callable[[Files], str | None]
    fetch: Callable[[str], bytes | None]


class _Failed(Exception):  # noqa: N818  # the script's `exit 1`
    """A case failed."""

    def __init__(self, case: int) -> None:
        super().__init__(f"case {case}")
        self.case = case


def renders(_chart: Files) -> str:
    """Stand for a helm that renders the chart, controllers and all."""
    return "".join(f"metadata:\n  name: {name}\n" for name in CONTROLLERS)


def refuses(_chart: Files) -> None:
    """Stand for a helm that refuses the chart."""


def offline(_version: str) -> None:
    """Stand for a `helm dependency build` that cannot reach the index."""


def template(helm: Path, directory: Path, chart: Files) -> str | None:
    """Render a chart as the script does."""
    for path, data in chart.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    command = [str(helm), "template", "smoke-flux", str(directory)]
    done = subprocess.run(command, capture_output=True, check=False)
    return None if done.returncode else done.stdout.decode()


def chart_of(files: Files) -> dict[str, bytes]:
    """Return the files of the wrapper, by path inside it."""
    return {path[len(CHART) :]: data for path, data in files.items() if path.startswith(CHART)}


def first_failure(files: Files, outside: Outside) -> int | None:
    """Return the number of the first case that fails; None when the script is green."""
    chart = chart_of(files)
    try:
        _cases_1_to_5(chart, files, outside)
        _case_6(chart, files, outside)
    except _Failed as failed:
        return failed.case
    return None


def _cases_1_to_5(chart: Files, files: Files, outside: Outside) -> None:
    dependency = _dependency(chart)
    installed = _installed(files)
    chart = _with_dependency(chart, dependency, outside)
    if _shipped(chart, dependency) != installed:
        raise _Failed(3)
    mirrored = _mirrored(chart)
    if not mirrored or mirrored != dependency:
        raise _Failed(4)
    rendered = outside.render(chart)
    lines = (rendered or "").split("\n")
    if rendered is None or not all(
        any(line.endswith(f"name: {name}") for line in lines) for name in CONTROLLERS
    ):
        raise _Failed(5)


def _dependency(chart: Files) -> str:
    """Case 1: below `dependencies:`, below a line like `name: flux2`, the next `version:`."""
    below, named = False, False
    for line in _lines(chart, "Chart.yaml", case=1):
        if line.startswith("dependencies:"):
            below = True
        elif below and re.search(r"name: *flux2", line):
            named = True
        elif below and named and "version:" in line:
            found = _second_field(line)
            if found:
                return found
            break
    raise _Failed(1)


def _installed(files: Files) -> str:
    """Case 2: the first install URL in the cloud-init template, wherever it stands."""
    match = _URL.search("\n".join(_lines(files, CLOUD_INIT, case=2)))
    if match is None:
        raise _Failed(2)
    return _VERSION_IN_URL.sub(r"\1", match.group(), count=1)


def _with_dependency(chart: Files, dependency: str, outside: Outside) -> Files:
    """Case 3 begins: with no archive of that name and no unpacked chart, one is fetched."""
    name = f"charts/flux2-{dependency}.tgz"
    if name in chart or any(path.startswith("charts/flux2/") for path in chart):
        return chart
    fetched = outside.fetch(dependency)
    if fetched is None:
        raise _Failed(3)
    return {**chart, name: fetched}


def _shipped(chart: Files, dependency: str) -> str:
    """Case 3: the first `appVersion:` of the archive that is named after the dependency."""
    packed = chart.get(f"charts/flux2-{dependency}.tgz")
    described = chart if packed is None else {"charts/flux2/Chart.yaml": _member(packed)}
    for line in _lines(described, "charts/flux2/Chart.yaml", case=3):
        if line.startswith("appVersion:"):
            return _second_field(line)
    return ""


def _member(packed: bytes) -> bytes:
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as archive:
            members = [one for one in archive if one.name == "flux2/Chart.yaml"]
            contents = [archive.extractfile(one) for one in members]
            return b"".join(one.read() for one in contents if one)
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        raise _Failed(3) from None


def _mirrored(chart: Files) -> str:
    """Case 4: below `catalystBlueprint:`, the last `version:` on the first `upstream:` line."""
    below = False
    for line in _lines(chart, "values.yaml", case=4):
        if "catalystBlueprint:" in line:
            below = True
        elif below and "upstream:" in line:
            held = re.sub(r'.*version:[ \t\r\f\v]*"?', "", line, count=1)
            held = re.sub(r'".*', "", held, count=1)
            held = re.sub(r"[,}].*", "", held, count=1)
            return re.sub(r"\s", "", held)
    return ""


def _case_6(chart: Files, files: Files, outside: Outside) -> None:
    """The script refuses a planted chart, and for the reason that it expects.

    It skips itself, green, when it cannot have the archive. Where the planted chart is right it
    runs itself without end; that is counted as a failure.
    """
    archive = files.get(CACHED) or outside.fetch(PLANTED)
    if archive is None:
        return
    planted = {
        "Chart.yaml": _FAKE_CHART.encode(),
        "values.yaml": chart["values.yaml"],
        f"charts/flux2-{PLANTED}.tgz": archive,
    }
    try:
        _cases_1_to_5(planted, files, outside)
    except _Failed as failed:
        if failed.case == 3:  # the mismatch
            return
    raise _Failed(6)


def _lines(files: Files, path: str, *, case: int) -> Iterator[str]:
    """Yield a file's lines, byte by byte as awk sees them; a missing file ends the script."""
    if path not in files:
        raise _Failed(case)
    lines = files[path].decode("latin-1").split("\n")
    yield from lines if lines[-1] else lines[:-1]


def _second_field(line: str) -> str:
    fields = [field for field in re.split("[ \t]+", line) if field]
    return fields[1].replace('"', "") if len(fields) > 1 else ""


# --- what can stand at the three places that the script looks at ---------------------------------
#
# `@` is the version that is tried, `%` another one.

D, N = "dependencies:\n", "  - name: flux2\n"
V, W = "    version: @\n", "    version: %\n"
R = "    repository: https://fluxcd-community.github.io/helm-charts\n"
DEPENDENCY = {
    "quoted": D + N + '    version: "@"\n' + R,
    "unquoted": D + N + V + R,
    "single-quoted": D + N + "    version: '@'\n" + R,
    "version-first": D + "  - version: @\n    name: flux2\n" + R,
    "repository-first": D + "  - " + R.lstrip() + "    name: flux2\n" + V,
    "not-indented": D + (N + V + R).replace("\n  ", "\n")[2:],
    "indented-deeply": D + "".join(f"      {line}\n" for line in (N + V + R).splitlines()),
    "dash-alone": D + "  -\n    name: flux2\n" + V + R,
    "flow-entry": D + f"  - {{name: flux2, version: @, {R.strip()}}}\n",
    "flow-list": f'dependencies: [{{name: flux2, version: "@", {R.strip()}}}]\n',
    "flow-lines": D + f"  - {{ name: flux2,\n    version: @ ,\n    {R.strip()} }}\n",
    "version-commented-out": D + N + "    # version: @\n" + R,
    "bare-comment-holds-it": D + N + "    #version: @\n" + R,
    "entry-commented-out": D + "".join(f"#{line}\n" for line in (N + V + R).splitlines()),
    "comment-above": D + N + "    # version: %\n" + V + R,
    "bare-comment-above": D + N + "    #version: %\n" + V + R,
    "prose-above": D + N + "    # Not the version: see the runbook\n" + V + R,
    "comment-behind": D + N + "    version: @  # no longer %\n" + R,
    "named-in-comment": D + "  # - name: flux2\n  #version: %\n" + N + V + R,
    "right-only-in-comment": D + "  # - name: flux2\n#version: @\n" + N + W + R,
    "blank-lines": D + "\n" + N + "\n" + V + "\n" + R,
    "spaces": D.replace("\n", "  \n") + "  - name:   flux2  \n    version:   @   \n" + R,
    "tab-before-value": D + N + "    version:\t@\n" + R,
    "tab-behind-value": D + N + '    version: "@"\t\n' + R,
    "tab-before-name": D + "  - name:\tflux2\n" + V + R,
    "tab-indented": D + (N + V + R).replace("    ", "\t"),
    "space-before-colon": D + N + "    version : @\n" + R,
    "no-space": D + N + "    version:@\n" + R,
    "on-the-next-line": D + N + "    version:\n      @\n" + R,
    "block-scalar": D + N + "    version: |-\n      @\n" + R,
    "anchor": D + N + "    version: &held @\n" + R,
    "tag": D + N + '    version: !!str "@"\n' + R,
    "duplicate-right-last": D + N + W + V + R,
    "duplicate-right-first": D + N + V + W + R,
    "emptied-below": D + N + V + R + "dependencies: []\n",
    "quoted-keys": D + '  - "name": "flux2"\n    "version": "@"\n' + R,
    "quoted-name": D + '  - name: "flux2"\n' + V + R,
    "name-renamed": D + "  - chart: flux2\n" + V + R,
    "version-renamed": D + N + "    pin: @\n" + R,
    "version-suffixed": D + N + "    oldversion: @\n" + W + R,
    "list-renamed": "requirements:\n" + N + V + R,
    "list-nested": "annotations:\n  dependencies:\n" + N + V + R,
    "another-before": D + "  - name: flux2-sync\n" + W + R + N + V + R,
    "another-behind": D + N + V + R + "  - name: flux2-sync\n" + W + R,
    "another-alone": D + "  - name: flux2-sync\n" + V + R,
    "other-chart-before": D + "  - name: podinfo\n" + W + R + N + V + R,
    "twice": D + N + V + R + N + "    alias: old\n" + W + R,
    "none": "dependencies: []\n",
    "no-version": D + N + R,
    "version-of-the-next": D + N + R + "  - name: podinfo\n" + V + R,
    "another-repository": D + N + V + "    repository: https://charts.example.org\n",
    "open-quote": D + N + '    version: "@\n' + R,
    "second-document": D + N + V + R + "---\n" + D + N + W + R,
}

U = "https://github.com/fluxcd/flux2/releases/download/v@/install.yaml"
L, X = f"  - curl -fsSL {U} | kubectl apply -f -\n", U.replace("@", "%")
INSTALL = {
    "plain": L,
    "quoted": f"  - 'curl -fsSL {U} | kubectl apply -f -'\n",
    "double-quoted": f'  - "curl -fsSL {U} | kubectl apply -f -"\n',
    "shell-quoted": f"  - curl -fsSL '{U}' | kubectl apply -f -\n",
    "kubectl": f"  - kubectl apply -f {U}\n",
    "flow": f"  - [kubectl, apply, -f, {U}]\n",
    "block-scalar": f"  - |\n    curl -fsSL \\\n      {U} \\\n      | kubectl apply -f -\n",
    "folded": f"  - >-\n    curl -fsSL\n    {U}\n    | kubectl apply -f -\n",
    "missing": "  - flux install\n",
    "commented-out": f"  # {L}",
    "commented-out-bare": f"#{L}",
    "comment-behind": L.replace("\n", f"  # was {X}\n"),
    "only-comment-behind": f"  - flux install  # {U}\n",
    "comment-above": f"  # {X}\n{L}",
    "right-comment-above": f"  # {U}\n{L.replace('@', '%')}",
    "second-below": L + L.replace("@", "%"),
    "second-above": L.replace("@", "%") + L,
    "second-same": L + L,
    "second-on-the-line": L.replace("kubectl apply -f -", f"kubectl apply -f {X} -f -"),
    "second-latest": L + L.replace("download/v@", "latest/download"),
    "conditional": f"%{{ if old ~}}\n{L.replace('@', '%')}%{{ else ~}}\n{L}%{{ endif ~}}\n",
    "latest": L.replace("download/v@", "latest/download"),
    "main": L.replace("v@", "main"),
    "no-v": L.replace("v@", "@"),
    "capital-v": L.replace("v@", "V@"),
    "variable": L.replace("v@", "v${flux_version}"),
    "variable-tag": L.replace("v@", "${flux_version}"),
    "shell-variable": f"  - FLUX=@; {L[4:].replace('v@', 'v$FLUX')}",
    "prerelease": L.replace("v@", "v@-rc.1"),
    "build": L.replace("v@", "v@+x"),
    "two-parts": L.replace("v@", "v2.4"),
    "four-parts": L.replace("v@", "v@.0"),
    "leading-zero": L.replace("v@", "v02.4.0"),
    "query": L.replace(".yaml", ".yaml?raw=1"),
    "http": L.replace("https", "http"),
    "another-host": L.replace("github.com", "mirror.example.org"),
    "proxied": L.replace("https://", "https://mirror.example.org/https://"),
    "enterprise": L.replace("https://", "https://mirror.example.org/"),
    "host-like": L.replace("github.com", "github-com"),
    "file-like": L.replace("install.yaml", "install-yaml"),
    "fork": L.replace("fluxcd/flux2", "acme/flux2"),
    "another-file": L.replace("install.yaml", "manifests.tar.gz"),
    "split": L.replace("download/", "download/\\\n    "),
    "doubled-slash": L.replace("download/v", "download//v"),
    "capitals": L.replace("github.com", "GitHub.com"),
    "tabs": L.replace(" https", "\thttps"),
    "byte-order-mark": "\ufeff" + L,
    "as-text": f"  - echo {U}\n",
}

F = 'catalystBlueprint:\n  upstream: { chart: flux2, version: "@", repo: x }\n'
B = "catalystBlueprint:\n  upstream:\n    chart: flux2\n    version: @\n"
G = F.replace("@", "%")
MIRROR = {
    "flow": F,
    "flow-unquoted": F.replace('"', ""),
    "flow-single-quoted": F.replace('"', "'"),
    "flow-version-first": F.replace('chart: flux2, version: "@"', 'version: "@", chart: flux2'),
    "flow-version-last": F.replace(", repo: x", ""),
    "flow-tight": F.replace("{ ", "{").replace(" }", "}"),
    "flow-tabs": F.replace('version: "', 'version:\t"'),
    "flow-spaces": F.replace("version: ", "version:    ").replace(", ", "  ,  "),
    "json": F.replace("chart: ", '"chart": ').replace("version", '"version"'),
    "json-tight": F.replace("chart: flux2", '"chart":"flux2"').replace("version: ", '"version":'),
    "flow-lines": F.replace(", version", ",\n    version"),
    "one-line": F.replace(":\n  upstream", ": { upstream").replace("}\n", "} }\n"),
    "block": B,
    "block-quoted": B.replace("@", '"@"'),
    "block-version-first": B.replace("    chart: flux2\n", "") + "    chart: flux2\n",
    "block-indented": B.replace("\n  ", "\n      "),
    "block-comment": B.replace("@", "@  # not %"),
    "block-empty": B.replace("@", ""),
    "block-one-line-comment": B.replace("upstream:", 'upstream:  # version: "@"', 1),
    "comment-above": F.replace("  up", '  # upstream: { version: "%" }\n  up'),
    "right-comment-above": G.replace("  up", '  # upstream: { version: "@" }\n  up'),
    "comment-behind": F.replace("}", '}  # not version: "%"'),
    "right-comment-behind": G.replace("}", '}  # now version: "@"'),
    "commented-out": "catalystBlueprint: {}\n" + F.replace("  up", "  # up").partition("\n")[2],
    "all-commented-out": "".join(f"# {line}\n" for line in F.splitlines()),
    "removed": "catalystBlueprint: {}\n",
    "version-removed": F.replace('version: "@", ', ""),
    "version-renamed": F.replace("version", "pinned"),
    "version-suffixed": F.replace("version", "appversion"),
    "parent-renamed": F.replace("catalystBlueprint", "blueprint"),
    "parent-suffixed": F.replace("catalystBlueprint", "oldcatalystBlueprint"),
    "upstream-renamed": F.replace("upstream", "source"),
    "upstream-suffixed": F.replace("upstream", "oldupstream"),
    "upstream-moved-out": "catalystBlueprint: {}\n" + F.partition("\n")[2].lstrip(),
    "between": F.replace("\n", "\n  family: core\n\n", 1),
    "duplicate-right-first": F.replace(", repo", ', version: "%", repo'),
    "duplicate-right-last": F.replace(", version", ', version: "%", version'),
    "duplicate-upstream": F + G.partition("\n")[2],
    "another-below": F + "  mirror: { chart: flux2, version: '%' }\n",
    "another-above": F.replace("  up", "  mirror: { chart: flux2, version: '%' }\n  up"),
    "chart-removed": F.replace("chart: flux2, ", ""),
    "chart-renamed": F.replace("chart: flux2", "chart: fluxcd"),
    "anchor": F.replace('"@"', '&held "@"'),
    "tag": F.replace('"@"', '!!str "@"'),
    "alias": 'held: &held "@"\n' + F.replace('"@"', "*held"),
    "open": F.replace(" }", ""),
}
