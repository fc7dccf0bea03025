"""Mapping rows move; everything else that names an old version is listed for a person."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from fluxbump.bump.changes import Plan
from fluxbump.bump.documents import mentions, row_edits
from fluxbump.bump.planning.plan import Options, plan
from fluxbump.flux.releases import resolve
from fluxbump.text import splice
from fluxbump.text.live_code import TextFile
from tests.helpers import (
    EDGE,
    Cli,
    Repo,
    app_versions,
    chart_index,
    find,
    release,
    repository,
    script,
    small,
    umbrella,
    wrapper,
)


def planned(target: str = "2.5.1", files: dict[str, str] | None = None) -> Plan:
    release = resolve(target, chart_index())
    options = Options(allow_downgrade=True)
    return plan(find(files or small()), release, chart_index(), options)


def rowed(text: str, path: str = "a.md", target: str = "2.5.1") -> str:
    """The text after its mapping rows have moved."""
    rows = row_edits.rows([TextFile(path, text)], planned(target), app_versions())
    return splice.splice(text, [one for row in rows for one in row.edits])


def check(text: str, after: str, path: str = "a.md", target: str = "2.5.1") -> None:
    found = rowed(text, path, target)
    assert found == after
    assert rowed(found, path, target) == found  # a second run has nothing to do


ROWS = [
    # the marker at the end; columns stay where they are
    (
        "# v2.4.0 -> flux2 2.14.1 -> appVersion 2.4.0   <- CURRENT\n# v2.3.0 -> x\n",
        (
            "# v2.5.1 -> flux2 2.15.0 -> appVersion 2.5.1   <- CURRENT\n"
            "# v2.4.0 -> flux2 2.14.1 -> appVersion 2.4.0\n# v2.3.0 -> x\n"
        ),
    ),
    ("2.4.0 2.14.1 (current)\n", "2.5.1 2.15.0 (current)\n2.4.0 2.14.1\n"),
    ("2.4.0 2.14.1 ← Current\n", "2.5.1 2.15.0 ← Current\n2.4.0 2.14.1\n"),
    ("2.4.0 2.14.1 <-- CURRENT", "2.5.1 2.15.0 <-- CURRENT\n2.4.0 2.14.1"),
    ("2.4.0 2.14.1 (current)\r\n", "2.5.1 2.15.0 (current)\r\n2.4.0 2.14.1\r\n"),
    ("x\r\n2.4.0 2.14.1 (current)", "x\r\n2.5.1 2.15.0 (current)\r\n2.4.0 2.14.1"),
    ("2.14.1: 2.4.0 (CURRENT)\n", "2.15.0: 2.5.1 (CURRENT)\n2.14.1: 2.4.0\n"),
    (
        "| v2.4.0 (current) | 2.14.1 |\n|---|---|\n",
        "| v2.5.1 (current) | 2.15.0 |\n| v2.4.0 | 2.14.1 |\n|---|---|\n",
    ),
    # a padded table keeps the widths of its cells
    (
        (
            "| flux            | chart  |\n| 2.4.0 (current) | 2.14.1 |\n"
            "| 2.3.0           | 2.13.0 |\n"
        ),
        (
            "| flux            | chart  |\n| 2.5.1 (current) | 2.15.0 |\n"
            "| 2.4.0           | 2.14.1 |\n| 2.3.0           | 2.13.0 |\n"
        ),
    ),
    # the row of the target is there already: only the marker moves
    (
        "- 2.5.1 2.15.0\n- 2.4.0 2.14.1 (current)\n",
        "- 2.5.1 2.15.0 (current)\n- 2.4.0 2.14.1\n",
    ),
    (
        "- 2.4.0 2.14.1 (current)\n- 2.3.0 2.13.0\n- 2.5.1 2.15.0\n",
        "- 2.4.0 2.14.1\n- 2.3.0 2.13.0\n- 2.5.1 2.15.0 (current)\n",
    ),
    # no row: nothing pairs a release with its chart
    ("Flux 2.4.0 is what we run (current)\n", None),
    ("2.4.0 2.13.0 (current)\n", None),
    ("2.4.0 2.14.1 current\n", None),
    ("2.4.0 2.14.1 (currently)\n", None),
    ("2.4.0 2.14.1\n(current)\n", None),
    ("2.4.0 2.14.1 (concurrent)\n", None),
    ("2.5.1 2.15.0 (current)\n", None),
]


@pytest.mark.parametrize(("before", "after"), ROWS)
def test_row(before: str, after: str | None) -> None:
    check(before, before if after is None else after)


def test_rows_move_back_on_a_downgrade() -> None:
    before = "- 2.4.0 2.14.1 (current)\n- 2.3.0 2.13.0\n"
    check(before, "- 2.4.0 2.14.1\n- 2.3.0 2.13.0 (current)\n", target="2.3.0")


def test_longer_versions_do_not_push_the_next_column() -> None:
    before = "2.4.0  -> 2.14.1   <- CURRENT\n"
    after = "2.0.0-rc.3 -> 2.8.0    <- CURRENT\n2.4.0  -> 2.14.1\n"
    assert rowed(before, target="2.0.0-rc.3").splitlines()[1] == after.splitlines()[1]
    assert rowed(before, target="2.0.0-rc.3").count("\n") == 2


@pytest.mark.parametrize(
    ("path", "text", "moves"),
    [
        ("a.yaml", "# 2.4.0 2.14.1 (current)\n", True),
        ("a.yaml", "a: 2.4.0 2.14.1 (current)\n", False),
        ("a.sh", "echo '2.4.0 2.14.1 (current)'\n", False),
        ("a.tf", "// 2.4.0 2.14.1 <- CURRENT\n", True),
        ("a.yaml", "description: |\n  2.4.0 2.14.1 (current)\n", True),
    ],
)
def test_only_comments_and_documents_have_rows(path: str, text: str, moves: bool) -> None:
    assert (rowed(text, path) != text) == moves


@pytest.mark.parametrize(
    ("name", "after"),
    [
        (
            "table.md",
            (
                "| v2.5.1  | 2.15.0        | all                | (current) |\n"
                "| v2.4.0  | 2.14.1        | all                |           |\n"
            ),
        ),
        (
            "table-with-target.md",
            (
                "- v2.5.1 -> flux2 2.15.0 -> appVersion 2.5.1 (current)\n"
                "- v2.4.0 -> flux2 2.14.1 -> appVersion 2.4.0\n"
            ),
        ),
        ("table.tf", "//   v2.5.1 = flux2 2.15.0   <- CURRENT\n//   v2.4.0 = flux2 2.14.1\n"),
        ("marker-without-row.md", None),
        ("incident.md", None),
    ],
)
def test_edge_case(name: str, after: str | None) -> None:
    text = (EDGE / "mentions" / name).read_text("utf-8")
    found = rowed(text, name)
    assert (found == text) if after is None else (after in found)
    removed = set(text.splitlines()) - set(found.splitlines())
    assert len(removed) <= 2


# --- mentions ---------------------------------------------------------------------------------


def listed(files: dict[str, str], target: str = "2.5.1") -> list[str]:
    everything = small(**files)
    inventory = find(everything)
    moving = plan(inventory, resolve(target, chart_index()), chart_index(), Options())
    texts: Iterable[TextFile] = [TextFile(path, text) for path, text in everything.items()]
    found = mentions.find(texts, inventory, moving, [], app_versions())
    return [f"{one.location} {one.track} {one.value}" for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Flux v2.4 on all clusters.\n", ["flux 2.4"]),
        ("Our GitOps engine is `Flux` v2.4.\n", ["flux 2.4"]),
        ("The flux2 chart 2.14.x.\n", ["flux2 2.14"]),
        ("Flux v2.5 on all clusters.\n", []),
        ("bp-flux 1.1, whatever moves.\n", []),  # 1.1.2 becomes 1.1.3
        ("Since Flux v2.4 there are OCI sources.\n", []),
        ("Requires Flux v2.4 or newer.\n", []),
        ("Requires Flux >= 2.4.\n", []),
        ("## History\n\nFlux v2.4 on all clusters.\n", []),
        ("Kubernetes v2.4, Flux.\n", []),
        # stale before the bump: what states the present alone
        ("We run Flux v2.3.0.\n", ["flux 2.3.0"]),
        ("We are on Flux v2.2.\n", ["flux 2.2"]),
        ("Flux v2.3.0.\n", []),
        ("We ran Flux v2.3.0.\n", []),
        ("We run Flux 2.1.\n\nWe run Flux 2.2.\n\nWe run Flux 2.3.\n", []),
        # once for a line and a version
        ("We run Flux v2.4.0, that is Flux v2.4.\n", ["flux 2.4.0"]),
    ],
)
def test_a_line_of_releases_is_listed_where_it_goes(text: str, expected: list[str]) -> None:
    found = [one.split(" ", 1)[1] for one in listed({"a.md": text}) if one.startswith("a.md:")]
    assert found == expected


def test_a_line_of_releases_stays_true_within_it() -> None:
    files = {
        "install": script("2.8.1"),
        "chart": wrapper('"2.18.0"'),
        "a.md": "Flux v2.8 on all clusters.\n\nFlux 2.8.1 on all clusters.\n",
    }
    assert [one for one in listed(files, "2.8.5") if "a.md" in one] == ["a.md:3 flux 2.8.1"]


def test_a_changelog_is_listed_for_exact_versions_alone() -> None:
    found = listed({"CHANGELOG.md": "Flux v2.4\n\nFlux v2.4.0\n"})
    assert [one for one in found if one.startswith("CHANGELOG")] == ["CHANGELOG.md:3 flux 2.4.0"]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.md", "Flux 2.4.0.\n", ["flux 2.4.0"]),
        ("a.md", "Flux v2.4.0, chart 2.14.1\n", ["flux 2.4.0", "flux2 2.14.1"]),
        ("a.md", "Kubernetes 2.4.0\n", []),
        ("a.md", "Flux 2.4.01, 12.4.0, 2.4.0.1, 2.4.0-rc.1, x2.4.0, 2.4.0+b\n", []),
        ("a.go", '// install flux\nvar x = "flux v2.4.0"\n', ["flux 2.4.0"]),
        ("a.md", "bp-flux 1.1.2\n", ["bp-flux 1.1.2"]),
        ("a.md", "bp-gitea 1.1.2\n", []),
        ("a.md", "bp-flux-extra 1.1.2\n", []),
        ("a.md", "Flux 2.5.1\n", []),
        ("chart/values.yaml", "# 2.14.1, 2.4.0\nx: {chart: flux2, version: 2.14.1}\n",
         ["flux2 2.14.1", "flux 2.4.0"]),
        ("go.mod", "require (\n\tgithub.com/fluxcd/flux2/v2 v2.4.0\n\texample.org/x v2.4.0\n)\n",
         []),
        (".tool-versions", "flux2 2.4.0\nother 2.4.0\n", []),
        ("chart/Chart.yaml", None, []),
    ],
)  # fmt: skip
def test_mention(path: str, text: str | None, expected: list[str]) -> None:
    found = listed({} if text is None else {path: text})
    assert [one.split(" ", 1)[1] for one in found if one.startswith(f"{path}:")] == expected


MODULES = (
    "require (\n\tgithub.com/fluxcd/source-controller/api v1.3.0\n"
    "\texample.org/x v1.4.1 // indirect\n)\n"
)


def test_another_module_at_the_version_of_a_controller_is_no_mention(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {
        "up.sh": script("2.4.0"),
        "mirror.yaml": "images:\n  - ghcr.io/fluxcd/source-controller:v1.4.1\n",
        "go.mod": MODULES,
        "vendor/modules.txt": "# github.com/fluxcd/flux2/v2 v2.3.0\n# example.org/y v2.4.0\n",
    }
    repo = repository(tmp_path / "repo", files, index)
    report = cli("to", "2.5.1", "--dry-run", "-o", "json", cwd=repo).json
    assert {change["path"] for change in report["changes"]} == {"up.sh", "mirror.yaml"}
    assert report["mentions"] == []


APP = (
    "kind: HelmRelease\nmetadata: {name: a}\nspec:\n  chart:\n    spec:\n"
    "      chart: app-template\n      version: 2.4.0\n"
)
SOURCE = "kind: OCIRepository\nspec:\n  interval: 1h\n  ref:\n    tag: 2.4.0\n  url: oci://x/app\n"
INSTALL = "---\nurl: https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (APP, []),
        (SOURCE, []),
        (f"# 2.4.0\n{APP}", ["flux 2.4.0"]),
        ("params:\n- name: release\n  default: 2.4.0\n", ["flux 2.4.0"]),
    ],
)
def test_the_version_of_another_chart_is_no_mention(text: str, expected: list[str]) -> None:
    found = listed({"a.yaml": text + INSTALL})
    assert [one.split(" ", 1)[1] for one in found if one.startswith("a.yaml:")] == expected


def test_pins_are_no_mentions() -> None:
    assert listed({"u/Chart.yaml": umbrella(), "h.yaml": release("1.0.0")}) == []


def test_every_place_is_listed_and_none_is_edited(repo: Repo, cli: Cli) -> None:
    report = cli("to", "2.5.1", "-o", "json", cwd=repo).json
    assert len({(one["path"], one["line"]) for one in report["mentions"]}) == 16
    for one in report["mentions"]:
        line = repo.show("main", one["path"]).splitlines()[one["line"] - 1]
        assert line[one["column"] - 1 :].startswith(one["value"])
        assert line in repo.show("fluxbump/flux-2.5.1", one["path"]).splitlines()


def test_a_file_that_only_mentions_is_listed(repo: Repo, cli: Cli) -> None:
    repo.commit({"notes.txt": "We run Flux 2.4.0.\n", "old.txt": "Flux 2.2.0\n"})
    report = cli("to", "2.5.1", "-n", "-o", "json", cwd=repo).json
    assert [one["line"] for one in report["mentions"] if one["path"] == "notes.txt"] == [1]
    assert not [one for one in report["mentions"] if one["path"] == "old.txt"]


def test_rows_in_files_without_pins_move(repo: Repo, cli: Cli) -> None:
    repo.commit({"notes.txt": "Flux 2.4.0 = flux2 2.14.1 (current)\n"})
    cli("to", "2.5.1", cwd=repo)
    assert repo.show("fluxbump/flux-2.5.1", "notes.txt") == (
        "Flux 2.5.1 = flux2 2.15.0 (current)\nFlux 2.4.0 = flux2 2.14.1\n"
    )


def test_records_and_locks_keep_their_rows() -> None:
    for path in ("a.patch", "a.log", "flake.lock"):
        text = "2.4.0 2.14.1 (current)\n"
        assert rowed(text, path) == text


def test_a_lock_file_is_a_note_and_no_mention() -> None:
    url = "https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml"
    files = {"flake.lock": f'{{"url": "{url}"}}\n', "go.sum": "x/flux2 v2.4.0 h1:a=\n"}
    assert not [one for one in listed(files) if one.startswith(("flake.lock", "go.sum"))]
    (note,) = [n for n in find(small(**files)).notes if n.location.path in files]
    assert note.location.path == "flake.lock"
    assert "`nix flake update`" in note.said


def test_a_version_is_listed_once_for_a_line_and_in_time() -> None:
    text = "flux2 bp-flux " + "now 2.14.1 " * 20_000 + "\n"
    assert listed({"a.md": text}) == ["a.md:1 flux2 2.14.1"]
