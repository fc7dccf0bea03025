"""Runs the program: finds the command, and turns errors into messages and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from inspect import signature
from typing import Annotated

import typer

from fluxbump.cli.console import Console, beside_result, prepare_streams
from fluxbump.cli.output import typed_command
from fluxbump.cli.shell import completion
from fluxbump.cli.shell.option_groups import flat
from fluxbump.cli.shell.quick_parameters import Command, Group
from fluxbump.errors import (
    BUG,
    INTERRUPTED,
    TERMINATED,
    Again,
    FluxbumpError,
    MachineError,
    UsageError,
)
from fluxbump.model import Step
from fluxbump.system import changes_made, resource_errors
from fluxbump.text.patterns import lazy_pattern
from fluxbump.version import __version__

COMMANDS = {
    "to": "to",
    "sync": "sync",
    "run": "run",
    "fleet": "fleet",
    "check": "check",
    "status": "status",
    "path": "path",
    "matrix": "path",
    "recover": "recover",
    "releases": "releases",
    "rules": "rules",
    "rule": "rules",
    "init": "init",
    "schema": "schema",
}
"""The commands and their modules in this room, in the order of the help."""
_VERSION = "--version"

_MISTYPED = lazy_pattern(
    r"(?P<what>No such (?:option: |command ')(?P<word>\S+?)'?)"
    r"(?: \(Possible options: |\. Did you mean )(?P<names>.+)[?)]"
)
"""Matches typer's message that a word is not known, with the similar words."""


def _print_version(value: bool) -> None:  # noqa: FBT001  # typer's callback signature
    if value:
        typer.echo(f"fluxbump {__version__}")
        raise typer.Exit


def _program(
    *,
    version: Annotated[
        bool,
        typer.Option(_VERSION, callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Move every Flux pin of a GitOps monorepo to one release, in one commit, or refuse."""


def build(names: Iterable[str] = tuple(COMMANDS)) -> typer.Typer:
    """Build the program with these commands, and import the module of each."""
    app = typer.Typer(
        name="fluxbump",
        cls=Group,
        no_args_is_help=True,
        rich_markup_mode=None,  # plain help starts twice as fast and reads well in a pipe
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    for name in names:
        leaf = import_module(f"fluxbump.cli.{COMMANDS[name]}")
        app.command(name, cls=Command)(flat(getattr(leaf, name)))
    return app


def _needed(arguments: Sequence[str]) -> Iterable[str]:
    """Return the called command, or all commands for help, completion, and an unknown word."""
    called = arguments[0] if arguments else ""
    if called == _VERSION:
        return ()
    return (called,) if called in COMMANDS and completion.VARIABLE not in os.environ else COMMANDS


def run(arguments: Sequence[str]) -> int:
    """Run the command line, and return the exit code."""
    # Read before parsing, because a usage error must be printed too.
    console = Console(verbose="--verbose" in arguments)
    # Unwind on SIGTERM as on Ctrl-C, so that scratch directories go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    prepare_streams()
    changes_made.begin()
    typed_command.remember(arguments)
    try:
        if completion.asked(arguments):
            console.commands(completion.answer(*arguments))
            return 0
        app = build(_needed(arguments))
        result = app(args=list(arguments), standalone_mode=False, prog_name="fluxbump")
    except FluxbumpError as error:
        console.error(error)
        return error.exit_code
    except typer.TyperException as error:
        return _usage(error, console)
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    except Exception as error:  # the border: what arrives here is a bug, or a lack
        lack = resource_errors.lacking(error) if isinstance(error, (OSError, ImportError)) else None
        if lack is None:
            return _bug(error, console, advises=_takes_verbose(arguments))
        return _lacking(lack, console)
    if result == INTERRUPTED:
        done = changes_made.so_far()
        told = f"by then it had {done}" if done else "fluxbump left nothing half done"
        console.line(f"fluxbump: interrupted ({told})")
    return result if isinstance(result, int) else 0


def _usage(error: typer.TyperException, console: Console) -> int:
    if error.format_message().startswith("Usage:"):  # no command at all: this is the help
        beside_result(f"{error.format_message()}\n")
        return error.exit_code
    message = " ".join(error.format_message().split())
    if message:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "fluxbump"
        message, *steps = _meant(message)
        problem = message[0].lower() + message[1:].rstrip(".")
        console.error(UsageError(problem, hint=f"see {command} --help", next=steps), error)
    return error.exit_code


def _meant(message: str) -> tuple[str, *tuple[Step, ...]]:
    """Return a usage error without typer's similar words, and the command with the nearest one."""
    found = _MISTYPED.match(message)
    if found is None:
        return (message,)
    from difflib import get_close_matches

    word, names = found["word"], found["names"].replace("'", "").split(", ")
    (nearest,) = get_close_matches(word, names, 1, cutoff=0)
    return found["what"], Step(typed_command.again(instead={word: nearest}))


def _lacking(lack: MachineError, console: Console) -> int:
    done = changes_made.so_far()
    told = f"before that, fluxbump had {done}" if done else "fluxbump wrote nothing"
    console.error(MachineError(lack.message, where=lack.where, facts=[told], hint=lack.hint))
    return lack.exit_code


def _takes_verbose(arguments: Sequence[str]) -> bool:
    """Tell whether the called command has the option `--verbose`."""
    called = arguments[0] if arguments else ""
    leaf = sys.modules.get(f"fluxbump.cli.{COMMANDS.get(called, '')}")
    command = getattr(leaf, called, None)
    return command is not None and "verbose" in signature(flat(command)).parameters


def _bug(error: Exception, console: Console, *, advises: bool) -> int:
    """Print that there is a bug, and how to see its traceback.

    Args:
        error: the unexpected exception.
        console: takes the error.
        advises: whether the command takes `--verbose`. If not, the traceback is printed at once.
    """
    done = changes_made.so_far()
    told = f"before that, fluxbump had {done}" if done else "fluxbump wrote nothing"
    verbose = Again(("--verbose",), "prints what to report")
    shown = FluxbumpError(
        f"bug in fluxbump: {type(error).__name__}: {error}",
        facts=[told],
        next=[verbose] if advises and not console.verbose else [],
    )
    (console if advises else Console(verbose=True)).error(shown, error)
    return BUG
