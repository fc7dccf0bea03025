"""Readers of an own chart's version, in whatever object they stand."""

from __future__ import annotations

import pytest

from tests.helpers import brief, find, small, umbrella

ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: flux}
spec:
  source:
    chart: bp-flux
    targetRevision: 1.1.2
    repoURL: registry.example.org/b
"""
OPERATOR = """\
kind: Addon
spec:
  chartSpec:
    chart: bp-flux
    version: "1.1.2"
    repository: oci://registry.example.org/b
"""
CROSSPLANE = """\
kind: Release
spec:
  forProvider:
    chart:
      repository: oci://registry.example.org/b
      name: bp-flux
      version: 1.1.2
"""
VALUES = "bpFlux: {chart: bp-flux, version: 1.1.2}\n"
BY_PATH = """\
kind: HelmRelease
metadata: {name: x}
spec:
  chart:
    spec:
      chart: other
      sourceRef: {kind: GitRepository, name: bp-flux}
  values:
    flux: {chart: bp-flux, version: v1.1.2}
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ARGO, ["7 chart-reader bp-flux 1.1.2"]),
        (OPERATOR, ["5 chart-reader bp-flux 1.1.2"]),
        (CROSSPLANE, ["7 chart-reader bp-flux 1.1.2"]),
        (VALUES, ["1 chart-reader bp-flux 1.1.2"]),
        (BY_PATH, ["9 chart-reader bp-flux 1.1.2"]),
        ('{"chart": "bp-flux", "version": "1.1.2"}\n', ["1 chart-reader bp-flux 1.1.2"]),
        (VALUES.replace("1.1.2", "^1.1"), ["1 chart-reader bp-flux ^1.1 [range]"]),
        (VALUES.replace("bp-flux", "bp-other"), []),
        (VALUES.replace("bp-flux", "bp-flux-addons"), []),
        ("flux: {chart: flux2, version: 2.14.1}\n", []),
        ("a: {chart: bp-flux}\nb: {version: 1.1.2}\n", []),
        (f"# {VALUES}", []),
    ],
)
def test_what_is_a_reader(text: str, found: list[str]) -> None:
    files = small(**{"apps/x.yaml": text, "u/Chart.yaml": umbrella()})
    pins = [one for one in find(files).pins if one.location.path == "apps/x.yaml"]
    assert brief(pins) == found


@pytest.mark.parametrize(
    "repository",
    ["https://charts.example.com/stable", "https://fluxcd-community.github.io/helm-charts"],
)
def test_a_chart_of_somebody_else_is_left_alone(repository: str) -> None:
    text = OPERATOR.replace("oci://registry.example.org/b", repository)
    inventory = find(small(**{"x.yaml": text, "u/Chart.yaml": umbrella()}))
    assert not any(pin.location.path == "x.yaml" for pin in inventory.pins)
    (note,) = inventory.notes
    assert str(note.location) == "x.yaml:5"
    assert (
        f"a version of bp-flux from {repository}, but bp-flux comes from elsewhere" in note.message
    )


def test_what_another_kind_reads_is_that_kinds() -> None:
    release = small()["clusters/a/flux.yaml"]
    k3s = "kind: HelmChart\nmetadata: {name: x}\nspec:\n  chart: bp-flux\n  version: 1.1.2\n"
    inventory = find(small(**{"b.yaml": release, "c.yaml": k3s}))
    assert {pin.kind for pin in inventory.pins if pin.location.path in ("b.yaml", "c.yaml")} == {
        "helm-release"
    }


def test_the_name_of_the_source_makes_no_reader() -> None:
    git = BY_PATH.replace("chart: other", "chart: bp-flux\n      version: 9.9.9")
    inventory = find(small(**{"x.yaml": git}))
    assert "chart-reader bp-flux 9.9.9" not in " ".join(brief(inventory.pins))
