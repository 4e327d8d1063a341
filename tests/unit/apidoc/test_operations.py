"""Operations look the same whatever dialect wrote them."""

import json
from typing import Any

import pytest

from noctule.apidoc import ApiDocument, ApiOperation, parse

TEXT = {"type": "string"}
OBJECT = {"type": "object"}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def three(version: str = "3.0.3", **sections: object) -> ApiDocument:
    raw = {"openapi": version, "info": {"title": "T", "version": "1"}, "paths": {}, **sections}
    return parse(json.dumps(raw).encode(), source="test")


def two(**sections: object) -> ApiDocument:
    raw = {"swagger": "2.0", "info": {"title": "T", "version": "1"}, "paths": {}, **sections}
    return parse(json.dumps(raw).encode(), source="test")


def only(document: ApiDocument) -> ApiOperation:
    (operation,) = document.operations.values()
    return operation


def operation3(written: dict[str, Any], version: str = "3.0.3", **sections: object) -> ApiOperation:
    return only(three(version, paths={"/x": {"post": written}}, **sections))


def operation2(written: dict[str, Any], **sections: object) -> ApiOperation:
    return only(two(paths={"/x": {"post": written}}, **sections))


def test_identity() -> None:
    document = three(
        paths={
            "/v1/charges/{charge}": {
                "summary": "shared",
                "get": {"operationId": "GetCharge", "tags": ["a", 3], "deprecated": True},
                "post": {},
                "parameters": [],
                "x-note": {},
            },
            "x-extension": {"get": {}},
        }
    )
    assert list(document.operations) == [
        "GET /v1/charges/{charge}",
        "POST /v1/charges/{charge}",
    ]
    get, post = document.operations.values()
    assert (get.id, get.method, get.path, get.tags, get.deprecated, get.summary) == (
        "GetCharge", "GET", "/v1/charges/{charge}", ("a",), True, "shared",
    )  # fmt: skip
    assert (post.id, post.operation_id) == ("post_v1_charges_charge", "")
    assert get.pointer == "#/paths/~1v1~1charges~1{charge}/get"


def test_find() -> None:
    document = three(
        paths={"/a/{b}": {"get": {"operationId": "read"}, "put": {}}, "/a/b": {"get": {}}}
    )
    read = document.operations["GET /a/{b}"]
    for reference in ("GET /a/{b}", "get /a/{b}", "read", " GET  /a/{b} ", "GET /a/{other}"):
        assert document.find(reference) is read, reference
    assert document.find("PUT /a/{x}/") is document.operations["PUT /a/{b}"]
    for nothing in ("DELETE /a/{b}", "reads", "", "GET", "GET /a", "GET /a/{b}/c"):
        assert document.find(nothing) is None, nothing


def test_the_first_of_two_operations_of_one_id_is_found() -> None:
    document = three(
        paths={"/a": {"get": {"operationId": "x"}}, "/b": {"get": {"operationId": "x"}}}
    )
    found = document.find("x")
    assert found is not None
    assert found.path == "/a"


