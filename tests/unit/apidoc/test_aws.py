"""The service that requests to AWS are signed for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from noctule import apidoc

SCHEME = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "x-amazon-apigateway-authtype": "awsSigv4",
}


def scheme(url: str, **info: str) -> apidoc.SecurityScheme:
    root: Any = {
        "openapi": "3.0.0",
        "info": {"title": "Acme", "version": "1", **info},
        "servers": [{"url": url}],
        "components": {"securitySchemes": {"hmac": SCHEME}},
        "paths": {},
    }
    return apidoc.parse(json.dumps(root).encode(), source="acme.json").security_schemes["hmac"]


@pytest.mark.parametrize(
    ("host", "info", "service"),
    [
        ("sqs.eu-west-3.amazonaws.com", {}, "sqs"),
        ("sqs.eu-west-3.amazonaws.com.cn", {}, "sqs"),
        ("iam.amazonaws.com", {}, "iam"),
        ("iam.us-gov.amazonaws.com", {}, "iam"),
        ("s3-us-west-2.amazonaws.com", {}, "s3"),
        ("kendra-ranking.us-east-1.api.aws", {}, "kendra-ranking"),
        ("email.us-east-1.amazonaws.com", {"x-aws-signingName": "ses"}, "ses"),
        ("service.chime.aws.amazon.com", {"x-serviceName": "chime"}, "chime"),
        ("a.b.us-east-1.amazonaws.com", {}, ""),
        ("sqs.eu-west-3.example.org", {"x-aws-signingName": "sqs"}, ""),
    ],
)
def test_the_service_is_the_named_one_or_the_hosts(
    host: str, info: dict[str, str], service: str
) -> None:
    found = scheme(f"https://{host}", **info)
    assert found.service == service
    assert (found.kind == "aws_sigv4") is bool(service)
