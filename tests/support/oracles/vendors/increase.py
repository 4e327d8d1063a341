from typing import Any

from support.oracles.calls import Call, Vendor

ADDRESS = {"line1": "33 Liberty Street", "city": "New York", "state": "NY", "postal_code": "10045"}


def client() -> Any:
    from increase import Increase

    return Increase(api_key="secret", max_retries=0)


DIFFERS = {"query order", "key"}
VENDOR = Vendor("increase.com.json", "increase", client, [
    Call("POST /cards", {"account_id": "a1", "description": "é", "billing_address": ADDRESS},
         lambda sdk: sdk.cards.create(
             account_id="a1", description="é", billing_address=ADDRESS)),
    Call("GET /ach_transfers", {"limit": 5, "created_at_after": "2026-01-01T00:00:00+02:00"},
         lambda sdk: sdk.ach_transfers.list(
             limit=5, created_at={"after": "2026-01-01T00:00:00+02:00"})),
    Call("GET /cards/{card_id}", {"card_id": "a b/é"}, lambda sdk: sdk.cards.retrieve("a b/é")),
    Call("PATCH /cards/{card_id}", {"card_id": "c1", "status": "disabled"},
         lambda sdk: sdk.cards.update("c1", status="disabled")),
], DIFFERS)  # fmt: skip
