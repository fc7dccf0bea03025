import json
import re
from itertools import permutations, product
from types import MappingProxyType
from typing import Any

import pytest

from fixtures import derive_facts, facts
from fluxbump.flux import stored_versions
from fluxbump.flux.stored_versions import Conflict, Crd, CrdVersion
from fluxbump.flux.tables import crds as tables
from fluxbump.flux.tables import kubernetes
from fluxbump.flux.tables.images import controllers
from tests.helpers import ROOT
from tests.refusals import recognise

FACTS = ROOT.parent / "shared" / "facts" / "flux-crds.json"
CONFLICTS = ROOT.parent / "shared" / "facts" / "stored-version-conflicts.json"
"""Every conflicting pair, derived by others from the release manifests; not in the project."""

TABLE = tables.crds()
Pairs = dict[str, dict[str, list[str]]]


def short(conflicts: tuple[Conflict, ...]) -> dict[str, tuple[str, ...]]:
    return {one.kind: one.stored for one in conflicts}


# --- every pair ------------------------------------------------------------------------------


def known(name: str) -> tuple[dict[str, list[str]], dict[str, Pairs]]:
    if not CONFLICTS.is_file():
        pytest.skip("the table of conflicts is not beside this checkout")
    document: dict[str, Any] = json.loads(CONFLICTS.read_text("utf-8"))
    return document["classes"], document[name]


def flat(conflicts: tuple[Conflict, ...]) -> dict[str, list[str]]:
    return {one.crd: list(one.stored) for one in conflicts}


def test_every_pair_of_releases_conflicts_as_known() -> None:
    classes, expected = known("fresh")
    assert {release for some in classes.values() for release in some} == set(TABLE)
    conflicting = 0
    for old_class, new_class in product(classes, repeat=2):
        want = expected.get(old_class, {}).get(new_class, {})
        for old, new in product(classes[old_class], classes[new_class]):
            found = stored_versions.fresh(TABLE, old, new)
            assert flat(found) == want, (old, new)
            assert all(one.certain for one in found)
            conflicting += bool(found)
    assert conflicting == sum(
        len(classes[old]) * len(classes[new]) for old, some in expected.items() for new in some
    )


def test_every_upgrade_may_conflict_as_known() -> None:
    """The table's `history_reachable` holds what is certain, too."""
    classes, expected = known("history_reachable")
    possible = 0
    for (n, old_class), (m, new_class) in permutations(enumerate(classes), 2):
        if n > m:
            continue  # the table of histories has upgrades alone
        want = expected.get(old_class, {}).get(new_class, {})
        for old, new in product(classes[old_class], classes[new_class]):
            found = stored_versions.reachable(TABLE, old, new)
            sure = flat(stored_versions.fresh(TABLE, old, new))
            both = {
                crd: sorted({*sure.get(crd, ()), *flat(found).get(crd, ())})
                for crd in sorted({*sure, *flat(found)})
            }
            assert both == want, (old, new)
            assert not any(one.certain for one in found)
            possible += bool(found)
    assert possible > 100


# --- what the project itself expects ----------------------------------------------------------

FRESH: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("2.4.0", "2.3.0"): {"Bucket": ("v1",)},  # the incident
    ("2.3.0", "2.4.0"): {},
    ("2.4.0", "2.5.1"): {},
    ("2.5.1", "2.7.5"): {},
    ("2.5.1", "2.8.5"): {"OCIRepository": ("v1beta2",)},
    ("2.4.0", "2.9.4"): {
        "ImagePolicy": ("v1beta2",),
        "ImageRepository": ("v1beta2",),
        "ImageUpdateAutomation": ("v1beta2",),
        "OCIRepository": ("v1beta2",),
    },
    ("2.2.0", "2.0.0"): {
        "Alert": ("v1beta3",),
        "HelmRelease": ("v2beta2",),
        "Provider": ("v1beta3",),
    },
    ("2.1.2", "2.7.0"): {"HelmRelease": ("v2beta1",), "ImageUpdateAutomation": ("v1beta1",)},
    ("2.7.0", "2.6.4"): {
        "ImagePolicy": ("v1",),
        "ImageRepository": ("v1",),
        "ImageUpdateAutomation": ("v1",),
    },
    ("2.9.4", "2.8.0"): {},
}


