"""What an error tracker that prints the variables of every frame would send: never a secret."""

from __future__ import annotations

import dataclasses
import traceback
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from noctule.runtime.testing import VirtualClock
from noctule.webhooks import Inbox, Receiver, Rejection, WebhookRequest, verify
from noctule.webhooks.errors import InvalidSecret, KeyNotCached
from noctule.webhooks.explain import explain
from noctule.webhooks.receiving import receiver as receiver_module
from noctule.webhooks.verification.key_cache import KeyCache, use_key_cache
from support.webhook_samples import KEYS, NOW, PACKS, SCHEMES, SETTING, URL, check, delivery

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH = 6


def tracked(error: BaseException) -> Iterator[tuple[str, str]]:
    """The variables of the frames of an exception and its causes, as text, where they are."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "/noctule/" in frame.f_code.co_filename:
            for name, value in list(frame.f_locals.items()):
                yield f"{frame.f_code.co_name}.{name}", "\n".join(texts(value, DEPTH))
    for cause in (error.__cause__, error.__context__):
        if cause is not None:
            yield from tracked(cause)


def texts(value: Any, depth: int) -> Iterator[str]:
    """The value's repr, and those of what it holds: members, items, attributes."""
    yield repr(value)
    if depth == 0:
        return
    inside: list[Any] = []
    if isinstance(value, dict):
        inside += [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        inside += list(value)
    elif type(value).__module__.startswith("noctule"):
        if dataclasses.is_dataclass(value):
            inside += [getattr(value, field.name) for field in dataclasses.fields(value)]
        if isinstance(value, msgspec.Struct):
            inside += [getattr(value, name, None) for name in value.__struct_fields__]
        inside += list(getattr(value, "__dict__", {}).values())
    for item in inside:
        yield from texts(item, depth - 1)


def assert_hidden(error: BaseException, *secrets: str) -> None:
    places = list(tracked(error))
    assert places
    needles = [form for secret in secrets for form in (secret, secret.strip(), repr(secret)[1:-1])]
    assert [place for place, text in places if any(needle in text for needle in needles)] == []


ALTERED = ("body", "signature", "time", "age", "nothing")


def altered(name: str, how: str) -> tuple[bytes, dict[str, str], float]:
    """A delivery that is rejected, each time for another reason."""
    body, headers = delivery(name)
    scheme = SCHEMES[name]
    match how:
        case "body":
            return body + b" ", headers, NOW
        case "signature":
            return body, {k: v for k, v in headers.items() if k not in scheme.headers}, NOW
        case "time":
            return body, {k: v + "x" if v.isdigit() else v for k, v in headers.items()}, NOW
        case "age":
            return body, headers, NOW + 10**9
        case _:
            return b"", {}, NOW


def in_the_delivery(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    """Some providers send what is compared: a topic, a user id. It is no secret."""
    return secret.encode() in body or any(secret in value for value in headers.values())


@pytest.mark.parametrize("how", ALTERED)
@pytest.mark.parametrize("name", PACKS)
def test_no_frame_of_a_rejection_holds_the_secret(name: str, how: str) -> None:
    body, headers, now = altered(name, how)
    secret = KEYS[name].secret
    if in_the_delivery(secret, body, headers):
        pytest.skip("what this provider compares is in the delivery")
    try:
        verify(SCHEMES[name], WebhookRequest("POST", URL, headers, body), [secret], now)
    except (Rejection, KeyNotCached) as error:
        assert_hidden(error, secret)
    else:
        assert how != "nothing"  # "age" where no time is signed, "time" where none is sent


@pytest.mark.parametrize("name", PACKS)
def test_no_frame_of_a_wrong_secret_holds_it(name: str) -> None:
    body, headers = delivery(name)
    secret = "not a secret of this form \u00e9 0123456789"
    try:
        check(name, body, headers, secret=secret)
    except (Rejection, InvalidSecret) as error:
        assert_hidden(error, secret)
        if isinstance(error, InvalidSecret):
            request = WebhookRequest("POST", URL, headers, body)
            with pytest.raises(InvalidSecret) as explained:
                explain(SCHEMES[name], request, [secret], NOW, retired=[secret])
            assert_hidden(explained.value, secret)
    else:
        assert SCHEMES[name].key_address is not None  # its keys are published


@pytest.mark.parametrize("name", [n for n, scheme in PACKS.items() if scheme.key_address])
def test_no_frame_of_a_key_to_fetch_holds_the_secret(name: str) -> None:
    body, headers = delivery(name)
    scheme, secret = SCHEMES[name], "api-secret-0123456789"
    use_key_cache(scheme.key_address, KeyCache())
    try:
        verify(scheme, WebhookRequest("POST", URL, headers, body), [secret], NOW)
    except (KeyNotCached, Rejection) as error:
        assert_hidden(error, secret)


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["stripe", "braintree", "plaid", "paypal", "twilio", "zoom"])
async def test_no_frame_of_our_own_bug_holds_the_secret(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> Any:
        raise ZeroDivisionError

    secret = KEYS[name].secret
    monkeypatch.setenv("HOOK_SECRET", secret)
    for variable in PACKS[name].settings.values():
        monkeypatch.setenv(variable, SETTING)
    receiver = Receiver(
        PACKS[name], secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"), clock=VirtualClock()
    )
    body, headers = delivery(name, now=receiver._clock.time())
    async with receiver.lifespan():
        monkeypatch.setattr(receiver_module, "items", broken)
        with pytest.raises(ZeroDivisionError) as caught:
            await receiver.deliver("POST", URL, headers, body)
    assert_hidden(caught.value, secret)
