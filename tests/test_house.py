"""The house holds: a name means one thing, what nobody calls is gone, and tables tell the truth."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set

import pytest

from fluxbump import errors
from fluxbump.cli import app
from fluxbump.cli.job_options import exit_code_for
from fluxbump.cli.shell import help_layout
from fluxbump.discover.pins import KINDS, traits
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.forges.kinds import KINDS as FORGES
from fluxbump.run import decision
from tests.helpers import ROOT
from tests.test_architecture import MODULES, imports, names, own, reached, short, tree, within

DESIGN = (ROOT / "docs" / "design.md").read_text("utf-8")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(module: str) -> list[Definition]:
    """The public functions and classes at the top of a module."""
    found = [node for node in tree(module).body if isinstance(node, Definition)]
    return [node for node in found if not node.name.startswith("_")]


# --- names ------------------------------------------------------------------------------------


def test_no_variable_is_called_one() -> None:
    """It says how many there are, and not what."""
    found = {
        f"{short(module)}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree(module))
        if (isinstance(node, ast.Name) and node.id == "one")
        or (isinstance(node, ast.arg) and node.arg == "one")
    }
    assert found == set()


def test_no_public_class_name_stands_twice() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for module in MODULES:
        for node in definitions(module):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(short(module))
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}
    assert len(places) > 200


# --- kinds ------------------------------------------------------------------------------------

OTHER_WORDS = {
    "bump.sync_target": {"install-url"},  # the word of an option
    "cli.sync": {"install-url"},  # likewise
    "discover.kubernetes_pins": {"variable"},  # a block of Terraform
    "discover.variables.terraform": {"variable"},  # likewise
    "model.inventory": {"flux-operator", "variable"},  # a track, and a form
    "sources": {"flux-manifests"},  # the artifact that Flux publishes
    "check.rules.gotk": {"gotk-components"},  # the name of a rule
    "check.rules.values_mirror": {"values-mirror"},  # likewise
}
"""Words that happen to be those of kinds, and mean something else; no module names a kind."""
A_FIELD = {"digest"}
"""What is a kind, and a field of half of all formats."""


def words(module: str) -> set[str]:
    """The texts in the code of a module that are one word each."""
    return {
        node.value
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value
    }


@pytest.mark.parametrize("module", [m for m in MODULES if not within(m, {"discover.pins"})])
def test_no_kind_is_named_outside_of_its_room(module: str) -> None:
    """What others need to know of a pin, `pins.traits` says."""
    named = words(module) & KINDS.keys() - A_FIELD
    assert named == OTHER_WORDS.get(short(module), set())


FORGE_ADAPTERS = {kind.adapter.partition(":")[0].partition(".")[2] for kind in FORGES.values()}
FORGE_VARIABLE = re.compile(rf"[A-Z0-9_]*(GH|{'|'.join(FORGES).upper()})_[A-Z0-9_]+")
FORGE_WORDS = {
    "cli.output.verdicts": {"github"},  # the format of `check`
    "discover.variables.references": {"github"},  # a context of an expression in a workflow
    "reports.formats.github": {"github"},
    "reports.formats.registry": {"github"},
}
"""Names of forges that are something else there."""
FORGE_VARIABLES = {
    # The page of a job, which is GitHub's alone, and no matter of a forge that pins are pushed to.
    "cli.console": {"GITHUB_STEP_SUMMARY"},
    "cli.output.verdicts": {"GITHUB_STEP_SUMMARY"},
    "fleet.run_repositories": {"GITHUB_STEP_SUMMARY"},
}


@pytest.mark.parametrize("module", [m for m in MODULES if not within(m, {"forges"})])
def test_no_forge_is_named_outside_of_its_room(module: str) -> None:
    """What others need to know of a forge, `forges.kinds` says."""
    said = words(module)
    assert said & FORGES.keys() == FORGE_WORDS.get(short(module), set())
    named = {word for word in said if FORGE_VARIABLE.fullmatch(word)}
    assert named == FORGE_VARIABLES.get(short(module), set())


def test_only_the_kinds_tell_forges_apart() -> None:
    """An adapter knows its own name; what all share asks `forges.kinds`."""
    shared = [
        module
        for module in MODULES
        if within(module, {"forges"})
        and not within(module, {"forges.kinds", "forges.repositories", *FORGE_ADAPTERS})
    ]
    assert len(shared) > 10
    assert {short(module): words(module) & FORGES.keys() for module in shared} == {
        short(module): set() for module in shared
    }


def test_each_trait_is_of_some_kind_and_has_its_set() -> None:
    held = {trait for kind in KINDS.values() for trait in kind.TRAITS}
    assert held == set(KindTrait)
    sets = {name for name in vars(traits) if name.isupper()}
    # `BY_VARIABLE` is for the search alone: the registry has it.
    assert {trait.name for trait in KindTrait} - sets == {"BY_VARIABLE"}


SEAM = {"discover.pins", "discover.pins.kind", "discover.pins.kind_traits", "discover.pins.traits"}
"""What other rooms may import of the kinds: the registry, and what all kinds share."""


@pytest.mark.parametrize("module", [m for m in MODULES if not within(m, {"discover.pins"})])
def test_no_kind_is_imported_outside_of_its_room(module: str) -> None:
    """So a new kind is one file and one line: nobody else has to learn of it."""
    found = {short(place) for name in imports(module) if (place := own(name))}
    assert {place for place in found if place.startswith("discover.pins")} <= SEAM


def test_what_kinds_are_made_of_needs_no_kind() -> None:
    """Else a module can be imported only behind the registry."""
    room = {"discover.pins"}
    below = {
        found
        for kind in leaves("discover.pins")
        for found in reached(kind)
        if not within(found, room)
    }
    needing = {place for place in below if any(within(f, room) for f in reached(place))}
    assert needing == set()
    assert len(below) > 20


# --- speed ------------------------------------------------------------------------------------

TRICKS = {
    "_exit": {"__main__", "system.process_pool"},  # the second ends a child, and no run
    "disable": {"__main__"},
    "get_context": {"system.process_pool"},
}
"""What only speed asks for, and the one module that has it."""
MEASURED = {"__main__", "cli.shell.quick_parameters", "text.parsed", "text.patterns"}


def test_each_trick_for_speed_stands_in_one_module() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute) and node.attr in TRICKS:
                found[node.attr].add(short(module))
    assert found == TRICKS


@pytest.mark.parametrize("module", sorted(MEASURED))
def test_a_trick_says_what_it_buys(module: str) -> None:
    said = ast.get_docstring(tree(f"fluxbump.{module}")) or ""
    gains = re.findall(r"(\d+) %\s+more", said)
    assert gains
    assert all(int(gain) >= 3 for gain in gains)


# --- marks ------------------------------------------------------------------------------------


def test_a_mark_that_silences_a_tool_says_why() -> None:
    """`# noqa: CODE  # reason`, and likewise `type: ignore`."""
    mark = re.compile(r"#\s*(?:noqa\b|type:\s*ignore)[^#\n]*(?P<reason>#.*\w.*)?$", re.MULTILINE)
    bare = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for folder in ("fluxbump", "tests", "release")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for found in mark.finditer(path.read_text("utf-8"))
        if not found["reason"] and path != ROOT / "tests" / "test_house.py"
    ]
    assert bare == []


# --- programs and servers ---------------------------------------------------------------------

RUNNERS = {
    "check.kubectl": "kubectl",
    "fleet.processes": "fluxbump itself",
    "flux.flux_cli": "flux",
    "git.local_process": "git, where no server is asked",
    "git.network_process": "git, where one is",
    "helm.binary": "helm",
    "helm.registry.credential_helper": "the helper that keeps a login",
}
"""What runs a program, and which: each its own, so what it says of itself is true."""
STARTERS = {"system.commands", "system.pager"}
"""What starts a process: within bounds, or what the user reads with."""


def called(module: str) -> set[str]:
    """What a module calls by a dotted name: `subprocess.Popen`."""
    calls = (node for node in ast.walk(tree(module)) if isinstance(node, ast.Call))
    return {ast.unparse(call.func) for call in calls}


def test_a_program_is_run_where_it_is_said() -> None:
    running = {"commands.run", "commands.begin", "commands.start", "run_program"}
    assert {short(module) for module in MODULES if called(module) & running} == RUNNERS.keys()
    starting = re.compile(r"(subprocess\.)?(Popen|check_output|check_call)|os\.(system|popen)")
    started = {m for m in MODULES if any(starting.fullmatch(name) for name in called(m))}
    assert {short(module) for module in started} == STARTERS


def test_servers_are_asked_in_one_folder() -> None:
    asking = re.compile(r"httpx\.(Client|AsyncClient|get|post|put|patch|delete|request|stream)")
    found = {m for m in MODULES if any(asking.fullmatch(name) for name in called(m))}
    assert {short(module) for module in found} == {"system.http.client"}


# --- tests ------------------------------------------------------------------------------------

CLOCKS = {"monotonic", "perf_counter", "process_time", "thread_time", "time"}


def _is_upper_bound(compare: ast.Compare) -> bool:
    clocks = [node for node in ast.walk(compare) if isinstance(node, ast.Attribute)]
    below = (ast.Lt, ast.LtE)
    return any(isinstance(sign, below) for sign in compare.ops) and any(
        isinstance(clock.value, ast.Name) and clock.value.id == "time" and clock.attr in CLOCKS
        for clock in clocks
    )


def test_no_test_asserts_a_time() -> None:
    """How long work takes is of the machine: tests.linear compares two sizes of the same work."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for claim in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(claim, ast.Assert)
        for node in ast.walk(claim)
        if isinstance(node, ast.Compare) and _is_upper_bound(node)
    ]
    assert found == []


