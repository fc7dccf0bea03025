from __future__ import annotations

import json

import pytest

from fixtures import states
from fluxbump.discover.objects import flux_objects
from fluxbump.discover.objects.resources import Resource, Resources
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.model import Unreadable
from tests import linear
from tests.helpers import ROOT, snapshot


def find(files: dict[str, str | bytes]) -> Resources:
    return flux_objects.find(snapshot(files), lambda _: False)


def one(text: str | bytes, path: str = "a.yaml") -> Resources:
    return find({path: text})


def brief(found: tuple[Resource, ...]) -> list[str]:
    """Write resources as `line:column kind name version`, `(patch)` behind a patch."""
    return [
        f"{r.api_location.line}:{r.api_location.column} {r.kind or '-'} {r.name or '-'} "
        f"{r.version}{' (patch)' if r.patch else ''}"
        for r in found
    ]


RELEASE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2beta1\nkind: HelmRelease\nmetadata: {name: podinfo}\n"
)

SHAPES = {
    "plain": (RELEASE, ["1:13 HelmRelease podinfo v2beta1"]),
    "several documents": (
        f"# head\n---\nkind: Namespace\n---\n{RELEASE}---\n{RELEASE}",
        ["5:13 HelmRelease podinfo v2beta1", "9:13 HelmRelease podinfo v2beta1"],
    ),
    "crlf": (
        f"---\r\n{RELEASE}".replace("\n", "\r\n"),
        ["3:13 HelmRelease podinfo v2beta1"],
    ),
    "byte order mark": (f"\ufeff{RELEASE}", ["1:13 HelmRelease podinfo v2beta1"]),
    "quoted": (
        "kind: Bucket\napiVersion: 'source.toolkit.fluxcd.io/v1'\n",
        ["2:14 Bucket - v1"],
    ),
    "a list": (
        (
            "apiVersion: v1\nkind: List\nitems:\n"
            "  - apiVersion: source.toolkit.fluxcd.io/v1\n    kind: GitRepository\n"
            "    metadata: {name: a}\n"
            "  - {kind: Bucket, apiVersion: source.toolkit.fluxcd.io/v1beta2}\n"
        ),
        ["4:17 GitRepository a v1", "7:32 Bucket - v1beta2"],
    ),
    "flow style": (
        '{"apiVersion": "image.toolkit.fluxcd.io/v1beta2", "kind": "ImagePolicy"}\n',
        ["1:17 ImagePolicy - v1beta2"],
    ),
    "an extension": (
        "apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\n",
        ["1:13 ArtifactGenerator - v1beta1"],
    ),
    "behind an anchor": (
        "apiVersion: &v helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n",
        ["1:13 HelmRelease - v2"],
    ),
    "substitutions": (
        (
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n"
            "  name: ${NAME}\nspec:\n  suspend: ${SUSPEND:=false}\n"
        ),
        ["1:13 HelmRelease ${NAME} v2"],
    ),
    "a variable version": (
        "apiVersion: helm.toolkit.fluxcd.io/${V}\nkind: HelmRelease\n",
        ["1:13 HelmRelease - ${V}"],
    ),
    "an inline patch": (
        (
            "kind: Kustomization\npatches:\n  - target: {kind: HelmRelease}\n    patch: |-\n"
            "      # why\n      apiVersion: helm.toolkit.fluxcd.io/v2beta1\n"
            "      kind: HelmRelease\n      metadata:\n        name: podinfo\n"
        ),
        ["6:19 HelmRelease podinfo v2beta1 (patch)"],
    ),
    "two inline patches in one block": (
        (
            "patchesStrategicMerge:\n- |\n  kind: X\n  ---\n"
            "  apiVersion: helm.toolkit.fluxcd.io/v2beta1\n  kind: HelmRelease\n  ---\n"
            "  kind: Alert\n  apiVersion: notification.toolkit.fluxcd.io/v1beta3\n"
        ),
        ["5:15 HelmRelease - v2beta1 (patch)", "9:15 Alert - v1beta3 (patch)"],
    ),
    "a patch in a Kustomization of Flux": (
        (
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
            "metadata: {name: apps}\nspec:\n  patches:\n    - patch: |\n"
            "        apiVersion: helm.toolkit.fluxcd.io/v2\n        kind: HelmRelease\n"
        ),
        ["1:13 Kustomization apps v1", "7:21 HelmRelease - v2 (patch)"],
    ),
    "of another project": ("apiVersion: toolkit.fluxcd.io.example.org/v1\nkind: Alert\n", []),
    "without a kind": ("apiVersion: helm.toolkit.fluxcd.io/v2\nmetadata: {name: x}\n", []),
    "a label only": ("kind: Pod\nmetadata: {labels: {helm.toolkit.fluxcd.io/name: x}}\n", []),
    "in a comment": ("# apiVersion: helm.toolkit.fluxcd.io/v2beta1\nkind: Pod\n", []),
}


