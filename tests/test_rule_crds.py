from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from fixtures import states
from fixtures.installs import gotk
from fluxbump.check.evidence_parts import NO_BASE, Absent, Baseline, ChartFiles, Cluster, History
from fluxbump.check.pin_history import Past
from fluxbump.check.rules.crds import existing_clusters, new_clusters
from fluxbump.check.rules.crds.existing_clusters import unsure
from fluxbump.check.rules.pages import page
from fluxbump.check.rules.rule import Evidence, NotRun, Outcome, Rule
from fluxbump.discover.kubernetes_pins import KubernetesPin
from fluxbump.flux.chart_contents import Vendored
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.flux.tables import crds
from fluxbump.model import FLUX, Finding, Inventory, Location, Pin, Severity
from tests import linear
from tests.helpers import app_versions, chart_index, find, script, small, values, wrapper

RULES = (*new_clusters.RULES, *existing_clusters.RULES)
FB201, FB202 = RULES
INDEX = {str(one.version): one for one in chart_index().releases}
CHARTS = {release: version for version, release in app_versions().items()}
BUCKET = "buckets.source.toolkit.fluxcd.io"


def pinned(release: str, chart: str | None = None) -> Inventory:
    """A repository whose cloud-init installs one release and whose chart ships another."""
    version = CHARTS[chart or release]
    return find(small(install=script(release), chart=wrapper(version), values=values(version)))


def evidence(inventory: Inventory, base: Inventory | None = None) -> Evidence:
    before = Baseline(base) if base else NO_BASE
    return Evidence(inventory, index=INDEX, baseline=before, releases=KnownReleases(crds.crds()))


def with_archive(about: Evidence, archive: Vendored) -> Evidence:
    return replace(about, charts=ChartFiles((archive,)))


def found(outcomes: list[Outcome]) -> list[Finding]:
    assert all(isinstance(one, Finding) for one in outcomes)
    return [one for one in outcomes if isinstance(one, Finding)]


def bootstrap(about: Evidence) -> list[Outcome]:
    return list(FB201.judge(about))


def upgrade(about: Evidence) -> list[Outcome]:
    return list(FB202.judge(about))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_a_page(rule: Rule) -> None:
    text = page(rule.code)
    assert text.startswith(f"# {rule.code} {rule.slug}\n\n{rule.summary}\n")
    for heading in ("Why", "Bad", "Good", "Fix", "When it is not run"):
        assert f"\n## {heading}\n" in text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_without_a_table_nothing_was_judged(rule: Rule) -> None:
    assert list(rule.judge(Evidence(pinned("2.4.0"), index=INDEX))) == [
        NotRun(rule.code, "the CRDs of no Flux release are known")
    ]


# --- FB201 -----------------------------------------------------------------------------------


def test_the_incident_names_one_definition() -> None:
    inventory = find(states.files("incident"))
    (finding,) = found(bootstrap(evidence(inventory)))
    (dependency,) = [
        p for p in inventory.pins if p.kind == "chart-dependency" and p.value == "2.13.0"
    ]
    assert (finding.severity, finding.location) == (Severity.ERROR, dependency.location)
    assert finding.message.count(".fluxcd.io stores ") == 1
    assert finding.message.endswith(f"{BUCKET} stores v1")
    assert "Flux 2.3.0 (flux2 2.13.0) over those of Flux 2.4.0" in finding.message
    (url,) = [p for p in inventory.pins if p.kind == "install-url"]
    installs, says = finding.related
    assert installs.location == url.location
    assert says.location == dependency.location
    assert says.message.startswith(
        "the API server says: CustomResourceDefinition.apiextensions.k8s.io "
        f'"{BUCKET}" is invalid: status.storedVersions[0]: Invalid value: "v1": missing from '
    )


