"""Commands whose parameters turn plain words into values without pydantic, and their help.

typer (from 0.28) builds a pydantic adapter for every parameter of the command that is called, also
for those that nobody gave. `make bench`: on 1,000 files, `to --dry-run` takes 23 % more processor
time without this (best of 9, in turn). What is not as plain as that goes typer's own way.

The help has its options in groups. typer can do that with rich only, whose import takes longer than
the rest of the help.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typing_extensions import override

from fluxbump.text.patterns import lazy_pattern

_INTEGER = lazy_pattern(r"[+-]?\d+")


_SUMMARY = 80  # characters; no summary of a command is longer


class _Help:
    """The parts of a help text that differ from typer's. Their content is in `help_…`."""

    def get_help(self, ctx: Any) -> str:
        """Return the help text."""
        from fluxbump.cli.shell.help_text import HelpText

        written = HelpText()
        self.format_help(ctx, written)  # type: ignore[attr-defined]  # typer's class has it
        return written.getvalue().rstrip("\n")

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the line that shows how the command is called."""
        pieces = self.collect_usage_pieces(ctx)  # type: ignore[attr-defined]  # as above
        formatter.write_usage(ctx.command_path, " ".join(pieces))

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the description and the examples."""
        super().format_help_text(ctx, formatter)  # type: ignore[misc]  # typer's class is the next
        from fluxbump.cli.shell import help_examples, help_layout

        name = _name(ctx)
        if name in help_layout.NOTES:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(help_layout.NOTES[name])
        if lines := help_examples.examples(name):
            with formatter.section("Examples"):
                formatter.write_examples(lines)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the exit codes."""
        from fluxbump.cli.shell import help_layout

        with formatter.section("Exit codes"):
            codes = help_layout.exit_codes(_name(ctx))
            if codes:
                formatter.write_dl(codes)
            formatter.write_text(help_layout.others(_name(ctx)))


class Command(_Help, TyperCommand):
    """A command whose parameters are read the quick way."""

    @override
    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, and the options in groups."""
        from fluxbump.cli.shell import help_layout

        groups: dict[str, list[tuple[str, str]]] = {
            title: [] for title in ("Arguments", *help_layout.GROUPS, help_layout.REST)
        }
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                option = parameter.param_type_name == "option"
                group = help_layout.group_of(parameter.opts) if option else "Arguments"
                groups[group].append(record)
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its parameters, `--help` among them."""
        return _quick(super().get_params(ctx))

    @override
    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the whole summary, which a shell shows beside the command."""
        return super().get_short_help_str(max(limit, _SUMMARY))


class Group(_Help, TyperGroup):
    """The program, whose own parameters are read the quick way."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its parameters, `--help` among them."""
        return _quick(super().get_params(ctx))


def _name(ctx: Any) -> str:
    """Return the name of a command. Empty for the program."""
    return ctx.info_name if ctx.parent else ""


def _quick(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        parameter.__class__ = _QUICK.get(type(parameter), type(parameter))
    return parameters


class _Option(TyperOption):
    def process_value(self, ctx: Any, value: Any) -> Any:
        return _processed(self, ctx, value, super().process_value)


class _Argument(TyperArgument):
    def process_value(self, ctx: Any, value: Any) -> Any:
        return _processed(self, ctx, value, super().process_value)


_QUICK: dict[type, type] = {TyperOption: _Option, TyperArgument: _Argument}


def _processed(
    parameter: TyperOption | TyperArgument, ctx: Any, value: Any, own: Callable[[Any, Any], Any]
) -> Any:
    read = _read(parameter.type_descriptor.annotation, value)
    if read is _UNREAD or (read is None and parameter.required):
        return own(ctx, value)
    return parameter.callback(ctx, parameter, read) if parameter.callback else read


_UNREAD = object()


def _read(kind: Any, value: Any) -> Any:
    """Return the value of a word for a type of parameter; `_UNREAD` if typer has to convert it."""
    if value is None or (kind in (str, bool, Path) and isinstance(value, kind)):
        return value
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is int and isinstance(value, str) and not _INTEGER.fullmatch(value):
        raise typer.BadParameter(f"{value!r} is not a whole number")
    if kind == list[str] and isinstance(value, (list, tuple)):
        return [*value]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice(kind, value)
    return _UNREAD


def _choice(kind: type[Enum], value: Any) -> Any:
    known = {member.value: member for member in kind}
    if value not in known:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(known)}")
    return known[value]
