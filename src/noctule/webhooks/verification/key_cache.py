"""Keys that a provider publishes: fetched from pinned addresses and cached.

Verification never waits for the network. It asks the cache, which raises `KeyNotCached` for a key
that it does not have; the receiver then has the key fetched, within limits, and verifies again. No
delivery is accepted without its key.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from noctule.webhooks.errors import KeyNotCached, KeyUnavailable, Reason, Rejection
from noctule.webhooks.verification.external_wait import external_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

    from noctule.webhooks.schemes.key_address import KeyAddress

PATIENCE = 0.2
"""Seconds for which a delivery waits for a key; the fetch continues for the next delivery."""
FETCH_SECONDS = 5.0
MAX_BYTES = 64 * 1024
MAX_DOCUMENTS = 16
FRESH_SECONDS = 86_400.0
ABSENT_SECONDS = 60.0
"""For how long a key, and the answer that there is no such key, stay in the cache."""
PER_MINUTE = 10
"""Fetches per minute: senders choose which keys are asked for, so their number is limited."""


class KeyRequest(NamedTuple):
    """An address to read with GET, or with a POST of a JSON body."""

    url: str
    post: bytes | None = None

    def __repr__(self) -> str:
        return f"KeyRequest({urlsplit(self.url).hostname})"


class NoSuchKey(Exception):
    """The provider answered that it has no such key."""


class _CachedDocument(NamedTuple):
    content: bytes | None
    """None: there is no such key."""
    until: float


def fetch_over_https(request: KeyRequest) -> bytes:
    """The document at an address, at most 64 KiB. Raises NoSuchKey for a 4xx answer, OSError for
    any other failure."""
    import httpx2

    headers = {"content-type": "application/json"} if request.post else {}
    method = "POST" if request.post else "GET"
    try:
        with (
            httpx2.Client(timeout=FETCH_SECONDS, follow_redirects=False) as client,
            client.stream(method, request.url, content=request.post, headers=headers) as response,
        ):
            if 400 <= response.status_code < 500:
                raise NoSuchKey
            if response.status_code != 200:
                raise OSError(f"answered {response.status_code}")
            return _bounded(response.iter_bytes())
    except httpx2.HTTPError as error:
        raise OSError(type(error).__name__) from None


def _bounded(chunks: Iterator[bytes]) -> bytes:
    document = b""
    for chunk in chunks:
        document += chunk
        if len(document) > MAX_BYTES:
            raise OSError("too large")
    return document


@dataclass(eq=False)
class KeyCache:
    """The documents of one provider, by request. `fetch` gets one; `clock` counts seconds."""

    fetch: Callable[[KeyRequest], bytes] = fetch_over_https
    clock: Callable[[], float] = time.monotonic
    _present: OrderedDict[KeyRequest, _CachedDocument] = field(
        default_factory=lambda: OrderedDict[KeyRequest, _CachedDocument](), init=False
    )
    _absent: OrderedDict[KeyRequest, _CachedDocument] = field(
        default_factory=lambda: OrderedDict[KeyRequest, _CachedDocument](), init=False
    )
    """Apart from the others, so that requests for made-up keys never evict a real one."""
    _running: dict[KeyRequest, Future[None]] = field(
        default_factory=lambda: dict[KeyRequest, "Future[None]"](), init=False
    )
    _fetch_times: list[float] = field(default_factory=list[float], init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _pool: ThreadPoolExecutor | None = field(default=None, init=False)

    def get(self, request: KeyRequest) -> bytes:
        """The document. Raises KeyNotCached before it is fetched, Rejection if none exists."""
        document = self._present.get(request) or self._absent.get(request)
        if document is None or self.clock() >= document.until:
            raise KeyNotCached(request)
        if document.content is None:
            raise Rejection(Reason.FOREIGN_KEY, "key")
        return document.content

    def put(self, request: KeyRequest, content: bytes | None) -> None:
        """Cache a document; None means that the provider has none."""
        until = self.clock() + (ABSENT_SECONDS if content is None else FRESH_SECONDS)
        target, other = self._present, self._absent
        if content is None:
            target, other = other, target
        with self._lock:
            other.pop(request, None)
            target[request] = _CachedDocument(content, until)
            target.move_to_end(request)
            while len(target) > MAX_DOCUMENTS:
                target.popitem(last=False)

    def clear(self) -> None:
        """Forget every document."""
        with self._lock:
            self._present.clear()
            self._absent.clear()

    async def load(self, request: KeyRequest, within: float = PATIENCE) -> None:
        """Fetch a document into the cache; concurrent calls share one fetch.

        Raises KeyUnavailable if it fails or takes longer than `within` seconds.
        """
        import asyncio

        fetch = asyncio.shield(asyncio.wrap_future(self._start(request)))
        try:
            with external_wait():
                await asyncio.wait_for(fetch, within)
        except Exception as error:
            raise KeyUnavailable(_message(error)) from None

    def load_blocking(self, request: KeyRequest, within: float = FETCH_SECONDS) -> None:
        """The same for a caller without an event loop."""
        fetch = self._start(request)
        try:
            fetch.result(within)
        except Exception as error:
            raise KeyUnavailable(_message(error)) from None

    def _start(self, request: KeyRequest) -> Future[None]:
        with self._lock:
            running = self._running.get(request)
            if running is not None:
                return running
            now = self.clock()
            self._fetch_times = [at for at in self._fetch_times if now - at < 60]
            if len(self._fetch_times) >= PER_MINUTE:
                raise KeyUnavailable("too many keys were requested within a minute")
            self._fetch_times.append(now)
            if self._pool is None:
                from concurrent.futures import ThreadPoolExecutor

                self._pool = ThreadPoolExecutor(2, thread_name_prefix="noctule-keys")
            running = self._running[request] = self._pool.submit(self._fetch, request)
            return running

    def _fetch(self, request: KeyRequest) -> None:
        try:
            self.put(request, self._document(request))
        finally:
            with self._lock:
                self._running.pop(request, None)

    def _document(self, request: KeyRequest) -> bytes | None:
        try:
            return self.fetch(request)
        except NoSuchKey:
            return None


_CACHES: dict[KeyAddress, KeyCache] = {}


def key_cache_for(address: KeyAddress) -> KeyCache:
    """This process's cache of the keys that are published there."""
    cache = _CACHES.get(address)
    return cache if cache is not None else _CACHES.setdefault(address, KeyCache())


def use_key_cache(address: KeyAddress, cache: KeyCache) -> None:
    """Replace the process's cache of an address, for tests."""
    _CACHES[address] = cache


def _message(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the provider's key did not arrive in time"
    return f"the provider's key could not be fetched: {type(error).__name__}"
