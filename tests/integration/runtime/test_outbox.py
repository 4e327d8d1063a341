"""Writes that wait on disk, in real SQLite files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import (
    Bearer,
    Degraded,
    FallbackRefused,
    Operation,
    Outbox,
    OutcomeUnknown,
    SqliteOutboxStore,
    Unavailable,
    env,
)
from noctule.runtime.testing import MockProvider, VirtualClock
from support.runtime_calling import CHARGE, CREATE, Caller, config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEND = Operation("send", "POST", "/mails", returns=None, body="json", retry="with_key")
TOKEN = "sk_live_0123456789abcdef"


class Post:
    def __init__(self, path: Path, *, sync: bool) -> None:
        self.provider, self.clock = MockProvider(), VirtualClock()
        self.store = SqliteOutboxStore(path)
        self.outbox = Outbox(self.store)
        self.caller = Caller(
            sync=sync,
            config=config(auth=Bearer(env("SHOP_KEY"))),
            transport=self.provider,
            clock=self.clock,
        )

    def send(self, text: str, operation: Operation[Any] = SEND) -> Any:
        return self.caller.call(operation, body={"text": text}, fallback=self.outbox)

    def flush(self) -> tuple[int, int, int]:
        done = self.caller._result("flush", self.outbox, {})
        return done.delivered, done.postponed, done.dead


@pytest.fixture(params=["async", "sync"])
def post(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Post]:
    monkeypatch.setenv("SHOP_KEY", TOKEN)
    shop_type = Post(tmp_path / "outbox.db", sync=request.param == "sync")
    yield shop_type
    shop_type.store.close()
    shop_type.caller.close()


def test_a_write_waits_on_disk_and_is_delivered_as_it_was(post: Post, tmp_path: Path) -> None:
    post.provider.fails("reset", times=4)
    degraded = post.send("hello")
    assert isinstance(degraded, Degraded)
    assert (degraded.value, degraded.source) == (None, "outbox")
    files = list(tmp_path.iterdir())
    assert all(TOKEN.encode() not in file.read_bytes() for file in files)
    assert (tmp_path / "outbox.db").stat().st_mode & 0o077 == 0
    post.clock.advance(100)
    post.provider.replies(202)
    assert post.flush() == (1, 0, 0)
    first, *_, last = post.provider.requests
    assert (last.body, last.path) == (first.body, first.path)
    assert last.headers["idempotency-key"] == first.headers["idempotency-key"]
    assert last.headers["authorization"] == f"Bearer {TOKEN}"
    assert post.flush() == (0, 0, 0)


def test_letters_go_in_order_and_wait_while_the_provider_is_away(post: Post) -> None:
    post.provider.fails("connect", times=None)
    for number in range(3):
        post.send(str(number))
    post.clock.advance(1000)
    assert post.flush() == (0, 1, 0)
    post.provider._script.clear()
    post.provider.replies(202, times=None)
    post.clock.advance(100_000)
    assert post.flush() == (3, 0, 0)
    texts = [request.json["text"] for request in post.provider.requests[-3:]]
    assert texts == ["0", "1", "2"]


def test_a_refused_letter_is_set_aside_and_can_be_revived(post: Post) -> None:
    post.provider.fails("reset", times=4)
    post.send("hello")
    post.clock.advance(100)
    post.provider.replies(422).replies(202)
    assert post.flush() == (0, 0, 1)
    assert post.flush() == (0, 0, 0)
    ((message, reason),) = post.store.dead()
    assert reason == "Unprocessable 422"
    assert "hello" not in repr(message)
    post.store.retry_dead(message)
    assert post.flush() == (1, 0, 0)


def test_a_write_in_doubt_is_not_queued_and_one_that_was_not_sent_is(post: Post) -> None:
    post.provider.fails("reset")
    with pytest.raises(OutcomeUnknown):
        post.send("twice?", CREATE)
    post.provider.fails("connect", times=4)
    assert isinstance(post.send("once", CREATE), Degraded)
    post.clock.advance(100)
    post.provider.fails("timeout")
    assert post.flush() == (0, 0, 1)
    assert [reason for _, reason in post.store.dead()] == ["OutcomeUnknown"]


def test_a_keyed_write_in_doubt_is_sent_again_under_its_key(post: Post) -> None:
    post.provider.fails("reset", times=4)
    assert isinstance(post.send("hello"), Degraded)
    post.clock.advance(100)
    post.provider.fails("reset", times=4)
    assert post.flush() == (0, 1, 0)
    post.clock.advance(100)
    post.provider.replies(202)
    assert post.flush() == (1, 0, 0)
    keys = {request.headers["idempotency-key"] for request in post.provider.requests}
    assert (len(keys), len(post.provider.requests)) == (1, 9)


def test_money_does_not_wait_in_an_outbox(post: Post) -> None:
    with pytest.raises(FallbackRefused):
        post.send("pay", CHARGE)


def test_a_streamed_body_is_not_stored(post: Post) -> None:
    upload = Operation("upload", "PUT", "/files", returns=None, body="bytes")
    post.provider.fails("connect", times=4)
    with pytest.raises(Unavailable):
        post.caller.call(upload, body=iter([b"a"]), fallback=post.outbox)


def test_two_processes_do_not_deliver_the_same_letter(tmp_path: Path) -> None:
    here, there = SqliteOutboxStore(tmp_path / "o.db"), SqliteOutboxStore(tmp_path / "o.db")
    from noctule.runtime.fallback.outbox_store import OutboxMessage

    here.put(OutboxMessage("shop", "send", "POST", "/m", {}, b"x", "with_key", "k", 1.0))
    messages = [store.take("shop", 10.0, 300.0) for store in (here, there)]
    assert [message is None for message in messages] == [False, True]
    assert there.take("shop", 311.0, 300.0) is not None
    here.close()
    there.close()
