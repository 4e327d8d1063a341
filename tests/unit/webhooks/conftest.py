from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from noctule.runtime.testing import VirtualClock
from noctule.webhooks import Inbox, Receiver
from noctule.webhooks.processing.inbox import open_store
from noctule.webhooks.receiving.admission import ANSWER_SECONDS
from support.webhook_samples import SCHEMES, SECRET, Provider, publish_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from noctule.webhooks.store.base import InboxStore


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def answer_seconds() -> float:
    """The real limit, which `patient_store` replaces."""
    return ANSWER_SECONDS


@pytest.fixture(autouse=True)
def patient_store(monkeypatch) -> None:
    """A busy machine may take longer to store a delivery than the answer may take."""
    monkeypatch.setattr("noctule.webhooks.receiving.admission.ANSWER_SECONDS", 60.0)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def inbox_place(tmp_path) -> str:
    return str(tmp_path / "inbox.db")


@pytest.fixture
def store(inbox_place) -> Iterator[InboxStore]:
    """The inbox as another process sees it."""
    store = open_store(inbox_place)
    yield store
    store.close()


@pytest.fixture(autouse=True)
def published_keys() -> None:
    """The caches of published keys belong to the process, and tests publish keys of their own."""
    publish_keys()


@pytest.fixture
def provider_of(monkeypatch, clock, inbox_place) -> Callable[..., Provider]:
    """Makes a provider and its receiver, all with one inbox unless they are given another."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)

    def make(name: str, **options) -> Provider:
        options = {"secrets": ["HOOK_SECRET"], "inbox": Inbox(inbox_place)} | options
        return Provider(Receiver(SCHEMES[name], clock=clock, **options), clock)

    return make
