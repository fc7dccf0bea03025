"""What each track becomes, what stays, and what is refused; on files in memory."""

from __future__ import annotations

from typing import Any

import pytest

from fluxbump.bump import derived_files
from fluxbump.bump.changes import Plan
from fluxbump.bump.planning.plan import Options, plan
from fluxbump.discover.tracks import current, require_pins
from fluxbump.errors import Again, PinError, RefusedError
from fluxbump.flux.releases import resolve
from fluxbump.model import FLUX, FLUX2, Track, TrackKind
from tests.helpers import (
    chart_index,
    find,
    release,
    script,
    small,
    snapshot,
    umbrella,
    values,
    wrapper,
)

FILES = {"u/Chart.yaml": umbrella(), "u.yaml": release("3.0.7", chart="bp-bundle")}


def planned(files: dict[str, str], target: str = "2.5.1", **options: Any) -> Plan:
    release = resolve(target, chart_index())
    return plan(find(files), release, chart_index(), Options(**options))


def moves(result: Plan) -> dict[str, str]:
    return {str(one.pin.location): f"{one.pin.value} {one.new}" for one in result.changes}


def track(name: str) -> Track:
    return Track(TrackKind.CHART, name)


def test_everything_moves_together() -> None:
    result = planned(small(**FILES))
    assert moves(result) == {
        "install.sh:2": "2.4.0 2.5.1",
        "chart/Chart.yaml:3": "1.1.2 1.1.3",
        "chart/Chart.yaml:6": "2.14.1 2.15.0",
        "chart/values.yaml:1": "2.14.1 2.15.0",
        "clusters/a/flux.yaml:9": "1.1.2 1.1.3",
        "u/Chart.yaml:3": "3.0.7 3.0.8",
        "u/Chart.yaml:6": "1.1.2 1.1.3",
        "u.yaml:9": "3.0.7 3.0.8",
    }
    assert result.targets == {
        FLUX: "2.5.1", FLUX2: "2.15.0", track("bp-flux"): "1.1.3", track("bp-bundle"): "3.0.8",
    }  # fmt: skip
    assert (str(result.release), result.kept, result.notes) == ("2.5.1", (), ())


@pytest.mark.parametrize(
    ("level", "own", "outer"),
    [("patch", "1.1.3", "3.0.8"), ("minor", "1.2.0", "3.1.0"), ("major", "2.0.0", "4.0.0")],
)
def test_level(level: str, own: str, outer: str) -> None:
    result = planned(small(**FILES), level=level)
    assert (result.targets[track("bp-flux")], result.targets[track("bp-bundle")]) == (own, outer)


def test_nothing_moves_when_all_is_there() -> None:
    result = planned(small(**FILES), "2.4.0")
    assert result.changes == ()
    assert result.targets[track("bp-flux")] == "1.1.2"


@pytest.mark.parametrize(
    ("files", "moved"),
    [
        # Only the URL is behind: no chart changes, so no chart is raised.
        ({"install": script("2.3.0")}, {"install.sh:2"}),
        # Only a cluster has drifted: it comes out equal, and the chart stays.
        ({"release": release("1.0.0")}, {"clusters/a/flux.yaml:9"}),
        # The mirror alone: the chart ships another values.yaml, so it is raised.
        (
            {"values": values("2.13.0")},
            {"chart/values.yaml:1", "chart/Chart.yaml:3", "clusters/a/flux.yaml:9"},
        ),
    ],
)
def test_only_what_is_behind_moves(files: dict[str, str], moved: set[str]) -> None:
    assert set(moves(planned(small(**files), "2.4.0"))) == moved


def test_umbrella_that_drifted_is_raised_once() -> None:
    result = planned(small(**{"u/Chart.yaml": umbrella("1.0.0")}), "2.4.0")
    assert moves(result) == {"u/Chart.yaml:3": "3.0.7 3.0.8", "u/Chart.yaml:6": "1.0.0 1.1.2"}


def test_a_pin_ahead_of_its_chart_comes_down_with_a_note() -> None:
    result = planned(small(release=release("1.4.0")))
    assert moves(result)["clusters/a/flux.yaml:9"] == "1.4.0 1.1.3"
    (note,) = result.notes
    assert str(note.location) == "clusters/a/flux.yaml:9"
    assert "1.4.0" in note.message


def test_nested_charts_move_by_themselves() -> None:
    """A chart inside another's directory belongs to the inner one."""
    files = small()
    files["chart/charts/inner/Chart.yaml"] = umbrella(name="bp-inner").replace("1.1.2", "^1.1")
    assert "chart/charts/inner/Chart.yaml:3" not in moves(planned(files))


