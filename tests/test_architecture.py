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

# The modules that may meet the world outside, by themselves or through what they import.
OUTSIDE = {
    "", "cli", "__main__", "api", "sources", "workspace",
    "git.repository", "git.ancestry", "git.find_repository", "git.local_process",
    "git.network_process",
    "git.objects", "git.trees", "git.writer",
    "git.worktree", "git.token", "git.remote", "git.remote_environment",
    "git.clones", "git.history", "git.refs", "git.uncommitted",
    "helm.binary", "helm.index", "check.rendering", "check.cluster",
    "check.kubectl", "check.recovery.read_cluster", "flux.download",
    # They are given a repository, or divide work among processes.
    "bump.bump", "bump.commits", "bump.compose", "bump.deliver", "bump.goal", "bump.in_place",
    "bump.prepared_bump", "bump.path_evidence", "check.repository_state",
    # All of the forges but their seam, and what tells them apart.
    "forges.authorization", "forges.azure", "forges.bitbucket", "forges.client",
    "forges.commit_statuses", "forges.gitea",
    "forges.azure_policies", "forges.github", "forges.github_graphql", "forges.gitlab",
    "forges.issues", "forges.pull_requests", "forges.registry",
    "forges.repositories", "forges.responses",
    # What acts in a scheduled run; what it decides and says is pure.
    "run.fetch_release_notes",
    "run.setup", "run.checkout", "run.dashboard.issue", "run.job", "run.execute", "run.one_pass",
    "run.context",
    "run.concurrent_runs", "run.passes", "run.remote_and_forge",
    "run.updated_branch",
    "system.background_thread", "system.process_pool", "system.http",
    "system.commands", "system.pager", "system.pipes", "system.process_end", "system.programs",
    "system.scratch", "system.resource_errors",
    "system.cache_file", "system.atomic_write", "helm.registry", "flux.manifests_artifact",
    "flux.fetch_tags",
    "flux.index_fallback", "system.wait_at_most",
    # They replace files of a working tree, all or none.
    "system.atomic_replace", "system.replace_recovery", "system.no_follow", "system.locks",
    # What the process has changed.
    "system.changes_made",
    # A process for each repository of a fleet, and the file that says which are done.
    "fleet.processes", "fleet.state", "fleet.run_repositories", "flux.flux_cli",
    # Sends metrics.
    "fleet.otel",
}  # fmt: skip
"""Modules, and folders with all that is in them."""
CONSTANT = {"flux.tables"}
"""They read what ships with the package, which changes as little as the code does."""
WORLD = {
    "git", "httpx", "httpcore", "stamina", "platformdirs", "os", "subprocess", "socket", "shutil",
    "tempfile", "time", "sys", "pathlib.Path", "random", "typer", "rich", "io.open", "asyncio",
    "threading", "urllib.request", "logging", "fcntl", "signal", "opentelemetry",
}  # fmt: skip
LATE = {
    "cli", "__main__", "", "sources", "workspace", "run.setup", "git.repository",
    "system.process_pool",
    "system.certificates", "text.bounded_pattern",
}  # fmt: skip
"""Modules that import when called: see their docstrings."""
JOURNEYS = {"run", "fleet"}
"""Folders that hold the stages of one journey: few import them."""
LEAVES = ("discover.pins", "check.rules", "reports", "helm.index", "forges", "cli")
SHARED = {
    "discover.pins.kind", "discover.pins.kind_traits", "discover.pins.name_search",
    "discover.pins.bootstrap_path",
    "discover.pins.oci_references",
    "discover.pins.tagged_urls", "discover.pins.chart_calls",
    "discover.pins.releases.controller_tags", "check.rules.rule",
    "check.rules.pin_findings", "check.rules.crds.installed_crds",
    "check.rules.crds.pinned_releases",
    "check.rules.objects.objects_to_judge",
    "reports.table", "reports.result_json.parts",
    "reports.json_encoder", "reports.release_json", "reports.formats.format",
    "reports.formats.json",
    "reports.next_steps", "reports.error_text", "reports.next_steps_json", "reports.verbosity",
    "reports.terminal.fit",
    "cli.output.bump_steps", "cli.output.fleet_report", "cli.output.metrics",
    "cli.output.passing_bump", "cli.output.typed_command",
    "cli.output.verdicts", "cli.output.verdict_options",
    "cli.output.local_changes", "cli.output.unread_files", "reports.index_source", "reports.text",
    "helm.index.entry", "helm.index.places", "helm.index.chart_section",
    "cli.shell.completion", "cli.shell.help_examples", "cli.shell.help_layout",
    "cli.shell.help_text",
    "cli.shell.option_groups", "cli.job_options",
    "cli.console", "cli.options", "cli.workspace", "cli.cluster_facts",
    "cli.bump_request", "cli.in_place", "cli.output.bump_output", "cli.output.check_result",
    "cli.comparison", "cli.comparison_base", "cli.fix",
    "reports.matrix_page", "forges.forge", "forges.responses", "forges.authorization",
    "forges.ci_variables", "forges.client", "forges.commit_statuses", "forges.detect",
    "forges.kinds", "forges.kinds.kind",
    "forges.azure_policies", "forges.github_graphql", "forges.issues", "forges.pull_requests",
    "forges.registry", "forges.answers.azure", "forges.answers.bitbucket", "forges.answers.gitea",
    "forges.answers.github", "forges.answers.gitlab",
    # The parts that pages are put together from.
    "reports.counts", "reports.bump_patches", "reports.html.elements", "reports.html.page",
    "reports.html.style", "reports.html.findings", "reports.html.pins", "reports.html.path_diagram",
    "reports.html.diff",
    # One place that lists the reports which have a schema.
    "reports.matrix", "reports.upgrade_path", "reports.recover", "reports.fleet",
    "reports.result_json.run",
    "reports.result_json.bump", "reports.result_json.status",
}  # fmt: skip
"""What the leaves of one folder have in common."""
REGISTRIES = {
    "cli.app",
    "reports.formats.registry",
    "forges.kinds",
    "forges.registry",
    "helm.index.source",
}
"""What lists the leaves of its folder."""


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


