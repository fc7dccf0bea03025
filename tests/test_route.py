import json
from itertools import combinations, pairwise, permutations

import msgspec
import pytest

from fluxbump.flux import removed_versions, stored_versions, upgrade_path
from fluxbump.flux.removed_versions import Removed
from fluxbump.flux.stored_versions import Crd, CrdVersion, Stored, Table
from fluxbump.flux.tables import crds as tables
from fluxbump.flux.tables import kubernetes
from fluxbump.flux.upgrade_path import Hop, Route
from fluxbump.reports import upgrade_path as report
from fluxbump.reports.table import Paint

TABLE = tables.crds()
CHARTS = frozenset(TABLE) - {
    "2.2.1", "2.5.0", "2.6.0", "2.7.0", "2.7.1", "2.7.3", "2.7.4", "2.8.0", "2.8.4",
}  # fmt: skip
"""The real index has no chart for these."""

ONE = {
    release: next(other for other in TABLE if TABLE[other] == TABLE[release]) for release in TABLE
}
"""Each release to the first with equal CRDs."""


def way(
    start: str, goal: str, stored: Stored | None = None, through: list[str] | None = None
) -> Route:
    return upgrade_path.route(TABLE, start, goal, CHARTS, stored=stored, through=through)


def needs(hop: Hop) -> dict[str, tuple[tuple[str, ...], bool]]:
    return {one.kind: (one.stored, one.certain) for one in hop.migrate}


# --- every pair ------------------------------------------------------------------------------


def follow(found: Route, stored: dict[str, tuple[str, ...]]) -> None:
    """Play a route on a cluster: the API server's rule must let every hop pass."""
    for hop in found.hops:
        if hop.migrate:
            stored = dict(stored_versions.stored_by(TABLE[hop.old]))
        assert stored_versions.exact(stored, TABLE, hop.new) == (), hop
        for name, crd in TABLE[hop.new].items():
            listed = stored.get(name, ())
            stored[name] = listed if crd.storage in listed else (*listed, crd.storage)


@pytest.mark.parametrize("start", sorted({*ONE.values(), "2.5.1", "2.8.8"}))
def test_every_route_can_be_taken(start: str) -> None:
    for goal in CHARTS:
        found = way(start, goal)
        if found.problem:
            assert found.hops == ()
            continue
        assert (found.releases[0], found.releases[-1]) == (start, goal)
        assert all(new in CHARTS for new in found.releases[1:])
        for old, new in pairwise(found.releases):
            assert stored_versions.fresh(TABLE, old, new) == ()
        follow(found, dict(stored_versions.history(TABLE, start)))
        follow(found, dict(stored_versions.stored_by(TABLE[start])))


def test_every_upgrade_has_a_route() -> None:
    for start, goal in combinations(TABLE, 2):
        found = way(start, goal)
        assert bool(found.problem) == (goal not in CHARTS)
        assert bool(found.hops) == (goal in CHARTS)


def test_no_shorter_way_passes() -> None:
    """Over all releases with a chart, not only those that the search considers."""
    reached: dict[str, dict[str, int]] = {}
    for start in set(ONE.values()):
        distance, edge, hops = {start: 0}, {start}, 0
        while edge:
            hops += 1
            edge = {
                new
                for old in edge
                for new in CHARTS
                if new not in distance and not stored_versions.fresh(TABLE, old, new)
            }
            distance.update(dict.fromkeys(edge, hops))
        reached[start] = distance
    for start, goal in permutations(set(ONE.values()), 2):
        newest = max((one for one in CHARTS if ONE[one] == goal), key=stored_versions.key)
        found = way(start, newest)
        if stored_versions.key(start) < stored_versions.key(goal):
            assert len(found.hops) == reached[start][newest], (start, newest)


# --- some in full ----------------------------------------------------------------------------


def test_from_where_the_incident_was_to_2_8_5() -> None:
    found = way("2.4.0", "2.8.5")
    assert found.releases == ("2.4.0", "2.6.4", "2.8.5")
    first, second = found.hops
    assert (first.migrate, first.removed) == ((), ())
    assert needs(second)["OCIRepository"] == (("v1beta2",), True)
    assert needs(second)["HelmRelease"] == (("v2beta1", "v2beta2"), False)
    assert (
        Removed("HelmRepository", "source.toolkit.fluxcd.io", ("v1beta1", "v1beta2"), "v1")
        in second.removed
    )
    assert Removed("Alert", "notification.toolkit.fluxcd.io", ("v1beta1",), "v1beta3") in (
        second.removed
    )


def test_what_was_passed_narrows_what_must_be_migrated() -> None:
    *_, last = way("2.4.0", "2.8.5", through=["2.4.0"]).hops
    assert needs(last) == {"OCIRepository": (("v1beta2",), True)}


