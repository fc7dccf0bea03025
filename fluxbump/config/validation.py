"""YAML that people write, held against a model; errors name the file, the line and the key. Pure.

Imported only by what reads a configuration: the models cost as much at start-up as git does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fluxbump.errors import ConfigError
from fluxbump.model import Location
from fluxbump.text import yaml
from fluxbump.text.yaml import Document

Model = TypeVar("Model", bound=BaseModel)


def load(text: str, file: str) -> Any:
    """Return what a text holds; None when it holds nothing.

    Args:
        text: of one YAML document.
        file: its name, for messages.

    Raises:
        ConfigError: it is not YAML, or a key stands in it twice.
    """
    try:
        content = yaml.load(text.removeprefix("\ufeff"))
    except yaml.YamlProblem as problem:
        where = Location(file, problem.line + 1, problem.column + 1)
        raise ConfigError(f"not YAML: {problem.message}", where=where) from None
    _refuse_duplicates(text, file)
    return content


def _refuse_duplicates(text: str, file: str) -> None:
    """Of two keys with one name a reader sees the first, and the parser takes the last."""
    document = yaml.documents(text, file)[0]
    for mapping in yaml.mappings(document.root):
        seen: set[str] = set()
        for key, _ in mapping.value:
            if key.value in seen:
                raise ConfigError(f"{key.value} stands here twice", where=document.at(key))
            seen.add(key.value)


def check(model: type[Model], content: Any, text: str, file: str, hint: str) -> Model:
    """Hold what was loaded against a model.

    Args:
        model: what is allowed.
        content: what was loaded.
        text: it was loaded from, for the line of what is wrong.
        file: its name, for messages.
        hint: what the reader can do next.

    Raises:
        ConfigError: it does not fit; says what is wrong first in the file, and how much more.
    """
    try:
        return model.model_validate({} if content is None else content)
    except ValidationError as error:
        raise _config_error(text, error, file, hint) from None


def lines(text: str, file: str, key: str) -> list[int]:
    """Return the line of each entry of a list at the top."""
    document = yaml.documents(text, file)[0]
    return [document.at(one).line for one in yaml.items(yaml.get(document.root, key))]


def _config_error(text: str, error: ValidationError, file: str, hint: str) -> ConfigError:
    """Say what is wrong first in the file, and how much more there is."""
    document = yaml.documents(text, file)[0]
    found = [(_place(document, one["loc"]), one) for one in error.errors(include_url=False)]
    where, first = min(found, key=lambda one: one[0])
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "unknown key"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    name = path.lstrip(".") or "the file"
    return ConfigError(f"{name}: {message[:1].lower()}{message[1:]}{more}", where=where, hint=hint)


def _place(document: Document, path: Sequence[str | int]) -> Location:
    """Return where a value stands, or else the nearest that it would stand in."""
    node = document.root
    for key in path:
        below = _child(node, key)
        if below is None:
            break
        node = below
    return document.at(node)


def _child(node: Any, key: str | int) -> Any:
    if isinstance(key, int):
        return next((item for n, item in enumerate(yaml.items(node)) if n == key), None)
    return yaml.get(node, key)
