"""Where a text gives a variable its value, whatever the language. Pure.

Every place that sets the variable is found, also one with a computed value: only who knows them
all can tell what the variable holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import dirname, join, normpath

from msgspec import Struct

from fluxbump.discover.embedded import templated
from fluxbump.discover.variables import references, shell_arguments
from fluxbump.discover.variables.references import Reference
from fluxbump.text import hcl, versions, yaml
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Node


class Assignment(Struct, frozen=True):
    """One place that sets a variable.

    Attributes:
        start: offset of the version, without a leading `v`.
        end: offset behind it.
        version: the full version that is set; None if it is something else.
        alias: the variable that the value is taken from, if it is nothing but that.
    """

    start: int
    end: int
    version: str | None
    alias: Reference | None = None


_EXACT = lazy_pattern(rf"v?({versions.FULL.pattern})")
_VALUE = lazy_pattern(
    rf"""(?P<quote>["'])(?P<quoted>(?:(?!(?P=quote))[^\n])*)(?P=quote)"""
    rf"""|(?P<bare>(?:{references.PIECE}|[^\s;,&|#)}}\]])+)"""
)
_FALLBACK = lazy_pattern(
    r"""(?:coalesce|try|optional|lookup|env|env_var_or_default|getenv|os\.getenv)"""
    r"""\((?:[^()"'\n]|"[^"\n]*"|'[^'\n]*'){1,200}?,[ \t]*"""
    rf"""["']v?(?P<version>{versions.FULL.pattern})["'][ \t]*\)"""
)
"""A call whose last argument counts if the others come to nothing, as in `coalesce(var.x, "1")`."""
_JOINED = lazy_pattern(r"[ \t]*(?:\+|\.\.|\.\s*\w)")
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
    """Return every place of `file` that sets what a reference names, in order.

    Raises:
        ExceededError: thousands of references to as many places take more steps than it has.
    """
    found = file.once((Assignment, reference.name, reference.scope), lambda: _find(file, reference))
    file.spend(1 + len(found))
    return found


def _find(file: TextFile, reference: Reference) -> Sequence[Assignment]:
    name, scope = reference.name, reference.scope
    if scope in ("var", "local"):
        found = _terraform(file, reference)
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
    """Yield what each call of a function passes; no version where it passes nothing."""
    for start, end in shell_arguments.arguments(file, function, int(number)):
        found = _value(file, start) if end > start else None
        whole = found is not None and found.start - 2 <= start and found.end <= end <= found.end + 1
        yield found if found and whole else Assignment(start, end, None)


def _named(file: TextFile, name: str) -> Iterator[Assignment]:
    offsets = file.words.get(name, ())
    file.spend(len(offsets))
    for offset in offsets:
        end = offset + len(name)
        before = file.text[max(file.line_span(offset)[0], offset - 500) : offset]
        start = _value_start(file, before, end)
        if start is not None:
            found = _value(file, start)
            # A variable that is set to itself is only passed on.
            if found and (found.alias is None or found.alias.name != (name,)):
                yield found
        if before.endswith("${"):
            yield from _default(file.text, end)


_OPERATOR = lazy_pattern(r"""["']?[ \t]*(?::=|\?=|\+=|=(?![=~]))[ \t]*|["']?[ \t]*:(?=[ \t\r\n])""")


def _value_start(file: TextFile, before: str, end: int) -> int | None:
    """Return where the value begins that is given to a name; None if none is given."""
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


def _value(file: TextFile, start: int) -> Assignment | None:
    text = file.text
    while text[start : start + 1] in (" ", "\t"):
        start += 1
    fallback = _FALLBACK.match(text, start)
    if fallback:
        return Assignment(*fallback.span("version"), fallback["version"])
    match = _VALUE.match(text, start)
    if match is None:
        return None
    group = "bare" if match["quoted"] is None else "quoted"
    inner, begin = match[group], match.start(group)
    exact = _EXACT.fullmatch(inner)
    if exact and not _JOINED.match(text, match.end()):
        return Assignment(begin + exact.start(1), begin + exact.end(1), exact[1])
    if not inner:
        return None
    alias = references.parse(inner) or shell_arguments.reference_at(file, begin, inner)
    if alias and alias.default:
        first, last = begin + alias.default[0], begin + alias.default[1]
        return Assignment(first, last, text[first:last])
    if alias is None and re.fullmatch(r"(?:var|local)\.[\w.]+", inner):
        alias = references.parse("${" + inner + "}")
    return Assignment(begin, begin + len(inner), None, alias)


_DEFAULT = lazy_pattern(rf"""\}}?:?[-=]["']?v?(?P<version>{versions.FULL.pattern})["']?\}}""")


def _default(text: str, end: int) -> Iterator[Assignment]:
    """The value of `${{NAME:-v2.4.0}}`, wherever it stands."""
    match = _DEFAULT.match(text, end)
    if match:
        yield Assignment(*match.span("version"), match["version"])


# --- maps and Terraform ---------------------------------------------------------------------------


LOOKED_THROUGH = 200
"""Characters of a text that are one step where all of it is looked through."""


def _below(file: TextFile, name: tuple[str, ...]) -> Iterator[Assignment]:
    if name[-1] not in file.text:
        return
    file.spend(len(file.text) // LOOKED_THROUGH)
    for document in templated.documents(file) if _ENVIRONMENTS in file.text else file.documents:
        for values in _values(document.root):
            scalar = document.scalar(yaml.get(values, *name))
            exact = _EXACT.fullmatch(scalar.value) if scalar else None
            if scalar and exact and scalar.editable:
                yield Assignment(scalar.start + exact.start(1), scalar.end, exact[1])
            elif scalar:
                yield Assignment(scalar.start, scalar.end, None)


_ENVIRONMENTS = "environments:"


def _values(root: Node | None) -> Iterator[Node | None]:
    """Yield a document, and the values in a helmfile: of each environment, and of all."""
    yield root
    environments = (value for _, value in yaml.entries(yaml.get(root, "environments")))
    for holder in (root, *environments):
        yield from yaml.items(yaml.get(holder, "values"))


def _terraform(file: TextFile, reference: Reference) -> Iterator[Assignment]:
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


_BEFORE_GIVEN = lazy_pattern(r'[ \t]*"?')
_GIVEN = lazy_pattern(r'"?[ \t]*[=:]')


def _given(file: TextFile, name: str) -> Iterator[int]:
    """Yield where the values begin that a file of variables gives one of them."""
    for offset in file.words.get(name, ()):
        given = _GIVEN.match(file.text, offset + len(name))
        if given and _BEFORE_GIVEN.fullmatch(file.text, file.line_span(offset)[0], offset):
            yield given.end()


def _variables(text: str) -> dict[str, list[hcl.Block]]:
    """Return the blocks that declare the variables of a module, by their names."""
    found = dict[str, list[hcl.Block]]()
    for block in hcl.blocks(text, "variable") if "variable" in text else ():
        if len(block.labels) > 1:
            found.setdefault(block.labels[1], []).append(block)
    return found


def _locals(text: str) -> dict[str, list[hcl.Attribute]]:
    """Return what the local values of a module are given, by their names."""
    found = dict[str, list[hcl.Attribute]]()
    for block in hcl.blocks(text, "locals") if "locals" in text else ():
        for name, held in {held.name: held for held in reversed(block.attributes)}.items():
            found.setdefault(name, []).append(held)
    return found


def passed(file: TextFile, folder: str, name: str) -> Iterator[Assignment]:
    """Yield what the `module` blocks of a file give the variable `name` of the module in `folder`.

    Args:
        file: Terraform.
        folder: of the module that is called.
        name: of the variable.
    """
    calls = called(file).get(folder or ".", ())
    file.spend(len(calls))
    for call in calls:
        found = _value(file, _raw(call[name])) if name in call else None
        if found:
            yield found


def called(file: TextFile) -> Mapping[str, Sequence[Mapping[str, hcl.Attribute]]]:
    """Return what a file passes to the modules that it calls, by their folders."""
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
"""Characters that are one step where the end of an object is looked for."""


def _in_value(file: TextFile, start: int, keys: list[str]) -> Iterator[Assignment]:
    """Yield what stands at `start`, or below the keys of the object there."""
    end = _object_end(file.text, start) if keys else start
    file.spend((end - start) // _OF_OBJECT)
    for key in keys:
        match = re.compile(rf"""["']?{re.escape(key)}["']?[ \t]*[=:][ \t]*""").search(
            file.text, start, end
        )
        if match is None:
            return
        start = match.end()
    found = _value(file, start)
    if found:
        yield found


def _object_end(text: str, start: int) -> int:
    depth = 0
    for match in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.end()
    return len(text)
