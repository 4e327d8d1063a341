"""The service that requests to AWS are signed for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from noctule import apidoc

AUTHTYPE = "x-amazon-apigateway-authtype"
SCHEME = {"type": "apiKey", "in": "header", "name": "Authorization"}


def scheme(url: str, kind: str = "awsSigv4", **info: str) -> apidoc.SecurityScheme:
    root: Any = {
        "openapi": "3.0.0",
        "info": {"title": "Acme", "version": "1", **info},
        "servers": [{"url": url}],
        "components": {"securitySchemes": {"hmac": {**SCHEME, AUTHTYPE: kind}}},
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


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("awsSigv4", "aws_sigv4"),
        ("awsS3", "aws_sigv4"),
        ("AWSSIGV4", "aws_sigv4"),
        ("awsSigv2", "api_key"),
        ("custom", "api_key"),
    ],
)
def test_version_four_is_meant_by_its_name_and_by_that_of_s3(kind: str, expected: str) -> None:
    assert scheme("https://s3.us-east-1.amazonaws.com", kind).kind == expected
