from typing import Any

from support.oracles.calls import Call, Vendor

PAYMENT = {
    "amount": 1099, "currency": "eur", "confirm": False, "description": "",
    "metadata": {"order id": "é&1"}, "payment_method_types": ["card", "link"],
    "automatic_payment_methods": {"enabled": True},
    "shipping": {"name": "Ann Ü", "address": {"line1": "1 rue A", "country": "FR"}},
}  # fmt: skip
ITEMS = [{"price": "p1", "quantity": 2}, {"price": "p2", "tax_rates": ["t1", "t2"]}]


def client() -> Any:
    import certifi
    import stripe

    stripe.ca_bundle_path = certifi.where()
    return stripe.StripeClient("secret", http_client=stripe.RequestsClient()).v1


DIFFERS = {"path space", "query order", "query space", "form order", "accept"}
VENDOR = Vendor("stripe.json", "stripe", client, [
    Call("POST /v1/payment_intents", PAYMENT, lambda sdk: sdk.payment_intents.create(PAYMENT)),
    Call("POST /v1/subscriptions", {"customer": "cus_1", "items": ITEMS},
         lambda sdk: sdk.subscriptions.create({"customer": "cus_1", "items": ITEMS})),
    Call("GET /v1/customers",
         {"limit": 3, "email": "a+b@example.com", "expand": ["data.default_source"]},
         lambda sdk: sdk.customers.list(
             {"limit": 3, "email": "a+b@example.com", "expand": ["data.default_source"]})),
    Call("GET /v1/charges", {"created": {"gt": 5, "lte": 9}, "limit": 2},
         lambda sdk: sdk.charges.list({"created": {"gt": 5, "lte": 9}, "limit": 2})),
    Call("GET /v1/customers/search", {"query": "name:'Ann B' AND metadata['k[0]']:'v'"},
         lambda sdk: sdk.customers.search({"query": "name:'Ann B' AND metadata['k[0]']:'v'"})),
    Call("DELETE /v1/coupons/{coupon}", {"coupon": "25% off/é?"},
         lambda sdk: sdk.coupons.delete("25% off/é?")),
    Call("POST /v1/customers/{customer}", {"customer": "cus_1", "metadata": {"a": ""}},
         lambda sdk: sdk.customers.update("cus_1", {"metadata": {"a": ""}})),
], DIFFERS)  # fmt: skip