def test_parameters_of_the_path_are_merged() -> None:
    document = three(
        paths={
            "/x/{id}": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "q", "in": "query", "schema": TEXT, "description": "path's"},
                ],
                "get": {
                    "parameters": [
                        {"$ref": "#/components/parameters/Q"},
                        {"name": "q", "in": "header", "schema": TEXT},
                        {"name": "", "in": "query"},
                        {"name": "body", "in": "body"},
                        {"$ref": "#/components/parameters/Gone"},
                    ]
                },
            }
        },
        components={
            "parameters": {"Q": {"name": "q", "in": "query", "required": True, "schema": TEXT}}
        },
    )
    found = [(p.name, p.where, p.required, p.schema.type) for p in only(document).parameters]
    assert found == [
        ("id", "path", True, "integer"),
        ("q", "query", True, "string"),
        ("q", "header", False, "string"),
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"in": "query"}, ("form", True, "form-explode")),
        ({"in": "query", "explode": False}, ("form", False, "form")),
        ({"in": "query", "style": "deepObject"}, ("deepObject", False, "deepObject")),
        ({"in": "query", "style": "pipeDelimited"}, ("pipeDelimited", False, "pipeDelimited")),
        ({"in": "query", "style": "spaceDelimited"}, ("spaceDelimited", False, "spaceDelimited")),
        ({"in": "path"}, ("simple", False, None)),
        ({"in": "path", "style": "matrix", "explode": True}, ("matrix", True, None)),
        ({"in": "header"}, ("simple", False, None)),
        ({"in": "cookie"}, ("form", True, None)),
    ],
    ids=str,
)
def test_styles_and_their_defaults(
    written: dict[str, object], expected: tuple[object, ...]
) -> None:
    (parameter,) = operation3({"parameters": [{"name": "p", "schema": TEXT, **written}]}).parameters
    assert (parameter.style, parameter.explode, parameter.encoding) == expected


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        (None, "form"),
        ("csv", "form"),
        ("multi", "form-explode"),
        ("ssv", "spaceDelimited"),
        ("pipes", "pipeDelimited"),
        ("tsv", "tabDelimited"),
    ],
)
def test_swagger_2_collection_formats(format_: str | None, expected: str) -> None:
    written = {"name": "p", "in": "query", "type": "array", "items": TEXT}
    (parameter,) = operation2(
        {"parameters": [{**written, **({"collectionFormat": format_} if format_ else {})}]}
    ).parameters
    assert parameter.encoding == expected
    assert parameter.schema.items is not None


def test_a_parameter_with_content() -> None:
    written = {
        "name": "filter",
        "in": "query",
        "content": {JSON: {"schema": OBJECT}},
    }
    (parameter,) = operation3({"parameters": [written]}).parameters
    assert (parameter.media, parameter.schema.type) == ("application/json", "object")


def test_bodies_of_openapi_3() -> None:
    body = operation3(
        {
            "requestBody": {
                "required": True,
                "content": {
                    FORM: {
                        "schema": {"$ref": "#/components/schemas/Form"},
                        "encoding": {
                            "expand": {"style": "deepObject", "explode": True},
                            "tags": {"explode": False},
                            "ids": {"style": "form"},
                            "file": {"contentType": "image/png"},
                        },
                    },
                    JSON: {"example": {"a": 1}},
                    "text/plain": {"schema": {}, "examples": {"one": {"value": "x"}, "two": {}}},
                },
            }
        },
        components={"schemas": {"Form": OBJECT}},
    ).body
    assert body is not None
    assert body.required
    form, json_, text = body.media.values()
    assert form.schema is not None
    assert form.schema.name == "Form"
    assert form.styles == {"expand": "deepObject", "tags": "form", "ids": "form-explode"}
    assert form.content_types == {"file": "image/png"}
    assert (json_.schema, json_.examples) == (None, ({"a": 1},))
    assert (text.schema, text.examples) == (None, ("x",))


def test_the_body_of_swagger_2() -> None:
    operation = operation2(
        {
            "consumes": ["application/vnd.x+json"],
            "parameters": [
                {"name": "b", "in": "body", "required": True, "schema": {"$ref": "#/definitions/B"}}
            ],
        },
        definitions={"B": OBJECT},
        consumes=["application/json"],
    )
    assert operation.parameters == ()
    assert operation.body is not None
    assert operation.body.required
    (media,) = operation.body.media.values()
    assert media.type == "application/vnd.x+json"
    assert media.schema is not None
    assert media.schema.name == "B"


def test_the_form_of_swagger_2() -> None:
    body = operation2(
        {
            "parameters": [
                {
                    "name": "a",
                    "in": "formData",
                    "type": "string",
                    "required": True,
                    "format": "date",
                },
                {
                    "name": "l",
                    "in": "formData",
                    "type": "array",
                    "items": TEXT,
                    "collectionFormat": "multi",
                },
            ]
        }
    ).body
    assert body is not None
    media = body.media[FORM]
    assert media.schema is not None
    assert media.schema.required == {"a"}
    assert media.schema.properties["a"].format == "date"
    assert media.styles == {"l": "form-explode"}


def test_a_file_makes_a_form_multipart() -> None:
    body = operation2({"parameters": [{"name": "f", "in": "formData", "type": "file"}]}).body
    assert body is not None
    (media,) = body.media.values()
    assert media.type == "multipart/form-data"
    assert media.schema is not None
    file = media.schema.properties["f"]
    assert (file.type, file.format) == ("string", "binary")


