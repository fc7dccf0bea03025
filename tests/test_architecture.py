"""The rooms keep to themselves: what may be imported where, read from the source."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter

import pytest

from tests.helpers import ROOT

PACKAGE = ROOT / "fluxbump"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# The rooms that may meet the world outside, and how.
OUTSIDE = {
    "cli", "__main__", "repo", "gitlocal", "objects", "writer", "worktree", "web", "helm",
    "rendering", "facts", "bump", "indexes", "forges", "cluster", "api", "workspace", "beside",
    "gitprocess", "credentials", "processes", "waiting",
    "remote", "clones", "run.place", "run.ground", "upstream", "registry", "cachefile",
    "fluxtags", "oci",
    # They replace files of a work tree, all or none.
    "swap", "nofollow", "alone",
    # A process for each repository of a fleet, and the file that says which are done.
    "fleet.children", "fleet.state",
}  # fmt: skip
WORLD = {
    "git", "httpx", "hishel", "stamina", "platformdirs", "os", "subprocess", "socket", "shutil",
    "tempfile", "time", "sys", "pathlib.Path", "random", "typer", "rich", "io.open", "asyncio",
    "threading", "urllib.request", "logging", "fcntl", "signal",
}  # fmt: skip
LATE = {"cli", "__main__", "", "workspace", "run.place", "repo", "processes"}
"""Rooms that import when called: see their docstrings."""
JOURNEYS = {"run", "fleet"}
"""Folders that hold the stages of one journey: they import each other, and few import them."""
LEAVES = ("pins", "rules", "reports", "indexes", "forges", "cli")
SHARED = {
    "fluxbump.discover.pins.kind", "fluxbump.check.rules.rule", "fluxbump.reports.table", "fluxbump.reports.result_json",
    "fluxbump.reports.json_encoder",
    "fluxbump.helm.index.entries", "fluxbump.helm.index.places", "fluxbump.helm.index.section",
    "fluxbump.cli.console", "fluxbump.cli.options", "fluxbump.cli.helm_options", "fluxbump.cli.workspace",
    "fluxbump.cli.cluster_facts", "fluxbump.cli.upgrade_path", "fluxbump.cli.in_place", "fluxbump.cli.bump_output",
    "fluxbump.cli.base",
    "fluxbump.cli.fix",
    "fluxbump.reports.matrix_page",
    "fluxbump.forges.forge", "fluxbump.forges.responses", "fluxbump.forges.authorization",
    "fluxbump.forges.client", "fluxbump.forges.detect", "fluxbump.forges.pull_requests",
    "fluxbump.forges.registry",
    # One place that lists the reports which have a schema.
    "fluxbump.reports.matrix", "fluxbump.reports.upgrade_path", "fluxbump.reports.run",
    "fluxbump.reports.fleet",
}  # fmt: skip
"""What the leaves of one folder have in common."""


def names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert not node.level
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


@cache
def imports(module: str, *, top: bool = False) -> tuple[str, ...]:
    """What a module imports: at run time or for types; only at its top, when asked for."""
    nodes = tree(module).body if top else ast.walk(tree(module))
    return tuple(name for node in nodes for name in names(node))


def own(imported: str) -> str | None:
    """The module of this package that an import leads to."""
    candidates = (imported, imported.rpartition(".")[0])
    return next((name for name in candidates if name in MODULES), None)


def room(module: str) -> str:
    """The name at the top; in a journey's folder also the stage, for each is a room."""
    top, *below = [*module.split(".")[1:], ""]
    return f"{top}.{below[0]}" if top in JOURNEYS and below[0] else top


def is_world(imported: str) -> bool:
    parts = imported.split(".")
    return any(".".join(parts[:n]) in WORLD for n in range(1, len(parts) + 1))


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) not in OUTSIDE])
def test_pure_rooms_import_nothing_of_the_world(module: str) -> None:
    assert [name for name in imports(module) if is_world(name)] == []


