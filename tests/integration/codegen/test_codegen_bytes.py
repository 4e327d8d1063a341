"""Each generated method sends what the official SDK sends for the same call.

Method, path and forms are compared byte for byte, forms pair by pair; queries by decoded pairs and
JSON by its values: the order of members is the caller's matter. Documents and SDKs are of different
ages: `age` is what the SDK's path says instead of the document's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from oracle_requests import Sent, of_sdk, sent

from noctule import apidoc
from noctule.apidoc import ApiDocument
from noctule.codegen import render
from noctule.planning import Layout, plan
from noctule.runtime.testing import MockProvider

SPECS = Path(__file__).parents[3] / "../shared/specs"
pytestmark = [
    pytest.mark.skipif(not SPECS.is_dir(), reason="the real documents are not here"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@dataclass
class Case:
    vendor: str
    operation: str
    arguments: Mapping[str, Any]
    sdk: Callable[[], object]
    age: tuple[str, str] = ("", "")
    """Part of the SDK's path, and what the document says instead."""

    def __str__(self) -> str:
        return f"{self.vendor} {self.operation}"


def stripe() -> Any:
    import stripe

    return stripe.StripeClient("sk_test_x", http_client=stripe.RequestsClient()).v1


def twilio() -> Any:
    from twilio.rest import Client

    return Client("AC1", "secret")


def slack() -> Any:
    from slack_sdk import WebClient

    return WebClient("xoxb-1")


def sendgrid() -> Any:
    from sendgrid import SendGridAPIClient

    return SendGridAPIClient("SG.x").client


def github() -> Any:
    from github import Auth, Github

    return Github(auth=Auth.Token("x"), retry=None, lazy=True)


def notion() -> Any:
    from notion_client import Client

    return Client(auth="x")


def postmark() -> Any:
    from postmarker.core import PostmarkClient

    return PostmarkClient(server_token="x")


def spotify() -> Any:
    from spotipy import Spotify

    return Spotify(auth="x", retries=0)


def adyen() -> Any:
    from Adyen import Adyen

    client = Adyen(xapikey="x", platform="test", http_force="requests")
    return client.checkout


def box() -> Any:
    from box_sdk_gen import BoxClient, BoxDeveloperTokenAuth

    return BoxClient(BoxDeveloperTokenAuth("x"))


def repo() -> Any:
    return github().get_repo("octo/hello", lazy=True)


