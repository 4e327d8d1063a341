"""Post events from an inbox to an application in development, with a bookmark of what was sent.

The exact bytes are posted. If the scheme signs the time, the delivery is signed again as of now,
with the secret that matched if it is set here: the receiver would reject the old time as a replay.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.secrets import env
from noctule.webhooks.errors import Rejection, WebhookError
from noctule.webhooks.private_file import write_private
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.signing.sign import sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from noctule.webhooks.request import WebhookRequest
    from noctule.webhooks.store.base import StoredEvent

ForwardOutcome = Literal["delivered", "refused", "unreachable"]
MAX_FAILED = 10_000
"""Refused events that a bookmark keeps."""
NOT_FORWARDED = ("content-length", "host", "connection", "transfer-encoding")


@dataclass
class Bookmark:
    """How far one target is: the last event that was tried, and those that the target refused."""

    path: Path
    last: int = 0
    failed: list[int] = field(default_factory=list[int])

    @classmethod
    def of(cls, folder: Path, place: str, target: str) -> Bookmark:
        """The bookmark of an inbox and a target in a folder; a new one starts at 0.

        Raises ValueError if the file is not a bookmark.
        """
        name = hashlib.sha256(f"{place}\n{target}".encode()).hexdigest()[:12]
        path = folder / f"forward-{name}.json"
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(path, int(data["last"]), [int(seq) for seq in data["failed"]])
        except FileNotFoundError:
            return cls(path)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not a bookmark") from error

    def record(self, seq: int, outcome: ForwardOutcome) -> None:
        """Record what became of an event; on disk before this returns. Raises OSError."""
        self.last = max(self.last, seq)
        self.failed = [failed for failed in self.failed if failed != seq][-MAX_FAILED:]
        if outcome == "refused":
            self.failed.append(seq)
        self.save()

    def save(self) -> None:
        """Write the file. Raises OSError."""
        write_private(self.path, json.dumps({"last": self.last, "failed": self.failed}))


def forward(event: StoredEvent, target: str, post: Callable[..., int]) -> ForwardOutcome:
    """Post one event.

    `post(url, headers, body)` returns the status, and raises OSError if there is no answer.
    """
    if event.request is None:
        return "refused"
    try:
        status = post(target, headers_for(event, event.request, target), event.request.body)
    except OSError:
        return "unreachable"
    if status in (408, 429) or status >= 500:
        return "unreachable" if status in (502, 503, 504) else "refused"
    return "delivered" if status < 300 else "refused"


def headers_for(event: StoredEvent, request: WebhookRequest, target: str) -> dict[str, str]:
    """The stored headers, with a new signature if the time or the address is signed."""
    headers = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in request.headers
        if name.decode("latin-1") not in NOT_FORWARDED
    }
    try:
        scheme = scheme_of(event.provider)
        if not scheme.algorithm.startswith("hmac-") or not (scheme.timestamp or scheme.scope.url):
            return headers
        signed = sign(
            scheme,
            request.body,
            env(event.key).read().reveal(),
            now=time.time(),
            id=event.id or "",
            type=event.type,
            url=target,
        )
    except (LookupError, ConfigurationError, WebhookError, Rejection):
        return headers
    return headers | {name.lower(): value for name, value in signed.items()}
