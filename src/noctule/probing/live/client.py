"""Sends calls to one origin, within a budget and at a pace."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx2

from noctule.probing.observation import Observation
from noctule.problem import Exit, Problem
from noctule.runtime.origin import is_loopback, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.probing.live.access import Access
    from noctule.probing.live.arguments import SandboxCall

TIMEOUT = 10.0
MAX_BODY = 4 * 2**20
"""Bytes of an answer that are read."""
SLOWDOWNS = (429, 503)
LONGEST_WAIT = 30.0
SLOWEST = 0.2
"""Calls per second, however often the sandbox says that there are too many."""


class BudgetSpent(Exception):
    """No calls are left."""


class Unreachable(Problem):
    """The sandbox did not answer; the call may have had its effect."""


@dataclass
class SandboxClient:
    """Calls to the sandbox at `base_url`. Not thread-safe."""

    base_url: str
    access: Mapping[str, Access] = field(repr=False)
    """By operation."""
    calls: int
    """Calls that may still be made."""
    per_second: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    transport: httpx2.BaseTransport | None = None
    """Replaces the network."""
    observations: list[Observation] = field(default_factory=list[Observation], repr=False)
    _next: float = 0.0

    def __post_init__(self) -> None:
        try:
            origin = origin_of(self.base_url)
        except ValueError:
            raise Problem("probing.bad_address", exit=Exit.USAGE, place=self.base_url) from None
        secret = any(access.schemes for access in self.access.values())
        if secret and origin.scheme == "http" and not is_loopback(origin.host):
            raise Problem("probing.cleartext", exit=Exit.REFUSED, place=self.base_url)
        if urlsplit(self.base_url).query:
            raise Problem("probing.bad_address", exit=Exit.USAGE, place=self.base_url)
        self._client = httpx2.Client(
            timeout=TIMEOUT, follow_redirects=False, transport=self.transport
        )

    def close(self) -> None:
        self._client.close()

    def send(self, call: SandboxCall) -> Observation:
        """Send one call and keep what came.

        Raises `BudgetSpent`, and `Unreachable` (exit 6) if no answer comes.
        """
        if self.calls <= 0:
            raise BudgetSpent
        self.calls -= 1
        self._wait_for_turn()
        access = self.access[call.operation.key]
        keys = "&".join(f"{quote(name)}={quote(value)}" for name, value in access.query.items())
        query = "&".join(filter(None, (call.query, keys)))
        url = f"{self.base_url.rstrip('/')}{call.path}{'?' if query else ''}{query}"
        headers = {"Accept": "application/json, */*;q=0.5", **call.headers, **access.headers}
        try:
            status, answered, body = self._exchange(call, url, headers)
        except httpx2.HTTPError as error:
            reason = type(error).__name__
            problem = Unreachable(
                "probing.unreachable", exit=Exit.OUTSIDE, place=self.base_url, reason=reason
            )
            raise problem from None
        observation = Observation(
            method=call.operation.method,
            path=f"{urlsplit(self.base_url).path.rstrip('/')}{call.path}",
            query=call.query,
            status=status,
            headers=answered,
            body=body,
            schemes=access.schemes,
        )
        self.observations.append(observation)
        self._slow_down(observation)
        return observation

    def _exchange(
        self, call: SandboxCall, url: str, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        method, content = call.operation.method, call.body or None
        with self._client.stream(method, url, headers=headers, content=content) as response:
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_BODY:
                    break
            headers = {name.lower(): value for name, value in response.headers.items()}
            return response.status_code, headers, body

    def _wait_for_turn(self) -> None:
        now = self.clock()
        if now < self._next:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + 1 / self.per_second

    def _slow_down(self, observation: Observation) -> None:
        """Half the pace, and the wait that the sandbox asks for, where it limits the calls."""
        if observation.status in SLOWDOWNS:
            self.per_second = max(self.per_second / 2, min(self.per_second, SLOWEST))
            asked = observation.headers.get("retry-after", "")
            wait = float(asked) if asked.isdecimal() else 1.0
            self._next = max(self._next, self.clock() + min(wait, LONGEST_WAIT))
