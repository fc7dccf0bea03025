"""Folders for what was taken out of service: they are not searched, and a note says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.config.settings import Settings
from fluxbump.discover.copies_and_archives import archive_of
from tests.helpers import (
    Cli,
    assert_refused,
    brief,
    find,
    release,
    repository,
    script,
    small,
    wrapper,
)

OLD = {
    ".archive/up.sh": script("2.3.0"),
    ".archive/flux/chart/Chart.yaml": wrapper("2.13.0"),
    "apps/_old/flux.yaml": release("2.12.4", chart="flux2"),
}


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        (".archive/a/b.yaml", ".archive"),
        ("k/_archive/a.yaml", "k/_archive"),
        ("site/versioned_docs/version-1/a.yaml", "site/versioned_docs"),
        ("apps/Archive/deep/a.yaml", "apps/Archive"),
        ("x/deprecated/a.yaml", "x/deprecated"),
        ("apps/_old/flux.yaml", "apps/_old"),
        ("apps/old/a.yaml", None),
        ("clusters/archive/a.yaml", None),
        ("clusters/prod/archive/a.yaml", "clusters/prod/archive"),
        ("backup/a.yaml", None),
        ("pkg/testdata/01/a.yaml", "pkg/testdata"),
        ("clusters/testdata/a.yaml", None),
        ("archive.yaml", None),
        ("apps/archive-server/a.yaml", None),
    ],
)
def test_which_folders_are_archives(path: str, folder: str | None) -> None:
    assert archive_of(path) == folder


def test_what_an_archive_holds_is_a_note_and_no_pin() -> None:
    live = find(small())
    found = find({**small(), **OLD})
    assert brief(found.pins) == brief(live.pins)
    assert found.charts == live.charts
    notes = {str(note.location.path): note.message for note in found.notes}
    assert notes[".archive/flux/chart/Chart.yaml"] == (
        ".archive/ looks like an archive, so 2 places of Flux in it are not checked"
    )
    assert notes["apps/_old/flux.yaml"] == (
        "apps/_old/ looks like an archive, so 1 place of Flux in it is not checked"
    )


def test_a_team_may_have_them_searched() -> None:
    scope = Settings(search_archives=True).scope()
    found = find({**small(), ".archive/up.sh": script("2.3.0")}, search_archives=True)
    assert scope.search_archives
    assert ".archive/up.sh" in {pin.location.path for pin in found.pins}


def test_the_data_of_tests_installs_nothing() -> None:
    found = find({**small(), "pkg/testdata/v2.3.0/up.sh": script("2.3.0")})
    assert "pkg/testdata/v2.3.0/up.sh" not in {pin.location.path for pin in found.pins}
    (note,) = found.notes
    assert note.said == (
        "pkg/testdata/ looks like test data, so 1 place of Flux in it is not checked. "
        "To search it, set `search_archives: true` in fluxbump.yaml"
    )


def test_a_bump_leaves_an_archive_alone(tmp_path: Path, index: Path, cli: Cli) -> None:
    """Neither its releases nor the apiVersions of its manifests are those of a cluster."""
    source = "apiVersion: source.toolkit.fluxcd.io/v1beta1\nkind: Bucket\nmetadata: {name: x}\n"
    files = {**small(), **OLD, ".archive/source.yaml": source}
    repo = repository(tmp_path / "repo", files, index)
    checked = cli("check", "--no-render", "--select", "FB102,FB114,FB203", cwd=repo)
    assert checked.code == 0, checked.out
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert not any(
        "archive" in path or "_old" in path for path in repo.changed("fluxbump/flux-2.5.1")
    )
    assert ".archive/ looks like an archive, so 2 places of Flux in it" in result.out


@pytest.mark.parametrize("command", [("status",), ("check",), ("to", "2.5.1")])
def test_a_repository_whose_only_places_are_in_an_archive_is_told_so(
    command: tuple[str, ...], tmp_path: Path, index: Path, cli: Cli
) -> None:
    repo = repository(tmp_path / "repo", {"archive/up.sh": script("2.4.0")}, index)
    said = "archive/up.sh:2: archive/ looks like an archive", "search_archives: true"
    assert_refused(cli(*command, cwd=repo), 5, "no pin of Flux found", *said)
