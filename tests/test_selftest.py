"""The gate's test of itself: it plants, it judges, and it does not call itself green untried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from fixtures import generate, manifests, states
from fixtures.installs import gotk
from fluxbump.check import rules
from fluxbump.check import self_test as selftest
from fluxbump.check.check import examine, self_test
from fluxbump.check.rules.rule import Evidence, Outcome
from fluxbump.check.self_test import Trial
from fluxbump.config.settings import Settings
from fluxbump.discover.pins import KINDS
from fluxbump.discover.pins.kind import CustomPin
from fluxbump.errors import IndexSourceError
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.helm.index import source
from fluxbump.model import Finding, Form, Snapshot
from tests.helpers import (
    ARCHIVE as ARCHIVE_URL,
)
from tests.helpers import (
    COMMUNITY,
    URL,
    Cli,
    Repo,
    chart_index,
    release,
    small,
    snapshot,
    umbrella,
    values,
    wrapper,
)

ARCHIVE = "platform/flux/chart/charts/flux2-2.14.1.tgz"
ALIGNED = MemorySnapshot(states.files())
INCIDENT = MemorySnapshot(states.files("incident"))
UNREACHABLE = IndexSourceError("the index is down")
NOTHING = Settings()

TERRAFORM = 'resource "helm_release" "f" {\n  chart   = "bp-flux"\n  version = "1.1.2"\n}\n'
BLUEPRINT = "kind: Blueprint\nmetadata: {name: bp-flux}\nspec: {version: 1.1.2}\n"
OCI = (
    "kind: OCIRepository\nmetadata: {name: flux}\n"
    "spec: {url: oci://registry.example.org/b/bp-flux, ref: {tag: 1.1.2}}\n"
)
CROSSPLANE = (
    "apiVersion: helm.crossplane.io/v1beta1\nkind: Release\nmetadata: {name: flux}\n"
    "spec: {forProvider: {chart: {name: bp-flux, version: 1.1.2}}}\n"
)
PATCHED = (
    "patches:\n  - target: {kind: HelmRelease, name: bp-flux}\n    patch: |\n"
    "      - op: replace\n        path: /spec/chart/spec/version\n        value: 1.1.2\n"
)
MANIFESTS = (
    "kind: OCIRepository\nmetadata: {name: m}\n"
    "spec: {url: oci://ghcr.io/fluxcd/flux-manifests, ref: {tag: v2.4.0}}\n"
)
INSTANCE = (
    "kind: FluxInstance\nmetadata: {name: flux}\nspec:\n  distribution:\n    version: 2.4.0\n"
    "    artifact: oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests:v0.20.0\n"
)
CRDS = (
    "https://github.com/fluxcd/source-controller/releases/download/v1.4.1/"
    "source-controller.crds.yaml"
)
REMOTE = "resources:\n  - github.com/fluxcd/flux2//manifests/install?ref=v2.4.0\n"
DIGEST = "1c4a797cfe11370e9f2ea29b1d4834805ce4160d65008198389c91ecd8a3cdb9"  # of flux2 2.14.1
EVERY_KIND = small(
    chart=wrapper() + "appVersion: 1.1.2\n",
    **{
        "a.tf": TERRAFORM,
        "b.yaml": BLUEPRINT,
        "c.yaml": OCI,
        "u/Chart.yaml": umbrella(),
        "u.yaml": release("3.0.7", chart="bp-bundle"),
        "reader.yaml": "flux: {chart: bp-flux, version: 1.1.2}\n",
        "v.sh": f"V=2.4.0\ncurl {URL.format('$V')}\n",
        "versions.txt": "own: 1.1.2\n",
        "h.sh": "helm upgrade -i flux oci://registry.example.org/b/bp-flux --version 1.1.2\n",
        "play.yml": "- helm: {chart_ref: own/bp-flux, chart_version: 1.1.2}\n",
        "call.ts": 'f({chart: "bp-flux", version: "1.1.2", repository: "oci://r.example.org"});\n',
        "images.yaml": "images: [ghcr.io/fluxcd/source-controller:v1.4.1]\n",
        "fleet.yaml": f"helm: {{chart: flux2, repo: {COMMUNITY}, version: 2.14.1}}\n",
        "vendir.yml": "{slug: fluxcd/flux2, tag: v2.4.0}\n",
        "go.sh": "go install github.com/fluxcd/flux2/v2/cmd/flux@v2.4.0\n",
        "remark.sh": "# renovate: datasource=helm depName=flux2\nX=2.14.1\n",
        "crds.sh": f"curl -O {CRDS}\n",
        "r.yaml": CROSSPLANE,
        "node.tftpl": release(),
        "kustomization.yaml": PATCHED,
        "gotk.yaml": gotk.components("2.4.0"),
        "base/kustomization.yaml": REMOTE,
        "manifests.yaml": MANIFESTS,
        "op/instance.yaml": INSTANCE,
        "op/install.sh": "helm install o oci://r.example.org/flux-operator --version 0.20.0\n",
        "raw.sh": "curl -O https://raw.githubusercontent.com/fluxcd/flux2/v2.4.0/a.yaml\n",
        "boot.sh": "flux install --version v2.4.0\n",
        "helmfile.yaml": "releases: [{name: f, chart: c/flux2, version: 2.14.1}]\n",
        "app.yaml": f"{{chart: flux2, targetRevision: 2.14.1, repoURL: {COMMUNITY}}}\n",
        "k/kustomization.yaml": (
            f"helmCharts: [{{name: flux2, version: 2.14.1, repo: {COMMUNITY}}}]\n"
        ),
        "Dockerfile": "FROM ghcr.io/fluxcd/flux-cli:v2.4.0\n",
        "ci.yml": "steps: [{uses: fluxcd/flux2/action@v2.4.0}]\n",
        ".tool-versions": "flux2 2.4.0\n",
        "go.mod": "require github.com/fluxcd/source-controller/api v1.4.1\n",
        "install.yaml": manifests.install("2.4.0").decode(),
        "archive.sh": (
            f"curl -o f.tgz {ARCHIVE_URL.format('2.14.1')}\necho '{DIGEST}  f.tgz' | sha256sum -c\n"
        ),
    },
)
CUSTOM = CustomPin("fluxbump-versions.yaml", "bp-flux", ("own",))


@pytest.fixture(scope="session")
def charts(index: Path) -> ChartIndex:
    return source.open_source(str(index), web=pytest.fail).load()


def trials_of(
    what: Snapshot, index: ChartIndex | IndexSourceError, settings: Settings = NOTHING
) -> tuple[Trial, ...]:
    return self_test(examine(what, settings, index))


def survivors(trials: Iterable[Trial]) -> list[str]:
    return [
        f"{one.mutant.pin.location} {one.mutant.fault}: {one.reason}"
        for one in trials
        if one.finding is None
    ]


# --- every mutant is killed ----------------------------------------------------------------------


@pytest.mark.parametrize("what", [ALIGNED, INCIDENT], ids=["aligned", "incident"])
def test_every_fault_in_the_fixture_is_refused(what: Snapshot, charts: ChartIndex) -> None:
    trials = trials_of(what, charts)
    assert survivors(trials) == []
    assert {one.mutant.pin for one in trials} == set(
        examine(what, NOTHING, charts).evidence.inventory.pins
    )


def test_every_fault_is_refused_with_the_archive_alone() -> None:
    files = {**states.files(), ARCHIVE: generate.chart_archive("2.14.1")}
    assert survivors(trials_of(MemorySnapshot(files), UNREACHABLE)) == []


def test_every_fault_is_refused_after_a_bump(repo: Repo, cli: Cli) -> None:
    assert cli("to", "2.5.1", cwd=repo).code == 0
    result = cli("check", "--self-test", "--rev", "fluxbump/flux-2.5.1", cwd=repo)
    assert result.code == 0, result.out
    assert "SURVIVED" not in result.out
    assert result.out.rstrip().endswith("planted faults were refused.")


def test_every_kind_of_pin_has_a_fault() -> None:
    files = EVERY_KIND | {CUSTOM.path: "own: 1.1.2\n"}
    charts = chart_index().releases
    held = [replace(one, digest=DIGEST) if str(one.version) == "2.14.1" else one for one in charts]
    index = ChartIndex("memory", tuple(held))
    trials = trials_of(snapshot(files), index, Settings(pins=(CUSTOM,)))
    assert survivors(trials) == []
    assert {one.mutant.pin.kind for one in trials} == KINDS.keys()


@pytest.mark.parametrize("track", ["flux", "flux2"])
def test_a_configured_pin_of_flux_has_a_fault(track: str) -> None:
    held = {"flux": "2.4.0", "flux2": "2.14.1"}[track]
    custom = CustomPin("v.yaml", track, ("held",))
    files = small(**{"v.yaml": f"held: {held}\n"})
    trials = trials_of(snapshot(files), chart_index(), Settings(pins=(custom,)))
    assert "v.yaml" in {one.mutant.edit.path for one in trials}
    assert survivors(trials) == []


def test_the_faults_are_those_that_were_promised(charts: ChartIndex) -> None:
    faults = Counter(
        (one.mutant.pin.kind, one.mutant.fault.partition(":")[0])
        for one in trials_of(ALIGNED, charts)
    )
    assert faults == {
        ("install-url", "another version"): 1,
        ("install-url", "not pinned"): 1,
        ("chart-dependency", "another version"): 2,
        ("chart-dependency", "a range"): 1,
        ("values-mirror", "another version"): 1,
        ("values-mirror", "the mirror is gone"): 1,
        ("chart-version", "another version"): 2,
        ("blueprint", "another version"): 1,
        ("helm-release", "another version"): 6,
        ("helm-release", "a lower version"): 6,
    }


def test_a_fault_is_refused_at_its_line_by_one_of_the_expected_rules(charts: ChartIndex) -> None:
    for one in trials_of(ALIGNED, charts):
        assert one.finding is not None
        assert one.finding.code in one.mutant.codes
        places = [one.finding.location, *(other.location for other in one.finding.related)]
        assert one.mutant.line in [replace(place, column=1) for place in places]


def test_what_is_not_exact_cannot_be_planted_at() -> None:
    files = small(chart=wrapper("^2.14.1"), release=release("${VERSION}"))
    inventory = examine(snapshot(files), NOTHING, chart_index()).evidence.inventory
    planted = {one.pin for one in selftest.mutants(inventory)}
    assert planted == {pin for pin in inventory.pins if pin.form is Form.EXACT}
    assert len(planted) < len(inventory.pins)


# --- small repositories --------------------------------------------------------------------------

SHAPES: Mapping[str, Mapping[str, str]] = {
    "smallest": small(),
    "two URLs": small(**{"b.sh": small()["install.sh"]}),
    "chart at 0.0.0": small(chart=wrapper(own="0.0.0"), release=release("0.0.0")),
    "chart that nothing names": {path: text for path, text in small().items() if "a/" not in path},
    "versions with a v": small(chart=wrapper("v2.14.1", own="v1.1.2"), release=release("v1.1.2")),
    "prerelease": small(chart=wrapper(own="1.1.2-rc.1"), release=release("1.1.2-rc.1")),
    "block mirror": small(values="up:\n  chart: flux2\n  version: 2.14.1\n"),
    "mirror: version first": small(values='up: { version: "2.14.1", chart: flux2 }\n'),
    "quoted key": small(values='up: { "chart": flux2, "version": "2.14.1" }\n'),
    "two mirrors": small(values=values() + "other:\n  chart: flux2\n  version: 2.14.1\n"),
    "release at 0.0.1": small(chart=wrapper(own="0.0.1"), release=release("0.0.1")),
    "appVersion names the release": small(chart=wrapper() + "appVersion: 2.4.0\n"),
    "community chart alone": {
        "install.sh": small()["install.sh"],
        "flux.yaml": release("2.14.1", chart="flux2"),
        "flux.tf": TERRAFORM.replace("bp-flux", "flux2").replace("1.1.2", "2.14.1"),
        "oci.yaml": OCI.replace("bp-flux", "flux2").replace("1.1.2", "2.14.1"),
    },
    "two wrappers": small(
        **{"two/Chart.yaml": wrapper(name="bp-two"), "two/values.yaml": values()}
    ),
    "range": small(release=release("^1.1.0")),
    "CRLF": {path: text.replace("\n", "\r\n") for path, text in small().items()},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_fault_is_refused_whatever_the_shape(shape: str) -> None:
    trials = trials_of(snapshot(SHAPES[shape]), chart_index())
    assert trials
    assert survivors(trials) == []


# --- and it can fail -----------------------------------------------------------------------------


@pytest.fixture
def rules_in_order() -> Iterator[None]:
    """Put the rules back as they were: their order is that of every report."""
    before = dict(rules.RULES)
    yield
    rules.RULES.clear()
    rules.RULES.update(before)


@pytest.mark.usefixtures("rules_in_order")
@pytest.mark.parametrize("code", ["FB102", "FB103", "FB104", "FB108", "FB109", "FB110"])
def test_a_gate_without_a_rule_fails_its_test(code: str, repo: Repo, cli: Cli) -> None:
    del rules.RULES[code]
    result = cli("check", "--self-test", cwd=repo)
    assert result.code == 1
    lost = [line for line in result.out.splitlines() if "SURVIVED" in line]
    assert lost
    assert all(code in line for line in lost)
    assert result.out.rstrip().endswith("planted faults survived.")


def test_a_rule_that_finds_nothing_fails_the_test(
    charts: ChartIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = replace(rules.RULES["FB103"], check=lambda _: iter(()))
    monkeypatch.setitem(rules.RULES, "FB103", silent)
    lost = [one for one in trials_of(ALIGNED, charts) if one.finding is None]
    assert {one.mutant.pin.kind for one in lost} == {"install-url", "chart-dependency"}
    assert {one.reason for one in lost} == {"no rule refuses it"}


def test_a_rule_that_blames_another_line_fails_the_test(
    charts: ChartIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finding somewhere else does not count: nobody would find the fault by it."""
    right = rules.RULES["FB110"]

    def elsewhere(evidence: Evidence) -> Iterator[Outcome]:
        for one in right.judge(evidence):
            assert isinstance(one, Finding)
            yield replace(one, location=replace(one.location, line=1), related=())

    monkeypatch.setitem(rules.RULES, "FB110", replace(right, check=elsewhere))
    lost = [one.mutant.pin.kind for one in trials_of(ALIGNED, charts) if one.finding is None]
    assert lost == ["blueprint"]


def test_without_index_and_archive_it_is_not_green(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    result = cli("check", "--self-test", "--index", str(tmp_path / "none"), cwd=repo)
    assert result.code == 1
    assert "FB103 was not run: no chart index" in result.out


def test_nothing_to_plant_at_is_not_green(cli: Cli, repo: Repo) -> None:
    """Every pin is a range or a variable."""
    repo.write("platform/flux/chart/Chart.yaml", wrapper("^2.14.1", own="${V}"))
    files = small(install="true\n", chart=wrapper("^2"), values="a: 1\n", release=release("$V"))
    trials = trials_of(snapshot(files | {"chart/Chart.yaml": wrapper("^2", own="$V")}), UNREACHABLE)
    assert trials == ()
    for path in ("clusters", "products", "infra", "platform/flux/blueprint.yaml"):
        repo.git("rm", "-r", "--quiet", path)
    repo.write("platform/flux/chart/values.yaml", "a: 1\n")
    result = cli("check", "--self-test", cwd=repo)
    assert result.code == 1
    assert "the gate was not tried" in result.out
