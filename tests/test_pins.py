"""Which pins each kind finds, and where: a table over the edge cases, a contract over the kinds."""

from __future__ import annotations

from functools import cache
from textwrap import indent

import pytest

from fixtures import manifests
from fixtures.installs import gotk
from fluxbump.discover import candidate_files
from fluxbump.discover.digests import spellings as digests
from fluxbump.discover.pin_search import find_pins
from fluxbump.discover.pins import KINDS
from fluxbump.discover.pins.kind import Context, CustomPin
from fluxbump.discover.variables.resolve import Followed
from fluxbump.model import (
    FLUX,
    FLUX2,
    OPERATOR,
    Chart,
    Dependency,
    Form,
    Inventory,
    Location,
    Note,
    Pin,
)
from fluxbump.text.live_code import TextFile
from fluxbump.text.version_forms import form_of
from tests.helpers import (
    ARCHIVE,
    COMMUNITY,
    EDGE,
    URL,
    app_versions,
    brief,
    find,
    release,
    small,
    umbrella,
    values,
    wrapper,
)

# --- the edge cases ---------------------------------------------------------------------------


def own(name: str, line: int = 3, version: str = "1.1.2") -> str:
    return f"{line} chart-version {name} {version}"


def flux2(line: int, rest: str = "2.14.1") -> str:
    return f"{line} chart-dependency flux2 {rest}"


def urls(*lines: int) -> list[str]:
    return [f"{line} install-url flux 2.4.0" for line in lines]


def hr(line: int, rest: str = "1.1.2", track: str = "bp-flux") -> str:
    return f"{line} helm-release {track} {rest}"


MIRROR = "values-mirror flux2 2.14.1"

