"""Every rule on small snapshots: what it refuses, where, and what it lets pass.

The rules about renders are in `test_rule_render.py`, FB302 is in `test_faults.py`,
FB113 in `test_images.py`, FB114 in `test_crossplane.py`, FB117 in
`test_pin_schema_url.py`, FB118 in `test_pin_flux_operator.py`, FB119 in `test_roles.py`, FB121 in
`test_digests.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures import generate
from fluxbump.check import rules
from fluxbump.check.check import Examined, examine, judge
from fluxbump.check.evidence_parts import NO_BASE
from fluxbump.check.rules import pages
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.kind import CustomPin
from fluxbump.errors import IndexSourceError
from fluxbump.helm import archive, lock
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Severity
from tests.helpers import (
    COMMUNITY,
    URL,
    chart_index,
    release,
    script,
    small,
    snapshot,
    umbrella,
    values,
    wrapper,
)

CHART, VALUES, HR = "chart/Chart.yaml", "chart/values.yaml", "clusters/a/flux.yaml"
DEP, OWN, SH = f"{CHART}:6", f"{CHART}:3", "install.sh:2"
LOCK, U, INNER = "chart/Chart.lock", "u/Chart.yaml", "chart/u/Chart.yaml"
TOP, AT5, REL = f"{CHART}:1", f"{LOCK}:5", f"{HR}:9"
VALUES_B, Y = "chart/values-b.yaml", "b.yaml"
TGZ, OLD_TGZ = "chart/charts/flux2-2.14.1.tgz", "chart/charts/flux2-2.13.0.tgz"
T1, UNPACKED = f"{TGZ}:1", "chart/charts/flux2/Chart.yaml"
UNPACKED_OLD = "name: flux2\nversion: 2.14.1\nappVersion: v2.3.0\n"
UNPACKED_X = "name: x\nversion: 2.14.1\nappVersion: 2.4.0\n"
RIGHT, OLD = generate.chart_archive("2.14.1"), generate.chart_archive("2.13.0")
LYING = generate.chart_archive("2.14.1", app_version="2.3.0")
DEFAULTS, DOWN = Settings(), IndexSourceError("the index is down")


@dataclass(frozen=True)
class Case:
    """What one rule says of one repository: where, a part of the message, the related places."""

    files: Mapping[str, str | bytes]
    found: tuple[tuple[str, ...], ...]
    base: Mapping[str, str | bytes] | None = None
    settings: Settings = DEFAULTS
    index: ChartIndex | IndexSourceError | None = None

    def examined(self) -> Examined:
        base = NO_BASE if self.base is None else snapshot(self.base)
        index = self.index or chart_index()
        return examine(snapshot(self.files), self.settings, index, base=base)


def case(files: Mapping[str, Any], *found: tuple[str, ...], **more: Any) -> Case:
    return Case(files, found, **more)


def tree(**named: Any) -> Mapping[str, Any]:
    """Return the smallest repository with other files, which may be bytes."""
    return small(**named)


def with_digests(**archives: bytes) -> ChartIndex:
    digests = {name[1:].replace("_", "."): archive.sha256(data) for name, data in archives.items()}
    index = chart_index()
    listed = (replace(one, digest=digests.get(str(one.version))) for one in index.releases)
    return replace(index, releases=tuple(listed))


def locked(version: str = "2.14.1", digest: str | None = None) -> str:
    asked = {"name": "flux2", "version": "2.14.1", "repository": COMMUNITY}
    sha = digest or lock.digest([asked], [{**asked, "version": version}])
    entry = f"- name: flux2\n  repository: {COMMUNITY}\n  version: {version}\n"
    return f"dependencies:\n{entry}digest: {sha}\ngenerated: 2026-04-29T12:00:00Z\n"


def blueprint(version: str) -> str:
    return f"kind: Blueprint\nmetadata: {{name: bp-flux}}\nspec:\n  version: {version}\n"


def spec(*lines: str) -> str:
    """A HelmRelease of bp-flux with more lines in its spec, from line 10 on."""
    return release() + "".join(f"  {line}\n" for line in lines)


def listed(*manifests: str) -> str:
    """A `List` of manifests; the first begins on line 4, each line two columns to the right."""
    items = ["- " + manifest.replace("\n", "\n  ").rstrip(" ") for manifest in manifests]
    return "apiVersion: v1\nkind: List\nitems:\n" + "".join(items)


def oci(key: str, value: str) -> str:
    address = "oci://registry.example.org/b/bp-flux"
    return (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: flux}\n"
        f"spec:\n  url: {address}\n  ref:\n    {key}: {value}\n"
    )


def moved(path: str | None) -> Mapping[str, Any]:
    """The smallest repository with its HelmRelease in another file, or in none."""
    files = dict(tree())
    text = files.pop(HR)
    return {**files, **({path: text} if path else {})}


def terraform(version: str) -> str:
    return f'resource "helm_release" "flux" {{\n  chart = "bp-flux"\n  version = "{version}"\n}}\n'


BY_REFERENCE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: flux}\n"
    "spec:\n  chartRef: {kind: OCIRepository, name: flux}\n"
)
TWO = wrapper() + f"  - name: flux2\n    version: ^2.14\n    repository: {COMMUNITY}\n"
BROKEN = "kind: HelmRelease\nspec: {chart: {spec: {chart: bp-flux, version: 1.1.2\n"
TABBED = "name: x\ndependencies:\n\t- name: bp-flux\n"
TEMPLATED = "{{- if .Values.catalystBlueprint }}\nmetadata:\n  name: bp-flux\n{{- end }}\n"
MARKED = "# v{} -> flux2 {}  <- CURRENT\n"
KEEP = ("upgrade:", "  preserveValues: true")
BEYOND = (
    "the range 2.x, today flux2 2.18.3, which ships Flux 2.8.5, but the install URL "
    "installs Flux 2.4.0 (install.sh:2). Write an exact version"
)
UNVERSIONED = 'resource "helm_release" "f" {\n  chart = "flux2"\n}\n'
READER = "bpFlux: {{chart: bp-flux, version: {}}}\n"
SH1 = "install.sh:1"
CUSTOM = CustomPin("install.sh", "flux", (), r"FLUX=(?P<version>\S+)")

K = "clusters/a/kustomization.yaml"
KEPT_UMBRELLA = release("3.0.7", chart="bp-bundle") + "  upgrade: {preserveValues: true}\n"
CONDITIONAL = umbrella().rstrip("\n") + "\n    condition: bp-flux.enabled\n"
STRATEGIC = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: flux\n"
    "spec:\n  upgrade: {preserveValues: true}\n"
)
INLINE = (
    "resources: [flux.yaml]\npatches:\n  - target: {{kind: HelmRelease, name: {}}}\n    # why\n"
    "    patch: |-\n      spec:\n        upgrade:\n          preserveValues: true\n"
)
FOLDED = (
    "resources: [flux.yaml]\npatches:\n  - target: {kind: HelmRelease, name: flux}\n"
    "    patch: >-\n      {spec: {upgrade: {preserveValues: true}}}\n"
)
OPERATION = (
    "resources: [flux.yaml]\npatches:\n  - target: {{kind: HelmRelease, name: {}}}\n"
    "    patch: |-\n      # why\n      -\n"
    "        {{op: add, path: /spec/upgrade/preserveValues, value: true}}\n"
)
OPERATIONS = "# keep\n-\n  {op: add, path: /spec/upgrade/preserveValues, value: true}\n"
BY_FILE = (
    "resources: [flux.yaml]\npatches:\n  - target: {kind: HelmRelease, name: flux}\n"
    "    path: keep.yaml\n"
)


# fmt: off
CASES_OF: Mapping[str, Mapping[str, Case]] = {
    "FB002": {
        "mapping not closed": case(tree(release=BROKEN), (f"{HR}:3", "YAML")),
        "tab in a Chart.yaml": case(tree(**{"x/Chart.yaml": TABBED}),
            ("x/Chart.yaml:3", "cannot be read")),
        "excluded": case(tree(release=BROKEN), settings=Settings(exclude=("clusters/*",))),
        "not about Flux": case(tree(**{Y: "kind: HelmRelease\na: [\n"})),
        "Helm template": case(tree(**{"chart/templates/x.yaml": TEMPLATED})),
    },
    "FB101": {
        "exact": case(tree()),
        "exact with a v": case(tree(chart=wrapper("v2.14.1"))),
        "range": case(tree(chart=wrapper("^2.14.1")), (DEP, "the range ^2.14.1")),
        "any": case(tree(chart=wrapper('"*"')), (DEP, "the newest version")),
        "anchor": case(tree(chart=wrapper("&a 2.14.1")), (DEP, "an anchor")),
        "no version": case(tree(chart=wrapper("").replace("    version: \n", "")),
            (f"{CHART}:5", "no version")),
        "second of two": case(tree(chart=TWO), (f"{CHART}:9", "the range ^2.14")),
        "no chart": case({"install.sh": script()}),
    },
    "FB102": {
        "pinned": case(tree()),
        "twice the same": case(tree(**{"b.sh": script()})),
        "another in a comment": case(tree(**{"b.sh": f"# {URL.format('2.3.0')}\n"})),
        "configured": case(tree(install="FLUX=2.4.0\n"), settings=Settings(pins=(CUSTOM,))),
        "another in live code": case(tree(**{"b.sh": script("2.3.0")}),
            (SH, "holds 2.4.0, but the one in b.sh:2 holds 2.3.0", "b.sh:2")),
        "latest": case(tree(install=script().replace("download/v2.4.0", "latest/download")),
            (SH, "the newest version")),
        "two parts": case(tree(install=script("2.4")), (SH, "not pinned")),
        "no v, so no such tag": case(tree(install=script().replace("v2.4.0", "2.4.0")),
            (SH, "2.4.0")),
        "nothing": case(tree(install="true\n")),
        "configured elsewhere": case(tree(**{"b.env": "FLUX=2.3.0\n"}),
            ("b.env:1", "configured pin holds 2.3.0, but install.sh:2 holds 2.4.0", SH),
            settings=Settings(pins=(replace(CUSTOM, path="b.env"),))),
    },
    "FB103": {
        "index agrees": case(tree()),
        "archive agrees": case(tree(**{TGZ: RIGHT}), index=DOWN),
        "archive of another version": case(tree(**{OLD_TGZ: OLD})),
        "index disagrees": case(tree(chart=wrapper("2.13.0")),
            (SH, "ships Flux 2.3.0 (says the chart index)", DEP)),
        "archive disagrees": case(tree(**{TGZ: LYING}),
            (SH, f"2.3.0 (says its archive {TGZ})", DEP)),
        "unpacked disagrees": case(tree(**{UNPACKED: UNPACKED_OLD}), (SH, "ships Flux 2.3.0", DEP)),
        "not in the index": case(tree(chart=wrapper("2.14.9")),
            (SH, "which is not in the chart index", DEP)),
        "newer than the index": case(tree(chart=wrapper("9.9.9"))),
        "configured": case(tree(install="FLUX=2.3.0\n"), (SH1, "configured pin installs", DEP),
            settings=Settings(pins=(CUSTOM,))),
        "only one chart": case({CHART: wrapper()}),
        "charts of one release": case({CHART: wrapper(), Y: release("2.14.0", chart="flux2")}),
        "two installs": case(tree(install=script("2.3.0") + URL.format("2.5.1")),
            (SH, "installs Flux 2.3.0", DEP), ("install.sh:3", "installs Flux 2.5.1", DEP)),
    },
    "FB104": {
        "flow": case(tree()),
        "block with a v": case(tree(values="up:\n  chart: flux2\n  version: v2.14.1\n")),
        "behind": case(tree(values=values("2.13.0")), (f"{VALUES}:1", "depends on 2.14.1", DEP)),
        "none was ever kept": case(tree(values="a: 1\n")),
        "gone": case(tree(values="a: 1\n"), (DEP, "no mapping with"), base=tree()),
        "another chart keeps one": case(
            tree(**{"x/Chart.yaml": wrapper(name="bp-x"), "x/values.yaml": "a: 1\n"}),
            ("x/Chart.yaml:6", "mirrors this dependency, as another chart here has")),
        "second file behind": case(tree(**{VALUES_B: values("2.13.0")}),
            (f"{VALUES_B}:1", "say flux2 2.13.0", DEP)),
    },
    "FB107": {
        "same": case(tree(), base=tree()),
        "changed outside": case(tree(), base=tree(install=script("2.3.0"))),
        "raised": case(tree(chart=wrapper(own="1.1.3")), base=tree()),
        "new chart": case(tree(), base={"install.sh": script()}),
        "values changed": case(tree(), (OWN, "is still 1.1.2", f"{VALUES}:1"),
            base=tree(values=values("2.13.0"))),
        "template gone": case(tree(), (OWN, "(chart/t)", "chart/t:1"),
            base=tree(**{"chart/t": "a"})),
        "lowered": case(tree(chart=wrapper(own="1.1.1")), (OWN, "goes down to 1.1.1", TOP),
            base=tree()),
        "umbrella stays": case(tree(**{U: umbrella()}),
            (f"{U}:3", "bp-bundle changed", f"{U}:1"), base=tree(**{U: umbrella("1.1.1")})),
        "pin in a chart in a chart": case(
            tree(**{INNER: umbrella(), "chart/u/b.yaml": blueprint("1.1.2")}),
            (f"{INNER}:3", "bp-bundle changed (chart/u/b.yaml)", "chart/u/b.yaml:1"),
            base=tree(**{INNER: umbrella(), "chart/u/b.yaml": blueprint("1.1.1")})),
        "umbrella lowered": case(tree(**{U: umbrella(own="3.0.6")}),
            (f"{U}:3", "goes down to 3.0.6", f"{U}:1"), base=tree(**{U: umbrella()})),
    },
    "FB108": {
        "equal": case(tree(**{U: umbrella()})),
        "admitted": case(tree(**{U: umbrella("^1.1.0")})),
        "behind": case(tree(**{U: umbrella("1.1.1")}),
            (f"{U}:6", f"holds 1.1.1, but {OWN} is 1.1.2", OWN)),
        "not admitted": case(tree(**{U: umbrella("~1.0.0")}), (f"{U}:6", "the range ~1.0.0", OWN)),
    },
    "FB109": {
        "equal": case(tree(**{"a.tf": terraform("1.1.2"), Y: oci("tag", "1.1.2")})),
        "admitted": case(tree(release=release(">=1.0.0 <2"))),
        "variable": case(tree(release=release("${VERSION}"))),
        "behind": case(tree(release=release("1.1.1")), (REL, "HelmRelease flux holds 1.1.1", OWN)),
        "no version": case(tree(release=release("").replace("      version: \n", "")),
            (f"{HR}:8", "no version, which is the newest version", OWN)),
        "Terraform behind": case(tree(**{"a.tf": terraform("1.1.1")}),
            ("a.tf:3", "helm_release flux holds 1.1.1", OWN)),
        "OCI digest": case(tree(**{Y: oci("digest", "sha256:00")}),
            ("b.yaml:7", "OCIRepository flux holds sha256:00", OWN)),
        "two clusters": case(tree(release=release("1.1.1"),
            **{"clusters/b.yaml": release("1.1.0")}), (REL, "1.1.1", OWN, "clusters/b.yaml:9"),
            ("clusters/b.yaml:9", "1.1.0", OWN, REL)),
    },
    "FB110": {
        "equal": case(tree(**{Y: blueprint("1.1.2")})),
        "another chart's": case(tree(**{Y: blueprint("9.0.0").replace("bp-", "x-")})),
        "no mirror before": case(tree(chart=wrapper() + "appVersion: 1\n"),
            base=tree(chart=wrapper() + "appVersion: 1\n")),
        "behind": case(tree(**{Y: blueprint("1.1.1")}),
            ("b.yaml:4", "Blueprint bp-flux holds 1.1.1", OWN)),
        "a reader in step": case(tree(**{Y: READER.format("1.1.2")})),
        "a reader behind": case(tree(**{Y: READER.format("1.1.1")}),
            ("b.yaml:1", "version beside chart bp-flux holds 1.1.1", OWN)),
        "mirror stays": case(tree(chart=wrapper(own="1.1.3") + "appVersion: 1.1.2\n"),
            (f"{CHART}:8", "mirrored bp-flux at the base (1.1.2)", OWN),
            base=tree(chart=wrapper() + "appVersion: 1.1.2\n")),
    },
    "FB111": {
        "in step": case(tree(**{LOCK: locked()})),
        "none": case(tree()),
        "another version": case(tree(**{LOCK: locked("2.13.0")}), (AT5, "does not match", TOP)),
        "another digest": case(tree(**{LOCK: locked(digest="sha256:00")}),
            (AT5, "does not match", TOP)),
        "not YAML": case(tree(**{LOCK: "a: {b]\n"}), (f"{LOCK}:1", "does not match", TOP)),
        "empty": case(tree(**{LOCK: ""}), (f"{LOCK}:1", "does not match", TOP)),
    },
    "FB112": {
        "published": case(tree(**{TGZ: RIGHT}), index=with_digests(_2_14_1=RIGHT)),
        "no digest": case(tree(**{TGZ: RIGHT})),
        "of another chart": case(tree(**{"chart/charts/flux2-sync-1.0.0.tgz": b"x"})),
        "damaged": case(tree(**{TGZ: RIGHT[:-99]}), (T1, "cannot be read", DEP)),
        "LFS pointer": case(tree(**{TGZ: "version https://git-lfs.github.com/spec/v1\n"}),
            (T1, "git lfs pull", DEP)),
        "another version": case(tree(**{OLD_TGZ: OLD}),
            (f"{OLD_TGZ}:1", "holds flux2 2.13.0, but", DEP)),
        "name lies": case(tree(chart=wrapper("2.13.0"), **{TGZ: OLD}),
            (T1, "is named after 2.14.1, but holds flux2 2.13.0", DEP)),
        "another release": case(tree(**{TGZ: LYING}),
            (T1, "claims Flux 2.3.0, but the chart index says 2.4.0", DEP)),
        "another digest": case(tree(**{TGZ: RIGHT}),
            (T1, "is not the published archive", DEP), index=with_digests(_2_14_1=OLD)),
        "another chart": case(tree(**{UNPACKED: UNPACKED_X}), (f"{UNPACKED}:1", "", DEP)),
    },
    "FB115": {
        "all exact": case(tree()),
        "a variable": case(tree(**{Y: release("${V}", chart="flux2")})),
        "own chart": case(tree(release=release("^1.1"))),
        "range beyond": case(tree(**{Y: release("2.x", chart="flux2")}),
            ("b.yaml:9", BEYOND, SH)),
        "no version": case(tree(**{"a.tf": UNVERSIONED}),
            ("a.tf:1", "holds no version, today flux2 2.18.3", SH)),
        "beside another chart": case({CHART: wrapper(), Y: release("2.x", chart="flux2")},
            ("b.yaml:9", "but dependency flux2 asks for flux2 2.14.1", DEP)),
    },
    "FB120": {
        "right row": case(tree(**{"b.tf": MARKED.format("2.4.0", "2.14.1")})),
        "history": case(tree(**{"b.md": "Before flux2 2.14.1 it was flux2 2.13.0.\n"})),
        "right words": case(tree(**{"b.md": "bp-flux is at 1.1.2 now.\n"})),
        "old row": case(tree(**{"b.tf": MARKED.format("2.3.0", "2.13.0")}),
            ("b.tf:1", "marks Flux 2.3.0 (flux2 2.13.0) as current")),
        "old URL in a comment": case(tree(install=script() + f"# {URL.format('2.3.0')}\n"),
            ("install.sh:3", "names the install URL of 2.3.0")),
        "old words": case(tree(**{"b.md": "\nbp-flux is currently 1.1.1.\n"}),
            ("b.md:2", "says that bp-flux is 1.1.1 now, but it is 1.1.2")),
    },
    "FB301": {
        "no upgrade": case(tree()),
        "set to false": case(tree(release=spec("upgrade:", "  preserveValues: false"))),
        "upgrade without it": case(tree(release=spec("upgrade:", "  timeout: 1m"))),
        "takes over": case(tree(release=spec("install:", "  disableTakeOwnership: false"))),
        "not the owner": case(tree(**{Y: release(chart="podinfo") + "  " + KEEP[0] + "\n  "
            + KEEP[1] + "\n"})),
        "another item of a List": case(tree(release=listed(
            release(chart="podinfo") + "  upgrade: {preserveValues: true}\n", release()))),
        "an item of a List": case(tree(release=listed(spec(*KEEP), release(chart="podinfo"))),
            (f"{HR}:14", "keep their old images", f"{HR}:12")),
        "keeps": case(tree(release=spec(*KEEP)), (f"{HR}:11", "keep their old images", REL)),
        "in flow style": case(tree(release=spec("upgrade: {preserveValues: true}")),
            (f"{HR}:10", "(--fix adoption)", REL)),
        "by a merge key": case(tree(release=spec("x: &x {preserveValues: true}",
            "upgrade: {<<: *x}")), (f"{HR}:10", "keep their old images", REL)),
        "cannot adopt": case(tree(release=spec("upgrade:", "  disableTakeOwnership: true",
            "install:", "  disableTakeOwnership: true")), (f"{HR}:11", "upgrade.disable", REL),
            (f"{HR}:13", "refuses to adopt", REL)),
        "community chart": case(tree(**{Y: release("2.14.1", chart="flux2")
            + "  upgrade: {preserveValues: true}\n"}), ("b.yaml:10", "sets", "b.yaml:9")),
        "by chartRef": case(tree(release=oci("tag", "1.1.2"),
            **{Y: BY_REFERENCE + "  upgrade: {preserveValues: true}\n"}),
            ("b.yaml:6", "sets", f"{HR}:7")),
    },
    "FB301 elsewhere": {
        "by an umbrella": case(tree(**{U: umbrella(), Y: KEPT_UMBRELLA}),
            ("b.yaml:10", "keep their old images", "b.yaml:9")),
        "by an umbrella of another": case(tree(**{U: umbrella(name="x").replace("bp-flux", "y"),
            Y: KEPT_UMBRELLA.replace("bp-bundle", "x")})),
        "by an umbrella, perhaps": case(tree(**{U: CONDITIONAL, Y: KEPT_UMBRELLA})),
        "strategic patch": case(tree(**{Y: STRATEGIC}), ("b.yaml:6", "from the patch", REL)),
        "patch of another": case(tree(**{Y: STRATEGIC.replace("flux", "app")})),
        "patch sets it to false": case(tree(**{Y: STRATEGIC.replace("true", "false")})),
        "patch inline": case(tree(**{K: INLINE.format("flux")}), (f"{K}:8", "a patch sets", REL)),
        "patch inline of another": case(tree(**{K: INLINE.format("app")})),
        "patch inline of any": case(tree(**{K: INLINE.format("f.*")})),
        "patch folded": case(tree(**{K: FOLDED}), (f"{K}:4", "a patch sets", REL)),
        "operation inline": case(tree(**{K: OPERATION.format("flux")}),
            (f"{K}:7", "a patch sets", REL)),
        "operation on a parent": case(tree(**{K: OPERATION.replace("/preserveValues, value: true",
            ", value: {{preserveValues: true}}").format("flux")}), (f"{K}:7", "a patch", REL)),
        "operation that tests": case(tree(**{K: OPERATION.replace("add", "test").format("flux")})),
        "operation in a file": case(tree(**{K: BY_FILE, "clusters/a/keep.yaml": OPERATIONS}),
            ("clusters/a/keep.yaml:3", "a patch sets", REL)),
        "operation in a file of nobody": case(tree(**{"clusters/a/keep.yaml": OPERATIONS})),
    },
    "FB303": {
        "unchanged": case(tree(), base=tree()),
        "to another file": case(moved(Y), base=tree()),
        "another version": case(tree(release=release("1.1.3")), base=tree()),
        "default stated": case(tree(release=spec("releaseName: flux")), base=tree()),
        "another name": case(tree(release=spec("releaseName: other")),
            (f"{HR}:10", "releaseName flux -> other", f"{HR}:1"), base=tree()),
        "name by its default": case(tree(release=spec("targetNamespace: x")),
            (f"{HR}:1", "releaseName flux -> x-flux", f"{HR}:1"), base=tree()),
        "another storage": case(tree(release=spec("storageNamespace: a")),
            (f"{HR}:10", "storageNamespace b -> a", f"{HR}:1"),
            base=tree(release=spec("storageNamespace: b"))),
        "another chart": case(tree(release=release(chart="podinfo")),
            (f"{HR}:8", "chart bp-flux -> podinfo", f"{HR}:1"), base=tree()),
        "another object": case(tree(release=release(name="other")),
            (f"{HR}:1", "removed while it is not suspended"), base=tree()),
        "removed": case(moved(None), (f"{HR}:1", "uninstalls Flux"), base=tree()),
        "removed suspended": case(moved(None), base=tree(release=spec("suspend: true"))),
        "one of two removed": case(tree(),
            ("b.yaml:1", "uninstalls Flux"), base=tree(**{Y: release()})),
        "variable": case(tree(release=spec("releaseName: ${NAME}")), base=tree()),
    },
}
# fmt: on


CASES = [
    pytest.param(code.partition(" ")[0], case, id=f"{code} {name}")
    for code, cases in CASES_OF.items()
    for name, case in cases.items()
]


@pytest.mark.parametrize(("code", "case"), CASES)
def test_a_rule_refuses_what_it_should_and_nothing_else(code: str, case: Case) -> None:
    found = judge(case.examined(), (code,)).findings
    assert [str(one.location) for one in found] == [expected[0] for expected in case.found]
    for one, (_, fragment, *related) in zip(found, case.found, strict=True):
        assert (one.code, one.severity) == (code, rules.RULES[code].severity)
        assert fragment in one.message
        assert [str(other.location) for other in one.related] == related


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (tree(**{U: CONDITIONAL, Y: KEPT_UMBRELLA}), "b.yaml:10: HelmRelease flux sets `upgrade"),
        (tree(**{U: CONDITIONAL, Y: KEPT_UMBRELLA}), "only with bp-flux.enabled"),
        (tree(**{K: INLINE.format("f.*")}), f"{K}:8: a patch sets `upgrade.preserveValues: true`"),
        (tree(**{K: INLINE.format("f.*")}), ", perhaps for flux"),
    ],
)
def test_what_may_keep_the_images_is_not_run(files: Mapping[str, str], said: str) -> None:
    verdict = judge(case(files).examined(), ("FB301",))
    assert verdict.findings == ()
    (not_run,) = verdict.not_run
    assert said in not_run.reason


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (tree(**{Y: release("2.14.x", chart="flux2")}), "today flux2 2.14.1"),
        ({Y: release("2.x", chart="flux2")}, "The next chart moves it without a commit"),
        ({Y: release('">=99"', chart="flux2")}, "admits no chart of the chart index"),
    ],
)
def test_what_floats_and_contradicts_nothing_is_a_warning(
    files: Mapping[str, str], said: str
) -> None:
    (found,) = judge(case(files).examined(), ("FB115",)).findings
    assert found.severity is Severity.WARNING
    assert said in found.message


def test_what_an_umbrella_holds_besides_is_a_note() -> None:
    files = tree(**{INNER: umbrella(), "chart/u/t": "a"})
    found = case(files, base=tree(**{INNER: umbrella(), "chart/u/t": "b"})).examined()
    (one,) = judge(found, ("FB107",)).findings
    assert (one.severity, str(one.location)) == (Severity.NOTE, f"{INNER}:3")
    assert "bp-bundle changed (chart/u/t), but its version is still 3.0.7" in one.message


# --- what there is nothing to judge for ----------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("FB101", {"install.sh": script()}),
        ("FB102", {CHART: wrapper()}),
        ("FB103", {"install.sh": script()}),
        ("FB103", {CHART: wrapper()}),
        ("FB104", {"install.sh": script(), CHART: wrapper()}),
        ("FB107", {"install.sh": script()}),
        ("FB115", tree()),
        ("FB206", {"install.sh": script()}),
    ],
)
def test_not_applicable_is_neither_passed_over_nor_failed(
    code: str, files: Mapping[str, str]
) -> None:
    verdict = judge(case(files).examined(), (code,))
    assert (verdict.findings, verdict.not_run) == ((), ())
    assert {one.code for one in verdict.not_applicable} == {code}


# --- what could not be judged --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "case", "reason"),
    [
        ("FB103", case(tree(), index=DOWN), "no chart index: the index is down"),
        (
            "FB103",
            case(tree(chart=wrapper("9.9.9"))),
            "the chart index (newest flux2 2.18.3) is older than this repository",
        ),
        ("FB115", case({Y: release("2.x", chart="flux2")}, index=DOWN), "no chart index"),
        ("FB107", case(tree()), "no base to compare with: use --base origin/main"),
        ("FB303", case(tree()), "no base to compare with: use --base origin/main"),
        ("FB112", case(tree(**{TGZ: RIGHT}), index=DOWN), f"the digest of {TGZ} was not compared"),
    ],
)
def test_not_run_is_said(code: str, case: Case, reason: str) -> None:
    verdict = judge(case.examined(), (code,))
    assert verdict.findings == ()
    (one,) = verdict.not_run
    assert (one.code, one.reason.startswith(reason)) == (code, True)


# --- the contract --------------------------------------------------------------------------------


def test_codes_and_slugs_are_unique_and_well_formed() -> None:
    assert list(rules.RULES) == sorted(rules.RULES)
    assert len({rule.slug for rule in rules.RULES.values()}) == len(rules.RULES)
    declared = [rule for family in rules.FAMILIES for rule in family.RULES]
    assert sorted(rule.code for rule in declared) == list(rules.RULES)
    for code, rule in rules.RULES.items():
        assert rule.code == code
        assert re.fullmatch(r"FB\d{3}", code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.slug)
        assert rule.summary.endswith(".")
        assert "\n" not in rule.summary


@pytest.mark.parametrize("code", rules.RULES)
def test_every_rule_has_a_page(code: str) -> None:
    page = pages.page(code)
    assert code in page.splitlines()[0]
    assert rules.RULES[code].slug in page


@pytest.mark.parametrize("code", rules.RULES)
def test_a_rule_is_pure_and_speaks_for_itself(code: str) -> None:
    """Whatever it is given, it says the same again, under its own code, and changes nothing."""
    judge = rules.RULES[code].judge
    for case in (case for cases in CASES_OF.values() for case in cases.values()):
        evidence = case.examined().evidence
        before = repr(evidence)
        outcomes = list(judge(evidence))
        assert outcomes == list(judge(evidence))
        assert repr(evidence) == before
        assert {one.code for one in outcomes} <= {code}


@pytest.mark.parametrize("code", rules.RULES)
def test_a_rule_says_something_somewhere(code: str) -> None:
    elsewhere = (
        *("FB001", "FB003", "FB105", "FB106", "FB113", "FB114", "FB116", "FB117", "FB118", "FB2"),
        "FB119",
        "FB121",
        "FB302",
    )
    cases = CASES_OF.get(code, {}).values()
    bad, good = [case for case in cases if case.found], [case for case in cases if not case.found]
    assert code.startswith(elsewhere) or (len(bad) > 1 and len(good) > 1)
