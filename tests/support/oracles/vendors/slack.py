import asyncio
from typing import Any

from support.oracles.calls import Call, Vendor


def client() -> Any:
    from slack_sdk import WebClient

    return WebClient("secret")


def get(name: str, asked: dict[str, Any]) -> object:
    """The asynchronous client: the other one makes a POST of everything."""
    from slack_sdk.web.async_client import AsyncWebClient

    return asyncio.run(AsyncWebClient("secret").api_call(name, http_verb="GET", params=asked))


BLOCKS = '[{"type":"section","text":{"type":"mrkdwn","text":"*é* <&>"}}]'
HISTORY = {"channel": "C1", "latest": "1.5", "inclusive": "true", "limit": 10, "cursor": "dGVh bT="}
DIFFERS = {"query space", "query escapes", "form order", "accept", "idle type"}
VENDOR = Vendor("slack.json", "slack_sdk", client, [
    Call("POST /chat.postMessage", {"channel": "C1", "text": "Bonjour à tous", "blocks": BLOCKS},
         lambda sdk: sdk.api_call("chat.postMessage", data={
             "channel": "C1", "text": "Bonjour à tous", "blocks": BLOCKS})),
    Call("POST /conversations.rename", {"channel": "C1", "name": "é b+c"},
         lambda sdk: sdk.api_call("conversations.rename", data={"channel": "C1", "name": "é b+c"})),
    Call("POST /reactions.add", {"channel": "C1", "name": "tada", "timestamp": "1.2"},
         lambda sdk: sdk.api_call("reactions.add", data={
             "channel": "C1", "name": "tada", "timestamp": "1.2"})),
    Call("GET /conversations.history", {**HISTORY, "inclusive": True},
         lambda _: get("conversations.history", HISTORY)),
    Call("GET /conversations.list", {"types": "public_channel,im", "limit": 100},
         lambda _: get("conversations.list", {"types": "public_channel,im", "limit": 100})),
], DIFFERS)  # fmt: skip
