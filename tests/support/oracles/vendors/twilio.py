from datetime import UTC, datetime
from typing import Any

from support.oracles.calls import Call, Vendor

LATER = datetime(2026, 11, 24, 3, tzinfo=UTC)


def client() -> Any:
    from twilio.rest import Client

    return Client("AC1", "secret")


BASE = "/2010-04-01/Accounts/{AccountSid}"
DIFFERS = {"path slashes", "form order", "idle type"}
VENDOR = Vendor("twilio.json", "twilio", client, [
    Call(f"POST {BASE}/Messages.json",
         {"to": "+15550101", "from_": "+15550100", "body": "Hi & bye ~é", "smart_encoded": True,
          "media_url": ["https://a.example/x?y=1", "https://b.example"], "send_at": LATER},
         lambda sdk: sdk.messages.create(
             to="+15550101", from_="+15550100", body="Hi & bye ~é", smart_encoded=True,
             media_url=["https://a.example/x?y=1", "https://b.example"], send_at=LATER)),
    Call(f"GET {BASE}/Calls.json", {"to": "+15550101", "page_size": 20},
         lambda sdk: sdk.calls.page(to="+15550101", page_size=20)),
    Call(f"POST {BASE}/Calls/{{Sid}}.json", {"sid": "CA 1/é", "status": "completed"},
         lambda sdk: sdk.calls("CA 1/é").update(status="completed")),
    Call(f"DELETE {BASE}/Messages/{{Sid}}.json", {"sid": "SM1"},
         lambda sdk: sdk.messages("SM1").delete()),
], DIFFERS,
   env={"TWILIO_ACCOUNT_SID": "AC1"})  # fmt: skip
