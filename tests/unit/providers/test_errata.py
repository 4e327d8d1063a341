"""Every erratum is proven on the real document: it says what the pack says that it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from noctule import providers
from support.paths import SPECS

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="../shared/specs is not here")

Proof = Callable[[Any, dict[str, Any]], bool]
"""(the node under the erratum's pointer, the whole document) -> whether the erratum holds."""


def statuses(*wanted: str) -> Proof:
    return lambda node, _: set(node) == set(wanted)


def equal(value: object) -> Proof:
    return lambda node, _: node == value


def names(node: Any, document: dict[str, Any]) -> set[str]:
    """Names of an operation's parameters, references followed."""
    found = [parameter.get("$ref", "").rsplit("/", 1)[-1] for parameter in node]
    shared = document["components"].get("parameters", {})
    return {
        (shared[ref] if ref else parameter)["name"]
        for ref, parameter in zip(found, node, strict=True)
    }


def every_operation_errs_by_default_only(node: Any, document: dict[str, Any]) -> bool:
    return set(node) == {"200", "default"} and all(
        set(operation["responses"]) <= {"200", "default"}
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in ("get", "post", "delete")
    )


PROOFS: dict[tuple[str, str], Proof] = {
    ("stripe", "errors-only-default"): every_operation_errs_by_default_only,
    ("stripe", "idempotency-key-absent"): lambda _, document: (
        "Idempotency-Key" not in json.dumps(document["paths"]["/v1/payment_intents"])
    ),
    ("stripe", "get-with-a-body"): lambda node, _: (
        node["content"]["application/x-www-form-urlencoded"]["schema"]["properties"] == {}
    ),
    ("stripe", "deep-object-arrays"): lambda node, document: (
        node["style"] == "deepObject"
        and document["paths"]["/v1/subscriptions"]["post"]["requestBody"]["content"][
            "application/x-www-form-urlencoded"
        ]["schema"]["properties"]["items"]["type"]
        == "array"
    ),
    ("stripe", "subscription-period"): lambda _, document: (
        {"current_period_start", "current_period_end"}
        <= set(document["components"]["schemas"]["subscription"]["required"])
    ),
    ("stripe", "invoice-payment-intent"): lambda _, document: (
        "paid" in document["components"]["schemas"]["invoice"]["required"]
    ),
    ("stripe", "retired-parameters"): lambda node, document: (
        node["type"] == "array"
        and "price"
        in document["paths"]["/v1/invoiceitems"]["post"]["requestBody"]["content"][
            "application/x-www-form-urlencoded"
        ]["schema"]["properties"]
    ),
    ("stripe", "events-incomplete"): lambda node, _: (
        not {"refund.failed", "invoice.overdue"} & set(node["items"]["enum"])
    ),
    ("github", "no-security-scheme"): lambda node, document: (
        "securitySchemes" not in node and "security" not in document
    ),
    ("github", "no-401-no-429"): statuses("201", "403", "404", "410", "422", "503"),
    ("github", "rate-limit-is-403"): lambda node, _: "headers" not in node,
    ("github", "latest-release-404"): statuses("200"),
    ("github", "dispatch-errors"): statuses("204"),
    ("github", "events-incomplete"): lambda node, _: (
        "issues-typed" not in node and not any(name.startswith("sub-issues") for name in node)
    ),
    ("slack", "errors-are-200"): lambda node, _: (
        "error" in node["content"]["application/json"]["schema"]["properties"]
    ),
    ("slack", "rate-limit-absent"): statuses("200", "default"),
    ("slack", "ts-as-number"): equal("number"),
    ("slack", "post-at-as-text"): equal("string"),
    ("slack", "token-parameter"): lambda node, _: (
        node["name"] == "token" and node["in"] == "header" and node["required"]
    ),
    ("slack", "form-only"): lambda node, _: list(node) == ["application/x-www-form-urlencoded"],
    ("slack", "required-missing"): lambda node, _: "required" not in node,
    ("slack", "tuple-schemas"): lambda node, _: "items" in node and "type" not in node,
    ("slack", "history-without-cursor"): lambda node, _: "response_metadata" not in node,
    ("slack", "files-upload-retired"): lambda node, _: not node.get("deprecated", False),
    ("slack", "oauth-v1"): equal("https://slack.com/api/oauth.access"),
    ("twilio", "no-errors"): lambda node, document: (
        set(node) == {"201"}
        and not any(
            status >= "400"
            for item in document["paths"].values()
            for operation in item.values()
            if isinstance(operation, dict)
            for status in operation.get("responses", {})
        )
    ),
    ("twilio", "nothing-required"): lambda node, _: (
        "required" not in node and node["properties"]["sid"]["nullable"]
    ),
    ("twilio", "one-of-required"): equal(["To"]),
    ("twilio", "status-callback-events"): lambda node, _: "enum" not in node["items"],
    ("sendgrid", "plain-http"): equal("http://api.sendgrid.com/v3"),
    ("sendgrid", "key-without-bearer"): lambda node, _: (
        node["type"] == "apiKey" and node["name"] == "Authorization"
    ),
    ("sendgrid", "subject-content-required"): lambda node, _: {"subject", "content"} <= set(node),
    ("sendgrid", "custom-args-text"): equal("string"),
    ("sendgrid", "bounce-address-twice"): lambda node, _: (
        node["name"] == "email_address" and node["in"] == "query" and node["required"]
    ),
    ("sendgrid", "accept-required"): lambda node, document: "Accept" in names(node, document),
    ("sendgrid", "trailing-space"): lambda node, _: "updated_at " in node,
    ("sendgrid", "nothing-required"): lambda _, document: (
        "required"
        not in document["paths"]["/marketing/lists"]["post"]["responses"]["200"]["content"][
            "application/json"
        ]["schema"]
    ),
    ("sendgrid", "no-429"): lambda node, _: "429" not in node,
}


@cache
def document(pack: str) -> dict[str, Any]:
    return json.loads((SPECS / f"{pack}.json").read_bytes())


def at(document: dict[str, Any], pointer: str) -> Any:
    """The node under `pointer`; references on the way are followed."""
    node: Any = document
    for step in pointer.removeprefix("#/").split("/"):
        while isinstance(node, dict) and "$ref" in node:
            node = at(document, node["$ref"])
        step = step.replace("~1", "/").replace("~0", "~")
        node = node[int(step)] if isinstance(node, list) else node[step]
    return at(document, node["$ref"]) if isinstance(node, dict) and "$ref" in node else node


@pytest.mark.parametrize(("pack", "erratum"), PROOFS)
def test_the_real_document_says_what_the_erratum_says(pack: str, erratum: str) -> None:
    fact = {fact.id: fact for fact in providers.pack(pack).errata}[erratum]
    assert PROOFS[pack, erratum](at(document(pack), fact.pointer), document(pack))
    assert fact.source.startswith("https://")


def test_no_erratum_goes_without_proof() -> None:
    known = {(pack.id, fact.id) for pack in providers.packs().values() for fact in pack.errata}
    assert known == set(PROOFS)