MAIL = {"email": "ada@example.com"}
CASES = [
    Case("stripe", "POST /v1/payment_intents",
         {"amount": 1099, "currency": "eur", "metadata": {"order id": "é&1"}, "confirm": False,
          "payment_method_types": ["card", "link"], "automatic_payment_methods": {"enabled": True}},
         lambda: stripe().payment_intents.create({
             "amount": 1099, "currency": "eur", "metadata": {"order id": "é&1"}, "confirm": False,
             "payment_method_types": ["card", "link"],
             "automatic_payment_methods": {"enabled": True}})),
    Case("stripe", "GET /v1/customers", {"limit": 3, "email": "a+b@example.com"},
         lambda: stripe().customers.list({"limit": 3, "email": "a+b@example.com"})),
    Case("stripe", "GET /v1/charges", {"created": {"gt": 5}, "limit": 2},
         lambda: stripe().charges.list({"created": {"gt": 5}, "limit": 2})),
    Case("stripe", "POST /v1/subscriptions",
         {"customer": "cus_1", "items": [{"price": "p1", "quantity": 2}, {"price": "p2"}]},
         lambda: stripe().subscriptions.create({
             "customer": "cus_1",
             "items": [{"price": "p1", "quantity": 2}, {"price": "p2"}]})),
    Case("stripe", "DELETE /v1/customers/{customer}", {"customer": "cus_1"},
         lambda: stripe().customers.delete("cus_1")),
    Case("twilio", "POST /2010-04-01/Accounts/{AccountSid}/Messages.json",
         {"to": "+15550101", "from_": "+15550100", "media_url": ["https://a.example/x?y=1", "b"],
          "body": "Hi & bye"},
         lambda: twilio().messages.create(
             to="+15550101", from_="+15550100", body="Hi & bye",
             media_url=["https://a.example/x?y=1", "b"])),
    Case("twilio", "GET /2010-04-01/Accounts/{AccountSid}/Calls.json",
         {"to": "+15550101", "page_size": 20},
         lambda: twilio().calls.page(to="+15550101", page_size=20)),
    Case("twilio", "DELETE /2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json", {"sid": "SM1"},
         lambda: twilio().messages("SM1").delete()),
    Case("slack", "POST /conversations.rename", {"channel": "C1", "name": "é b"},
         lambda: slack().api_call("conversations.rename", data={"channel": "C1", "name": "é b"})),
    Case("slack", "POST /reactions.add", {"channel": "C1", "name": "tada", "timestamp": "1.2"},
         lambda: slack().api_call("reactions.add", data={
             "channel": "C1", "name": "tada", "timestamp": "1.2"})),
    Case("sendgrid", "POST /mail/send",
         {"personalizations": [{"to": [MAIL]}], "from_": MAIL, "subject": "Hi",
          "content": [{"type": "text/plain", "value": "é"}]},
         lambda: sendgrid().mail.send.post(request_body={
             "personalizations": [{"to": [MAIL]}], "from": MAIL, "subject": "Hi",
             "content": [{"type": "text/plain", "value": "é"}]})),
    Case("sendgrid", "GET /templates/{template_id}", {"template_id": "d-1"},
         lambda: sendgrid().templates._("d-1").get()),
    Case("sendgrid", "GET /suppression/bounces", {"start_time": 1, "end_time": 2},
         lambda: sendgrid().suppression.bounces.get(query_params={"start_time": 1, "end_time": 2})),
    Case("github", "POST /repos/{owner}/{repo}/issues",
         {"owner": "octo", "repo": "hello", "title": "Bug", "body": "é", "labels": ["a", "b c"]},
         lambda: repo().create_issue("Bug", body="é", labels=["a", "b c"])),
    Case("github", "POST /repos/{owner}/{repo}/labels",
         {"owner": "octo", "repo": "hello", "name": "a b", "color": "ff0000"},
         lambda: repo().create_label("a b", "ff0000")),
    Case("github", "GET /repos/{owner}/{repo}/readme", {"owner": "octo", "repo": "hello"},
         lambda: repo().get_readme()),
    Case("github", "PUT /repos/{owner}/{repo}/topics",
         {"owner": "octo", "repo": "hello", "names": ["a", "b"]},
         lambda: repo().replace_topics(["a", "b"])),
    Case("notion", "POST /v1/databases/{id}/query", {"id": "d1", "filter": {"a": 1}},
         lambda: notion().request("databases/d1/query", "POST", body={"filter": {"a": 1}})),
    Case("notion", "GET /v1/blocks/{id}/children", {"id": "b1", "page_size": "10"},
         lambda: notion().blocks.children.list("b1", page_size=10)),
    Case("notion", "GET /v1/users/{id}", {"id": "u1"}, lambda: notion().users.retrieve("u1")),
    Case("postmark", "POST /email",
         {"from_": "a@example.com", "to": "b@example.com", "subject": "Hi", "html_body": "<b>é</b>",
          "track_links": "None"},
         lambda: postmark().emails.send(
             From="a@example.com", To="b@example.com", Subject="Hi", HtmlBody="<b>é</b>")),
    Case("postmark", "GET /bounces/{bounceid}", {"bounceid": 7},
         lambda: postmark().bounces.get(7)),
    Case("spotify", "GET /search", {"q": "a b&c", "type": ["track"], "limit": 2, "offset": 0},
         lambda: spotify().search("a b&c", limit=2, offset=0, type="track")),
    Case("spotify", "GET /artists/{id}", {"id": "0OdUWJ0sBjDrqHygGUXeCF"},
         lambda: spotify().artist("0OdUWJ0sBjDrqHygGUXeCF")),
    Case("adyen-checkout", "POST /paymentLinks",
         {"amount": {"currency": "EUR", "value": 10}, "merchant_account": "M", "reference": "r"},
         lambda: adyen().payment_links_api.payment_links(
             {"amount": {"currency": "EUR", "value": 10}, "merchantAccount": "M",
              "reference": "r"}), age=("/v72/", "/v71/")),
    Case("adyen-checkout", "GET /paymentLinks/{linkId}", {"link_id": "PL1"},
         lambda: adyen().payment_links_api.get_payment_link("PL1"),
         age=("/v72/", "/v71/")),
    Case("box", "POST /folders", {"name": "é x", "parent": {"id": "0"}},
         lambda: box().folders.create_folder("é x", _parent("0"))),
    Case("box", "GET /folders/{folder_id}/items",
         {"folder_id": "0", "fields": ["id", "name"], "limit": 5},
         lambda: box().folders.get_folder_items("0", fields=["id", "name"], limit=5)),
]  # fmt: skip


def _parent(identity: str) -> Any:
    from box_sdk_gen.managers.folders import CreateFolderParent

    return CreateFolderParent(id=identity)


@cache
def document(vendor: str) -> ApiDocument:
    return apidoc.load(str(SPECS / f"{vendor}.json"))


def of_wrapper(case: Case, monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What the generated method sends; the wrapper is made and run here."""
    made = plan(case.vendor, layout=Layout(target="flask"), document=document(case.vendor),
                operations=[case.operation], accepted="test")  # fmt: skip
    assert made.task is not None
    for variable in made.task.env_vars:
        monkeypatch.setenv(variable.name, "AC1" if variable.name.endswith("SID") else "secret")
    files = render(made.task, document(case.vendor), made.pack)
    wrapper = next(file for file in files if file.role == "wrapper")
    space: dict[str, Any] = {"__name__": "oracle_wrapper"}
    exec(wrapper.text, space)
    [service] = [kind for name, kind in space.items() if name.endswith("Service") and
                 name not in ("SyncService", "Service")]  # fmt: skip
    provider = MockProvider()
    token = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}
    provider.replies(json=token, times=None)
    getattr(service(transport=provider), made.task.methods[0].name)(**case.arguments)
    request = provider.requests[-1]
    return sent(request.method, request.url, request.body, request.headers)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_bytes_are_those_of_the_official_sdk(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = of_wrapper(case, monkeypatch), of_sdk(case.sdk)
    assert (ours.method, ours.path) == (theirs.method, theirs.path.replace(*case.age))
    assert ours.asked == theirs.asked
    if ours.body or theirs.body:
        assert ours.content_type == theirs.content_type
        assert ours.said == theirs.said
