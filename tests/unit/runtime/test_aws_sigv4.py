"""AWS Signature Version 4: the vectors that AWS publishes, and what comes of them in a service."""

from __future__ import annotations

import calendar
import re
import time
from typing import Any

import pytest

from noctule.runtime import (
    JSON,
    AwsSigV4,
    ConfigurationError,
    InvalidArgument,
    MissingSecrets,
    Operation,
    ServiceConfig,
    SyncService,
    env,
)
from noctule.runtime.auth.aws_sigv4 import region_of
from noctule.runtime.request import Request
from noctule.runtime.testing import MockProvider, VirtualClock

SUITE = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
S3 = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfI"
    "eoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0"
    "wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDryp"
    "NC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)


def auth(**given: Any) -> AwsSigV4:
    names = {"access_key": env("AWS_ACCESS_KEY_ID"), "secret_key": env("AWS_SECRET_ACCESS_KEY")}
    return AwsSigV4(**{**names, "service": "service", "region": "us-east-1", **given})


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SUITE)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)


def signed(way: AwsSigV4, request: Request, moment: str = "20150830T123600Z") -> Request:
    clock = VirtualClock(calendar.timegm(time.strptime(moment, "%Y%m%dT%H%M%SZ")))
    session = way.open()
    assert list(session.prepare(request, clock)) == []
    session.apply(request)
    return request


def signature(request: Request) -> str:
    return request.headers["Authorization"].rpartition("Signature=")[2]


UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VANILLA = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
VECTORS: dict[str, tuple[str, str, dict[str, str], bytes, str]] = {
    "get-header-key-duplicate": (
        "GET", "/", {"My-Header1": "value2", "my-header1": "value2", "MY-HEADER1": "value1"}, b"",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    "get-header-value-multiline": (
        "GET", "/", {"My-Header1": "value1  value2     value3"}, b"",
        "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
    ),
    "get-header-value-order": (
        "GET", "/", {"My-Header1": "value4,value1,value3,value2"}, b"",
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    ),
    "get-header-value-trim": (
        "GET", "/", {"My-Header1": " value1", "My-Header2": ' "a   b   c"'}, b"",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "get-unreserved": (
        "GET", f"/{UNRESERVED}", {}, b"",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    "get-vanilla": ("GET", "/", {}, b"", VANILLA),
    "get-relative": ("GET", "/example/..", {}, b"", VANILLA),
    "get-relative-relative": ("GET", "/example1/example2/../..", {}, b"", VANILLA),
    "get-slash": ("GET", "//", {}, b"", VANILLA),
    "get-slash-dot-slash": ("GET", "/./", {}, b"", VANILLA),
    "get-slash-pointless-dot": (
        "GET", "/./example", {}, b"",
        "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
    ),
    "get-slashes": (
        "GET", "//example//", {}, b"",
        "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
    ),
    "get-vanilla-query-order-encoded": (
        "GET", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", {}, b"",
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    ),
    "get-vanilla-query-order-key": (
        "GET", "/?Param1=value2&Param1=Value1", {}, b"",
        "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
    ),
    "get-vanilla-query-order-key-case": (
        "GET", "/?Param2=value2&Param1=value1", {}, b"",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-vanilla-query-order-value": (
        "GET", "/?Param1=value2&Param1=value1", {}, b"",
        "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
    ),
    "get-vanilla-query-unreserved": (
        "GET", f"/?{UNRESERVED}={UNRESERVED}", {}, b"",
        "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    "get-vanilla-utf8-query": (
        "GET", "/?\u1234=bar", {}, b"",
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    "post-header-key-sort": (
        "POST", "/", {"My-Header1": "value1"}, b"",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    "post-header-value-case": (
        "POST", "/", {"My-Header1": "VALUE1"}, b"",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ),
    "post-vanilla": (
        "POST", "/", {}, b"",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "post-vanilla-query": (
        "POST", "/?Param1=value1", {}, b"",
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    ),
    "post-x-www-form-urlencoded": (
        "POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, b"Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    "post-x-www-form-urlencoded-parameters": (
        "POST", "/", {"Content-Type": "application/x-www-form-urlencoded; charset=utf8"},
        b"Param1=value1",
        "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
    ),
}  # fmt: skip
"""Of aws-sig-v4-test-suite, by the names there. Those with a path that is not escaped are missing:
no request of ours has one."""


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_the_test_suite(name: str) -> None:
    method, target, headers, body, expected = VECTORS[name]
    request = Request(method, f"https://example.amazonaws.com{target}", dict(headers), body)
    assert signature(signed(auth(), request)) == expected


def test_temporary_credentials_send_their_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vector post-sts-header-before."""
    way = auth(session_token=env("AWS_SESSION_TOKEN"))
    assert "X-Amz-Security-Token" not in signed(way, Request("POST", "https://x.test/")).headers
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    request = signed(way, Request("POST", "https://example.amazonaws.com/"))
    assert request.headers["X-Amz-Security-Token"] == TOKEN
    assert signature(request) == "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"


S3_VECTORS = {
    "get object": (
        "/test.txt", {"Range": "bytes=0-9"},
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "get bucket lifecycle": (
        "/?lifecycle", {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "list objects": (
        "/?max-keys=2&prefix=J", {},
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", S3_VECTORS)
def test_the_examples_of_the_s3_documentation(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", S3)
    target, headers, expected = S3_VECTORS[name]
    url = f"https://examplebucket.s3.amazonaws.com{target}"
    request = signed(auth(service="s3"), Request("GET", url, dict(headers)), "20130524T000000Z")
    assert signature(request) == expected


def test_the_key_of_an_object_is_escaped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example "PUT object" of the S3 documentation: test$file.text."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", S3)
    request = Request(
        "PUT",
        "https://examplebucket.s3.amazonaws.com/test$file.text",
        {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        b"Welcome to Amazon S3.",
    )
    signed(auth(service="s3"), request, "20130524T000000Z")
    assert signature(request) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    assert request.url.endswith("/test%24file.text")


def test_the_example_of_the_iam_documentation() -> None:
    request = Request(
        "GET",
        "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    )
    assert signed(auth(service="iam"), request).headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request,"
        " SignedHeaders=content-type;host;x-amz-date,"
        " Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


@pytest.mark.parametrize(
    ("service", "path", "sent"),
    [
        ("s3", "/b/a%2Fb%2F%2Fc", "/b/a/b//c"),
        ("s3", "/b/..%2Fother%2Fx", "/b/..%2Fother%2Fx"),
        ("s3", "/b/%2E%2E", "/b/%2E%2E"),
        ("s3", "/b/a$b:c@d+e*", "/b/a%24b%3Ac%40d%2Be%2A"),
        ("sqs", "/b/a%2Fb", "/b/a%2Fb"),
        ("sqs", "/b/%2E%2E/c%3a", "/b/%2E%2E/c%3A"),
        ("sqs", "", "/"),
        ("sqs", "/#Action=x", "/"),
    ],
)
def test_a_path_is_sent_in_the_form_in_which_it_is_signed(
    service: str, path: str, sent: str
) -> None:
    """A slash in the name of an object is one; nothing leads to another bucket."""
    request = signed(auth(service=service), Request("GET", f"https://x.test{path}"))
    assert request.url == f"https://x.test{sent}"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sqs.eu-west-3.amazonaws.com", "eu-west-3"),
        ("bucket.s3-us-west-2.amazonaws.com", "us-west-2"),
        ("api.ecr.us-gov-east-1.amazonaws.com", "us-gov-east-1"),
        ("vpce-1-abc.sqs.us-east-2.vpce.amazonaws.com", "us-east-2"),
        ("sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("s3.dualstack.ap-southeast-2.amazonaws.com", "ap-southeast-2"),
        ("abc.lambda-url.eu-west-1.on.aws", "eu-west-1"),
        ("kendra-ranking.il-central-1.api.aws", "il-central-1"),
        ("iam.amazonaws.com", "us-east-1"),
        ("iam.us-gov.amazonaws.com", "us-gov-west-1"),
        ("route53.amazonaws.com.cn", "cn-northwest-1"),
        ("amazonaws.com.example.org", ""),
        ("sqs.eu-west-3.notamazonaws.com", ""),
        ("127.0.0.1", ""),
    ],
)
def test_the_region_is_that_of_the_host(host: str, region: str) -> None:
    assert region_of(host) == region


def called(way: AwsSigV4, base_url: str, **call: Any) -> MockProvider:
    class Acme(SyncService):
        config = ServiceConfig(name="acme", base_url=base_url, auth=way, allow_plain_http=True)

    clock = VirtualClock(1440938160)
    provider = MockProvider(clock=clock)
    provider.replies(503)
    operation = Operation("x", "PUT", "/a/{key}", returns=JSON, body="bytes", retry="idempotent")
    acme = Acme(transport=provider.replies(json={}), clock=clock)
    acme.call(operation, path={"key": "ä b:c/d"}, query={"q": "x,y z"}, **call)
    return provider


def test_each_attempt_is_signed_for_itself_with_the_region_of_the_host() -> None:
    provider = called(auth(), "https://sqs.eu-west-3.amazonaws.com", body=b"1")
    first, second = provider.requests
    assert first.headers["x-amz-date"] == "20150830T123600Z"
    assert second.headers["x-amz-date"] > first.headers["x-amz-date"]
    assert "/eu-west-3/service/aws4_request" in second.headers["authorization"]
    assert first.headers["authorization"] != second.headers["authorization"]
    assert second.url.partition(".com")[2] == "/a/%C3%A4%20b%3Ac%2Fd?q=x%2Cy%20z"
    names = re.search(r"SignedHeaders=([^,]+)", second.headers["authorization"])
    assert names is not None
    assert {"host", "x-amz-date"} <= {*names[1].split(";")}
    assert not {"user-agent", "accept-encoding"} & {*names[1].split(";")}


def test_a_stream_goes_unsigned_over_https_and_nowhere_else() -> None:
    provider = called(auth(), "https://acme.test", body=[b"1", b"2"])
    assert provider.requests[-1].headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    with pytest.raises(InvalidArgument, match="needs https"):
        called(auth(), "http://127.0.0.1:9", body=[b"1", b"2"])


def test_what_could_not_be_signed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="region"):
        called(auth(region=""), "https://acme.test", body=b"1")
    with pytest.raises(ConfigurationError, match="service"):
        auth(service="a/b")
    with pytest.raises(ConfigurationError, match="region"):
        auth(region="eu west")


def test_secrets_are_named_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    way = auth(session_token=env("AWS_SESSION_TOKEN"))
    session = way.open()
    request = signed(way, Request("GET", "https://x.test/"))
    shown = f"{way!r} {session!r} {session.tokens!r} {request!r}"
    assert not any(secret in shown for secret in ("AKIDEXAMPLE", SUITE, TOKEN))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(MissingSecrets) as caught:
        way.open()
    assert {*caught.value.names} == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
