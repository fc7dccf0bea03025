"""The GitHub action that installs the flux CLI."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import flux_action
from fluxbump.model import Role, Severity
from fluxbump.text.live_code import TextFile
from tests.helpers import Cli, Repo, brief, chart_index, find, repository, script, snapshot

WORKFLOW = ".github/workflows/ci.yaml"
COMMIT = "8454b02a32e48d775b9f563cb51fdcb1787b5b93"


def step(ref: str, more: str = "") -> str:
    return f"jobs:\n  a:\n    steps:\n      - uses: fluxcd/flux2/action@{ref}\n{more}"


def asks(version: str) -> str:
    return f"        with:\n          version: {version}\n"


REF = "4 flux-action flux 2.4.0"
MAIN = "4 flux-action flux main [unpinned]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (step("v2.4.0"), [REF]),
        (step("main"), [MAIN]),
        (step("v2"), ["4 flux-action flux v2 [unpinned]"]),
        (step("2.4.0"), ["4 flux-action flux 2.4.0 [opaque]"]),
        (step("main", asks("'2.4.0'")), ["6 flux-action flux 2.4.0"]),
        (step("main", asks("v2.4.0")), ["6 flux-action flux 2.4.0"]),
        (step("main", "        with: {version-file: .tool-versions}\n"), []),
        (step("main", asks("'latest'")), ["6 flux-action flux latest [unpinned]"]),
        (step("main", asks("'2.x'")), ["6 flux-action flux 2.x [range]"]),
        (step("main", asks("${{ matrix.v }}")),
         ["6 flux-action flux ${{ matrix.v }} [variable]"]),
        (step(f"{COMMIT} # v2.4.0", asks("2.4.0")),
         ["4 flux-action flux 2.4.0 [commit]", "6 flux-action flux 2.4.0"]),
        (step(f"{COMMIT} # main"), ["4 flux-action flux 8454b02a32e4 [commit]"]),
        (step("v2.4.0").replace("uses: ", "uses: https://github.com/"), [REF]),
        (step("v2.4.0").replace("- uses", "# - uses"), []),
        (step("v2.4.0").replace("fluxcd/flux2", "other/flux2"), []),
        (step("v2.4.0").replace("fluxcd/flux2/action", "actions/setup-go"), []),
    ],
)  # fmt: skip
def test_what_is_a_pin(text: str, expected: list[str]) -> None:
    found = flux_action.find(TextFile(WORKFLOW, text), Context())
    assert brief(found) == expected


def test_a_repository_with_nothing_but_a_commit_is_recognised(repo: Repo, cli: Cli) -> None:
    repo.git("rm", "-rq", ".")
    repo.commit({WORKFLOW: step(f"{COMMIT} # v2.4.0")})
    assert "flux-action  reference  flux   2.4.0  commit" in cli("status", cwd=repo).out
    done = cli("to", "2.5.1", "--dry-run", cwd=repo)
    assert done.code == 0, done.err
    assert "refs/tags/v2.5.1^{}" in done.out


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        (step(f"{COMMIT} # v2.3.0"), Severity.NOTE),
        (step("v2.3.0", asks("2.4.0")), Severity.NOTE),
        (step("main", asks("2.3.0")), Severity.WARNING),
    ],
)
def test_the_ref_is_no_version_of_the_cli(text: str, severity: Severity) -> None:
    files = {WORKFLOW: text, "a.sh": script("2.4.0")}
    (finding,) = judge(examine(snapshot(files), Settings(), chart_index()), ("FB117",)).findings
    assert (finding.location.path, finding.severity) == (WORKFLOW, severity)


def test_the_input_is_followed() -> None:
    text = f"env:\n  FLUX: 2.4.0\n{step('main', asks('${{ env.FLUX }}'))}"
    pins = find({WORKFLOW: text}).pins
    assert [(p.kind, p.location.line, p.role) for p in pins] == [("variable", 2, Role.TOOL)]


def test_a_bump_moves_tag_and_input(repo: Repo, cli: Cli) -> None:
    repo.commit({WORKFLOW: step("v2.4.0", asks("2.4.0"))})
    done = cli("to", "2.5.1", cwd=repo)
    assert done.code == 0, done.err
    assert repo.show("fluxbump/flux-2.5.1", WORKFLOW) == step("v2.5.1", asks("2.5.1"))


@pytest.fixture
def flux2(tmp_path: Path, index: Path) -> Repo:
    """A repository with the tags of two releases, one with a message as Flux's own have."""
    repo = repository(tmp_path / "flux2", {"README.md": "2.5.0\n"}, index)
    repo.git("tag", "v2.5.0")
    repo.commit({"README.md": "2.5.1\n"})
    repo.git("tag", "--annotate", "--message", "v2.5.1", "v2.5.1")
    return repo


