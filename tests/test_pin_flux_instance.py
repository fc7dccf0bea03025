"""What flux-operator installs, and manifests of a release as an artifact."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import flux_instance, flux_manifests
from fluxbump.model import Pin, Role
from fluxbump.text.live_code import TextFile
from tests.helpers import (
    Cli,
    Repo,
    assert_refused,
    brief,
    chart_index,
    find,
    repository,
    script,
    snapshot,
)

INSTANCE = (
    "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {{name: flux}}\n"
    "spec:\n  distribution:\n    version: {}\n"
)
VALUES = "{}instance:\n  distribution:\n    version: 2.4.0\n"
MANIFESTS = (
    "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: OCIRepository\nmetadata: {{name: m}}\n"
    "spec:\n  url: {}\n  ref: {}\n"
)
OFFICIAL = "oci://ghcr.io/fluxcd/flux-manifests"


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ("2.4.0", ["6 flux-instance flux 2.4.0"]),
        ("'v2.4.0'", ["6 flux-instance flux 2.4.0"]),
        ('"2.x"', ["6 flux-instance flux 2.x [range]"]),
        ("${FLUX_VERSION}", ["6 flux-instance flux ${FLUX_VERSION} [variable]"]),
    ],
)
def test_an_instance(held: str, expected: list[str]) -> None:
    found = flux_instance.find(TextFile("i.yaml", INSTANCE.format(held)), Context())
    assert brief(one for one in found if isinstance(one, Pin)) == expected


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("values.yaml", VALUES.format("# flux-instance\n"), 1),
        ("apps/flux-instance/helm/values.yaml", VALUES.format(""), 1),
        ("values.yaml", VALUES.format(""), 0),
        ("a.sh", "helm install x flux-instance --set instance.distribution.version=2.4.0\n", 1),
        ("a.sh", "# flux-instance --set instance.distribution.version=2.4.0\n", 0),
        ("a.md", "flux-instance --set instance.distribution.version=2.4.0\n", 0),
    ],
)
def test_values_count_where_they_are_the_operators(path: str, text: str, count: int) -> None:
    assert len(list(flux_instance.find(TextFile(path, text), Context()))) == count


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("apps/flux-operator/instance/helm-values.yaml", 1),
        ("apps/flux-instance/values.yml", 1),
        ("apps/flux-operator/instance/values.md", 0),
        ("apps/other/instance/helm-values.yaml", 0),
    ],
)
def test_values_that_name_nothing_are_found_by_their_folder(path: str, count: int) -> None:
    assert len(find({path: VALUES.format("")}).pins) == count


def test_what_only_names_an_instance_is_no_pin() -> None:
    text = "kind: ResourceSet\nspec:\n  dependsOn:\n    - {kind: FluxInstance, name: flux}\n"
    assert find({"r.yaml": text}).pins == ()


def test_a_file_that_cannot_be_read_stops_the_bump(repo: Repo, cli: Cli) -> None:
    broken = INSTANCE.format("2.4.0").replace("{name: flux}", "{name: [flux}")
    repo.commit({"flux/instance.yaml": broken})
    assert_refused(cli("to", "2.5.1", cwd=repo), 5, "flux/instance.yaml:3", "cannot be read")


def test_a_patch_of_the_instance_is_a_pin() -> None:
    text = (
        "kind: Kustomization\npatches:\n  - target: {kind: FluxInstance}\n    patch: |\n"
        "      - op: replace\n        path: /spec/distribution/version\n        value: 2.4.0\n"
    )
    assert brief(find({"kustomization.yaml": text}).pins) == ["7 kustomize-override flux 2.4.0"]


SUBSTITUTE = (
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: flux}\n"
    "spec:\n  path: ./flux\n  postBuild:\n    substitute:\n      FLUX_VERSION: 2.4.0\n"
)


def test_what_flux_puts_in_for_a_variable_is_a_pin() -> None:
    files = {"flux/i.yaml": INSTANCE.format("${FLUX_VERSION}"), "ks.yaml": SUBSTITUTE}
    held = [pin for pin in find(files).pins if pin.form == "exact"]
    assert [(pin.location.path, brief([pin])) for pin in held] == [
        ("ks.yaml", ["8 kustomize-override flux 2.4.0"])
    ]


@pytest.mark.parametrize(
    ("url", "reference", "expected"),
    [
        (OFFICIAL, "{tag: v2.4.0}", ["6 flux-manifests flux 2.4.0"]),
        ("oci://r.example.org/mirror/flux-manifests", "{tag: v2.4.0}", None),
        (OFFICIAL, "{semver: 2.x}", ["6 flux-manifests flux 2.x [range]"]),
        (
            OFFICIAL,
            "{tag: v2.4.0, digest: 'sha256:aa'}",
            ["6 flux-manifests flux 2.4.0 [opaque]"],
        ),
        (OFFICIAL, "{tag: latest}", ["6 flux-manifests flux latest [unpinned]"]),
        ("oci://ghcr.io/stefanprodan/podinfo", "{tag: v2.4.0}", []),
    ],
)
def test_an_artifact(url: str, reference: str, expected: list[str] | None) -> None:
    found = flux_manifests.find(TextFile("m.yaml", MANIFESTS.format(url, reference)), Context())
    held = ["6 flux-manifests flux 2.4.0"] if expected is None else expected
    assert brief(one for one in found if isinstance(one, Pin)) == held


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("images: [ghcr.io/fluxcd/flux-manifests:v2.4.0]\n", ["1 flux-manifests flux 2.4.0"]),
        ("images: [ghcr.io/fluxcd/flux-manifests:latest]\n", []),
        ("# ghcr.io/fluxcd/flux-manifests:v2.4.0\n", []),
        ("V: 2.4.0\nurl: oci://ghcr.io/fluxcd/flux-manifests:v${V}\n", ["1 variable flux 2.4.0"]),
        (
            f"images: [ghcr.io/fluxcd/flux-manifests:v2.4.0@sha256:{'ab' * 32}]\n",
            ["1 flux-manifests flux 2.4.0 [opaque]"],
        ),
    ],
)
def test_a_reference_with_a_tag(text: str, expected: list[str]) -> None:
    assert brief(find({"a.yaml": text}).pins) == expected


def test_the_default_of_a_variable_moves_and_what_substitutes_it_too(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    """The text of the tag holds the default, so the place that stays looks different afterwards."""
    files = {
        "m.yaml": MANIFESTS.format(OFFICIAL, "{tag: '${FLUX:=v2.4.0}'}"),
        "ks.yaml": "kind: Kustomization\nspec: {postBuild: {substitute: {FLUX: v2.4.0}}}\n",
    }
    repo = repository(tmp_path / "repo", files, index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    for path, text in files.items():
        assert repo.show("fluxbump/flux-2.5.1", path) == text.replace("v2.4.0", "v2.5.1")


def messages(files: dict[str, str]) -> list[str]:
    verdict = judge(examine(snapshot(files), Settings(), chart_index()), ("FB102",))
    return [f"{one.location}: {one.message}" for one in verdict.findings]


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ("2.4.0", ["i.yaml:6: FluxInstance flux holds 2.4.0, but b.sh:2 holds 2.5.1"]),
        (
            "2.4.x",
            ["i.yaml:6: FluxInstance flux holds the range 2.4.x, which excludes 2.5.1 (b.sh:2)"],
        ),
        ("2.x", []),
        ("2.5.1", []),
    ],
)
def test_it_agrees_with_what_else_installs(held: str, expected: list[str]) -> None:
    assert messages({"b.sh": script("2.5.1"), "i.yaml": INSTANCE.format(held)}) == expected


@pytest.mark.parametrize("held", ["2.4.x", "2.4.0"])
@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("clusters/blue-staging", "clusters/staging", 0),
        ("clusters/prod-eu", "clusters/prod-us", 0),
        ("fleet/clusters/prod-eu/apps", "fleet/clusters/prod-us", 0),
        ("clusters/prod", "clusters/prod/flux", 1),
        ("clusters/prod-eu", "infra/prod", 1),
        ("a/clusters/prod-eu", "b/clusters/prod-us", 1),
    ],
)
def test_two_clusters_side_by_side_may_differ(one: str, other: str, said: int, held: str) -> None:
    files = {f"{one}/i.yaml": INSTANCE.format(held), f"{other}/b.sh": script("2.5.1")}
    assert len(messages(files)) == said


def test_a_manifest_is_judged_by_the_instance_of_its_cluster(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    """OCIRepository v1 exists from Flux 2.6 on, and v1beta2 up to 2.7."""
    files = {
        "clusters/prod/flux.yaml": INSTANCE.format("2.4.0"),
        "clusters/prod/old.yaml": V1BETA2,
        "clusters/dev/flux.yaml": INSTANCE.format("2.8.5"),
        "clusters/dev/new.yaml": V1,
    }
    repo = repository(tmp_path / "repo", files, index)
    assert cli("check", cwd=repo).code == 0
    repo.commit({"clusters/prod/old.yaml": V1})
    result = cli("check", "--base", "HEAD", cwd=repo)
    assert result.code == 1
    assert "clusters/prod/old.yaml:1:13  FB203 error" in result.out


def test_a_range_that_excludes_the_target_stops_the_bump(repo: Repo, cli: Cli) -> None:
    repo.commit({"i.yaml": INSTANCE.format("~2.4.0")})
    result = cli("to", "2.5.1", cwd=repo)
    assert_refused(result, 5, "i.yaml:6", "the range ~2.4.0, which excludes 2.5.1")


V1, V1BETA2, V1BETA1 = (
    f"apiVersion: source.toolkit.fluxcd.io/{version}\nkind: OCIRepository\nmetadata: {{name: a}}\n"
    for version in ("v1", "v1beta2", "v1beta1")
)


@pytest.mark.parametrize(
    ("manifest", "refused"),
    [(V1, []), (V1BETA2, []), (V1BETA1.replace("v1beta1", "v1alpha1"), ["FB203"])],
)
def test_instances_of_several_lines_are_of_several_clusters(
    manifest: str, refused: list[str], tmp_path: Path, index: Path, cli: Cli
) -> None:
    """OCIRepository is at v1beta2 up to 2.7, and at v1 from 2.6 on."""
    files = {
        "dev/old.yaml": INSTANCE.format("2.2.x"),
        "dev/new.yaml": INSTANCE.format("2.8.x"),
        "dev/a.yaml": manifest,
    }
    repo = repository(tmp_path / "repo", files, index)
    report = cli("check", "-o", "json", cwd=repo).json
    assert [one["code"] for one in report["findings"] if one["severity"] == "error"] == refused


def test_an_instance_that_goes_down_is_refused_beside_one_that_stays(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {"a/i.yaml": INSTANCE.format("2.8.x"), "b/i.yaml": INSTANCE.format("2.8.x")}
    repo = repository(tmp_path / "repo", files, index)
    repo.git("switch", "--quiet", "--create", "down")
    repo.commit({"a/i.yaml": INSTANCE.format("2.2.x")})
    result = cli("check", "--base", "main", "-o", "json", cwd=repo)
    assert "FB202" in {one["code"] for one in result.json["findings"]}


# --- a range and nothing else -----------------------------------------------------------------

OLD = "apiVersion: source.toolkit.fluxcd.io/v1beta1\nkind: GitRepository\nmetadata: {name: a}\n"
BRANCH = "fluxbump/flux-2.5.1"


@pytest.mark.parametrize(
    ("held", "after"),
    [
        ("2.4.x", "2.5.x"),
        ("'2.4.*'", "'2.5.*'"),
        ('"v2.4.X" # a line', '"v2.5.X" # a line'),
        ('"2.4"', '"2.5"'),
    ],
)
def test_the_range_of_a_line_moves_to_the_next_line(
    held: str, after: str, tmp_path: Path, index: Path, cli: Cli
) -> None:
    repo = repository(tmp_path / "repo", {"i.yaml": INSTANCE.format(held)}, index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert repo.show(BRANCH, "i.yaml") == INSTANCE.format(after)
    again = cli("to", "2.5.1", "--rev", BRANCH, cwd=repo)
    assert "Nothing moved" in again.out


@pytest.mark.parametrize("held", ["2.5.x", "2.x", ">=2.4.0"])
def test_a_range_that_admits_the_target_stays(
    held: str, tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {"i.yaml": INSTANCE.format(f"'{held}'"), "b.sh": script("2.5.0")}
    repo = repository(tmp_path / "repo", files, index)
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.show(BRANCH, "i.yaml") == files["i.yaml"]


@pytest.mark.parametrize("held", ["!!str 2.4.x", "&line 2.4.x"])
def test_a_range_that_does_not_stand_there_as_it_is_stops_the_bump(
    held: str, tmp_path: Path, index: Path, cli: Cli
) -> None:
    repo = repository(tmp_path / "repo", {"i.yaml": INSTANCE.format(held)}, index)
    assert_refused(cli("to", "2.5.1", cwd=repo), 5, "i.yaml:6", "2.4.x, which excludes 2.5.1")


def test_a_range_goes_down_only_if_that_is_allowed(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"i.yaml": INSTANCE.format("2.6.x")}, index)
    assert_refused(cli("to", "2.5.1", cwd=repo), 9, "would go down from 2.6.x to 2.5.x")
    words = ("--allow-downgrade", "--accept-risk", "FB202")
    assert cli("to", "2.5.1", *words, cwd=repo).code == 0
    assert repo.show(BRANCH, "i.yaml") == INSTANCE.format("2.5.x")


@pytest.mark.parametrize(
    ("held", "codes"), [("2.7.x", {"FB203"}), ("2.0.x", set()), ("3.x", set())]
)
def test_the_safety_rules_take_what_a_range_comes_to(held: str, codes: set[str]) -> None:
    """Flux 2.7 serves v1 of GitRepository alone; 2.0 serves v1beta1 too; no 3.x is known."""
    found = judge(
        examine(
            snapshot({"i.yaml": INSTANCE.format(held), "a.yaml": OLD}), Settings(), chart_index()
        ),
        ("FB203",),
    )
    assert {one.code for one in found.findings} == codes
    assert bool(found.not_run) == (held == "3.x")


def test_what_a_test_installs_says_nothing_of_clusters() -> None:
    files = {"tests/policies/i.yaml": INSTANCE.format("2.7.x"), "a.yaml": OLD}
    found = judge(examine(snapshot(files), Settings(), chart_index()), ("FB203",))
    assert (found.findings, len(found.not_run)) == ((), 1)


def test_a_run_moves_a_range(tmp_path: Path, index: Path, cli: Cli) -> None:
    flux = repository(tmp_path / "flux2", {"README.md": "flux\n"}, index)
    for tag in ("v2.4.0", "v2.5.1"):
        flux.git("tag", tag)
    told = f"flux_repository: {flux.path}\nrun: {{range: '<=2.5.1'}}\n"
    files = {"i.yaml": INSTANCE.format("2.4.x"), "fluxbump.yaml": told}
    repo = repository(tmp_path / "repo", files, index)
    found = cli("run", "--dry-run", "-o", "json", cwd=repo).json
    assert (found["outcome"], found["current"], found["target"]) == (
        "update-available", "2.4.0", "2.5.1",
    ), found  # fmt: skip
    repo.commit({"i.yaml": INSTANCE.format("2.x")})
    assert cli("run", "--dry-run", "-o", "json", cwd=repo).json["outcome"] == "up-to-date"


RELEASE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: flux}}\nspec:\n"
    "  chartRef: {{kind: OCIRepository, name: {}}}\n{}"
)
WITHOUT = (
    "  values:\n    instance:\n      distribution:\n"
    "        artifact: oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests:v0.33.0\n"
)


@pytest.mark.parametrize(
    ("chart", "values", "expected"),
    [
        ("flux-instance", WITHOUT, ["9 flux-instance flux 2.x [range]"]),
        ("flux-instance", "  values: {instance: {sync: {kind: Bucket}}}\n",
         ["6 flux-instance flux 2.x [range]"]),
        ("flux-instance", "", ["1 flux-instance flux 2.x [range]"]),
        ("flux-instance", "  values: {instance: {distribution: {version: 2.4.0}}}\n",
         ["6 flux-instance flux 2.4.0"]),
        ("flux-instance", WITHOUT + "  valuesFrom: [{kind: ConfigMap, name: v}]\n", []),
        ("podinfo", WITHOUT, []),
    ],
)  # fmt: skip
def test_a_chart_without_a_version_installs_by_its_default(
    chart: str, values: str, expected: list[str]
) -> None:
    found = flux_instance.find(TextFile("r.yaml", RELEASE.format(chart, values)), Context())
    assert brief(one for one in found if isinstance(one, Pin)) == expected


def test_what_installs_by_its_default_is_said_and_stays(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {"r.yaml": RELEASE.format("flux-instance", WITHOUT), ".tool-versions": "flux2 2.4.0\n"}
    repo = repository(tmp_path / "repo", files, index)
    status = cli("status", cwd=repo)
    assert "chart flux-instance (by default) installs Flux 2.x (range)" in status.out
    assert "nothing here installs Flux" not in status.out
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert "r.yaml:9  chart flux-instance (by default): the range 2.x admits 2.5.1" in result.out
    assert repo.show("fluxbump/flux-2.5.1", ".tool-versions") == "flux2 2.5.1\n"


SET = (
    'resource "helm_release" "i" {\n  chart = "flux-instance"\n'
    '  set {\n    name  = "instance.distribution.version"\n    value = var.flux_version\n  }\n}\n'
)
ENCODED = (
    'resource "helm_release" "i" {\n  chart = "flux-instance"\n  values = [yamlencode({\n'
    "    instance = {\n      distribution = {\n        version = local.flux.version\n"
    '        registry = "ghcr.io/fluxcd"\n      }\n    }\n  })]\n}\n'
)
DEFAULT = 'variable "flux_version" {\n  default = "v2.4.0"\n}\n'
LOCALS = 'locals {\n  flux = { version = "2.4.0" }\n}\n'
COMMAND = "V=2.4.0\nhelm install f flux-instance --set instance.distribution.version=$V\n"


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"flux.tf": SET, "variables.tf": DEFAULT}, "variables.tf:2"),
        ({"flux.tf": SET.replace("var.flux_version", '"${var.flux_version}"') + DEFAULT},
         "flux.tf:9"),
        ({"flux.tf": ENCODED, "locals.tf": LOCALS}, "locals.tf:2"),
        ({"a.sh": COMMAND}, "a.sh:1"),
    ],
)  # fmt: skip
def test_a_variable_that_the_chart_takes_its_release_from_installs(
    files: dict[str, str], place: str
) -> None:
    (pin,) = [pin for pin in find(files).pins if pin.track.name == "flux"]
    assert (str(pin.location), pin.kind, pin.role) == (place, "variable", Role.INSTALLS)


@pytest.mark.parametrize("value", ["var.flux[0].version", 'lookup(var.flux, "v")', "var.f(x)"])
def test_an_expression_is_no_variable(value: str) -> None:
    found = find({"flux.tf": SET.replace("var.flux_version", value)}).pins
    assert [pin.kind for pin in found if pin.track.name == "flux"] == []


HELM_RELEASE = (
    'resource "helm_release" "i" {{\n  chart = "{}"\n{}}}\n'
    'resource "a" "b" {{\n  values = [instance.distribution.version]\n}}\n'
)
LIST = '  set = [{ name = "instance.cluster.type", value = "aws" }]\n'
TYPO = '  set {\n    name  = "distribution.version"\n    value = "=2.5.x"\n  }\n'


@pytest.mark.parametrize(
    ("chart", "body", "expected"),
    [
        ("flux-instance", "", ["2 flux-instance flux 2.x [range]"]),
        ("flux-instance", TYPO, ["2 flux-instance flux 2.x [range]"]),
        ("flux-instance", LIST, ["2 flux-instance flux 2.x [range]"]),
        ("flux-instance", '  values = [file("v.yaml")]\n', []),
        ("flux-instance", "  set = local.given\n", []),
        ("flux-instance", '  dynamic "set" {\n    for_each = var.given\n  }\n', []),
        ("flux-operator", "", []),
    ],
)
def test_terraform_without_a_version_installs_the_default_of_the_chart(
    chart: str, body: str, expected: list[str]
) -> None:
    found = find({"main.tf": HELM_RELEASE.format(chart, body)}).pins
    assert brief(pin for pin in found if pin.track.name == "flux") == expected


def test_one_set_with_a_version_says_it() -> None:
    (pin,) = [pin for pin in find({"main.tf": SET + DEFAULT}).pins if pin.track.name == "flux"]
    assert pin.kind == "variable"


TEMPLATED = (
    '%{ if source == "git" }\ninstance:\n  distribution:\n    registry: ghcr.io/fluxcd\n'
    "    version: ${flux}\n%{ endif }\n"
)
CALL = (
    'resource "helm_release" "i" {\n  chart = "flux-instance"\n'
    '  values = [templatefile("flux-instance/values.yaml.tftpl", { flux = var.flux_version })]\n}\n'
)


def test_a_template_of_values_takes_its_release_from_where_it_is_called() -> None:
    found = find({"flux-instance/values.yaml.tftpl": TEMPLATED, "main.tf": CALL + DEFAULT}).pins
    (pin,) = [pin for pin in found if pin.track.name == "flux"]
    assert (str(pin.location), pin.kind, pin.role) == ("main.tf:6", "variable", Role.INSTALLS)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("flux-instance/values.yaml.j2", "2.4.0", ["5 flux-instance flux 2.4.0"]),
        ("flux-operator/values.yaml.gotmpl", "2.4.x", ["5 flux-instance flux 2.4.x [range]"]),
        ("flux-instance/values.yaml.md", "2.4.0", []),
        ("flux-instance/values.yaml.tftpl.bak", "2.4.0", []),
    ],
)
def test_a_template_of_values_may_say_the_release(
    path: str, value: str, expected: list[str]
) -> None:
    assert brief(find({path: TEMPLATED.replace("${flux}", value)}).pins) == expected
