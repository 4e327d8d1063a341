from typing import Any

from support.oracles.calls import Call, Vendor


def client() -> Any:
    from sendgrid import SendGridAPIClient

    return SendGridAPIClient("secret").client


MAIL = {"email": "ada@example.com"}
LETTER = {
    "personalizations": [{"to": [MAIL], "custom_args": {"order": "1"}}], "subject": "Été",
    "content": [{"type": "text/plain", "value": "1 < 2 & é"}],
    "mail_settings": {"sandbox_mode": {"enable": True}},
}  # fmt: skip
DIFFERS = {
    "path escapes",
    "query order",
    "query space",
    "json spelling",
    "json order",
    "accept",
    "idle type",
}
VENDOR = Vendor("sendgrid.json", "sendgrid", client, [
    Call("POST /mail/send", {**LETTER, "from_": MAIL},
         lambda sdk: sdk.mail.send.post(request_body={**LETTER, "from": MAIL})),
    Call("POST /contactdb/recipients", {"body": [{"email": "a@example.com", "age": 25}]},
         lambda sdk: sdk.contactdb.recipients.post(
             request_body=[{"email": "a@example.com", "age": 25}])),
    Call("GET /templates/{template_id}", {"template_id": "d-1"},
         lambda sdk: sdk.templates._("d-1").get()),
    Call("GET /suppression/bounces", {"start_time": 1, "end_time": 2},
         lambda sdk: sdk.suppression.bounces.get(query_params={"start_time": 1, "end_time": 2})),
    Call("GET /suppression/bounces/{email}", {"email": "a+b@example.com"},
         lambda sdk: sdk.suppression.bounces._("a+b@example.com").get()),
    Call("DELETE /marketing/contacts", {"ids": "a b,c"},
         lambda sdk: sdk.marketing.contacts.delete(query_params={"ids": "a b,c"})),
], DIFFERS)  # fmt: skip