def told(flux2: Path) -> str:
    return f"flux_repository: {flux2}\n"


def test_a_commit_moves_with_its_comment(repo: Repo, flux2: Repo, cli: Cli) -> None:
    commit = flux2.git("rev-parse", "v2.5.1^{commit}").strip()
    assert commit != flux2.git("rev-parse", "v2.5.1").strip()
    given = step(f"'{COMMIT}' # v2.4.0, not main").replace("@'", "@").replace("uses: ", "uses: '")
    repo.commit({WORKFLOW: given, "fluxbump.yaml": told(flux2.path)})
    done = cli("to", "2.5.1", "--output", "json", cwd=repo)
    assert done.code == 0, done.err
    moved = given.replace(COMMIT, commit).replace("v2.4.0", "v2.5.1")
    assert repo.show("fluxbump/flux-2.5.1", WORKFLOW) == moved
    assert [one for one in done.json["mentions"] if one["path"] == WORKFLOW] == []
    again = cli("to", "2.5.1", "--rev", "fluxbump/flux-2.5.1", "--dry-run", cwd=repo)
    assert "stays at a commit" not in again.out


def test_offline_a_commit_moves_if_its_tag_was_read_before(
    repo: Repo, flux2: Repo, cli: Cli
) -> None:
    repo.commit({WORKFLOW: step(f"{COMMIT} # v2.4.0"), "fluxbump.yaml": told(flux2.path)})
    asked = ("to", "2.5.1", "--dry-run", "--output", "patch")
    assert (
        f"-      - uses: fluxcd/flux2/action@{COMMIT}" not in cli(*asked, "--offline", cwd=repo).out
    )
    moved = f"-      - uses: fluxcd/flux2/action@{COMMIT} # v2.4.0"
    assert moved in cli(*asked, cwd=repo).out
    assert moved in cli(*asked, "--offline", cwd=repo).out


def test_a_commit_without_the_name_of_a_release_stays(repo: Repo, flux2: Repo, cli: Cli) -> None:
    given = step(f"{COMMIT} # main")
    repo.commit({WORKFLOW: given, "fluxbump.yaml": told(flux2.path)})
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.show("fluxbump/flux-2.5.1", WORKFLOW) == given


def test_a_version_on_the_line_of_a_commit_is_no_comment() -> None:
    text = f"steps: [{{uses: fluxcd/flux2/action@{COMMIT}, with: {{version: 2.4.0}}}}]\n"
    found = flux_action.find(TextFile(WORKFLOW, text), Context())
    assert brief(found) == [
        "1 flux-action flux 8454b02a32e4 [commit]",
        "1 flux-action flux 2.4.0",
    ]


def test_a_commit_is_listed_with_the_command_that_finds_another(
    repo: Repo, flux2: Repo, cli: Cli
) -> None:
    flux2.git("tag", "--delete", "v2.5.1")
    repo.commit({WORKFLOW: step(f"{COMMIT} # v2.4.0"), "fluxbump.yaml": told(flux2.path)})
    done = cli("to", "2.5.1", cwd=repo)
    assert done.code == 0, done.err
    command = "git ls-remote https://github.com/fluxcd/flux2 refs/tags/v2.5.1 'refs/tags/v2.5.1^{}'"
    assert command in done.out
    assert repo.show("fluxbump/flux-2.5.1", WORKFLOW) == step(f"{COMMIT} # v2.4.0")