# path: what stands there; nothing is found in the edge cases that are not listed
EDGE_PINS = {
    "charts/anchor-around/Chart.yaml": [own("bp-flux-anchor-around"), flux2(7)],
    "charts/anchor-around/values.yaml": [f"4 {MIRROR}"],
    "charts/anchor-defined/Chart.yaml": [
        own("bp-flux-anchor-defined"), flux2(6, "2.14.1 [opaque]"),
    ],
    "charts/anchor-used/Chart.yaml": [flux2(4, "2.14.1 [opaque]"), own("bp-flux-anchor-used", 5)],
    "charts/app-version-chart/Chart.yaml": [
        "3 app-version bp-flux-app-chart 1.1.2", own("bp-flux-app-chart", 4), flux2(7),
    ],
    "charts/app-version-release/Chart.yaml": [
        own("bp-flux-app-release"), "4 app-version flux 2.4.0", flux2(7),
    ],
    "charts/block-mirror/Chart.yaml": [own("bp-flux-block"), flux2(6)],
    "charts/block-mirror/values.yaml": [f"4 {MIRROR}"],
    "charts/bom/Chart.yaml": [own("bp-flux-bom"), flux2(6)],
    "charts/bom/values.yaml": [f"2 {MIRROR}"],
    "charts/crlf/Chart.yaml": [own("bp-flux-crlf", 7), flux2(10)],
    "charts/crlf/values.yaml": [f"2 {MIRROR}"],
    "charts/duplicate-key/Chart.yaml": [own("bp-flux-duplicate", 4), flux2(8)],
    "charts/equals/Chart.yaml": [own("bp-flux-equals"), flux2(6)],
    "charts/escaped/Chart.yaml": [own("bp-flux-escaped"), flux2(6, "2.14.1 [opaque]")],
    "charts/flow/Chart.yaml": [own("bp-flux-flow", 1), flux2(2)],
    "charts/folded/Chart.yaml": [own("bp-flux-folded"), flux2(6, "2.14.1 [opaque]")],
    "charts/nested-mirror/Chart.yaml": [own("bp-flux-nested"), flux2(6)],
    "charts/nested-mirror/values.yaml": [f"4 {MIRROR}", f"6 {MIRROR}"],
    "charts/no-final-newline/Chart.yaml": [own("bp-flux-unfinished"), flux2(7)],
    "charts/no-final-newline/values.yaml": [f"1 {MIRROR}"],
    "charts/oci/Chart.yaml": [own("bp-flux-oci"), flux2(7)],
    "charts/odd-comments/Chart.yaml": [own("bp-flux-commented", 5), flux2(13)],
    "charts/prefixed/Chart.yaml": [own("bp-flux-prefixed"), flux2(6)],
    "charts/range/Chart.yaml": [own("bp-flux-range"), flux2(6, "^2.14.0 [range]")],
    "charts/single-quoted/Chart.yaml": [own("bp-flux-quoted"), flux2(6)],
    "charts/tagged/Chart.yaml": [own("bp-flux-tagged"), flux2(6, "2.14.1 [opaque]")],
    "charts/umbrella/Chart.yaml": [
        own("bp-bundle", 3, "3.0.7"), "6 chart-dependency bp-flux 1.1.2",
    ],
    "charts/umbrella-of-umbrella/Chart.yaml": [
        own("bp-everything", 3, "12.4.0"),
        "6 chart-dependency bp-bundle 3.0.7",
        "9 chart-dependency bp-flux 1.1.2",
    ],
    "charts/umbrella-range/Chart.yaml": [
        own("bp-bundle-range", 3, "0.3.0"), "6 chart-dependency bp-flux ~1.1.0 [range]",
    ],
    "charts/version-first/Chart.yaml": [own("bp-flux"), flux2(6)],
    "charts/wide/Chart.yaml": [own("bp-flux-wide", 4), flux2(6)],
    "releases/build-metadata.yaml": [hr(11, "1.1.2+build.7")],
    "releases/chart-ref-digest.yaml": [
        hr(11, "1.1.2 [opaque]")
    ],
    "releases/chart-ref-semver.yaml": [hr(10, ">=1.1.0 <2.0.0 [range]"), hr(22)],
    "releases/chart-ref-tag.yaml": [hr(10)],
    "releases/community.yaml": [hr(20, "2.14.1", "flux2")],
    "releases/community-oci.yaml": [hr(9, "2.14.1", "flux2")],
    "releases/drifted.yaml": [hr(11, "1.1.0")],
    "releases/helm-chart.yaml": [hr(9)],
    "releases/list.yaml": [hr(12)],
    "releases/kustomization-patch.yaml": ["13 kustomize-override bp-flux 1.1.2"],
    "releases/multi-document.yaml": [
        hr(26), "44 embedded-manifest bp-flux 1.1.2", hr(49),
    ],
    "releases/no-version.yaml": [hr(10, " [unpinned]")],
    "releases/range-admits.yaml": [hr(11, ">=1.1.0 <2.0.0 [range]")],
    "releases/range-excludes.yaml": [hr(11, "<1.1.3 [range]")],
    "releases/range-partial.yaml": [hr(11, "1.1 [range]")],
    "releases/range-wildcard.yaml": [hr(11, "1.1.x [range]")],
    "releases/release.json": [hr(5)],
    "releases/variable.yaml": [hr(11, "${BP_FLUX_VERSION} [variable]")],
    "releases/variable-default.yaml": [hr(11, "${BP_FLUX_VERSION:=1.1.2} [variable]")],
    "mentions/version.go": urls(5),
    "install/Dockerfile": urls(6, 7),
    "install/Makefile": urls(2),
    "install/ansible-task.yaml": urls(5, 12, 18),
    "install/bom-no-final-newline.sh": urls(2),
    "install/bootstrap.sh": urls(5, 6, 8, 16),
    "install/cloud-config.tftpl": urls(6),
    "install/crlf.sh": urls(2),
    "install/helm-release.tf": [
        "8 terraform flux2 2.14.1", "25 terraform flux2 2.14.1", "32 terraform bp-flux 1.1.2",
        "39 terraform flux2 var.flux2_version [variable]",
    ],
    "install/heredoc.tf": urls(10, 14, 18),
    "install/job.yaml": urls(12, 17),
    "install/latest.sh": ["3 install-url flux latest [unpinned]"],
    "install/latin-1.sh": urls(3),
    "install/lookalikes.sh": [
        "3 flux-cli flux 2.4.0", "3 flux-cli flux 2.4.0", *urls(7),
    ],
    "install/prerelease.sh": ["2 install-url flux 2.0.0-rc.3"],
    "install/two-versions.sh": [*urls(3), "4 install-url flux 2.3.0"],
    "install/variable.Dockerfile": ["2 variable flux 2.4.0"],
    "install/variable.sh": [
        "2 variable flux 2.4.0", "4 install-url flux $FLUX_TAG [variable]",
    ],
    "install/variable.tf": ["2 variable flux 2.4.0"],
}  # fmt: skip

UNREADABLE = {
    "charts/broken/Chart.yaml": 8,
    "charts/template/Chart.yaml": 6,
    "releases/broken.yaml": 9,
    "releases/templated.yaml": 1,
}


def edge_files() -> list[str]:
    files = (path for path in EDGE.rglob("*") if path.is_file() and path.parent != EDGE)
    return sorted(path.relative_to(EDGE).as_posix() for path in files)


