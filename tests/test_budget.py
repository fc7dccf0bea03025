"""What exceeds the budget of a file is named, whoever reads the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from fluxbump.check import check
from fluxbump.config.settings import Settings
from fluxbump.discover import chart_installs, inventory
from fluxbump.discover.scope import Scope
from fluxbump.errors import ConfigError, IndexSourceError
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.helm.index import chart_section
from fluxbump.helm.index.entries import parse_index
from fluxbump.text import budget, yaml_parser
from tests.helpers import COMMUNITY, URL, Cli, Repo, app_versions, chart_index, repository, small

_SIZE = 20_000
"""Bytes that a file may have in these tests: more than any of the small repository's has."""


@pytest.fixture(autouse=True)
def low_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "REPOSITORY_FILE", replace(budget.REPOSITORY_FILE, size=_SIZE))


SCOPE = Scope(app_versions=app_versions())
_LONG = "#" + "x" * _SIZE + "\n"
_RELEASE = "kind: HelmRelease\nmetadata: {name: bp-flux}\nspec: {chart: {spec: {version: 1.1.2}}}\n"
_OBJECT = "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: GitRepository\nmetadata: {name: a}\n"


def held(**files: str) -> MemorySnapshot:
    return MemorySnapshot({p: t.encode() for p, t in small(**files).items()})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "other/Chart.yaml",
            f"name: x\ndependencies: [{{name: flux2, repository: {COMMUNITY}}}]\n",
        ),
        ("x.sh", "helm upgrade flux fc/flux2 --version 2.14.1\n"),
        ("k/kustomization.yaml", "patches:\n- patch: |-\n    chart: bp-flux\n"),
        ("x.yaml", _RELEASE),
    ],
)
def test_a_file_that_is_searched(path: str, text: str) -> None:
    found = inventory.discover(held(**{path: text + _LONG}), SCOPE)
    assert [(str(one.location), one.message) for one in found.unreadable] == [
        (f"{path}:1", "takes more than 19 KiB")
    ]


def test_a_file_with_a_variable() -> None:
    files = {"a.sh": "helm upgrade flux fc/flux2 --version $V\n", ".env": "V=2.14.1\n"}
    found = inventory.discover(held(**files), SCOPE)
    assert [pin.location.path for pin in found.pins if pin.location.path in files] == [".env"]
    files[".env"] += _LONG
    found = inventory.discover(held(**files), SCOPE)
    assert [one.location.path for one in found.unreadable] == [".env"]


@pytest.mark.parametrize(
    ("code", "text"), [("FB203", _OBJECT), ("FB207", 'k3s_version: "v1.31.4"\n')]
)
def test_what_a_rule_reads_by_itself(code: str, text: str) -> None:
    examined = check.examine(held(**{"x.yaml": text + _LONG}), Settings(), chart_index())
    verdict = check.judge(examined)
    said = [one.reason for one in verdict.not_run if one.code == code]
    assert "fluxbump does not search x.yaml, because it takes more than 19 KiB" in said