@pytest.mark.parametrize(
    ("pinned", "words"),
    [
        ((), "missing from spec.versions; "),
        (("v1.33.1",), "missing from spec.versions; "),
        (("v1.31.4+k3s1",), "must appear in spec.versions"),
        (("v1.33.1", "v1.9.0", "1.31"), "must appear in spec.versions"),
        (("newest",), "missing from spec.versions; "),
    ],
)
def test_the_words_are_those_of_the_kubernetes_that_is_pinned(
    pinned: tuple[str, ...], words: str
) -> None:
    held = tuple(KubernetesPin(one, None, "a test") for one in pinned)
    about = replace(evidence(find(states.files("incident"))), cluster=Cluster(held))
    (finding,) = found(bootstrap(about))
    assert words in finding.related[1].message
    stored = {BUCKET: ("v1",)}
    about = replace(about, cluster=Cluster(held, stored))
    (finding,) = found(upgrade(about))
    assert words in finding.related[0].message


def test_equal_releases_are_clean() -> None:
    assert bootstrap(evidence(find(states.files()))) == []


@pytest.mark.parametrize(("install", "chart"), [("2.3.0", "2.4.0"), ("2.4.0", "2.7.5")])
def test_different_releases_need_not_conflict(install: str, chart: str) -> None:
    assert bootstrap(evidence(pinned(install, chart))) == []


def test_each_definition_is_named() -> None:
    (finding,) = found(bootstrap(evidence(pinned("2.2.3", "2.8.5"))))
    assert "buckets.source.toolkit.fluxcd.io stores v1beta2 (and " in finding.message
    answers = [one.message for one in finding.related if " is invalid: " in one.message]
    assert finding.message.endswith(f" (and {len(answers) - 1} more)")
    assert any("helmreleases.helm.toolkit.fluxcd.io" in answer for answer in answers)


def test_the_vendored_chart_says_what_it_ships() -> None:
    """The index says 2.4.0; what would be applied is in the archive."""
    about, version = evidence(pinned("2.4.0")), CHARTS["2.4.0"]
    archive = Vendored(
        f"chart/charts/flux2-{version}.tgz", "chart/Chart.yaml", version, app_version="v2.3.0"
    )
    assert len(found(bootstrap(with_archive(about, archive)))) == 1
    assert bootstrap(with_archive(about, replace(archive, problem="is broken"))) == []
    assert bootstrap(with_archive(about, replace(archive, named="2.13.0"))) == []
    assert bootstrap(with_archive(about, replace(archive, wrapper="x/Chart.yaml"))) == []


def test_a_custom_pin_is_what_is_installed() -> None:
    one = Pin(
        "custom", FLUX, Location("a.ini", 3), 0, 5, "2.4.0", pinned("2.3.0").pins[0].form, "x"
    )
    inventory = pinned("2.3.0")
    inventory = replace(inventory, pins=(*inventory.pins, one))
    (finding,) = found(bootstrap(evidence(inventory)))
    assert finding.related[0].location == one.location


def test_what_is_not_known_is_not_judged() -> None:
    about = evidence(find(small(install=script("2.99.0"))))
    assert bootstrap(about) == [NotRun("FB201", "the CRDs of Flux 2.99.0 are not known")]
    about = evidence(find(small(chart=wrapper("9.9.9"), values=values("9.9.9"))))
    assert bootstrap(about) == [NotRun("FB201", "flux2 9.9.9 is not in the chart index")]
    about = replace(evidence(pinned("2.4.0")), index=Absent("no chart index", "offline"))
    assert bootstrap(about) == [NotRun("FB201", "no chart index: offline")]
    assert upgrade(replace(about, baseline=Baseline(pinned("2.3.0")))) == [
        NotRun("FB202", "no chart index: offline")
    ]


# --- FB202 -----------------------------------------------------------------------------------

MIGRATE = "flux migrate needs the flux CLI 2.7 or later: https://fluxcd.io/flux/cmd/flux_migrate"


def move(old: str, new: str, past: Past | None = None) -> list[Outcome]:
    return upgrade(replace(evidence(pinned(new), pinned(old)), history=History(past)))


def test_without_a_base_it_was_not_judged() -> None:
    why = "no base to compare with: use --base origin/main"
    assert upgrade(evidence(pinned("2.4.0"))) == [NotRun("FB202", why)]


