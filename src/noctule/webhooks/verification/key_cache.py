"""Keys that a provider publishes: fetched from pinned addresses and cached.

Verification never waits for the network. It asks the cache, which raises `KeyNotCached` for a key
that it does not have; the receiver then has the key fetched, within limits, and verifies again. No
delivery is accepted without its key.

Senders choose which keys are asked for, so made-up keys must keep nobody out. A key that has
verified a delivery goes on serving while it is fetched again, costs no budget, and is never evicted
for another. Of the other keys, only those that do not exist cost budget.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from noctule.webhooks.errors import KeyNotCached, KeyUnavailable, Reason, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

    from noctule.webhooks.schemes.key_address import KeyAddress

PATIENCE = 0.2
"""Seconds for which a delivery waits for a key; the fetch continues for the next delivery."""
FETCH_SECONDS = 5.0
MAX_BYTES = 64 * 1024
MAX_DOCUMENTS = 16
THREADS = 4
FRESH_SECONDS = 86_400.0
ABSENT_SECONDS = 60.0
"""For how long a key, and the answer that there is no such key, stay in the cache."""
STALE_SECONDS = 7 * 86_400.0
"""For how long after that a key serves that has verified a delivery, while it is fetched again."""
RECHECK_SECONDS = 60.0
"""The least time between two fetches of such a key."""
MISSES = 30.0
MISSES_PER_SECOND = 1.0
"""Fetches that find no key: so many at once, and so many more each second."""
NOT_FOUND = (400, 404, 410)
"""Answers that mean that there is no such key; Plaid answers 400."""


class KeyRequest:
    """An address to read with GET, or with a POST of a JSON body, which may hold a credential: code
    that walks the attributes finds a function."""

    __slots__ = ("_post", "url")

    def __init__(self, url: str, post: bytes | None = None) -> None:
        self.url = url
        self._post: Callable[[], bytes | None] = lambda: post

    @property
    def post(self) -> bytes | None:
        return self._post()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeyRequest):
            return NotImplemented
        return (self.url, self.post) == (other.url, other.post)

    def __hash__(self) -> int:
        return hash((self.url, self.post))

    def __repr__(self) -> str:
        return f"KeyRequest({urlsplit(self.url).hostname})"


class NoSuchKey(Exception):
    """The provider answered that it has no such key."""


class _CachedDocument(NamedTuple):
    content: bytes
    fetched_at: float
    has_served: bool = False
    """Whether it has verified a delivery."""


def fetch_over_https(request: KeyRequest) -> bytes:
    """The document at an address, at most 64 KiB.

    Raises NoSuchKey if there is none, OSError for any other failure.
    """
    import httpx2

    headers = {"content-type": "application/json"} if request.post else {}
    method = "POST" if request.post else "GET"
    try:
        with (
            httpx2.Client(timeout=FETCH_SECONDS, follow_redirects=False) as client,
            client.stream(method, request.url, content=request.post, headers=headers) as response,
        ):
            if response.status_code in NOT_FOUND:
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
    _absent: OrderedDict[KeyRequest, float] = field(
        default_factory=lambda: OrderedDict[KeyRequest, float](), init=False
    )
    """When the provider said that there is no such key. Apart from the others, so that requests for
    made-up keys never evict a real one."""
    _running: dict[KeyRequest, Future[None]] = field(
        default_factory=lambda: dict[KeyRequest, "Future[None]"](), init=False
    )
    _rechecked: dict[KeyRequest, float] = field(
        default_factory=lambda: dict[KeyRequest, float](), init=False
    )
    _misses_left: float = field(default=MISSES, init=False)
    _counted_at: float = field(default=float("-inf"), init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _pools: dict[bool, ThreadPoolExecutor] = field(
        default_factory=lambda: dict[bool, "ThreadPoolExecutor"](), init=False
    )
    """Keys that have served are fetched by a thread of their own."""

    def get(self, request: KeyRequest, *, newer: bool = False) -> bytes:
        """The document; `newer` for one that lacks the delivery's key, if it may have changed.

        Raises KeyNotCached if it has to be fetched first, Rejection if there is no such key.
        """
        now, document = self.clock(), self._present.get(request)
        if document is None:
            if now - self._absent.get(request, float("-inf")) < ABSENT_SECONDS:
                raise Rejection(Reason.FOREIGN_KEY, "key")
            raise KeyNotCached(request)
        age = now - document.fetched_at
        if newer:
            if age < RECHECK_SECONDS:
                raise Rejection(Reason.FOREIGN_KEY, "key")
            raise KeyNotCached(request)
        if age >= FRESH_SECONDS:
            if not document.has_served or age >= FRESH_SECONDS + STALE_SECONDS:
                raise KeyNotCached(request)
            with contextlib.suppress(KeyUnavailable):
                self._start(request)
        return document.content

    def put(self, request: KeyRequest, content: bytes | None) -> None:
        """Cache a document; None means that the provider has none."""
        now = self.clock()
        with self._lock:
            old = self._present.pop(request, None)
            self._absent.pop(request, None)
            if content is None:
                self._absent[request] = now
                if len(self._absent) > MAX_DOCUMENTS:
                    self._absent.popitem(last=False)
                return
            if len(self._present) == MAX_DOCUMENTS:
                unproven = (at for at, each in self._present.items() if not each.has_served)
                self._present.pop(next(unproven, next(iter(self._present))))
            self._present[request] = _CachedDocument(content, now, old is not None and old[2])

    def mark_served(self, request: KeyRequest) -> None:
        """Note that a key in the document has verified a delivery."""
        document = self._present.get(request)
        if document is not None and not document.has_served:
            with self._lock:
                self._present[request] = document._replace(has_served=True)

    def clear(self) -> None:
        """Forget every document."""
        with self._lock:
            self._present.clear()
            self._absent.clear()
            self._rechecked.clear()

    async def load(self, request: KeyRequest, within: float = PATIENCE) -> None:
        """Fetch a document into the cache; concurrent calls share one fetch.

        Raises KeyUnavailable if it fails or takes longer than `within` seconds.
        """
        import asyncio

        fetch = asyncio.shield(asyncio.wrap_future(self._start(request)))
        try:
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
            document = self._present.get(request)
            has_served = document is not None and document.has_served
            self._pay_for(request, has_served=has_served)
            running = self._running[request] = self._pool(has_served).submit(self._fetch, request)
            return running

    def _pay_for(self, request: KeyRequest, *, has_served: bool) -> None:
        """Allow a fetch; raises KeyUnavailable."""
        now = self.clock()
        if has_served:
            if now - self._rechecked.get(request, float("-inf")) < RECHECK_SECONDS:
                raise KeyUnavailable("the provider's key was asked for a moment ago")
            self._rechecked[request] = now
            return
        refill = (now - self._counted_at) * MISSES_PER_SECOND
        self._misses_left, self._counted_at = min(MISSES, self._misses_left + refill), now
        if self._misses_left < 1:
            raise KeyUnavailable("too many keys were requested that do not exist")
        self._misses_left -= 1

    def _pool(self, has_served: bool) -> ThreadPoolExecutor:
        if has_served not in self._pools:
            from concurrent.futures import ThreadPoolExecutor

            threads = 1 if has_served else THREADS
            self._pools[has_served] = ThreadPoolExecutor(threads, "noctule-keys")
        return self._pools[has_served]

    def _fetch(self, request: KeyRequest) -> None:
        try:
            content = self._document(request)
            self.put(request, content)
            with self._lock:
                self._misses_left = min(MISSES, self._misses_left + (content is not None))
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
