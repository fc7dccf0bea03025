"""Validates YAML that people write against a type. Errors name file, line and key. Pure."""

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
"""The path to a wrong value, and what is wrong: `(("pins", 0, "track"), "is missing")`."""

_MOST = 50
"""The number of problems after which counting stops."""

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
    """Return the content of a YAML text; None if the text is empty.

    Args:
        text: the text of one YAML document.
        file: the name of the file, for messages.

    Raises:
        ConfigError: the text is not YAML, has a key twice, or holds invalid Unicode.
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
    """Refuse half characters (surrogates), which escapes can make and no forge accepts."""
    keys = (key for mapping in yaml.mappings(document.root) for key, _ in mapping.value)
    for scalar in (*yaml.scalars(document.root), *keys):
        if any("\ud800" <= character <= "\udfff" for character in scalar.value):
            raise ConfigError("this text is not valid Unicode", where=document.at(scalar))


def _refuse_duplicates(document: Document) -> None:
    """Refuse a key that appears twice: a reader sees the first, and the parser takes the last."""
    for mapping in yaml.mappings(document.root):
        seen: set[str] = set()
        for key, _ in mapping.value:
            if key.value in seen:
                raise ConfigError(f"{key.value} appears twice", where=document.at(key))
            seen.add(key.value)


class FileForm(msgspec.Struct, frozen=True):
    """The form of a file that people write: its type, and the checks that a type cannot express.

    Attributes:
        type: a Struct with `forbid_unknown_fields`.
        file: the name of the file, for messages.
        hint: what the reader can do next, for messages.
        problems: the function that yields further problems of a value that fits the type.
    """

    type: Any
    file: str
    hint: str
    problems: Callable[[Any], Iterable[Problem]]


def check(form: FileForm, content: Any, text: str) -> Any:
    """Validate loaded content against a form, and return it as a value of the form's type.

    Args:
        form: the form of the file.
        content: the content from `load`.
        text: the text that the content was loaded from, to find the line of a problem.

    Raises:
        ConfigError: the content does not fit. The message has the first problem in the file, and
            the number of the others.
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
    """Return the content without the top-level key that has a problem; None if it has no such key.

    The caller validates the rest again, so that it counts all problems.
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
    """Return a message of the library in plain words."""
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
    """Yield a problem if `refuse` raises a ValueError for a value; its message is the problem.

    Args:
        path: the path to the value.
        value: the value; None if it is not set, which is no problem.
        refuse: the function that raises a ValueError, with one line for people.
    """
    if value is None:
        return
    try:
        refuse(value)
    except ValueError as error:
        yield tuple(path), str(error)


def lines(text: str, file: str, key: str) -> list[int]:
    """Return the line number of each entry of the list under a top-level key."""
    document = yaml.documents(text, file)[0]
    return [document.at(item).line for item in yaml.items(yaml.get(document.root, key))]


def location(text: str, file: str, path: Sequence[Key]) -> Location:
    """Return the place of a value in a file that fits its form."""
    return _place(yaml.documents(text, file)[0], path)


def schema(wanted: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type, its definitions beside it under `$defs`."""
    (own,), definitions = msgspec.json.schema_components([wanted], ref_template="#/$defs/{name}")
    name = own["$ref"].rpartition("/")[2]
    found = deepcopy(definitions)
    return {"$defs": {key: value for key, value in found.items() if key != name}, **found[name]}


def _config_error(text: str, problems: Sequence[Problem], form: FileForm) -> ConfigError:
    """Return the error for the first problem in the file, with the number of the others."""
    document = yaml.documents(text, form.file)[0]
    places = [(_place(document, path), number) for number, (path, _) in enumerate(problems)]
    where, first = min(places)
    path, message = problems[first]
    name = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    message = f"{name or 'the file'}: {message}{more}"
    return ConfigError(message, where=where, hint=form.hint)


def _place(document: Document, path: Sequence[Key]) -> Location:
    """Return the place of a value, or of the innermost node that exists on its path."""
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