def test_answers() -> None:
    operation = operation3(
        {
            "responses": {
                "default": {"$ref": "#/components/responses/Problem"},
                "204": {"description": "nothing"},
                "201": {
                    "description": "made",
                    "headers": {"X-Id": {"schema": {"type": "integer"}, "required": True}},
                    "content": {
                        "text/html": {"schema": TEXT},
                        "a/x+json": {"schema": OBJECT},
                    },
                },
                "404": {"description": "gone"},
                "5XX": {},
                "x-note": {},
            }
        },
        components={"responses": {"Problem": {"description": "bad"}}},
    )
    assert list(operation.responses) == ["default", "204", "201", "404", "5XX"]
    assert operation.success is operation.responses["201"]
    assert operation.success.schema is not None
    assert operation.success.schema.type == "object", "JSON first"
    assert operation.success.headers["X-Id"].schema.type == "integer"
    assert set(operation.errors) == {"default", "404", "5XX"}
    assert operation.errors["default"].description == "bad"
    assert operation.errors["default"].pointer == "#/components/responses/Problem"


def test_answers_of_swagger_2() -> None:
    operation = operation2(
        {
            "produces": ["application/json"],
            "responses": {
                "200": {
                    "schema": {"type": "file"},
                    "headers": {"X-N": {"type": "integer"}},
                    "examples": {JSON: {"a": 1}},
                },
                "400": {"description": "bad"},
            },
        }
    )
    assert operation.success is not None
    assert operation.success.media["application/json"].examples == ({"a": 1},)
    assert operation.success.schema is not None
    assert operation.success.schema.format == "binary"
    assert operation.success.headers["X-N"].schema.type == "integer"
    assert operation.errors["400"].media == {}


def test_success_of_default_alone_and_of_none() -> None:
    alone = operation3({"responses": {"default": {"content": {"a/json": {"schema": TEXT}}}}})
    assert alone.success is alone.responses["default"]
    assert operation3({"responses": {"default": {}, "404": {}}}).success is None
    assert operation3({}).success is None
    ranged = operation3({"responses": {"2XX": {}}})
    assert ranged.success is ranged.responses["2XX"]


@pytest.mark.parametrize(
    ("overall", "own", "expected"),
    [
        ([{"a": []}], None, (("a",),)),
        ([{"a": []}], [], ()),
        ([{"a": []}], [{}], ()),
        (None, [{"a": [], "b": ["s"]}, {"c": []}], (("a", "b"), ("c",))),
        (None, [{}, {"a": []}], (("a",), ())),
        (None, None, ()),
    ],
    ids=str,
)
def test_security(overall: object, own: object, expected: object) -> None:
    written = {} if own is None else {"security": own}
    sections = {} if overall is None else {"security": overall}
    assert operation3(written, **sections).security == expected
    assert operation2(written, **sections).security == expected


def test_security_schemes_of_openapi_3() -> None:
    flow = {"tokenUrl": "https://t.example", "scopes": {"read": "Read"}}
    schemes = three(
        components={
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Key", "description": "d"},
                "basic": {"type": "http", "scheme": "Basic"},
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "digest": {"type": "http", "scheme": "digest"},
                "machine": {
                    "type": "oauth2",
                    "flows": {"authorizationCode": flow, "clientCredentials": flow},
                },
                "person": {"type": "oauth2", "flows": {"authorizationCode": flow}},
                "password": {"type": "oauth2", "flows": {"password": flow}},
                "implicit": {"type": "oauth2", "flows": {"implicit": {"scopes": {}}}},
                "device": {"type": "oauth2", "flows": {"deviceAuthorization": flow}},
                "openid": {"type": "openIdConnect", "openIdConnectUrl": "https://o.example"},
                "tls": {"type": "mutualTLS"},
                "odd": {"type": "spell"},
                "ref": {"$ref": "#/components/securitySchemes/key"},
                "junk": 3,
            }
        }
    ).security_schemes
    assert {name: scheme.kind for name, scheme in schemes.items()} == {
        "key": "api_key", "basic": "basic", "bearer": "bearer", "digest": "digest",
        "machine": "oauth2_client_credentials", "person": "oauth2_authorization_code",
        "password": "oauth2_password", "implicit": "oauth2_implicit", "device": "oauth2_device",
        "openid": "openid", "tls": "mutual_tls", "odd": "other", "ref": "api_key", "junk": "other",
    }  # fmt: skip
    key, machine = schemes["key"], schemes["machine"]
    assert (key.where, key.parameter, key.description) == ("header", "X-Key", "d")
    assert (machine.token_url, machine.scopes) == ("https://t.example", {"read": "Read"})
    assert schemes["digest"].scheme == "digest"
    assert schemes["openid"].token_url == "https://o.example"


