"""What programs read: every report fits its schema, and the schemas that are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fluxbump.cli.schema import Name
from fluxbump.reports import json_schemas
from tests.helpers import EDGE, ROOT, Cli, Repo, release, repository, small

PUBLISHED = sorted((ROOT / "docs" / "schemas").glob("*.json"))


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json_schemas.text(name))
    return loaded


def check(report: Any, name: str) -> None:
    jsonschema.Draft202012Validator(schema(name)).validate(report)
    assert report["schema"] == f"fluxbump/{name}/v1"


@pytest.mark.parametrize("name", Name)
def test_schema_is_one(name: Name, cli: Cli) -> None:
    result = cli("schema", name.value)
    assert (result.code, result.err) == (0, "")
    jsonschema.Draft202012Validator.check_schema(result.json)
    assert result.json == schema(name.value)


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_published_schema_is_the_printed_one(path: Path) -> None:
    assert path.read_text("utf-8").rstrip("\n") == json_schemas.text(path.stem).rstrip("\n")


def test_every_schema_is_published() -> None:
    assert not PUBLISHED or {path.stem for path in PUBLISHED} >= {name.value for name in Name}


@pytest.mark.parametrize("closed", ["to", "status", "releases", "run"])
def test_schema_says_what_is_required(closed: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema(closed)).validate({})


TO = [
    ["2.5.1", "-n"], ["2.5.1"], ["2.4.0"], ["2.5.1", "--no-mentions", "-n"],
    ["2.3.0", "--allow-downgrade", "-n"], ["latest", "-n"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", TO, ids=" ".join)
@pytest.mark.parametrize("state", ["repo", "incident"])
def test_to(request: pytest.FixtureRequest, cli: Cli, state: str, arguments: list[str]) -> None:
    where: Repo = request.getfixturevalue(state)
    if state == "incident" and arguments[0] == "2.3.0":
        arguments = [*arguments, "--align"]
    check(cli("to", *arguments, "-o", "json", cwd=where).json, "to")


def test_outcomes(repo: Repo, cli: Cli) -> None:
    def outcome(*arguments: str) -> str:
        report = cli("to", *arguments, "-o", "json", cwd=repo).json
        check(report, "to")
        return str(report["outcome"])

    assert outcome("2.4.0") == "nothing-to-do"
    assert outcome("2.5.1", "-n") == "not-written"
    assert outcome("2.5.1") == "created"
    assert outcome("2.5.1") == "unchanged"
    repo.git("switch", "--quiet", "fluxbump/flux-2.5.1")
    repo.commit({"x": "y\n"})
    repo.git("switch", "--quiet", "main")
    assert outcome("2.5.1", "--force") == "replaced"


def test_odd_content_is_still_json(cli: Cli, tmp_path: Path, index: Path) -> None:
    files: dict[str, str | bytes] = {
        **small(release=release("^1.1")),
        'a "b"\\c/é.sh': "# \u2028 flux 2.4.0 \x07\n",
        "latin.md": b"Flux 2.4.0 \xe9\xff \x00 x\n",
        "latin.sh": b"# caf\xe9\nx https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml\n",
    }
    repo = repository(tmp_path / "odd", files, index)
    report = cli("to", "2.5.1", "-n", "-o", "json", cwd=repo)
    check(report.json, "to")
    assert report.stdout.decode("utf-8")
    check(cli("status", "-o", "json", cwd=repo).json, "status")


@pytest.mark.parametrize("state", ["repo", "incident"])
def test_status(request: pytest.FixtureRequest, cli: Cli, state: str) -> None:
    where: Repo = request.getfixturevalue(state)
    result = cli("status", "-o", "json", cwd=where)
    check(result.json, "status")
    assert result.json["agree"] == (state == "repo")
    assert result.code == (state == "incident")
    without = cli("status", "-o", "json", "--index", "nowhere", cwd=where).json
    check(without, "status")
    assert (without["agree"], without["newest"]) == (None, None)


def test_releases(repo: Repo, cli: Cli) -> None:
    for arguments in (["--limit", "0", "--prereleases"], ["--limit", "3"]):
        report = cli("releases", *arguments, "-o", "json", cwd=repo).json
        check(report, "releases")
    assert len(report["releases"]) == 3


@pytest.mark.parametrize("state", ["repo", "incident"])
def test_run(request: pytest.FixtureRequest, cli: Cli, state: str) -> None:
    where: Repo = request.getfixturevalue(state)
    report = cli("run", "--dry-run", "--offline", "-o", "json", cwd=where).json
    check(report, "run")
    assert report["outcome"] == ("update-available" if state == "repo" else "blocked")
    assert bool(report["sent"]) == (state == "repo")


# --- the patch --------------------------------------------------------------------------------

ODD_NAMES = (
    "with space",
    'quo"te',
    "ünïcode 🚀",
    "tab\there",
    "back\\slash",
    "-dash",
    "new\nline",
    "{b}",
)


def odd_files() -> dict[str, str | bytes]:
    """Edge cases under names that git quotes."""
    cases = ("crlf", "bom", "no-final-newline", "wide", "flow", "single-quoted", "odd-comments")
    files: dict[str, str | bytes] = {}
    for name, case in zip(ODD_NAMES, cases, strict=False):
        for path in sorted((EDGE / "charts" / case).iterdir()):
            files[f"{name}/{path.name}"] = path.read_bytes()
    for script in ("crlf.sh", "latin-1.sh", "heredoc.tf"):
        files[f"{ODD_NAMES[-1]}/{script}"] = (EDGE / "install" / script).read_bytes()
    return files


@pytest.fixture
def odd(tmp_path: Path, index: Path) -> Repo:
    repo = repository(tmp_path / "odd", {"README.md": "odd names\n"}, index)
    repo.commit(odd_files())
    return repo


@pytest.mark.parametrize(
    ("state", "target"),
    [("repo", "2.5.1"), ("repo", "2.6.4"), ("incident", "2.4.0"), ("odd", "2.5.1")],
)
def test_the_patch_makes_the_branch(
    request: pytest.FixtureRequest, cli: Cli, state: str, target: str
) -> None:
    repo: Repo = request.getfixturevalue(state)
    patch = cli("to", target, "-n", "-o", "patch", cwd=repo)
    assert patch.code == 0, patch.err
    made = cli("to", target, "-o", "json", cwd=repo).json
    repo.git("apply", "--index", stdin=patch.stdout)
    assert repo.git("write-tree").strip() == repo.tree(made["branch"]) == made["tree"]
    assert not repo.git("diff", "--stat")
    again = cli("to", target, "--rev", made["branch"], "-o", "json", cwd=repo).json
    assert (again["outcome"], again["changes"], again["patch"]) == ("nothing-to-do", [], "")


def test_the_users_settings_for_diffs_do_not_reach_the_patch(repo: Repo, cli: Cli) -> None:
    plain = cli("to", "2.5.1", "-n", "-o", "patch", cwd=repo).stdout
    repo.write(".gitattributes", "* text eol=crlf diff=none -grep\n")
    for key, value in {
        "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "diff.external": "false",
        "diff.context": "0", "core.autocrlf": "true",
        "diff.renames": "copies", "core.quotePath": "false", "diff.algorithm": "patience",
        "diff.interHunkContext": "9", "diff.orderFile": "/dev/null", "diff.relative": "true",
    }.items():  # fmt: skip
        repo.git("config", key, value)
    assert cli("to", "2.5.1", "-n", "-o", "patch", cwd=repo).stdout == plain
