"""From what the user typed to a chart release."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from fluxbump.errors import ResolveError, UsageError
from fluxbump.flux.releases import (
    app_versions,
    best_chart,
    describe,
    newest,
    resolve,
    stable_releases,
)
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.model import Step
from fluxbump.text import next_version, versions
from tests.helpers import REAL_INDEX, Cli, Repo, assert_refused, chart_index


def made(*charts: str) -> ChartIndex:
    """An index of `chart=release`, with `!` behind a deprecated chart."""
    releases = []
    for text in charts:
        chart, _, release = text.rstrip("!").partition("=")
        one = ChartRelease(
            "flux2", Version.parse(chart), Version.parse(release), deprecated=text.endswith("!")
        )
        releases.append(one)
    return ChartIndex("made", tuple(releases))


@pytest.mark.parametrize(
    ("target", "chart"),
    [
        ("2.5.1", "2.15.0"),
        ("v2.5.1", "2.15.0"),
        (" 2.5.1 ", "2.15.0"),
        ("2.5", "2.15.0"),
        ("v2.5", "2.15.0"),
        ("2", "2.18.3"),
        ("latest", "2.18.3"),
        ("2.4.0", "2.14.1"),  # 2.14.0 ships it too
        ("2.7.2", "2.17.1"),
        ("2.0.0-rc.3", "2.8.0"),
    ],
)
def test_target(target: str, chart: str) -> None:
    assert str(resolve(target, chart_index()).version) == chart


@pytest.mark.parametrize(
    "target",
    ["", "x", "2.5.", "2.5.1.0", "02.5", "2.05.1", "2.5.x", "^2.5", "Latest", "vv2.5.1", "2.5.1\n2",
     "-2.5.1", "\u0662.5.1", "2,5", "1e3", "999999999999999999999.0.0", "v",
     "2.1\u0660.0", "2.5.1\u0660"],
)  # fmt: skip
def test_text_that_is_no_release(target: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(target, chart_index())
    assert repr(target) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("target", "near", "advice"),
    [
        ("2.5.0", "2.4.0 (chart 2.14.1) and 2.5.1 (chart 2.15.0)", "2.5.1"),
        ("2.7.4", "2.7.3 (chart ", None),
        ("2.7.1", "2.6.4 (chart 2.16.4) and 2.7.2 (chart 2.17.1)", "2.7.2"),
        ("2.8.9", "2.8.5 (chart 2.18.3)", "2.8.5"),
        ("3.0.0", "2.8.5 (chart 2.18.3)", "2.8.5"),
        ("0.0.1", "(chart ", None),
        ("2.5.1-rc.1", "2.4.0 (chart 2.14.1) and 2.5.1 (chart 2.15.0)", "2.5.1"),
    ],
)
def test_no_chart(target: str, near: str, advice: str | None) -> None:
    releases = {str(one.app_version) for one in chart_index().releases}
    if target in releases:
        pytest.skip(f"{target} has a chart")
    with pytest.raises(ResolveError) as caught:
        resolve(target, chart_index())
    if advice:
        assert caught.value.facts == (f"nearest with a chart: {near}",)
        assert caught.value.next == (Step(f"fluxbump to {advice}"),)


def test_advice_can_be_typed() -> None:
    """Whatever is advised for any missing release has a chart, and is stable."""
    stable = {str(one) for one in stable_releases(chart_index())}
    for minor in range(12):
        for patch in range(6):
            target = f"2.{minor}.{patch}"
            if target not in stable:
                with pytest.raises(ResolveError) as caught:
                    resolve(target, chart_index())
                (advised,) = caught.value.next
                assert isinstance(advised, Step)
                assert advised.command.removeprefix("fluxbump to ") in stable


def test_an_old_chart_is_not_what_is_meant_by_a_release_that_is_not_there() -> None:
    """Chart 2.4.1 shipped Flux 0.37.0: nobody who types 2.4.1 wants to go there."""
    with pytest.raises(ResolveError, match=r"no chart flux2 ships Flux 2\.4\.1"):
        resolve("2.4.1", chart_index())


def test_no_line() -> None:
    with pytest.raises(ResolveError, match=r"stable Flux 2\.99") as caught:
        resolve("2.99", chart_index())
    assert caught.value.next == (Step("fluxbump to 2.8.5", "newest release with a chart"),)


def test_empty_index() -> None:
    for target in ("latest", "2.5", "2.5.1"):
        with pytest.raises(ResolveError) as caught:
            resolve(target, ChartIndex("empty", ()))
        assert caught.value.where == "empty"
        assert newest(ChartIndex("empty", ())) is None


@pytest.mark.parametrize(
    ("charts", "best"),
    [
        (["1.0.0=2.0.0", "1.1.0=2.0.0"], "1.1.0"),
        (["1.1.0=2.0.0", "1.10.0=2.0.0", "1.9.0=2.0.0"], "1.10.0"),
        (["1.0.0=2.0.0", "1.1.0-rc.1=2.0.0"], "1.0.0"),
        (["1.0.0=2.0.0", "1.1.0=2.0.0!"], "1.0.0"),
        (["1.0.0-rc.1=2.0.0", "1.1.0=2.0.0!"], "1.1.0"),
        (["1.1.0-rc.1=2.0.0"], "1.1.0-rc.1"),
        (["2.0.0=1.0.0"], None),
    ],
)
def test_best_chart(charts: list[str], best: str | None) -> None:
    found = best_chart(Version(2, 0, 0), made(*charts))
    assert (str(found.version) if found else None) == best


def test_latest_is_never_a_prerelease() -> None:
    index = made("1.0.0=2.0.0", "1.1.0=2.1.0-rc.1", "1.2.0=2.1.0-rc.2")
    assert str(resolve("latest", index).app_version) == "2.0.0"
    assert str(resolve("2.1.0-rc.1", index).version) == "1.1.0"
    with pytest.raises(ResolveError):
        resolve("2.1", index)


@pytest.mark.parametrize(
    ("chart", "error", "words"),
    [
        ("2.17.0", None, ""),
        ("v2.17.0", None, ""),
        ("2.15.0", ResolveError, "ships Flux 2.5.1, not 2.7.2"),
        ("2.17", UsageError, "'2.17' is not a chart version"),
        ("9.9.9", ResolveError, "no chart flux2 9.9.9"),
    ],
)
def test_chart_version(chart: str, error: type[Exception] | None, words: str) -> None:
    if error is None:
        found = resolve("2.7.2", chart_index(), chart_version=chart)
        assert str(found.version) == chart.removeprefix("v")
    else:
        with pytest.raises(error, match=words):
            resolve("2.7.2", chart_index(), chart_version=chart)


def test_a_chart_version_is_never_a_release() -> None:
    with pytest.raises(ResolveError):
        resolve("2.15.0", made("2.15.0=2.5.1"))
    assert app_versions(made("2.15.0=2.5.1").releases) == {"2.15.0": "2.5.1"}


def test_describe() -> None:
    when = datetime(2025, 2, 26, 7, tzinfo=UTC)
    chart = ChartRelease("flux2", Version(2, 15, 0), Version(2, 5, 1), created=when)
    assert describe(chart) == "2.5.1 (chart 2.15.0, 2025-02-26)"
    assert describe(None) == "none"


@given(st.from_regex(versions.FULL.pattern, fullmatch=True))
def test_every_full_version_parses_to_itself(text: str) -> None:
    assert str(versions.parse(text)) == text == str(versions.parse(f"v{text}"))
    match = versions.IN_TEXT.search(f"to v{text}.")
    assert match is not None
    assert match["version"] == text


@given(st.text())
def test_parse_takes_semantic_versions_only(text: str) -> None:
    if versions.parse(text) is not None:
        assert Version.is_valid(text.removeprefix("v"))


@pytest.mark.parametrize(
    ("version", "level", "expected"),
    [
        ("1.1.2", "patch", "1.1.3"), ("1.1.9", "patch", "1.1.10"), ("1.1.2", "minor", "1.2.0"),
        ("1.1.2", "major", "2.0.0"), ("0.0.0", "patch", "0.0.1"),
        ("0.0.55-beta", "patch", "0.0.56-beta"), ("1.0.0-alpha", "patch", "1.0.1-alpha"),
        ("1.0.0-rc.4", "patch", "1.0.0-rc.5"), ("1.0.0-rc.9", "patch", "1.0.0-rc.10"),
        ("1.0.0-0", "patch", "1.0.0-1"), ("1.0.0-beta.1.x", "patch", "1.0.1-beta.1.x"),
        ("1.0.0-rc4", "patch", "1.0.0-rc5"), ("1.0.0-beta01", "patch", "1.0.0-beta02"),
        ("1.0.0-rc9", "patch", "1.0.1-rc9"), ("1.0.0-gabc12", "patch", "1.0.1-gabc12"),
        ("1.2.0-rc.4", "minor", "1.3.0-rc.1"), ("1.2.3-beta", "minor", "1.3.0-beta"),
        ("1.2.3-alpha.0", "major", "2.0.0-alpha.0"), ("1.2.3-rc7", "major", "2.0.0-rc1"),
        ("1.1.2+b", "patch", "1.1.3+b"), ("1.1.2+up2.14.1", "minor", "1.2.0+up2.14.1"),
        ("1.0.0-rc.1+b.5", "patch", "1.0.0-rc.2+b.5"),
    ],
)  # fmt: skip
def test_raised(version: str, level: next_version.Level, expected: str) -> None:
    assert str(next_version.raised(Version.parse(version), level)) == expected


# --- the same from the command line -----------------------------------------------------------

# missing release: the nearest below and above that have a chart
MISSING = {
    "2.5.0": ("2.4.0 (chart 2.14.1, 2025-01-08)", "2.5.1 (chart 2.15.0, 2025-02-26)", "2.5.1"),
    "2.6.0": ("2.5.1 (chart 2.15.0, ", "2.6.1 (chart 2.16.", "2.6.1"),
    "2.7.0": ("2.6.4 (chart 2.16.4, ", "2.7.2 (chart 2.17.1, ", "2.7.2"),
    "2.7.1": ("2.6.4 (chart 2.16.4, ", "2.7.2 (chart 2.17.1, ", "2.7.2"),
    "2.8.0": ("2.7.5 (chart 2.17.2, ", "2.8.1 (chart 2.18.", "2.8.1"),
    "2.8.4": ("2.8.3 (chart 2.18.2, ", "2.8.5 (chart 2.18.3, ", "2.8.5"),
}


@pytest.mark.parametrize("source", ["fixture", "real"])
@pytest.mark.parametrize("target", MISSING)
def test_release_without_a_chart(
    repo: Repo, cli: Cli, index: Path, target: str, source: str
) -> None:
    if source == "real" and not REAL_INDEX.exists():
        pytest.skip("the published index is not here")
    where = REAL_INDEX if source == "real" else index
    result = cli("to", target, "--index", str(where), cwd=repo)
    below, above, advice = MISSING[target]
    assert_refused(
        result, 4, f"Flux {target}\n", below, above, f"next: fluxbump to {advice} --index "
    )
    assert repo.branches() == ["main"]
