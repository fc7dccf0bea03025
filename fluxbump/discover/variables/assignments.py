"""Finds the places where a file sets a variable, in any language. Pure.

A place with a computed value is found as well. A caller that follows a variable has to know all
places that set it, because they must agree on one version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fluxbump.discover.embedded import templated
from fluxbump.discover.variables import shell_arguments
from fluxbump.discover.variables.references import Reference
from fluxbump.discover.variables.terraform import of_terraform
from fluxbump.discover.variables.values import EXACT, Assignment, value_at
from fluxbump.text import versions, yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Node

_STATEMENT = lazy_pattern(
    r"""(?:^|[;&|({,]|\b(?:export|readonly|declare|typeset|local|global|ARG|ENV|RUN|then|do|else
    |const|let|var|val|final|static|define|override|set|script:|RUN))\s*(?:-\w+\s+)*
    ["']?$|[;{(,]\s*["']?$|^\s*-\s+["']?$|\{%-?\s*set\s+$""",
    re.VERBOSE,
)
_BY_BLANK = lazy_pattern(r"^\s*(?:ENV|setenv|set(?:\s+-{1,2}[\w-]+)*)\s+$")
_YAML_KEY = lazy_pattern(r"""(?:^|[{,])[\s-]*["']?$""")
_POWERSHELL = lazy_pattern(
    r"(?:^|[;(,])\s*(?:\[\w+\]\s*)?\$(?:env:|script:|global:)?$", re.IGNORECASE
)
_GO_TEMPLATE = lazy_pattern(r"\{\{-?\s*\$$")
_NESTED = lazy_pattern(r"""[ \t]*\r?\n(?:[ \t][^\n]*\n){0,6}?[ \t]+(?:default|value):[ \t]*""")
_ENV_ENTRY = lazy_pattern(r"""^\s*-\s*name:\s*["']?$""")
_ENV_VALUE = lazy_pattern(r"""["']?[ \t]*\r?\n[ \t]+value:[ \t]*""")


def find(file: TextFile, reference: Reference) -> Sequence[Assignment]:
    """Return the places in `file` that set the variable of a reference, in the file's order.

    Raises:
        ExceededError: the search needs more steps than the budget of the file allows, for example
            for thousands of references to a variable that is set in thousands of places.
    """
    found = file.once((Assignment, reference.name, reference.scope), lambda: _find(file, reference))
    file.spend(1 + len(found))
    return found


def _find(file: TextFile, reference: Reference) -> Sequence[Assignment]:
    name, scope = reference.name, reference.scope
    if scope in ("var", "local"):
        found = of_terraform(file, reference)
    elif scope == shell_arguments.SCOPE:
        found = _arguments(file, *name)
    elif len(name) > 1 or scope == "Values":
        found = _below(file, name)
    else:
        found = _named(file, name[0])
    unique = {
        assignment.start: assignment for assignment in found if file.is_live(assignment.start)
    }
    return tuple(unique[start] for start in sorted(unique))


def _arguments(file: TextFile, function: str, number: str) -> Iterator[Assignment]:
    """Yield the argument `number` of each call of a function.

    An assignment has no version if the call has fewer arguments, or if the argument is more than
    a version.
    """
    for start, end in shell_arguments.arguments(file, function, int(number)):
        found = value_at(file, start) if end > start else None
        whole = found is not None and found.start - 2 <= start and found.end <= end <= found.end + 1
        yield found if found and whole else Assignment(start, end, None)


def _named(file: TextFile, name: str) -> Iterator[Assignment]:
    offsets = file.words.get(name, ())
    file.spend(len(offsets))
    for offset in offsets:
        end = offset + len(name)
        before = file.text[max(file.line_span(offset)[0], offset - 500) : offset]
        before = before.removeprefix("\ufeff")  # a byte order mark is before the first line
        start = _value_start(file, before, end)
        if start is not None:
            found = value_at(file, start)
            # A variable that is set to itself is only passed on. In Terraform, `name = var.name`
            # gives a template what the module has.
            if found and (found.alias is None or found.alias.scope or found.alias.name != (name,)):
                yield found
        if before.endswith("${"):
            yield from _default(file.text, end)


_OPERATOR = lazy_pattern(r"""["']?[ \t]*(?::=|\?=|\+=|=(?![=~]))[ \t]*|["']?[ \t]*:(?=[ \t\r\n])""")


def _value_start(file: TextFile, before: str, end: int) -> int | None:
    """Return the offset of the value that is assigned to a name; None if this is no assignment.

    Args:
        file: the file with the name.
        before: the text of the line before the name.
        end: the offset behind the name.
    """
    operator = _OPERATOR.match(file.text, end)
    if operator is None:
        blank = file.text[end : end + 1] in (" ", "\t") and _BY_BLANK.match(before)
        entry = _ENV_VALUE.match(file.text, end) if _ENV_ENTRY.match(before) else None
        return entry.end() if entry else end + 1 if blank else None
    sign = operator.group().strip("\"' \t")
    if sign == ":":
        if not _YAML_KEY.search(before):
            return None
        nested = _NESTED.match(file.text, operator.end())
        return nested.end() if nested else operator.end()
    tight = operator.group() == "=" and (before[-1:] in ("", " ", "\t", '"', "'"))
    if before.endswith("$"):
        template = sign == ":=" and _GO_TEMPLATE.search(before)
        return operator.end() if template or _POWERSHELL.search(before) else None
    return operator.end() if tight or _STATEMENT.search(before) else None


_DEFAULT = lazy_pattern(rf"""\}}?:?[-=]["']?v?(?P<version>{versions.FULL.pattern})["']?\}}""")


def _default(text: str, end: int) -> Iterator[Assignment]:
    """Yield the default in a shell expansion such as `${NAME:-v2.4.0}`, from the name's end."""
    match = _DEFAULT.match(text, end)
    if match:
        yield Assignment(*match.span("version"), match["version"])


LOOKED_THROUGH = 200
"""How many characters cost one step of the budget when a whole text is searched."""


def _below(file: TextFile, name: tuple[str, ...]) -> Iterator[Assignment]:
    if name[-1] not in file.text:
        return
    file.spend(len(file.text) // LOOKED_THROUGH)
    for document in templated.documents(file) if _ENVIRONMENTS in file.text else file.documents:
        for values in _values(document.root):
            scalar = document.scalar(yaml.get(values, *name))
            exact = EXACT.fullmatch(scalar.value) if scalar else None
            if scalar and exact and scalar.editable:
                yield Assignment(scalar.start + exact.start(1), scalar.end, exact[1])
            elif scalar:
                yield Assignment(scalar.start, scalar.end, None)


_ENVIRONMENTS = "environments:"


def _values(root: Node | None) -> Iterator[Node | None]:
    """Yield the root of a document, and the items of each list `values` that a helmfile has.

    A helmfile has such a list at its top, and one in each of its environments.
    """
    yield root
    environments = (value for _, value in yaml.entries(yaml.get(root, "environments")))
    for holder in (root, *environments):
        yield from yaml.items(yaml.get(holder, "values"))