def test_a_release_that_stays_is_clean() -> None:
    assert move("2.4.0", "2.4.0") == []
    assert move("2.4.0", "2.6.4") == []


def test_a_certain_conflict_is_an_error() -> None:
    certain, possible = found(move("2.4.0", "2.8.5"))
    assert certain.severity == Severity.ERROR
    assert certain.message.startswith("clusters at Flux 2.4.0 refuse the CRDs of Flux 2.8.5 ")
    assert certain.message.count(" stores ") == 1
    assert "ocirepositories.source.toolkit.fluxcd.io stores v1beta2. " in certain.message
    (answer,) = certain.related
    assert 'ocirepositories.source.toolkit.fluxcd.io" is invalid: ' in answer.message
    assert "`fluxbump path 2.8.5`" in certain.message
    assert certain.location == possible.location == Location("chart/Chart.yaml", 6, 14)
    assert "OCIRepository" not in possible.message


def test_a_possible_conflict_is_a_warning_that_says_what_to_run() -> None:
    (finding,) = found(move("2.4.0", "2.7.5"))
    assert finding.severity == Severity.WARNING
    assert "HelmRelease v2beta1, ImageUpdateAutomation v1beta1" in finding.message
    assert finding.message.endswith("Run `flux migrate` at Flux 2.4.0 first")
    assert [one.message for one in finding.related] == [MIGRATE]


def been(*releases: str) -> Past:
    return Past(frozenset(releases), datetime(2024, 5, 1, 23, 59, tzinfo=UTC))


def test_the_releases_that_the_repository_has_been_through_narrow_it() -> None:
    (finding,) = found(move("2.4.0", "2.7.5", been("2.2.3", "2.4.0", "2.8.5")))
    assert finding.severity == Severity.WARNING
    assert "ImageUpdateAutomation v1beta1" in finding.message
    assert "HelmRelease" not in finding.message
    assert [one.message for one in finding.related] == [
        "the pins have held Flux 2.2.3 and 2.4.0, since 2024-05-01",
        "a cluster older than the pins may also store HelmRelease v2beta1",
        MIGRATE,
    ]


def test_what_history_rules_out_is_still_said() -> None:
    (finding,) = found(move("2.4.0", "2.7.5", been("2.4.0", "2.3.0")))
    assert finding.severity == Severity.NOTE
    assert finding.related[0].message == "the pins have held Flux 2.3.0 and 2.4.0, since 2024-05-01"
    assert finding.message.startswith(
        "only a cluster older than the pins, and never migrated, may store HelmRelease v2beta1"
    )


@pytest.mark.parametrize(
    ("past", "why"),
    [
        (Past(problem="the clone is shallow"), "the clone is shallow"),
        (been("2.4.0", "2.7.5"), "the pins held nothing before Flux 2.4.0"),
    ],
)
def test_a_history_that_does_not_help_narrows_nothing(past: Past, why: str) -> None:
    (plain,) = found(move("2.4.0", "2.7.5"))
    (finding,) = found(move("2.4.0", "2.7.5", past))
    assert finding.severity == Severity.WARNING
    assert finding.message == plain.message
    assert finding.related[0].message == f"git history gives no extra information: {why}"


def test_history_is_wanted_only_where_it_could_narrow_something() -> None:
    about = evidence(pinned("2.7.5"), pinned("2.4.0"))
    assert unsure(about)
    assert not unsure(replace(about, baseline=NO_BASE))
    assert not unsure(replace(about, cluster=Cluster(stored={})))
    assert not unsure(replace(about, releases=KnownReleases({})))
    assert not unsure(replace(about, releases=Absent("nobody looked")))
    assert not unsure(evidence(pinned("2.6.4"), pinned("2.4.0")))
    assert not unsure(evidence(pinned("2.4.0"), pinned("2.4.0")))
    assert not unsure(evidence(find(small(chart=wrapper("9.9.9"))), pinned("2.4.0")))


