"""Charts that the real helm has pushed to a real registry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures import generate
from fluxbump.errors import IndexSourceError
from fluxbump.helm.chart_releases import IndexSource
from tests.registry.conftest import Source
from tests.registry.front import Answered, Asked, Front
from tests.registry.running import CHART_CONFIG, CHART_CONTENT, MANIFEST, Running, running
from tests.sleeper import Sleeper

RELEASES = {"2.13.0": "2.3.0", "2.14.1": "2.4.0", "2.15.0": "2.5.1"}


def listed(source: IndexSource) -> dict[str, str]:
    return {str(one.version): str(one.app_version) for one in source.load().releases}


def failure(source: IndexSource) -> IndexSourceError:
    with pytest.raises(IndexSourceError) as caught:
        source.load()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 7
    return caught.value


# --- what there is ----------------------------------------------------------------------------


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
def test_what_helm_pushed_is_listed_and_fetched(
    registry: Running, source: Source, helm: str
) -> None:
    archives = registry.push_charts({**RELEASES, "2.16.0+build.1": "2.6.4"}, helm)
    opened = source(registry.spec())
    index = opened.load()
    assert (index.source, index.problems) == (registry.spec(), ())
    assert {str(one.version): str(one.app_version) for one in index.releases} == {
        **RELEASES,
        "2.16.0+build.1": "2.6.4",
    }
    for one in index.releases:
        archive = archives[str(one.version)]
        assert one.digest == hashlib.sha256(archive).hexdigest()
        assert opened.archive(one) == archive
        assert one.created is not None
        assert abs(one.created - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_registry_that_gives_tags_in_pages(tmp_path: Path, source: Source) -> None:
    releases = {f"2.14.{patch}": "2.4.0" for patch in range(7)}
    with (
        running(tmp_path / "registry", tags={"maxtags": 3}) as registry,
        Front(registry.host) as front,
    ):
        registry.push_charts(releases)
        assert listed(source(registry.spec(host=front.host))) == releases
        pages = [asked for asked in front.take() if "tags/list" in asked]
    assert pages == [
        "GET tags/list?last=2.14.2&n=3",
        "GET tags/list?last=2.14.5&n=3",
        "GET tags/list?n=100",
    ]


def test_a_second_run_reads_only_what_is_new(
    registry: Running, front: Front, source: Source
) -> None:
    spec = registry.spec(host=front.host)
    registry.push_charts(RELEASES)
    assert listed(source(spec)) == RELEASES
    assert front.take() == [
        *["GET blobs/sha256"] * 3,
        *[f"GET manifests/{version}" for version in RELEASES],
        "GET tags/list?n=100",
    ]
    registry.push_charts({"2.16.4": "2.6.4"})
    assert listed(source(spec)) == {**RELEASES, "2.16.4": "2.6.4"}
    assert front.take() == [
        "GET blobs/sha256",
        "GET manifests/2.16.4",
        "GET tags/list?n=100",
        *[f"HEAD manifests/{version}" for version in RELEASES],
    ]


def test_an_archive_is_fetched_once(registry: Running, front: Front, source: Source) -> None:
    registry.push_charts(RELEASES)
    opened = source(registry.spec(host=front.host))
    newest = opened.load().releases[0]
    front.take()
    assert opened.archive(newest) == opened.archive(newest)
    assert front.take() == ["GET blobs/sha256"]


def test_offline_uses_what_was_read(registry: Running, front: Front, source: Source) -> None:
    registry.push_charts(RELEASES)
    spec = registry.spec(host=front.host)
    opened = source(spec)
    oldest = opened.load().releases[-1]
    archive = opened.archive(oldest)
    front.take()
    offline = source(spec, offline=True)
    assert listed(offline) == RELEASES
    assert offline.archive(oldest) == archive
    with pytest.raises(IndexSourceError, match="not in the cache, and offline"):
        offline.archive(offline.load().releases[0])
    assert str(failure(source(registry.spec("other"), offline=True))).startswith(
        f"{registry.spec('other')}: not in the cache, and offline (run once without --offline"
    )
    assert front.take() == []


def test_a_tag_that_is_pushed_again_is_read_again(registry: Running, source: Source) -> None:
    registry.push_charts(RELEASES)
    assert listed(source(registry.spec()))["2.15.0"] == "2.5.1"
    archive = registry.push_charts({"2.15.0": "2.5.0"})["2.15.0"]
    opened = source(registry.spec())
    newest = opened.load().releases[0]
    assert (str(newest.version), str(newest.app_version)) == ("2.15.0", "2.5.0")
    assert opened.archive(newest) == archive


def test_a_damaged_cache_is_read_again(registry: Running, source: Source, tmp_path: Path) -> None:
    registry.push_charts(RELEASES)
    assert listed(source(registry.spec())) == RELEASES
    for path in (tmp_path / "cache" / "oci").rglob("*"):
        if path.is_file():
            path.write_bytes(b"{")
    assert listed(source(registry.spec())) == RELEASES


def test_a_cache_that_cannot_be_written_is_done_without(
    registry: Running, source: Source, tmp_path: Path
) -> None:
    registry.push_charts(RELEASES)
    (tmp_path / "cache").write_text("a file where the directory would be")
    assert listed(source(registry.spec())) == RELEASES


# --- what is no version of the chart ----------------------------------------------------------


def test_tags_that_are_no_versions_are_passed_over(registry: Running, source: Source) -> None:
    registry.push_charts(RELEASES)
    for tag in ("latest", "2.15", f"sha256-{'0' * 64}.sig"):
        registry.push("charts/flux2", tag, {"text/plain": b"something else"})
    index = source(registry.spec()).load()
    assert (len(index.releases), index.problems) == (3, ())


def test_what_is_left_out_is_said(registry: Running, source: Source) -> None:
    registry.push_charts(RELEASES)
    name = "charts/flux2"
    layer = {CHART_CONTENT: b"an archive"}
    registry.push(name, "3.0.0", {"text/plain": b"x"})
    registry.push(name, "3.1.0", layer, config=(CHART_CONFIG, b"[]"))
    registry.push(
        name, "3.2.0", layer, config=(CHART_CONFIG, b'{"name":"flux2","version":"2.15.0"}')
    )
    registry.push(
        name, "3.3.0", layer, config=(CHART_CONFIG, b'{"name":"flux2","version":"3.3.0"}')
    )
    other = b'{"name":"flux3","version":"3.4.0","appVersion":"2.5.1"}'
    registry.push(name, "3.4.0", layer, config=(CHART_CONFIG, other))
    entry = {**registry.blob(name, MANIFEST, b"{}"), "digest": registry.push(name, "x", layer)}
    several = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [entry]}
    registry.put(name, "3.5.0", json.dumps(several).encode(), _INDEX)
    index = source(registry.spec()).load()
    assert [str(one.version) for one in index.releases] == ["2.15.0", "2.14.1", "2.13.0"]
    assert index.problems == (
        "flux2 tag 3.0.0 is left out: it is not a Helm chart",
        "flux2 tag 3.1.0 is left out: it has metadata that is not that of a chart",
        "flux2 tag 3.2.0 is left out: it holds a chart of another version",
        "flux2 tag 3.5.0 is left out: it is not a single artifact",
        "flux2 entry 4 ('3.3.0') is left out: it has no appVersion",
        "flux2 entry 5 ('3.4.0') is left out: its name is 'flux3'",
    )


_INDEX = "application/vnd.oci.image.index.v1+json"


def test_a_tag_that_goes_meanwhile_is_left_out(
    registry: Running, front: Front, source: Source
) -> None:
    registry.push_charts(RELEASES)

    def gone(asked: Asked, answered: Answered) -> Answered:
        return replace(answered, status=404) if asked.brief.endswith("2.14.1") else answered

    front.spoil = gone
    index = source(registry.spec(host=front.host)).load()
    assert [str(one.version) for one in index.releases] == ["2.15.0", "2.13.0"]
    assert index.problems == ("flux2 tag 2.14.1 is left out: it is gone",)


def test_a_registry_that_does_not_say_digests(
    registry: Running, front: Front, source: Source
) -> None:
    registry.push_charts(RELEASES)
    front.spoil = lambda _, answered: answered.header("docker-content-digest", "unknown")
    spec = registry.spec(host=front.host)
    assert listed(source(spec)) == RELEASES
    archive = registry.push_charts({"2.15.0": "2.5.0"})["2.15.0"]
    opened = source(spec)
    assert opened.archive(opened.load().releases[0]) == archive


def test_a_chart_without_versions(registry: Running, source: Source) -> None:
    registry.push("charts/flux2", "latest", {"text/plain": b"something else"})
    error = failure(source(registry.spec()))
    assert str(error) == (
        f"{registry.spec()}: the index has no usable release of flux2 "
        "(check that this is the right index)"
    )


# --- what goes wrong --------------------------------------------------------------------------


def spoiled(front: Front, what: str, spoil: Callable[[Answered], Answered]) -> None:
    """Change the answers to requests whose brief begins with `what`."""
    front.spoil = lambda asked, answered: (
        spoil(answered) if asked.brief.startswith(what) else answered
    )


@pytest.mark.parametrize("what", ["GET blobs", "GET manifests"])
def test_another_body_than_the_digest_promises_is_refused(
    registry: Running, front: Front, source: Source, what: str, tmp_path: Path
) -> None:
    registry.push_charts({"2.15.0": "2.5.1"})

    spoiled(front, what, lambda answered: replace(answered, body=answered.body.replace(b"2", b"3")))
    error = failure(source(registry.spec(host=front.host)))
    assert error.message.startswith("the registry sends sha256:")
    assert error.hint == ("try again, and tell the operator of the registry if it stays so")
    front.spoil = lambda _, answered: answered
    assert listed(source(registry.spec(host=front.host))) == {"2.15.0": "2.5.1"}


def test_an_archive_that_is_another_is_refused(
    registry: Running, front: Front, source: Source
) -> None:
    registry.push_charts({"2.15.0": "2.5.1"})
    opened = source(registry.spec(host=front.host))
    (release,) = opened.load().releases
    other = generate.chart_archive("2.15.0", app_version="2.5.0")
    front.spoil = lambda _, answered: answered.holding(other)
    with pytest.raises(IndexSourceError) as caught:
        opened.archive(release)
    found = hashlib.sha256(other).hexdigest()
    assert caught.value.message == (
        f"the registry sends sha256:{found} for sha256:{release.digest}"
    )


def test_a_body_of_another_size_is_refused(registry: Running, front: Front, source: Source) -> None:
    """The length is not promised, so the connection may end anywhere: only the size tells."""
    registry.push_charts({"2.15.0": "2.5.1"})

    spoiled(
        front, "GET blobs", lambda answered: replace(answered.without("Content-Length"), cut=10)
    )
    error = failure(source(registry.spec(host=front.host)))
    assert error.message.startswith("the registry sends 10 bytes for sha256:")


def test_a_cut_connection_is_tried_again(
    registry: Running, front: Front, source: Source, sleeper: Sleeper
) -> None:
    registry.push_charts({"2.15.0": "2.5.1"})
    spec = registry.spec(host=front.host)
    spoiled(front, "GET blobs", lambda answered: replace(answered, cut=10))
    error = failure(source(spec))
    assert error.message.startswith(
        f"cannot read from the registry http://{front.host}/v2/charts/flux2/blobs/sha256"
    )
    assert "without sending complete message body" in error.message
    assert front.take().count("GET blobs/sha256") == 4
    assert len(sleeper.pauses) == 3
    cuts = [10, None]
    front.spoil = lambda asked, answered: replace(
        answered, cut=cuts.pop(0) if asked.brief.startswith("GET blobs") else None
    )
    assert listed(source(spec)) == {"2.15.0": "2.5.1"}
    assert cuts == []


def test_a_busy_registry_is_waited_for(
    registry: Running, front: Front, source: Source, sleeper: Sleeper
) -> None:
    registry.push_charts({"2.15.0": "2.5.1"})
    spec = registry.spec(host=front.host)
    busy = [True, True, False]

    def later(asked: Asked, answered: Answered) -> Answered:
        if asked.brief.startswith("GET tags") and busy.pop(0):
            return replace(answered, status=429).header("Retry-After", "7")
        return answered

    front.spoil = later
    assert listed(source(spec)) == {"2.15.0": "2.5.1"}
    assert sleeper.pauses == [7.0, 7.0]
    front.spoil = lambda _, answered: replace(answered, status=429).header("Retry-After", "3600")
    error = failure(source(spec))
    assert error.message == (
        f"cannot read from the registry http://{front.host}/v2/charts/flux2/tags/list: HTTP 429, "
        "and the server asks to wait 3600 s"
    )


def test_what_was_read_before_a_failure_is_not_read_again(
    registry: Running, front: Front, source: Source
) -> None:
    registry.push_charts(RELEASES)
    spec = registry.spec(host=front.host)
    spoiled(
        front,
        "GET manifests/2.15.0",
        lambda answered: replace(answered, status=429).header("Retry-After", "3600"),
    )
    assert "HTTP 429" in str(failure(source(spec)))
    front.take()
    front.spoil = lambda _, answered: answered
    assert listed(source(spec)) == RELEASES
    assert front.take() == [
        "GET blobs/sha256",
        "GET manifests/2.15.0",
        "GET tags/list?n=100",
        "HEAD manifests/2.13.0",
        "HEAD manifests/2.14.1",
    ]
    spoiled(front, "HEAD manifests/2.13.0", lambda answered: replace(answered, status=418))
    assert "HTTP 418" in str(failure(source(spec)))
    assert listed(source(spec, offline=True)) == RELEASES


def test_a_repository_that_is_not_there(registry: Running, source: Source) -> None:
    error = failure(source(registry.spec("flux3")))
    assert str(error) == (
        f"{registry.spec('flux3')}: the registry has no such repository (check the path)"
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda answered: replace(answered, status=418),
            "cannot be read: HTTP 418 (check that 127.0.0.1:",
        ),
        (lambda answered: replace(answered, status=503), "HTTP 503"),
        (
            lambda answered: answered.holding(b"<html>"),
            "something that is not a list of tags: it is not JSON",
        ),
        (lambda answered: answered.holding(b'{"tags":5}'), "a list of tags: Expected array"),
    ],
    ids=["another status", "out of service", "no JSON", "another JSON"],
)
def test_a_server_that_is_no_registry(
    registry: Running,
    front: Front,
    source: Source,
    spoil: Callable[[Answered], Answered],
    words: str,
) -> None:
    registry.push_charts({"2.15.0": "2.5.1"})
    spoiled(front, "GET tags", spoil)
    assert words in str(failure(source(registry.spec(host=front.host))))


def test_a_list_that_goes_on_elsewhere_is_not_followed(
    registry: Running, front: Front, source: Source
) -> None:
    registry.push_charts({"2.15.0": "2.5.1"})
    link = f'<http://{registry.host}/v2/charts/flux2/tags/list?last=a>; rel="next"'
    front.spoil = lambda _, answered: answered.header("Link", link)
    error = failure(source(registry.spec(host=front.host)))
    assert error.message == "its list of tags goes on at another host"


def test_a_list_that_goes_on_for_ever_ends(registry: Running, front: Front, source: Source) -> None:
    registry.push_charts({"2.15.0": "2.5.1"})
    link = '</v2/charts/flux2/tags/list?n=100>; rel="next"'
    front.spoil = lambda _, answered: answered.header("Link", link)
    assert listed(source(registry.spec(host=front.host))) == {"2.15.0": "2.5.1"}
    assert front.take().count("GET tags/list?n=100") == 2


def test_an_archive_of_another_repository_is_not_fetched(
    registry: Running, front: Front, source: Source
) -> None:
    registry.push_charts({"2.15.0": "2.5.1"})
    (release,) = source(registry.spec()).load().releases
    with pytest.raises(IndexSourceError, match="is not in oci://"):
        source(registry.spec(host=front.host)).archive(release)
    assert front.take() == []
