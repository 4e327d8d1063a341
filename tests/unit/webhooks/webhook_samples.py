"""What the tests of this room share: schemes, published vectors, a provider."""

# ruff: noqa: A002 - id and type are the words of every provider's documents

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import settings

from noctule.providers import packs
from noctule.webhooks import Answer, Receiver, Scheme, scheme_of
from noctule.webhooks.sign import body_of, new_key, sign
from noctule.webhooks.store.base import Query

if TYPE_CHECKING:
    from noctule.runtime.clock import Clock

_DATA = Path(__file__).parents[2] / "data" / "webhooks" / "vectors.toml"
_TOML = tomllib.loads(_DATA.read_text(encoding="utf-8"))
PACKS = {name: scheme_of(name) for name, pack in packs().items() if pack.signature}
SCHEMES = {n: Scheme.parse(table, n) for n, table in _TOML["schemes"].items()} | PACKS
KEYS = {name: new_key(scheme) for name, scheme in SCHEMES.items()}
VECTORS: list[dict[str, Any]] = _TOML["vectors"]
NOW = 1_800_000_000.0
SECRET = "whsec_" + "a1" * 16
URL = "https://shop.example/webhooks?tenant=1"

samples = settings(deadline=None, max_examples=40)
"""For properties: the machine may be busy, so no example has a deadline."""


class Provider:
    """A provider that signs, and the receiver that it delivers to."""

    def __init__(self, receiver: Receiver, clock: Clock) -> None:
        self.receiver = receiver
        self.clock = clock

    async def sends(
        self, payload=None, *, id="", type="", secret=SECRET, method="POST", extra=(), body=None
    ) -> Answer:
        scheme = self.receiver.scheme
        body = body_of(scheme, payload) if body is None else body
        headers = sign(scheme, body, secret, now=self.clock.time(), id=id, type=type, url=URL)
        return await self.receiver.deliver(method, URL, [*headers.items(), *extra], body)

    async def events(self, **query):
        return await self.receiver.inbox.call(lambda store: store.find(Query(**query)))