@cache
def edge() -> Inventory:
    return find({path: (EDGE / path).read_bytes() for path in edge_files()})


@pytest.mark.parametrize("path", edge_files())
def test_edge_case(path: str) -> None:
    found = [pin for pin in edge().pins if pin.location.path == path]
    assert brief(found) == EDGE_PINS.get(path, [])


def test_edge_cases_that_cannot_be_read() -> None:
    found = {one.location.path: one.location.line for one in edge().unreadable}
    assert found == UNREADABLE
    assert all("\n" not in one.message and one.message for one in edge().unreadable)


def test_a_foreign_flux2_is_noted() -> None:
    (note,) = [n for n in edge().notes if n.location.path == "charts/other-source/Chart.yaml"]
    assert note.location.line == 7
    assert "https://charts.example.org/stable" in note.message


def test_charts_come_behind_what_they_depend_on() -> None:
    names = [chart.name for chart in edge().charts]
    assert names.index("bp-flux") < names.index("bp-bundle") < names.index("bp-everything")
    assert "bp-flux-lookalike" not in names
    assert {chart.name for chart in edge().charts if not chart.wrapper} == {
        "bp-bundle", "bp-bundle-range", "bp-everything",
    }  # fmt: skip


# --- the contract of a kind -------------------------------------------------------------------

CHART = Chart("bp-flux", "c/Chart.yaml", "1.1.2", (Dependency("flux2", "2.14.1", COMMUNITY),), True)
TOP = Chart("bp-top", "t/Chart.yaml", "3.0.7", (Dependency("bp-flux", "1.1.2", "oci://x"),), False)
SET = Pin("variable", FLUX, Location("set.sh", 1, 3), 2, 7, "2.4.0", Form.EXACT, "V")
CONTEXT = Context(
    charts={"bp-flux": CHART, "bp-top": TOP},
    app_versions=app_versions(),
    releases=frozenset({"2.4.0"}),
    followed=Followed({"set.sh": (SET,)}),
    custom=(
        CustomPin("*.env", "flux", pattern=r"FLUX=(?P<version>\S+)"),
        CustomPin("custom/*.yaml", "bp-flux", key=("spec", "flux")),
        CustomPin("custom/*.yaml", "no-such-chart", key=("spec", "flux")),
    ),
)
BLUEPRINT = "kind: Blueprint\nmetadata: {{ name: {} }}\nspec: {{ version: 1.1.2 }}\n"
APP = wrapper() + "appVersion: {}\n"
TF = 'resource "{}" "x" {{\n  chart = "{}"\n  version = "1.1.2"\n}}\n'
HELM = "helm upgrade -i flux2 fluxcd/flux2 --version 2.14.1\n"
CROSSPLANE = (
    "apiVersion: helm.crossplane.io/v1beta1\nkind: Release\nspec:\n  forProvider:\n"
    "    chart: {name: bp-flux, version: 1.1.2, repository: oci://registry.example.org/b}\n"
)
IMAGE = "ghcr.io/fluxcd/source-controller:v1.4.1\n"

PATCHED = (
    "patches:\n  - target: {{kind: HelmRelease, name: {}}}\n    patch: |\n"
    "      - op: replace\n        path: /spec/chart/spec/version\n        value: 1.1.2\n"
)