def test_security_schemes_of_swagger_2() -> None:
    schemes = two(
        securityDefinitions={
            "key": {"type": "apiKey", "in": "query", "name": "k"},
            "basic": {"type": "basic"},
            "machine": {"type": "oauth2", "flow": "application", "tokenUrl": "https://t.example"},
            "person": {"type": "oauth2", "flow": "accessCode", "scopes": {"a": "A"}},
            "odd": {"type": "oauth2"},
        }
    ).security_schemes
    assert {name: scheme.kind for name, scheme in schemes.items()} == {
        "key": "api_key", "basic": "basic", "machine": "oauth2_client_credentials",
        "person": "oauth2_authorization_code", "odd": "other",
    }  # fmt: skip
    assert (schemes["key"].where, schemes["key"].parameter) == ("query", "k")


def test_servers() -> None:
    document = three(
        servers=[
            {
                "url": "https://{region}.example/{base}/{open}",
                "description": "d",
                "variables": {"region": {"default": "eu"}, "base": {"default": "v1"}},
            }
        ],
        paths={
            "/a": {"servers": [{"url": "https://path.example"}], "get": {}},
            "/b": {"get": {"servers": [{"url": "https://own.example"}]}},
        },
    )
    (server,) = document.servers
    assert (server.url, server.description) == ("https://eu.example/v1/{open}", "d")
    assert [op.servers[0].url for op in document.operations.values()] == [
        "https://path.example",
        "https://own.example",
    ]


@pytest.mark.parametrize(
    ("sections", "urls"),
    [
        ({"host": "a.example", "basePath": "/v1/", "schemes": ["http", "https"]},
         ["https://a.example/v1", "http://a.example/v1"]),
        ({"host": "a.example"}, ["https://a.example"]),
        ({"basePath": "/v1"}, ["/v1"]),
        ({}, []),
    ],
    ids=str,
)  # fmt: skip
def test_servers_of_swagger_2(sections: dict[str, Any], urls: list[str]) -> None:
    assert [server.url for server in two(**sections).servers] == urls


def test_webhooks_and_callbacks() -> None:
    delivery = {"post": {"requestBody": {"content": {JSON: {"schema": TEXT}}}}}
    document = three(
        "3.1.0",
        webhooks={"paid": delivery, "empty": {}, "ref": {"$ref": "#/components/pathItems/P"}},
        components={"pathItems": {"P": delivery}},
        paths={"/s": {"post": {"callbacks": {"done": {"{$request.body#/url}": delivery}}}}},
        **{"x-webhooks": {"old": delivery}},
    )
    assert set(document.webhooks) == {"paid", "ref", "old"}
    paid = document.webhooks["paid"]
    assert (paid.key, paid.method) == ("paid", "POST")
    assert paid.body is not None
    assert paid.pointer == "#/webhooks/paid/post"
    (callback,) = only(document).callbacks.values()
    assert callback.key == "done {$request.body#/url}"
    assert callback.body is not None


def test_what_openapi_3_2_adds() -> None:
    document = three(
        "3.2.0",
        paths={
            "/x": {
                "query": {
                    "parameters": [
                        {
                            "name": "all",
                            "in": "querystring",
                            "content": {FORM: {"schema": OBJECT}},
                        }
                    ],
                    "responses": {
                        "200": {
                            "summary": "events",
                            "content": {
                                "text/event-stream": {"itemSchema": TEXT},
                                JSON: {"$ref": "#/components/mediaTypes/M"},
                            },
                        }
                    },
                },
                "additionalOperations": {"COPY": {"responses": {}}},
            }
        },
        components={"mediaTypes": {"M": {"schema": TEXT, "examples": {"e": {"dataValue": "v"}}}}},
    )
    assert document.dialect == "openapi-3.2"
    assert list(document.operations) == ["QUERY /x", "COPY /x"]
    query = document.operations["QUERY /x"]
    assert query.parameters[0].where == "querystring"
    assert query.parameters[0].media == "application/x-www-form-urlencoded"
    assert query.success is not None
    assert query.success.description == "events"
    stream = query.success.media["text/event-stream"].stream
    assert stream is not None
    assert stream.type == "string"
    assert query.success.media["application/json"].examples == ("v",)


