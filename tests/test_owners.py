"""Which HelmReleases own the Flux controllers: by name, by reference, by path."""

from __future__ import annotations

import pytest

from fluxbump.discover.objects.owners import Owner, owners
from tests.helpers import find, release, small

HR = "clusters/a/flux.yaml"


def found(files: dict[str, str]) -> list[Owner]:
    return list(owners(find(files)))


def brief(files: dict[str, str]) -> list[str]:
    """Write owners as `place of the object: subject, value and place of the pin`."""
    return [
        f"{one.document.at(one.node)}: {one.subject}, {one.pin.value} {one.pin.location}"
        for one in found(files)
    ]


def oci(name: str, chart: str, namespace: str | None = None, kind: str = "OCIRepository") -> str:
    place = f", namespace: {namespace}" if namespace else ""
    return (
        f"apiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\n"
        f"metadata: {{name: {name}{place}}}\nspec:\n  url: oci://r.example.org/charts/{chart}\n"
        "  ref: {tag: 1.1.2}\n"
    )


def following(
    name: str, namespace: str | None = None, there: str | None = None, kind: str = "OCIRepository"
) -> str:
    place = f", namespace: {namespace}" if namespace else ""
    to = f", namespace: {there}" if there else ""
    return (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        f"metadata: {{name: app{place}}}\nspec:\n"
        f"  chartRef: {{kind: {kind}, name: {name}{to}}}\n"
    )


def by_path(path: str, kind: str = "GitRepository") -> str:
    return release(chart=path).replace("version: 1.1.2", f"sourceRef: {{kind: {kind}, name: m}}")


# --- by reference -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("namespace", "there", "source", "owns"),
    [
        ("flux-system", None, "flux-system", True),
        ("other", None, "flux-system", False),
        ("other", "flux-system", "flux-system", True),
        ("flux-system", "other", "flux-system", False),
        (None, None, "flux-system", True),
        (None, "other", "flux-system", False),
        ("other", None, None, True),
        (None, None, None, True),
    ],
)
def test_a_reference_has_a_namespace(
    namespace: str | None, there: str | None, source: str | None, owns: bool
) -> None:
    files = small(release=oci("chart", "bp-flux", source))
    files["clusters/a/app.yaml"] = following("chart", namespace, there)
    expected = [f"clusters/a/app.yaml:1: HelmRelease app, 1.1.2 {HR}:6"]
    assert brief(files) == (expected if owns else [])


@pytest.mark.parametrize("reference", [("HelmChart", "chart"), ("OCIRepository", "chart-2")])
def test_a_reference_has_a_kind_and_a_name(reference: tuple[str, str]) -> None:
    kind, name = reference
    files = small(release=oci("chart", "bp-flux"))
    files["clusters/a/app.yaml"] = following(name, kind=kind)
    assert brief(files) == []


def test_a_source_of_another_chart_with_that_name_is_followed_instead() -> None:
    files = small(release=oci("chart", "bp-flux", "flux-system"))
    files["clusters/a/apps/source.yaml"] = oci("chart", "podinfo")
    files["clusters/a/apps/app.yaml"] = following("chart")
    assert brief(files) == []
    both = oci("chart", "bp-flux", "flux-system") + "---\n" + oci("chart", "podinfo", "other")
    assert brief({**small(release=both), "clusters/a/app.yaml": following("chart", "other")}) == []


def test_each_cluster_follows_its_own_source() -> None:
    files = small(release=oci("chart", "bp-flux", "flux-system"))
    files["clusters/b/source.yaml"] = oci("chart", "bp-flux", "flux-system").replace(
        "1.1.2", "1.1.1"
    )
    files["clusters/a/sub/app.yaml"] = following("chart", "flux-system")
    files["clusters/b/app.yaml"] = following("chart", "flux-system")
    files["elsewhere/app.yaml"] = following("chart", "flux-system")
    assert brief(files) == [
        f"clusters/a/sub/app.yaml:1: HelmRelease app, 1.1.2 {HR}:6",
        "clusters/b/app.yaml:1: HelmRelease app, 1.1.1 clusters/b/source.yaml:6",
        f"elsewhere/app.yaml:1: HelmRelease app, 1.1.2 {HR}:6",
    ]


def test_a_helm_chart_is_followed() -> None:
    chart = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: {name: chart}\n"
        "spec: {chart: bp-flux, version: 1.1.2, sourceRef: {kind: HelmRepository, name: r}}\n"
    )
    files = {**small(release=chart), "app.yaml": following("chart", kind="HelmChart")}
    assert brief(files) == [f"app.yaml:1: HelmRelease app, 1.1.2 {HR}:4"]
    files[HR] = chart.replace("bp-flux", "./chart").replace("HelmRepository", "Bucket")
    assert brief(files) == ["app.yaml:1: HelmRelease app, 1.1.2 chart/Chart.yaml:3"]
    files[HR] = chart.replace("bp-flux", "./other").replace("HelmRepository", "Bucket")
    assert brief(files) == []


# --- by path ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GitRepository", "Bucket"])
@pytest.mark.parametrize("path", ["chart", "./chart", "/chart/", "./x/../chart", "&c chart/."])
def test_the_chart_at_a_path_is_owned_and_has_no_version(kind: str, path: str) -> None:
    files = small(release=by_path(path, kind))
    assert brief(files) == [f"{HR}:1: HelmRelease flux, 1.1.2 chart/Chart.yaml:3"]
    assert [pin for pin in find(files).pins if pin.location.path == HR] == []


@pytest.mark.parametrize("path", ["bp-flux", "./charts", "chart/sub", ".", "../chart/x"])
def test_another_path_is_another_chart(path: str) -> None:
    assert brief(small(release=by_path(path))) == []


def test_a_path_in_a_helm_repository_is_a_name() -> None:
    assert brief(small(release=by_path("./chart", "HelmRepository"))) == []


def test_a_chart_at_the_root() -> None:
    files = small(release=by_path("./"))
    files["Chart.yaml"] = files.pop("chart/Chart.yaml")
    assert brief(files) == [f"{HR}:1: HelmRelease flux, 1.1.2 Chart.yaml:3"]


# --- by name ----------------------------------------------------------------------------------


def test_an_object_is_told_from_others_of_its_file() -> None:
    files = small(release=release(chart="podinfo") + "---\n" + release())
    files[HR] = files[HR].replace("      version: 1.1.2\n", "")
    assert brief(files) == [f"{HR}:10: HelmRelease flux,  {HR}:17"]


def test_a_version_that_stands_elsewhere_in_the_document() -> None:
    files = small(release="x: &v 1.1.2\n" + release("*v"))
    assert brief(files) == [f"{HR}:1: HelmRelease flux, 1.1.2 {HR}:1"]
