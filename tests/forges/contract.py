"""GitHub's OpenAPI description (3.0.3) as a judge over what went over the wire.

GraphQL is not in it, so requests to it are not judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jsonschema import Draft4Validator, FormatChecker, ValidationError, validators
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from tests.forges.fake_server import Call, Exchange, Reply

_NAME = "urn:description"
_ANY_OPERATION = (400, 401, 403, 404, 429, 500, 502, 503, 504)
"""The description leaves out what every operation may answer: they are errors like any other.

https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
"""
_ERROR = ("components", "schemas", "basic-error")

Check = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]


def _nullable(check: Check) -> Check:
    """OpenAPI 3.0: with `nullable`, null is a value of the schema."""

    def checked(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        if instance is None and schema.get("nullable"):
            return None
        return check(validator, value, instance, schema)

    return checked


# What OpenAPI 3.0 calls a schema is Draft 5, which is Draft 4 with other words.
_Validator = validators.extend(  # type: ignore[no-untyped-call]  # its stubs have no types
    Draft4Validator, {name: _nullable(check) for name, check in Draft4Validator.VALIDATORS.items()}
)


class Contract:
    """Judges exchanges by a description."""

    def __init__(self, path: Path) -> None:
        self._document = json.loads(path.read_bytes())
        resource = Resource.from_contents(self._document, default_specification=DRAFT4)
        self._registry = Registry().with_resource(_NAME, resource)
        self._templates = [
            (template, re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template))))
            for template in self._document["paths"]
        ]

    def problems(self, exchange: Exchange, prefix: str) -> list[str]:
        """Return what is wrong with a request and its answer.

        Args:
            exchange: to judge.
            prefix: of the path, before what the description has.
        """
        call = exchange.call
        about = f"{call.method} {call.path}"
        where = self._operation(call, prefix)
        if where is None:
            return [f"{about}: no such operation"]
        found = [*self._request(call, where)]
        if exchange.reply:
            found += self._response(exchange.reply, where)
        return [f"{about}: {problem}" for problem in found]

    def _operation(self, call: Call, prefix: str) -> tuple[str, ...] | None:
        path = call.path.removeprefix(prefix)
        matching = [name for name, pattern in self._templates if pattern.fullmatch(path)]
        if not matching:
            return None
        # A literal segment goes before a parameter.
        where = ("paths", min(matching, key=lambda name: name.count("{")), call.method.lower())
        return where if where[2] in self._at(where[:2]) else None

    def _request(self, call: Call, where: tuple[str, ...]) -> Iterator[str]:
        parameters = {}
        for index, parameter in enumerate(self._at(where).get("parameters", [])):
            place = _place(parameter) or (*where, "parameters", str(index))
            if self._at(place)["in"] == "query":
                parameters[self._at(place)["name"]] = place
        for name, value in call.query.items():
            if name not in parameters:
                yield f"no such query parameter: {name}"
                continue
            place = (*parameters[name], "schema")
            kind = self._at(place).get("type")
            plain = kind in ("integer", "boolean")
            yield from self._invalid(json.loads(value) if plain else value, place)
        if "requestBody" not in self._at(where):
            if call.body:
                yield "a body that no one reads"
            return
        place = (*where, "requestBody", "content", "application/json", "schema")
        body = json.loads(call.body)
        yield from self._invalid(body, place)
        known = json.dumps(self._at(place))
        yield from (f"no such field: {name}" for name in body if f'"{name}"' not in known)

    def _response(self, reply: Reply, where: tuple[str, ...]) -> Iterator[str]:
        documented = self._at((*where, "responses"))
        if str(reply.status) not in documented:
            if reply.status in _ANY_OPERATION:
                yield from self._invalid(reply.body, _ERROR)
            else:
                yield f"no such answer: {reply.status}"
            return
        place = (*where, "responses", str(reply.status))
        place = _place(self._at(place)) or place
        if "content" in self._at(place):
            schema = (*place, "content", "application/json", "schema")
            yield from self._invalid(reply.body, schema)

    def _invalid(self, value: object, place: tuple[str, ...]) -> Iterator[str]:
        pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)
        schema = {"$ref": f"{_NAME}#/{quote(pointer)}"}
        validator = _Validator(schema, registry=self._registry, format_checker=FormatChecker())
        for error in validator.iter_errors(value):
            yield f"{'/'.join(place[-3:])}: {error.json_path}: {error.message[:300]}"

    def _at(self, place: tuple[str, ...]) -> Any:
        value = self._document
        for part in place:
            value = value[int(part)] if isinstance(value, list) else value[part]
        return value


def _place(value: dict[str, Any]) -> tuple[str, ...] | None:
    """Return where a reference leads to; None when it is none."""
    reference = value.get("$ref")
    return tuple(reference.removeprefix("#/").split("/")) if reference else None
