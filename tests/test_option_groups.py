"""Options that belong together are one value for a command, and many options for typer."""

from __future__ import annotations

import ast
import inspect
from typing import Annotated

import pytest
import typer
from msgspec import Struct

from fluxbump.cli.app import COMMANDS, build
from fluxbump.cli.shell.option_groups import Flat, OptionGroup, flat
from fluxbump.workspace import Session
from tests.helpers import Cli
from tests.test_architecture import MODULES, tree, within


class Two(Struct, frozen=True):
    first: str
    second: bool


Word = Annotated[str, typer.Option("--first")]
GROUP = OptionGroup(
    Two,
    first=Flat(Word, default="x", before="plain"),
    second=Flat(Annotated[bool, typer.Option("--second")], default=False),
)


def command(name: str, *, plain: int = 3, two: Annotated[Two, GROUP]) -> tuple[object, ...]:
    """Say what came."""
    return name, plain, two


def test_the_options_of_a_group_stand_where_they_say() -> None:
    found = inspect.signature(flat(command)).parameters
    assert list(found) == ["name", "first", "plain", "second"]
    assert (found["first"].default, found["second"].default) == ("x", False)
    assert found["first"].annotation == Word
    assert flat(command).__doc__ == "Say what came."


def test_the_command_gets_the_value() -> None:
    came = flat(command)(name="n", plain=4, first="f", second=True)
    assert came == ("n", 4, Two("f", second=True))


def test_no_option_that_a_group_holds_is_given_by_hand() -> None:
    """Each command takes it by the group, so that none can be handed on alone."""
    grouped = {"index", "releases", "offline", "helm", "flux", "quiet", "verbose", "kubernetes"}
    for command_ in build().registered_commands:
        own = inspect.signature(inspect.unwrap(command_.callback or command)).parameters
        assert own.keys() & grouped == set(), command_.name
        assert len(own) <= 19, command_.name
    assert len(build().registered_commands) == len(COMMANDS)


def test_the_help_lists_them_in_the_order_of_before(cli: Cli) -> None:
    help_text = cli("to", "--help").out
    order = [help_text.index(f"  --{name} ") for name in ("render", "kubernetes", "helm", "flux")]
    assert order == sorted(order)


# --- sessions ---------------------------------------------------------------------------------

SESSION = {name for name in vars(Session) if not name.startswith("_")} - {"ever_held"}
"""What a session holds."""
COMMANDS_OF_SESSIONS = [module for module in MODULES if within(module, {"cli", "api", "run"})]


def handed_on(call: ast.Call) -> set[str]:
    """The values of a session that a call hands on."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return {
        node.attr
        for value in given
        for node in ast.walk(value)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, (ast.Name, ast.Attribute))
        and ast.unparse(node.value).rpartition(".")[2] in {"session", "opened"}
        and node.attr in SESSION
    }


@pytest.mark.parametrize("module", COMMANDS_OF_SESSIONS)
def test_no_command_hands_on_more_than_one_value_of_a_session(module: str) -> None:
    """What needs two of them takes the session."""
    calls = [node for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
    assert [(call.lineno, found) for call in calls if len(found := handed_on(call)) > 1] == []


def test_values_that_are_handed_on_are_seen() -> None:
    (call,) = [
        n
        for n in ast.walk(ast.parse("f(session.index, x=session.settings.run)"))
        if isinstance(n, ast.Call)
    ]
    assert handed_on(call) == {"index", "settings"}
