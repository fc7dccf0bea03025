"""Checks the fields of an object against the schema that a Flux release has for its kind. Pure.

The check follows the structural schemas of apiextensions.k8s.io/v1: server-side apply refuses a
field that is not declared, null is dropped, and anything is accepted below
`x-kubernetes-preserve-unknown-fields`. A value that is a substitution as a whole may be anything.
Missing required fields are not checked here, because Kustomize may add them.

The check walks over YAML nodes, so that each problem has its line. A JSON Schema validator would
need nested schemas, a type for substitutions, and a map from its paths to lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field

from fluxbump.discover.digests import sops
from fluxbump.discover.objects.resources import ObjectBody
from fluxbump.flux.tables import fields
from fluxbump.flux.tables.fields import INT_OR_STRING, Field, Schema
from fluxbump.helm import go_yaml
from fluxbump.model import Location
from fluxbump.text import bounded_pattern, versions
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import MappingNode, Node, ScalarNode, SequenceNode

_ALWAYS = frozenset({"apiVersion", "kind", "metadata", "status"})
_PLACEHOLDER = lazy_pattern(
    r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|<[^<>\n]+>|__\w+__|@\w+@|%\w+%|\$[A-Za-z_]\w*"
)
"""Matches placeholders that a script replaces before the manifest is applied.

No valid value of a field of Flux has this form.
"""
_VARIABLE = lazy_pattern(r"\s*\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\s*")
_STEP = lazy_pattern(r"[^.\[\]{}]+|\[\]|\{\}")
_NOT_A_NAME = lazy_pattern(r"[.\[\]{}]")
_LONG = 1000  # characters; a longer scalar is a text, and no pattern is tried on it
_SHOWN = 80

# Booleans for YAML 1.1 (kubectl), strings for YAML 1.2 (Kustomize): they pass as either.
_EITHER = lazy_pattern(r"y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF")

_BY_OPERATOR = ("FluxInstance", "ResourceSet", "ResourceSetInputProvider")
_EXTENDED = frozenset(
    {("Alert", "spec.eventSources[].kind"), ("Receiver", "spec.resources[].kind")}
)
"""Lists in the CRDs of a release to which flux-operator adds its own kinds.

