"""Thirteen providers' own documents: read whole, sampled, judged by an independent validator."""

import json
import time
from itertools import islice
from pathlib import Path

import jsonschema_rs
import pytest

from noctule.apidoc import ApiDocument, ApiOperation, Schema, json_schema, load, sample
from noctule.apidoc.quality.gaps import gaps
from support.paths import SPECS

DOCUMENTS = sorted(SPECS.glob("*.json"))
pytestmark = pytest.mark.skipif(not DOCUMENTS, reason="the shared documents are not here")
OPERATIONS = {
    "adyen-checkout": 25, "box": 260, "digitalocean": 290, "github": 845, "gitlab": 358,
    "notion": 13, "plaid": 200, "postmark": 43, "sendgrid": 334, "slack": 174, "spotify": 88,
    "stripe": 452, "twilio": 195,
}  # fmt: skip
SAMPLED = 20
"""Operations of each document whose samples are validated here; all of them in benchmarks."""


def bodies(operation: ApiOperation) -> list[tuple[Schema, bool]]:
    found: list[tuple[Schema, bool]] = []
    if operation.body:
        found += [(media.schema, True) for media in operation.body.media.values() if media.schema]
    if operation.success:
        found += [(m.schema, False) for m in operation.success.media.values() if m.schema]
    return found


def read_everything(document: ApiDocument) -> None:
    for operation in [*document.operations.values(), *document.webhooks.values()]:
        assert operation.key
        assert operation.id
        assert operation.security is not None
        for parameter in operation.parameters:
            assert parameter.name
            assert parameter.schema.broken == ""
        for schema, _ in bodies(operation):
            assert schema.broken == ""
            assert schema.type
    for schema in document.schemas.values():
        for held in schema.properties.values():
            assert held.broken == ""
            assert held.type


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_document_is_read_whole(path: Path) -> None:
    document = load(path)
    assert len(document.operations) == OPERATIONS[path.stem]
    assert document.title
    assert document.servers[0].url.startswith(("https://", "http://"))
    assert document.duplicates == ()
    read_everything(document)
    found = gaps(document, document.operations.values())
    assert {gap.kind for gap in found} >= {"rate_limit"} or path.stem in ("spotify", "digitalocean")
    assert json.loads(path.read_bytes()) == document.raw


def test_samples_are_valid() -> None:
    total, invalid = 0, []
    for path in DOCUMENTS:
        document = load(path)
        step = max(1, len(document.operations) // SAMPLED)
        for operation in islice(document.operations.values(), 0, None, step):
            for schema, request in bodies(operation):
                total += 1
                validator = jsonschema_rs.Draft202012Validator(
                    json_schema(schema, request=request), validate_formats=True
                )
                if not validator.is_valid(sample(schema, request=request)):
                    invalid.append((path.stem, operation.key, request))
    assert total > 350
    assert len(invalid) <= total / 100, invalid


def test_stripe_is_indexed_at_once() -> None:
    path = SPECS / "stripe.json"
    fastest = min(timed(path) for _ in range(3))
    assert fastest < 0.6, "0.3 s on an idle machine"


def timed(path: Path) -> float:
    started = time.process_time()
    assert len(load(path).operations) == OPERATIONS[path.stem]
    return time.process_time() - started


def test_stripe_says_how_its_forms_are_written() -> None:
    operation = load(SPECS / "stripe.json").find("POST /v1/payment_intents")
    assert operation is not None
    assert operation.body is not None
    form = operation.body.media["application/x-www-form-urlencoded"]
    assert form.styles["metadata"] == "deepObject"
    assert operation.success is not None
    assert operation.success.schema is not None
    assert operation.success.schema.name == "payment_intent"
    customer = operation.success.schema.properties["customer"]
    assert (customer.type, customer.nullable) == ("union", True)
    assert [v.name for v in customer.variants] == [None, "customer", "deleted_customer"]
    assert set(operation.success.schema.required) >= {"id", "amount", "status"}


def test_github_describes_its_webhooks() -> None:
    document = load(SPECS / "github.json")
    assert len(document.webhooks) == 218
    push = document.webhooks["push"]
    assert push.body is not None
    assert "commits" in push.body.media["application/json"].schema.properties  # type: ignore[union-attr]


def test_notion_names_no_way_to_authenticate() -> None:
    document = load(SPECS / "notion.json")
    blocking = {gap.kind for gap in gaps(document, document.operations.values()) if gap.blocking}
    assert blocking == {"auth", "error_responses"}
