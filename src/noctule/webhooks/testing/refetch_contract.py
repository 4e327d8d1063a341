"""The tests that all handlers of unsigned webhooks share, to be applied to an application.

    @pytest.fixture
    def webhooks() -> RefetchProfile:
        app = FastAPI()
        app.include_router(router)
        return RefetchProfile(
            endpoint="/api/webhooks/acme", app=app, receiver=receiver, id="tr_123", at="body:id"
        )

    class TestWebhooks(RefetchContract): ...

Nothing leaves the process: the function that reads the object is replaced. This module needs
pytest.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from noctule.runtime.errors import NotFound
from noctule.webhooks.receiving.refetch import RefetchReceiver
from noctule.webhooks.receiving.sync.receiver import SyncReceiver
from noctule.webhooks.schemes.locator import Locator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

HOST = "http://test"
WRONG = "../../etc/passwd"
"""An id that no strict shape matches."""


@dataclass(frozen=True, kw_only=True)
class RefetchProfile:
    """An application that takes the webhooks of one provider as hints."""

    endpoint: str
    """The path that deliveries are posted to."""
    app: Any
    """The ASGI application, or with a `SyncReceiver` the WSGI one."""
    receiver: RefetchReceiver | SyncReceiver
    id: str
    """An id of the shape that the receiver takes."""
    at: str
    """Where a delivery has the id, in the signature language."""

    @property
    def refetch(self) -> RefetchReceiver:
        """The receiver of hints, which a `SyncReceiver` passes deliveries to."""
        receiver = self.receiver
        inner = receiver.receiver if isinstance(receiver, SyncReceiver) else receiver
        assert isinstance(inner, RefetchReceiver)
        return inner

    def request(self, object_id: str) -> dict[str, Any]:
        """The arguments of the request that names an object."""
        locator = Locator.parse(self.at)
        match locator.kind:
            case "query":
                return {"params": {locator.name: object_id}, "json": {}}
            case "header":
                return {"headers": {locator.name: object_id}, "json": {}}
            case _:
                return {"json": _body(locator.name.split("."), object_id)}

    def post(self, *object_ids: str) -> list[httpx2.Response]:
        """The responses to deliveries that name these objects, once the handlers have finished."""
        receiver = self.receiver
        if not isinstance(receiver, SyncReceiver):
            return asyncio.run(self._posted(receiver, object_ids))
        try:
            transport = httpx2.WSGITransport(app=self.app)
            with httpx2.Client(transport=transport, base_url=HOST) as client:
                responses = [client.post(self.endpoint, **self.request(id_)) for id_ in object_ids]
            receiver.drain()
        finally:
            receiver.close()
        return responses

    async def _posted(
        self, receiver: RefetchReceiver, object_ids: Sequence[str]
    ) -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app=self.app)
        async with (
            receiver.lifespan(),
            httpx2.AsyncClient(transport=transport, base_url=HOST) as client,
        ):
            responses = [
                await client.post(self.endpoint, **self.request(id_)) for id_ in object_ids
            ]
            await receiver.drain()
        return responses


def _body(path: Sequence[str], object_id: str) -> Any:
    """The least body that has an id at a path."""
    if not path:
        return object_id
    key, *rest = path
    inner = _body(rest, object_id)
    return [inner] if key == "*" or key.isdecimal() else {key: inner}


class RefetchContract:
    """A subclass named `Test...`; the module, class or conftest gives a fixture `webhooks` that
    returns a `RefetchProfile`."""

    @pytest.fixture(autouse=True)
    def inbox(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """An inbox of the test's own."""
        monkeypatch.setenv("NOCTULE_INBOX", str(tmp_path / "inbox.sqlite3"))

    @pytest.fixture
    def read(self, webhooks: RefetchProfile, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The ids that are read; each has an object."""
        asked: list[str] = []
        monkeypatch.setattr(webhooks.refetch, "read", _reader(asked, found=True))
        return asked

    def test_hint_is_read_and_handled(
        self, webhooks: RefetchProfile, read: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """A hint gets a 200, its object is read, and the handler runs without an error."""
        [response] = webhooks.post(webhooks.id)
        assert (response.status_code, read) == (200, [webhooks.id])
        assert "noctule.webhooks" not in {record.name for record in caplog.records}

    def test_unknown_object_is_answered_like_a_known_one(
        self, webhooks: RefetchProfile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The sender never learns whether an id exists."""
        monkeypatch.setattr(webhooks.refetch, "read", _reader([], found=False))
        [response] = webhooks.post(webhooks.id)
        assert response.status_code == 200

    def test_other_shape_is_refused(self, webhooks: RefetchProfile, read: list[str]) -> None:
        """An id of another shape gets a 400, and nothing is read."""
        [response] = webhooks.post(WRONG)
        assert (response.status_code, read) == (400, [])


def _reader(asked: list[str], *, found: bool) -> Callable[[str], dict[str, Any]]:
    def read(object_id: str) -> dict[str, Any]:
        asked.append(object_id)
        if not found:
            raise NotFound
        return {"id": object_id}

    return read
