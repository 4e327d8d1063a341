from typing import Any

from support.oracles.calls import Call, Vendor

AMOUNT = {"currency": "EUR", "value": 10}
PAYMENT = {"amount": AMOUNT, "merchantAccount": "M", "reference": "é 1", "returnUrl": "https://a.b",
           "paymentMethod": {"type": "ideal", "issuer": "1121"}}  # fmt: skip


def client() -> Any:
    from Adyen import Adyen

    return Adyen(xapikey="secret", platform="test", http_force="requests").checkout


DIFFERS = {"json spelling", "json order", "accept", "key"}
VENDOR = Vendor("adyen-checkout.json", "Adyen", client, [
    Call("POST /paymentLinks",
         {"amount": AMOUNT, "merchant_account": "M", "reference": "r"},
         lambda sdk: sdk.payment_links_api.payment_links(
             {"amount": AMOUNT, "merchantAccount": "M", "reference": "r"})),
    Call("POST /payments",
         {"amount": AMOUNT, "merchant_account": "M", "reference": "é 1", "return_url": "https://a.b",
          "payment_method": PAYMENT["paymentMethod"]},
         lambda sdk: sdk.payments_api.payments(PAYMENT)),
    Call("POST /payments/{paymentPspReference}/refunds",
         {"payment_psp_reference": "P1", "amount": AMOUNT, "merchant_account": "M"},
         lambda sdk: sdk.modifications_api.refund_captured_payment(
             {"amount": AMOUNT, "merchantAccount": "M"}, "P1")),
    Call("GET /paymentLinks/{linkId}", {"link_id": "PL1"},
         lambda sdk: sdk.payment_links_api.get_payment_link("PL1")),
    Call("PATCH /paymentLinks/{linkId}", {"link_id": "PL1", "status": "expired"},
         lambda sdk: sdk.payment_links_api.update_payment_link({"status": "expired"}, "PL1")),
], DIFFERS)  # fmt: skip
