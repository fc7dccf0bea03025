"""Images of controllers: where they are found, what they become, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import controller_image
from fluxbump.errors import PinError
from fluxbump.flux import controller_images
from fluxbump.model import Finding, Note, Pin, Track, TrackKind
from fluxbump.text.live_code import TextFile
from tests.helpers import (
    COMMUNITY,
    Cli,
    Repo,
    assert_refused,
    brief,
    chart_index,
    find,
    release,
    repository,
    script,
    small,
    snapshot,
)

SOURCE = "ghcr.io/fluxcd/source-controller"
HELM = "ghcr.io/fluxcd/helm-controller"
FOUND = "controller-image source-controller 1.4.1"
DIGEST = "sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
FOUND_DIGEST = f"controller-image source-controller v1.4.1@{DIGEST} [opaque]"
CONFIG_MAP = (
    "kind: ConfigMap\nmetadata: {name: values}\ndata:\n  values.yaml: |\n    flux2:\n"
    "      helmController:\n        tag: v1.1.0\n"
)
TERRAFORM = (
    'resource "helm_release" "flux" {\n  chart = "flux2"\n  version = "2.14.1"\n'
    '  set {\n    name  = "helmController.tag"\n    value = "v1.1.0"\n  }\n}\n'
)
STRING = (
    f"    helmController: {{tag: v1.1.0}}\n    sourceController: {{image: {SOURCE}, tag: v1.4.1}}\n"
)
VALUES = "  values:\n    helmController: {tag: v1.1.0}\n    cli: {image: x/flux-cli, tag: v2.4.0}\n"
DEPLOYMENT = (
    "kind: Deployment\nmetadata:\n  labels: {\n    app.kubernetes.io/part-of: flux }\nspec:\n"
    f"  template: {{spec: {{containers: [{{image: '{SOURCE}:v1.4.1'}}]}}}}\n"
)


BARE = (
    "kind: Deployment\nmetadata: {name: source-controller}\nspec:\n  selector:\n"
    "    matchLabels: {app: source-controller}\n  template:\n    spec:\n      containers:\n"
    f"      - image: {SOURCE}:v1.4.1\n"
)
PATCH = BARE.replace("  selector:\n    matchLabels: {app: source-controller}\n", "")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("patch.yaml", PATCH, [f"7 {FOUND}"]),
        ("zarf.yaml", f"images:\n  - {SOURCE}:v1.4.1\n", [f"2 {FOUND}"]),
        ("c.yaml", CONFIG_MAP.replace("    flux2:", "    ---\n    flux2:"),
         ["8 controller-image helm-controller 1.1.0"]),
        ("a.sh", f"skopeo copy docker://r.example.org/{SOURCE}:v1.4.1 dir:x\n", [f"1 {FOUND}"]),
        ("images.txt", f"# list\n{SOURCE}:v1.4.1\n", [f"2 {FOUND}"]),
        ("notes.txt", f"We run {SOURCE}:v1.4.1 today.\n", []),
        ("a.md", f"{SOURCE}:v1.4.1\n", []),
        ("a.yaml", f"- {SOURCE}:v1.4.1@{DIGEST}\n", [f"1 {FOUND_DIGEST}"]),
        ("a.yaml", f"- {SOURCE}:${{TAG}}\n",
         ["1 controller-image source-controller ${TAG} [variable]"]),
        ("Makefile", f"a:\n\tdocker pull {SOURCE}:$(TAG)\n",
         ["2 controller-image source-controller $(TAG) [variable]"]),
        ("a.sh", "helm upgrade f c/flux2 --set cli.tag=v2.4.0,helmController.tag=v1.1.0\n",
         ["1 controller-image helm-controller 1.1.0", "1 controller-image flux 2.4.0"]),
        ("a.sh", "helm upgrade f c/other --set cli.tag=v2.4.0\n", []),
        ("a.yaml", f"- {SOURCE}-extra:v1.4.1\n- notfluxcd/source-controller:v1.4.1\n", []),
        ("k.yaml", f"images:\n  - name: {SOURCE}\n    newTag: v1.4.1\n", [f"3 {FOUND}"]),
        ("v.yaml", f"image: {{repository: {SOURCE}, tag: v1.4.1}}\n", [f"1 {FOUND}"]),
        ("c.yaml", f"- version: v1.4.1\n  access: {{imageReference: {SOURCE}:v1.4.1}}\n",
         [f"2 {FOUND}", f"1 {FOUND}"]),
        ("app.yaml", f"chart: flux2\nrepoURL: x\nhelm:\n{VALUES.replace('values', 'valuesObject')}",
         ["5 controller-image helm-controller 1.1.0", "6 controller-image flux 2.4.0"]),
        ("app.yaml", f"chart: flux2\nrepoURL: x\nhelm:\n  values: |\n{STRING}",
         ["5 controller-image helm-controller 1.1.0", f"6 {FOUND}"]),
        ("k.yaml", "helmCharts:\n- name: flux2\n  valuesInline: {helmController: {tag: v1.1.0}}\n",
         ["3 controller-image helm-controller 1.1.0"]),
        ("h.yaml", "releases:\n- chart: c/flux2\n  values: [{helmController: {tag: v1.1.0}}]\n",
         ["3 controller-image helm-controller 1.1.0"]),
        ("hr.yaml", release("2.14.1", chart="flux2") + VALUES,
         ["11 controller-image helm-controller 1.1.0", "12 controller-image flux 2.4.0"]),
        ("cm.yaml", CONFIG_MAP, ["7 controller-image helm-controller 1.1.0"]),
        ("s.yaml", CONFIG_MAP.replace("ConfigMap", "Secret").replace("data:", "stringData:"),
         ["7 controller-image helm-controller 1.1.0"]),
        ("m.tf", TERRAFORM, ["6 controller-image helm-controller 1.1.0"]),
        ("a.sh", "helm upgrade f c/flux2 --set helmController.tag=v1.1.0\n",
         ["1 controller-image helm-controller 1.1.0"]),
        ("policy.yaml", "imageReferences:\n- ghcr.io/fluxcd/source-controller:*\n", []),
    ],
)  # fmt: skip
def test_where_images_are_found(path: str, text: str, expected: list[str]) -> None:
    found = controller_image.find(TextFile(path, text), Context())
    pins = [one for one in found if isinstance(one, Pin)]
    assert brief(pins) == expected
    for pin in pins:
        assert text[pin.start : pin.end] == pin.value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"- {SOURCE}:v1.4.1\n- {SOURCE}:v1.5.0\n", "mirror of several releases"),
        (DEPLOYMENT, "the controllers' own manifests"),
        (BARE, "the controllers' own manifests"),
        (f"# This manifest was generated by flux. DO NOT EDIT.\n- {SOURCE}:v1.4.1\n", "own"),
        (f"- {SOURCE}:v1.4.1-arm64\n", "not a tag of a stable source-controller image"),
    ],
)
def test_what_is_left_alone_is_noted(text: str, says: str) -> None:
    (note,) = controller_image.find(TextFile("a.yaml", text), Context())
    assert isinstance(note, Note)
    assert says in note.message


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        ("images/v2.4.0/a.yaml", f"- {SOURCE}:v1.4.1\n- {HELM}:v1.1.0\n", True),
        ("images/2.4.0/deep/a.yaml", f"- {SOURCE}:v1.4.1@{DIGEST}\n", True),
        ("images/v2.4.0/k.yaml",
         f"images:\n- {{name: {SOURCE}, newTag: v1.4.1, digest: '{DIGEST}'}}\n", True),
        ("images/v2.5.1/a.yaml", f"- {SOURCE}:v1.4.1\n", False),
        # a patch of the controller, which Flux 2.8.6 shipped
        ("flux/2.8.5/a.yaml", f"- {HELM}:v1.5.4\n", True),
        ("flux/2.8.5/a.yaml", f"- {HELM}:v1.5.3\n", True),
        ("talos/v1.31.4/a.yaml", f"- {SOURCE}:v1.4.1\n", False),
        ("images/v2.4/a.yaml", f"- {SOURCE}:v1.4.1\n", False),
    ],
)  # fmt: skip
def test_a_folder_that_is_called_after_a_release_keeps_its_images(
    path: str, text: str, kept: bool
) -> None:
    found = [*controller_image.find(TextFile(path, text), Context())]
    notes = [one.message for one in found if isinstance(one, Note)]
    assert bool(notes) == kept
    assert any(isinstance(one, Pin) for one in found) != kept


def test_values_of_a_wrapper_and_of_another_chart() -> None:
    tags = "flux2:\n  sourceController: {tag: v1.4.1}\n"
    other = release("1.0.0", chart="other") + "  values:\n    helmController: {tag: v9.9.9}\n"
    found = find(small(values=tags, **{"flux2.yaml": other}))
    assert brief(controller_images.pinned(found)) == [f"2 {FOUND}"]


# --- what they become -------------------------------------------------------------------------


def test_images_move_with_the_release(repo: Repo, cli: Cli) -> None:
    repo.commit({"zarf.yaml": f"images:\n  - {SOURCE}:v1.4.1 # keep\n"})
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.show("fluxbump/flux-2.5.1", "zarf.yaml") == f"images:\n  - {SOURCE}:v1.5.0 # keep\n"


def test_a_digest_stops_a_bump_at_its_line(repo: Repo, cli: Cli) -> None:
    repo.commit({"zarf.yaml": f"images:\n  - {SOURCE}:v1.4.1@{DIGEST}\n"})
    result = cli("to", "2.5.1", cwd=repo)
    why = f"v1.4.1@{DIGEST[:19]}… pinned by that digest, and that digest"
    assert_refused(result, 5, "zarf.yaml:2", why, "decides what is taken", "take the digest out")
    assert "anchor" not in result.err


def test_a_digest_beside_a_tag_stops_a_bump_at_its_line(repo: Repo, cli: Cli) -> None:
    image = f"images:\n  - name: {SOURCE}\n    newTag: v1.4.1\n    digest: {DIGEST}\n"
    repo.commit({"kustomization.yaml": image})
    result = cli("to", "2.5.1", cwd=repo)
    assert_refused(
        result, 5, "kustomization.yaml:3", "1.4.1 beside a digest", "decides what is taken"
    )


def test_a_release_of_which_nothing_is_known_is_refused() -> None:
    inventory = find({"install.sh": script(), "zarf.yaml": f"- {SOURCE}:v1.4.1\n"})
    with pytest.raises(PinError, match=r"does not know which tag Flux 9\.9\.9 ships") as raised:
        controller_images.following(inventory, "9.9.9", None)
    assert str(raised.value.where) == "zarf.yaml:1"
    asked = controller_images.following(
        inventory, "9.9.9", lambda _: {"source-controller": "v8.0.0"}
    )
    assert asked == {Track(TrackKind.IMAGE, "source-controller"): "8.0.0"}


# --- what is said of them ---------------------------------------------------------------------


def findings(files: dict[str, str]) -> tuple[Finding, ...]:
    return judge(examine(snapshot(files), Settings(), chart_index()), ("FB113",)).findings


def test_an_image_of_another_release_names_both_sides() -> None:
    (found,) = findings({"install.sh": script("2.5.1"), "z.yaml": f"- {SOURCE}:v1.4.1\n"})
    assert "holds v1.4.1 of Flux 2.4.0, but Flux 2.5.1 is installed here" in found.message
    assert [one.location.path for one in found.related] == ["install.sh"]


def test_a_tag_in_values_keeps_the_controller_behind() -> None:
    tags = release("2.15.0", chart="flux2") + "  values:\n    helmController: {tag: v1.1.0}\n"
    (found,) = findings({"hr.yaml": tags})
    assert "so a new chart moves the CRDs without this controller" in found.message


def test_an_unknown_tag_is_a_note() -> None:
    (found,) = findings({"install.sh": script(), "z.yaml": f"- {SOURCE}:v7.7.7\n"})
    assert (found.severity, found.location.line) == ("note", 1)
    assert findings({"install.sh": script(), "z.yaml": f"- {SOURCE}:v1.4.1\n"}) == ()


def test_images_of_two_releases_name_both_sides_where_nothing_else_installs() -> None:
    (found,) = findings({"z.yaml": images_of("v1.4.1", "v1.4.0") + f"- {HELM}:v1.2.0\n"})
    assert (found.severity, found.location.line) == ("error", 4)
    assert "holds v1.2.0 of Flux 2.5.0 and 2.5.1" in found.message
    assert "most controllers here are of Flux 2.4.0" in found.message
    assert [one.location.line for one in found.related] == [2, 3]


@pytest.mark.parametrize(
    ("path", "other", "expected"),
    [
        ("z/a.yaml", "z/deep/b.yaml", ["z/a.yaml"]),
        ("clusters/prod/a.yaml", "clusters/staging/b.yaml", []),
        ("y/a.yaml", "z/b.yaml", []),
    ],
)
def test_which_images_belong_together(path: str, other: str, expected: list[str]) -> None:
    found = findings({path: f"- {SOURCE}:v1.4.1\n", other: f"- {SOURCE}:v1.5.0\n"})
    assert [one.location.path for one in found] == expected
    assert [one.related[0].location.path for one in found] == [other for _ in expected]


def test_images_alone_that_agree_are_right_and_an_unknown_one_is_a_note() -> None:
    assert findings({"z.yaml": images_of("v1.4.1", "v1.4.0")}) == ()
    (found,) = findings({"z.yaml": f"- {SOURCE}:v7.7.7\n- {HELM}:v1.1.0\n"})
    assert (found.severity, found.location.line) == ("note", 1)
    assert found.message.endswith("holds v7.7.7, which no known release ships")


# --- nothing but images -------------------------------------------------------------------------


def images_of(source: str, kustomize: str) -> str:
    return (
        f"images:\n- ghcr.io/fluxcd/source-controller:{source}\n"
        f"- ghcr.io/fluxcd/kustomize-controller:{kustomize}\n"
    )


def test_a_list_of_images_alone_moves_and_not_down(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = {"images.yaml": images_of("v1.4.1", "v1.4.0")}
    repo = repository(tmp_path / "images-alone", files, index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    moved = images_of("v1.5.0", "v1.5.1")
    assert repo.show("fluxbump/flux-2.5.1", "images.yaml") == moved
    down = cli("to", "2.4.0", "--rev", "fluxbump/flux-2.5.1", cwd=repo)
    assert (down.code, "would go down" in down.err) == (9, True)


def test_the_safety_rules_take_the_release_of_the_images(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {"images.yaml": images_of("v1.4.1", "v1.4.0")}
    repo = repository(tmp_path / "images-alone", files, index)
    result = cli("to", "2.8.5", cwd=repo)
    assert (result.code, "FB202" in result.err) == (1, True)


@pytest.mark.parametrize("target", ["latest-safe", "2.8.5"])
def test_of_images_alone_the_newest_safe_release_is_one_that_is_taken(
    target: str, tmp_path: Path, index: Path, cli: Cli
) -> None:
    old = (
        "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: HelmRepository\nmetadata: {name: a}\n"
    )
    files = {"images.sh": f"pull {SOURCE}:v1.4.1\npull {HELM}:v1.1.0\n", "a.yaml": old}
    repo = repository(tmp_path / "repo", files, index)
    result = cli("to", target, cwd=repo)
    if target == "latest-safe":
        assert result.code == 0, result.err
        assert repo.branches() == ["fluxbump/flux-2.7.5", "main"]
    else:
        assert result.code == 1
        steps = [" ".join(line.split()) for line in result.err.splitlines()]
        assert "next: fluxbump to 2.7.5 newest release that passes" in steps


COPIES = [
    "docker tag {0}:v1.4.1 localhost:5000/source-controller:v1.4.1\n",
    'copy "{0}:v1.4.1" "source-controller:v1.4.1" # source-controller:v1.4.1\n',
    "{0}:v1.4.1=registry.example.org/mirror/source-controller:v1.4.1\n",
]


@pytest.mark.parametrize("text", COPIES)
def test_a_copy_in_the_same_line_has_the_tag_of_its_image(text: str) -> None:
    inventory = find({"mirror.sh": text.format(SOURCE)})
    assert brief(inventory.pins) == [f"1 {FOUND}", f"1 {FOUND}"]


@pytest.mark.parametrize(
    "text",
    [
        "docker tag {0}:v1.4.1 localhost:5000/my-source-controller:v1.4.1\n",
        "docker tag {0}:v1.4.1 localhost:5000/source-controller:v1.4.1-patched\n",
        "docker tag {0}:v1.4.1 localhost:5000/source-controller:v1.4.0\n",
        "docker pull {0}:v1.4.1\ndocker pull example.org/source-controller:v1.4.1\n",
    ],
)
def test_another_image_in_the_line_is_no_copy(text: str) -> None:
    assert brief(find({"mirror.sh": text.format(SOURCE)}).pins) == [f"1 {FOUND}"]


def test_status_leads_to_the_newest_release_from_images_alone(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {"images.sh": f"pull {SOURCE}:v1.4.1\npull {HELM}:v1.1.0\n"}
    repo = repository(tmp_path / "repo", files, index)
    assert "next: fluxbump path 2." in cli("status", cwd=repo).out


def test_a_chart_flux2_of_ones_own_keeps_its_images(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = {
        "charts/flux2/Chart.yaml": "name: flux2\nversion: 2.14.1\nappVersion: 2.4.0\n",
        "charts/flux2/values.yaml": "helmController:\n  tag: v1.1.0\ncli: {tag: v2.4.0}\n",
        "images.sh": f"pull {SOURCE}:v1.4.1\npull {HELM}:v1.1.0\n",
    }
    files["charts/flux2/values.yaml"] += f"image: {HELM}:v1.1.0\n"
    repo = repository(tmp_path / "repo", files, index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert set(repo.changed("fluxbump/flux-2.5.1")) == {"images.sh"}
    said = "a chart flux2 of this repository holds the tags, and has CRDs and templates of its own"
    assert f"  charts/flux2/values.yaml:4  {said}. Change it by hand\n" in result.out


def test_the_values_of_a_wrapper_that_is_called_flux2_move(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    chart = "name: flux2\nversion: 1.0.0\ndependencies:\n"
    chart += f"- {{name: flux2, version: 2.14.1, repository: '{COMMUNITY}'}}\n"
    values = "flux2: {helmController: {tag: v1.1.0}}\n"
    files = {"flux/Chart.yaml": chart, "flux/values.yaml": values}
    assert FOUND.replace("source-controller 1.4.1", "helm-controller 1.1.0") in " ".join(
        brief(find(files).pins)
    )
