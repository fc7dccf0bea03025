"""Which controllers a place installs, and that nothing is said of CRDs of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.installs import gotk
from fluxbump.check.evidence_parts import Baseline
from fluxbump.check.rules.crds.existing_clusters import UPGRADE
from fluxbump.check.rules.rule import Evidence
from fluxbump.discover import installed_components
from fluxbump.flux import components
from fluxbump.flux.components import DEFAULT
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.flux.tables import crds, images
from fluxbump.model import Finding, Severity
from tests.helpers import Cli, chart_index, find, release, repository, script

IMAGES = ("image-reflector-controller", "image-automation-controller")
EVERY = gotk.Options(components=(*gotk.Options().components, *IMAGES))
INSTANCE = (
    "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux}\n"
    'spec:\n  distribution: {version: "2.6.4"}\n'
)
BOOTSTRAP = "flux bootstrap github --version=v2.6.4 --path=clusters/a"
TERRAFORM = 'resource "flux_bootstrap_git" "this" {{\n  version = "2.6.4"\n{}}}\n'
POLICY = (
    "apiVersion: image.toolkit.fluxcd.io/v1beta2\nkind: ImagePolicy\nmetadata: {name: app}\n"
    "spec: {imageRepositoryRef: {name: app}, policy: {semver: {range: 1.x}}}\n"
)
GOTK = "clusters/a/flux-system/gotk-components.yaml"
PLACES = {
    "a manifest of flux bootstrap": ({GOTK: gotk.components("2.6.4")}, DEFAULT),
    "all components": ({GOTK: gotk.components("2.6.4", EVERY)}, DEFAULT | {*IMAGES}),
    "an instance that lists nothing": ({"f.yaml": INSTANCE}, DEFAULT),
    "an instance with a list": (
        {"f.yaml": f"{INSTANCE}  components: [source-controller, helm-controller]\n"},
        {"source-controller", "helm-controller"},
    ),
    "a command": ({"up.sh": f"{BOOTSTRAP}\n"}, DEFAULT),
    "a command with more": (
        {"up.sh": f"{BOOTSTRAP} --components-extra {','.join(IMAGES)}\n"}, DEFAULT | {*IMAGES},
    ),
    "a command with fewer": (
        {"up.sh": "flux install --components=source-controller \\\n  --version v2.6.4\n"},
        {"source-controller"},
    ),
    "a command with a variable": (
        {"up.sh": f"{BOOTSTRAP} --components-extra=$EXTRA\n"}, None,
    ),
    "the provider of Terraform": ({"main.tf": TERRAFORM.format("")}, DEFAULT),
    "the provider with more": (
        {"main.tf": TERRAFORM.format(f'  components_extra = ["{IMAGES[0]}"]\n')},
        DEFAULT | {IMAGES[0]},
    ),
    "the provider with a variable": (
        {"main.tf": TERRAFORM.format("  components_extra = var.extra\n")}, None,
    ),
    "an install URL, which has all": ({"up.sh": script("2.6.4")}, None),
    "the chart, whose values say": ({"f.yaml": release("2.16.4", chart="flux2")}, None),
    "one place that says it, and one that does not": (
        {GOTK: gotk.components("2.6.4"), "up.sh": script("2.6.4")}, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_components(name: str) -> None:
    files, expected = PLACES[name]
    assert installed_components.everywhere(find(files)) == expected


def test_each_crd_of_a_release_has_its_controller() -> None:
    for name, defined in crds.crds().items():
        controllers = {components.defines(crd) for crd in defined}
        assert "" not in controllers, name
        assert controllers <= {*images.controllers(name)} | {"source-watcher"}


def errors(base: dict[str, str], after: dict[str, str]) -> list[str]:
    known = KnownReleases(crds.crds())
    index = {str(each.version): each for each in chart_index().releases}
    about = Evidence(find(after), index=index, baseline=Baseline(find(base)), releases=known)
    return [
        finding.message
        for finding in UPGRADE.judge(about)
        if isinstance(finding, Finding) and finding.severity is Severity.ERROR
    ]


def test_what_is_not_installed_refuses_nothing() -> None:
    """Of 2.6.4 only kinds of the image controllers stand between a new cluster and 2.9.4."""
    old, new = ({GOTK: gotk.components(version)} for version in ("2.6.4", "2.9.4"))
    assert errors(old, new) == []
    old, new = ({GOTK: gotk.components(version, EVERY)} for version in ("2.6.4", "2.9.4"))
    (message,) = errors(old, new)
    assert "image.toolkit.fluxcd.io stores v1beta2" in message
    old, new = ({"up.sh": script(version)} for version in ("2.6.4", "2.9.4"))
    (message,) = errors(old, new)
    assert "image.toolkit.fluxcd.io stores v1beta2" in message


def test_the_route_has_no_kind_that_is_not_installed(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {GOTK: gotk.components("2.6.4")}, index)
    told = cli("path", "2.9.4", cwd=repo)
    assert told.code == 0
    assert "Image" not in told.out
    assert "HelmRelease v2beta1 and v2beta2" in told.out
    repo.commit({"apps/policy.yaml": POLICY})
    told = cli("path", "2.9.4", cwd=repo)
    assert "ImagePolicy v1beta2 (certain)" in told.out
