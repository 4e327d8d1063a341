"""Parameters and body of an operation, as arguments of one method."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from noctule.apidoc import MISSING, Schema
from noctule.apidoc.model.path_query import VARIABLE
from noctule.codegen.build.examples import ExampleBuilder, fit
from noctule.codegen.build.types.responses import SCALARS
from noctule.codegen.build.types.variants import variants_of
from noctule.codegen.model.integration import (
    JSON,
    STRING,
    BodyKind,
    ListOf,
    MapOf,
    OneOf,
    Param,
    Place,
    Reference,
    Scalar,
    Type,
)
from noctule.codegen.model.naming import Naming, free
from noctule.codegen.model.text import marked, sentence
from noctule.json_types import is_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc import ApiOperation, Media, Parameter, RequestBody
    from noctule.codegen.build.types.arguments import ArgumentTypes
    from noctule.providers import Pack

OWN_HEADERS = frozenset({"authorization", "accept", "content-type", "content-length", "user-agent"})
IDEMPOTENCY_HEADERS = frozenset({"idempotency-key", "x-idempotency-key"})
PLACES: Mapping[str, Place] = {
    "path": "path", "query": "query", "header": "header", "cookie": "cookie", "body": "body",
}  # fmt: skip
BODIES: Mapping[str, BodyKind] = {
    "application/json": "json",
    "application/merge-patch+json": "merge-patch",
    "application/x-www-form-urlencoded": "form",
    "multipart/form-data": "multipart",
}
"""Media type, the preferred one first -> how the runtime writes such a body."""
OTHERS: tuple[BodyKind, ...] = ("json", "lines", "text", "bytes")
"""The same of other media types."""


USUAL_TYPES: Mapping[BodyKind, str] = {
    "json": "application/json",
    "merge-patch": "application/merge-patch+json",
    "text": "text/plain",
    "bytes": "application/octet-stream",
    "lines": "application/x-ndjson",
}
"""The media type that the runtime sends by default; forms have no other."""
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+_-]*/[a-z0-9][a-z0-9.+_-]*")
SIGNED_STYLES = frozenset({"label", "matrix"})
"""Styles that put a sign before any value, not only between those of a list."""
PATH_STYLES = frozenset({"simple", "label", "matrix"})
MORE = "Further members of the body, beside those that have an argument."
TOKENS = frozenset({"token", "access_token"})
PLAIN = OneOf((STRING, Scalar("integer"), Scalar("number"), Scalar("boolean")))
"""What a list outside of JSON may hold."""
CONTAINERS = frozenset({"array", "object", "union"})
"""Types of values that may be lists or objects."""


@dataclass(frozen=True)
class Conventions:
    """What is true for every operation of the provider."""

    pack: Pack | None
    idempotency_header: str
    credentials: frozenset[str]
    """Names, in lower case, of parameters that authentication sends."""
    fixed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameter -> environment variable, for values that are the same in every call."""

    bearer: bool = False
    """Whether every call sends a bearer token."""
    of_pack: bool = False
    """Whether the document is the pack's, whose texts name other operations as the pack does."""

    def sends(self, parameter: Parameter) -> bool:
        """Whether the service sends this parameter by itself."""
        name = parameter.name.lower()
        if name in self.credentials or parameter.name in self.fixed:
            return True
        if self.is_token(parameter.name, parameter.description or parameter.schema.description):
            return True
        headers = {*OWN_HEADERS, *IDEMPOTENCY_HEADERS, self.idempotency_header.lower()}
        constant = {header.lower() for header in self.pack.headers} if self.pack else set[str]()
        return parameter.where == "header" and name in headers | constant

    def is_token(self, wire: str, description: str) -> bool:
        """Whether a parameter repeats the token of the Authorization header."""
        return self.bearer and wire in TOKENS and "authentication token" in description.lower()


