"""However YAML spells a chart's name or version, the pin is found; and what cannot be rewritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.model import Inventory
from fluxbump.text.live_code import TextFile
from tests.helpers import (
    Cli,
    Repo,
    assert_refused,
    brief,
    find,
    release,
    repository,
    small,
    wrapper,
)
from tests.test_pins import CONTEXT

HEAD = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: {}\n"
HR = HEAD + "spec:\n  chart:\n    spec:\n      chart: {}\n      version: {}\n"
OCI = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {{name: x}}\n"
    "spec:\n  url: {}\n  ref: {}\n"
)
PATH = "clusters/a/flux.yaml"


def found(text: str, path: str = PATH) -> list[str]:
    inventory = find({**small(), path: text})
    return brief(pin for pin in inventory.pins if pin.location.path == path)


def notes(inventory: Inventory, path: str = PATH) -> list[str]:
    return [note.said for note in inventory.notes if note.location.path == path]


NAMES = {
    "an anchor": ("x", "&chart bp-flux", 9),
    "an alias": ("&app bp-flux", "*app", 9),
    "a tag": ("x", "!!str bp-flux", 9),
    "a comment before it": ("x", "# why\n        bp-flux", 10),
    "a folded scalar": ("x", ">-\n        bp-flux", 10),
    "a literal scalar": ("x", "|\n        bp-flux", 10),
    "the next line": ("x", "\n        bp-flux", 10),
    "an escape": ("x", r'"bp\u002dflux"', 9),
    "a short escape": ("x", r'"bp\x2Dflux"', 9),
    "a long escape": ("x", r'"\U00000062p-flux"', 9),
    "single quotes": ("x", "'bp-flux'", 9),
    "a comment behind it": ("x", "bp-flux # the platform's", 9),
}


@pytest.mark.parametrize("how", NAMES)
def test_a_chart_is_found_however_its_name_is_spelled(how: str) -> None:
    name, chart, line = NAMES[how]
    assert found(HR.format(name, chart, "1.1.2")) == [f"{line} helm-release bp-flux 1.1.2"]


def test_a_name_that_an_escaped_line_break_parts() -> None:
    text = HR.format("bp-flux", '"bp-\\\n        flux"', "1.1.2")
    assert found(text) == ["10 helm-release bp-flux 1.1.2"]


STYLES = {
    "flow": (
        ("{kind: HelmRelease, metadata: {name: x}, spec: {chart: {spec: {chart: bp-flux, "
        "version: 1.1.2}}}}\n"),
        1,
    ),
    "JSON": (
        ('{"kind": "HelmRelease", "spec": {"chart": {"spec": {"version": "1.1.2",\n'
        ' "chart":"bp-flux"}}}}\n'),
        1,
    ),
    "an explicit key": (HR.format("x", "bp-flux", "1.1.2").replace(
        "      chart: bp-flux", "      ? chart\n      : bp-flux"), 10),
    "a quoted key": (HR.format("x", "bp-flux", "1.1.2").replace(" chart: b", " 'chart' : b"), 9),
    "an escaped key": (HR.format("x", "bp-flux", "1.1.2").replace(
        " chart: b", ' "ch\\x61rt": b'), 9),
    "an escaped kind": (HR.format("x", "bp-flux", "1.1.2").replace(
        "HelmRelease", '"Helm\\u0052elease"'), 9),
    "a name that others depend on": (
        HR.format("x", "bp-flux", "1.1.2") + "  dependsOn:\n    - name: bp-flux\n", 9),
    "a merge of both": (
        ("x-flux: &flux\n  chart: bp-flux\n  version: 1.1.2\nkind: HelmRelease\n"
        "spec: {chart: {spec: {<<: *flux, interval: 1h}}}\n"), 3),
    "a merge of two": (
        ("x: [&a {chart: bp-flux, version: 1.1.2}, &b {chart: other}]\nkind: HelmRelease\n"
        "spec: {chart: {spec: {<<: [*a, *b]}}}\n"), 1),
}  # fmt: skip


@pytest.mark.parametrize("how", STYLES)
def test_a_chart_is_found_in_every_style(how: str) -> None:
    text, line = STYLES[how]
    assert found(text) == [f"{line} helm-release bp-flux 1.1.2"]


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("&u oci://r.example.org/charts/bp-flux", 6),
        (">-\n    oci://r.example.org/charts/bp-flux", 7),
        (r'"oci:\/\/r.example.org\/charts\/bp-flux/"', 6),
        (r'"oci://r.example.org/charts/bp\u002dflux"', 6),
    ],
)
def test_a_source_is_found_however_its_url_is_spelled(url: str, line: int) -> None:
    assert found(OCI.format(url, "{tag: 1.1.2}")) == [f"{line} helm-release bp-flux 1.1.2"]


@pytest.mark.parametrize(
    "version",
    ["&v 1.1.2", "!!str 1.1.2", ">-\n        1.1.2", "|\n        v1.1.2", r'"1.1\u002e2"'],
)
def test_a_version_without_a_plain_span_cannot_be_rewritten(version: str) -> None:
    (pin,) = found(HR.format("x", "*chart", version).replace("x\n", "&chart bp-flux\n", 1))
    assert pin.split(" ", 1)[1] == "helm-release bp-flux 1.1.2 [opaque]"


VERSIONS = {
    "an alias": "x: &v 1.1.2\n" + HR.format("x", "bp-flux", "*v"),
    "a merge that others change": (
        "x: &base\n  version: 1.1.2\nkind: HelmRelease\n"
        "spec: {chart: {spec: {<<: *base, chart: bp-flux}}}\n"
    ),
    "a merge under another chart": (
        "x: &flux\n  chart: bp-flux\n  version: 1.1.2\ny: {<<: *flux, chart: podinfo}\n"
        "kind: HelmRelease\nspec: {chart: {spec: *flux}}\n"
    ),
}


@pytest.mark.parametrize("how", VERSIONS)
def test_a_version_that_others_may_share_cannot_be_rewritten(how: str) -> None:
    (pin,) = found(VERSIONS[how])
    assert pin.split(" ", 1)[1] == "helm-release bp-flux 1.1.2 [opaque]"


def test_a_range_behind_an_anchor_is_still_a_range() -> None:
    assert found(HR.format("x", "bp-flux", "&v ^1.1")) == ["9 helm-release bp-flux ^1.1 [range]"]


def test_what_only_depends_on_flux_is_not_parsed() -> None:
    other = HR.format("podinfo", "podinfo", "1.0.0")
    for more in (
        "  dependsOn:\n    - name: bp-flux\n", "  # bp-flux comes first\n",
        "  dependsOn:\n    - name: 'bp-flux'  \n      namespace: x\n",
    ):  # fmt: skip
        file = TextFile(PATH, "# after bp-flux\n" + other + more + "  values: {a: [\n")
        assert list(file.objects({"HelmRelease"}, CONTEXT.is_installed_in)) == []
        assert not any(document.problem for document in file.documents)


@pytest.mark.parametrize(
    "text",
    [
        '{kind: HelmRelease, a: "x\n  # y", chart: bp-flux}\n',
        "kind: HelmRelease\na:\n- name: &a bp-flux\nchart: *a\n",
        "kind: HelmRelease\na:\n- name: bp-flux\nchart: bp-flux\n",
        "kind: HelmRelease\nmetadata:\n  name: bp-flux\n",
        "# bp-flux\nkind: HelmRelease\nmetadata: {name: bp-flux}\n",
    ],
)
def test_what_may_name_the_chart_is_parsed(text: str) -> None:
    assert list(TextFile(PATH, text).objects({"HelmRelease"}, CONTEXT.is_installed_in))


@pytest.mark.parametrize(
    "name", ["&n bp-flux", r'"bp\u002dflux"', ">-\n    bp-flux", "|\n    bp-flux"]
)
def test_a_blueprint_is_found_however_its_name_is_spelled(name: str) -> None:
    text = f"kind: Blueprint\nmetadata:\n  name: {name}\nspec:\n  version: 1.1.2\n"
    (pin,) = found(text)
    assert pin.split(" ", 1)[1] == "blueprint bp-flux 1.1.2"


@pytest.mark.parametrize("name", ["&n flux2", r'"flux\u0032"', "!!str flux2", ">-\n      flux2"])
def test_a_dependency_is_found_however_its_name_is_spelled(name: str) -> None:
    files = small(chart=wrapper().replace("name: flux2", f"name: {name}"))
    pins = [pin for pin in find(files).pins if pin.kind == "chart-dependency"]
    assert [(str(pin.track), pin.value) for pin in pins] == [("flux2", "2.14.1")]


@pytest.mark.parametrize("name", ["&n flux2", r'"flux\x32"', "!!str flux2", "# why\n    flux2"])
def test_a_mirror_is_found_however_its_name_is_spelled(name: str) -> None:
    files = small(values=f"upstream:\n  chart: {name}\n  version: 2.14.1\n")
    pins = [pin for pin in find(files).pins if pin.kind == "values-mirror"]
    assert [(str(pin.track), pin.value) for pin in pins] == [("flux2", "2.14.1")]


# --- what comes of it -------------------------------------------------------------------------


def test_an_aliased_name_moves_and_an_aliased_version_stops_the_bump(repo: Repo, cli: Cli) -> None:
    repo.commit({PATH: HR.format("&app bp-flux", "*app", "1.1.2")})
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.changed("fluxbump/flux-2.5.1")[PATH] == (1, 1)
    repo.commit({PATH: "x: &v 1.1.2\n" + HR.format("x", "bp-flux", "*v")})
    assert_refused(cli("to", "2.5.1", "--force", cwd=repo), 5, "must become 1.1.3", "an anchor")


# --- sources and their filters ----------------------------------------------------------------


def test_a_semver_filter_is_named_and_no_claim_is_made() -> None:
    ref = "{semver: '>=1.1.0', semverFilter: '.*-alpine', tag: 1.1.2}"
    inventory = find({**small(), PATH: OCI.format("oci://r.example.org/bp-flux", ref)})
    (pin,) = [pin for pin in inventory.pins if pin.location.path == PATH]
    assert (pin.form, pin.value) == ("range", ">=1.1.0")
    assert pin.subject == "OCIRepository x (semverFilter .*-alpine)"
    (note,) = notes(inventory)
    assert ".*-alpine" in note
    assert "Check that" in note


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("{tag: 1.1.2, semver: 1.1.x}", "1.1.x [range]"),
        ("{tag: 1.1.2, semver: ''}", "1.1.2"),
        ("{tag: 1.1.2, semver: null, digest: ~}", "1.1.2"),
        ("{tag: 1.1.2, semver: 1.1.x, digest: 'sha256:ab'}", "1.1.2 [opaque]"),
        ("{tag: 1.1.2, semverFilter: x}", "1.1.2"),
        ("{}", " [unpinned]"),
    ],
)
def test_which_reference_counts(ref: str, expected: str) -> None:
    (pin,) = found(OCI.format("oci://r.example.org/bp-flux", ref))
    assert pin.split(" ", 3)[3] == expected


@pytest.mark.parametrize("kind", ["GitRepository", "Bucket"])
@pytest.mark.parametrize("chart", ["bp-flux", "./chart", "flux2"])
def test_a_chart_by_path_has_no_version(kind: str, chart: str) -> None:
    text = release(chart=chart) + f"      sourceRef: {{kind: {kind}, name: mono}}\n"
    assert found(text) == []
    helm_chart = (
        f"kind: HelmChart\nmetadata: {{name: x}}\nspec:\n  chart: {chart}\n  version: 1.1.2\n"
        f"  sourceRef: {{kind: {kind}, name: mono}}\n"
    )
    assert found(helm_chart) == []


@pytest.fixture
def repo(tmp_path: Path, index: Path) -> Repo:
    return repository(tmp_path / "repo", small(), index)