# kind, path, text, what is found
GOTK = gotk.components("2.4.0")
INSTALLED = manifests.install("2.4.0").decode()
READER = "flux: {chart: bp-flux, version: 1.1.2}\n"
ANSIBLE = "- helm: {{chart_ref: own/{}, chart_version: 1.1.2}}\n"
CALL = 'addHelmChart("f", {{chart: "{}", version: "1.1.2", repository: "oci://r.example.org"}});\n'
RELEASES = "releases: [{chart: community/flux2, version: 2.14.1}]\n"
SOURCE = f"source: {{chart: flux2, targetRevision: 2.14.1, repoURL: {COMMUNITY}}}\n"
INFLATED = f"helmCharts: [{{name: flux2, version: 2.14.1, repo: {COMMUNITY}}}]\n"
BASE = "kubectl apply -k github.com/fluxcd/flux2//manifests/install?ref=v2.4.0\n"
CRDS = (
    "curl -O https://github.com/fluxcd/source-controller/releases/download/v1.4.1/"
    "source-controller.crds.yaml\n"
)
ENTRY = f"{{name: flux2, url: {COMMUNITY}, version: 2.14.1}}\n"
VENDIR = "{slug: fluxcd/flux2, tag: v2.4.0}\n"
GO_INSTALL = "go install github.com/fluxcd/flux2/v2/cmd/flux@v2.4.0\n"
REMARK = "# renovate: datasource=helm depName=flux2\nX=2.14.1\n"
RAW = "curl -O https://raw.githubusercontent.com/fluxcd/flux2/v2.4.0/README.md\n"
MANIFESTS = (
    "kind: OCIRepository\nspec: {url: oci://ghcr.io/fluxcd/flux-manifests, ref: {tag: v2.4.0}}\n"
)
INSTANCE = "kind: FluxInstance\nspec: {distribution: {version: 2.4.0}}\n"
ARTIFACT = "flux pull oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests:v0.20.0\n"
REQUIRE = "require github.com/fluxcd/flux2/v2 v2.4.0\n"
INSTALL = "flux install --version v2.4.0\n"
CLI = "docker run ghcr.io/fluxcd/flux-cli:v2.4.0\n"
ACTION = "steps: [{uses: fluxcd/flux2/action@v2.4.0}]\n"
CONTRACT = [
    (
        "digest", "a.nix", f'url = "{URL.format("2.4.0")}";\nsha256 = "{"0" * 64}";\n',
        [f"2 digest install.yaml sha256 hex {'0' * 64}"],
    ),
    ("digest", "a.nix", f'url = "x";\nsha256 = "{"0" * 64}";\n', []),
    (
        "digest", "a.nix", f'url = "{ARCHIVE.format("2.14.1")}";\nsha256 = "{"0" * 64}";\n',
        [f"2 digest flux2.tgz sha256 hex {'0' * 64}"],
    ),
    ("chart-archive", "a.sh", ARCHIVE.format("2.14.1"), ["1 chart-archive flux2 2.14.1"] * 2),
    ("chart-archive", "a.go", f'"{ARCHIVE.format("2.14.1")}"', [
        "1 chart-archive flux2 2.14.1", "1 chart-archive flux2 2.14.1",
    ]),
    ("chart-archive", "a.sh", f"# {ARCHIVE.format('2.14.1')}", []),
    ("chart-archive", "a.sh", ARCHIVE.format("[0-9.]+"), []),
    ("chart-archive", "a.sh", f"{ARCHIVE.format('2.14.1')} {ARCHIVE.format('2.14.0')}", []),
    ("chart-archive", "index.yaml", f"entries:\n  a: {ARCHIVE.format('2.14.1')}\n", []),
    ("variable", "set.sh", "V=2.4.0", ["1 variable flux 2.4.0"]),
    ("variable", "other.sh", "V=2.4.0", []),
    ("gotk-components", "a.yaml", GOTK, ["3 gotk-components flux 2.4.0"]),
    ("gotk-components", "a.yaml", GOTK.replace("# Flux Version", "# Version"), []),
    ("gotk-components", "a.md", GOTK, []),
    ("install-manifest", "a.yaml", INSTALLED, ["10 install-manifest flux 2.4.0"]),
    ("install-manifest", "a.md", INSTALLED, []),
    ("install-url", "a.sh", URL.format("2.4.0"), ["1 install-url flux 2.4.0"]),
    ("install-url", "a.sh", URL.format("2.4"), ["1 install-url flux v2.4 [range]"]),
    ("install-url", "a.sh", f"x  # {URL.format('2.4.0')}", []),
    ("install-url", "a.md", URL.format("2.4.0"), []),
    ("install-url", "a.go", f'x = "{URL.format("2.4.0")}"', ["1 install-url flux 2.4.0"]),
    ("install-url", "a.py", f'"""{URL.format("2.4.0")}"""', []),
    ("install-url", "a.go", f"// {URL.format('2.4.0')}", []),
    ("install-url", "a_test.go", f'x = "{URL.format("2.4.0")}"', []),
    ("install-url", "testdata/a.go", f'x = "{URL.format("2.4.0")}"', []),
    ("install-url", "a.yaml", f"description: {URL.format('2.4.0')}\n", []),
    ("install-url", "a.sh", URL.format("2.4.0").replace("install.yaml", "install.yaml.sig"), []),
    ("install-url", "a.sh", URL.format("2.4.0").replace("/fluxcd/", "/notfluxcd/"), []),
    ("install-url", "a.sh", f"curl {URL.format('2.4.0')}|sh", ["1 install-url flux 2.4.0"]),
    ("install-url", "a.yaml", f"- 'a''b # {URL.format('2.4.0')}'", ["1 install-url flux 2.4.0"]),
    ("chart-dependency", "c/Chart.yaml", wrapper(), [flux2(6)]),
    (
        "chart-dependency", "c/Chart.yaml", wrapper().replace("    version", "    x"),
        [flux2(5, " [unpinned]")],
    ),
    ("chart-dependency", "t/Chart.yaml", umbrella(), ["6 chart-dependency bp-flux 1.1.2"]),
    ("chart-dependency", "c/Chart.yaml", wrapper().replace(COMMUNITY, "https://x"), []),
    ("chart-dependency", "elsewhere/Chart.yaml", wrapper(), []),
    ("values-mirror", "c/values.yaml", values(), [f"1 {MIRROR}"]),
    ("values-mirror", "c/values-prod.yml", values(), [f"1 {MIRROR}"]),
    ("values-mirror", "c/values.yaml", values().replace("flux2", "flux2-sync"), []),
    ("values-mirror", "t/values.yaml", values(), []),
    ("values-mirror", "c/sub/values.yaml", values(), []),
    ("chart-version", "c/Chart.yaml", wrapper(), [own("bp-flux")]),
    ("chart-version", "c/Chart.yaml", "name: bp-flux\n", ["1 chart-version bp-flux  [unpinned]"]),
    ("chart-version", "x/Chart.yaml", wrapper(), []),
    ("app-version", "c/Chart.yaml", APP.format("2.4.0"), ["8 app-version flux 2.4.0"]),
    ("app-version", "c/Chart.yaml", APP.format("v2.4.0"), ["8 app-version flux 2.4.0"]),
    ("app-version", "c/Chart.yaml", APP.format("1.1.2"), ["8 app-version bp-flux 1.1.2"]),
    ("app-version", "c/Chart.yaml", APP.format("1.1.1"), []),
    ("app-version", "t/Chart.yaml", umbrella() + "appVersion: 2.4.0\n", []),
    ("app-version", "x/Chart.yaml", APP.format("2.4.0"), []),
    ("blueprint", "b.yaml", BLUEPRINT.format("bp-flux"), ["3 blueprint bp-flux 1.1.2"]),
    ("blueprint", "b.yaml", BLUEPRINT.format("bp-flux-2"), []),
    ("blueprint", "b.yaml", BLUEPRINT.format("bp-flux").replace("Blueprint", "Print"), []),
    ("blueprint", "b.txt", BLUEPRINT.format("bp-flux"), []),
    ("chart-reader", "r.yaml", READER, ["1 chart-reader bp-flux 1.1.2"]),
    ("chart-reader", "r.yaml", READER.replace("bp-flux", "bp-other"), []),
    ("chart-reader", "r.env", READER, []),
    ("helm-release", "h.yaml", release(), [hr(9)]),
    ("helm-release", "h.yaml", release(chart="flux2"), [hr(9, track="flux2")]),
    ("helm-release", "h.yaml", release(chart="bp-other"), []),
    ("helm-release", "h.yaml", release(chart="bp-flux-2"), []),
    ("helm-release", "h.yaml", release().replace("HelmRelease", "HelmThing"), []),
    ("helm-release", "h.yaml", "kind: HelmRelease\nx: |\n" + indent(release(), "  "), []),
    (
        "helm-release", "patch.yaml",
        "kind: HelmRelease\nmetadata:\n  name: bp-flux\nspec: {chart: {spec: {version: 1.1.2}}}\n",
        [hr(4)],
    ),
    ("terraform", "m.tf", TF.format("helm_release", "bp-flux"), ["3 terraform bp-flux 1.1.2"]),
    ("terraform", "m.tf", TF.format("helm_release", "bp-other"), []),
    ("terraform", "m.tf", TF.format("null_resource", "bp-flux"), []),
    ("terraform", "m.tf", "/*\n" + TF.format("helm_release", "bp-flux") + "*/\n", []),
    (
        "terraform", "m.tf", TF.format("helm_release", "bp-flux").replace("version =", "#"),
        ["1 terraform bp-flux  [unpinned]"],
    ),
    *(
        (
            "terraform", "m.tf",
            f'resource "helm_release" "a" {{ chart = "bp-flux"\nversion ={text}',
            [f"2 terraform bp-flux {shown} [variable]"],
        )
        for text, shown in [
            (" var.bp # pinned elsewhere\n}\n", "var.bp"),
            (' local.versions["bp # 1"] /* why */\n}', 'local.versions["bp # 1"]'),
            ("(var.a)\t\r\n}", "(var.a)"),
            (' [\n  "1.1.2"\n][0]\n}', "["),
            (" { a = var.b }.a }", "{ a = var.b }.a"),
        ]
    ),
    ("helm-command", "a.sh", HELM, ["1 helm-command flux2 2.14.1"]),
    ("helm-command", "a.sh", f"# {HELM}", []),
    ("flux-command", "a.sh", INSTALL, ["1 flux-command flux 2.4.0"]),
    ("flux-command", "a.sh", f"# {INSTALL}", []),
    ("chart-remark", "a.sh", REMARK, ["2 chart-remark flux2 2.14.1"]),
    ("chart-remark", "a.sh", REMARK.replace("datasource=helm", "datasource=docker"), []),
    ("chart-remark", "a.sh", REMARK.replace("flux2", "flux2 registryUrl=https://x.org"), []),
    ("chart-entry", "a.yaml", ENTRY, ["1 chart-entry flux2 2.14.1"]),
    ("chart-entry", "a.yaml", ENTRY.replace("flux2", "flux2-sync"), []),
    ("flux-repository", "a.yaml", VENDIR, ["1 flux-repository flux 2.4.0"]),
    ("flux-repository", "a.yaml", f"# {VENDIR}", []),
    ("tool-command", "a.sh", GO_INSTALL, ["1 tool-command flux 2.4.0"]),
    ("tool-command", "a.sh", f"# {GO_INSTALL}", []),
    ("helmfile", "h.yaml", RELEASES, ["1 helmfile flux2 2.14.1"]),
    ("helmfile", "h.yaml", RELEASES.replace("flux2", "flux2-sync"), []),
    ("argocd", "a.yaml", SOURCE, ["1 argocd flux2 2.14.1"]),
    ("argocd", "a.yaml", SOURCE.replace("flux2", "flux2-sync"), []),
    ("kustomize-helm", "kustomization.yaml", INFLATED, ["1 kustomize-helm flux2 2.14.1"]),
    ("kustomize-helm", "kustomization.yaml", INFLATED.replace("flux2", "flux2-sync"), []),
    ("flux-cli", "a.sh", CLI, ["1 flux-cli flux 2.4.0"]),
    ("flux-cli", "a.sh", f"# {CLI}", []),
    ("flux-action", "ci.yml", ACTION, ["1 flux-action flux 2.4.0"]),
    ("flux-action", "ci.yml", f"# {ACTION}", []),
    ("tool-version", ".tool-versions", "flux2 2.4.0\n", ["1 tool-version flux 2.4.0"]),
    ("tool-version", ".tool-versions", "flux2-sync 2.4.0\n", []),
    ("ansible-helm", "a.yml", ANSIBLE.format("bp-flux"), ["1 ansible-helm bp-flux 1.1.2"]),
    ("ansible-helm", "a.yml", ANSIBLE.format("bp-other"), []),
    ("helm-call", "a.ts", CALL.format("bp-flux"), ["1 helm-call bp-flux 1.1.2"]),
    ("helm-call", "a.ts", CALL.format("bp-other"), []),
    ("crossplane", "a.yaml", CROSSPLANE, ["5 crossplane bp-flux 1.1.2"]),
    ("crossplane", "a.yaml", CROSSPLANE.replace("bp-flux", "bp-other"), []),
    ("controller-image", "a.sh", IMAGE, ["1 controller-image source-controller 1.4.1"]),
    ("controller-image", "a.sh", f"# {IMAGE}", []),
    ("controller-url", "a.sh", CRDS, ["1 controller-url source-controller 1.4.1"]),
    ("controller-url", "a.sh", f"# {CRDS}", []),
    ("embedded-manifest", "a.tftpl", indent(release(), "  "), [
        "9 embedded-manifest bp-flux 1.1.2",
    ]),
    ("embedded-manifest", "a.tftpl", indent(release(chart="bp-other"), "  "), []),
    ("embedded-manifest", "a.yaml", release(), []),
    ("embedded-manifest", "a.md", release(), []),
    ("kustomize-override", "kustomization.yaml", PATCHED.format("bp-flux"), [
        "6 kustomize-override bp-flux 1.1.2",
    ]),
    ("kustomize-override", "kustomization.yaml", PATCHED.format("bp-other"), []),
    ("kustomize-remote", "a.sh", BASE, ["1 kustomize-remote flux 2.4.0"]),
    ("kustomize-remote", "a.sh", f"# {BASE}", []),
    ("schema-url", "a.sh", RAW, ["1 schema-url flux 2.4.0"]),
    ("schema-url", "a.sh", f"# {RAW}", []),
    ("flux-manifests", "a.yaml", MANIFESTS, ["2 flux-manifests flux 2.4.0"]),
    ("flux-manifests", "a.yaml", MANIFESTS.replace("flux-manifests", "podinfo"), []),
    (
        "flux-manifests", "a.yaml", MANIFESTS.replace("v2.4.0", f"v2.4.0@sha256:{'0' * 64}"),
        ["2 flux-manifests flux 2.4.0 [opaque]"],
    ),
    ("flux-instance", "a.yaml", INSTANCE, ["2 flux-instance flux 2.4.0"]),
    ("flux-instance", "a.yaml", INSTANCE.replace("FluxInstance", "FluxReport"), []),
    ("flux-operator", "a.sh", ARTIFACT, ["1 flux-operator flux-operator 0.20.0"]),
    ("flux-operator", "a.sh", f"# {ARTIFACT}", []),
    ("go-module", "go.mod", REQUIRE, ["1 go-module flux 2.4.0 [opaque]"]),
    ("go-module", "go.mod", f"// {REQUIRE}", []),
    ("custom", "a.env", "FLUX=v2.4.0\n", ["1 custom flux 2.4.0"]),
    ("custom", "a.env", "FLUX=~2\n", ["1 custom flux ~2 [range]"]),
    ("custom", "a.txt", "FLUX=v2.4.0\n", []),
    ("custom", "custom/a.yaml", "spec:\n  flux: 1.1.2\n", ["2 custom bp-flux 1.1.2"]),
    ("custom", "custom/a.yaml", "spec:\n  other: 1.1.2\n", []),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "text", "expected"), CONTRACT)