class ParameterBuilder:
    """Builds the parameters of methods; they share the types of small objects."""

    def __init__(self, naming: Naming, conventions: Conventions, arguments: ArgumentTypes) -> None:
        self._naming = naming
        self._conventions = conventions
        self._arguments = arguments
        self._examples = ExampleBuilder(arguments.records, request=True)

    def params(self, method: str, operation: ApiOperation, without: frozenset[str]) -> list[Param]:
        """The parameters in the order of the signature, without those in `without`."""
        names_in_use = {*self._naming.parameters}
        parameters = [
            *self._outer(method, operation, names_in_use, without),
            *self._inner(method, operation, names_in_use, without),
        ]
        return sorted(parameters, key=lambda param: (not param.required, param.deprecated))

    def fixed(self, operation: ApiOperation) -> tuple[tuple[Place, str, str], ...]:
        """Place, name and environment variable of parameters that the service fills in."""
        fixed = self._conventions.fixed
        outer = (
            (parameter.where, parameter.name)
            for parameter in operation.parameters
            if parameter.name in fixed and parameter.where in PLACES
        )
        inner = (("body", wire) for wire in _properties(operation) if wire in fixed)
        return tuple((PLACES[where], wire, fixed[wire]) for where, wire in (*outer, *inner))

    def _outer(
        self, method: str, operation: ApiOperation, names_in_use: set[str], without: frozenset[str]
    ) -> Iterator[Param]:
        variables = frozenset(VARIABLE.findall(operation.template))
        for parameter in operation.parameters:
            place = PLACES.get(parameter.where)
            if place is None or not self._asked(parameter, place, variables, without):
                continue
            kind: Type = STRING
            typed = not parameter.media or _is_json(parameter)
            typed = typed and not (place == "path" and _unspellable(parameter.schema))
            if typed:
                kind = self._arguments.param(parameter.schema, method, parameter.name, clears=False)
                kind = ListOf(PLAIN) if kind == ListOf(JSON) and _is_untyped(parameter) else kind
            names = self._spelt(parameter.name, place)
            examples = [*parameter.examples, None]
            yield self._param(
                free(names, names_in_use),
                parameter.name,
                place,
                kind,
                parameter.schema,
                required=parameter.required or place == "path",
                doc=parameter.description or parameter.schema.description,
                example=examples[0],
                deprecated=parameter.deprecated or parameter.schema.deprecated,
            )

    def _spelt(self, wire: str, place: Place) -> tuple[str, str]:
        """The parameter's name, and one with its place for a second parameter of that name."""
        return self._naming.member(wire), self._naming.member(f"{place}_{wire}")

    def _asked(
        self,
        parameter: Parameter,
        place: Place,
        variables: frozenset[str],
        without: frozenset[str],
    ) -> bool:
        """Whether the method has this parameter. A path needs exactly its own variables."""
        if place == "path":
            return parameter.name in variables and parameter.name not in self._conventions.fixed
        return not (parameter.name in without or self._conventions.sends(parameter))

    def _inner(
        self, method: str, operation: ApiOperation, names_in_use: set[str], without: frozenset[str]
    ) -> Iterator[Param]:
        media, body = body_of(operation)
        if media is None:
            return
        properties = _properties(operation)
        if not properties:
            if _says_nothing(media, body, operation.body):
                return
            yield self._whole(method, media, body, operation.body, names_in_use)
            return
        clears = operation.method in ("PATCH", "PUT") or "{" in operation.path
        examples = _example(media)
        required = media.schema.required if media.schema else frozenset[str]()
        for wire, schema in properties.items():
            fixed = wire in self._conventions.fixed or wire in without
            fixed = fixed or self._conventions.is_token(wire, schema.description)
            if fixed or schema.read_only:
                continue
            files = body == "multipart"
            kind = self._arguments.param(
                schema,
                method,
                wire,
                clears=not files and (clears or (wire in required and schema.nullable)),
                files=files,
            )
            names = self._spelt(wire, "body")
            yield self._param(
                free(names, names_in_use),
                wire,
                "body",
                kind,
                schema,
                required=wire in required,
                doc=schema.description,
                example=examples.get(wire),
                deprecated=schema.deprecated,
            )
        if body == "multipart":
            yield from self._part_headers(method, media, names_in_use)
        whole = media.schema
        if whole is not None and (whole.more or variants_of(whole) is not None):
            yield self._extra(method, whole, names_in_use)

    def _part_headers(self, method: str, media: Media, names_in_use: set[str]) -> Iterator[Param]:
        """The headers of parts that have no constant value."""
        constant = constant_headers(media)
        for part, headers in media.part_headers.items():
            for wire, header in headers.items():
                if wire in constant.get(part, {}):
                    continue
                label = f"{part}_{wire}"
                kind = self._arguments.param(header.schema, method, label, clears=False)
                param = self._param(
                    free((self._naming.member(label),), names_in_use),
                    wire,
                    "body",
                    kind,
                    header.schema,
                    required=header.required,
                    doc=header.description or f"Header `{wire}` of the part `{part}`.",
                    example=next(iter(header.examples), None),
                    deprecated=header.deprecated,
                )
                yield replace(param, role="part_header", part=part)

    def _extra(self, method: str, schema: Schema, names_in_use: set[str]) -> Param:
        """Further members, which the document allows beside those that it names."""
        name = free(("extra", "extra_members"), names_in_use)
        additional = schema.additional
        kind: Type = JSON
        if isinstance(additional, Schema) and additional.type in SCALARS:
            kind = self._arguments.param(additional, method, name, clears=False)
        example = fit(MapOf(kind), None, self._arguments.records)
        return Param(name, "", "body", MapOf(kind), False, MORE, example, role="extra")

    def _whole(
        self,
        method: str,
        media: Media,
        body: BodyKind | None,
        request_body: RequestBody | None,
        names_in_use: set[str],
    ) -> Param:
        """A body that is one argument: a list, a union, text or bytes."""
        schema = media.schema
        if body == "lines":
            kind: Type = OneOf((ListOf(self._line(media, method)), Scalar("bytes")))
        elif body == "bytes":
            kind = Scalar("bytes")
        elif schema is None or body == "text":
            kind = STRING if body == "text" else Scalar("json")
        else:
            kind = self._arguments.param(schema, method, "body", clears=False)
            if body in ("form", "multipart") and not isinstance(kind, Reference | MapOf):
                # Whatever the document says, a form is made of names and values.
                kind = kind if kind == JSON else MapOf(JSON)
        name = free(
            map(self._naming.member, ("content" if body == "bytes" else "body", "whole_body")),
            names_in_use,
        )
        example = None
        if schema is not None and body != "lines":
            example = self._examples.value(kind, schema)
        example = fit(kind, example, self._arguments.records)
        doc = (
            sentence(request_body.description if request_body else "")
            or f"The request body ({media.type})."
        )
        required = bool(request_body and request_body.required)
        return Param(name, "", "body", kind, required, doc, example, role="whole")

    def _line(self, media: Media, method: str) -> Type:
        """The type of one value of a body of lines."""
        schema = media.stream or media.schema
        if schema is not None and schema.type == "array":
            schema = schema.items
        if schema is None or schema.type == "string":
            return JSON
        return self._arguments.param(schema, method, "line", clears=False)

    def _param(
        self,
        name: str,
        wire: str,
        place: Place,
        kind: Type,
        schema: Schema,
        *,
        required: bool,
        doc: str,
        example: Any,
        deprecated: bool,
    ) -> Param:
        if example is None:
            value = self._examples.value(kind, schema, wire, about=doc)
        else:
            value = fit(kind, example, self._arguments.records, wire)
        text = marked(sentence(doc), deprecated)
        return Param(name, wire, place, kind, required, text, value, deprecated)


