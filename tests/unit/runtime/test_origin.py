"""Credentials go to the service's own origin, encrypted, whatever a path or an answer holds."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from noctule.runtime import (
    All,
    ApiKeyHeader,
    ApiKeyQuery,
    Bearer,
    ConfigurationError,
    Headers,
    JwtAssertion,
    LinkHeader,
    NextUrl,
    NoAuth,
    OAuth2ClientCredentials,
    OAuth2RefreshToken,
    Operation,
    Request,
    Response,
    ServiceConfig,
    ServiceError,
    SyncService,
    env,
    paginate_sync,
)
from noctule.runtime.origin import Origin, is_loopback, origin_of
from support.paths import DOCS

HOST = "api.acme.test"
KEY = "key-of-a-test-7"
PIECES = st.sampled_from(
    [
        "/",
        "//",
        "\\",
        "@",
        ":",
        ".",
        "..",
        "?",
        "#",
        "%2e",
        "%2F",
        "%40",
        "%5c",
        "evil.example",
        "https://evil.example",
        "http:",
        "{x}",
        "v1",
        ";",
        "&",
        "=",
        ".evil.example",
        "é",
        "。",
        "／",
        "＠",
        "user:pass@",
        "[::1]",
        "127.0.0.1",
        "\t",
        "\r\n",
        " ",
        "\x00",
    ]
)
TEXTS = st.lists(PIECES | st.characters(codec="utf-8"), max_size=6).map("".join)


class Recorder:
    """Keeps what is sent, and answers with `responses`, then with an empty object."""

    def __init__(self, *responses: Response) -> None:
        self.sent: list[Request] = []
        self._responses = iter(responses)

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        return next(self._responses, Response(200, Headers(), b"{}"))

    def close(self) -> None:
        """Nothing is open."""


def service(transport: Any, base_url: str = f"https://{HOST}", **fields: Any) -> SyncService:
    fields = {"auth": Bearer(env("ORIGIN_KEY")), **fields}
    config = ServiceConfig(name="acme", base_url=base_url, **fields)
    service_type: Any = type("Acme", (SyncService,), {"config": config})
    made: SyncService = service_type(transport=transport)
    return made


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORIGIN_KEY", KEY)


def assert_safe(recorder: Recorder, host: str = HOST) -> None:
    """Whoever got the key is the host, by the reading of several parsers."""
    for request in recorder.sent:
        if KEY not in repr(request.headers) + request.url:
            continue
        scheme, _, rest = request.url.partition("://")
        assert scheme == "https"
        assert rest.startswith(f"{host}/")
        assert urlsplit(request.url).netloc == host
        assert request.url.isascii()
        assert request.url.isprintable()
        assert "\\" not in request.url


FAST = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FAST
@given(template=TEXTS, value=TEXTS, style=st.sampled_from(["simple", "reserved", "label"]))
def test_no_path_moves_the_key(template: str, value: str, style: Any) -> None:
    recorder = Recorder()
    operation = Operation("read", "GET", template + "{y}", returns=None, styles={"y": style})
    path = {"y": value, **({"x": value} if "{x}" in template else {})}
    try:
        service(recorder).call(operation, path=path, query={"q": value})
    except ServiceError:
        assert recorder.sent == []
    assert_safe(recorder)


@FAST
@given(base=TEXTS)
def test_no_base_url_hides_another_host(base: str) -> None:
    recorder = Recorder()
    try:
        api = service(recorder, f"https://{HOST}{base}")
    except ConfigurationError:
        return
    api.call(Operation("read", "GET", "/items", returns=None))
    origin = origin_of(api.base_url)
    for request in recorder.sent:
        assert origin_of(request.url) == origin
        assert urlsplit(request.url).hostname is not None
        assert origin.scheme == "https"


@FAST
@given(location=TEXTS, prefix=st.sampled_from(["", "/", "//", "https://", f"https://{HOST}"]))
@example(location="\u2024", prefix="//")
def test_no_redirect_takes_the_key_elsewhere(location: str, prefix: str) -> None:
    recorder = Recorder(Response(302, Headers([("location", prefix + location)])))
    with suppress(ServiceError):
        service(recorder).call(Operation("read", "GET", "/items", returns=None))
    assert len(recorder.sent) >= 1
    assert_safe(recorder)


@FAST
@given(link=TEXTS, prefix=st.sampled_from(["", "/", "//", "https://", f"https://{HOST}"]))
@pytest.mark.parametrize("style", ["header", "member"])
def test_no_next_page_takes_the_key_elsewhere(style: str, link: str, prefix: str) -> None:
    link = prefix + link
    if style == "header":
        paging: Any = LinkHeader()
        first = Response(200, Headers([("link", f'<{link}>; rel="next"')]), b"[]")
    else:
        paging = NextUrl(items="items", next_at="next")
        first = Response(200, Headers(), json.dumps({"items": [], "next": link}).encode())
    recorder = Recorder(first)
    operation = Operation("list", "GET", "/items", returns=Any)
    with suppress(ServiceError):
        list(paginate_sync(service(recorder), operation, paging))
    assert_safe(recorder)


def test_a_path_without_a_slash_is_a_path() -> None:
    recorder = Recorder()
    api = service(recorder)
    for template, url in {
        "{tenant}/orders": "/.evil.example/orders",
        "orders": "/orders",
        "bücher/{tenant}": "/b%C3%BCcher/.evil.example",
    }.items():
        path = {"tenant": ".evil.example"} if "{" in template else None
        api.call(Operation("list", "GET", template, returns=None), path=path)
        assert recorder.sent[-1].url == f"https://{HOST}{url}"
    with pytest.raises(ConfigurationError, match="whole URL"):
        api.call(Operation("list", "GET", "https://evil.example/x", returns=None))


def test_a_request_that_left_its_origin_is_not_signed() -> None:
    """The check does not trust what comes before it: here, an outbox that was tampered with."""
    from noctule.runtime.fallback.outbox_store import OutboxMessage

    recorder = Recorder()
    api = service(recorder)
    for target in ("@evil.example/x", ".evil.example/x", ":8443/x"):
        message = OutboxMessage("acme", "x", "POST", target, {}, b"", "never", None, 0.0)
        with pytest.raises(ConfigurationError, match="does not go to"):
            api._driver.run(api._complete(api._builder.rebuild(message)))
    assert recorder.sent == []


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.acme.test/v1", ("https", "api.acme.test", 443)),
        ("HTTP://api.acme.test:80", ("http", "api.acme.test", 80)),
        ("https://bücher.example:8443/x?y", ("https", "xn--bcher-kva.example", 8443)),
        ("http://[0:0::1]:3/x", ("http", "::1", 3)),
        ("https://api_1.acme.test?x=@y", ("https", "api_1.acme.test", 443)),
    ],
)
def test_origins(url: str, origin: Any) -> None:
    assert origin_of(url) == Origin(*origin)


@pytest.mark.parametrize(
    "url",
    [
        "/x",
        "ftp://a.test",
        "https://",
        "https://a@b.test",
        "https://a.test\\@b.test",
        "a.test",
        "https://a.test:0",
        "https://a.test:99999",
        "https://a.test:8x",
        "https://a%2etest",
        "https://[::1",
        "https://[zz]",
        "https://a..b",
        "https://a／b.test",
        "https://a.test:١",
        "",
        "https://a .test",
        "https://a.test\t.b.test",
    ],
)
def test_what_has_no_single_host_is_none(url: str) -> None:
    with pytest.raises(ValueError):
        origin_of(url)


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        *((host, True) for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1")),
        *((host, False) for host in ("localhost.evil.example", "127.0.0.1.evil.example")),
        *((host, False) for host in ("10.0.0.1", "0x7f000001", "api.localhost", "0.0.0.0")),
    ],
)
def test_loopback(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here


SECRETS = {
    "header": lambda: ApiKeyHeader("X-Key", env("ORIGIN_KEY")),
    "query": lambda: ApiKeyQuery("key", env("ORIGIN_KEY")),
    "token": lambda: OAuth2ClientCredentials(
        "https://id.acme.test/token", env("ORIGIN_KEY"), env("ORIGIN_KEY")
    ),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_no_credential_over_plain_http(kind: str) -> None:
    auth = SECRETS[kind]()
    with pytest.raises(ConfigurationError, match="allow_plain_http=True") as caught:
        service(Recorder(), "http://api.acme.test/v1", auth=auth)
    assert "http://api.acme.test" in str(caught.value)
    assert service(Recorder(), "http://127.0.0.1:80/v1", auth=auth)
    assert service(Recorder(), "http://localhost:80/v1", auth=auth)
    assert service(Recorder(), "http://api.acme.test", auth=auth, allow_plain_http=True)


def test_no_credential_is_no_danger() -> None:
    recorder = Recorder()
    api = service(recorder, "http://api.acme.test", auth=NoAuth())
    api.call(Operation("read", "GET", "/items", returns=None))
    assert recorder.sent[0].url == "http://api.acme.test/items"


@pytest.mark.parametrize(
    "url", ["http://id.acme.test/token", "ftp://id.example", "https://a@b.test", ""]
)
def test_the_token_endpoint_is_encrypted(url: str) -> None:
    """Declaring it is allowed: a module of a service can be imported whatever its URL is."""
    key = env("ORIGIN_KEY")
    for auth in (
        OAuth2ClientCredentials(url, key, key),
        OAuth2RefreshToken(url, key, key, key),
        All(NoAuth(), OAuth2ClientCredentials(url, key, key)),
    ):
        with pytest.raises(ConfigurationError, match="the token endpoint"):
            service(Recorder(), auth=auth)
    assert JwtAssertion("us", key, token_url=url).endpoints == ((url,) if url else ())


def test_a_redirect_from_https_to_http_is_not_followed() -> None:
    recorder = Recorder(Response(302, Headers([("location", f"http://{HOST}/items")])))
    with pytest.raises(ServiceError, match="without encryption"):
        service(recorder).call(Operation("read", "GET", "/items", returns=None))
    assert len(recorder.sent) == 1


def test_the_example_of_the_page_is_valid() -> None:
    code = re.search(r"```python\n(.*?)```", (DOCS / "network.md").read_text("utf-8"), re.DOTALL)
    made: dict[str, Any] = {}
    exec(code[1], made)
    assert made["config"].secrets == ("BANK_TOKEN", "BANK_KEY_PASSWORD")
