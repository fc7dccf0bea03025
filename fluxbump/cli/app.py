"""The program: its commands, and the border where errors become one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from fluxbump import __version__
from fluxbump.cli import check, path, releases, rules, schema, status, to
from fluxbump.cli.console import Console, ReaderGoneError, prepare_streams
from fluxbump.errors import FluxbumpError

EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

_EPILOG = """
Exit codes: 0 done, or nothing to do; 1 a check failed; 2 wrong usage; 3 fluxbump.yaml;
4 no chart ships the release; 5 pins; 6 git; 7 chart index; 8 a missing program; 9 refused
without a flag; 70 a bug; 130 interrupted; 143 terminated.
"""

app = typer.Typer(
    name="fluxbump",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help starts twice as fast and reads well in a pipe
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
)
app.command("to", epilog=to.EPILOG)(to.to)
app.command("check", epilog=check.EPILOG)(check.check)
app.command("status")(status.status)
app.command("path")(path.path)
app.command("matrix")(path.matrix)
app.command("releases")(releases.releases)
app.command("rules")(rules.rules)
app.command("rule")(rules.rule)
app.command("schema")(schema.schema)


def _print_version(value: bool) -> None:  # noqa: FBT001  # typer's callback signature
    if value:
        typer.echo(f"fluxbump {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Move every Flux pin of a GitOps monorepo to one release, in one commit, or refuse."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    # Read before parsing, because a usage error must be printed too.
    console = Console(verbose="--verbose" in arguments)
    # Unwind on SIGTERM as on Ctrl-C, so that scratch directories go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
    prepare_streams()
    try:
        result = app(args=list(arguments), standalone_mode=False, prog_name="fluxbump")
    except FluxbumpError as error:
        console.error(error)
        return error.exit_code
    except typer.TyperException as error:
        return _usage(error, console)
    except (KeyboardInterrupt, typer.Abort):
        result = EXIT_INTERRUPTED
    except ReaderGoneError:
        # Not an error, and nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the border: what arrives here is a bug
        return _bug(error, console)
    if result == EXIT_INTERRUPTED:
        console.line("fluxbump: interrupted; nothing was left half done")
    return result if isinstance(result, int) else 0


def _usage(error: typer.TyperException, console: Console) -> int:
    if error.format_message().startswith("Usage:"):  # no command at all: this is the help
        sys.stderr.write(f"{error.format_message()}\n")
        return error.exit_code
    message = " ".join(error.format_message().split())
    if message:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "fluxbump"
        console.line(f"fluxbump: {message.rstrip('.')} (see {command} --help)")
    return error.exit_code


def _bug(error: Exception, console: Console) -> int:
    if console.verbose:
        traceback.print_exception(error)
    console.line(
        f"fluxbump: a bug in fluxbump, nothing was written: {type(error).__name__}: {error} "
        "(run again with --verbose and report what it prints)"
    )
    return EXIT_BUG