def body_of(operation: ApiOperation) -> tuple[Media | None, BodyKind | None]:
    """The media type of the body, and how the runtime writes it."""
    offered = operation.body.media.values() if operation.body else ()
    media = min(offered, key=_preference, default=None)
    return (media, body_kind(media)) if media is not None else (None, None)


def _preference(media: Media) -> int:
    named = [*BODIES]
    if media.essence in named:
        return named.index(media.essence)
    return len(named) + OTHERS.index(body_kind(media))


def body_kind(media: Media) -> BodyKind:
    """How the runtime writes a body of this media type."""
    if media.essence in BODIES:
        return BODIES[media.essence]
    if media.is_lines:
        return "lines"
    if media.is_json:
        return "json"
    return "text" if media.essence.startswith("text/") else "bytes"


def part_types(media: Media) -> dict[str, str]:
    """The parts of a multipart body that the document gives one media type."""
    types = {name: text.strip() for name, text in media.content_types.items()}
    return {
        name: text
        for name, text in types.items()
        if MEDIA_TYPE.fullmatch(text.partition(";")[0].strip().lower()) and text.isprintable()
    }


def constant_headers(media: Media) -> dict[str, dict[str, str]]:
    """Part -> headers that have one value, by a constant, a single choice or a default."""
    constant: dict[str, dict[str, str]] = {}
    for part, headers in media.part_headers.items():
        for name, header in headers.items():
            schema = header.schema
            stated = [schema.const, *schema.enum[:1]] if len(schema.enum) < 2 else []
            values = [value for value in (*stated, schema.default) if value is not MISSING]
            value = values[0] if values else None
            if isinstance(value, str) and value.isprintable() and value.isascii():
                constant.setdefault(part, {})[name] = value
    return constant