def test_a_cluster_that_was_asked_is_believed() -> None:
    name = "helmreleases.helm.toolkit.fluxcd.io"
    (hop,) = way("2.6.4", "2.8.5", stored={name: ("v2beta2", "v2"), "x.example.org": ("v1",)}).hops
    assert needs(hop) == {"HelmRelease": (("v2beta2",), True)}
    (hop,) = way("2.6.4", "2.8.5", stored={name: ("v2",)}).hops
    assert hop.migrate == ()
    (hop,) = way("2.6.4", "2.8.5", stored={}).hops
    assert hop.migrate == ()


def test_nowhere_to_go() -> None:
    assert way("2.4.0", "2.4.0") == Route("2.4.0", "2.4.0")
    assert way("2.4.0", "2.8.4").problem == "no chart ships Flux 2.8.4"
    found = upgrade_path.route(TABLE, "2.4.0", "2.8.5", {"2.8.5"})
    assert found.problem == "no release with a chart leads around OCIRepository v1beta2"
    assert way("2.4.0", "2.3.0").problem == ("no release with a chart leads around Bucket v1")
    for start, goal in (("2.99.0", "2.8.5"), ("2.8.5", "2.99.0")):
        with pytest.raises(KeyError, match=r"2\.99\.0"):
            upgrade_path.route(TABLE, start, goal, {*CHARTS, "2.99.0"})


def test_a_kind_that_goes_has_no_successor() -> None:
    table: Table = {"1.0.0": crd(("v1", True)), "0.9.0": {}}
    (hop,) = upgrade_path.route(table, "1.0.0", "0.9.0", table).hops
    assert hop.removed == (Removed("Kind", "example.org", ("v1",), None),)
    assert removed_versions.describe(hop.removed) == "Kind v1 goes"


def crd(*versions: tuple[str, bool]) -> dict[str, Crd]:
    return {
        "kinds.example.org": Crd(
            "kinds.example.org",
            "Kind",
            "example.org",
            tuple(CrdVersion(name, True, storage) for name, storage in versions),
        )
    }


def test_prereleases_are_no_stops_and_releases_without_a_chart_neither() -> None:
    a, b = ("v1", True), ("v2", True)
    table: Table = {
        "1.0.0": crd(a),
        "1.1.0-rc.1": crd(("v1", False), b),
        "1.1.0": crd(("v1", False), b),
        "1.1.1": crd(("v1", False), b),
        "2.0.0": crd(b),
    }
    assert upgrade_path.route(table, "1.0.0", "2.0.0", table).releases == (
        "1.0.0",
        "1.1.1",
        "2.0.0",
    )
    assert upgrade_path.route(table, "1.0.0", "2.0.0", {"1.1.0", "2.0.0"}).releases[1] == "1.1.0"
    assert upgrade_path.route(table, "1.0.0", "2.0.0", {"1.1.0-rc.1", "2.0.0"}).problem


def test_api_versions_are_ordered_as_kubernetes_does() -> None:
    ordered = ["foo", "v1alpha1", "v1alpha2", "v1beta1", "v2beta1", "v2beta2", "v1", "v2", "v10"]
    mixed = sorted(ordered, key=lambda one: one[::-1])
    assert mixed != ordered
    assert sorted(mixed, key=removed_versions.priority) == ordered


# --- what is printed --------------------------------------------------------------------------

FOUND = way("2.4.0", "2.8.5", through=["2.3.0"])


def test_the_route_as_text() -> None:
    text = report.text(FOUND, "2.7.5", Paint(enabled=False))
    assert text.startswith("Flux 2.4.0 -> 2.6.4 -> 2.8.5 (2 hops)\n")
    assert "  flux migrate" in text
    assert "OCIRepository v1beta2 (certain)" in text
    assert "Bucket v1beta2 (possible)" in text
    assert "HelmRepository v1beta1 and v1beta2 to v1" in text
    assert text.endswith("Newest release that passes now: 2.7.5")
    assert "\x1b[" in report.text(FOUND, None, Paint(enabled=True))
    assert "Newest" not in report.text(FOUND, None, Paint(enabled=False))


def with_kubernetes(found: Route, running: str | None) -> Route:
    return upgrade_path.with_kubernetes(found, running, kubernetes.kubernetes_minimum)


@pytest.mark.parametrize(
    ("running", "asked"),
    [
        (None, [None, None]),
        ("newest", [None, None]),
        ("v1.33.2+k3s1", [None, None]),
        ("1.31", [None, "1.33"]),
        ("v1.28.3", ["1.31", "1.33"]),
    ],
)
def test_a_hop_says_which_kubernetes_must_be_there_before_it(
    running: str | None, asked: list[str | None]
) -> None:
    assert [hop.kubernetes for hop in with_kubernetes(FOUND, running).hops] == asked


