"""Keys that a provider publishes: fetched from pinned addresses, kept, asked for once at a time.

Verification never waits for the network. It asks for what is known, and raises `KeyWanted` where
that is nothing; the receiver then has the key fetched, within bounds, and verifies again. A
delivery is accepted under a key that was there, or not at all.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from noctule.webhooks.errors import InvalidScheme, KeyUnavailable, KeyWanted, Reason, Rejection
from noctule.webhooks.receiving.admission import waiting_elsewhere
from noctule.webhooks.schemes.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

    from noctule.webhooks.schemes.schema import FetchTable

PATIENCE = 0.2
"""Seconds for which a delivery waits for a key; the fetch itself goes on for the next one."""
FETCH_SECONDS = 5.0
MAX_BYTES = 64 * 1024
KEPT = 16
FRESH = 86_400.0
"""Seconds for which a key counts, and for how long (`ABSENT`) one that does not exist does not."""
ABSENT = 60.0
PER_MINUTE = 10
"""Fetches in any minute: whoever sends deliveries chooses how often we are asked, not we."""


class Wanted(NamedTuple):
    """An address to read, with a GET, or a POST of a JSON body."""

    url: str
    post: bytes | None = None

    def __repr__(self) -> str:
        return f"Wanted({urlsplit(self.url).hostname})"


class NoSuchKey(Exception):
    """The provider answered that it has no such key."""


@dataclass(frozen=True)
class Fetch:
    """Where keys may come from; see `fetch` in the scheme language."""

    url: Template
    host: re.Pattern[str]
    path: re.Pattern[str]
    post: tuple[tuple[str, Template], ...]
    answer: str
    subject: str
    sample: str

    @classmethod
    def of(cls, table: FetchTable) -> Fetch:
        """Raises InvalidScheme."""
        try:
            host, path = re.compile(table.host, re.IGNORECASE), re.compile(table.path)
            re.compile(table.subject)
        except re.error as error:
            raise InvalidScheme(f"fetch: {error}") from None
        post = tuple((name, Template.parse(text)) for name, text in table.post.items())
        url = Template.parse(table.url)
        return cls(url, host, path, post, table.answer, table.subject, table.sample)

    @property
    def templates(self) -> Iterator[Template]:
        yield self.url
        yield from (text for _, text in self.post)

    def pinned(self, url: str) -> str:
        """The address, if the provider's keys lie there; raises Rejection."""
        if not self.path.fullmatch(urlsplit(self.of_host(url)).path):
            raise Rejection(Reason.FOREIGN_KEY, "url")
        return url

    def of_host(self, url: str) -> str:
        """The address, if it is one of the provider's; raises Rejection."""
        try:
            parts = urlsplit(url)
            plain = parts.port in (None, 443) and not parts.username and not parts.password
        except ValueError:
            raise Rejection(Reason.FOREIGN_KEY, "url") from None
        if (
            parts.scheme != "https"
            or not plain
            or not url.isascii()
            or not url.isprintable()
            or "\\" in url
            or not self.host.fullmatch(parts.hostname or "")
        ):
            raise Rejection(Reason.FOREIGN_KEY, "url")
        return url


class _Kept(NamedTuple):
    document: bytes | None
    """None: there is no such key."""
    until: float


def over_https(wanted: Wanted) -> bytes:
    """The document at an address. Raises NoSuchKey for an answer of 4xx, OSError for anything
    else that is not the document."""
    import httpx2

    method, headers = ("POST", {"content-type": "application/json"}) if wanted.post else ("GET", {})
    try:
        with (
            httpx2.Client(timeout=FETCH_SECONDS, follow_redirects=False) as client,
            client.stream(method, wanted.url, content=wanted.post, headers=headers) as response,
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
class Published:
    """The documents of one provider, by address. `fetch` gets one; `clock` counts seconds."""

    fetch: Callable[[Wanted], bytes] = over_https
    clock: Callable[[], float] = time.monotonic
    _kept: OrderedDict[Wanted, _Kept] = field(
        default_factory=lambda: OrderedDict[Wanted, _Kept](), init=False
    )
    _absent: OrderedDict[Wanted, _Kept] = field(
        default_factory=lambda: OrderedDict[Wanted, _Kept](), init=False
    )
    """Apart from those that exist, so that asking for nonsense drives none of them out."""
    _running: dict[Wanted, Future[None]] = field(
        default_factory=lambda: dict[Wanted, "Future[None]"](), init=False
    )
    _recent: list[float] = field(default_factory=list[float], init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _pool: ThreadPoolExecutor | None = field(default=None, init=False)

    def known(self, wanted: Wanted) -> bytes:
        """The document. Raises KeyWanted if it was not fetched, Rejection if it does not exist."""
        kept = self._kept.get(wanted) or self._absent.get(wanted)
        if kept is None or self.clock() >= kept.until:
            raise KeyWanted(wanted)
        if kept.document is None:
            raise Rejection(Reason.FOREIGN_KEY, "key")
        return kept.document

    def remember(self, wanted: Wanted, document: bytes | None) -> None:
        """Keep a document, or that there is none."""
        until = self.clock() + (ABSENT if document is None else FRESH)
        where, other = self._kept, self._absent
        if document is None:
            where, other = other, where
        with self._lock:
            other.pop(wanted, None)
            where[wanted] = _Kept(document, until)
            where.move_to_end(wanted)
            while len(where) > KEPT:
                where.popitem(last=False)

    def forget(self) -> None:
        """Know nothing any more."""
        with self._lock:
            self._kept.clear()
            self._absent.clear()

    async def obtain(self, wanted: Wanted, within: float = PATIENCE) -> None:
        """Have it fetched, unless that is under way already. Raises KeyUnavailable."""
        import asyncio

        started = asyncio.shield(asyncio.wrap_future(self._start(wanted)))
        try:
            with waiting_elsewhere():
                await asyncio.wait_for(started, within)
        except Exception as error:
            raise KeyUnavailable(_why(error)) from None

    def obtain_now(self, wanted: Wanted, within: float = FETCH_SECONDS) -> None:
        """The same for a caller without an event loop."""
        started = self._start(wanted)
        try:
            started.result(within)
        except Exception as error:
            raise KeyUnavailable(_why(error)) from None

    def _start(self, wanted: Wanted) -> Future[None]:
        with self._lock:
            running = self._running.get(wanted)
            if running is not None:
                return running
            now = self.clock()
            self._recent = [at for at in self._recent if now - at < 60]
            if len(self._recent) >= PER_MINUTE:
                raise KeyUnavailable("too many keys were asked for within a minute")
            self._recent.append(now)
            if self._pool is None:
                from concurrent.futures import ThreadPoolExecutor

                self._pool = ThreadPoolExecutor(2, thread_name_prefix="noctule-keys")
            started = self._running[wanted] = self._pool.submit(self._fetch, wanted)
            return started

    def _fetch(self, wanted: Wanted) -> None:
        try:
            self.remember(wanted, self._document(wanted))
        finally:
            with self._lock:
                self._running.pop(wanted, None)

    def _document(self, wanted: Wanted) -> bytes | None:
        try:
            return self.fetch(wanted)
        except NoSuchKey:
            return None


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the provider's key came too late"
    return f"the provider's key could not be fetched: {type(error).__name__}"