def content_type(media: Media, body: BodyKind) -> str:
    """The document's media type if it differs from the runtime's default; "" for ranges and invalid
    media types."""
    name = media.type.partition(";")[0].strip().lower()
    if not MEDIA_TYPE.fullmatch(name) or name == USUAL_TYPES.get(body, name):
        return ""
    return f"{name}; charset=utf-8" if body == "text" else name


def _says_nothing(media: Media, body: BodyKind | None, request_body: RequestBody | None) -> bool:
    """Whether the body is an optional form or object without fields."""
    needed = request_body is not None and request_body.required
    schema = media.schema
    if schema is None or schema.type != "object" or schema.properties or needed:
        return False
    return body == "form" or schema.additional is False


def _is_json(parameter: Parameter) -> bool:
    """Whether the value is one JSON text, as its `content` says."""
    media = parameter.media.partition(";")[0].strip().lower()
    return parameter.where in ("query", "header") and media.endswith(("/json", "+json"))


def styles(operation: ApiOperation) -> dict[str, str]:
    """Parameter -> serialization style, if it is not the runtime's default."""
    styles_by_name: dict[str, str] = {}
    for parameter in operation.parameters:
        if _is_json(parameter):
            styles_by_name[parameter.name] = "json"
            continue
        plain = parameter.schema.type not in CONTAINERS or parameter.media
        if parameter.reserved and plain and parameter.where in ("path", "query"):
            styles_by_name[parameter.name] = "reserved"
        elif plain and parameter.where == "path" and parameter.style in SIGNED_STYLES:
            styles_by_name[parameter.name] = parameter.style
        if parameter.schema.type in CONTAINERS and not parameter.media:
            style: str = parameter.encoding or ""
            if style in ("form", "form-explode") and _nested(parameter.schema):
                style = "deepObject"
            if parameter.where == "path":
                path_style = parameter.style if parameter.style in PATH_STYLES else "simple"
                style = f"{path_style}{'-explode' if parameter.explode else ''}"
            if style not in ("", "form-explode", "simple"):
                styles_by_name[parameter.name] = style
    media, body = body_of(operation)
    if media is not None and body == "multipart":
        for wire, schema in _properties(operation).items():
            style = media.styles.get(wire, "form-explode")
            deep = style == "deepObject" and schema.type in CONTAINERS
            if deep or (style not in ("form-explode", "deepObject") and _flat_list(schema)):
                styles_by_name[wire] = style
    if media is not None and body == "form":
        for wire, schema in _properties(operation).items():
            usual = "form-explode" if _may_be_flat_list(schema) else "deepObject"
            style = str(media.styles.get(wire) or usual)
            if schema.type in CONTAINERS and style != usual:
                styles_by_name[wire] = style
    return styles_by_name


def _is_untyped(parameter: Parameter) -> bool:
    """Whether it is a list in the style of plain values, about which the document says nothing."""
    schema = parameter.schema
    plain = not parameter.media and parameter.style != "deepObject"
    return plain and schema.type == "array" and not _nested(schema)


def _unspellable(schema: Schema) -> bool:
    """Whether a path cannot contain such values, so that the caller passes text."""
    members = schema.properties.values()
    if schema.type == "object" and all(member.read_only for member in members):
        return True
    return schema.type in CONTAINERS and _nested(schema)


def _nested(schema: Schema) -> bool:
    """Whether values are nested containers, which only two styles support."""
    if schema.type == "array":
        return schema.items is not None and schema.items.type not in {*SCALARS, "any"}
    if schema.type == "union":
        return any(map(_nested, schema.variants))
    return any(value.type in CONTAINERS for value in schema.properties.values())


def _flat_list(schema: Schema) -> bool:
    return schema.type == "array" and schema.items is not None and schema.items.type != "object"


def _may_be_flat_list(schema: Schema) -> bool:
    if schema.type == "union":
        return any(map(_may_be_flat_list, schema.variants))
    return _flat_list(schema)


def _properties(operation: ApiOperation) -> Mapping[str, Schema]:
    media, body = body_of(operation)
    if media is None or media.schema is None or body in ("text", "bytes", "lines"):
        return {}
    return media.schema.properties if media.schema.type == "object" else {}


def _example(media: Media) -> Mapping[str, Any]:
    return next((example for example in media.examples if is_object(example)), dict[str, Any]())