def short(module: str) -> str:
    """A module's name within the package; nothing for the package itself."""
    return module.partition(".")[2]


def within(module: str, places: set[str]) -> bool:
    """Whether a module, or a folder that it is in, is one of some places."""
    parts = short(module).split(".")
    return any(".".join(parts[:count]) in places for count in range(1, len(parts) + 1))


def is_world(imported: str) -> bool:
    parts = imported.split(".")
    return any(".".join(parts[:n]) in WORLD for n in range(1, len(parts) + 1))


PURE = [module for module in MODULES if not within(module, OUTSIDE | CONSTANT)]


@pytest.mark.parametrize("module", PURE)
def test_pure_rooms_import_nothing_of_the_world(module: str) -> None:
    assert [name for name in imports(module) if is_world(name)] == []


@pytest.mark.parametrize("module", PURE)
def test_pure_rooms_reach_nothing_of_the_world(module: str) -> None:
    """Not through what they import either, however far away; types alone are nothing to run."""
    assert {found for found in reached(module) if within(found, OUTSIDE)} == set()


@cache
def reached(module: str) -> frozenset[str]:
    """The modules that are loaded with a module, but for the package itself."""
    direct = {found for name in imports(module, top=True) if (found := own(name))}
    direct -= {module, "fluxbump"}
    return frozenset(direct).union(*map(reached, direct))


def test_what_is_outside_is_outside_for_a_reason() -> None:
    """A module that meets nothing of the world has no place in the list."""
    idle = {
        place
        for place in OUTSIDE - {"", "__main__", "system.changes_made"}
        for inside in [[module for module in MODULES if within(module, {place})]]
        if not any(is_world(name) for module in inside for name in imports(module))
        and not any(within(found, OUTSIDE) for module in inside for found in reached(module))
    }
    assert idle == set()


