"""What operations are called: the rules that every document meets."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule import apidoc
from noctule.apidoc.naming.nouns import is_plural, plural, singular
from noctule.apidoc.naming.operation_names import LONGEST, OperationNames, fitted
from noctule.apidoc.naming.word_split import lower_words, split_words

ARRAY = {"type": "array", "items": {"type": "object"}}
ONE = {"type": "object", "properties": {"id": {"type": "string"}}}


def operations(*entries: tuple[str, str] | tuple[str, str, Any]) -> list[apidoc.ApiOperation]:
    """`("GET /pets", "listPets", schema)` for each operation of one document."""
    paths: dict[str, dict[str, Any]] = {}
    for key, operation_id, *schema in entries:
        method, path = key.split(" ")
        content = {"application/json": {"schema": schema[0]}} if schema else {}
        paths.setdefault(path, {})[method.lower()] = {
            "operationId": operation_id,
            "responses": {"200": {"description": "ok", "content": content}},
        }
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    parsed = apidoc.parse(json.dumps(document).encode(), source="names.json")
    return [parsed.operations[key] for key, *_ in entries]


def name(*entries: tuple[str, str] | tuple[str, str, Any]) -> str:
    """The name of the last operation."""
    read = operations(*entries)
    return "_".join(next(OperationNames(read).candidates(read[-1])))


def method(resource: str, *entries: tuple[str, str] | tuple[str, str, Any]) -> str:
    """The name of the last operation as a method of `resource`."""
    read = operations(*entries)
    return "_".join(next(OperationNames(read).within(read[-1], resource)))


@pytest.mark.parametrize(
    ("key", "operation_id", "expected"),
    [
        ("POST /flows/", "create_flow_flows__post", "create_flow"),
        ("GET /api/v1/flows/{flow_id}", "read_flow_api_v1_flows__flow_id__get", "read_flow"),
        ("GET /health", "health_health_get", "health"),
        ("GET /flows/", "flows_get", "list_flows"),
        ("GET /silences", "getSilences", "get_silences"),
        ("GET /silence/{silenceID}", "getSilence", "get_silence"),
        ("POST /silences", "postSilences", "create_silence"),
        ("GET /v2/volumes", "volumes_list", "list_volumes"),
        ("POST /transfer/sweep/get", "transferSweepGet", "get_transfer_sweep"),
        ("POST /sandbox/item/fire_webhook", "sandboxItemFireWebhook", "fire_sandbox_item_webhook"),
        ("PUT /notifications", "mark-notifications-as-read", "mark_notifications_as_read"),
        ("POST /runs/{id}/rerun", "re-run-workflow", "rerun_workflow"),
        ("POST /api_keys", "create-api-keys", "create_api_key"),
        ("DELETE /v2/projects/{id}", "delete_projects", "delete_project"),
        ("POST /mail/batch", "POST_mail-batch", "batch_mail"),
        ("POST /chat.postMessage", "chat_postMessage", "chat_post_message"),
        ("GET /servers/{id}/zones/{zone_id}", "listZone", "get_zone"),
        ("GET /servers/{id}/zones", "listZones", "list_zones"),
    ],
)
def test_a_chosen_operation_id_counts_and_a_derived_one_does_not(
    key: str, operation_id: str, expected: str
) -> None:
    assert name((key, operation_id)) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("GET /v1/customers", "list_customers"),
        ("POST /v1/customers", "create_customer"),
        ("GET /v1/customers/{id}", "get_customer"),
        ("POST /v1/customers/{id}", "update_customer"),
        ("DELETE /v1/customers/{id}", "delete_customer"),
        ("DELETE /v1/customers", "delete_customers"),
        ("GET /v1/customers/search", "search_customers"),
        ("GET /v1/customers/{id}/sources", "list_customer_sources"),
        ("POST /v1/charges/{charge}/capture", "capture_charge"),
        ("POST /v1/sources/{source}/verify", "verify_source"),
        ("POST /v1/apps/secrets/delete", "delete_app_secret"),
        ("GET /v1/apps/secrets/find", "find_app_secret"),
        ("GET /search/{query}", "search"),
        ("GET /Accounts/{Sid}/Messages.json", "list_account_messages"),
        ("GET /Accounts/{Sid}.json", "get_account"),
        ("PUT /deploy_keys/{id}/disable", "disable_deploy_key"),
        ("DELETE /projects/{id}/fork", "delete_project_fork"),
        ("POST /statuses/{sha}", "update_status"),
        ("GET /settings", "get_settings"),
        ("GET /alerts?lat={lat}&lon={lon}", "list_alerts"),
        ("GET /templates/{id}?full=true", "get_template"),
    ],
)
def test_a_path_is_read_as_rest_reads_it(key: str, expected: str) -> None:
    assert name((key, "")) == expected


def test_a_thing_that_can_be_read_is_updated_by_post() -> None:
    path = "/customers/{id}/cash_balance"
    assert name((f"POST {path}", "")) == "create_customer_cash_balance"
    assert name((f"GET {path}", ""), (f"POST {path}", "")) == "update_customer_cash_balance"


def test_the_answer_says_whether_it_is_a_list() -> None:
    assert name(("GET /balance/history", "", ARRAY)) == "list_balance_history"
    assert name(("GET /users/{id}/limits", "", ONE)) == "get_user_limits"
    items = {"type": "object", "properties": {"data": ARRAY, "more": {"type": "boolean"}}}
    assert name(("GET /balance/history", "", items)) == "list_balance_history"


def test_a_path_without_nouns_is_named_by_its_summary() -> None:
    [operation] = operations(("GET /api/v1", ""))
    assert "_".join(next(OperationNames([operation]).candidates(operation))) == "get_api"
    operation.node.value["summary"] = "Get the server version"
    assert "_".join(next(OperationNames([operation]).candidates(operation))) == "get_server_version"


@pytest.mark.parametrize(
    ("key", "operation_id", "expected"),
    [
        ("PUT /servers/{id}/zones/{zone_id}", "putZone", "replace_zone"),
        ("PUT /servers/{id}/zones", "put_zones", "replace_zones"),
        ("PUT /servers/{id}/zones/{zone_id}", "putServerZone", "replace_server_zone"),
        ("PUT /servers/{id}/tsigkeys/{key}", "putTSIGKey", "replace_server_tsigkey"),
    ],
)
def test_put_is_a_method_and_no_verb(key: str, operation_id: str, expected: str) -> None:
    assert name(("GET /servers/{id}", "findServer"), (key, operation_id)) == expected


@pytest.mark.parametrize(
    ("method", "summary", "expected"),
    [
        ("POST", "Create a new file in the folder", "create_content"),
        ("POST", "Restore the file to a checkpoint", "restore_content"),
        ("POST", "Update the file", "update_content"),
        ("POST", "Get the file", "update_content"),
        ("POST", "File", "update_content"),
        ("POST", "", "update_content"),
        ("PATCH", "Rename the file", "update_content"),
    ],
)
def test_a_post_to_one_thing_does_what_its_summary_says(
    method: str, summary: str, expected: str
) -> None:
    [operation] = operations((f"{method} /contents/{{path}}", ""))
    operation.node.value["summary"] = summary
    assert "_".join(next(OperationNames([operation]).candidates(operation))) == expected


def test_ids_that_only_repeat_the_paths_of_a_document_are_not_read() -> None:
    derived = ("GET /accounts/{account}", "GetAccountsAccount")
    assert name(derived, ("GET /accounts", "GetAccounts")) == "list_accounts"
    chosen = ("GET /silence/{id}", "readOne")
    assert name(chosen, ("GET /silences", "getSilences")) == "get_silences"


@pytest.mark.parametrize(
    ("resource", "key", "operation_id", "expected"),
    [
        ("customers", "GET /v1/customers", "", "list"),
        ("customers", "GET /v1/customers/search", "", "search"),
        ("customers", "POST /v1/customers/{id}/sources", "", "create_source"),
        ("payment_intents", "POST /payment_intents/{id}/capture", "", "capture"),
        ("pins", "GET /pins.list", "pins_list", "list"),
        ("Bounces API", "GET /bounces/{id}/dump", "", "get_dump"),
        ("API Keys", "GET /api_keys", "", "list"),
        ("albums", "GET /albums", "get-multiple-albums", "list"),
        ("playlists", "POST /playlists/{id}/tracks", "add-tracks-to-playlist", "add_tracks"),
        ("episodes", "PUT /me/episodes", "save-episodes-user", "save_episodes_user"),
        ("groups", "DELETE /buckets/{id}/groups", "delete_groups", "delete_all"),
        ("zones", "GET /servers/{id}/zones/{zone}", "", "get"),
        ("Block Storage", "POST /v2/volumes", "volumes_create", "create_volume"),
    ],
)
def test_a_method_does_not_repeat_its_resource(
    resource: str, key: str, operation_id: str, expected: str
) -> None:
    assert method(resource, (key, operation_id)) == expected


KEYS = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
    st.lists(st.from_regex(r"(\{[a-z]{1,4}\}|[a-zA-Z_.\-]{1,12})", fullmatch=True), max_size=5),
).map(lambda parts: f"{parts[0]} /{'/'.join(parts[1])}")


@given(KEYS, st.text(max_size=30), st.text(max_size=20))
def test_every_operation_has_names_of_words(key: str, operation_id: str, resource: str) -> None:
    [operation] = operations((key, operation_id))
    names = OperationNames([operation])
    for words in (*names.candidates(operation), *names.within(operation, resource)):
        assert words
        assert all(word and word == word.lower() for word in words)
        assert "_" not in "".join(words)


@given(st.lists(st.from_regex(r"[a-z]{1,20}", fullmatch=True), min_size=2, max_size=9))
def test_a_name_that_is_too_long_keeps_its_verb(words: list[str]) -> None:
    name = fitted(tuple(words))
    assert name[0] == words[0]
    assert len("_".join(name)) <= LONGEST or len(name) == 2


NOUNS = [
    ("category", "categories"), ("box", "boxes"), ("item", "items"), ("status", "statuses"),
    ("address", "addresses"), ("person", "people"), ("child", "children"), ("alias", "aliases"),
    ("database", "databases"), ("cache", "caches"), ("index", "indices"), ("branch", "branches"),
    ("key", "keys"), ("purchase", "purchases"), ("line_item", "line_items"), ("API", "APIs"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "many"), NOUNS)
def test_singular_and_plural(one: str, many: str) -> None:
    assert (singular(many), singular(one)) == (one, one)
    assert (plural(one), plural(many)) == (many, many)
    assert is_plural(many)
    assert not is_plural(one)


@pytest.mark.parametrize(
    "noun", ["data", "metadata", "history", "news", "dns", "sms", "analysis", "kubernetes"]
)
def test_a_noun_without_a_plural_stays(noun: str) -> None:
    assert singular(noun) == noun
    assert not is_plural(noun)


@given(st.from_regex(r"[a-z]{2,15}[b-hj-rtv-z]", fullmatch=True))
def test_a_plural_has_no_other_plural(noun: str) -> None:
    assert plural(plural(noun)) == plural(noun)


@given(st.text(max_size=40))
def test_words_hold_no_separators(text: str) -> None:
    for word in split_words(text):
        assert word
        assert not set(word) & set(" _-./")
    assert lower_words(text) == [word.lower() for word in split_words(text)]
