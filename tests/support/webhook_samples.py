"""What the tests of this room share: schemes, published vectors, a provider."""

# ruff: noqa: A002 - id and type are the words of every provider's documents

from __future__ import annotations

import tomllib
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import settings

from noctule.json_types import get_path, set_path
from noctule.providers import packs
from noctule.webhooks import Scheme, VerifiedDelivery, WebhookRequest, scheme_of
from noctule.webhooks.signing.sign import body_of, compose, new_key, sign
from noctule.webhooks.store.base import EventQuery
from noctule.webhooks.testing import publish
from noctule.webhooks.verification.key_cache import KeyCache, use_key_cache
from noctule.webhooks.verification.verify import verify_blocking
from support.paths import DATA

if TYPE_CHECKING:
    from noctule.runtime.clock import Clock
    from noctule.webhooks import Receiver, WebhookResponse
    from noctule.webhooks.schemes.locator import Locator

_DATA = DATA / "webhooks" / "vectors.toml"
_TOML = tomllib.loads(_DATA.read_text(encoding="utf-8"))
SETTING = "sandbox"
"""The value of every setting of a scheme."""


def ready(scheme: Scheme) -> Scheme:
    """The scheme with its settings."""
    return scheme.with_settings(dict.fromkeys(scheme.settings, SETTING))


def signed_locators(scheme: Scheme) -> set[Locator]:
    """The positions whose values the signature protects."""
    return {locator for locator in scheme.locators if scheme.scope.includes(locator)}


PACKS = {name: ready(scheme_of(name)) for name, pack in packs().items() if pack.signature}
SCHEMES = {n: Scheme.parse(table, n) for n, table in _TOML["schemes"].items()} | PACKS
KEYS = {name: new_key(scheme) for name, scheme in SCHEMES.items()}


def publish_keys() -> None:
    """Publish KEYS, in caches that allow any number of fetches."""
    for name, scheme in SCHEMES.items():
        if scheme.key_address is not None:
            ticks = count(step=10.0)
            use_key_cache(scheme.key_address, KeyCache(clock=lambda t=ticks: next(t)))
            publish(scheme, KEYS[name])


publish_keys()
VECTORS: list[dict[str, Any]] = _TOML["vectors"]
NOW = 1_800_000_000.0
SECRET = "whsec_" + "a1" * 16
URL = "https://shop.example/webhooks?tenant=1"


def payload_for(scheme: Scheme) -> dict[str, Any]:
    """The least that a provider would send under the scheme, and a little more."""
    payload: dict[str, Any] = {"note": "né", "n": "1"}
    if "sns" in scheme.signed:
        return {"Type": "Notification", "MessageId": "m-1", "Message": "né", "Other": "1"}
    groups = [part for parts in (*list(scheme.id)[:1], *list(scheme.type)[:1]) for part in parts]
    for number, locator in enumerate([*groups, *scheme.signed.locators]):
        if locator.kind == "body" and not get_path(payload, locator.name):
            set_path(payload, locator.name, f"v{number}")
    return payload


def delivery(name: str, *, now: float = NOW, payload: Any = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a genuine delivery under a scheme, by its key in KEYS."""
    scheme = SCHEMES[name]
    payload = payload_for(scheme) if payload is None else payload
    headers, body = compose(scheme, payload, KEYS[name].signing, now=now, id="msg_1", url=URL)
    return body, headers


def check(
    name: str, body: bytes, headers: Any, *, url=URL, now=NOW, secret=None
) -> VerifiedDelivery:
    request = WebhookRequest("POST", url, headers, body)
    return verify_blocking(SCHEMES[name], request, [secret or KEYS[name].secret], now)


samples = settings(max_examples=40)
"""For properties that cost more than most."""


class Provider:
    """A provider that signs, and the receiver that it delivers to."""

    def __init__(self, receiver: Receiver, clock: Clock) -> None:
        self.receiver = receiver
        self.clock = clock

    async def sends(
        self, payload=None, *, id="", type="", secret=SECRET, method="POST", extra=(), body=None
    ) -> WebhookResponse:
        scheme = self.receiver.scheme
        body = body_of(scheme, payload) if body is None else body
        headers = sign(scheme, body, secret, now=self.clock.time(), id=id, type=type, url=URL)
        return await self.receiver.deliver(method, URL, [*headers.items(), *extra], body)

    async def events(self, **query):
        return await self.receiver.inbox.call(lambda store: store.find(EventQuery(**query)))
