from typing import Any

from support.oracles.calls import Call, Vendor

ADDRESS = {
    "name": "Zoé",
    "address_line1": "1 rue A",
    "city_locality": "Paris",
    "country_code": "FR",
}
LABEL = {"validate_address": "no_validation", "label_format": "pdf"}


def client() -> Any:
    from shipengine import ShipEngine

    return ShipEngine({"api_key": "secret", "page_size": 5, "retries": 0, "timeout": 5})


DIFFERS = {"path slashes", "json spelling", "json order", "empty body", "idle type"}
VENDOR = Vendor("shipengine.com.json", "shipengine", client, [
    Call("POST /v1/addresses/validate", {"body": [ADDRESS]},
         lambda sdk: sdk.validate_addresses([ADDRESS])),
    Call("POST /v1/labels/rates/{rate_id}", {"rate_id": "se-1", **LABEL},
         lambda sdk: sdk.create_label_from_rate_id("se-1", LABEL)),
    Call("GET /v1/carriers", {}, lambda sdk: sdk.list_carriers()),
    Call("PUT /v1/labels/{label_id}/void", {"label_id": "a b/é"},
         lambda sdk: sdk.void_label_by_label_id("a b/é", {})),
    Call("GET /v1/tracking", {"carrier_code": "stamps_com", "tracking_number": "9405 511"},
         lambda sdk: sdk.track_package_by_carrier_code_and_tracking_number(
             "stamps_com", "9405 511")),
], DIFFERS)  # fmt: skip