def test_kind(kind: str, path: str, text: str, expected: list[str]) -> None:
    found = list(KINDS[kind].find(TextFile(path, text), CONTEXT))
    pins = [one for one in found if isinstance(one, Pin)]
    assert brief(pins) == expected
    for pin in pins:
        check_pin(pin, kind, text)


def check_pin(pin: Pin, kind: str, text: str) -> None:
    assert pin.kind == kind
    known = {FLUX, FLUX2, OPERATOR, CHART.track, TOP.track}
    known |= {digests.track("hex"), digests.track("hex", "flux2.tgz")}
    assert pin.track in known or pin.kind in ("controller-image", "controller-url")
    if pin.form is Form.EXACT:
        assert text[pin.start : pin.end] == pin.value
        assert TextFile(pin.location.path, text).location(pin.start) == pin.location


@pytest.mark.parametrize(
    ("kind", "path", "text"),
    [
        (kind, path, text)
        for kind, path, text, expected in CONTRACT
        if expected and path != "set.sh"
    ],
)
def test_what_a_kind_finds_is_searched_for(kind: str, path: str, text: str) -> None:
    """A file that holds nothing else is a candidate; that of a variable is read for its user."""
    assert candidate_files.matters(CONTEXT)(path, text), kind


@pytest.mark.parametrize("name", KINDS)
def test_contract_covers_every_kind(name: str) -> None:
    assert name == KINDS[name].NAME
    outcomes = {bool(expected) for kind, _, _, expected in CONTRACT if kind == name}
    assert outcomes == {True, False}


