"""Releases that the tables do not know: where they are read from, and what is said when not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from fixtures import generate
from fixtures import manifests as made
from fluxbump.errors import IndexSourceError
from fluxbump.flux import known_releases
from fluxbump.flux.chart_contents import Vendored
from fluxbump.flux.download import Upstream
from fluxbump.flux.install_manifest import Shipped
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.flux.release_sources import Sources
from fluxbump.flux.tables import crds
from fluxbump.helm.chart_releases import ChartRelease
from fluxbump.model import Inventory
from fluxbump.system.http.fetch import Patience, Web
from tests.helpers import Repo, assert_refused, chart_index, find, script, small, values, wrapper
from tests.web_server import Answer, WebServer

NEW = "2.10.0"
PATH = f"/flux/v{NEW}/install.yaml"
INDEX = {str(one.version): one for one in chart_index().releases}


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as running:
        yield running


def web(cache: Path, *, offline: bool = False) -> Callable[[], Web]:
    patience = Patience(1.0, 5.0, 10.0, 1)
    return lambda: Web(cache_dir=cache, offline=offline, patience=patience)


def no_web() -> Web:
    raise AssertionError("nothing here needs the network")


def place(directory: Path, release: str = NEW, **made_as: str) -> Path:
    """Put a manifest into a directory, as a mirror does."""
    path = directory / f"v{release}" / "install.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.install(made_as.get("says", release), like=made_as.get("like", "2.9.4")))
    return directory


# --- the place --------------------------------------------------------------------------------


def test_a_directory(tmp_path: Path) -> None:
    found = Upstream(str(place(tmp_path)), no_web).shipped(NEW)
    assert (found.release, found.crds) == (NEW, crds.crds()["2.9.4"])
    assert found.source == str(tmp_path / f"v{NEW}" / "install.yaml")


def test_a_url_is_asked_once(tmp_path: Path, server: WebServer) -> None:
    server.answers[PATH] = [Answer(made.install(NEW, like="2.9.4"), headers={"ETag": '"a"'})]
    spec = server.url("/flux/").replace("://", "://me:secret@")
    for offline in (False, False, True):
        found = Upstream(spec, web(tmp_path, offline=offline)).shipped(NEW)
        assert found.source == server.url(PATH)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            Answer(status=404),
            "HTTP 404 (use --releases to name the place of the manifests)",
        ),
        (Answer(b"<html>"), "it defines no custom resource of Flux"),
        (Answer(made.install("2.9.4")), "it is the manifest of Flux 2.9.4"),
        (Answer(b"#" * (33 << 20)), "larger than 32 MiB"),
    ],
)
def test_what_a_url_may_not_answer(
    answer: Answer, reason: str, tmp_path: Path, server: WebServer
) -> None:
    server.answers[PATH] = [answer]
    with pytest.raises(IndexSourceError) as caught:
        Upstream(server.url("/flux"), web(tmp_path)).shipped(NEW)
    assert reason in str(caught.value)
    assert server.url(PATH) in str(caught.value)


def test_what_cannot_be_had(tmp_path: Path) -> None:
    def message(spec: str, *, offline: bool = False) -> str:
        with pytest.raises(IndexSourceError) as caught:
            Upstream(spec, web(tmp_path, offline=offline)).shipped(NEW)
        return str(caught.value)

    assert message(str(tmp_path)).startswith(f"{tmp_path}/v{NEW}/install.yaml: no such file (use")
    offline = message("https://mirror.example.org/x", offline=True)
    assert "not in the cache, and offline (run once without --offline" in offline
    assert "not valid" in message("https://me:sec/ret@mirror.example.org:x/y")
    assert "secret" not in message("https://me:secret@[::1/y")


# --- the order of the sources -----------------------------------------------------------------


def pinned(release: str, chart: str = "2.14.1") -> Inventory:
    return find(small(install=script(release), chart=wrapper(chart), values=values(chart)))


def gathered(inventory: Inventory, sources: Sources | None, *vendored: Vendored) -> KnownReleases:
    return known_releases.gather((inventory,), INDEX, vendored, sources)


def nothing(release: str) -> Shipped:
    raise IndexSourceError(f"no manifest of {release}")


def test_what_the_tables_know_is_asked_nowhere() -> None:
    def asked(release: object) -> Shipped:
        raise AssertionError(f"asked for {release}")

    found = gathered(pinned("2.4.0"), Sources(asked))
    assert found == KnownReleases(crds.crds())


def test_the_manifest_goes_before_the_chart(tmp_path: Path) -> None:
    upstream = Upstream(str(place(tmp_path)), no_web)
    found = gathered(pinned(NEW), Sources(upstream.shipped))
    assert found.crds[NEW] == crds.crds()["2.9.4"]
    assert found.manifests[NEW].source.endswith("install.yaml")
    assert (found.unknown, found.fetched) == ({}, {})


def test_a_chart_that_claims_the_release_stands_in() -> None:
    chart = replace(INDEX["2.14.1"], app_version=INDEX["2.14.1"].app_version.replace(minor=10))
    index = {"2.14.1": replace(chart, app_version=chart.app_version.replace(patch=0))}

    def archive(wanted: ChartRelease) -> bytes:
        assert wanted.version == chart.version
        return generate.chart_archive("2.14.1", app_version=NEW)

    found = known_releases.gather((pinned(NEW),), index, (), Sources(nothing, archive))
    assert found.manifests[NEW].source == "flux2 2.14.1"
    assert found.crds[NEW].keys() == crds.crds()["2.9.4"].keys()
    broken = Sources(nothing, lambda _: b"\x1f\x8b")
    found = known_releases.gather((pinned(NEW),), index, (), broken)
    assert found.unknown == {NEW: f"no manifest of {NEW}"}


def test_the_vendored_chart_stands_in_first() -> None:
    contents = known_releases.contents(made.templates("2.9.4"), "chart/charts/flux2/")
    vendored = Vendored("p", "chart/Chart.yaml", None, app_version=f"v{NEW}", contents=contents)
    found = gathered(pinned(NEW), Sources(nothing), vendored)
    assert found.manifests[NEW].source == "chart/charts/flux2/"


def test_without_any_source_the_reason_is_kept() -> None:
    found = gathered(pinned(NEW), Sources(nothing))
    assert (found.manifests, found.unknown) == ({}, {NEW: f"no manifest of {NEW}"})
    assert gathered(pinned(NEW), None).unknown == {}


def test_nothing_is_asked_twice() -> None:
    asked: list[str] = []

    def counted(release: str) -> Shipped:
        asked.append(release)
        return nothing(release)

    sources = Sources(counted).remembering()
    for _ in range(3):
        gathered(pinned(NEW), sources)
    assert asked == [NEW]


def test_a_repository_cannot_ask_for_any_number_of_releases() -> None:
    files = {f"install{n}.sh": script(f"3.{n}.0") for n in range(20)}
    found = gathered(find({**small(), **files}), Sources(nothing))
    assert len(found.unknown) == 20
    assert sum(reason.startswith("no manifest") for reason in found.unknown.values()) == 8


# --- the commands -----------------------------------------------------------------------------

_URL = "infra/hetzner/cloudinit-control-plane.tftpl"


def at_new(repo: Repo) -> None:
    text = (repo.path / _URL).read_text()
    repo.commit({_URL: text.replace("v2.4.0", f"v{NEW}")})


def not_run(repo: Repo, *arguments: str) -> dict[str, str]:
    report = repo.fluxbump("check", "--no-render", "--format", "json", *arguments).json
    return {one["code"]: one["reason"] for one in report["not_run"]}


def test_check_says_why_a_rule_was_not_run(repo: Repo) -> None:
    at_new(repo)
    for code in ("FB201", "FB203", "FB204", "FB205"):
        assert "are not known" in not_run(repo)[code]
        assert f"v{NEW}/install.yaml: no such file (use --releases" in not_run(repo)[code]
    offline = {"offline": not_run(repo, "--offline", "--releases", "https://flux.example.org/x")}
    assert "https://flux.example.org/x/v2.10.0/install.yaml" in offline["offline"]["FB201"]


def test_check_reads_a_mirror_and_cites_it(repo: Repo, tmp_path: Path) -> None:
    at_new(repo)
    place(tmp_path / "mirror")
    options = ("check", "--no-render", "--select", "FB203,FB204,FB201", "--format", "json")
    report = repo.fluxbump(*options, "--releases", str(tmp_path / "mirror")).json
    assert report["not_run"] == []
    messages = [one["message"] for one in report["findings"] if one["code"] == "FB203"]
    assert messages
    cite = f". Source for Flux {NEW}: {tmp_path}/mirror/v{NEW}/install.yaml"
    assert all(message.endswith(cite) for message in messages)


def test_the_mirror_may_stand_in_the_configuration(repo: Repo) -> None:
    at_new(repo)
    place(repo.path / "mirror")
    repo.write("fluxbump.yaml", "releases: mirror\n")
    options = ("check", "--no-render", "--select", "FB203", "--format", "json")
    done = repo.fluxbump(*options, FLUXBUMP_RELEASES="")
    assert done.json["not_run"] == []
    assert "FB203" in {one["code"] for one in done.json["findings"]}


def test_path_and_the_release_that_is_not_there(repo: Repo, tmp_path: Path) -> None:
    done = repo.fluxbump("path", "2.8.5", "--from", NEW)
    assert_refused(done, 2, f"the CRDs of Flux {NEW} are not known: ", "no such file")
    done = repo.fluxbump("path", "2.6.4", "--from", NEW, "--releases", str(place(tmp_path / "m")))
    assert done.out.startswith(f"No safe route from Flux {NEW} to 2.6.4: ")