@pytest.mark.parametrize(("text", "expected"), SHAPES.values(), ids=SHAPES)
def test_objects_are_found_where_they_stand(text: str, expected: list[str]) -> None:
    found = one(text)
    assert brief(found.resources) == expected
    assert not found.unreadable
    for resource in found.resources:
        assert text[resource.start : resource.end].removeprefix("&v ") == resource.api_version


def test_a_file_in_a_folder_of_patches_is_a_patch() -> None:
    paths = {"apps/patches/x.yaml": True, "release-patch.yaml": True, "dispatcher/x.yaml": False}
    for path, patch in paths.items():
        assert [r.patch for r in one(RELEASE, path).resources] == [patch]


MENTIONS = {
    "go": ("main.go", 'const api = "helm.toolkit.fluxcd.io/v2beta2" // x\n', ["1:14 - - v2beta2"]),
    "a comment in go": ("main.go", "// apiVersion: helm.toolkit.fluxcd.io/v2beta2\n", []),
    "typescript": (
        "a.ts",
        'const r = {\n  apiVersion: "helm.toolkit.fluxcd.io/v2beta1",\n  kind: "HelmRelease",\n}\n',
        ["2:16 HelmRelease - v2beta1"],
    ),
    "shell": (
        "a.sh",
        "cat <<EOF\nkind: Bucket\napiVersion: source.toolkit.fluxcd.io/v1beta2\nEOF\n",
        ["3:13 Bucket - v1beta2"],
    ),
    "a Terraform template": (
        "c.tftpl",
        (
            "write_files:\n  - content: |\n      apiVersion: source.toolkit.fluxcd.io/v1\n"
            "      kind: GitRepository\n%{ if x ~}\n"
        ),
        ["3:19 GitRepository - v1"],
    ),
    "a Helm template that parses": (
        "chart/templates/r.yaml",
        f'{RELEASE}spec:\n  suspend: "{{{{ .Values.x }}}}"\n',
        ["1:13 HelmRelease - v2beta1"],
    ),
    "a Helm template elsewhere": (
        "x.yaml",
        f"{{{{- if .Values.x }}}}\n{RELEASE}{{{{- end }}}}\n",
        ["2:13 HelmRelease - v2beta1"],
    ),
    "in a ConfigMap": (
        "cm.yaml",
        (
            "kind: ConfigMap\ndata:\n  x: |\n    apiVersion: helm.toolkit.fluxcd.io/v2beta1\n"
            "    kind: HelmRelease\n"
        ),
        ["4:17 HelmRelease - v2beta1"],
    ),
    "a reference": (
        "r.yaml",
        (
            "apiVersion: notification.toolkit.fluxcd.io/v1\nkind: Receiver\nspec:\n"
            "  resources:\n    - apiVersion: helm.toolkit.fluxcd.io/v2beta1\n"
            "      kind: HelmRelease\n"
        ),
        ["5:19 HelmRelease - v2beta1"],
    ),
    "a health check": (
        "k.yaml",
        (
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n"
            "  healthChecks:\n    - apiVersion: helm.toolkit.fluxcd.io/v2beta1\n"
            "      kind: HelmRelease\n"
            "  healthCheckExprs:\n    - apiVersion: source.toolkit.fluxcd.io/v1beta2\n"
            "      kind: Bucket\n"
        ),
        [],
    ),
    "what another kind calls a health check": (
        "k.yaml",
        (
            "apiVersion: example.org/v1\nkind: Waiter\nspec:\n"
            "  healthChecks:\n    - apiVersion: helm.toolkit.fluxcd.io/v2beta1\n"
            "      kind: HelmRelease\n"
        ),
        ["5:19 HelmRelease - v2beta1"],
    ),
    "prose": ("README.md", "apiVersion: helm.toolkit.fluxcd.io/v2beta1\n", []),
    "a description": (
        "v.yaml",
        "description: |\n  moves helm.toolkit.fluxcd.io/v2beta1 away\n",
        [],
    ),
    "a label": ("x.sh", "kubectl get po -l kustomize.toolkit.fluxcd.io/name=x\n", []),
}


@pytest.mark.parametrize(("path", "text", "expected"), MENTIONS.values(), ids=MENTIONS)
def test_an_api_version_in_other_live_text_is_a_mention(
    path: str, text: str, expected: list[str]
) -> None:
    found = one(text, path)
    assert brief(found.mentions) == expected
    assert not found.unreadable
    for mention in found.mentions:
        assert mention.text_only
        assert text[mention.start : mention.end] == mention.api_version


BROKEN = {
    "a quote": (RELEASE + 'spec: {x: "\n', 1),
    "not utf-8": (RELEASE.encode() + b"spec: {x: \xff\xfe}\n", 1),
    "nested": (RELEASE + "spec: " + "[" * 5000 + "\n", 1),
}


