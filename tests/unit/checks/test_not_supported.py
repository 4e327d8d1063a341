"""Ways to authenticate that we do not have are refused by name; others are taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from noctule import apidoc
from noctule.apidoc.quality.gaps import gaps
from noctule.checks.gates import gate
from noctule.problem import Exit, Problem

BEARER = {"type": "http", "scheme": "bearer"}
OVH = {"name": "X-Ovh-Signature", "in": "header", "required": True, "schema": {"type": "string"}}
SIGV4 = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "x-amazon-apigateway-authtype": "awsSigv4",
}


def document(scheme: Any, security: Any, **operation: Any) -> apidoc.ApiDocument:
    answer = {"responses": {"204": {"description": "done"}, "401": {"description": "no"}}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "components": {"securitySchemes": {"own": scheme, "bearer": BEARER}},
        "paths": {"/x": {"get": {**answer, "security": security, **operation}}},
    }
    return apidoc.parse(json.dumps(root).encode(), source="acme.json")


REFUSED: dict[str, tuple[Any, str]] = {
    "negotiate": ({"type": "http", "scheme": "negotiate"}, "own (HTTP negotiate)"),
    "an http signature": ({"type": "http", "scheme": "signature"}, "own (HTTP signature)"),
    "hmac": ({"type": "http", "scheme": "hmac-sha256"}, "own (HTTP hmac-sha256)"),
    "aws": ({"type": "http", "scheme": "AWS4-HMAC-SHA256"}, "own (HTTP AWS4-HMAC-SHA256)"),
    "aws behind a gateway": (SIGV4, "own (awsSigv4)"),
    "aws, an older version": (
        {**SIGV4, "x-amazon-apigateway-authtype": "awsSigv2"},
        "own (awsSigv2)",
    ),
    "a header with a signature": (
        {"type": "apiKey", "in": "header", "name": "X-Acme-Signature"},
        "own (a signature of each request in X-Acme-Signature)",
    ),
    "a type unheard of": ({"type": "magic"}, "own (unknown type)"),
}


@pytest.mark.parametrize("accepted", ["", "a reason"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_we_cannot_do_is_refused_by_name(name: str, accepted: str) -> None:
    scheme, way = REFUSED[name]
    for security in ([{"own": []}], [{"own": [], "bearer": []}]):
        api = document(scheme, security)
        with pytest.raises(Problem) as caught:
            gate(api, api.operations.values(), accepted)
        assert caught.value.exit is Exit.REFUSED
        assert way in caught.value.cause("en")
        assert "GET /x" in caught.value.cause("fr")


@pytest.mark.parametrize("name", REFUSED)
def test_another_way_is_taken(name: str) -> None:
    for security in ([{"own": []}, {"bearer": []}], [{"own": []}, {}], []):
        api = document(REFUSED[name][0], security)
        gate(api, api.operations.values(), "a reason")


def test_a_signature_in_a_parameter_is_refused() -> None:
    api = document(BEARER, [], parameters=[OVH])
    with pytest.raises(Problem, match="X-Ovh-Signature"):
        gate(api, api.operations.values(), "a reason")


@pytest.mark.parametrize(
    "scheme",
    [
        BEARER,
        {"type": "http", "scheme": "SSWS"},
        {"type": "mutualTLS"},
        {"type": "apiKey", "in": "query", "name": "sign_in_key"},
    ],
)
def test_what_we_can_do_is_not_refused(scheme: Any) -> None:
    api = document(scheme, [{"own": []}])
    gate(api, api.operations.values(), "a reason")


def test_a_document_in_which_all_is_public_says_nothing_of_authentication() -> None:
    def kinds(api: apidoc.ApiDocument) -> set[str]:
        return {gap.kind for gap in gaps(api, tuple(api.operations.values())) if gap.blocking}

    assert "auth" in kinds(document(BEARER, []))
    api = document(BEARER, [{"own": []}])
    assert "auth" not in kinds(api)
    raw: Any = json.loads(json.dumps(api.raw))
    raw["paths"]["/public"] = {"get": {**raw["paths"]["/x"]["get"], "security": []}}
    assert "auth" not in kinds(apidoc.parse(json.dumps(raw).encode(), source="acme.json"))
