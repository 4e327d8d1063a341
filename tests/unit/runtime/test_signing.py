"""Signed requests: vectors that providers publish, their rules written down again here, and what is
refused."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from noctule.runtime import (
    JSON,
    ApiKeyQuery,
    ConfigurationError,
    InvalidArgument,
    MissingSecrets,
    Operation,
    ServiceConfig,
    Signed,
    SyncService,
    env,
)
from noctule.runtime.auth import All
from noctule.runtime.testing import MockProvider, VirtualClock

OVH = Signed(
    algorithm="sha1",
    signed="{OVH_APPLICATION_SECRET}+{OVH_CONSUMER_KEY}+{method}+{url}+{body}+{timestamp}",
    headers={
        "X-Ovh-Application": "{OVH_APPLICATION_KEY}",
        "X-Ovh-Consumer": "{OVH_CONSUMER_KEY}",
        "X-Ovh-Timestamp": "{timestamp}",
        "X-Ovh-Signature": "$1${signature}",
    },
)
BINANCE = Signed(
    algorithm="hmac-sha256",
    secret=env("BINANCE_SECRET"),
    signed="{query}{body}",
    timestamp="ms",
    headers={"X-MBX-APIKEY": "{BINANCE_KEY}"},
    query={"timestamp": "{timestamp}", "signature": "{signature}"},
)
KRAKEN = Signed(
    algorithm="hmac-sha512",
    secret=env("KRAKEN_SECRET"),
    key="base64",
    encoding="base64",
    digest="{nonce}{body}",
    digest_encoding="raw",
    signed="{path}{digest}",
    nonce="counter",
    headers={"API-Key": "{KRAKEN_KEY}", "API-Sign": "{signature}"},
)
SECRETS = {
    "OVH_APPLICATION_KEY": "7kbG7Bk7S9Nt7ZSV",
    "OVH_APPLICATION_SECRET": "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF",
    "OVH_CONSUMER_KEY": "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1",
    "BINANCE_KEY": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "BINANCE_SECRET": "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
    "KRAKEN_KEY": "key",
    "KRAKEN_SECRET": "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5"
    "nE9qa99HAZtuZuj6F1huXg==",
}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def sent(auth: Any, now: float, method: str = "POST", path: str = "/x", **call: Any) -> Any:
    provider, _ = called(auth, now, method, path, **call)
    return provider.requests[-1]


def called(
    auth: Any, now: float, method: str, path: str, failures: int = 0, **call: Any
) -> tuple[MockProvider, VirtualClock]:
    class Acme(SyncService):
        config = ServiceConfig(name="acme", base_url="https://api.test", auth=auth)

    kind = call.pop("kind", None)
    operation = Operation("x", method, path, returns=JSON, body=kind, retry="idempotent")
    clock = VirtualClock(now) if now else VirtualClock()
    provider = MockProvider(clock=clock)
    for _ in range(failures):
        provider.replies(503)
    acme = Acme(transport=provider.replies(json={}), clock=clock)
    acme.call(operation, path=call.pop("values", None), **call)
    return provider, clock


def test_the_vector_of_binance() -> None:
    """From its API reference: the parameters in the query."""
    query = {
        "symbol": "LTCBTC", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "1", "price": "0.1", "recvWindow": "5000",
    }  # fmt: skip
    request = sent(BINANCE, 1499827319.559, query=query)
    assert list(request.query)[-2:] == ["timestamp", "signature"]
    assert request.query["timestamp"] == "1499827319559"
    signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert request.query["signature"] == signature
    assert request.headers["x-mbx-apikey"] == SECRETS["BINANCE_KEY"]


def test_the_vector_of_kraken() -> None:
    """From its guide to authentication."""
    body = {
        "nonce": "1616492376594", "ordertype": "limit", "pair": "XBTUSD", "price": "37500",
        "type": "buy", "volume": "1.25",
    }  # fmt: skip
    now = 1616492.376594
    request = sent(KRAKEN, now, path="/0/private/AddOrder", body=body, kind="form")
    assert request.headers["api-sign"] == (
        "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
    )


@pytest.mark.parametrize("body", [None, {"a": "é"}])
def test_the_rule_of_ovh(body: Any) -> None:
    call = {"body": body, "kind": "json"} if body else {}
    request = sent(OVH, 1366560945.7, "PUT", "/1.0/domains", query={"q": "a b"}, **call)
    assert request.headers["x-ovh-timestamp"] == "1366560945"
    parts = [
        SECRETS["OVH_APPLICATION_SECRET"], SECRETS["OVH_CONSUMER_KEY"], "PUT",
        "https://api.test/1.0/domains?q=a%20b", '{"a":"é"}' if body else "", "1366560945",
    ]  # fmt: skip
    digest = hashlib.sha1("+".join(parts).encode(), usedforsecurity=False).hexdigest()
    assert request.headers["x-ovh-signature"] == f"$1${digest}"
    assert request.headers["x-ovh-application"] == SECRETS["OVH_APPLICATION_KEY"]


def test_each_attempt_is_signed_for_itself() -> None:
    provider, _ = called(OVH, 1366560945.0, "GET", "/me", failures=2)
    times = [request.headers["x-ovh-timestamp"] for request in provider.requests]
    signatures = [request.headers["x-ovh-signature"] for request in provider.requests]
    assert len(set(times)) == len(set(signatures)) == 3


def test_a_nonce_never_repeats() -> None:
    rule = Signed(
        algorithm="hmac-sha256", secret=env("KRAKEN_SECRET"), signed="{nonce}{body}",
        nonce="counter", form={"nonce": "{nonce}"}, headers={"S": "{signature}"},
    )  # fmt: skip
    provider, _ = called(rule, 5.0, "POST", "/x", 2, body={"a": "1"}, kind="form")
    forms = [request.form for request in provider.requests]
    assert [form["a"] for form in forms] == ["1"] * 3
    nonces = [int(form["nonce"]) for form in forms]
    assert nonces[0] == 5_000_000
    assert nonces == sorted(set(nonces))
    last = provider.requests[-1]
    message = str(nonces[-1]).encode() + last.body
    key = SECRETS["KRAKEN_SECRET"].encode()
    assert last.headers["s"] == hmac.new(key, message, "sha256").hexdigest()


@pytest.mark.parametrize(
    ("signed", "value"),
    [
        ("{method} {host}{target}", "GET api.test/a%2Fb?x=1&key=k"),
        ("{path}|{query}|{url}", "/a%2Fb|x=1&key=k|https://api.test/a%2Fb?x=1&key=k"),
        ("{header:accept}|{header:x-none}", "application/json|"),
        ("{BINANCE_KEY}", SECRETS["BINANCE_KEY"]),
        ("plain", "plain"),
    ],
)
def test_what_is_signed_is_what_is_sent(
    signed: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key in the query included."""
    monkeypatch.setenv("ACME_KEY", "k")
    rule = Signed(algorithm="sha256", signed=signed, headers={"S": "v={signature}"})
    auth = All(ApiKeyQuery("key", env("ACME_KEY")), rule)
    request = sent(auth, 0, "GET", "/{id}", values={"id": "a/b"}, query={"x": 1})
    assert request.headers["s"] == f"v={hashlib.sha256(value.encode()).hexdigest()}"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("s", "1440938160"), ("ms", "1440938160250"), ("us", "1440938160250000"),
        ("iso", "2015-08-30T12:36:00Z"), ("iso-ms", "2015-08-30T12:36:00.250Z"),
        ("http", "Sun, 30 Aug 2015 12:36:00 GMT"),
    ],
)  # fmt: skip
def test_times(form: str, text: str) -> None:
    rule = Signed(
        algorithm="sha1",
        signed="",
        timestamp=form,
        headers={"T": "{timestamp}", "S": "{signature}"},
    )
    assert sent(rule, 1440938160.25, "GET").headers["t"] == text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"algorithm": "rsa"}, "algorithm must be one of: md5"),
        ({"algorithm": "hmac-sha256"}, "hmac-sha256 needs a secret"),
        ({"encoding": "raw"}, "encoding must be one of"),
        ({"key": "pem"}, "key must be one of"),
        ({"timestamp": "min"}, "timestamp must be one of"),
        ({"nonce": "x"}, "nonce must be one of"),
        ({"headers": {"S": "x"}}, "no header and no query parameter holds {signature}"),
        ({"signed": "{bdy}"}, "{bdy} is no placeholder"),
        ({"signed": "{signature}"}, "{signature} is no placeholder"),
        ({"signed": "{digest}"}, "{digest} is no placeholder"),
        ({"digest": "{digest}"}, "{digest} is no placeholder"),
        ({"form": {"n": "{signature}"}}, "{signature} is no placeholder"),
        ({"signed": "{header:}"}, "is no placeholder"),
    ],
)
def test_a_rule_that_cannot_sign_is_refused(changes: dict[str, Any], said: str) -> None:
    rule = {"algorithm": "sha1", "signed": "{body}", "headers": {"S": "{signature}"}}
    with pytest.raises(ConfigurationError) as caught:
        Signed(**{**rule, **changes})
    assert said in str(caught.value)


def test_what_cannot_be_signed_is_not_sent() -> None:
    upload = {"body": iter([b"x"]), "kind": "bytes"}
    with pytest.raises(InvalidArgument, match="the body signed"):
        sent(OVH, 0, "POST", **upload)
    rule = Signed(algorithm="sha1", signed="", form={"n": "{nonce}"}, headers={"S": "{signature}"})
    with pytest.raises(InvalidArgument, match="in the body: a form"):
        sent(rule, 0, "POST", body={"a": 1}, kind="json")


def test_secrets_are_read_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OVH.secrets == ("OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY", "OVH_APPLICATION_KEY")
    monkeypatch.setenv("KRAKEN_SECRET", "not base64!")
    with pytest.raises(ConfigurationError, match="KRAKEN_SECRET is not base64") as caught:
        sent(KRAKEN, 0)
    assert "not base64!" not in str(caught.value)
    monkeypatch.delenv("OVH_CONSUMER_KEY")
    with pytest.raises(MissingSecrets, match="OVH_CONSUMER_KEY"):
        sent(OVH, 0)
