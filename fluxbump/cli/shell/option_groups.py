"""Lets a command take a group of options as one value, while typer sees each option.

typer has no such groups: it makes an option of each parameter. So a parameter that is annotated
with an `OptionGroup` is replaced by the options of the group before typer reads the command, and
the value is made of them when the command is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Annotated, Any, get_args, get_origin

from msgspec import Struct


class Flat(Struct, frozen=True):
    """One option of a group.

    Attributes:
        annotation: the annotation of the parameter for typer.
        default: the value if the user does not give the option.
        before: the name of the option that follows it in `--help`, if the command has that one.
    """

    annotation: Any
    default: Any = None
    before: str = ""


class OptionGroup:
    """A group of options from which one value is made."""

    def __init__(self, make: Callable[..., object], **options: Flat) -> None:
        """Name the options of a group.

        Args:
            make: makes the value from the options, by their names.
            options: the options, in the order of `--help`.
        """
        self._make = make
        self.options = options

    def value(self, given: dict[str, Any]) -> object:
        """Remove the options of the group from `given`, and return the value made of them."""
        return self._make(**{name: given.pop(name) for name in self.options})


def flat(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command that takes options, from one that takes groups of them."""
    signature = inspect.signature(command, eval_str=True)
    groups = dict(_groups(signature.parameters))

    @wraps(command)
    def call(**given: Any) -> Any:
        values = {name: group.value(given) for name, group in groups.items()}
        return command(**given, **values)

    parameters = _ordered(signature.parameters, groups)
    vars(call)["__signature__"] = signature.replace(parameters=parameters)
    # The signature has all that typer needs.
    call.__annotations__ = {}
    return call


def _groups(parameters: Mapping[str, inspect.Parameter]) -> Iterator[tuple[str, OptionGroup]]:
    for name, parameter in parameters.items():
        is_annotated = get_origin(parameter.annotation) is Annotated
        for note in get_args(parameter.annotation) if is_annotated else ():
            if isinstance(note, OptionGroup):
                yield name, note


def _ordered(
    parameters: Mapping[str, inspect.Parameter], groups: Mapping[str, OptionGroup]
) -> list[inspect.Parameter]:
    """Return the parameters, with the options of the groups, in the order of the help."""
    found: dict[str, inspect.Parameter] = {}
    placed: dict[str, str] = {}
    for name, parameter in parameters.items():
        if name not in groups:
            found[name] = parameter
            continue
        for option, how in groups[name].options.items():
            found[option] = inspect.Parameter(
                option, inspect.Parameter.KEYWORD_ONLY,
                default=how.default, annotation=how.annotation,
            )  # fmt: skip
            placed[option] = how.before
    order = list(found)
    for option, before in placed.items():
        if before in found:
            order.remove(option)
            order.insert(order.index(before), option)
    return [found[name] for name in order]
