"""Credentials on requests, and tokens that are renewed once for everybody, in virtual time."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from noctule.runtime.auth import (
    All,
    ApiKeyHeader,
    ApiKeyQuery,
    Auth,
    Basic,
    Bearer,
    JwtAssertion,
    NoAuth,
    OAuth2ClientCredentials,
    OAuth2RefreshToken,
    TokenFile,
)
from noctule.runtime.auth.token import AccessToken, TokenCell
from noctule.runtime.errors import (
    ConfigurationError,
    ConnectionFailed,
    InvalidResponse,
    LiteralSecret,
    MissingSecrets,
    ServiceError,
    Unauthorized,
)
from noctule.runtime.redaction import redact
from noctule.runtime.request import Headers, Request, Response
from noctule.runtime.secrets import env
from noctule.runtime.service import Service, SyncService
from noctule.runtime.testing import MockProvider, VirtualClock
from support.runtime_calling import CREATE, NO_RETRY, READ, MakeShop, config

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.runtime.testing import Received

KEY, USER, PASSWORD = "k_0123456789", "user-name", "pass wörd/+"
URL = "https://id.example/token"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", KEY)
    monkeypatch.setenv("USER_NAME", USER)
    monkeypatch.setenv("PASSWORD", PASSWORD)
    monkeypatch.setenv("CLIENT_ID", "client:1")
    monkeypatch.setenv("CLIENT_SECRET", "s3cret/value+1")
    monkeypatch.setenv("REFRESH_TOKEN", "refresh-0")


def signed(auth: Auth, url: str = "https://shop.example/items") -> Request:
    request = Request("GET", url)
    auth.open().apply(request)
    return request


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


HEADERS: list[tuple[Auth, str, str]] = [
    (Bearer(env("KEY")), "Authorization", f"Bearer {KEY}"),
    (ApiKeyHeader("X-Api-Key", env("KEY")), "X-Api-Key", KEY),
    (ApiKeyHeader("Authorization", env("KEY"), prefix="Token "), "Authorization", f"Token {KEY}"),
    (Basic(env("USER_NAME"), env("PASSWORD")), "Authorization", basic(f"{USER}:{PASSWORD}")),
    (Basic("api", env("KEY")), "Authorization", basic(f"api:{KEY}")),
    (Basic(env("KEY")), "Authorization", basic(f"{KEY}:")),
]


@pytest.mark.parametrize(("auth", "name", "value"), HEADERS)
def test_credentials_in_a_header(auth: Auth, name: str, value: str) -> None:
    assert signed(auth).headers == {name: value}
    assert value.split()[-1] not in redact(f"sent {value}")


@pytest.mark.parametrize("url", ["https://shop.example/items", "https://shop.example/items?a=1"])
def test_credentials_in_the_query(url: str) -> None:
    signed_url = signed(ApiKeyQuery("api key", env("PASSWORD")), url).url
    assert parse_qsl(signed_url.partition("?")[2])[-1] == ("api key", PASSWORD)
    assert signed_url.startswith(url)


def test_several_at_once_and_none_at_all() -> None:
    auth = All(Bearer(env("KEY")), ApiKeyQuery("k", env("KEY")), ApiKeyHeader("X", env("PASSWORD")))
    assert auth.secrets == ("KEY", "PASSWORD")
    with pytest.raises(ConfigurationError):
        signed(auth)  # the password is not ASCII, which a header cannot carry
    both = signed(All(Bearer(env("KEY")), ApiKeyQuery("k", env("KEY"))))
    assert (both.headers, both.url) == (
        {"Authorization": f"Bearer {KEY}"},
        f"https://shop.example/items?k={KEY}",
    )
    assert (signed(NoAuth()).headers, NoAuth().secrets) == ({}, ())


def test_all_missing_secrets_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("A", "B", "C"):
        monkeypatch.delenv(name, raising=False)
    auth = All(Bearer(env("A")), Basic(env("KEY"), env("B")), ApiKeyQuery("x", env("C")))
    with pytest.raises(MissingSecrets) as caught:
        auth.open()
    assert caught.value.names == ("A", "B", "C")


LITERALS: list[Any] = [
    lambda: Bearer("sk_live_literal"),  # type: ignore[arg-type]
    lambda: ApiKeyHeader("X", b"literal"),  # type: ignore[arg-type]
    lambda: ApiKeyQuery("x", "literal"),  # type: ignore[arg-type]
    lambda: Basic("user", "literal"),  # type: ignore[arg-type]
    lambda: Basic("literal"),
    lambda: OAuth2ClientCredentials(URL, env("A"), "literal"),  # type: ignore[arg-type]
    lambda: OAuth2RefreshToken(URL, env("A"), env("B"), "literal"),  # type: ignore[arg-type]
    lambda: JwtAssertion("me", "literal"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("make", LITERALS)
def test_literals_are_refused(make: Any) -> None:
    with pytest.raises(LiteralSecret) as caught:
        make()
    assert "literal" not in str(caught.value).replace("LiteralSecret", "")


def test_no_repr_shows_a_credential() -> None:
    for auth, _, _ in HEADERS:
        text = f"{auth!r} {auth.open()!r}"
        assert KEY not in text
        assert PASSWORD not in text


def test_a_line_break_in_a_secret_does_not_become_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "a\r\nX-Evil: 1")
    with pytest.raises(ConfigurationError) as caught:
        Bearer(env("KEY")).open()
    assert "Evil" not in str(caught.value)


def test_a_colon_ends_a_user_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_NAME", "a:b")
    with pytest.raises(ConfigurationError, match="colon"):
        Basic(env("USER_NAME"), env("PASSWORD")).open()


@dataclass
class Issuer:
    """An authorization server, and an API that checks its tokens."""

    clock: VirtualClock
    life: float | None = 3600.0
    rotate: bool = False
    delay: float = 0.0
    issued: list[dict[str, str]] = field(default_factory=list)
    headers: list[Headers] = field(default_factory=list)
    valid: dict[str, float] = field(default_factory=dict)
    refresh: str = "refresh-0"
    failures: list[int] = field(default_factory=list)
    reuse: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def install(self, provider: MockProvider) -> MockProvider:
        provider.answers(self.token, times=None, on="POST /token", after=self.delay)
        return provider.answers(self.api, times=None)

    def token(self, received: Received) -> Response:
        with self.lock:
            form = {name: values[0] for name, values in parse_qs(received.body.decode()).items()}
            self.issued.append(form)
            self.headers.append(received.headers)
            if self.failures:
                return answer(self.failures.pop(0), {"error": "invalid_grant"})
            if form.get("grant_type") == "refresh_token" and form["refresh_token"] != self.refresh:
                self.reuse += 1
                return answer(400, {"error": "invalid_grant"})
            value = f"access-{len(self.issued)}-xxxx"
            self.valid[value] = self.clock.time() + (self.life or 10**9)
            reason: dict[str, object] = {"access_token": value, "token_type": "Bearer"}
            if self.life is not None:
                reason["expires_in"] = self.life
            if self.rotate:
                self.refresh = f"refresh-{len(self.issued)}-xxxx"
                reason["refresh_token"] = self.refresh
            return answer(200, reason)

    def api(self, received: Received) -> Response:
        value = received.headers.get("authorization", "").removeprefix("Bearer ")
        if self.valid.get(value, 0.0) <= self.clock.time():
            return answer(401, {"error": "expired"})
        return answer(200, {"id": "i1"})


def answer(status: int, body: object) -> Response:
    pairs = [("content-type", "application/json")]
    return Response(status, Headers(pairs), json.dumps(body).encode())


def client_credentials(**changes: Any) -> OAuth2ClientCredentials:
    return OAuth2ClientCredentials(URL, env("CLIENT_ID"), env("CLIENT_SECRET"), **changes)


def refreshing(**changes: Any) -> OAuth2RefreshToken:
    return OAuth2RefreshToken(
        URL, env("CLIENT_ID"), env("CLIENT_SECRET"), env("REFRESH_TOKEN"), **changes
    )


def test_client_credentials_are_exchanged_once_and_used_until_they_age(
    make_shop: MakeShop,
) -> None:
    shop = make_shop(auth=client_credentials(scopes=("read", "write"), extra={"audience": "api"}))
    issuer = Issuer(shop.clock)
    issuer.install(shop.provider)
    for _ in range(5):
        shop.call(READ, path={"id": 1})
    assert issuer.issued == [
        {"grant_type": "client_credentials", "scope": "read write", "audience": "api"}
    ]
    # RFC 6749, 2.3.1: both are form-encoded before they are joined.
    assert issuer.headers[0]["authorization"] == basic("client%3A1:s3cret%2Fvalue%2B1")
    assert issuer.headers[0]["content-type"] == "application/x-www-form-urlencoded"
    shop.clock.advance(2879)
    shop.call(READ, path={"id": 1})
    assert len(issuer.issued) == 1
    shop.clock.advance(1)
    shop.call(READ, path={"id": 1})
    assert len(issuer.issued) == 2
    assert shop.provider.requests[-1].headers["authorization"] == "Bearer access-2-xxxx"


def test_the_client_may_show_who_it_is_in_the_body(make_shop: MakeShop) -> None:
    shop = make_shop(auth=client_credentials(client_auth="body"))
    issuer = Issuer(shop.clock)
    issuer.install(shop.provider)
    shop.call(READ, path={"id": 1})
    assert issuer.issued[0]["client_secret"] == "s3cret/value+1"
    assert "authorization" not in issuer.headers[0]


def test_a_refused_token_is_replaced_once_and_nobody_notices(make_shop: MakeShop) -> None:
    shop = make_shop(auth=client_credentials())
    issuer = Issuer(shop.clock)
    issuer.install(shop.provider)
    shop.call(CREATE, body={"a": 1})
    issuer.valid.clear()
    assert shop.call(CREATE, body={"a": 1}).id == "i1"
    assert len(issuer.issued) == 2


def test_a_provider_that_refuses_everything_does_not_make_us_renew_for_ever(
    make_shop: MakeShop,
) -> None:
    shop = make_shop(auth=client_credentials())
    issuer = Issuer(shop.clock)
    issuer.install(shop.provider)
    issuer.api = lambda received: answer(401, {})  # type: ignore[method-assign]
    shop.provider._script[-1].answer = issuer.api
    for _ in range(10):
        with pytest.raises(Unauthorized):
            shop.call(READ, path={"id": 1})
    assert len(issuer.issued) == 2
    shop.clock.advance(31)
    with pytest.raises(Unauthorized):
        shop.call(READ, path={"id": 1})
    assert len(issuer.issued) == 3


def test_a_token_without_an_end_is_used_until_it_is_refused(make_shop: MakeShop) -> None:
    shop = make_shop(auth=client_credentials())
    issuer = Issuer(shop.clock, life=None)
    issuer.install(shop.provider)
    shop.call(READ, path={"id": 1})
    shop.clock.advance(10**7)
    shop.call(READ, path={"id": 1})
    assert len(issuer.issued) == 1


def test_rotated_refresh_tokens_are_never_sent_twice(make_shop: MakeShop) -> None:
    shop = make_shop(auth=refreshing())
    issuer = Issuer(shop.clock, rotate=True)
    issuer.install(shop.provider)
    for _ in range(4):
        shop.call(READ, path={"id": 1})
        shop.clock.advance(3600)
    assert [form["refresh_token"] for form in issuer.issued] == [
        "refresh-0",
        "refresh-1-xxxx",
        "refresh-2-xxxx",
        "refresh-3-xxxx",
    ]
    assert issuer.reuse == 0


def test_a_refresh_token_that_is_not_rotated_is_kept(make_shop: MakeShop) -> None:
    shop = make_shop(auth=refreshing())
    issuer = Issuer(shop.clock)
    issuer.install(shop.provider)
    for _ in range(3):
        shop.call(READ, path={"id": 1})
        shop.clock.advance(3600)
    assert {form["refresh_token"] for form in issuer.issued} == {"refresh-0"}


def test_an_ageing_token_serves_while_the_token_endpoint_is_down(make_shop: MakeShop) -> None:
    shop = make_shop(auth=client_credentials())
    issuer = Issuer(shop.clock)
    issuer.install(shop.provider)
    shop.call(READ, path={"id": 1})
    shop.clock.advance(3000)
    issuer.failures = [503, 503]
    for _ in range(5):
        assert shop.call(READ, path={"id": 1}).id == "i1"
    assert len(issuer.issued) == 2  # one failed try, the next in ten seconds
    shop.clock.advance(10)
    shop.call(READ, path={"id": 1})
    shop.clock.advance(10)
    shop.call(READ, path={"id": 1})
    assert len(issuer.issued) == 4
    assert shop.provider.requests[-1].headers["authorization"] == "Bearer access-4-xxxx"


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Unauthorized), (401, Unauthorized), (503, ConnectionFailed), (429, ConnectionFailed)],
)
def test_a_token_endpoint_that_refuses_fails_the_call_before_it_is_sent(
    make_shop: MakeShop, status: int, error: type[ServiceError]
) -> None:
    shop = make_shop(auth=client_credentials())
    issuer = Issuer(shop.clock, failures=[status] * 9)
    issuer.install(shop.provider)
    with pytest.raises(error) as caught:
        shop.call(CREATE, body={"a": 1}, options=NO_RETRY)
    assert "token endpoint" in str(caught.value)
    assert caught.value.safe_to_retry or error is Unauthorized
    assert {request.path for request in shop.provider.requests} == {"/token"}
    if error is Unauthorized:
        assert "invalid_grant" in str(caught.value)


def test_a_write_is_retried_when_only_the_token_could_not_be_fetched(make_shop: MakeShop) -> None:
    shop = make_shop(auth=client_credentials())
    issuer = Issuer(shop.clock, failures=[503, 503])
    issuer.install(shop.provider)
    assert shop.call(CREATE, body={"a": 1}).id == "i1"
    assert [request.path for request in shop.provider.requests].count("/items") == 1


@pytest.mark.parametrize("how", ["connect", "reset", "timeout"])
def test_a_lost_token_request_leaves_the_outcome_of_the_call_known(
    make_shop: MakeShop, how: Any
) -> None:
    shop = make_shop(auth=client_credentials())
    shop.provider.fails(how, times=None)
    with pytest.raises(ConnectionFailed, match="token endpoint") as caught:
        shop.call(CREATE, body={"a": 1}, options=NO_RETRY)
    assert caught.value.safe_to_retry


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"access_token":7}'])
def test_an_answer_without_a_token_is_said_to_be_so(make_shop: MakeShop, content: bytes) -> None:
    shop = make_shop(auth=client_credentials())
    shop.provider.replies(200, content=content, times=None)
    with pytest.raises(InvalidResponse, match="no access token"):
        shop.call(READ, path={"id": 1}, options=NO_RETRY)


@pytest.mark.parametrize("life", ["3600", 3600.0])
def test_lifetimes_come_as_texts_too(make_shop: MakeShop, life: object) -> None:
    shop = make_shop(auth=client_credentials())
    body = {"access_token": "abcdef", "expires_in": life}
    shop.provider.replies(json=body, on="POST /token").replies(json={"id": "i"}, times=2)
    shop.call(READ, path={"id": 1})
    shop.clock.advance(2000)
    shop.call(READ, path={"id": 1})
    shop.clock.advance(2000)
    with pytest.raises(AssertionError):
        shop.call(READ, path={"id": 1})


def test_tokens_are_redacted_from_texts(make_shop: MakeShop) -> None:
    shop = make_shop(auth=refreshing())
    Issuer(shop.clock, rotate=True).install(shop.provider)
    shop.call(READ, path={"id": 1})
    for token in ("access-1-xxxx", "refresh-1-xxxx", "refresh-0", "s3cret/value+1"):
        assert token not in redact(f"it was {token}!")


def service(kind: Any, auth: Auth, **arguments: Any) -> Any:
    return type("Shop", (kind,), {"config": config(auth=auth)})(**arguments)


def test_200_concurrent_calls_across_an_expiry_renew_once() -> None:
    async def scenario(clock: VirtualClock, issuer: Issuer) -> None:
        shop = service(
            Service, refreshing(), transport=issuer.install(MockProvider(clock)), clock=clock
        )
        policies_allow_50 = [shop.call(READ, path={"id": n}) for n in range(50)]
        await asyncio.gather(*policies_allow_50)
        assert len(issuer.issued) == 1
        clock.advance(4000)
        results = await asyncio.gather(*(shop.call(READ, path={"id": n}) for n in range(200)))
        assert len(results) == 200
        assert len(issuer.issued) == 2
        issuer.valid.clear()  # revoked at the provider, before its time
        await asyncio.gather(*(shop.call(READ, path={"id": n}) for n in range(200)))
        assert len(issuer.issued) == 3
        assert issuer.reuse == 0
        await shop.aclose()

    clock = VirtualClock()
    asyncio.run(scenario(clock, Issuer(clock, rotate=True, delay=0.5)))


def test_a_caller_that_is_cancelled_while_renewing_hands_over_to_the_next() -> None:
    async def scenario(clock: VirtualClock, issuer: Issuer) -> None:
        shop = service(
            Service,
            client_credentials(),
            transport=issuer.install(MockProvider(clock)),
            clock=clock,
        )
        calls = [asyncio.create_task(shop.call(READ, path={"id": n})) for n in range(5)]
        for _ in range(5):
            await asyncio.sleep(0)
        calls[0].cancel()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert [result.id for result in results[1:]] == ["i1"] * 4
        assert len(issuer.issued) <= 2
        await shop.aclose()

    clock = VirtualClock()
    asyncio.run(scenario(clock, Issuer(clock, delay=1.0)))


def test_those_who_wait_learn_why_it_failed_and_do_not_try_one_by_one() -> None:
    async def scenario(clock: VirtualClock, issuer: Issuer) -> None:
        shop = service(
            Service,
            client_credentials(),
            transport=issuer.install(MockProvider(clock)),
            clock=clock,
        )
        calls = [shop.call(READ, path={"id": n}, options=NO_RETRY) for n in range(20)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(result) for result in results} == {Unauthorized}
        assert len({id(result) for result in results}) == 20
        assert len(issuer.issued) == 1
        await shop.aclose()

    clock = VirtualClock()
    asyncio.run(scenario(clock, Issuer(clock, delay=1.0, failures=[400] * 20)))


def test_30_threads_renew_once() -> None:
    clock = VirtualClock()
    issuer = Issuer(clock)
    provider = MockProvider()  # its own clock: the threads' waits are real ones
    arrived, gate = threading.Semaphore(0), threading.Event()

    def slow(received: Received) -> Response:
        arrived.release()
        gate.wait(10)
        return issuer.token(received)

    provider.answers(slow, times=None, on="POST /token").answers(issuer.api, times=None)
    shop = service(SyncService, client_credentials(), transport=provider)
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.append(shop.call(READ, path={"id": 1})))
        for _ in range(30)
    ]
    issuer.life = 10**9
    for thread in threads:
        thread.start()
    assert arrived.acquire(timeout=10)
    gate.set()
    for thread in threads:
        thread.join(10)
    assert len(results) == 30
    assert len(issuer.issued) == 1
    shop.close()


def test_services_with_the_same_credentials_share_a_token_and_others_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = VirtualClock()

    def fetch(auth: Auth) -> str:
        session = auth.open()
        request = Request("GET", "https://shop.example/")
        steps = session.prepare(request, clock)
        try:
            next(steps)
            steps.send(answer(200, {"access_token": f"token-{len(sessions)}", "expires_in": 60}))
        except StopIteration:
            pass
        session.apply(request)
        sessions.append(session)
        return request.headers["Authorization"]

    sessions: list[Any] = []
    first = fetch(client_credentials())
    assert fetch(client_credentials()) == first
    assert fetch(client_credentials(scopes=("x",))) != first
    monkeypatch.setenv("CLIENT_SECRET", "another-secret")
    assert fetch(client_credentials()) != first
    sessions.clear()
    gc.collect()
    monkeypatch.setenv("CLIENT_SECRET", "s3cret/value+1")
    assert fetch(client_credentials()) == "Bearer token-0"


def test_a_token_file_outlives_the_process(make_shop: MakeShop, tmp_path: Path) -> None:
    store = TokenFile(tmp_path / "tokens.json")
    first = make_shop(auth=refreshing(store=store))
    issuer = Issuer(first.clock, rotate=True)
    issuer.install(first.provider)
    first.call(READ, path={"id": 1})
    assert (tmp_path / "tokens.json").stat().st_mode & 0o777 == 0o600

    second = make_shop(auth=refreshing(store=store))
    issuer.install(second.provider)
    second.call(READ, path={"id": 1})
    assert len(issuer.issued) == 1
    second.clock.advance(3600)
    issuer.clock = second.clock
    second.call(READ, path={"id": 1})
    assert [form["refresh_token"] for form in issuer.issued] == ["refresh-0", "refresh-1-xxxx"]
    assert {p.name for p in tmp_path.iterdir()} == {"tokens.json", "tokens.json.lock"}


def test_a_rotated_token_is_on_disk_before_its_first_use(
    make_shop: MakeShop, tmp_path: Path
) -> None:
    path = tmp_path / "tokens.json"
    shop = make_shop(auth=refreshing(store=TokenFile(path)))
    issuer = Issuer(shop.clock, rotate=True)
    on_disk: list[bool] = []

    def api(received: Received) -> Response:
        token = received.headers["authorization"].removeprefix("Bearer ")
        text = path.read_text()
        on_disk.append(token in text and issuer.refresh in text)
        return issuer.api(received)

    shop.provider.answers(issuer.token, times=None, on="POST /token").answers(api, times=None)
    for _ in range(3):
        shop.call(READ, path={"id": 1})
        shop.clock.advance(3600)
    assert on_disk == [True] * 3


def test_a_new_token_in_the_environment_takes_over_from_the_file(
    make_shop: MakeShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TokenFile(tmp_path / "tokens.json")
    shop = make_shop(auth=refreshing(store=store))
    issuer = Issuer(shop.clock, rotate=True)
    issuer.install(shop.provider)
    shop.call(READ, path={"id": 1})
    monkeypatch.setenv("REFRESH_TOKEN", "refresh-granted-anew")
    issuer.refresh = "refresh-granted-anew"
    again = make_shop(auth=refreshing(store=store))
    issuer.install(again.provider)
    again.call(READ, path={"id": 1})
    assert issuer.issued[-1]["refresh_token"] == "refresh-granted-anew"


def test_a_file_that_others_can_read_or_that_is_none_is_refused(
    make_shop: MakeShop, tmp_path: Path
) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("{}")
    shop = make_shop(auth=refreshing(store=TokenFile(path)))
    Issuer(shop.clock).install(shop.provider)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        shop.call(READ, path={"id": 1})
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="delete it"):
        shop.call(READ, path={"id": 1})
    nowhere = make_shop(auth=refreshing(store=TokenFile(tmp_path / "no" / "tokens.json")))
    Issuer(nowhere.clock).install(nowhere.provider)
    with pytest.raises(ConfigurationError, match="No such file"):
        nowhere.call(READ, path={"id": 1})


def test_a_file_that_cannot_be_written_does_not_stop_the_service(
    make_shop: MakeShop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_: object) -> None:
        raise ConfigurationError("cannot write: No space left on device")

    monkeypatch.setattr(TokenFile, "save", full)
    shop = make_shop(auth=refreshing(store=TokenFile(tmp_path / "tokens.json")))
    issuer = Issuer(shop.clock, rotate=True)
    issuer.install(shop.provider)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            shop.call(READ, path={"id": 1})
            shop.clock.advance(3600)
    assert issuer.reuse == 0
    assert "No space left" in caplog.text
    assert "refresh-1" not in caplog.text


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (EC, "ES256")])
def test_an_assertion_is_the_bearer_token_itself(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch, key: Any, algorithm: Any
) -> None:
    monkeypatch.setenv("KEY", pem(key).replace("\n", "\\n"))
    shop = make_shop(
        auth=JwtAssertion("app-1", env("KEY"), algorithm=algorithm, key_id="k1", audience="shop")
    )
    shop.provider.replies(json={"id": "i1"}, times=None)
    shop.call(READ, path={"id": 1})
    token = shop.provider.requests[0].headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(
        token,
        key.public_key(),
        [algorithm],
        audience="shop",
        options={"verify_exp": False, "verify_iat": False},
    )
    now = int(shop.clock.time())
    assert claims == {"iss": "app-1", "aud": "shop", "iat": now - 60, "exp": now + 540}
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    shop.call(READ, path={"id": 1})
    shop.clock.advance(540)
    shop.call(READ, path={"id": 1})
    used = [request.headers["authorization"] for request in shop.provider.requests]
    assert used[0] == used[1] != used[2]
    assert token not in redact(f"it was {token}")


def test_an_assertion_buys_a_token(make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", pem(RSA))
    auth = JwtAssertion("me@x", env("KEY"), token_url=URL, subject="you@x", claims={"scope": "a b"})
    shop = make_shop(auth=auth)
    issuer = Issuer(shop.clock)
    issuer.install(shop.provider)
    shop.call(READ, path={"id": 1})
    form = issuer.issued[0]
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(form["assertion"], options={"verify_signature": False})
    assert claims["aud"] == URL
    assert (claims["sub"], claims["scope"]) == ("you@x", "a b")


@pytest.mark.parametrize(
    ("value", "algorithm", "reason"),
    [
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "RS256", "not a PEM"),
        ("hunter2", "ES256", "not a PEM"),
        (pem(EC), "RS256", "not an RSA key"),
        (pem(RSA), "ES256", "not an elliptic curve key"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "ES256", "P-256"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "RS256", "not an RSA key"),
    ],
)
def test_a_key_of_the_wrong_kind_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, value: str, algorithm: Any, reason: str
) -> None:
    monkeypatch.setenv("KEY", value)
    with pytest.raises(ConfigurationError, match=reason) as caught:
        JwtAssertion("me", env("KEY"), algorithm=algorithm).open()
    assert "KEY" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("life", "ages_after"), [(3600, 2880), (300, 240), (100, 50), (60, 30), (10, 5)]
)
def test_when_a_token_ages(life: float, ages_after: float) -> None:
    token = AccessToken("t", issued_at=1000.0, expires_at=1000.0 + life)
    assert token.renew_at == 1000.0 + ages_after
    assert token.usable(1000.0)
    assert not token.usable(1000.0 + life - min(5, life / 10))


def test_a_cell_gives_one_turn_at_a_time() -> None:
    cell = TokenCell()
    first = cell.turn(0.0)
    assert first is not None
    assert first.mine
    others = [cell.turn(0.0) for _ in range(50)]
    assert not any(turn is None or turn.mine for turn in others)
    cell.complete(first.renewal, AccessToken("a", 0.0, 100.0), 0.0)
    assert cell.turn(1.0) is None
    ageing = cell.turn(60.0)
    assert ageing is not None
    assert ageing.mine
    assert [cell.turn(60.0) for _ in range(50)] == [None] * 50
    cell.abandon(ageing.renewal)
    again = cell.turn(61.0)
    assert again is not None
    assert again.mine


def test_only_the_current_token_can_be_rejected() -> None:
    cell = TokenCell(AccessToken("new", 0.0, 1000.0))
    assert cell.reject("old", 1.0)
    assert cell.turn(1.0) is None
    assert cell.reject("new", 1.0)
    assert cell.reject("new", 1.0)
    turn = cell.turn(1.0)
    assert turn is not None
    cell.complete(turn.renewal, AccessToken("newer", 1.0, 1000.0), 1.0)
    assert not cell.reject("newer", 2.0)
    assert cell.turn(2.0) is None
    assert cell.reject("newer", 40.0)


@pytest.mark.parametrize(
    ("password", "pair"),
    [("", "tok:"), ("s", "tok:s"), (" ", None), (None, None), ("a:b", "tok:a:b")],
)
def test_a_password_may_be_set_and_empty(
    password: str | None, pair: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Navitia takes the token as user name, and no password."""
    monkeypatch.setenv("B_USERNAME", "tok")
    monkeypatch.delenv("B_PASSWORD", raising=False)
    if password is not None:
        monkeypatch.setenv("B_PASSWORD", password)
    auth = Basic(env("B_USERNAME"), env("B_PASSWORD"))
    if pair is None:
        with pytest.raises(MissingSecrets, match="B_PASSWORD"):
            auth.open()
        return
    expected = base64.b64encode(pair.encode()).decode()
    assert auth.open().headers == {"Authorization": f"Basic {expected}"}


@pytest.mark.parametrize("user", ["", " "])
def test_a_user_name_may_not_be_empty(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B_USERNAME", user)
    monkeypatch.setenv("B_PASSWORD", "x")
    with pytest.raises(MissingSecrets, match="B_USERNAME"):
        Basic(env("B_USERNAME"), env("B_PASSWORD")).open()


def test_a_cookie_of_the_credentials_is_sent_beside_those_of_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("C_KEY", "k")
    session = ApiKeyHeader("Cookie", env("C_KEY"), prefix="SID=").open()
    for cookies, sent in {"lang=fr; x=1": "lang=fr; x=1; SID=k", None: "SID=k"}.items():
        headers = {} if cookies is None else {"Cookie": cookies}
        request = Request("GET", "https://api.test/", headers)
        session.apply(request)
        assert request.headers["Cookie"] == sent
