"""A provider as the proofs of this folder need one: it remembers what was acknowledged.

What was not answered 2xx is sent again under its own id, as providers do.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter, deque

from benchmarks.webhooks.servers import PATH, SECRET
from noctule.webhooks.testing import signed

PAUSE = 0.02
"""Seconds between two deliveries of one thread, so that workers keep up with what is taken in."""


def post(connection: http.client.HTTPConnection, name: str) -> tuple[int, str | None]:
    """The status and `Retry-After` of one signed event."""
    payload = {"id": name, "type": "t", "data": {"object": {"id": f"object_{name}"}}}
    headers, body = signed("stripe", payload, secret=SECRET)
    connection.request("POST", PATH, body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.getheader("retry-after")


class Sender:
    """Some threads that send to the ports, in turn, until it is stopped."""

    def __init__(self, ports: list[int], threads: int = 4, pause: float = PAUSE) -> None:
        self.acknowledged: set[str] = set()
        self.answers: Counter[str] = Counter()
        self._ports = ports
        self._pause = pause
        self._again: deque[str] = deque()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(threads)]

    def __enter__(self) -> Sender:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, thread: int) -> None:
        port = self._ports[thread % len(self._ports)]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        number = 0
        while not self._stop.is_set():
            number += 1
            name = self._again.popleft() if self._again else f"evt_{thread}_{number}"
            try:
                status, later = post(connection, name)
            except (OSError, http.client.HTTPException):
                connection.close()
                status, later = 0, None
            self.answers[str(status or "cut off")] += 1
            if 200 <= status < 300:
                self.acknowledged.add(name)
            else:
                self._again.append(name)
                if status == 503 and not later:
                    self.answers["503 without Retry-After"] += 1
            time.sleep(self._pause)
