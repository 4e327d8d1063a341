"""The generated Slack wrapper on raw sockets, against 200s that report a failure."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from noctule import apidoc
from noctule.codegen import render
from noctule.manifest import EnvVar, IntegrationTask, PlannedFile, PlannedMethod
from noctule.providers import pack
from noctule.runtime import ClientError, OutcomeUnknown, Unauthorized

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

POSTED = {"ok": True, "channel": "C1", "ts": "1.2", "message": {"text": "hello"}}


@pytest.fixture
def slack_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class `SlackService`, generated from the pack that ships."""
    task = IntegrationTask(
        service="Slack",
        provider="slack",
        target="plain",
        files=[PlannedFile(path="slack_in_a_test.py", purpose="", role="wrapper")],
        env_vars=[EnvVar(name="SLACK_BOT_TOKEN", description="", role="token")],
        methods=[PlannedMethod(name="post_message", does="", operation="POST /chat.postMessage")],
    )
    slack = pack("slack")
    document = apidoc.parse(slack.document_bytes(), source="pack:slack")
    for file in render(task, document, slack):
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-" + "0123456789" * 2)
    monkeypatch.setitem(sys.modules, "slack_in_a_test", None)
    monkeypatch.delitem(sys.modules, "slack_in_a_test")
    return importlib.import_module("slack_in_a_test").SlackService


@asynccontextmanager
async def provider(*replies: tuple[dict[str, Any], str]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that sends these bodies with status 200, in order; its address, and what it read."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body, headers = replies[len(requests)]
        requests.append(head + await reader.readexactly(length))
        content = json.dumps(body).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"%sContent-Length: %d\r\n\r\n%s" % (headers.encode(), len(content), content)
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests


def failed(code: str, headers: str = "") -> tuple[dict[str, Any], str]:
    return {"ok": False, "error": code}, headers


def post(
    kind: Any,
    replies: tuple[tuple[dict[str, Any], str], ...],
    judge: Callable[[Awaitable[Any]], Awaitable[None]],
) -> int:
    """Post a message to a provider that replies so; how many requests that made."""

    async def scene() -> int:
        async with provider(*replies) as (base_url, requests), kind(base_url=base_url) as slack:
            await judge(slack.post_message(channel="C1", text="hello"))
            return len(requests)

    return asyncio.run(scene())


def test_a_rate_limit_is_waited_for_and_the_message_posted(slack_service: Any) -> None:
    async def posted(call: Awaitable[Any]) -> None:
        result = await call
        assert (result.ok, result.message.text) == (True, "hello")

    limited = failed("ratelimited", "Retry-After: 0.05\r\n")
    assert post(slack_service, (limited, (POSTED, "")), posted) == 2


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("channel_not_found", ClientError),
        ("invalid_auth", Unauthorized),
        ("internal_error", OutcomeUnknown),
    ],
)
def test_a_failure_is_an_error_and_the_message_is_posted_once(
    slack_service: Any, code: str, error: type[Exception]
) -> None:
    async def refused(call: Awaitable[Any]) -> None:
        with pytest.raises(error) as raised:
            await call
        assert raised.value.provider_code == code  # type: ignore[attr-defined]

    assert post(slack_service, (failed(code), (POSTED, "")), refused) == 1
