from typing import Any

from support.oracles.calls import Call, Vendor

MONEY = {"amount": 1099, "currency": "EUR"}
ORDER = {"location_id": "L1", "line_items": [
    {"quantity": "1", "name": "Thé", "base_price_money": MONEY}]}  # fmt: skip
QUERY = {"filter": {"email_address": {"exact": "a+b@example.com"}}}


def client() -> Any:
    from square import Square

    return Square(token="secret")


DIFFERS = {"path slashes", "query space", "json order", "accept", "version header"}
VENDOR = Vendor("squareup.com.json", "squareup", client, [
    Call("POST /v2/payments",
         {"source_id": "cnon:1", "idempotency_key": "k1", "amount_money": MONEY, "note": "é",
          "autocomplete": False},
         lambda sdk: sdk.payments.create(
             source_id="cnon:1", idempotency_key="k1", amount_money=MONEY, note="é",
             autocomplete=False)),
    Call("POST /v2/orders", {"idempotency_key": "k2", "order": ORDER},
         lambda sdk: sdk.orders.create(idempotency_key="k2", order=ORDER)),
    Call("POST /v2/customers/search", {"limit": 2, "query": QUERY},
         lambda sdk: sdk.customers.search(limit=2, query=QUERY)),
    Call("GET /v2/payments", {"begin_time": "2026-01-01T00:00:00+02:00", "sort_order": "ASC",
                              "location_id": "L 1", "limit": 5},
         lambda sdk: sdk.payments.list(begin_time="2026-01-01T00:00:00+02:00", sort_order="ASC",
                                       location_id="L 1", limit=5)),
    Call("GET /v2/customers/{customer_id}", {"customer_id": "a b/é"},
         lambda sdk: sdk.customers.get("a b/é")),
], DIFFERS)  # fmt: skip