# `fluxbump` itself loads what it offers to programs when it is asked for.
@pytest.mark.parametrize("module", [m for m in MODULES if not within(m, LATE)])
def test_imports_stand_at_the_top(module: str) -> None:
    assert _hidden(module) == []


def _hidden(module: str) -> list[list[str]]:
    """What a module imports when it is called."""
    allowed = (ast.If, ast.Try)  # `if TYPE_CHECKING:` is at the top too
    return [
        names(inner)
        for node in tree(module).body
        if not isinstance(node, (ast.Import, ast.ImportFrom, *allowed))
        for inner in ast.walk(node)
        if names(inner)
    ]


def test_what_may_import_late_does_so() -> None:
    late = {place for place in LATE for m in MODULES if within(m, {place}) and _hidden(m)}
    assert LATE - late == set()


@pytest.mark.parametrize("module", MODULES)
def test_leaves_import_no_sibling(module: str) -> None:
    folder = next((place for place in LEAVES if short(module).startswith(f"{place}.")), None)
    if folder is None or short(module) in REGISTRIES:
        return
    folder_path = PACKAGE.joinpath(*folder.split("."))
    found = (path.relative_to(PACKAGE).with_suffix("") for path in folder_path.rglob("*.py"))
    siblings = {f"fluxbump.{'.'.join(path.parts)}" for path in found}
    siblings -= {f"fluxbump.{name}" for name in SHARED}
    assert {own(name) for name in imports(module)} & siblings - {module} == set()


@pytest.mark.parametrize("module", MODULES)
def test_the_stages_of_a_journey_are_imported_by_what_shows_it(module: str) -> None:
    """The rest works without a forge and without a schedule, so it cannot depend on either."""
    top = short(module).partition(".")[0]
    if top in {"cli", "reports", "config"}:
        return
    found = [name for name in imports(module) if (own(name) or "").startswith("fluxbump.")]
    others = JOURNEYS - {top}
    assert [name for name in found if name.split(".")[1] in others] == []


@pytest.mark.parametrize("module", MODULES)
def test_only_one_room_knows_the_yaml_library(module: str) -> None:
    found = [name for name in imports(module) if name.startswith("ruamel")]
    assert module == "fluxbump.text.yaml_parser" or found == []


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
    if not within(module, {"cli", "__main__"}):
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
    for module in MODULES:
        if within(module, {"model", "errors"}):
            found = {short(place) for name in imports(module, top=True) if (place := own(name))}
            assert {name for name in found if not name.startswith("model.")} == set()


def test_nothing_here_is_empty() -> None:
    assert len(MODULES) > 30
    assert any(is_world(name) for name in imports("fluxbump.git.repository"))
    assert is_world("pathlib.Path")
    assert not is_world("pathlib.PurePosixPath")


def test_files_stay_short() -> None:
    long = {
        module: count
        for module, path in MODULES.items()
        if (count := path.read_text("utf-8").count("\n")) > 300
    }
    assert long == {}


def test_functions_stay_short() -> None:
    """Signature and docstring aside, which are long where a command has many options."""
    lines = {}
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.FunctionDef):
                begin = node.body[1 if ast.get_docstring(node) and node.body[1:] else 0].lineno
                lines[f"{module}.{node.name}"] = (node.end_lineno or begin) - begin + 1
    assert {name: count for name, count in lines.items() if count > 45} == {}


def test_remotes_are_loaded_by_nobody_who_needs_none() -> None:
    """`to`, `check` and `status` work on what is there: start-up is felt."""
    seen: set[str] = set()
    starts = ("workspace", "bump.bump", "bump.deliver", "check.check", "check.status", "cli.app")
    todo = [f"fluxbump.{name}" for name in starts]
    while todo:
        module = todo.pop()
        seen.add(module)
        found = {found for name in imports(module, top=True) if (found := own(name))}
        todo += found - seen
    assert "fluxbump.git.repository" in seen
    late = {f"fluxbump.git.{name}" for name in ("token", "network_process", "remote", "clones")}
    assert seen & late == set()
