from typing import Any

from support.oracles.calls import Call, Vendor

LETTER = {"From": "a@example.com", "To": "b@example.com", "Subject": "Hi", "HtmlBody": "<b>é</b>",
          "Headers": [{"Name": "X-Order", "Value": "1"}]}  # fmt: skip


def client() -> Any:
    from postmarker.core import PostmarkClient

    return PostmarkClient(server_token="secret")


DIFFERS = {"path end", "query order", "query space", "json spelling", "json order", "json nulls"}
VENDOR = Vendor("postmark.json", "postmarker", client, [
    Call("POST /email",
         {"from_": "a@example.com", "to": "b@example.com", "subject": "Hi", "html_body": "<b>é</b>",
          "headers": LETTER["Headers"], "track_links": "None"},
         lambda sdk: sdk.emails.send(
             From="a@example.com", To="b@example.com", Subject="Hi", HtmlBody="<b>é</b>",
             Headers={"X-Order": "1"})),
    Call("POST /email/batch", {"body": [LETTER]},
         lambda sdk: sdk.emails.send_batch({**LETTER, "Headers": {"X-Order": "1"}})),
    Call("GET /bounces", {"count": 3, "offset": 0, "tag": "a b&é", "inactive": True},
         lambda sdk: sdk.bounces.all(count=3, offset=0, tag="a b&é", inactive="true")),
    Call("GET /bounces/{bounceid}", {"bounceid": 7}, lambda sdk: sdk.bounces.get(7)),
    Call("PUT /server", {"name": "é", "color": "red", "track_opens": True},
         lambda sdk: sdk.server.edit(Name="é", Color="red", TrackOpens=True)),
], DIFFERS)  # fmt: skip
