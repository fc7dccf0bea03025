"""FB206: the chart against the release that it claims."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from fixtures import generate
from fixtures import manifests as made
from fluxbump.check import gather
from fluxbump.check.evidence_parts import Absent, Cluster
from fluxbump.check.gather import Surroundings
from fluxbump.check.rules.community_chart import RULES
from fluxbump.check.rules.rule import Evidence, NotRun, Outcome
from fluxbump.discover.objects.resources import Resources
from fluxbump.errors import IndexSourceError
from fluxbump.flux import install_manifest, known_releases
from fluxbump.flux.install_manifest import Shipped
from fluxbump.flux.release_sources import Sources
from fluxbump.flux.tables import crds as tables
from fluxbump.helm import archive
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.model import Finding, Severity
from tests.helpers import Repo, chart_index, find, small, snapshot, values, wrapper

(FB206,) = RULES
ARCHIVE = "chart/charts/flux2-2.14.1.tgz"
FOLDER = "chart/charts/flux2/"
AROUND = Surroundings(Resources(), Cluster())


def nothing(release: str) -> Shipped:
    raise IndexSourceError(f"no manifest of {release}")


def judged(files: Mapping[str, str | bytes], sources: Sources | None = None) -> list[Outcome]:
    return list(FB206.judge(about(files, sources)))


def about(files: Mapping[str, str | bytes], sources: Sources | None = None) -> Evidence:
    named = {**small(), **files}
    held = gather.snapshot_files(snapshot(named), find(named))
    return gather.gather(held, chart_index(), around=AROUND, sources=sources)


def one(outcomes: list[Outcome]) -> Finding:
    (finding,) = outcomes
    assert isinstance(finding, Finding)
    return finding


def packed(**parts: bytes | str) -> bytes:
    extra = {path: p if isinstance(p, bytes) else p.encode() for path, p in parts.items()}
    return generate.chart_archive("2.14.1", extra=extra)


def unpacked(extra: Mapping[str, bytes]) -> dict[str, str | bytes]:
    chart = archive.read_chart(generate.chart_archive("2.14.1")).files
    plain = {path: data for path, data in chart.items() if not path.endswith(".crds.yaml")}
    files = {**plain, **made.templates("2.4.0"), **extra}
    return {f"{FOLDER}{path}": data for path, data in files.items()}


# --- what differs -----------------------------------------------------------------------------


def test_a_chart_that_is_what_it_claims() -> None:
    assert judged({ARCHIVE: generate.chart_archive("2.14.1")}) == []
    assert judged(unpacked({})) == []


def test_the_images_of_another_release() -> None:
    old = archive.read_chart(generate.chart_archive("2.13.0")).files["values.yaml"]
    finding = one(judged({ARCHIVE: packed(**{"values.yaml": old})}))
    assert finding.severity == Severity.ERROR
    assert finding.message.startswith(
        "flux2 2.14.1 claims to ship Flux 2.4.0, but helm-controller "
    )
    assert "helm-controller has the image tag v1.0.1, not v1.1.0 (and 5 more)" in finding.message
    assert str(finding.location) == "chart/Chart.yaml:6"
    assert [str(other.location) for other in finding.related] == [
        f"{ARCHIVE}:1", *["chart/Chart.yaml:6"] * 4,
    ]  # fmt: skip


def test_the_definitions_of_another_release() -> None:
    data = generate.chart_archive("2.13.0", app_version="2.3.0")
    crds = archive.read_chart(data).files["templates/source-controller.crds.yaml"]
    finding = one(judged({ARCHIVE: packed(**{"templates/source-controller.crds.yaml": crds})}))
    assert "Bucket has v1beta1 and v1beta2, not v1 and v1beta1 and v1beta2" in finding.message


def test_flags_of_a_definition() -> None:
    path = "templates/ocirepository.crds.yaml"
    text = made.templates("2.4.0")[path].replace(b"served: true", b"served: false", 1)
    finding = one(judged(unpacked({path: text})))
    assert finding.message.endswith("OCIRepository v1beta2 is storage, not served and storage")


def test_fields_of_an_older_release() -> None:
    """Equal versions: only the fields tell 2.5.0 from 2.4.0."""
    path = "templates/helmrelease.crds.yaml"
    finding = one(judged(unpacked({path: made.templates("2.5.0")[path]})))
    assert "HelmRelease v2 has spec.install.disableTakeOwnership, which the" in finding.message
    finding = one(judged(unpacked({path: made.templates("2.3.0")[path]})))
    assert "HelmRelease v2 lacks spec." in finding.message


def test_a_missing_definition_is_a_warning_where_its_controller_is() -> None:
    gone = {"templates/ocirepository.crds.yaml": b""}
    finding = one(judged(unpacked(gone)))
    assert finding.severity == Severity.WARNING
    assert finding.message.endswith("but has no CRD ocirepositories.source.toolkit.fluxcd.io")
    assert judged(unpacked({**gone, "values.yaml": b"a: 1"})) == []


def test_a_definition_that_the_release_does_not_have() -> None:
    path = "templates/artifactgenerator.crds.yaml"
    finding = one(judged(unpacked({path: made.templates("2.9.4")[path]})))
    assert finding.severity == Severity.WARNING
    assert "has a CRD artifactgenerators.source.extensions.fluxcd.io, which" in finding.message


# --- where the chart and the release come from ------------------------------------------------


def fetching(data: bytes, *, compare: bool = True, local: bool = False) -> Sources:
    return Sources(nothing, lambda _: data, compare=compare, local=local)


def test_the_chart_of_the_index_is_compared_when_it_may_be_fetched() -> None:
    old = archive.read_chart(generate.chart_archive("2.13.0")).files["values.yaml"]
    bad = packed(**{"values.yaml": old})
    assert "claims to ship" in one(judged({}, fetching(bad))).message
    assert all("image tag" in other.message for other in one(judged({}, fetching(bad))).related)
    assert judged({}, fetching(generate.chart_archive("2.14.1"))) == []
    why = "flux2 2.14.1 is not under charts/, and its archive is fetched only to be rendered"
    assert judged({}, fetching(bad, compare=False)) == [NotRun("FB206", why)]
    assert judged({}) == [NotRun("FB206", why)]


@pytest.mark.parametrize(("url", "beside"), [("flux2-1.tgz", True), ("https://x.org/a.tgz", False)])
def test_what_an_index_on_this_machine_has_beside_it(url: str, beside: bool) -> None:
    chart = replace(chart_index().releases[0], urls=(url,))
    sources = fetching(b"", compare=False, local=True)
    assert sources.may_compare(chart) is beside
    assert not replace(sources, archive=None).may_compare(chart)
    assert not replace(sources, local=False).may_compare(chart)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b"PK",
            "flux2 2.14.1 is not available: flux2 2.14.1: not a usable chart archive: not gzip",
        ),
        (packed(**{"crds/a": "kind: CustomResourceDefinition"}),
         "flux2 2.14.1: not a usable chart: crds/a, line 1: a CRD has no usable metadata.name"),
    ],
)  # fmt: skip
def test_a_chart_that_cannot_be_read(data: bytes, reason: str) -> None:
    assert judged({}, fetching(data)) == [NotRun("FB206", reason)]


def test_a_digest_that_does_not_match() -> None:
    def wrong(_: ChartRelease) -> bytes:
        raise IndexSourceError("the archive of flux2 2.14.1 has sha256 0, but the index says 1")

    (outcome,) = judged({}, Sources(nothing, wrong, compare=True))
    assert isinstance(outcome, NotRun)
    assert "has sha256 0, but the index says 1" in outcome.reason


@pytest.mark.parametrize("same", [True, False])
def test_an_archive_that_has_the_digest_in_the_index_is_not_fetched(same: bool) -> None:
    data = generate.chart_archive("2.14.1")
    digest = archive.sha256(data) if same else "0" * 64
    listed = tuple(replace(chart, digest=digest) for chart in chart_index().releases)
    asked: list[str] = []

    def get(chart: ChartRelease) -> bytes:
        asked.append(str(chart.version))
        return data

    files: dict[str, str | bytes] = {**small(), ARCHIVE: data}
    held = gather.snapshot_files(snapshot(files), find(files))
    sources = Sources(nothing, get, compare=True)
    gathered = gather.gather(held, ChartIndex("here", listed), around=AROUND, sources=sources)
    assert asked == ([] if same else ["2.14.1"])
    assert known_fetched(gathered) == {"2.14.1": "2.4.0"}


def known_fetched(gathered: Evidence) -> dict[str, str]:
    assert not isinstance(gathered.releases, Absent)
    return {version: chart.app_version for version, chart in gathered.releases.fetched.items()}


def test_what_there_is_nothing_to_compare_with() -> None:
    other = small(chart=wrapper("9.9.9"), values=values("9.9.9"))
    why = "flux2 9.9.9 is neither under charts/ nor in the chart index"
    assert judged(other) == [NotRun("FB206", why)]
    assert judged({"chart/Chart.yaml": wrapper("^2.0.0")}) == [
        NotRun("FB206", "no single version of the chart flux2 found")
    ]
    unknown = {ARCHIVE: generate.chart_archive("2.14.1", app_version="2.10.0")}
    assert judged(unknown) == [NotRun("FB206", "what Flux 2.10.0 ships is not known")]
    own = judged(unknown, Sources(nothing))
    assert own == [NotRun("FB206", "Flux 2.10.0 is known from this chart alone")]
    gone = replace(about({}), index=Absent("no chart index", "offline"))
    (outcome,) = FB206.judge(gone)
    assert outcome == NotRun(
        "FB206", "flux2 2.14.1 is not under charts/, and no chart index: offline"
    )


def test_a_release_that_only_its_manifest_knows() -> None:
    def read(release: str) -> Shipped:
        return install_manifest.install(made.install(release, like="2.8.4"), "the manifest")

    files = {ARCHIVE: generate.chart_archive("2.14.1", app_version="2.10.0")}
    finding = one(judged(files, Sources(read)))
    assert "kustomize-controller has the image tag v1.8.3, not v1.8.2" in finding.message
    assert finding.message.endswith(". Source for Flux 2.10.0: the manifest")


# --- the commands -----------------------------------------------------------------------------


def test_check_and_to_say_it(repo: Repo) -> None:
    """The fixture's index is a directory with the archives beside it."""
    done = repo.fluxbump("check", "--no-render", "--select", "FB206", "--format", "json")
    assert (done.json["findings"], done.json["not_run"]) == ([], [])
    path = "platform/flux/chart/charts/flux2-2.14.1.tgz"
    old = archive.read_chart(generate.chart_archive("2.13.0")).files["values.yaml"]
    repo.write(path, packed(**{"values.yaml": old}))
    done = repo.fluxbump("check", "--no-render", "--select", "FB206")
    assert done.code == 1
    assert "FB206 error  flux2 2.14.1 claims to ship Flux 2.4.0, but" in done.out


def test_every_release_agrees_with_its_own_fixture() -> None:
    assert isinstance(chart_index(), ChartIndex)
    for release in ("2.0.0", "2.7.5"):
        contents = known_releases.contents(made.templates(release), "x")
        assert contents().crds == tables.crds()[release]