def test_a_lock(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo: Repo = repository(tmp_path / "repo", small(**{"chart/Chart.lock": _LONG}), index)
    for command in ("check", "to 2.5.1"):
        result = cli(*command.split(), cwd=repo)
        assert (result.code, result.err) == (
            5,
            "error: chart/Chart.lock:1: this file takes more than 19 KiB (make it smaller)\n",
        )


def test_a_script_with_too_many_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    low = replace(budget.REPOSITORY_FILE, marks=100)
    monkeypatch.setattr(budget, "REPOSITORY_FILE", low)
    found = inventory.discover(held(**{"x.sh": f"helm upgrade flux fc/flux2\n{'{' * 101}"}), SCOPE)
    assert [one.message for one in found.unreadable] == [
        "has more than 100 brackets, quotes, and signs"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "helm upgrade flux fc/flux2 --version 2.14.1\n",
        f"curl {URL.format('2.4.0')}\n",
        "helm upgrade flux fc/flux2 a b c d e f g h i j k l m n o p --version $V\n",
    ],
)
def test_a_search_with_too_many_steps(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(budget, "REPOSITORY_FILE", replace(budget.REPOSITORY_FILE, steps=2_000))
    few = inventory.discover(held(**{"x.sh": line}), SCOPE)
    assert few.unreadable == ()
    many = inventory.discover(held(**{"x.sh": line * 30}), SCOPE)
    assert [(str(one.location), one.message) for one in many.unreadable] == [
        ("x.sh:1", "takes more than 2,000 steps to search")
    ]
    assert {pin.location.path for pin in many.pins} == {p.location.path for p in few.pins} - {
        "x.sh"
    }


def test_places_of_one_file_that_disagree_are_all_named() -> None:
    lines = "".join(f"helm upgrade flux fc/flux2 --version {v}\n" for v in ("2.14.1", "2.15.0") * 3)
    found = inventory.discover(held(**{"x.sh": lines}), SCOPE)
    odd = [
        pin.location.line
        for pin in chart_installs.disagreeing(found)
        if pin.location.path == "x.sh"
    ]
    assert odd == [1, 2, 3, 4, 5, 6]


def test_the_configuration(repo: Repo, cli: Cli) -> None:
    repo.commit({"fluxbump.yaml": "# " + "x" * budget.SETTINGS.size})
    result = cli("status", cwd=repo)
    assert (result.code, result.err) == (
        ConfigError.exit_code,
        "error: fluxbump.yaml: takes more than 256 KiB\n",
    )


@pytest.mark.parametrize("where", ["--rev=HEAD", "--worktree"])
def test_no_more_of_a_file_is_read_than_tells_that_it_is_too_large(
    repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """What stands behind it is read rightly still."""
    monkeypatch.setattr("fluxbump.git.local_process.MOST_READ", _SIZE + 1)
    monkeypatch.setattr("fluxbump.git.worktree.MOST_READ", _SIZE + 1)
    repo.commit({"a.sh": "helm upgrade flux fc/flux2 --version 2.14.1\n" + _LONG * 3})
    out = cli("check", "--no-render", where, "-o", "json", cwd=repo).json
    errors = [one for one in out["findings"] if one["severity"] == "error"]
    assert [(one["code"], one["path"]) for one in errors] == [("FB002", "a.sh")]


def entries(count: int) -> dict[str, str]:
    """An index with so many releases, in each of its forms."""
    numbers = range(count)
    flow = [f"{{appVersion: 2.4.0, version: 2.14.{n}, urls: [a]}}" for n in numbers]
    block = "".join(
        f"  - appVersion: 2.4.0\n    version: 2.14.{n}\n    urls: [a]\n" for n in numbers
    )
    said = [{"appVersion": "2.4.0", "version": f"2.14.{n}", "urls": ["a"]} for n in numbers]
    return {
        "block": f"entries:\n  flux2:\n{block}",
        "flow": "entries:\n  flux2:\n" + "".join(f"  - {one}\n" for one in flow),
        "one line": f"entries: {{flux2: [{', '.join(flow)}]}}\n",
        "JSON": json.dumps({"entries": {"flux2": said}}),
    }


@pytest.mark.parametrize("form", entries(1))
def test_an_index_with_many_releases(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(budget, "INDEX", replace(budget.INDEX, entries=100))
    read = parse_index(entries(100)[form].encode(), source="here")
    assert len(read.releases) == 100
    with pytest.raises(IndexSourceError) as caught:
        parse_index(entries(101)[form].encode(), source="here")
    assert str(caught.value) == (
        "here: the index has more than 100 releases of flux2 "
        "(remove old releases from it, or use another index with --index)"
    )


@pytest.mark.parametrize("form", ["block", "flow", "one line"])
def test_no_parser_is_asked_for_an_index_with_too_many_releases(
    monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(yaml_parser, "compose", lambda *_, **__: pytest.fail("a parser is asked"))
    with pytest.raises(IndexSourceError, match="more than 20,000 releases of flux2"):
        parse_index(entries(20_001)[form].encode(), source="here")


@pytest.mark.parametrize(
    "text",
    [
        'entries: {other: [a, b, c, d], "flux2": [{a: "],[", b: \'],[\'}, {c: [d, e, f, g]}]}\n',
        "entries:\n  other:\n  - a\n  - b\n  flux2:\n  - a: |\n      - x\n  - b\n  more:\n  - a\n",
        "entries:\n  flux2:\n    [{a: [b, c, d, e]},\n     f]\n  flux:\n  - a\n  - b\n  - c\n",
    ],
)
def test_only_items_of_the_chart_are_counted(text: str) -> None:
    assert chart_section.holds_more(text, "flux2", 1)
    assert not chart_section.holds_more(text, "flux2", 2)