@pytest.mark.parametrize(("text", "count"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_parsed_is_said(text: str | bytes, count: int) -> None:
    found = find({"a.yaml": text, "b.yaml": RELEASE})
    assert [u.location.path for u in found.unreadable] == ["a.yaml"] * count
    assert brief(found.resources) == ["1:13 HelmRelease podinfo v2beta1"]
    assert not found.mentions


BELOW_ITS_HEAD = RELEASE.replace("{name: podinfo}", "\n  name: podinfo") + "spec: {\n"


def test_what_is_broken_below_its_head_is_found_and_whoever_parses_says_so() -> None:
    found = one(f"{BELOW_ITS_HEAD}---\n{RELEASE}")
    assert brief(found.resources) == [
        "1:13 HelmRelease podinfo v2beta1",
        "7:13 HelmRelease podinfo v2beta1",
    ]
    assert not found.unreadable
    parsed = list(flux_objects.parsed("a.yaml", found.files["a.yaml"]))
    assert [isinstance(known, Unreadable) for known in parsed] == [True, False]


def test_only_the_broken_document_of_a_file_is_lost() -> None:
    found = one(f"{RELEASE}---\n{RELEASE}x: [\n---\n{RELEASE}")
    assert len(found.resources) == 2
    assert len(found.unreadable) == 1


def bomb(levels: int) -> str:
    lines = ["  a0: &a0 {x: x}"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]" for n in range(1, levels)]
    return RELEASE + "spec:\n" + "\n".join(lines) + "\n"


def test_an_alias_bomb_costs_no_more_than_its_text() -> None:
    with linear.ends():
        found = one(bomb(40) + "patch: helm.toolkit.fluxcd.io/v2\n")
    assert brief(found.resources) == ["1:13 HelmRelease podinfo v2beta1"]


@pytest.mark.parametrize(("kind", "expected"), [("APIResourceList", 0), ("ResourceTable", 1)])
def test_what_kubectl_keeps_of_a_cluster_is_no_mention(kind: str, expected: int) -> None:
    held = {"kind": "HelmRelease", "name": "helmreleases"}
    text = json.dumps(
        {"kind": kind, "groupVersion": "helm.toolkit.fluxcd.io/v2beta1", "resources": [held]}
    )
    assert len(one(text, ".kube/cache/discovery/h_6443/serverresources.json").mentions) == expected


def test_many_mentions_are_found_in_linear_time() -> None:
    def text(count: int) -> str:
        return "".join(f"- apiVersion: helm.toolkit.fluxcd.io/v{n}\n" for n in range(count))

    assert len(one(text(5000), "a.sh").mentions) == 5000
    linear.assert_linear(lambda text: one(text, "a.sh"), text, 1000)


def test_excluded_paths_are_not_read() -> None:
    found = flux_objects.find(snapshot({"a.yaml": RELEASE, "b.yaml": RELEASE}), "a.yaml".__eq__)
    assert [r.location.path for r in found.resources] == ["b.yaml"]
    assert set(found.files) == {"b.yaml"}


def test_the_monorepo() -> None:
    found = flux_objects.find(MemorySnapshot(states.files()), lambda _: False)
    count: dict[tuple[str, str], int] = {}
    for resource in found.resources:
        key = (resource.kind, resource.api_version)
        count[key] = count.get(key, 0) + 1
    assert count == {
        ("HelmRepository", "source.toolkit.fluxcd.io/v1beta2"): 18,
        ("HelmRelease", "helm.toolkit.fluxcd.io/v2"): 18,
    }
    assert [str(r.api_location).rpartition("/")[2] + f" {r.kind}" for r in found.mentions] == [
        "cloudinit-control-plane.tftpl:73 GitRepository",
        "cloudinit-control-plane.tftpl:84 Kustomization",
    ]
    assert not found.unreadable
    assert {r.location.path for r in found.resources} == set(found.files)


def test_bodies_are_the_same_resources_again() -> None:
    found = flux_objects.find(MemorySnapshot(states.files()), lambda _: False)
    again = [
        b.resource for path, text in found.files.items() for b in flux_objects.bodies(path, text)
    ]
    assert tuple(again) == found.resources


def test_a_head_tells_the_same_as_the_parsed_object() -> None:
    files = dict(states.files())
    for path in sorted((ROOT / "fixtures" / "edge").rglob("*.yaml")):
        if path.name != "broken.yaml":  # what is broken below its head only parsing tells
            files[f"edge/{path.parent.name}/{path.name}"] = path.read_bytes()
    found = flux_objects.find(MemorySnapshot(files), lambda _: False)
    again = [
        body.resource
        for path, text in found.files.items()
        for body in flux_objects.bodies(path, text)
    ]
    assert found.resources == tuple(again)
    assert len(again) > 60