It does so in each cluster where it installs Flux (`notificationPatchTmpl` of its builder), which
another repository may do.
"""

_WANTED = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "boolean": "a boolean",
    "integer": "an integer",
    "number": "a number",
    INT_OR_STRING: "an integer or a string",
}


class Problem(Struct, frozen=True):
    """A field that a Flux release does not accept.

    Attributes:
        path: the path in the schema, such as `spec.install.disableTakeOwnership`.
        location: the place of the field.
        message: the field, and what is wrong with it in the release.
        fault: the message without the release and without what the release accepts instead, so
            that it is the same for all releases that refuse the field.
    """

    path: str
    location: Location
    message: str
    fault: str


def problems(body: ObjectBody, schema: Schema) -> Iterator[Problem]:
    """Yield the problems of an object's fields.

    Args:
        body: the object, or a patch of one.
        schema: the schema of its kind and apiVersion.
    """
    walk = _Walk(body, schema)
    for node, path, message in walk.members(body.node, "", Field("object")):
        fault = f"{path} {message.partition(',')[0]}"
        where = body.document.at(node)
        yield Problem(path, where, f"{path} {message} in Flux {schema.release}", fault)


def missing(body: ObjectBody, schema: Schema, before: Schema | None) -> Iterator[Problem]:
    """Yield a problem for each field that a new apiVersion requires and an object does not have.

    The parent of such a field must be set: a field of an absent object is not missing.

    Args:
        body: a whole object.
        schema: the schema of the new apiVersion.
        before: the schema of the old apiVersion, whose required fields are not checked. None if it
            is not known, so that all required fields are checked.
    """
    for path in schema.required():
        then = before.lookup(path) if before else None
        around, _, name = path.rpartition(".")
        for node in _at(body.node, around) if not (then and then.required) else ():
            if isinstance(node, MappingNode) and name not in _pairs(node, set()):
                what = f"{path} is not set, and {schema.kind} {_version(schema)} asks for it"
                where = body.document.at(node)
                yield Problem(path, where, f"{what} in Flux {schema.release}", f"{path} is not set")


def _version(schema: Schema) -> str:
    return schema.api_version.rpartition("/")[2]


def _at(node: Node, path: str) -> list[Node]:
    """Return the nodes at a path of a schema, each once even if aliases share it."""
    found = [node]
    for step in _STEP.findall(path):
        below = (inner for outer in found for inner in _below(outer, step))
        found = list({id(outer): outer for outer in below}.values())
    return found


def _below(node: Node, step: str) -> list[Node]:
    if isinstance(node, SequenceNode):
        return list(node.value) if step == "[]" else []
    pairs = _pairs(node, set())
    some = pairs if step == "{}" else {step} & pairs.keys()
    return [pairs[name][1] for name in some]


_Found = Iterator[tuple[Node, str, str]]


class _Walk(Struct):
    """The check of one object; a node that aliases share is checked once for each path."""

    body: ObjectBody
    schema: Schema
    seen: set[tuple[int, str]] = field(default_factory=set)

    def members(self, node: Node, path: str, own: Field) -> _Found:
        anything = self.schema.lookup(f"{path}{{}}")
        for name, (key, value) in _pairs(node, set()).items():
            directive = self.body.resource.patch and name.startswith("$")
            decrypted = name == sops.METADATA and sops.CHECKSUM in _pairs(value, set())
            if directive or (not path and (name in _ALWAYS or decrypted)):
                continue
            below = f"{path}.{name}" if path else name
            declared = None if _NOT_A_NAME.search(name) else self.schema.lookup(below)
            if declared:
                yield from self.value(key, value, below, declared)
            elif anything:
                yield from self.value(key, value, f"{path}{{}}", anything)
            elif not own.open:
                yield key, below, self.absence(below)

    def absence(self, path: str) -> str:
        """Return the message that the schema has no such field, and which releases have it."""
        what = f"is not a field of {self.schema.kind} {self.body.resource.version}"
        now = versions.parse(self.schema.release)
        for entry in self.schema.history(path):
            since, until = versions.parse(entry.since or ""), versions.parse(entry.until or "")
            if since and now and since > now:
                return f"{what} before Flux {since}, and so not"
            if until and now and until < now:
                what = f"is not a field of {self.schema.kind} after Flux {until}, and so not"
        return what

    def is_of_operator(self, node: ScalarNode, path: str) -> bool:
        return (self.schema.kind, path) in _EXTENDED and node.value in _BY_OPERATOR

    def value(self, at: Node, node: Node, path: str, own: Field) -> _Found:
        if not own.type or (id(node), path) in self.seen:
            return
        self.seen.add((id(node), path))
        if isinstance(node, ScalarNode):
            problem = _scalar(node, own)
            if problem and not self.is_of_operator(node, path):
                yield at, path, problem
        elif isinstance(node, MappingNode) and own.type == "object":
            yield from self.members(node, path, own)
        elif isinstance(node, SequenceNode) and own.type == "array":
            items = self.schema.lookup(f"{path}[]")
            for item in node.value if items else ():
                yield from self.value(item, item, f"{path}[]", items or own)
        else:
            held = "an object" if isinstance(node, MappingNode) else "a list"
            yield at, path, f"is {held}, but has to be {_WANTED[own.type]}"


def _pairs(node: Node, seen: set[int]) -> dict[str, tuple[Node, Node]]:
    """Return the keys and values of a mapping by name; its own keys override merged ones (`<<`)."""
    merged: dict[str, tuple[Node, Node]] = {}
    own: dict[str, tuple[Node, Node]] = {}
    if id(node) in seen:
        return own
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        for item in reversed(node.value):
            merged |= _pairs(item, seen)
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if not isinstance(key, ScalarNode):
            continue
        if key.value == "<<" and not key.style:
            merged |= _pairs(value, seen)
        else:
            own[str(key.value)] = (key, value)
    return merged | own


def _scalar(node: ScalarNode, own: Field) -> str | None:
    """Return what is wrong with a value; None if it is valid."""
    text = str(node.value)
    long = len(text) > _LONG
    value = text if long else go_yaml.value(node)
    filled = not long and _VARIABLE.fullmatch(text)
    either = _EITHER.fullmatch(text) and own.type in ("boolean", "string")
    if value is None or filled or either or sops.is_ciphertext(text):
        return None
    if not _fits(value, own.type):
        return f"is {_name(value)}, but has to be {_WANTED[own.type]}"
    if (
        isinstance(value, str)
        and not long
        and "${" not in value
        and not _PLACEHOLDER.fullmatch(value)
    ):
        return _outside(value, own)
    return None


def _outside(value: str, own: Field) -> str | None:
    if own.enum and value not in own.enum:
        return f"is {_name(value)}, but has to be one of {', '.join(own.enum)}"
    if own.pattern and not _matches(own.pattern, value):
        return f"is {_name(value)}, but has to match {own.pattern}"
    return None


def _matches(pattern: str, value: str) -> bool:
    """Whether a value matches a pattern; true if a foreign pattern cannot be used within limits."""
    if pattern in fields.patterns():
        return re.search(pattern, value) is not None
    try:
        return bounded_pattern.matches(pattern, value)
    except (ValueError, bounded_pattern.PatternLimitError):
        return True


def _fits(value: object, wanted: str) -> bool:
    """Whether a value has a type; 1.0 is an integer too, because JSON has only one number type."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    whole = number and (not isinstance(value, float) or value.is_integer())
    return {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": whole,
        "number": number,
        INT_OR_STRING: whole or isinstance(value, str),
    }.get(wanted, False)


def _name(value: object) -> str:
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, str):
        return f'the string "{value}"' if len(value) <= _SHOWN else "a long string"
    return f"the number {value}"
