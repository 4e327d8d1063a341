"""A receiver for threads: one loop, exact bytes, limits, and errors at the start."""

import io
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from noctule.runtime import MissingSecrets
from noctule.webhooks import Event, Receiver, SyncReceiver
from noctule.webhooks.receiving.sync.process import imports_only, is_bystander
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
    assert inbox.take(environ({}, b"{}", CONTENT_LENGTH=length)).status in (401, 411)


def test_a_framework_may_have_parsed_the_body(inbox: SyncReceiver, secret: str) -> None:
    headers, body = signed("stripe", BODY, secret=secret)
    assert inbox.take(environ(headers, b""), body).status == 200


def test_after_close_a_delivery_starts_it_again(inbox: SyncReceiver, secret: str) -> None:
    assert inbox.take(delivery(secret)).outcome == "accepted"
    inbox.close()
    inbox.close()
    assert inbox.take(delivery(secret)).outcome == "duplicate"


def test_without_its_secret_a_delivery_is_unavailable_and_the_log_says_why(
    inbox: SyncReceiver,
    secret: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("HOOK_SECRET")
    assert {inbox.take(delivery(secret)).status for _ in range(5)} == {503}
    [line] = caplog.messages
    assert "HOOK_SECRET" in line
    monkeypatch.setenv("HOOK_SECRET", secret)
    assert inbox.take(delivery(secret)).status == 200


def test_a_start_without_the_secret_names_it(
    inbox: SyncReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOOK_SECRET")
    inbox.start()  # under pytest nothing is served
    monkeypatch.delenv("PYTEST_VERSION")
    with pytest.raises(MissingSecrets, match="HOOK_SECRET"):
        inbox.start()


def test_a_start_processes_what_waits_without_a_delivery(
    inbox: SyncReceiver,
    secret: str,
    monkeypatch: pytest.MonkeyPatch,
    handled: list[tuple[str, str]],
) -> None:
    with_others = SyncReceiver(Receiver("stripe", secrets=["HOOK_SECRET"], work=False))
    assert with_others.take(delivery(secret)).status == 200
    with_others.close()
    monkeypatch.delenv("PYTEST_VERSION")
    inbox.start()
    inbox.start()
    assert [t.name for t in threading.enumerate()].count("noctule-webhooks") == 1
    inbox.drain()
    assert [name for name, _ in handled] == ["evt_1"]


def test_any_request_starts_it_where_nothing_else_does(
    inbox: SyncReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def threads() -> int:
        return [thread.name for thread in threading.enumerate()].count("noctule-webhooks")

    inbox.on_request()  # under pytest: the generated tests start nothing
    assert threads() == 0
    monkeypatch.delenv("PYTEST_VERSION")
    for _ in range(3):
        inbox.on_request(sender=object())
    assert threads() == 1


def test_the_parent_of_a_reloader_processes_nothing(
    inbox: SyncReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "werkzeug._reloader", sys)
    assert is_bystander(forked=False)
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    assert not is_bystander(forked=False)
    assert not is_bystander(forked=True)  # pytest itself was not forked by multiprocessing


@pytest.mark.parametrize(("command", "starts"), [("run", True), ("routes", False)])
def test_of_flask_s_commands_only_run_starts_it(
    command: str, starts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_VERSION")
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    with click.Context(click.Command(command), info_name=command):
        assert imports_only() is not starts
