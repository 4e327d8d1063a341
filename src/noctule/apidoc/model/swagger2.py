"""How Swagger 2.0 writes what OpenAPI 3 writes otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from noctule.apidoc.model.node import Node
from noctule.apidoc.model.openapi3 import audience, signed
from noctule.apidoc.model.parts import (
    ApiResponse,
    Encoding,
    Media,
    Parameter,
    RequestBody,
    SchemeKind,
    SecurityScheme,
    Server,
    Where,
    encoding_of,
)
from noctule.apidoc.model.schema import Schema
from noctule.json_types import is_list

if TYPE_CHECKING:
    from collections.abc import Mapping

METHODS: tuple[str, ...] = ("get", "put", "post", "delete", "options", "head", "patch")
FLOWS: Mapping[str, SchemeKind] = {
    "application": "oauth2_client_credentials",
    "accessCode": "oauth2_authorization_code",
    "password": "oauth2_password",
    "implicit": "oauth2_implicit",
}
COLLECTIONS: Mapping[str, tuple[str, bool]] = {
    "csv": ("form", False),
    "multi": ("form", True),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
}
"""collectionFormat -> OpenAPI 3's style and explode."""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def servers(root: Node) -> tuple[Server, ...]:
    """host, basePath and schemes as addresses, https first."""
    host, base = root.text("host"), root.text("basePath").rstrip("/")
    if not host:
        return (Server(base),) if base else ()
    schemes = sorted(strings(root, "schemes") or ["https"], key=lambda scheme: scheme != "https")
    return tuple(Server(f"{scheme}://{host}{base}") for scheme in schemes)


def schemas(root: Node) -> Mapping[str, Schema]:
    return {name: Schema.of(node) for name, node in root.at("definitions").entries()}


def security_schemes(root: Node) -> Mapping[str, SecurityScheme]:
    return {
        name: security_scheme(name, node) for name, node in root.at("securityDefinitions").entries()
    }


def security_scheme(name: str, node: Node) -> SecurityScheme:
    description = node.text("description")
    match node.text("type"):
        case "apiKey":
            return SecurityScheme(
                name,
                "api_key",
                node.text("in"),
                node.text("name"),
                description=description,
                signed=signed(node),
            )
        case "basic":
            return SecurityScheme(name, "basic", scheme="basic", description=description)
        case "oauth2":
            scopes = {scope: str(says) for scope, says in node.at("scopes").mapping.items()}
            kind = FLOWS.get(node.text("flow"), "other")
            return SecurityScheme(
                name,
                kind,
                token_url=node.text("tokenUrl"),
                scopes=scopes,
                description=description,
                audience=audience(node),
            )
        case _:
            return SecurityScheme(name, "other", description=description)


def stated(operation: Node, path_item: Node) -> tuple[Node, ...]:
    """Every parameter, the body's included; the operation's replace its path's."""
    nodes: dict[tuple[str, str], Node] = {}
    for reference in (*path_item.at("parameters").members(), *operation.at("parameters").members()):
        node = reference.follow()
        where, name = node.text("in"), node.text("name")
        nodes[where, "" if where == "body" else name] = node
    return tuple(nodes.values())


def parameters(operation: Node, path_item: Node, _root: Node) -> tuple[Parameter, ...]:
    return tuple(
        parameter(node, cast("Where", node.text("in")))
        for node in stated(operation, path_item)
        if node.text("in") in ("path", "query", "header") and node.text("name")
    )


def parameter(node: Node, where: Where, name: str = "") -> Parameter:
    style, explode = COLLECTIONS.get(node.text("collectionFormat"), ("form", False))
    return Parameter(
        name or node.text("name"),
        where,
        required=where == "path" or node.mapping.get("required") is True,
        schema=Schema.of(node.at("schema") if "schema" in node.mapping else inline(node)),
        description=node.text("description"),
        style=style if where == "query" else "simple",
        explode=explode and where == "query",
        deprecated=node.mapping.get("deprecated") is True,
        examples=tuple(node.mapping[key] for key in ("x-example",) if key in node.mapping),
    )


def inline(node: Node) -> Node:
    """The schema within a parameter or header, without the keys of the parameter itself."""
    own = ("name", "in", "required", "allowEmptyValue", "collectionFormat")
    kept = {key: value for key, value in node.mapping.items() if key not in own}
    return Node(kept, node.file, node.path)


def body(operation: Node, path_item: Node, root: Node) -> RequestBody | None:
    """The body parameter, or the form that the formData parameters make together."""
    parameters_ = stated(operation, path_item)
    types = strings(operation, "consumes") or strings(root, "consumes")
    for node in parameters_:
        if node.text("in") == "body":
            schema = Schema.of(node.at("schema")) if node.at("schema").mapping else None
            required = node.mapping.get("required") is True
            media = {type_: Media(type_, schema) for type_ in types or [JSON]}
            return RequestBody(required, node.text("description"), media)
    fields = [node for node in parameters_ if node.text("in") == "formData" and node.text("name")]
    return form(operation, fields, types) if fields else None


def form(operation: Node, fields: list[Node], types: list[str]) -> RequestBody:
    """One object schema, a property per field."""
    required = [node.text("name") for node in fields if node.mapping.get("required") is True]
    properties = {node.text("name"): inline(node).value for node in fields}
    written = {"type": "object", "properties": properties, "required": required}
    schema = Schema.of(Node(written, operation.file, f"{operation.path}/formData"))
    styles: dict[str, Encoding] = {
        node.text("name"): encoding_of(*COLLECTIONS[node.text("collectionFormat")])
        for node in fields
        if node.text("collectionFormat") in COLLECTIONS
    }
    files = any(node.text("type") == "file" for node in fields)
    usable = [type_ for type_ in types if type_ in (FORM, MULTIPART)]
    chosen = [MULTIPART] if files else usable or [FORM]
    return RequestBody(
        bool(required), "", {type_: Media(type_, schema, styles) for type_ in chosen}
    )


def responses(operation: Node, root: Node) -> Mapping[str, ApiResponse]:
    types = strings(operation, "produces") or strings(root, "produces") or [JSON]
    return {
        status: response(status, node.follow(), types)
        for status, node in operation.at("responses").entries()
        if not status.startswith("x-")
    }


def response(status: str, node: Node, types: list[str]) -> ApiResponse:
    examples = node.at("examples").mapping
    schema = Schema.of(node.at("schema")) if node.at("schema").mapping else None
    kinds = list(dict.fromkeys([*types, *examples])) if schema else list(examples)
    media = {
        type_: Media(type_, schema, examples=(examples[type_],) if type_ in examples else ())
        for type_ in kinds
    }
    headers = {
        name: parameter(header, "header", name) for name, header in node.at("headers").entries()
    }
    description = node.text("description")
    return ApiResponse(status, description, media, headers, node.pointer, broken=node.broken)


def strings(node: Node, key: str) -> list[str]:
    value = node.mapping.get(key)
    if not is_list(value):
        return []
    return [item for item in value if isinstance(item, str)]
