"""Calls the server at argv[1], and forks children that do, too: argv[2] of them."""

from __future__ import annotations

import os
import sys

from noctule.runtime import Bearer, Operation, ServiceConfig, ServiceError, SyncService, env

READ = Operation("read", "GET", "/items/{id}", returns=None)
FAIL = Operation("fail", "GET", "/fails", returns=None)


class Shop(SyncService):
    config = ServiceConfig(name="shop", base_url=sys.argv[1], auth=Bearer(env("SHOP_API_KEY")))


def calls(number: int) -> None:
    with Shop() as shop:
        for _ in range(number):
            shop.call(READ, path={"id": "jane@example.com"}, query={"card": "4242424242424242"})
        try:
            shop.call(FAIL)
        except ServiceError:
            return


calls(5)
children = 0
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if not child:
        calls(7)
        sys.exit()
    children += 1
for _ in range(children):
    os.wait()
calls(5)