@pytest.mark.parametrize(("pair", "expected"), FRESH.items(), ids=str)
def test_a_fresh_cluster_refuses(
    pair: tuple[str, str], expected: dict[str, tuple[str, ...]]
) -> None:
    assert short(stored_versions.fresh(TABLE, *pair)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("2.4.0", "2.7.5", {"HelmRelease": ("v2beta1",), "ImageUpdateAutomation": ("v1beta1",)}),
        ("2.4.0", "2.6.4", {}),
        ("2.0.0", "2.7.5", {}),  # all of it is certain
        ("2.2.0", "2.7.5", {"HelmRelease": ("v2beta1",)}),
        ("2.2.0", "2.8.0", {"HelmRelease": ("v2beta1",)}),
        (
            "2.7.0",
            "2.8.0",
            dict.fromkeys(["Bucket", "HelmChart", "HelmRepository", "OCIRepository"], ("v1beta2",))
            | {"HelmRelease": ("v2beta2",)},
        ),
    ],
)
def test_a_cluster_with_a_history_may_refuse(
    old: str, new: str, expected: dict[str, tuple[str, ...]]
) -> None:
    assert short(stored_versions.reachable(TABLE, old, new)) == expected


def test_the_releases_that_were_passed_narrow_what_may_be_refused() -> None:
    def narrowed(*through: str) -> dict[str, tuple[str, ...]]:
        return short(stored_versions.reachable(TABLE, "2.4.0", "2.8.5", through))

    assert narrowed() == narrowed("2.4.0") == narrowed("2.9.4", "0.41.0", "main") == {}
    assert narrowed("2.3.0", "2.4.0") == {"Bucket": ("v1beta2",)}
    assert narrowed("2.2.3")["HelmRelease"] == ("v2beta2",)
    assert stored_versions.reachable(
        TABLE, "2.4.0", "2.8.5", list(TABLE)
    ) == stored_versions.reachable(TABLE, "2.4.0", "2.8.5")


def test_what_both_say_is_said_once() -> None:
    """HelmRelease v2beta2 is certain, v2beta1 beside it is possible."""
    assert short(stored_versions.fresh(TABLE, "2.2.0", "2.8.0"))["HelmRelease"] == ("v2beta2",)
    (possible,) = stored_versions.reachable(TABLE, "2.2.0", "2.8.0")
    assert (possible.stored, possible.listed) == (("v2beta1",), ("v2beta1", "v2beta2"))


def test_a_cluster_that_is_known_gets_an_exact_answer() -> None:
    name = "helmreleases.helm.toolkit.fluxcd.io"
    stored = {name: ("v2beta1", "v2beta2", "v2"), "crontabs.example.org": ("v1alpha1",)}
    assert stored_versions.exact({name: ("v2",)}, TABLE, "2.8.5") == ()
    assert stored_versions.exact({}, TABLE, "2.8.5") == ()
    (conflict,) = stored_versions.exact(stored, TABLE, "2.8.5")
    assert conflict == Conflict(
        name, "HelmRelease", ("v2beta1", "v2beta2"), certain=True, listed=stored[name]
    )


def test_a_definition_that_goes_is_not_refused() -> None:
    """Helm deletes it, with every object of the kind; but nobody updates it."""
    assert "ArtifactGenerator" not in short(stored_versions.fresh(TABLE, "2.7.0", "2.6.4"))


def test_a_release_that_the_table_does_not_have() -> None:
    for call in (stored_versions.fresh, stored_versions.reachable):
        with pytest.raises(KeyError, match=r"2\.99\.0"):
            call(TABLE, "2.4.0", "2.99.0")
        with pytest.raises(KeyError, match=r"2\.99\.0"):
            call(TABLE, "2.99.0", "2.4.0")
    with pytest.raises(ValueError, match="not a release: main"):
        stored_versions.key("main")


def test_releases_are_ordered_as_versions() -> None:
    table = dict.fromkeys(["2.10.0", "2.9.0", "2.10.0-rc.1"], MappingProxyType[str, Crd]({}))
    assert stored_versions.earlier(table, "2.10.0") == ("2.9.0", "2.10.0-rc.1")


# --- the server's words -----------------------------------------------------------------------

BUCKET = "buckets.source.toolkit.fluxcd.io"
BEFORE = (
    f'CustomResourceDefinition.apiextensions.k8s.io "{BUCKET}" is invalid: '
    'status.storedVersions[0]: Invalid value: "v1": must appear in spec.versions'
)
SINCE = (
    f'CustomResourceDefinition.apiextensions.k8s.io "{BUCKET}" is invalid: '
    'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously '
    "a storage version, and must remain in spec.versions until a storage migration ensures no data "
    "remains persisted in v1 and removes v1 from status.storedVersions"
)


@pytest.mark.parametrize(
    ("kubernetes", "words"),
    [
        ("1.32", BEFORE),
        ("v1.31.4+k3s1", BEFORE),
        ("1.9.0", BEFORE),
        ("1.33", SINCE),
        ("v1.33.0", SINCE),
        ("1.100", SINCE),
        ("2.0", SINCE),
        ("latest", SINCE),
        (None, SINCE),
    ],
)
def test_the_server_is_quoted(kubernetes: str | None, words: str) -> None:
    (conflict,) = stored_versions.fresh(TABLE, "2.4.0", "2.3.0")
    assert conflict.message(kubernetes) == words
    assert recognise(words) == (BUCKET, "v1", words == BEFORE)


