"""Chart versions that Kustomize sets: whose they are, and what is not certain."""

from __future__ import annotations

from textwrap import indent

import pytest

from fluxbump.model import Inventory
from tests.helpers import Cli, Repo, brief, find, release, repository, small

VERSION = "- op: replace\n  path: /spec/chart/spec/version\n  value: 1.0.9\n"
HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
MERGE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {}}}\n"
    "spec: {{chart: {{spec: {{version: 1.0.9}}}}}}\n"
)
KUSTOMIZATION = "clusters/b/kustomization.yaml"
PATCH = "clusters/b/patch.yaml"


def patches(target: str, patch: str = VERSION, style: str = "|") -> str:
    return (
        f"{HEAD}patches:\n  - target: {target}\n    patch: {style}\n" + indent(patch, " " * 6)
    )  # fmt: skip


def inline(patch: str) -> str:
    return f"{HEAD}patches:\n  - patch: |\n" + indent(patch, " " * 6)


def named(path: str, target: str = "{kind: HelmRelease, name: bp-flux}") -> str:
    return f"{HEAD}patches:\n  - path: {path}\n    target: {target}\n"


def override(line: int, rest: str = "1.0.9") -> str:
    return f"{line} kustomize-override bp-flux {rest}"


def overrides(inventory: Inventory, *kinds: str) -> list[str]:
    kinds = kinds or ("kustomize-override",)
    return brief(pin for pin in inventory.pins if pin.kind in kinds)


def noted(inventory: Inventory) -> list[str]:
    return [str(note.location) for note in inventory.notes]


def with_files(**files: str) -> Inventory:
    inventory = find(small(**files))
    for pin in inventory.pins:
        if pin.form == "exact":
            text = inventory.files[pin.location.path]
            assert text[pin.start : pin.end] == pin.value
    return inventory


BP = "{kind: HelmRelease, name: bp-flux}"
FLUX = "{kind: HelmRelease, name: flux}"  # the release that `small` has

ADD = '[{"op": "add", "path": "/spec/chart/spec/version", "value": "1.0.9"}]'
REPLACEMENTS = (
    f"{HEAD}replacements:\n  - source: {{kind: ConfigMap}}\n    targets:\n"
    f"      - select: {BP}\n        fieldPaths: [spec.chart.spec.version]\n"
)

