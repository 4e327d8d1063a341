from typing import Any

from support.oracles.calls import Call, Vendor

SMS = {"to": "+15550101", "text": "Été & co", "media_urls": ["https://a.example/x?y=1"]}


def client() -> Any:
    from telnyx import Telnyx

    return Telnyx(api_key="secret", max_retries=0)


DIFFERS = {"path escapes", "query order", "query space"}
VENDOR = Vendor("telnyx.com.json", "telnyx", client, [
    Call("POST /messages", {**SMS, "from_": "+15550100"},
         lambda sdk: sdk.messages.send(**SMS, from_="+15550100")),
    Call("GET /phone_numbers",
         {"page_number": 2, "page_size": 5, "filter_tag": "a b", "filter_status": "active"},
         lambda sdk: sdk.phone_numbers.list(
             page_number=2, page_size=5, filter={"tag": "a b", "status": "active"})),
    Call("GET /number_lookup/{phone_number}", {"phone_number": "+18665552368", "type": "carrier"},
         lambda sdk: sdk.number_lookup.retrieve("+18665552368", type="carrier")),
    Call("POST /messaging_profiles",
         {"name": "é", "number_pool_settings": {"toll_free_weight": 10, "geomatch": False}},
         lambda sdk: sdk.post("/messaging_profiles", cast_to=object, body={
             "name": "é", "number_pool_settings": {"toll_free_weight": 10, "geomatch": False}})),
], DIFFERS)  # fmt: skip