def test_kubernetes_is_asked_for_once() -> None:
    there_and_back = Route("2.8.5", "2.9.4", (Hop("2.8.5", "2.9.0"), Hop("2.9.0", "2.9.4")))
    found = with_kubernetes(there_and_back, "1.31")
    assert [hop.kubernetes for hop in found.hops] == ["1.33", None]
    unknown = Route("0.41.1", "0.41.2", (Hop("0.41.1", "0.41.2"),))
    assert with_kubernetes(unknown, "1.20") == unknown


def test_kubernetes_is_printed_in_every_form() -> None:
    found = with_kubernetes(FOUND, "1.31")
    rows = [
        " ".join(line.split())
        for line in report.text(found, None, Paint(enabled=False)).split("\n")
    ]
    assert "2 2.6.4 -> 2.8.5 Kubernetes 1.33 or newer" in rows
    document = json.loads(report.json_text(found, None))
    msgspec.convert(document, report.PathJson)
    assert [hop["kubernetes"] for hop in document["hops"]] == [None, "1.33"]
    assert 's2["Kubernetes 1.33 or newer<br/>move: ' in report.mermaid(found)


def test_the_route_as_text_when_there_is_none() -> None:
    plain = Paint(enabled=False)
    assert report.text(way("2.4.0", "2.4.0"), None, plain) == "Already at Flux 2.4.0."
    assert report.text(way("2.4.0", "2.3.0"), "2.6.4", plain) == (
        "No safe route from Flux 2.4.0 to 2.3.0: no release with a chart leads around Bucket v1"
    )


def test_the_route_as_json() -> None:
    document = json.loads(report.json_text(FOUND, "2.7.5"))
    msgspec.convert(document, report.PathJson)
    assert document["schema"] == "fluxbump/path/v1"
    assert [(hop["old"], hop["new"]) for hop in document["hops"]] == list(pairwise(FOUND.releases))
    assert document["newest_safe"] == "2.7.5"
    assert document["problem"] is None
    assert document["hops"][0]["migrate"] == []
    assert {
        "crd": "ocirepositories.source.toolkit.fluxcd.io",
        "kind": "OCIRepository",
        "stored": ["v1beta2"],
        "certain": True,
    } in document["hops"][1]["migrate"]
    assert {
        "kind": "HelmRelease",
        "group": "helm.toolkit.fluxcd.io",
        "versions": ["v2beta1", "v2beta2"],
        "replaced_by": "v2",
    } in document["hops"][1]["removed"]


def test_the_route_as_a_diagram() -> None:
    lines = report.mermaid(FOUND).splitlines()
    assert lines[:3] == ["flowchart LR", '  r0["Flux 2.4.0"]', '  r1["Flux 2.6.4"]']
    assert "  r0 --> r1" in lines
    assert "  r1 --> s2 --> r2" in lines
    (step,) = [line for line in lines if line.startswith("  s2[")]
    assert "flux migrate: " in step
    assert "OCIRepository v1beta2" in step
    assert "move: " in step
    assert report.mermaid(way("2.4.0", "2.4.0")) == 'flowchart LR\n  r0["Flux 2.4.0"]\n'
    assert "  r0 -. no safe route .-> r1" in report.mermaid(way("2.4.0", "2.3.0"))


# --- what objects remember -------------------------------------------------------------------

HELM_REPOSITORY = ("source.toolkit.fluxcd.io", "HelmRepository")
CLEAN = {"helmrepositories.source.toolkit.fluxcd.io": ("v1",)}


def test_what_objects_were_written_at_is_migrated_before_the_hop_that_removes_it() -> None:
    written = {HELM_REPOSITORY: ("v1beta2", "v1")}
    found = upgrade_path.route(TABLE, "2.6.4", "2.8.5", CHARTS, stored=CLEAN, written=written)
    [hop] = found.hops
    assert hop.migrate == ()
    group, kind = HELM_REPOSITORY
    assert hop.rewrite == (Removed(kind, group, ("v1beta2",), "v1"),)
    assert "flux migrate    HelmRepository v1beta2 in managedFields" in report.text(
        found, None, Paint(enabled=False)
    )
    assert "flux migrate: HelmRepository v1beta2 in managedFields" in report.mermaid(found)


def test_a_hop_that_keeps_the_version_needs_no_migration() -> None:
    written = {HELM_REPOSITORY: ("v1beta2",)}
    found = upgrade_path.route(TABLE, "2.6.4", "2.7.5", CHARTS, stored=CLEAN, written=written)
    assert [hop.rewrite for hop in found.hops] == [()]