INLINE = [
    (patches(BP), [override(8)]),
    (patches(FLUX), [override(8)]),
    (patches("{name: bp-flux}"), [override(8)]),
    (patches(BP, VERSION, "|-"), [override(8)]),
    (patches(BP, VERSION.replace("1.0.9", '"1.0.9"')).replace("\n", "\r\n"), [override(8)]),
    (patches(BP, VERSION.replace("replace", "add")), [override(8)]),
    (patches(BP, VERSION.replace("1.0.9", "${V}")), [override(8, "${V} [variable]")]),
    (
        patches(BP, "- op: add\n  path: /spec/chart\n  value: {spec: {version: 1.0.9}}\n"),
        [override(8)],
    ),
    (
        patches(BP, "- {op: test, path: /spec/chart/spec/version, value: 1.1.2}\n" + VERSION),
        [override(6, "1.1.2"), override(9)],
    ),
    (
        patches(BP, f"{ADD}\n"),
        [override(6)],
    ),
    (
        f"{HEAD}patches:\n  - target: {BP}\n    patch: '{ADD}'\n",
        [override(5)],
    ),
    (inline(MERGE.format("bp-flux")), [override(8)]),
    (inline(MERGE.format("flux")), [override(8)]),
    (inline("# why\n---\n" + MERGE.format("x") + "---\n" + MERGE.format("flux")), [override(15)]),
    (patches(BP, MERGE.format("placeholder")), [override(9)]),
    (inline(MERGE.format("bp-flux")).replace("1beta1", "1alpha1").replace(
        "Kustomization", "Component"), [override(8)]),
    (inline(MERGE.format("bp-flux")).removeprefix(HEAD), [override(6)]),
    (f"{HEAD}patchesStrategicMerge:\n  - |-\n" + indent(MERGE.format("flux"), "    "),
     [override(8)]),
    (f"{HEAD}patchesJson6902:\n  - target: {BP}\n    patch: |\n" + indent(VERSION, "      "),
     [override(8)]),
    (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  patches:\n"
        f"    - target: {BP}\n      patch: |\n" + indent(VERSION, " " * 8),
        [override(9)],
    ),
    (
        "kind: Kustomization\nspec:\n  patchesStrategicMerge:\n    - "
        + indent(MERGE.format("flux"), " " * 6).lstrip(),
        [override(7)],
    ),
    (
        "kind: ResourceSet\nspec:\n  resources:\n    - kind: Kustomization\n      spec:\n"
        f"        patches:\n          - target: {BP}\n            patch: |\n"
        + indent(VERSION, " " * 14),
        [override(11)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), INLINE)
def test_inline_patches(text: str, expected: list[str]) -> None:
    inventory = with_files(**{KUSTOMIZATION: text})
    assert (overrides(inventory), noted(inventory)) == (expected, [])


SILENT = [
    patches("{kind: HelmRelease, name: podinfo}"),
    patches("{kind: HelmRelease, name: podinfo}") + "# bp-flux\n",
    patches("{kind: HelmRelease, name: 'podinfo.*'}"),
    patches("{kind: Deployment}"),
    patches("{kind: HelmRepository, name: bp-flux}"),
    patches("{kind: GitRepository}", VERSION.replace("chart/spec/version", "ref/tag")),
    patches("{labelSelector: a=b}", VERSION.replace("chart/spec/version", "version")),
    patches(BP, VERSION.replace("chart/spec/version", "interval")),
    inline(MERGE.format("podinfo")) + "# bp-flux\n",
    inline("# " + MERGE.format("bp-flux").replace("\n", "\n# ")),
    named("patch.yaml"),
]


@pytest.mark.parametrize("text", SILENT)
def test_other_patches_are_silent(text: str) -> None:
    inventory = with_files(**{KUSTOMIZATION: text})
    assert (overrides(inventory), noted(inventory)) == ([], [])


NOTED = [
    patches("{kind: HelmRelease, labelSelector: app=flux}"),
    patches("{kind: HelmRelease, name: '.*'}"),
    patches("{kind: HelmRelease, name: 'bp-.*'}"),
    patches("{kind: HelmRelease, name: '(a*)*b'}"),
    patches(BP, "- op: remove\n  path: /spec/chart/spec/version\n"),
    patches(BP, VERSION.replace("1.0.9", ">-\n    1.0.9")),
    patches(BP, "\n".join(["- {op: replace,", "path: /spec/chart/spec/version, value: 1.0.9}", ""]),
            ">"),
    REPLACEMENTS,
]  # fmt: skip


@pytest.mark.parametrize("text", NOTED)
def test_what_is_not_certain_is_noted(text: str) -> None:
    inventory = with_files(**{KUSTOMIZATION: text, "other.yaml": release(chart="x", name="x")})
    assert overrides(inventory) == []
    assert [one.partition(":")[0] for one in noted(inventory)] == [KUSTOMIZATION]


def test_a_patch_for_every_release_counts_where_there_is_one() -> None:
    text = patches("{kind: HelmRelease}")
    assert overrides(with_files(**{KUSTOMIZATION: text})) == [override(8)]
    two = with_files(**{KUSTOMIZATION: text, "other.yaml": release(chart="x", name="x")})
    assert (overrides(two), noted(two)) == ([], [f"{KUSTOMIZATION}:6"])


# --- patches in files -------------------------------------------------------------------------


def test_a_json_patch_belongs_to_the_target_of_its_kustomization() -> None:
    as_json = '[{"op": "replace", "path": "/spec/chart/spec/version", "value": "1.0.9"}]\n'
    for name, text in (("patch.yaml", VERSION), ("patch.json", as_json)):
        files = {f"clusters/b/p/{name}": text}
        for target in (BP, FLUX, "{kind: HelmRelease}"):
            found = with_files(**files, **{KUSTOMIZATION: named(f"./p/{name}", target)})
            assert overrides(found) == [override(3 if name == "patch.yaml" else 1)], target
            assert noted(found) == []


def test_a_json_patch_for_releases_with_a_label_is_noted() -> None:
    labeled = named("patch.yaml", "{kind: HelmRelease, labelSelector: a=b}")
    found = with_files(**{PATCH: VERSION, KUSTOMIZATION: labeled})
    assert (overrides(found), noted(found)) == ([], [f"{PATCH}:1"])


def test_a_json_patch_of_another_release_is_silent() -> None:
    other = named("patch.yaml", "{kind: HelmRelease, name: podinfo}")
    found = with_files(**{PATCH: VERSION, KUSTOMIZATION: other})
    assert (overrides(found), noted(found)) == ([], [])


def test_a_json_patch_of_nobody_is_noted() -> None:
    found = with_files(**{PATCH: VERSION})
    assert (overrides(found), noted(found)) == ([], [f"{PATCH}:1"])


def test_a_json_patch_of_several_releases_is_noted() -> None:
    found = with_files(
        **{
            PATCH: VERSION,
            KUSTOMIZATION: named("patch.yaml"),
            "clusters/c/kustomization.yaml": named(
                "../b/patch.yaml", "{kind: HelmRelease, name: podinfo}"
            )
            + "# bp-flux\n",
        }
    )
    assert (overrides(found), noted(found)) == ([], [f"{PATCH}:1"])


def test_a_merge_patch_in_a_file() -> None:
    found = with_files(**{PATCH: MERGE.format("flux")})
    assert (overrides(found), noted(found)) == ([override(4)], [])
    as_today = with_files(**{PATCH: MERGE.format("bp-flux")})
    assert overrides(as_today, "helm-release", "kustomize-override") == [
        "9 helm-release bp-flux 1.1.2", "4 helm-release bp-flux 1.0.9",
    ]  # fmt: skip
    assert overrides(with_files(**{PATCH: MERGE.format("podinfo")})) == []


def test_a_merge_patch_with_the_target_that_its_kustomization_gives() -> None:
    found = with_files(**{PATCH: MERGE.format("any"), KUSTOMIZATION: named("patch.yaml")})
    assert (overrides(found), noted(found)) == ([override(4)], [])


def test_a_source_that_a_patch_moves() -> None:
    source = (
        "kind: OCIRepository\nmetadata: {name: flux}\n"
        "spec: {url: oci://registry.example.org/b/bp-flux, ref: {tag: 1.1.2}}\n"
    )
    merge = "kind: OCIRepository\nmetadata: {name: flux}\nspec: {ref: {tag: 1.0.9}}\n"
    tag = VERSION.replace("chart/spec/version", "ref/tag")
    target = "{kind: OCIRepository, name: flux}"
    found = with_files(**{"s.yaml": source, PATCH: merge, KUSTOMIZATION: patches(target, tag)})
    assert overrides(found) == [override(8), override(3)]


def test_a_name_that_releases_of_several_charts_have() -> None:
    others = {"clusters/c/flux.yaml": release(chart="podinfo")}
    found = with_files(**{KUSTOMIZATION: patches(FLUX)}, **others)
    assert (overrides(found), noted(found)) == ([], [f"{KUSTOMIZATION}:6"])


def test_a_broken_file_that_names_no_chart_stops_nothing() -> None:
    found = with_files(**{"a.yaml": "x: [\n# path: /spec/chart/spec/version\n"})
    assert (found.unreadable, noted(found)) == ((), [])


# --- substitutions ----------------------------------------------------------------------------

SUBSTITUTE = (
    "kind: Kustomization\nmetadata: {name: apps}\nspec:\n  path: ./clusters/a\n  postBuild:\n"
    '    substitute:\n      FLUX_CHART_VERSION: "1.0.9"\n      OTHER: 1.1.2\n'
)


def test_a_substitution_is_followed() -> None:
    for variable in ("${FLUX_CHART_VERSION}", "${FLUX_CHART_VERSION:=1.1.2}"):
        found = with_files(release=release(variable), **{"apps.yaml": SUBSTITUTE})
        assert (overrides(found), noted(found)) == ([override(7)], [])


def test_a_substitution_that_others_take_too_is_noted() -> None:
    others = {"x.yaml": release("${FLUX_CHART_VERSION}", chart="x", name="x")}
    held = release("${FLUX_CHART_VERSION}")
    found = with_files(release=held, **{"apps.yaml": SUBSTITUTE}, **others)
    assert (overrides(found), noted(found)) == ([], ["apps.yaml:7"])


# --- the commands -----------------------------------------------------------------------------


def test_all_of_them_move_and_the_gate_sees_them(repo: Repo, cli: Cli) -> None:
    files = {
        KUSTOMIZATION: patches(FLUX) + named("patch.yaml").removeprefix(f"{HEAD}patches:\n"),
        PATCH: VERSION,
        "clusters/c/patch.yaml": MERGE.format("flux"),
        "clusters/d/flux.yaml": release("${FLUX_CHART_VERSION}"),
        "apps.yaml": SUBSTITUTE,
    }
    one = repository(repo.home / "small", small(**files), repo.index)
    result = cli("check", "--no-render", "--all", "--select", "FB109", cwd=one)
    assert result.code == 1
    for place in (f"{KUSTOMIZATION}:8", f"{PATCH}:3", "clusters/c/patch.yaml:4", "apps.yaml:7"):
        assert f"{place}:" in result.out
    assert cli("to", "2.5.1", cwd=one).code == 0
    for path in (KUSTOMIZATION, PATCH, "clusters/c/patch.yaml", "apps.yaml"):
        assert one.show("fluxbump/flux-2.5.1", path) == files[path].replace("1.0.9", "1.1.3")
    branch = ("--rev", "fluxbump/flux-2.5.1")
    assert cli("check", "--no-render", "--select", "FB109", *branch, cwd=one).code == 0
    assert "SURVIVED" not in cli("check", "--no-render", "--self-test", *branch, cwd=one).out
