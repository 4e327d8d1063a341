from typing import Any

from support.oracles.calls import Call, Vendor

MEMBER = {"email_address": "a+b@example.com", "status": "subscribed",
          "merge_fields": {"FNAME": "Zoé"}, "tags": ["a", "b c"]}  # fmt: skip
TAGS = {"tags": [{"name": "é", "status": "active"}]}


ENV = {"MAILCHIMP_USERNAME": "user", "MAILCHIMP_PASSWORD": "secret-server"}


def client() -> Any:
    from mailchimp_marketing import Client

    made = Client()
    made.set_config({"api_key": "secret-server", "server": "server"})
    return made


DIFFERS = {
    "path slashes",
    "query booleans",
    "query escapes",
    "json spelling",
    "accept",
    "idle type",
}
VENDOR = Vendor("mailchimp.com.json", "mailchimp-marketing", client, [
    Call("POST /lists/{list_id}/members",
         {"list_id": "l1", **MEMBER, "skip_merge_validation": True},
         lambda sdk: sdk.lists.add_list_member("l1", MEMBER, skip_merge_validation=True)),
    Call("GET /lists/{list_id}/members",
         {"list_id": "l1", "fields": ["members.id", "members.status"], "count": 5,
          "since_last_changed": "2026-01-01T00:00:00+00:00"},
         lambda sdk: sdk.lists.get_list_members_info(
             "l1", fields=["members.id", "members.status"], count=5,
             since_last_changed="2026-01-01T00:00:00+00:00")),
    Call("POST /lists/{list_id}/members/{subscriber_hash}/tags",
         {"list_id": "l 1/é", "subscriber_hash": "a+b@example.com", **TAGS},
         lambda sdk: sdk.lists.update_list_member_tags("l 1/é", "a+b@example.com", TAGS)),
    Call("DELETE /lists/{list_id}", {"list_id": "l1"}, lambda sdk: sdk.lists.delete_list("l1")),
], DIFFERS,
   env=ENV)  # fmt: skip