def test_a_cluster_that_was_asked_gives_the_exact_answer() -> None:
    stored = {BUCKET: ("v1beta2", "v1"), "a.example.org": ("v1",)}
    about = replace(evidence(pinned("2.8.5"), pinned("2.4.0")), cluster=Cluster(stored=stored))
    (finding,) = found(upgrade(about))
    assert finding.severity == Severity.ERROR
    assert finding.message.startswith("the cluster refuses the CRDs of Flux 2.8.5")
    assert f"{BUCKET} stores v1beta2. Follow `fluxbump path 2.8.5`" in finding.message
    assert upgrade(replace(about, baseline=NO_BASE)) == [finding]
    assert upgrade(replace(about, cluster=Cluster(stored={BUCKET: ("v1",)}))) == []
    assert upgrade(replace(about, cluster=Cluster(stored={}))) == []


def test_a_base_that_disagrees_with_itself_leaves_two_releases() -> None:
    """Some clusters never got past what cloud-init installed."""
    about = evidence(pinned("2.8.5"), pinned("2.4.0", "2.7.5"))
    messages = [one.message for one in found(upgrade(about)) if one.severity == Severity.ERROR]
    assert [text.split(" refuse")[0] for text in messages] == ["clusters at Flux 2.4.0"]


def test_without_a_chart_the_manifest_is_what_is_applied() -> None:
    def only(release: str) -> Inventory:
        return find({"install.sh": script(release)})

    (finding, _) = found(upgrade(evidence(only("2.8.5"), only("2.4.0"))))
    assert finding.location.path == "install.sh"
    assert "the CRDs of Flux 2.8.5, because " in finding.message


def test_a_base_that_is_not_known() -> None:
    base = find(small(install=script("2.99.0")))
    assert upgrade(evidence(pinned("2.4.0"), base)) == [
        NotRun("FB202", "the CRDs of Flux 2.99.0 are not known")
    ]
    target = find(small(install=script("2.99.0"), chart=wrapper("9.9.9")))
    assert upgrade(evidence(target, pinned("2.4.0"))) == [
        NotRun("FB202", "flux2 9.9.9 is not in the chart index")
    ]
    assert upgrade(evidence(pinned("2.4.0"), Inventory())) == []


def _moved(places: int) -> Inventory:
    lines = "".join(
        f"helm upgrade flux fc/flux2 --version {version}\n"
        for version in ("2.14.1", "2.15.0") * places
    )
    return find(small(**{"x.sh": lines}))


def test_work_grows_with_the_places_of_a_file() -> None:
    linear.assert_linear(lambda about: upgrade(evidence(about, about)), _moved, 100)


BOOTSTRAP = 'resource "flux_bootstrap_git" "this" {{\n  version = "v{}"\n}}\n'


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # As it is: Terraform installs the release of the second cluster.
        (("2.5.1", "2.7.3", "2.7.3"), ("2.5.1", "2.7.3", "2.7.3"), []),
        # Terraform goes down where no cluster is: nobody can say which one it is for.
        (("2.7.3", "2.7.3", "2.7.3"), ("2.7.3", "2.7.3", "2.5.1"), ["infra/flux.tf"]),
        # A cluster goes down to the release of the other one.
        (
            ("2.5.1", "2.7.3", "2.7.3"),
            ("2.5.1", "2.5.1", "2.7.3"),
            ["two/flux-system/gotk-components.yaml"],
        ),
    ],
)
def test_what_names_no_cluster_is_of_the_one_that_holds_its_release(
    before: tuple[str, str, str], after: tuple[str, str, str], expected: list[str]
) -> None:
    def repository(one: str, two: str, terraform: str) -> Inventory:
        return find(
            {
                "one/flux-system/gotk-components.yaml": gotk.components(one),
                "two/flux-system/gotk-components.yaml": gotk.components(two),
                "infra/flux.tf": BOOTSTRAP.format(terraform),
            }
        )

    outcomes = upgrade(evidence(repository(*after), repository(*before)))
    errors = [one for one in found(outcomes) if one.severity is Severity.ERROR]
    assert [one.location.path for one in errors] == expected