def test_a_wrapper_inside_an_umbrellas_directory() -> None:
    files = {
        "install.sh": script(),
        "u/Chart.yaml": umbrella().replace("1.1.2", "^1.1"),
        "u/charts/w/Chart.yaml": wrapper(),
        "u/charts/w/values.yaml": values(),
    }
    moved = moves(planned(files))
    # What the umbrella ships has changed, so its version moves too.
    assert moved["u/charts/w/Chart.yaml:3"] == "1.1.2 1.1.3"
    assert moved["u/Chart.yaml:3"] == "3.0.7 3.0.8"


KEPT = [
    ("^1.1", "the range ^1.1 admits 1.1.3"),
    ("1.1.x", "the range 1.1.x admits 1.1.3"),
    ('"1.1"', "the range 1.1 admits 1.1.3"),
    ('">=1.1.0 <2.0.0"', "the range >=1.1.0 <2.0.0 admits 1.1.3"),
    ("${V}", "holds a variable, ${V}: make sure that it becomes 1.1.3"),
    ('"*"', "not pinned: takes the newest version"),
    ('""', "not pinned: takes the newest version"),
]


@pytest.mark.parametrize(("text", "reason"), KEPT)
def test_kept(text: str, reason: str) -> None:
    result = planned(small(release=release(text)))
    assert [(str(pin.location), why) for pin, why in result.kept] == [
        ("clusters/a/flux.yaml:9", reason)
    ]


@pytest.mark.parametrize(
    ("files", "where", "words"),
    [
        ({"release": release("<1.1.3")}, "clusters/a/flux.yaml:9", "excludes 1.1.3"),
        ({"release": release("~1.0")}, "clusters/a/flux.yaml:9", "excludes 1.1.3"),
        ({"release": release("banana")}, "clusters/a/flux.yaml:9", "neither a version nor a range"),
        ({"release": release("&a 1.1.2")}, "clusters/a/flux.yaml:9", "behind an anchor"),
        ({"chart": wrapper("^2.14.0")}, "chart/Chart.yaml:6", "not an exact version"),
        ({"chart": wrapper('"*"')}, "chart/Chart.yaml:6", "not an exact version"),
        ({"chart": wrapper("${V}")}, "chart/Chart.yaml:6", "not an exact version"),
        ({"chart": wrapper(own="1.1")}, "chart/Chart.yaml:3", "not a full version"),
        ({"chart": wrapper(own="!!str 1.1.2")}, "chart/Chart.yaml:3", ""),
        ({"install": script("${V}")}, "install.sh:2", "from the variable"),
        ({"install": script("2.4")}, "install.sh:2", "excludes"),
        ({"more.sh": script("2.3.0")}, "more.sh:2", "install URLs disagree"),
        (
            {"x/Chart.yaml": wrapper("2.13.0", name="x")},
            "x/Chart.yaml:6",
            "wrapper charts disagree",
        ),
        ({"release": release("[1.1.2")}, "clusters/a/flux.yaml:", "cannot be read as YAML"),
    ],
)
def test_refused(files: dict[str, str], where: str, words: str) -> None:
    with pytest.raises(PinError) as caught:
        planned(small(**files))
    assert str(caught.value.where).startswith(where)
    assert words in caught.value.message
    assert caught.value.hint or caught.value.next


def test_the_hint_for_a_range_names_the_chart_that_runs() -> None:
    with pytest.raises(PinError) as caught:
        planned(small(chart=wrapper("^2.14.0")))
    assert caught.value.hint == 'pin it: version: "2.14.1"'


def test_what_is_no_version_leads_to_writing_one() -> None:
    with pytest.raises(PinError) as caught:
        planned(small(release=release("banana")))
    assert caught.value.hint == "write a version there, such as 1.1.3"


@pytest.mark.parametrize("files", [{}, {"a.yaml": "flux2: 1\n"}, {"x/Chart.yaml": umbrella()}])
def test_nothing_is_pinned(files: dict[str, str]) -> None:
    with pytest.raises(PinError, match="no pin of Flux found"):
        planned(files)


@pytest.mark.parametrize(
    ("notes", "lines", "last"),
    [(5, 5, "4.tf:3: the Terraform"), (6, 6, "5.tf:3: the Terraform"), (7, 6, "and 2 more notes")],
)
def test_what_is_no_pin_is_listed_in_short(notes: int, lines: int, last: str) -> None:
    provider = 'terraform {\n  required_providers {\n    flux = {\n      source = "fluxcd/flux"\n'
    text = f'{provider}      version = "1.2.3"\n    }}\n  }}\n}}\n'
    inventory = find({f"{number}.tf": text for number in range(notes)})
    with pytest.raises(PinError) as caught:
        require_pins(inventory, "no pin of Flux found")
    assert len(caught.value.facts) == lines
    assert caught.value.facts[-1].startswith(last)


