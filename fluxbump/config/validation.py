"""YAML that people write, held against a type; errors name the file, the line and the key. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from fluxbump.errors import ConfigError
from fluxbump.model import Location
from fluxbump.text import yaml, yaml_load
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Document

T = TypeVar("T")

Key = str | int
"""A key of a mapping, or the number of an item in a list."""

Problem = tuple[tuple[Key, ...], str]
"""Where something is wrong, and what: `(("pins", 0, "track"), "is missing")`."""

_MOST = 50
"""Problems that are counted; a person mends one after the other."""

_AT = lazy_pattern(r"(?P<message>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>.*)`)?", re.DOTALL)
_STEP = lazy_pattern(r"\.(?P<key>[^.\[\]]+)|\[(?P<number>[0-9]+)\]")
_UNKNOWN = lazy_pattern(r"Object contains unknown field `(?P<key>.*)`", re.DOTALL)
_MISSING = lazy_pattern(r"Object missing required field `(?P<key>.*)`")
_TYPES = lazy_pattern(r"Expected `(?P<wanted>[^`]+)`, got `(?P<given>[^`]+)`")
_BOUND = lazy_pattern(r"Expected `(?:int|float)` (?P<bound>[<>]=? \S+)")
_LENGTH = lazy_pattern(r"Expected `(?:str|array)` of length (?P<bound>[<>]=? \d+)")
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def load(text: str, file: str) -> Any:
    """Return what a text holds; None when it holds nothing.

    Args:
        text: of one YAML document.
        file: its name, for messages.

    Raises:
        ConfigError: it is not YAML, it has a key twice, or text that is no Unicode.
    """
    try:
        content = yaml_load.load(text.removeprefix("\ufeff"))
    except yaml.YamlError as problem:
        where = Location(file, problem.line + 1, problem.column + 1)
        raise ConfigError(f"not YAML: {problem.message}", where=where) from None
    document = yaml.documents(text, file)[0]
    _refuse_half_characters(document)
    _refuse_duplicates(document)
    return content


def _refuse_half_characters(document: Document) -> None:
    """An escape can make half of a character, a surrogate, which no program or forge takes."""
    keys = (key for mapping in yaml.mappings(document.root) for key, _ in mapping.value)
    for scalar in (*yaml.scalars(document.root), *keys):
        if any("\ud800" <= character <= "\udfff" for character in scalar.value):
            raise ConfigError("this text is not valid Unicode", where=document.at(scalar))


def _refuse_duplicates(document: Document) -> None:
    """Of two keys with one name a reader sees the first, and the parser takes the last."""
    for mapping in yaml.mappings(document.root):
        seen: set[str] = set()
        for key, _ in mapping.value:
            if key.value in seen:
                raise ConfigError(f"{key.value} appears twice", where=document.at(key))
            seen.add(key.value)


class FileForm(msgspec.Struct, frozen=True):
    """What a file may hold.

    Attributes:
        type: a Struct with `forbid_unknown_fields`.
        file: the file's name, for messages.
        hint: what the reader can do next.
        problems: finds what the type alone cannot say, in a value that fits it.
    """

    type: Any
    file: str
    hint: str
    problems: Callable[[Any], Iterable[Problem]]


def check(form: FileForm, content: Any, text: str) -> Any:
    """Hold what was loaded against a form, and return it as its type.

    Args:
        form: what is allowed.
        content: what was loaded.
        text: it was loaded from, for the line of what is wrong.

    Raises:
        ConfigError: it does not fit; says what is wrong first in the file, and how much more.
    """
    content = {} if content is None else content
    found: list[Problem] = []
    rest = content
    while len(found) < _MOST:
        try:
            value = msgspec.convert(rest, form.type, strict=False)  # scalars are loaded as text
        except msgspec.ValidationError as error:
            problem = _problem(str(error), form.type)
            if any(problem[0] == path[:1] for path, _ in found):
                break  # what was taken out is required
            found.append(problem)
            rest = _without(rest, problem[0])
            if rest is None:
                break
        else:
            found += form.problems(value)
            break
    if found:
        raise _config_error(text, found, form)
    return value


def _without(content: Any, path: Sequence[Key]) -> Any:
    """Return a content without the key at the top that holds a problem; None when there is none.

    What is left is held against the type again, so that all that is wrong is counted.
    """
    if not isinstance(content, dict) or not path or path[0] not in content:
        return None
    return {key: value for key, value in content.items() if key != path[0]}


def _problem(message: str, wanted: Any) -> Problem:
    match = _AT.fullmatch(message)
    said, path = (match["message"], match["path"] or "") if match else (message, "")
    steps = _STEP.finditer(path)
    keys = tuple(int(step["number"]) if step["number"] else step["key"] for step in steps)
    if match and match["key"]:
        return keys, "has a key that is not text"
    for pattern, words in ((_UNKNOWN, "unknown key"), (_MISSING, "is missing")):
        named = pattern.fullmatch(said)
        if named:
            return (*keys, named["key"]), words
    return keys, _words(said, keys, wanted)


def _words(said: str, keys: Sequence[Key], wanted: Any) -> str:
    """Say in words for people what the library found."""
    if said.startswith("Invalid enum value"):
        return f"must be {_or(_choices(wanted, keys))}"
    types = _TYPES.match(said)
    if types:
        allowed = [_WORDS.get(name.strip(), name) for name in types["wanted"].split("|")]
        allowed = [word for word in allowed if word != "nothing"] or allowed
        return f"must be {_or(allowed)}, not {_WORDS.get(types['given'], types['given'])}"
    bound, length = _BOUND.match(said), _LENGTH.match(said)
    if bound:
        return f"must be {bound['bound']}"
    if length:
        return f"must have a length {length['bound']}"
    if "matching regex" in said:
        return "holds characters, or a form, that are not allowed here"
    return said[:1].lower() + said[1:]


def _or(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _choices(wanted: Any, keys: Sequence[Key]) -> list[str]:
    """Return the words that the type allows at a place."""
    found: Any = inspect.type_info(wanted)
    for key in keys:
        if isinstance(found, inspect.StructType):
            found = next(field.type for field in found.fields if field.encode_name == key)
        elif isinstance(found, inspect.VarTupleType):
            found = found.item_type
        found = found.type if isinstance(found, inspect.Metadata) else found
    values = found.values if isinstance(found, inspect.LiteralType) else ("one of a few words",)
    return [str(value) for value in values]


def refusals(path: Sequence[Key], value: Any, refuse: Callable[[Any], object]) -> Iterator[Problem]:
    """Yield what a parser has against a value: the message of its ValueError.

    Args:
        path: where the value stands.
        value: in question; None is what was not said, and fine.
        refuse: raises ValueError with one line for people.
    """
    if value is None:
        return
    try:
        refuse(value)
    except ValueError as error:
        yield tuple(path), str(error)


def lines(text: str, file: str, key: str) -> list[int]:
    """Return the line of each entry of a list at the top."""
    document = yaml.documents(text, file)[0]
    return [document.at(item).line for item in yaml.items(yaml.get(document.root, key))]


def location(text: str, file: str, path: Sequence[Key]) -> Location:
    """Return where a value stands in a file that fits its form."""
    return _place(yaml.documents(text, file)[0], path)


def schema(wanted: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type, its definitions beside it under `$defs`."""
    (own,), definitions = msgspec.json.schema_components([wanted], ref_template="#/$defs/{name}")
    name = own["$ref"].rpartition("/")[2]
    found = deepcopy(definitions)
    return {"$defs": {key: value for key, value in found.items() if key != name}, **found[name]}


def _config_error(text: str, problems: Sequence[Problem], form: FileForm) -> ConfigError:
    """Say what is wrong first in the file, and how much more there is."""
    document = yaml.documents(text, form.file)[0]
    places = [(_place(document, path), number) for number, (path, _) in enumerate(problems)]
    where, first = min(places)
    path, message = problems[first]
    name = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    message = f"{name or 'the file'}: {message}{more}"
    return ConfigError(message, where=where, hint=form.hint)


def _place(document: Document, path: Sequence[Key]) -> Location:
    """Return where a value stands, or else the nearest that it would stand in."""
    node = document.root
    for key in path:
        below = _child(node, key)
        if below is None:
            break
        node = below
    return document.at(node)


def _child(node: Any, key: Key) -> Any:
    if isinstance(key, int):
        return next((item for n, item in enumerate(yaml.items(node)) if n == key), None)
    return yaml.get(node, key)
