from typing import Any

from support.oracles.calls import Call, Vendor


def client() -> Any:
    import plaid
    from plaid.api.plaid_api import PlaidApi

    keys = {"clientId": "secret", "secret": "secret", "plaidVersion": "2020-09-14"}
    configuration = plaid.Configuration(host=plaid.Environment.Production, api_key=keys)
    return PlaidApi(plaid.ApiClient(configuration))


def model(name: str, **values: Any) -> Any:
    from importlib import import_module

    title = "".join(part.title() for part in name.split("_"))
    return getattr(import_module(f"plaid.model.{name}"), title)(**values)


def link(sdk: Any) -> object:
    from plaid.model.country_code import CountryCode
    from plaid.model.products import Products

    user = model("link_token_create_request_user", client_user_id="u1", legal_name="Ann Ü")
    countries = [CountryCode("FR"), CountryCode("DE")]
    return sdk.link_token_create(model(
        "link_token_create_request", client_name="Été", language="fr", country_codes=countries,
        user=user, products=[Products("auth")]))  # fmt: skip


USER = {"client_user_id": "u1", "legal_name": "Ann Ü"}
DIFFERS = {"json spelling", "json order"}
VENDOR = Vendor("plaid.json", "plaid-python", client, [
    Call("POST /link/token/create",
         {"client_name": "Été", "language": "fr", "country_codes": ["FR", "DE"], "user": USER,
          "products": ["auth"]}, link),
    Call("POST /transactions/sync", {"access_token": "a1", "cursor": "c=", "count": 5},
         lambda sdk: sdk.transactions_sync(
             model("transactions_sync_request", access_token="a1", cursor="c=", count=5))),
    Call("POST /accounts/get", {"access_token": "a1", "body_options": {"account_ids": ["x", "y"]}},
         lambda sdk: sdk.accounts_get(
             model("accounts_get_request", access_token="a1", options=model(
                 "accounts_get_request_options", account_ids=["x", "y"])))),
    Call("POST /item/get", {"access_token": "é"},
         lambda sdk: sdk.item_get(model("item_get_request", access_token="é"))),
], DIFFERS,
   env={"PLAID_VERSION": "2020-09-14"})  # fmt: skip
