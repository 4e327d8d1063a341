"""The fake provider tells a request that is not signed as AWS wants it; the requests are written
down here, but for their signature."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from support.sandbox_samples import document, operation, play

if TYPE_CHECKING:
    import httpx2

    from noctule.sandbox import FakeProvider

SCHEMES: Any = {
    "hmac": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }
}
PATHS: Any = {"/me": {"get": operation(security=[{"hmac": []}])}}
SCOPE = "20150830/us-east-1/sqs/aws4_request"
EMPTY = hashlib.sha256(b"").hexdigest()
DATE = {"x-amz-date": "20150830T123600Z"}


def authorization(names: str, scope: str = SCOPE) -> dict[str, str]:
    signed = f"SignedHeaders={names}, Signature={'0' * 64}"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential=AKID/{scope}, {signed}"}


NAMES = "host;x-amz-date"
REQUESTS: dict[str, tuple[dict[str, str], bool]] = {
    "as it is wanted": ({**DATE, **authorization(NAMES)}, True),
    "with a hash": (
        {**DATE, "x-amz-content-sha256": EMPTY,
         **authorization("host;x-amz-content-sha256;x-amz-date")},
        True,
    ),
    "with another hash": (
        {**DATE, "x-amz-content-sha256": "0" * 64,
         **authorization("host;x-amz-content-sha256;x-amz-date")},
        False,
    ),
    "no signature": (DATE, False),
    "a token": ({**DATE, "authorization": "Bearer x"}, False),
    "no date": (authorization(NAMES), False),
    "the scope of another day": (
        {**DATE, **authorization(NAMES, SCOPE.replace("0830", "0831"))}, False,
    ),
    "a scope without a region": (
        {**DATE, **authorization(NAMES, "20150830/sqs/aws4_request")}, False,
    ),
    "the host is not signed": ({**DATE, **authorization("x-amz-date")}, False),
    "names out of order": ({**DATE, **authorization("x-amz-date;host")}, False),
    "a token that is not signed": (
        {**DATE, "x-amz-security-token": "t", **authorization(NAMES)}, False,
    ),
    "a content type that is not signed": (
        {**DATE, "content-type": "text/plain", **authorization(NAMES)}, False,
    ),
    "a header that is not there": ({**DATE, **authorization("host;x-amz-date;x-other")}, False),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_what_aws_would_refuse_is_told(name: str) -> None:
    headers, good = REQUESTS[name]

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        answer = await client.get("/me", headers=headers)
        assert answer.status_code == (204 if good else 401)
        kinds = [finding.kind for finding in fake.ledger.exchanges[0].findings]
        assert kinds == ([] if good else ["credential_missing"])

    play(scene, document(PATHS, schemes=SCHEMES))
