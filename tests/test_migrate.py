"""Which manifests move to which API version, byte for byte, and what is left to review."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures import states
from fluxbump.bump.migrate import edits, plan
from fluxbump.bump.migrate.edits import Migration, Why
from fluxbump.discover.objects import flux_objects, selectors
from fluxbump.errors import UsageError
from fluxbump.flux import upgrade_path
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.flux.tables import crds
from fluxbump.git.overlay_snapshot import MemorySnapshot, Overlay
from fluxbump.git.text_reader import TextReader
from fluxbump.text.live_code import decode
from tests.helpers import snapshot


def moved(files: dict[str, str | bytes], old: str = "2.4.0", new: str = "2.8.5") -> Migration:
    held = snapshot(files)
    found = flux_objects.find(held, lambda _: False)
    versions = {one.version for one in found.resources}
    picking = selectors.find(TextReader(held), lambda _: False, versions)
    return plan.migrate(found, KnownReleases(crds.crds()), old, new, picking=picking)


def brief(found: Migration) -> list[str]:
    """Write moves as `path:line kind name old new why`."""
    return [
        f"{m.resource.api_location.path}:{m.resource.api_location.line} {m.resource} "
        f"{m.resource.version} {m.version} {m.why}"
        for m in found.moves
    ]


def notes(found: Migration) -> list[str]:
    return [f"{note.location} {note.message}" for note in found.notes]


def after(found: Migration, path: str = "a.yaml") -> bytes | None:
    return found.changes.files.get(path)


def manifest(
    version: str, kind: str = "HelmRelease", group: str = "helm.toolkit", spec: str = ""
) -> str:
    return (
        f"apiVersion: {group}.fluxcd.io/{version}\nkind: {kind}\nmetadata:\n  name: podinfo\n"
        f"spec:\n  interval: 5m\n{spec}"
    )


SOURCE = "  url: https://charts.example.org\n"
OLD = manifest("v1beta2", "HelmRepository", "source.toolkit", SOURCE)
NEW = manifest("v1", "HelmRepository", "source.toolkit", SOURCE)

# --- which version ----------------------------------------------------------------------------

VERSIONS = {
    "removed": ("2.4.0", "2.8.5", "v2beta2", "v2 removed"),
    "deprecated": ("2.4.0", "2.6.4", "v2beta1", "v2 deprecated"),
    "deprecated where it stands": ("2.4.0", "2.4.0", "v2beta2", "v2 deprecated"),
    "in order": ("2.4.0", "2.8.5", "v2", ""),
    "the storage version of the target is not served yet": ("2.0.0", "2.3.0", "v2beta1", ""),
    "a step short of it": ("2.2.0", "2.4.0", "v2beta1", ""),
    "going back": ("2.3.0", "2.2.3", "v2", "v2beta2 removed"),
    "removed, and only a deprecated one on both sides": (
        "2.2.3",
        "2.7.5",
        "v2beta1",
        "v2beta2 removed",
    ),
    "nothing in common": ("2.2.0", "2.9.4", "v2beta1", ""),
}


@pytest.mark.parametrize(("old", "new", "version", "expected"), VERSIONS.values(), ids=VERSIONS)
def test_the_version_that_both_releases_serve(
    old: str, new: str, version: str, expected: str
) -> None:
    chart = "  chart: {spec: {chart: x, sourceRef: {kind: HelmRepository, name: x}}}\n"
    found = moved({"a.yaml": manifest(version, spec=chart)}, old, new)
    assert brief(found) == ([f"a.yaml:1 HelmRelease podinfo {version} {expected}"] * bool(expected))
    for one in found.moves:
        for release in (old, new):
            crd = crds.crds()[release]["helmreleases.helm.toolkit.fluxcd.io"]
            assert one.version in crd.served


RELEASES = ("2.0.0", "2.2.3", "2.4.0", "2.6.4", "2.7.5", "2.8.5", "2.9.4")


@pytest.mark.parametrize("old", RELEASES)
@pytest.mark.parametrize("new", RELEASES)
def test_what_moves_is_what_the_route_says(old: str, new: str) -> None:
    table = crds.crds()
    kinds = {(crd.group, crd.kind): crd for crd in table[old].values()}
    every = {
        f"patches/{crd.kind}-{version.name}.yaml": (
            f"apiVersion: {crd.group}/{version.name}\nkind: {crd.kind}\n"
            f"metadata:\n  name: {version.name}\n"
        )
        for crd in kinds.values()
        for version in crd.versions
        if version.served
    }
    made = moved(dict(every), old, new).moves
    for one in made:
        group_kind = (one.resource.group, one.resource.kind)
        then = next(c for c in table[new].values() if (c.group, c.kind) == group_kind)
        assert one.version in kinds[group_kind].served & then.served
        if one.why is Why.DEPRECATED:
            assert not next(v for v in then.versions if v.name == one.version).deprecated
    hops = upgrade_path.route(table, old, new, table).hops
    if len(hops) == 1:
        assert {
            (removed.kind, version, removed.replaced_by)
            for removed in hops[0].removed
            for version in removed.versions
            if removed.replaced_by
        } == {
            (one.resource.kind, one.resource.version, one.version)
            for one in made
            if one.why is Why.REMOVED
        }


# --- byte for byte ----------------------------------------------------------------------------

BYTES: dict[str, tuple[str | bytes, str | bytes]] = {
    "plain": (OLD.encode(), NEW.encode()),
    "crlf": (OLD.replace("\n", "\r\n").encode(), NEW.replace("\n", "\r\n").encode()),
    "byte order mark": (b"\xef\xbb\xbf" + OLD.encode(), b"\xef\xbb\xbf" + NEW.encode()),
    "no final line break": (OLD.rstrip().encode(), NEW.rstrip().encode()),
    "not UTF-8 elsewhere": (OLD.encode() + b"---\nx: \xe9\n", NEW.encode() + b"---\nx: \xe9\n"),
    "quoted, with a comment": (
        OLD.replace("apiVersion: ", "apiVersion:  '").replace("v1beta2\n", "v1beta2'  # v1beta2\n"),
        NEW.replace("apiVersion: ", "apiVersion:  '").replace("/v1\n", "/v1'  # v1beta2\n"),
    ),
    "double quotes": (
        OLD.replace(": source", ': "source').replace("v1beta2", 'v1beta2"'),
        NEW.replace(": source", ': "source').replace("io/v1", 'io/v1"'),
    ),
    "several documents": (
        f"# head\n---\n{OLD}---\nkind: X\n--- # v1beta2\n{OLD}",
        f"# head\n---\n{NEW}---\nkind: X\n--- # v1beta2\n{NEW}",
    ),
    "flow style": (
        (
            '{"kind": "HelmRepository", "metadata": {"name": "source.toolkit.fluxcd.io/v1beta2 é"},'
            ' "apiVersion": "source.toolkit.fluxcd.io/v1beta2", "spec": {"interval": "1m"}}'
        ),
        (
            '{"kind": "HelmRepository", "metadata": {"name": "source.toolkit.fluxcd.io/v1beta2 é"},'
            ' "apiVersion": "source.toolkit.fluxcd.io/v1", "spec": {"interval": "1m"}}'
        ),
    ),
    "a list": (
        (
            "apiVersion: v1\nkind: List\nitems:\n"
            "  - apiVersion: source.toolkit.fluxcd.io/v1beta2\n    kind: HelmRepository\n"
            "    metadata: {name: a}\n"
            "  - {kind: GitRepository, apiVersion: source.toolkit.fluxcd.io/v1beta2}\n"
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n"
            "  - apiVersion: source.toolkit.fluxcd.io/v1\n    kind: HelmRepository\n"
            "    metadata: {name: a}\n"
            "  - {kind: GitRepository, apiVersion: source.toolkit.fluxcd.io/v1}\n"
        ),
    ),
    "an item that appears twice": (
        (
            "kind: List\nitems:\n- &a\n  apiVersion: source.toolkit.fluxcd.io/v1beta2\n"
            "  kind: HelmRepository\n- *a\n"
        ),
        (
            "kind: List\nitems:\n- &a\n  apiVersion: source.toolkit.fluxcd.io/v1\n"
            "  kind: HelmRepository\n- *a\n"
        ),
    ),
    "an inline patch": (
        "patches:\n  - patch: |\n"
        + "".join(f"      {line}\n" for line in OLD.splitlines())
        + "resources: [x]\n",
        "patches:\n  - patch: |\n"
        + "".join(f"      {line}\n" for line in NEW.splitlines())
        + "resources: [x]\n",
    ),
    "the old version in other values": (
        f"{OLD}  provider: generic\n---\nsource.toolkit.fluxcd.io/v1beta2: x\n",
        f"{NEW}  provider: generic\n---\nsource.toolkit.fluxcd.io/v1beta2: x\n",
    ),
    "substitutions around it": (
        OLD.replace("podinfo", "${NAME}").replace("5m", "${INTERVAL:=5m}"),
        NEW.replace("podinfo", "${NAME}").replace("5m", "${INTERVAL:=5m}"),
    ),
}


@pytest.mark.parametrize(("before", "expected"), BYTES.values(), ids=BYTES)
def test_only_the_version_changes(before: str | bytes, expected: str | bytes) -> None:
    found = moved({"a.yaml": before})
    wanted = expected if isinstance(expected, bytes) else expected.encode()
    assert after(found) == wanted


# --- what is left -----------------------------------------------------------------------------

BUCKET = (
    "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: Bucket\nmetadata: {name: b}\nspec:\n"
    "  interval: 1m\n"
)
PATCH = (
    "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: Bucket\nmetadata: {name: b}\n"
    "spec:\n  interval: 2m\n"
)
KUSTOMIZATION = (
    "patches:\n  - path: x.yaml\n    target:\n      kind: HelmRepository\n      version: v1beta2\n"
)
_ANCHOR = "the value is an anchor, a tag or an escape, which fluxbump does not rewrite"
STAYS = "HelmRepository podinfo stays at source.toolkit.fluxcd.io/v1beta2, because "
LEFT: dict[str, tuple[dict[str, str | bytes], str, str, list[str]]] = {
    "a variable": (
        {"a.yaml": OLD.replace("v1beta2", "${V}")}, "2.4.0", "2.8.5",
        [
            ("a.yaml:1 HelmRepository podinfo stays at source.toolkit.fluxcd.io/${V}, because "
            "its version is the variable ${V}")
        ],
    ),
    "a kind of nowhere": (
        {"a.yaml": OLD.replace("HelmRepository", "HelmRepositry")}, "2.4.0", "2.8.5",
        [
            ("a.yaml:1 HelmRepositry podinfo stays at source.toolkit.fluxcd.io/v1beta2, because "
            "Flux 2.8.5 has no such kind")
        ],
    ),
    "no version in common": (
        {"a.yaml": BUCKET.replace("Bucket", "OCIRepository")}, "2.4.0", "2.8.5",
        [
            ("a.yaml:1 OCIRepository b stays at source.toolkit.fluxcd.io/v1beta2, because "
            "Flux 2.8.5 and 2.4.0 serve no common version. Follow `fluxbump path 2.8.5`")
        ],
    ),
    "deprecated, and nothing newer yet": (
        {"a.yaml": BUCKET.replace("Bucket", "OCIRepository")}, "2.4.0", "2.6.4",
        [
            ("a.yaml:1 OCIRepository b stays at source.toolkit.fluxcd.io/v1beta2, because "
            "Flux 2.4.0 serves no newer version. Move it after the bump")
        ],
    ),
    "a field that is gone": (
        {"a.yaml": manifest("v2beta2", spec="  chart:\n    spec:\n      valuesFile: x.yaml\n")},
        "2.4.0", "2.8.5",
        [
            ("a.yaml:9 HelmRelease podinfo stays at helm.toolkit.fluxcd.io/v2beta2, because "
            "spec.chart.spec.valuesFile is not a field of HelmRelease v2 in Flux 2.8.5")
        ],
    ),
    "a value of another type": (
        {"a.yaml": f"{OLD}  insecure: 5\n"}, "2.4.0", "2.8.5",
        [f"a.yaml:8 {STAYS}spec.insecure is the number 5, but has to be a boolean in Flux 2.8.5"],
    ),
    "a field that the release that is left has not": (
        {"a.yaml": manifest("v2beta2", spec="  install: {disableTakeOwnership: true}\n")},
        "2.4.0", "2.8.5",
        [
            ("a.yaml:7 HelmRelease podinfo stays at helm.toolkit.fluxcd.io/v2beta2, because "
            "spec.install.disableTakeOwnership is not a field of HelmRelease v2 before Flux 2.5.0, "
            "and so not in Flux 2.4.0")
        ],
    ),
    "a field that has to be there": (
        {"a.yaml": manifest("v1beta2", "Receiver", "notification.toolkit", "  type: generic\n")},
        "2.0.0", "2.4.0",
        [
            ("a.yaml:6 Receiver podinfo stays at notification.toolkit.fluxcd.io/v1beta2, because "
            "spec.secretRef is not set, and Receiver v1 asks for it in Flux 2.4.0")
        ],
    ),
    "a field that has to be in every item": (
        {
            "a.yaml": manifest(
                "v1beta1", "Receiver", "notification.toolkit",
                "  type: generic\n  secretRef: {name: x}\n  resources:\n"
                "  - {kind: Bucket, name: x}\n  - {<<: {kind: Bucket}, name: y}\n"
                "  - name: z\n",
            )
        },
        "2.0.0", "2.4.0",
        [
            (
                "a.yaml:12 Receiver podinfo stays at notification.toolkit.fluxcd.io/v1beta1, "
                "because "
                "spec.resources[].kind is not set, and Receiver v1 asks for it in Flux 2.4.0"
            )
        ],
    ),
    "an anchor": (
        {"a.yaml": OLD.replace("apiVersion: ", "apiVersion: &a ")}, "2.4.0", "2.8.5",
        [f"a.yaml:1 {STAYS}{_ANCHOR}"],
    ),
    "an escape": (
        {"a.yaml": OLD.replace("n: source", 'n: "source').replace("v1beta2", '\\x761beta2"')},
        "2.4.0", "2.8.5",
        [f"a.yaml:1 {STAYS}{_ANCHOR}"],
    ),
    "what is broken below its head": (
        {"a.yaml": f"{OLD}  x: [\n"}, "2.4.0", "2.8.5",
        [f"a.yaml:1 {STAYS}its document cannot be parsed"],
    ),
    "its patch cannot move": (
        {"a.yaml": BUCKET, "patches/b.yaml": PATCH + "  accessFrom: {}\n"}, "2.5.0", "2.8.5",
        [
            ("a.yaml:1 Bucket b stays at source.toolkit.fluxcd.io/v1beta2, because "
            "its patch stays too (patches/b.yaml:1)"),
            ("patches/b.yaml:6 Bucket b stays at source.toolkit.fluxcd.io/v1beta2, because "
            "spec.accessFrom is not a field of Bucket v1 in Flux 2.8.5"),
        ],
    ),
    "what it patches cannot move": (
        {"a.yaml": BUCKET.replace("v1beta2", "${V}"), "patches/b.yaml": PATCH}, "2.5.0", "2.8.5",
        [
            ("a.yaml:1 Bucket b stays at source.toolkit.fluxcd.io/${V}, because "
            "its version is the variable ${V}"),
            ("patches/b.yaml:1 Bucket b stays at source.toolkit.fluxcd.io/v1beta2, because "
            "its object stays too (a.yaml:1)"),
        ],
    ),
    "a selector by version": (
        {"a.yaml": OLD, "kustomization.yaml": KUSTOMIZATION}, "2.4.0", "2.8.5",
        [
            (f"a.yaml:1 {STAYS}kustomization.yaml:4 selects it by that version. "
            "Remove `version` there")
        ],
    ),
    "other text": (
        {
            "a.ts": "x({ apiVersion: 'source.toolkit.fluxcd.io/v1beta2', kind: 'Bucket' })\n",
            "b.go": 'var x = "helm.toolkit.fluxcd.io/v2beta1"\n// helm.toolkit.fluxcd.io/v2beta1\n',
            "c.sh": "kubectl get --raw /apis/helm.toolkit.fluxcd.io/v2/x\n",
            "d.md": "source.toolkit.fluxcd.io/v1beta2\n",
            "t/templates/e.yaml": f"{OLD}  x: {{{{ .Values.x }}}}\n",
        },
        "2.5.0", "2.8.5",
        [
            ("a.ts:1 this text names Bucket at source.toolkit.fluxcd.io/v1beta2, which Flux 2.8.5 "
            "does not serve"),
            ("b.go:1 this text names helm.toolkit.fluxcd.io/v2beta1, which Flux 2.8.5 does not "
            "serve"),
            ("t/templates/e.yaml:1 this text names HelmRepository at "
            "source.toolkit.fluxcd.io/v1beta2, which Flux 2.8.5 does not serve"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "old", "new", "expected"), LEFT.values(), ids=LEFT)
def test_what_stays_and_why(
    files: dict[str, str | bytes], old: str, new: str, expected: list[str]
) -> None:
    found = moved(files, old, new)
    assert notes(found) == expected
    assert (found.moves, found.changes.files) == ((), {})


def test_one_object_that_stays_does_not_hold_back_another_of_its_name() -> None:
    stays = f"{OLD}  passCredential: true\n"
    found = moved({"a/x.yaml": stays, "b/x.yaml": OLD})
    assert brief(found) == ["b/x.yaml:1 HelmRepository podinfo v1beta2 v1 removed"]
    assert [note.split()[0] for note in notes(found)] == ["a/x.yaml:8"]


def test_a_patch_moves_with_its_object() -> None:
    found = moved({"a.yaml": BUCKET, "patches/b.yaml": PATCH}, "2.5.0")
    assert [m.resource.location.path for m in found.moves] == ["a.yaml", "patches/b.yaml"]
    assert not found.notes


def test_a_patch_whose_object_is_elsewhere_moves_and_is_named() -> None:
    found = moved({"patches/b.yaml": PATCH}, "2.5.0")
    assert after(found, "patches/b.yaml") == PATCH.replace("v1beta2", "v1").encode()
    assert notes(found) == [
        (
            "patches/b.yaml:1 the patch of Bucket b moves, but what it patches is not in this "
            "repository"
        )
    ]


SELECTORS = {
    "of another version": ("version: v1", True),
    "of another kind": ("kind: Bucket\n      version: v1beta2", True),
    "of another group": ("group: x.io\n      version: v1beta2", True),
    "of another name": ("name: other\n      version: v1beta2", True),
    "of no version": ("kind: HelmRepository", True),
    "of any name": ("name: .*\n      version: v1beta2", False),
    "of the version alone": ('"version": "v1beta2"', False),
    "of all": (
        (
            "group: source.toolkit.fluxcd.io\n      kind: HelmRepository\n      name: podinfo\n"
            "      version: v1beta2"
        ),
        False,
    ),
}


@pytest.mark.parametrize(("selector", "free"), SELECTORS.values(), ids=SELECTORS)
def test_what_picks_an_object(selector: str, free: bool) -> None:
    text = f"patches:\n  - path: x.yaml\n    target:\n      {selector}\n"
    assert bool(moved({"a.yaml": OLD, "kustomization.yaml": text}).moves) == free


@pytest.mark.parametrize(("old", "new"), [("2.4.0", "3.0.0"), ("1.0.0", "2.4.0")])
def test_an_unknown_release_moves_nothing(old: str, new: str) -> None:
    with pytest.raises(UsageError, match="are not known"):
        moved({"a.yaml": OLD}, old, new)


def test_the_monorepo() -> None:
    found = moved(dict(states.files()))
    assert edits.summary(found.moves) == {
        ("HelmRepository", "v1beta2", "v1", Why.REMOVED): (18, 18)
    }
    assert not found.notes
    result = Overlay(MemorySnapshot(states.files()), found.changes)
    again = flux_objects.find(result, lambda _: False)
    assert not plan.migrate(again, KnownReleases(crds.crds()), "2.4.0", "2.8.5").moves
    original = flux_objects.find(MemorySnapshot(states.files()), lambda _: False)
    assert [one.api_version for one in edits.applied(original, found).resources] == [
        one.api_version for one in again.resources
    ]


# --- properties -------------------------------------------------------------------------------

KINDS = (
    ("source.toolkit.fluxcd.io", "HelmRepository", "v1beta2", "v1"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "v2beta1", "v2"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "v2", None),
    ("source.toolkit.fluxcd.io", "OCIRepository", "v1beta2", None),
    ("apps", "Deployment", "v1", None),
)
NOISE = ("v1beta2", "source.toolkit.fluxcd.io/v1beta2", "é 🚀", "it's", "# no", "x: y", "")


@st.composite
def objects(draw: Any) -> tuple[str, str]:
    """An object as text, and as it has to be afterwards; `@` stands for a line break."""
    group, kind, old, new = draw(st.sampled_from(KINDS))
    quote = draw(st.sampled_from(["", "", "'", '"']))
    comment = draw(st.sampled_from(["", f"  # {group}/{old}", " # é 🚀"]))
    noise = [draw(st.sampled_from(NOISE)).replace("'", "''") for _ in range(2)]

    def lines(version: str) -> list[str]:
        api = f"{quote}{group}/{version}{quote}"
        meta = f"{{name: n, annotations: {{a: '{noise[0]}'}}}}"
        return [f"apiVersion: {api}{comment}", f"kind: {kind}", f"metadata: {meta}"]

    order = draw(st.permutations(range(3)))
    flow = draw(st.booleans()) and not comment
    body = [] if flow else [f"# {noise[1]}"]
    pair = []
    for version in (old, new or old):
        some = [lines(version)[n] for n in order]
        pair.append("{" + ", ".join(some) + "}" if flow else "@".join([*body, *some]))
    return pair[0], pair[1]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    made=st.lists(objects(), min_size=1, max_size=5),
    line_break=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from(["", "\ufeff"]),
    final=st.booleans(),
    shape=st.sampled_from(["documents", "list", "patch"]),
)
def test_nothing_but_versions_changes(
    made: list[tuple[str, str]], line_break: str, bom: str, final: bool, shape: str
) -> None:
    def text(which: int) -> bytes:
        parts = [one[which] for one in made]
        if shape == "list":
            items = ["@".join(["  -", *(f"    {x}" for x in p.split("@"))]) for p in parts]
            whole = "@".join(["apiVersion: v1", "kind: List", "items:", *items])
        elif shape == "patch":
            blocks = ["@".join(["- patch: |", *(f"    {x}" for x in p.split("@"))]) for p in parts]
            whole = "@".join(["patches:", *blocks])
        else:
            whole = "@---@".join(parts)
        return (bom + whole.replace("@", line_break) + line_break * final).encode()

    before, expected = text(0), text(1)
    found = moved({"a.yaml": before})
    changed = before != expected
    assert found.changes.files == ({"a.yaml": expected} if changed else {}), decode(before)
    assert not moved({"a.yaml": expected}).moves