@pytest.mark.parametrize("name", KINDS)
def test_kind_finds_only_pins_and_notes(name: str) -> None:
    for path, text in edge().files.items():
        for one in KINDS[name].find(TextFile(path, text), CONTEXT):
            assert isinstance(one, Pin | Note)
            assert one.location.path == path


def test_spans_of_exact_pins() -> None:
    exact = [pin for pin in edge().pins if pin.form is Form.EXACT]
    assert len(exact) > 90
    for pin in exact:
        text = edge().files[pin.location.path]
        assert text[pin.start : pin.end] == pin.value
        assert TextFile(pin.location.path, text).location(pin.start) == pin.location


# --- discovery --------------------------------------------------------------------------------


def test_a_configured_pin_does_not_double_a_known_one() -> None:
    custom = CustomPin("install.sh", "flux", pattern=r"v(?P<version>[\d.]+)/install")
    found = find(small(), custom=(custom,))
    assert [p.kind for p in found.pins if p.location.path == "install.sh"] == ["install-url"]


def test_a_mirror_of_the_community_is_a_repository_that_counts() -> None:
    files = small(chart=wrapper().replace(COMMUNITY, "https://mirror.example.org/flux"))
    assert not find(files).charts
    found = find(files, repositories=("https://mirror.example.org/flux/",))
    assert [chart.name for chart in found.charts] == ["bp-flux"]