def test_several_versions_are_one_message_with_their_places() -> None:
    one = Conflict(
        BUCKET, "Bucket", ("v1beta2", "v1"), certain=True, listed=("v2", "v1beta2", "v1")
    )
    assert one.message("1.30") == (
        f'CustomResourceDefinition.apiextensions.k8s.io "{BUCKET}" is invalid: '
        '[status.storedVersions[1]: Invalid value: "v1beta2": must appear in spec.versions, '
        'status.storedVersions[2]: Invalid value: "v1": must appear in spec.versions]'
    )
    assert recognise(one.message("1.30")) == (BUCKET, "v1beta2", True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'Helm install failed: cannot patch "{BUCKET}": {BEFORE}', (BUCKET, "v1", True)),
        (f"upgrade failed: {SINCE}", (BUCKET, "v1", False)),
        (SINCE.partition(" is invalid: ")[2], (None, "v1", False)),
        ("", None),
        ('status.storedVersions: Invalid value: "v1": must have the storage version v1', None),
        (f'CustomResourceDefinition "{BUCKET}" is invalid: spec.group: Required value', None),
        ('spec.versions[0]: Invalid value: "v1": must appear in spec.versions', None),
    ],
)
def test_a_refusal_is_recognised(text: str, expected: tuple[str | None, str, bool] | None) -> None:
    assert recognise(text) == expected


@pytest.mark.parametrize("page", ["docs/runbook.md", "fluxbump/check/rules/pages/FB201.md"])
def test_who_searches_for_the_message_finds_it_in_both_wordings(page: str) -> None:
    text = " ".join((ROOT / page).read_text("utf-8").split())
    found = [
        recognise(text[one.start() :]) for one in re.finditer(r"status\.storedVersions\[", text)
    ]
    assert found == [(None, "v1", True), (None, "v1", False)]
    for words in (BEFORE, SINCE):
        assert words.partition(" is invalid: ")[2].partition(" until ")[0] in text


# --- the table --------------------------------------------------------------------------------


def test_the_table_agrees_with_the_fixtures() -> None:
    """They were derived apart."""
    for release in json.loads(facts.SOURCE.read_text("utf-8"))["releases"]:
        if release in TABLE:
            expected = {crd.name: crd.versions for crd in facts.release(release).crds}
            assert {
                crd.name: {
                    one.name: frozenset(flag for flag in derive_facts.FLAGS if getattr(one, flag))
                    for one in crd.versions
                }
                for crd in TABLE[release].values()
            } == expected


def test_the_table_holds_every_release_once() -> None:
    assert len(TABLE) == 38
    assert tables.crds() is TABLE
    assert list(TABLE) == sorted(TABLE, key=stored_versions.key)
    for release in TABLE.values():
        for name, crd in release.items():
            assert (crd.name, crd.group) == (name, name.partition(".")[2])
            assert [one.name for one in crd.versions if one.storage] == [crd.storage]
            assert crd.storage in crd.served <= crd.names
    bucket = TABLE["2.4.0"][BUCKET]
    assert (bucket.kind, bucket.storage) == ("Bucket", "v1")
    assert bucket.names == bucket.served == {"v1", "v1beta1", "v1beta2"}


@pytest.mark.skipif(not FACTS.is_file(), reason="the facts are not part of the project")
def test_the_table_is_what_the_facts_say() -> None:
    """Others derived them, from the manifests that Flux published."""
    said = json.loads(FACTS.read_text("utf-8"))
    assert list(TABLE) == list(said)
    for release, fact in said.items():
        assert controllers(release) == fact["controllers"]
        assert TABLE[release] == {
            name: Crd(name, crd["kind"], crd["group"], tuple(map(version, crd["versions"])))
            for name, crd in fact["crds"].items()
        }


def version(said: dict[str, Any]) -> CrdVersion:
    return CrdVersion(said["name"], *(bool(said[flag]) for flag in derive_facts.FLAGS))


@pytest.mark.parametrize(
    ("release", "minimum"),
    [
        ("2.4.0", "1.28"),
        ("v2.7.5", "1.32"),
        ("2.9.4", "1.33"),
        ("2.3.0", "1.28"),
        ("2.2.3", "1.26"),
        ("2.1.2", "1.25"),
        ("2.0.1", "1.24"),
        ("0.41.2", None),
        ("2.10.0", None),
        ("main", None),
    ],
)
def test_the_kubernetes_that_a_release_asks_for(release: str, minimum: str | None) -> None:
    assert kubernetes.kubernetes_minimum(release) == minimum
