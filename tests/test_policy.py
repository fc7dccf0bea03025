"""What the scheduled job proposes next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from semver import Version

from fixtures import states
from fluxbump.check import gather, newest_safe, rules, suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Baseline, Effort
from fluxbump.config.settings import Follow, Ignore, Policy, Settings
from fluxbump.discover.scope import Scope
from fluxbump.flux import releases as resolve
from fluxbump.flux.available import Available
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.flux.tables import crds, kubernetes
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.run.decision import Blocked, Decision, Skipped, Update, UpToDate, Waiting
from fluxbump.run.decision import skipped_by_reason as by_reason
from fluxbump.run.next_release.decide import decide
from tests.helpers import (
    app_versions,
    chart_index,
    find,
    release,
    script,
    small,
    snapshot,
    values,
    wrapper,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
CHARTS = {release: version for version, release in reversed(app_versions().items())}
STABLE = [str(one) for one in resolve.stable_releases(chart_index())]
NEWEST = STABLE[-1]


def at(release: str, **files: str) -> Evidence:
    """The evidence about a small repository that holds a release."""
    chart = CHARTS[release]
    return about(
        small(install=script(release), chart=wrapper(chart), values=values(chart), **files)
    )


def about(files: Mapping[str, str | bytes]) -> Evidence:
    scope = Scope(app_versions=app_versions())
    around = gather.surroundings(snapshot(files), scope)
    found = gather.snapshot_files(snapshot(files), find(files))
    return gather.gather(found, chart_index(), around=around)


def decided(before: Evidence, index: ChartIndex | None = None, **policy: Any) -> Decision:
    return decide(before, index or chart_index(), Policy(**policy), NOW)


def proposed(before: Evidence, index: ChartIndex | None = None, **policy: Any) -> Update:
    found = decided(before, index, **policy)
    assert isinstance(found, Update), found
    return found


def dated(**days_ago: float) -> ChartIndex:
    """The index, each release as old as is said (`r2_8_5=3`), the others a year."""
    ages = {name[1:].replace("_", "."): days for name, days in days_ago.items()}
    releases = tuple(
        replace(one, created=NOW - timedelta(days=ages.get(str(one.app_version), 365)))
        for one in chart_index().releases
    )
    return replace(chart_index(), releases=releases)


def without_charts_of(release: str) -> ChartIndex:
    left = [one for one in chart_index().releases if str(one.app_version) != release]
    return replace(chart_index(), releases=tuple(left))


# --- the usual --------------------------------------------------------------------------------


def test_at_the_newest_release_no_safety_rule_is_run() -> None:
    found = decide(replace(at(NEWEST), releases=KnownReleases({})), chart_index(), Policy(), NOW)
    assert isinstance(found, UpToDate)
    assert (found.current, str(found.newest and found.newest.app_version)) == (NEWEST, NEWEST)
    assert found.skipped == ()


def test_of_several_hops_the_first_is_proposed() -> None:
    found = proposed(at("2.4.0"))
    assert (found.current, found.release, found.way.goal) == ("2.4.0", "2.6.4", "2.8.5")
    assert found.later == ("2.8.5",)
    assert str(found.chart.version) == CHARTS["2.6.4"]
    assert found.skipped == ()


def test_one_hop_at_a_time_leads_to_the_newest() -> None:
    current, steps = "2.4.0", []
    while isinstance(found := decided(at(current)), Update):
        steps.append(found.release)
        current = found.release
    assert steps == ["2.6.4", "2.8.5"]
    assert isinstance(found, UpToDate)


def test_prereleases_are_not_spoken_of() -> None:
    found = decided(at("2.4.0"), follow="patch")
    assert isinstance(found, UpToDate)
    assert all("-" not in one.release for one in found.skipped)


# --- what the policy allows -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "release", "goal"),
    [
        ({"range": "<2.6"}, "2.5.1", "2.5.1"),
        ({"range": "2.6 || 2.8.1"}, "2.6.4", "2.8.1"),
        ({"ignore": ("2.8.5",)}, "2.6.4", "2.8.3"),
        ({"ignore": ("2.6",)}, "2.7.5", "2.8.5"),
        ({"follow": "minor"}, "2.6.4", "2.8.5"),
        ({"follow": "patch", "range": "<2.6"}, None, None),
    ],
)
def test_goal_and_hops_are_allowed(
    policy: dict[str, Any], release: str | None, goal: str | None
) -> None:
    found = decide(at("2.4.0"), chart_index(), Policy(**policy), NOW)
    if release is None:
        assert isinstance(found, UpToDate)
    else:
        assert isinstance(found, Update)
        assert (found.release, found.way.goal) == (release, goal)


def test_patch_stays_in_its_line() -> None:
    found = proposed(at("2.6.1"), follow="patch", ignore=("2.6.4",))
    assert (found.release, found.later) == ("2.6.3", ())
    assert dict(by_reason(found.skipped)) == {
        "follow is patch": ("2.8.5", "2.8.3", "2.8.2", "2.8.1", "2.7.5", "2.7.2"),
        "ignored: 2.6.4": ("2.6.4",),
    }


def test_another_major_is_not_minor() -> None:
    newest = next(one for one in chart_index().releases if str(one.app_version) == NEWEST)
    three = replace(newest, version=Version(3, 0, 0), app_version=Version(3, 0, 0))
    index = replace(chart_index(), releases=(three, *chart_index().releases))
    found = decided(at(NEWEST), index, follow="minor")
    assert isinstance(found, UpToDate)
    assert found.skipped == (Skipped("3.0.0", "follow is minor"),)
    assert found.newest == three


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": Version.parse("2.18.3-rc.1")}, "only a prerelease of the chart ships it"),
        ({"deprecated": True}, "its chart is deprecated"),
    ],
)
def test_only_stable_charts(change: dict[str, Any], reason: str) -> None:
    releases = tuple(
        replace(one, **change) if str(one.app_version) == NEWEST else one
        for one in chart_index().releases
    )
    found = proposed(at("2.8.1"), replace(chart_index(), releases=releases))
    assert (found.release, found.skipped) == ("2.8.3", (Skipped(NEWEST, reason),))


# --- age and schedule -------------------------------------------------------------------------


def test_a_young_chart_is_passed_over() -> None:
    found = proposed(at("2.8.1"), dated(r2_8_5=6.99), min_age_days=7)
    assert found.release == "2.8.3"
    assert found.skipped == (Skipped("2.8.5", "its chart is not 7 days old before 2026-11-23"),)


def test_a_chart_of_that_age_is_proposed() -> None:
    assert proposed(at("2.8.1"), dated(r2_8_5=7), min_age_days=7).release == "2.8.5"


def test_a_young_hop_is_no_hop() -> None:
    found = proposed(at("2.4.0"), dated(r2_6_4=1), min_age_days=7)
    assert (found.release, found.way.goal) == ("2.6.3", "2.8.5")


def test_waits_for_the_first_chart_to_be_old_enough() -> None:
    found = decided(at("2.8.2"), dated(r2_8_3=2, r2_8_5=1), min_age_days=7)
    assert isinstance(found, Waiting)
    assert (found.release, found.until) == ("2.8.5", NOW + timedelta(days=5))
    assert found.reason == (
        "no chart of a newer release is 7 days old before 2026-11-28 12:00 (UTC)"
    )


def test_a_chart_without_a_date_has_no_age() -> None:
    found = decided(at("2.8.3"), min_age_days=1)
    assert isinstance(found, Waiting)
    assert (found.until, found.skipped[0].release) == (None, "2.8.5")


def test_waits_for_the_schedule() -> None:
    window = ("tue 08:00-17:00",)
    found = decided(at("2.4.0"), schedule=window, timezone="Europe/Berlin")
    assert isinstance(found, Waiting)
    assert (found.release, found.until) == ("2.8.5", datetime(2026, 11, 24, 7, tzinfo=UTC))
    assert found.reason.endswith("which opens Tue 2026-11-24 08:00 (Europe/Berlin)")
    assert isinstance(decided(at(NEWEST), schedule=window), UpToDate)
    open_now = ("mon 13:00-14:00",)
    assert proposed(at("2.4.0"), schedule=open_now, timezone="Europe/Berlin").release == "2.6.4"


# --- what the rules refuse --------------------------------------------------------------------

OLD_API = (
    "apiVersion: notification.toolkit.fluxcd.io/v1beta1\nkind: Alert\nmetadata: {name: a}\n"
    "spec: {providerRef: {name: p}, eventSources: [{kind: Kustomization, name: x}]}\n"
)
OLD_KUBERNETES = 'variable "k3s_version" {\n  default = "v1.32.4+k3s1"\n}\n'


def test_a_release_that_does_not_serve_the_manifests_is_passed_over() -> None:
    before = at("2.6.1", **{"clusters/a/alert.yaml": OLD_API})
    found = proposed(before)
    assert newest_safe.SafeReleases(before, Available(chart_index())).newest() == found.chart
    assert found.release == "2.6.4"
    assert {one.reason for one in found.skipped} == {"refused by FB203"}


def test_a_release_whose_kubernetes_is_not_known_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(kubernetes._MINIMUMS, (2, 3))
    old = 'variable "k3s_version" {\n  default = "v1.27.4+k3s1"\n}\n'
    found = decided(at("2.2.3", **{"main.tf": old}))
    assert isinstance(found, Blocked)
    said = {one.release: one.reason for one in found.skipped}
    assert said["2.3.0"] == "the Kubernetes that Flux 2.3.0 asks for is not known"
    without = proposed(at("2.2.3"))
    assert not [one for one in without.skipped if "asks for" in one.reason]


def test_what_is_wrong_already_refuses_nothing_that_asks_for_no_more() -> None:
    """Flux 2.7 serves no v1beta1 and runs on Kubernetes 1.32; Flux 2.8 asks for 1.33."""
    before = at("2.7.2", **{"clusters/a/alert.yaml": OLD_API, "main.tf": OLD_KUBERNETES})
    found = proposed(before)
    assert newest_safe.SafeReleases(before, Available(chart_index())).newest() == found.chart
    assert found.release == "2.7.5"
    assert {one.reason for one in found.skipped} == {"refused by FB207"}


def test_everything_newer_is_refused() -> None:
    found = decided(at("2.7.5", **{"main.tf": OLD_KUBERNETES}))
    assert isinstance(found, Blocked)
    assert (found.current, found.release, found.codes) == ("2.7.5", "2.8.5", ("FB207",))
    assert found.reason == "Flux 2.8.5: refused by FB207"
    assert [one.code for one in found.findings] == ["FB207"]
    assert [one.release for one in found.skipped] == ["2.8.3", "2.8.2", "2.8.1"]


def test_a_release_whose_definitions_are_not_known_is_not_proposed() -> None:
    newest = next(one for one in chart_index().releases if str(one.app_version) == NEWEST)
    later = replace(newest, version=Version(2, 99, 0), app_version=Version(2, 99, 0))
    index = replace(chart_index(), releases=(later, *chart_index().releases))
    unknown = "the CRDs of Flux 2.99.0 are not known to this fluxbump"
    assert proposed(at("2.8.3"), index).skipped == (Skipped("2.99.0", unknown),)
    found = decided(at(NEWEST), index)
    assert isinstance(found, Blocked)
    assert (found.codes, found.reason) == (("FB202",), f"Flux 2.99.0: {unknown}")


def test_a_repository_whose_sides_disagree_is_for_a_person() -> None:
    for policy in (Policy(), Policy(range="<2")):
        found = decide(about(states.files("incident")), chart_index(), policy, NOW)
        assert isinstance(found, Blocked)
        assert (found.release, found.codes) == (None, ("FB103",))
        assert "fluxbump to" in found.reason


DRIFTED = {
    "FB104": {"values": values("2.13.0")},
    "FB109": {"release": release("1.0.9")},
    "FB110": {
        "platform/blueprint.yaml": "kind: Blueprint\nmetadata:\n  name: bp-flux\n"
        "spec:\n  version: 1.0.9\n"
    },
    "FB108": {
        "umbrella/Chart.yaml": "name: up\nversion: 0.1.0\n"
        "dependencies:\n- name: bp-flux\n  version: 1.0.9\n"
    },
}


@pytest.mark.parametrize("code", DRIFTED)
def test_pins_that_disagree_are_for_a_person_even_at_the_newest_release(code: str) -> None:
    files = small(**DRIFTED[code])
    before = about(files)
    for policy in (Policy(range="2.4"), Policy()):
        found = decide(before, chart_index(), policy, NOW)
        assert isinstance(found, Blocked)
        assert (found.current, found.release, found.codes) == ("2.4.0", None, (code,))
        assert found.reason == "the pins disagree: run `fluxbump to 2.4.0` to align them"
        assert [one.code for one in found.findings] == [code]
    accepted = Settings(ignore=(Ignore(code, "*", "it is meant"),))
    suppressed = suppressions.ignores(before, accepted)
    found = decide(before, chart_index(), Policy(range="2.4"), NOW, suppressed)
    assert isinstance(found, UpToDate)


def test_what_is_only_missing_is_no_disagreement() -> None:
    """A wrapper without a values mirror, as most are."""
    files = small()
    del files["chart/values.yaml"]
    assert isinstance(decide(about(files), chart_index(), Policy(range="2.4"), NOW), UpToDate)


def accepting(files: Mapping[str, str | bytes], *configured: Ignore) -> Decision:
    """Decide about files with what they, and the configuration, say is accepted."""
    before = about(files)
    suppressed = suppressions.ignores(before, Settings(ignore=configured))
    return decide(before, chart_index(), Policy(), NOW, suppressed)


def test_a_finding_that_the_team_accepts_does_not_block() -> None:
    held = CHARTS["2.6.1"]
    files = small(install=script("2.6.1"), chart=wrapper(held), values=values(held))
    alert = OLD_API.replace("v1beta1", "v1beta1  # fluxbump: ignore[FB203] goes on Thursday")
    where = "clusters/a/alert.yaml"
    for some, configured in (
        ({where: alert}, ()),
        ({where: OLD_API}, (Ignore("FB203", "clusters/*", "it goes on Thursday"),)),
    ):
        found = accepting({**files, **some}, *configured)
        assert isinstance(found, Update)
        assert (found.release, found.skipped) == (NEWEST, ())
    refused = accepting({**files, where: OLD_API}, Ignore("FB203", "infra/*", "elsewhere"))
    assert isinstance(refused, Update)
    assert refused.release == "2.6.4"


def test_where_sides_may_disagree_neither_goes_down() -> None:
    chart = CHARTS["2.8.1"]
    files = small(install=script("2.6.1"), chart=wrapper(chart), values=values(chart))
    assert isinstance(accepting(files), Blocked)
    found = accepting(files, Ignore("FB103", "*", "the chart is tried first"))
    assert isinstance(found, Update)
    assert (found.current, found.release, found.later) == ("2.6.1", "2.8.5", ())


def test_nothing_says_what_is_installed() -> None:
    found = decided(about({"chart/Chart.yaml": wrapper("^2.14")}))
    assert isinstance(found, Blocked)
    assert (found.current, found.codes) == (None, ())


def test_a_chart_alone_says_what_is_installed() -> None:
    assert proposed(about({"chart/Chart.yaml": wrapper(CHARTS["2.8.1"])})).release == NEWEST


# --- always -----------------------------------------------------------------------------------

FOLLOW: tuple[Follow, ...] = ("patch", "minor", "latest-safe")

# Through `tuples`: `builds` would ask the class for types that it imports for mypy only.
policies = st.tuples(
    st.sampled_from([None, "<2.7", ">=2.6", "2.5 || 2.8"]),
    st.sampled_from(FOLLOW),
    st.lists(st.sampled_from(["2.6.4", "~2.7", "2.8.5", "2.5"]), max_size=2).map(tuple),
).map(lambda one: Policy(range=one[0], follow=one[1], ignore=one[2]))
held = st.sampled_from([one for one in STABLE if one in crds.crds()])


@given(held, policies)
def test_what_is_proposed_is_newer_allowed_and_safe(release: str, policy: Policy) -> None:
    before = at(release)
    found = decide(before, chart_index(), policy, NOW)
    newer = {one for one in STABLE if Version.parse(one) > Version.parse(release)}
    assert {one.release for one in found.skipped} <= newer
    if isinstance(found, Update):
        assert found.release in newer - {one.release for one in found.skipped}
        judged = replace(before, effort=Effort(compared_with=release))
        as_it_is = replace(before, baseline=Baseline(before.inventory))
        known = rules.judge(as_it_is, newest_safe.SAFETY).findings
        assert newest_safe.refusals(judged, found.chart, lambda: known) == ()
        if policy.follow == "patch":
            assert found.release.rpartition(".")[0] == release.rpartition(".")[0]
    elif isinstance(found, UpToDate):
        assert {one.release for one in found.skipped} == newer
