"""Reads what Terraform files set a variable or a local value to. Pure.

The value is the default of a variable, an entry of a `.tfvars` file, an entry of `locals`, or an
argument of a `module` block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import dirname, join, normpath

from fluxbump.discover.variables.references import Reference
from fluxbump.discover.variables.values import Assignment, value_at
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.syntax import hcl


def of_terraform(file: TextFile, reference: Reference) -> Iterator[Assignment]:
    """Yield the places in a file that set the variable or the local value of a reference."""
    name, *keys = reference.name
    if ".tfvars" in file.path:
        if reference.scope == "var":
            for start in _given(file, name):
                yield from _in_value(file, start, keys)
    elif file.language is Language.HCL and reference.scope == "var":
        for block in file.once(_variables, lambda: _variables(file.text)).get(name, ()):
            default = block.attribute("default")
            found = [*_in_value(file, _raw(default), keys)] if default else []
            kind = block.attribute("type") if keys and not found else None
            yield from found or (_in_value(file, _raw(kind), keys) if kind else ())
    elif file.language is Language.HCL:
        for attribute in file.once(_locals, lambda: _locals(file.text)).get(name, ()):
            yield from _in_value(file, _raw(attribute), keys)


_BEFORE_GIVEN = lazy_pattern(r'\ufeff?[ \t]*"?')

_GIVEN = lazy_pattern(r'"?[ \t]*[=:]')


def _given(file: TextFile, name: str) -> Iterator[int]:
    """Yield the offsets of the values that a `.tfvars` file sets the variable `name` to."""
    for offset in file.words.get(name, ()):
        given = _GIVEN.match(file.text, offset + len(name))
        if given and _BEFORE_GIVEN.fullmatch(file.text, file.line_span(offset)[0], offset):
            yield given.end()


def _variables(text: str) -> dict[str, list[hcl.Block]]:
    """Return the `variable` blocks of a text, by the name of the variable."""
    found = dict[str, list[hcl.Block]]()
    for block in hcl.blocks(text, "variable") if "variable" in text else ():
        if len(block.labels) > 1:
            found.setdefault(block.labels[1], []).append(block)
    return found


def _locals(text: str) -> dict[str, list[hcl.Attribute]]:
    """Return the entries of the `locals` blocks of a text, by the name of the local value."""
    found = dict[str, list[hcl.Attribute]]()
    for block in hcl.blocks(text, "locals") if "locals" in text else ():
        for name, held in {held.name: held for held in reversed(block.attributes)}.items():
            found.setdefault(name, []).append(held)
    return found


def passed(file: TextFile, folder: str, name: str) -> Iterator[Assignment]:
    """Yield what the `module` blocks of a file set a variable of the called module to.

    Args:
        file: the Terraform file with the blocks.
        folder: the folder of the module that is called.
        name: the name of the variable.
    """
    calls = called(file).get(folder or ".", ())
    file.spend(len(calls))
    for call in calls:
        found = value_at(file, _raw(call[name])) if name in call else None
        if found:
            yield found


def called(file: TextFile) -> Mapping[str, Sequence[Mapping[str, hcl.Attribute]]]:
    """Return the attributes of each `module` block of a file, by the folder of the called module.

    Modules whose source is not a relative path are left out.
    """
    return file.once(called, lambda: _called(file))


def _called(file: TextFile) -> dict[str, list[dict[str, hcl.Attribute]]]:
    found = dict[str, list[dict[str, hcl.Attribute]]]()
    if file.language is not Language.HCL or "module" not in file.text:
        return found
    for block in hcl.blocks(file.text, "module"):
        source = block.attribute("source")
        if source and source.value and source.value.startswith(("./", "../")):
            folder = normpath(join(dirname(file.path), source.value))
            given = {held.name: held for held in reversed(block.attributes)}
            found.setdefault(folder, []).append(given)
    return found


def _raw(attribute: hcl.Attribute) -> int:
    return attribute.start - (attribute.value is not None)


_OF_OBJECT = 40
"""How many characters cost one step of the budget when the end of an object is searched."""


def _in_value(file: TextFile, start: int, keys: list[str]) -> Iterator[Assignment]:
    """Yield the value at `start`, or the value below `keys` if an object begins there."""
    end = _object_end(file.text, start) if keys else start
    file.spend((end - start) // _OF_OBJECT)
    for key in keys:
        match = re.compile(rf"""["']?{re.escape(key)}["']?[ \t]*[=:][ \t]*""").search(
            file.text, start, end
        )
        if match is None:
            return
        start = match.end()
    found = value_at(file, start)
    if found:
        yield found


def _object_end(text: str, start: int) -> int:
    depth = 0
    for match in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.end()
    return len(text)