# --- callers ----------------------------------------------------------------------------------

REGISTERED = {
    "check.rules": ("check.rules", {"RULES"}),
    "discover.pins": ("discover.pins", {"NAME", "ROLE", "NEEDLES", "TRAITS", "find"}),
    "forges": ("forges.kinds", {"NAME", "connect"}),
    "forges.kinds": ("forges.kinds", {"KIND"}),
    "helm.index": ("helm.index.source", {"handles", "place"}),
    "reports.formats": ("reports.formats.registry", {"NAME", "render"}),
}
"""Of each folder of leaves: what lists them, and the names by which it calls each.

It is a module, or a folder: each kind of forge names its adapter.
"""
OPTIONAL = {"discover.pins": {"of_arguments", "components", "FILE_NAMES", "FOLDERS"}}
"""What only some leaves have, and the registry looks for."""


def leaves(folder: str) -> list[str]:
    """The leaves of a folder: its modules, at any depth, that have the names."""
    wanted = REGISTERED[folder][1]
    found = [module for module in MODULES if short(module).startswith(f"{folder}.")]
    return [module for module in found if wanted <= bound(module)]


def bound(module: str) -> set[str]:
    """The names that a module binds at its top."""
    targets = [
        target
        for node in tree(module).body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    assigned = {target.id for target in targets if isinstance(target, ast.Name)}
    return assigned | {node.name for node in tree(module).body if isinstance(node, Definition)}


@pytest.mark.parametrize("folder", REGISTERED)
def test_every_leaf_is_registered(folder: str) -> None:
    registry = f"fluxbump.{REGISTERED[folder][0]}"
    lists = [m for m in MODULES if m == registry or m.startswith(f"{registry}.")]
    text = "".join(MODULES[module].read_text("utf-8") for module in lists)
    listed = {own(name) for name in imports(registry)}
    assert [leaf for leaf in leaves(folder) if leaf not in listed and f'"{leaf}' not in text] == []
    assert len(leaves(folder)) > 2


def aliases(module: str) -> tuple[Mapping[str, set[str]], set[tuple[str, str]]]:
    """What the names of a module lead to: other modules, and names in other modules."""
    modules: dict[str, set[str]] = defaultdict(set)
    taken: set[tuple[str, str]] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias, full in zip(node.names, names(node), strict=True):
                place = own(full)
                if full in MODULES:
                    modules[alias.asname or alias.name].add(full)
                elif place is not None:
                    taken.add((place, alias.name))
    return modules, taken


def uses(module: str) -> Iterator[tuple[str, str]]:
    """What a module uses of this package: the module, and the name in it.

    A name of its own counts where it stands outside of its definition.
    """
    modules, taken = aliases(module)
    yield from taken
    for node in tree(module).body:
        itself = getattr(node, "name", None)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id != itself:
                yield module, inner.id
            if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
                yield from ((place, inner.attr) for place in modules.get(inner.value.id, ()))


def test_every_public_function_has_a_caller_outside_the_tests() -> None:
    used = {found for module in MODULES for found in uses(module)}
    used |= {(f"fluxbump.cli.{leaf}", command) for command, leaf in app.COMMANDS.items()}
    used |= {
        (leaf, name) for folder in REGISTERED for leaf in leaves(folder)
        for name in REGISTERED[folder][1] | OPTIONAL.get(folder, set())
    }  # fmt: skip
    unused = [
        f"{short(module)}.{node.name}"
        for module in MODULES
        for node in definitions(module)
        if (module, node.name) not in used
    ]
    assert set(unused) == set()


def test_every_public_method_has_a_caller_outside_the_tests() -> None:
    """By its name alone, so two of one name count for each other."""
    called = {
        node.attr
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute)
    }
    unused = [
        f"{short(module)}.{node.name}.{method.name}"
        for module in MODULES
        for node in definitions(module)
        # What a library calls has its name from there: `class _Stream(httpcore.NetworkStream)`.
        if isinstance(node, ast.ClassDef)
        and not any(isinstance(base, ast.Attribute) for base in node.bases)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
        if method.name not in called
        and not any("override" in ast.unparse(mark) for mark in method.decorator_list)
    ]
    assert unused == []


