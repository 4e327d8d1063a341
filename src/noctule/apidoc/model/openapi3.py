"""How OpenAPI 3.0, 3.1 and 3.2 write servers, security, parameters and bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec.structs import replace

from noctule.apidoc.model.parts import (
    ApiLink,
    ApiResponse,
    Encoding,
    Media,
    Parameter,
    RequestBody,
    SchemeKind,
    SecurityScheme,
    Where,
    encoding_of,
)
from noctule.apidoc.model.schema import Schema
from noctule.apidoc.model.servers import server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc.model.node import Node
    from noctule.apidoc.model.parts import Server

METHODS: tuple[str, ...] = (
    "get",
    "put",
    "post",
    "delete",
    "options",
    "head",
    "patch",
    "trace",
    "query",
)
PLACES: Mapping[str, Where] = {
    "path": "path",
    "query": "query",
    "header": "header",
    "cookie": "cookie",
    "querystring": "querystring",
}
RESERVED = ("allowReserved", "x-multi-segment")
"""Say that a value is sent as it is. The second is GitHub's, for a path of several segments."""
FLOWS: Mapping[str, SchemeKind] = {
    "clientCredentials": "oauth2_client_credentials",
    "authorizationCode": "oauth2_authorization_code",
    "password": "oauth2_password",
    "implicit": "oauth2_implicit",
    "deviceAuthorization": "oauth2_device",
}
"""Flows, the one a server-side integration can run alone first."""


def servers(root: Node) -> tuple[Server, ...]:
    """The servers a document, a path or an operation lists."""
    return tuple(map(server, root.at("servers").members()))


def schemas(root: Node) -> Mapping[str, Schema]:
    return {name: Schema.of(node) for name, node in root.at("components", "schemas").entries()}


def security_schemes(root: Node) -> Mapping[str, SecurityScheme]:
    return {
        name: replace(
            security_scheme(name, node),
            deprecated=node.mapping.get("deprecated") is True,
            metadata_url=node.text("oauth2MetadataUrl"),
        )
        for name, reference in root.at("components", "securitySchemes").entries()
        for node in (reference.follow(),)
    }


def security_scheme(name: str, node: Node) -> SecurityScheme:
    description = node.text("description")
    match node.text("type"), node.text("scheme").lower():
        case "apiKey", _:
            return SecurityScheme(
                name,
                "api_key",
                node.text("in"),
                node.text("name"),
                description=description,
                signed=signed(node),
            )
        case "http", ("basic" | "bearer" | "digest") as scheme:
            return SecurityScheme(name, scheme, scheme=scheme, description=description)
        case "http", _:
            written = node.text("scheme")
            return SecurityScheme(name, "other", scheme=written, description=description)
        case "oauth2", _:
            return oauth2(name, node)
        case "openIdConnect", _:
            address = node.text("openIdConnectUrl")
            return SecurityScheme(name, "openid", token_url=address, description=description)
        case "mutualTLS", _:
            return SecurityScheme(name, "mutual_tls", description=description)
        case _:
            return SecurityScheme(name, "other", description=description)


def oauth2(name: str, node: Node) -> SecurityScheme:
    flows = dict(node.at("flows").entries())
    for key, kind in FLOWS.items():
        if key in flows:
            return SecurityScheme(
                name,
                kind,
                token_url=flows[key].text("tokenUrl"),
                refresh_url=flows[key].text("refreshUrl"),
                audience=audience(flows[key]) or audience(node),
                scopes={
                    scope: str(says) for scope, says in flows[key].at("scopes").mapping.items()
                },
                description=node.text("description"),
            )
    return SecurityScheme(name, "other", description=node.text("description"))


def signed(node: Node) -> str:
    """Amazon's word for requests that are signed ("awsSigv4", "awsSigv2", "awsS3"), which look like
    an API key otherwise."""
    kind = node.text("x-amazon-apigateway-authtype")
    return kind if kind.lower().startswith("aws") else ""


def audience(node: Node) -> str:
    """For whom tokens are: OpenAPI has no word for it, but documents have extensions."""
    names = ("x-audience", "x-token-audience", "x-oauth-audience", "audience")
    return next((node.text(name) for name in names if node.text(name)), "")


def parameters(operation: Node, path_item: Node, _root: Node) -> tuple[Parameter, ...]:
    """Those of the operation, and those of its path that it does not replace."""
    parameters_by_place: dict[tuple[str, str], Parameter] = {}
    for node in (*path_item.at("parameters").members(), *operation.at("parameters").members()):
        described = parameter(node.follow())
        if described is not None:
            parameters_by_place[described.where, described.name] = described
    return tuple(parameters_by_place.values())


