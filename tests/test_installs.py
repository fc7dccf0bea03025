"""Every way of installing Flux: bumped with exactly the lines that were written by hand.

`fixtures/installs/README.md` says what a directory there holds. A line that is left behind is found
by `check` at its place; what it is compared with is another place, which is not left behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from msgspec import Struct

from fixtures import manifests
from fixtures.installs import gotk
from tests.helpers import ROOT, Cli, Repo, find, repository, script

INSTALLS = ROOT / "fixtures" / "installs"
EXPECTED = "expected.txt"
NAMES = sorted(path.parent.name for path in INSTALLS.glob(f"*/{EXPECTED}"))
RELEASES = ("2.4.0", "2.5.1")
ANCHOR = "zz/anchor.sh"
"""A place beside the fixture's own, so that a single one has something to agree with."""


class Way(Struct, frozen=True):
    """One way of installing Flux.

    Attributes:
        files: the repository, by path.
        lines: what the bump changes: path and number of each line, and what it is afterwards.
        arguments: of the bump.
        roles: of every pin that moves, by its place.
    """

    files: Mapping[str, str]
    lines: Mapping[tuple[str, int], str]
    arguments: tuple[str, ...] = ("to", "2.5.1")
    roles: Mapping[tuple[str, int], str] = {}

    def bumped(self, *, but: tuple[str, int] | None = None) -> dict[str, str]:
        """Return the files after the bump, one line left behind if that is asked for."""
        after = {path: text.split("\n") for path, text in self.files.items()}
        for (path, number), line in self.lines.items():
            if (path, number) != but:
                after[path][number - 1] = line
        return {path: "\n".join(lines) for path, lines in after.items()}


@cache
def way(name: str) -> Way:
    """Read a directory of `fixtures/installs`."""
    folder = INSTALLS / name
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in paths
        if path != folder / EXPECTED
    }
    arguments: tuple[str, ...] = ("to", "2.5.1")
    lines, roles = dict[tuple[str, int], str](), dict[tuple[str, int], str]()
    role = "installs"
    for line in (folder / EXPECTED).read_text(encoding="utf-8").splitlines():
        if line.startswith("# to "):
            arguments = tuple(line.removeprefix("# ").split())
        elif line.startswith("# role: "):
            role = line.removeprefix("# role: ")
        else:
            path_of, number, text = line.split(":", 2)
            lines[path_of, int(number)] = text
            roles[path_of, int(number)] = role
    return Way(files, lines, arguments, roles)


def places() -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield every line that a bump changes, with its fixture."""
    for name in NAMES:
        for place in way(name).lines:
            yield name, place


def fresh(tmp_path: Path, files: Mapping[str, str], index: Path) -> Repo:
    return repository(tmp_path / "repository", files, index)


def after(repo: Repo) -> str:
    """Return the name of the branch that a bump made."""
    (branch,) = set(repo.branches()) - {"main"}
    return branch


def texts(repo: Repo, revision: str, files: Mapping[str, str]) -> dict[str, str]:
    return {path: repo.show(revision, path) for path in files}


@pytest.mark.parametrize("name", NAMES)
def test_a_bump_changes_exactly_the_expected_lines(
    name: str, tmp_path: Path, index: Path, cli: Cli
) -> None:
    given = way(name)
    assert given.lines
    repo = fresh(tmp_path, given.files, index)
    result = cli(*given.arguments, cwd=repo)
    assert result.code == 0, result.out + result.err
    assert texts(repo, after(repo), given.files) == given.bumped()


@pytest.mark.parametrize("name", NAMES)
def test_every_place_has_its_role(name: str) -> None:
    given = way(name)
    pins = [pin for pin in find(given.files).pins if pin.form == "exact"]
    roles = {(pin.location.path, pin.location.line): pin.role.value for pin in pins}
    assert roles == given.roles


@pytest.mark.parametrize(("name", "place"), [*places()])
def test_a_place_that_is_left_behind_is_found_at_its_line(
    name: str, place: tuple[str, int], tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = way(name).bumped(but=place)
    aligned = {**way(name).bumped(), ANCHOR: script("2.5.1")}
    repo = fresh(tmp_path, {**files, ANCHOR: script("2.5.1")}, index)
    assert place in found(cli, repo)
    repo.commit(aligned)
    assert place not in found(cli, repo), "it is found where nothing is left behind"


def found(cli: Cli, repo: Repo) -> set[tuple[str, int]]:
    """Return the places that `check` names."""
    findings = cli("check", "--no-render", "--format", "json", cwd=repo).json["findings"]
    every = [place for one in findings for place in (one, *one["related"])]
    return {(one["path"], one["line"]) for one in every}


def test_all_ways_at_once(tmp_path: Path, index: Path, cli: Cli) -> None:
    """One repository that has all of them; the arguments are those of all together."""
    ways = {name: way(name) for name in NAMES}
    files = {f"{name}/{p}": text for name, one in ways.items() for p, text in one.files.items()}
    bumped = {name: one.bumped() for name, one in ways.items()}
    expected = {f"{name}/{p}": text for name in bumped for p, text in bumped[name].items()}
    more = dict.fromkeys(word for one in ways.values() for word in one.arguments[2:])
    whole = "gotk/clusters/a/flux-system/gotk-components.yaml", "install-manifest/flux.yaml"
    texts_of = {one: (gotk.components(one), manifests.install(one).decode()) for one in RELEASES}
    files |= zip(whole, texts_of["2.4.0"], strict=True)
    expected |= zip(whole, texts_of["2.5.1"], strict=True)
    releases = gotk.releases(tmp_path / "releases", RELEASES)
    for release in RELEASES:
        (releases / f"v{release}" / "install.yaml").write_bytes(manifests.install(release))
    repo = fresh(tmp_path, files, index)
    result = cli("to", "2.5.1", *more, "--releases", str(releases), cwd=repo)
    assert result.code == 0, result.out + result.err
    assert texts(repo, after(repo), files) == expected
    assert cli("check", "--no-render", "--rev", after(repo), cwd=repo).code == 0