@pytest.mark.parametrize("glob", ["clusters/*", "*.yaml", "clusters/a/flux.yaml", "*/flux.*"])
def test_excluded_paths_hold_no_pins(glob: str) -> None:
    assert not [p for p in find(small(), exclude=(glob,)).pins if p.kind == "helm-release"]


def test_dependencies_in_a_circle_end() -> None:
    files = {
        **small(),
        "a/Chart.yaml": umbrella(name="bp-a") + "  - {name: bp-b, version: 1.0.0}\n",
        "b/Chart.yaml": umbrella(name="bp-b").replace("name: bp-flux", "name: bp-a"),
    }
    assert {chart.name for chart in find(files).charts} == {"bp-flux", "bp-a", "bp-b"}


def test_binary_files_and_foreign_files_are_not_read() -> None:
    files: dict[str, str | bytes] = {**small(), "flux2.yaml": b"\0flux2 [\xff", "b.yaml": "a: [\n"}
    assert find(files).unreadable == ()


DISGUISED = {
    "infra/cloud-init.yaml": "runcmd:\n%{ if x ~}\n  - kubectl apply -f URL\n%{ endif }\n",
    "infra/jinja.yml": "runcmd:\n{% if x %}\n  - kubectl apply -f URL\n{% endif %}\n",
    "infra/mime.yaml": "Content-Type: multipart/mixed\n\n--b\nx: 1\n\n- apply -f URL\n--b--\n",
    "d/devcontainer.json": '{\n  // box\n  "a": "kubectl apply -f URL"\n}\n',
}