# --- parameters -------------------------------------------------------------------------------

MOST_PARAMETERS = 8


def test_no_function_takes_many_parameters() -> None:
    """Outside of `cli`, where typer makes options of them."""
    found = set()
    for module in MODULES:
        if within(module, {"cli"}):
            continue
        for node in ast.walk(tree(module)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                if sum(one.arg not in ("self", "cls") for one in taken) > MOST_PARAMETERS:
                    found.add(f"{short(module)}.{node.name}")
    assert found == set()


# --- the table of libraries -------------------------------------------------------------------

DISTRIBUTIONS = {"ruamel.yaml": "ruamel", "GitPython": "git"}
"""Libraries that are imported by another name than their own."""
ANYWHERE = "every room"


def importers() -> dict[str, set[str]]:
    """The modules that import each library, as `room/module`."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in MODULES:
        for name in imports(module):
            library = name.partition(".")[0]
            if library not in sys.stdlib_module_names and library != "fluxbump":
                found[library].add(short(module).replace(".", "/"))
    return dict(found)


def told() -> dict[str, str]:
    """What the design says of who imports each library."""
    section = DESIGN.partition("\n## Libraries\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\w.]+)[^|]* \| ([^|]+) \| [^|]+ \|$", section, re.MULTILINE)
    return {DISTRIBUTIONS.get(name, name): who.strip() for name, who in rows if name != "Library"}


def test_libraries_are_imported_where_the_design_says() -> None:
    found, said = importers(), told()
    assert said.keys() == found.keys()
    for library, who in said.items():
        if who == ANYWHERE:
            assert len({place.partition("/")[0] for place in found[library]}) > 5, library
            continue
        places = set(re.findall(r"`([\w/]+)`", who))
        strays = {one for one in found[library] if not is_below(one, places)}
        idle = {
            place for place in places if not any(is_below(one, {place}) for one in found[library])
        }
        assert (library, strays, idle) == (library, set(), set())


def is_below(module: str, places: Set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}/") for place in places)


# --- exit codes -------------------------------------------------------------------------------


def classes() -> list[type[errors.FluxbumpError]]:
    found = [one for one in vars(errors).values() if isinstance(one, type)]
    return [one for one in found if issubclass(one, errors.FluxbumpError)]


def test_the_table_of_exit_codes_has_all_that_there_are() -> None:
    outcomes = {exit_code_for(outcome.value) for outcome in decision.Outcome}
    signals = {128 + 2, 128 + 15}
    raised = {one.exit_code for one in classes()}
    assert set(errors.EXIT_CODES) == {0, 1} | outcomes | signals | raised
    assert list(errors.EXIT_CODES) == sorted(errors.EXIT_CODES)


def test_help_prints_the_table_of_exit_codes() -> None:
    said = [code for code, meaning in help_layout.exit_codes("") if meaning]
    assert said == [str(code) for code in errors.EXIT_CODES]


def test_the_documents_have_the_table_of_exit_codes() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text("utf-8")
    assert re.findall(r"^\| (\d+) \|", text, re.MULTILINE) == [str(c) for c in errors.EXIT_CODES]


def test_the_tree_of_errors_draws_the_classes() -> None:
    drawn = re.findall(r"[├└]── (\w+) +(\d+) ", errors.__doc__ or "")
    found = {one.__name__: str(one.exit_code) for one in classes()}
    del found["FluxbumpError"]
    assert dict(drawn) == found