def test_align() -> None:
    files = small(
        **{
            "more.sh": script("2.3.0"),
            "x/Chart.yaml": wrapper("2.13.0", name="bp-x", own="0.1.0"),
            "x/values.yaml": values("2.13.0"),
        }
    )
    result = planned(files, align=True)
    assert {one.new for one in result.changes if one.pin.track == FLUX2} == {"2.15.0"}
    assert {one.new for one in result.changes if one.pin.track == FLUX} == {"2.5.1"}
    assert result.targets[track("bp-x")] == "0.1.1"
    assert current(find(files))[FLUX] == "2.3.0"  # the oldest, where they disagree


@pytest.mark.parametrize("target", ["2.3.0", "2.2.3"])
def test_downgrade(target: str) -> None:
    with pytest.raises(RefusedError, match=r"would go down from 2\.") as caught:
        planned(small(), target)
    assert caught.value.next == (Again(("--allow-downgrade",), "allows the downgrade"),)
    result = planned(small(), target, allow_downgrade=True)
    assert moves(result)["chart/Chart.yaml:3"] == "1.1.2 1.1.3"


def test_a_chart_that_is_newer_than_the_index_names_the_index() -> None:
    files = {"r.yaml": release("98.0.0", chart="flux2")}
    with pytest.raises(RefusedError, match=r"would go down from 98\.0\.0 to ") as caught:
        planned(files)
    assert caught.value.hint == (
        "the chart index does not list flux2 98.0.0 (its newest is 2.18.3): name a newer "
        "index with --index"
    )


@pytest.mark.parametrize(
    "files",
    [
        {"values": values("2.16.0")},  # a mirror ahead of its chart holds nothing
        {"chart": wrapper() + "appVersion: 2.6.1\n"},
    ],
)
def test_a_mirror_ahead_is_no_downgrade(files: dict[str, str]) -> None:
    assert planned(small(**files)).changes


@pytest.mark.parametrize(
    "files",
    [
        {"release": release("2.16.0", chart="flux2")},
        {"chart": wrapper("2.16.0")},
        {"m.tf": 'resource "helm_release" "x" {\n chart = "flux2"\n version = "2.16.0"\n}\n'},
    ],
)
def test_any_side_that_goes_down_is_a_downgrade(files: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match=r"down from 2\.16\.0 to 2\.15\.0"):
        planned(small(**files), align=True)


def test_direct_release_of_the_community_chart() -> None:
    files = {"install.sh": script(), "h.yaml": release('"2.14.1"', chart="flux2")}
    assert moves(planned(files)) == {"install.sh:2": "2.4.0 2.5.1", "h.yaml:9": "2.14.1 2.15.0"}


def test_unpinned_url_is_shown_and_kept() -> None:
    latest = script().replace("download/v2.4.0", "latest/download")
    result = planned(small(install=latest))
    assert [(str(pin.location), why) for pin, why in result.kept] == [
        ("install.sh:2", "not pinned: takes the newest version")
    ]


# --- vendored archives ------------------------------------------------------------------------

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 9\n"


def vendored(files: dict[str, str]) -> dict[str, str]:
    everything = small(**files)
    return derived_files.vendored(snapshot(everything), find(everything), planned(everything))


@pytest.mark.parametrize(
    ("files", "moved"),
    [
        ({"chart/charts/flux2-2.14.1.tgz": "x"}, ["chart/charts/flux2-2.14.1.tgz"]),
        ({"chart/charts/flux2-2.15.0.tgz": "x"}, []),
        ({"chart/charts/flux2-sync-1.0.0.tgz": "x", "charts/flux2-2.14.1.tgz": "x"}, []),
        ({"chart/charts/flux2/Chart.yaml": "version: 2.15.0\n"}, []),
    ],
)
def test_vendored(files: dict[str, str], moved: list[str]) -> None:
    assert vendored(files) == dict.fromkeys(moved, "chart/charts/flux2-2.15.0.tgz")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"chart/charts/flux2-2.14.1.tgz": LFS}, "LFS"),
        ({"chart/charts/flux2/Chart.yaml": "version: 2.14.1\n"}, "vendored as a directory"),
    ],
)
def test_what_is_vendored_and_cannot_be_replaced(files: dict[str, str], words: str) -> None:
    with pytest.raises(PinError, match=words) as caught:
        vendored(files)
    assert str(caught.value.where) == f"{next(iter(files))}:1"