# `fluxbump` itself loads what it offers to programs when it is asked for.
@pytest.mark.parametrize("module", [m for m in MODULES if room(m) not in LATE])
def test_imports_stand_at_the_top(module: str) -> None:
    allowed = (ast.If, ast.Try)  # `if TYPE_CHECKING:` is at the top too
    hidden = [
        names(inner)
        for node in tree(module).body
        if not isinstance(node, (ast.Import, ast.ImportFrom, *allowed))
        for inner in ast.walk(node)
        if names(inner)
    ]
    assert hidden == []


@pytest.mark.parametrize("module", MODULES)
def test_leaves_import_no_sibling(module: str) -> None:
    folder, _, leaf = module.partition(".")[2].partition(".")
    if (
        folder not in LEAVES
        or not leaf
        or (folder, leaf) in {("cli", "app"), ("forges", "registry")}
    ):
        return
    siblings = {f"fluxbump.{folder}.{p.stem}" for p in (PACKAGE / folder).glob("*.py")} - SHARED
    found = {own(name) for name in imports(module)} & siblings - {module}
    assert found == set()


@pytest.mark.parametrize("module", MODULES)
def test_the_stages_of_a_journey_are_imported_by_what_shows_it(module: str) -> None:
    """The rest works without a forge and without a schedule, so it cannot depend on either."""
    top = room(module).partition(".")[0]
    if top in {"cli", "reports", "settings", "config_run"}:
        return
    found = [name for name in imports(module) if (own(name) or "").startswith("fluxbump.")]
    others = JOURNEYS - {top}
    assert [name for name in found if name.split(".")[1] in others] == []


@pytest.mark.parametrize("module", MODULES)
def test_only_one_room_knows_the_yaml_library(module: str) -> None:
    found = [name for name in imports(module) if name.startswith("ruamel")]
    assert module == "fluxbump.text.yaml" or found == []


@pytest.mark.parametrize("module", MODULES)
def test_only_one_room_knows_gitpython(module: str) -> None:
    found = [name for name in imports(module) if name.partition(".")[0] == "git"]
    assert module == "fluxbump.git.writer" or found == []


@pytest.mark.parametrize("module", MODULES)
def test_only_the_command_line_prints(module: str) -> None:
    calls = [
        node.func.id
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    if room(module) not in {"cli", "__main__"}:
        assert not {"print", "input", "open"} & set(calls)
        assert "fluxbump.cli" not in " ".join(imports(module))


def test_no_import_cycles() -> None:
    graph = {
        module: {found for name in imports(module, top=True) if (found := own(name))} - {module}
        for module in MODULES
    }
    # A package's __init__ may import its members, and they it: `fluxbump` itself holds only a
    # version.
    TopologicalSorter({m: found - {"fluxbump"} for m, found in graph.items()}).prepare()


def test_model_and_errors_stand_alone() -> None:
    for module in ("fluxbump.model", "fluxbump.errors"):
        assert not [name for name in imports(module, top=True) if own(name)]


def test_nothing_here_is_empty() -> None:
    assert len(MODULES) > 30
    assert any(is_world(name) for name in imports("fluxbump.git.repository"))
    assert is_world("pathlib.Path")
    assert not is_world("pathlib.PurePosixPath")


def test_files_stay_short() -> None:
    long = {
        module: count
        for module, path in MODULES.items()
        if (count := path.read_text("utf-8").count("\n")) > 400
    }
    assert long == {}


def test_remotes_are_loaded_by_nobody_who_needs_none() -> None:
    """`to`, `check` and `status` work on what is there: start-up is felt."""
    seen: set[str] = set()
    todo = [f"fluxbump.{name}" for name in ("workspace", "bump", "examine", "survey", "cli.app")]
    while todo:
        module = todo.pop()
        seen.add(module)
        found = {found for name in imports(module, top=True) if (found := own(name))}
        todo += found - seen
    assert "fluxbump.git.repository" in seen
    assert (
        seen & {f"fluxbump.{m}" for m in ("credentials", "gitprocess", "remote", "clones")} == set()
    )