@pytest.mark.parametrize("path", DISGUISED)
def test_what_is_yaml_by_its_name_alone_is_read_like_a_script(path: str) -> None:
    found = find(small(**{path: DISGUISED[path].replace("URL", URL.format("2.4.0"))}))
    assert not found.unreadable
    assert [pin.value for pin in found.pins if pin.location.path == path] == ["2.4.0"]


def test_a_broken_document_hides_no_other() -> None:
    text = "%{ if x }\na: b\n- c\n%{ endif }\n---\n" + release()
    found = find(small(**{"m.yaml": text}))
    assert not found.unreadable
    assert [pin.kind for pin in found.pins if pin.location.path == "m.yaml"] == ["helm-release"]


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ("a: [\n# bp-flux\n", False),
        ("kind: HelmRelease\nname: bp-flux\na: [\n", True),
        ("a: [\nb: URL\n", True),
        ("{{ if x }}\nkind: HelmRelease\nchart: bp-flux\n", True),
        ("{{ if x }}\nkind: HelmRelease\n# chart: bp-flux\n", False),
    ],
)
def test_what_cannot_be_read_stops_if_it_may_hold_a_pin(text: str, stops: bool) -> None:
    found = find(small(**{"m.yaml": text.replace("URL", URL.format("2.4.0"))}))
    assert bool(found.unreadable) == stops


@pytest.mark.parametrize(
    "head", ["# license\n---\n", "---\n", "\ufeff# x\n\n--- # y\n", "%YAML 1.1\n---\n"]
)
def test_what_stands_before_a_chart(head: str) -> None:
    files = small(**{"u/Chart.yaml": head + umbrella()})
    files["chart/Chart.yaml"] = head + files["chart/Chart.yaml"]
    assert [chart.name for chart in find(files).charts] == ["bp-flux", "bp-bundle"]


@pytest.mark.parametrize(
    ("text", "form", "skip"),
    [
        ("2.4.0", "exact", 0), ("v2.4.0", "exact", 1), ("=2.4.0", "exact", 1),
        ("= v2.4.0", "exact", 3), ("2.4.0-rc.1+b", "exact", 0), ("2.4", "range", 0),
        ("02.4.0", "range", 0), ("^2.4.0", "range", 0), ("2.4.0 - 2.5.0", "range", 0),
        ("", "unpinned", 0), ("*", "unpinned", 0), ("latest", "unpinned", 0),
        (" x ", "unpinned", 0), ("v$V", "variable", 0),
        ("${V}", "variable", 0), ("{{ .V }}", "variable", 0), ("$V", "variable", 0),
        ("v$(cat V)", "variable", 0), ("2.4.${PATCH}", "variable", 0),
    ],
)  # fmt: skip
def test_form(text: str, form: str, skip: int) -> None:
    assert form_of(text) == (form, skip)


def test_find_pins_without_charts() -> None:
    text = f"kubectl apply -f {URL.format('2.4.0')}\n"
    assert brief(find_pins([TextFile("a.sh", text)], Context()).pins) == [
        "1 install-url flux 2.4.0"
    ]