def parameter(node: Node) -> Parameter | None:
    """None for a parameter without a name or a known place."""
    name = node.text("name")
    where = PLACES.get(node.text("in"))
    return described(node, name, where) if name and where else None


def described(node: Node, name: str, where: Where) -> Parameter:
    """A parameter or a header: its schema, or its content's."""
    style = node.text("style") or ("form" if where in ("query", "cookie") else "simple")
    explode = node.mapping.get("explode")
    content = next(iter(media(node).values()), None)
    schema = (content.schema if content else None) or Schema.of(node.at("schema"))
    return Parameter(
        name,
        where,
        required=where == "path" or node.mapping.get("required") is True,
        schema=schema,
        description=node.text("description") or schema.description,
        style=style,
        explode=explode if isinstance(explode, bool) else style in ("form", "cookie"),
        deprecated=node.mapping.get("deprecated") is True,
        media=content.type if content else "",
        examples=(*examples(node), *(content.examples if content else ())),
        reserved=any(node.mapping.get(keyword) is True for keyword in RESERVED),
    )


def body(operation: Node, _path_item: Node, _root: Node) -> RequestBody | None:
    node = operation.at("requestBody").follow()
    if not node.mapping:
        return None
    return RequestBody(node.mapping.get("required") is True, node.text("description"), media(node))


def responses(operation: Node, _root: Node) -> Mapping[str, ApiResponse]:
    return {
        status: response(status, node.follow())
        for status, node in operation.at("responses").entries()
        if not status.startswith("x-")
    }


def response(status: str, node: Node) -> ApiResponse:
    headers = {
        name: described(header.follow(), name, "header")
        for name, header in node.at("headers").entries()
    }
    description = node.text("description") or node.text("summary")
    links = {name: link(reference.follow()) for name, reference in node.at("links").entries()}
    return ApiResponse(status, description, media(node), headers, node.pointer, links, node.broken)


def link(node: Node) -> ApiLink:
    return ApiLink(
        node.text("operationId") or pointed(node.text("operationRef")),
        node.at("parameters").mapping,
        node.mapping.get("requestBody"),
        node.text("description"),
    )


def pointed(reference: str) -> str:
    """The operation a pointer into `paths` names: "#/paths/~1orders/get" -> "GET /orders"."""
    path, _, method = reference.partition("#/paths/")[2].rpartition("/")
    path = unquote(path).replace("~1", "/").replace("~0", "~")
    return f"{method.upper()} {path}" if path else reference


def media(node: Node) -> Mapping[str, Media]:
    by_type: dict[str, Media] = {}
    for type_, reference in node.at("content").entries():
        content = reference.follow()
        schema, item = content.at("schema"), content.at("itemSchema")
        by_type[type_] = Media(
            type_,
            Schema.of(schema) if schema.value not in (None, {}) else None,
            styles=dict(styles(content)),
            content_types=dict(content_types(content)),
            part_headers=dict(part_headers(content)),
            examples=examples(content),
            stream=Schema.of(item) if item.mapping else None,
        )
    return by_type


def styles(content: Node) -> Iterator[tuple[str, Encoding]]:
    """The fields of a form whose encoding the document states."""
    for name, encoding in content.at("encoding").entries():
        style, explode = encoding.text("style"), encoding.mapping.get("explode")
        if style or isinstance(explode, bool):
            style = style or "form"
            yield (
                name,
                encoding_of(style, explode if isinstance(explode, bool) else style == "form"),
            )


def content_types(content: Node) -> Iterator[tuple[str, str]]:
    for name, encoding in content.at("encoding").entries():
        if encoding.text("contentType"):
            yield name, encoding.text("contentType")


def part_headers(content: Node) -> Iterator[tuple[str, Mapping[str, Parameter]]]:
    """The headers of parts; their media type is not one of them (OpenAPI, "Encoding Object")."""
    for name, encoding in content.at("encoding").entries():
        headers = {
            header: described(node.follow(), header, "header")
            for header, node in encoding.at("headers").entries()
            if header.lower() != "content-type"
        }
        if headers:
            yield name, headers


def examples(node: Node) -> tuple[object, ...]:
    """The examples of a parameter or a media type, in the document's order."""
    values: list[object] = [node.mapping["example"]] if "example" in node.mapping else []
    for _, reference in node.at("examples").entries():
        example = reference.follow().mapping
        key = next((key for key in ("value", "dataValue") if key in example), None)
        if key:
            values.append(example[key])
    return tuple(values)
