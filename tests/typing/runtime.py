"""The types that users of the runtime see. Never run: read by mypy and pyright, both strict.

`assert_type` fails the check when the type is anything else; a line marked `# E:` must be
reported, which tests/integration/runtime/test_types.py checks.
"""

from __future__ import annotations

from typing import Any, assert_type

from noctule.runtime import (
    JSON,
    Bearer,
    CallOptions,
    Degraded,
    LastGood,
    Model,
    Operation,
    Outbox,
    RawResponse,
    Service,
    ServiceConfig,
    SqliteOutboxStore,
    SyncService,
    Value,
    env,
)


class Item(Model):
    id: str


READ = Operation("read", "GET", "/items/{id}", returns=Item)
LIST = Operation("list", "GET", "/items", returns=list[Item])
DELETE = Operation("delete", "DELETE", "/items/{id}", returns=None)
ANY = Operation("any", "GET", "/any", returns=JSON)
FILE = Operation("file", "GET", "/file", returns=bytes)

assert_type(READ, Operation[Item])
assert_type(LIST, Operation[list[Item]])
assert_type(DELETE, Operation[None])
assert_type(FILE, Operation[bytes])


class Shop(Service):
    config = ServiceConfig(name="shop", base_url="https://x", auth=Bearer(env("SHOP_KEY")))

    async def read(self, item: str, *, options: CallOptions | None = None) -> Item:
        return await self.call(READ, path={"id": item}, options=options)

    async def cached(self, item: str) -> Item | Degraded[Item]:
        return await self.call(READ, path={"id": item}, fallback=LastGood(max_age=60))


async def asynchronous(shop: Shop) -> None:
    assert_type(await shop.call(READ), Item)
    assert_type(await shop.call(LIST, query={"limit": 3}), list[Item])
    assert_type(await shop.call(DELETE), None)
    assert_type(await shop.call(ANY), Any)
    assert_type(await shop.call(FILE), bytes)
    assert_type(await shop.call(READ, fallback=Value(Item(id="i"))), Item | Degraded[Item])
    assert_type(
        await shop.call(READ, fallback=Outbox(SqliteOutboxStore("o"))), Item | Degraded[Item]
    )
    assert_type(await shop.raw(READ), RawResponse[Item])
    assert_type((await shop.raw(READ)).value, Item)
    async with shop.stream(FILE) as stream:
        async for chunk in stream:
            assert_type(chunk, bytes)


class SyncReceiver(SyncService):
    config = Shop.config


def synchronous(shop: SyncReceiver) -> None:
    assert_type(shop.call(READ), Item)
    assert_type(shop.call(READ, fallback=LastGood(max_age=1)), Item | Degraded[Item])
    assert_type(shop.raw(LIST).value, list[Item])


async def mistakes(shop: Shop) -> None:
    await shop.call(READ, pth={"id": "i"})  # E: unknown argument
    await shop.call(READ, fallback=Value(3))  # E: a fallback of another type
    print((await shop.call(READ)).idd)  # E: no such member
    print((await shop.call(READ, fallback=LastGood(max_age=1))).id)  # E: may be degraded
    Operation("x", "GET", "/x", returns=Item, body="yaml")  # E: no such body
    Item("positional")  # E: keywords only
