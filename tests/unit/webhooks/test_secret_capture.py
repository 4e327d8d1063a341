"""The message that carries a secret: captured once, and refused by a running receiver."""

from __future__ import annotations

import httpx2
import pytest

from noctule.runtime.testing import VirtualClock
from noctule.webhooks import Inbox, Reason, Receiver
from noctule.webhooks.private_file import write_private
from noctule.webhooks.receiving.secret_capture import SecretCapture
from support.webhook_samples import SCHEMES, URL

JSON = {"content-type": "application/json"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "headers", "body"),
    [
        ("notion", JSON, b'{"verification_token":"secret_abcdefgh"}'),
        ("asana", {"X-Hook-Secret": "secret_abcdefgh", **JSON}, b"{}"),
    ],
)
async def test_a_receiver_takes_no_secret(name, headers, body, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "the-current-secret")
    receiver = Receiver(
        name, secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"), clock=VirtualClock()
    )
    async with receiver.lifespan():
        response = await receiver.deliver("POST", URL, headers, body)
    assert (response.status, response.reason) == (401, Reason.CAPTURE_CLOSED)
    assert b"secret_abcdefgh" not in response.body


async def post(app, *headers, path="/hooks"):
    """The response of an ASGI application to a message with these headers."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://shop.example") as client:
        return await client.post(path, headers=[*JSON.items(), *headers], content=b"{}")


@pytest.mark.anyio
async def test_the_first_secret_is_captured_and_confirmed_once_it_is_stored():
    stored, rejections = [], []
    asana = SecretCapture(SCHEMES["asana"], "/hooks", stored.append, rejections.append)
    secret = ("x-hook-secret", "secret_abcdefgh")
    assert (await post(asana, secret, path="/other")).status_code == 404
    assert (await post(asana, ("x-hook-secret", "short"))).status_code == 401
    assert (await post(asana, secret, ("x-hook-signature", "00"))).status_code == 401
    assert not asana.done.is_set()
    response = await post(asana, secret)
    assert (response.status_code, stored) == (200, ["secret_abcdefgh"])
    assert response.headers["x-hook-secret"] == "secret_abcdefgh"
    assert asana.done.is_set()
    assert (await post(asana, ("x-hook-secret", "secret_of_another"))).status_code == 401
    assert rejections == [Reason.MISSING_FIELD, Reason.MISSING_FIELD, Reason.CAPTURE_CLOSED]
    assert stored == ["secret_abcdefgh"]


@pytest.mark.anyio
async def test_a_secret_that_cannot_be_stored_is_not_confirmed(tmp_path):
    path = tmp_path / "file" / "secret"
    path.parent.write_text("in the way")
    asana = SecretCapture(SCHEMES["asana"], "/hooks", lambda secret: write_private(path, secret))
    response = await post(asana, ("x-hook-secret", "secret_abcdefgh"))
    assert response.status_code == 503
    assert (asana.captured, type(asana.failure)) == (False, FileExistsError)
    assert asana.done.is_set()


def test_a_private_file_is_for_its_owner_alone(tmp_path):
    path = tmp_path / ".noctule" / "secrets" / "NOTION_WEBHOOK_TOKEN"
    write_private(path, "first")
    write_private(path, "second")
    assert path.read_text() == "second"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert (tmp_path / ".noctule" / ".gitignore").read_text() == "*\n"