def test_a_path_item_may_be_a_reference() -> None:
    document = three(
        paths={"/a": {"$ref": "#/components/pathItems/P"}, "/b": {"$ref": "#/gone"}, "/c": None},
        components={"pathItems": {"P": {"get": {}}}},
    )
    assert list(document.operations) == ["GET /a"]


@pytest.mark.parametrize("junk", [None, 3, "x", [], [3], {"a": 3}, {"200": 3, "default": None}])
@pytest.mark.parametrize("make", [operation3, operation2])
def test_junk_in_an_operation_is_read_as_silence(make: Any, junk: object) -> None:
    keys = ("parameters", "requestBody", "responses", "security", "callbacks", "tags", "servers")
    for key in keys:
        operation = make({key: junk})
        read = (
            operation.parameters, operation.body, operation.success, operation.errors,
            operation.security, operation.callbacks, operation.tags, operation.servers,
        )  # fmt: skip
        assert len(read) == 8


def test_what_openapi_3_2_says_of_security_and_of_itself() -> None:
    document = three(
        "3.2.0",
        **{
            "$self": "https://a.example/openapi.json",
            "paths": {
                "/x": {
                    "get": {
                        "security": [{"#/components/securitySchemes/key": []}],
                        "parameters": [
                            {"name": "q", "in": "query", "allowReserved": True,
                             "schema": {"$ref": "https://a.example/openapi.json#/components/schemas/S"}},
                        ],
                    }
                }
            },
            "components": {
                "schemas": {"S": TEXT},
                "securitySchemes": {
                    "key": {"type": "oauth2", "deprecated": True,
                            "oauth2MetadataUrl": "https://a.example/.well-known/oauth",
                            "flows": {"deviceAuthorization": {"tokenUrl": "https://a.example/t"}}},
                },
            },
        },
    )  # fmt: skip
    operation = only(document)
    assert operation.security == (("key",),)
    scheme = document.security_schemes["key"]
    assert (scheme.kind, scheme.deprecated) == ("oauth2_device", True)
    assert scheme.metadata_url == "https://a.example/.well-known/oauth"
    (parameter,) = operation.parameters
    assert (parameter.reserved, parameter.schema.type, parameter.schema.name) == (
        True,
        "string",
        "S",
    )


def test_an_anchor_names_a_place() -> None:
    document = three(
        "3.1.0",
        paths={"/x": {"get": {"responses": {"200": {"content": {
            JSON: {"schema": {"$ref": "#order"}}, "text/x": {"schema": {"$ref": "#gone"}},
        }}}}}},
        components={"schemas": {"S": {"properties": {"a": {"$anchor": "order", **TEXT}}}}},
    )  # fmt: skip
    success = only(document).success
    assert success is not None
    assert success.schema is not None
    assert success.schema.pointer == "#/components/schemas/S/properties/a"
    broken = success.media["text/x"].schema
    assert broken is not None
    assert broken.broken == "#gone: nothing is there"


def test_links_lead_from_an_answer_to_the_next_call() -> None:
    links = {
        "read": {"operationId": "getOrder", "parameters": {"id": "$response.body#/id"}},
        "list": {"operationRef": "#/paths/~1orders~1%7Bid%7D/get", "description": "All."},
        "shared": {"$ref": "#/components/links/L"},
    }
    document = three(
        paths={"/orders": {"post": {"responses": {"201": {"links": links}}}}},
        components={"links": {"L": {"operationId": "other", "requestBody": {"a": 1}}}},
    )
    found = only(document).responses["201"].links
    assert (found["read"].operation, found["read"].parameters) == (
        "getOrder", {"id": "$response.body#/id"},
    )  # fmt: skip
    assert (found["list"].operation, found["list"].description) == ("GET /orders/{id}", "All.")
    assert (found["shared"].operation, found["shared"].body) == ("other", {"a": 1})
