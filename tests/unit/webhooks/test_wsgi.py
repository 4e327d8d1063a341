"""A receiver for threads: one loop, exact bytes, limits, and errors at the start."""

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from noctule.runtime import MissingSecrets
from noctule.webhooks import Event, Receiver, SyncReceiver
from noctule.webhooks.testing import key_for, signed

BODY = {"id": "evt_1", "type": "invoice.paid", "data": {"object": {}}}


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    key = key_for("stripe")
    monkeypatch.setenv("HOOK_SECRET", key.secret)
    monkeypatch.setenv("NOCTULE_INBOX", str(tmp_path / "inbox.sqlite3"))
    return key.signing


@pytest.fixture
def handled() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def inbox(secret: str, handled: list[tuple[str, str]]) -> Iterator[SyncReceiver]:
    receiver = Receiver("stripe", secrets=["HOOK_SECRET"])

    @receiver.on("invoice.paid")
    def paid(event: Event) -> None:
        handled.append((event.id, threading.current_thread().name))

    inbox = SyncReceiver(receiver)
    yield inbox
    inbox.close()


def environ(headers: dict[str, str], body: bytes, **changes: Any) -> dict[str, Any]:
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return {
        "REQUEST_METHOD": "POST",
        "wsgi.url_scheme": "https",
        "HTTP_HOST": "shop.example",
        "PATH_INFO": "/hooks",
        "CONTENT_TYPE": named.pop("HTTP_CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **named,
        **changes,
    }


def delivery(secret: str, name: str = "evt_1") -> dict[str, Any]:
    return environ(*signed("stripe", {**BODY, "id": name}, secret=secret))


def test_deliveries_of_many_threads_are_each_handled_once(
    inbox: SyncReceiver, secret: str, handled: list[tuple[str, str]]
) -> None:
    outcomes: list[str] = []

    def post(name: str) -> None:
        outcomes.append(inbox.take(delivery(secret, name)).outcome)

    threads = [threading.Thread(target=post, args=(f"evt_{n % 10}",)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    inbox.drain()
    assert (outcomes.count("accepted"), outcomes.count("duplicate")) == (10, 20)
    assert sorted(name for name, _ in handled) == [f"evt_{n}" for n in range(10)]
    assert "noctule-webhooks" not in {thread for _, thread in handled}


def test_it_is_a_wsgi_application(inbox: SyncReceiver, secret: str) -> None:
    started: list[Any] = []
    [body] = inbox(delivery(secret), lambda status, headers: started.append((status, headers)))
    status, headers = started[0]
    assert status == "200 OK"
    assert dict(headers)["content-length"] == str(len(body))
    inbox(environ({}, b"{}"), lambda status, headers: started.append((status, headers)))
    assert started[1][0] == "401 Unauthorized"


def test_a_body_that_is_too_large_is_not_read(inbox: SyncReceiver) -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("read")

    large = environ({}, b"", CONTENT_LENGTH=str(10**12), **{"wsgi.input": Endless()})
    assert inbox.take(large).status == 413


@pytest.mark.parametrize("length", ["", "-1", "x", "²"])
def test_a_malformed_length_does_not_crash(inbox: SyncReceiver, length: str) -> None:
    assert inbox.take(environ({}, b"{}", CONTENT_LENGTH=length)).status in (400, 401)


def test_a_framework_may_have_parsed_the_body(inbox: SyncReceiver, secret: str) -> None:
    headers, body = signed("stripe", BODY, secret=secret)
    assert inbox.take(environ(headers, b""), body).status == 200


def test_after_close_a_delivery_starts_it_again(inbox: SyncReceiver, secret: str) -> None:
    assert inbox.take(delivery(secret)).outcome == "accepted"
    inbox.close()
    inbox.close()
    assert inbox.take(delivery(secret)).outcome == "duplicate"


def test_a_missing_secret_is_named_on_the_first_delivery(
    inbox: SyncReceiver, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOOK_SECRET")
    with pytest.raises(MissingSecrets):
        inbox.take(delivery(secret))
    monkeypatch.setenv("HOOK_SECRET", secret)
    assert inbox.take(delivery(secret)).status == 200
