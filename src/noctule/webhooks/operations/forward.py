"""Events from an inbox to an application that is being developed: what failed is kept, and after
a break it goes on where it was.

The exact bytes are posted. Where the scheme signs the time, the delivery is signed again as of now
(with the secret that matched, if it is set here), since the receiver would take the stored one for
a replay.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.secrets import env
from noctule.webhooks.errors import Rejection, WebhookError
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.signing.sign import sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from noctule.webhooks.store.base import Stored

Sent = Literal["delivered", "refused", "unreachable"]
KEPT = 10_000
"""Failed events that are remembered."""
NOT_FORWARDED = ("content-length", "host", "connection", "transfer-encoding")


@dataclass
class Bookmark:
    """How far one target is: the last event that was tried, and those that it refused."""

    path: Path
    last: int = 0
    failed: list[int] = field(default_factory=list[int])

    @classmethod
    def of(cls, folder: Path, place: str, target: str) -> Bookmark:
        """The bookmark of a target in a folder; a new one begins at 0. Raises ValueError if the
        file is none."""
        name = hashlib.sha256(f"{place}\n{target}".encode()).hexdigest()[:12]
        path = folder / f"forward-{name}.json"
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(path, int(data["last"]), [int(seq) for seq in data["failed"]])
        except FileNotFoundError:
            return cls(path)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no bookmark") from error

    def tried(self, seq: int, sent: Sent) -> None:
        """Remember what became of an event; on disk before this returns."""
        self.last = max(self.last, seq)
        self.failed = [known for known in self.failed if known != seq][-KEPT:]
        if sent == "refused":
            self.failed.append(seq)
        self.save()

    def save(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps({"last": self.last, "failed": self.failed})
        new = self.path.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        os.replace(new, self.path)  # noqa: PTH105


def forward(event: Stored, target: str, post: Callable[..., int]) -> Sent:
    """Post one event; `post(url, headers, body)` gives the status, and raises OSError if nobody
    answers."""
    if event.request is None:
        return "refused"
    try:
        status = post(target, headers_for(event, target), event.request.body)
    except OSError:
        return "unreachable"
    if status in (408, 429) or status >= 500:
        return "unreachable" if status in (502, 503, 504) else "refused"
    return "delivered" if status < 300 else "refused"


def headers_for(event: Stored, target: str) -> dict[str, str]:
    """The stored headers, signed again where the time or the address is signed."""
    assert event.request is not None  # noqa: S101 - for the checkers; the caller looked
    kept = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in event.request.headers
        if name.decode("latin-1") not in NOT_FORWARDED
    }
    try:
        scheme = scheme_of(event.provider)
        if not scheme.algorithm.startswith("hmac-") or not (scheme.timestamp or scheme.covers_url):
            return kept
        secret = env(event.key).read().reveal()
        fresh = sign(
            scheme,
            event.request.body,
            secret,
            now=time.time(),
            id=event.id or "",
            type=event.type,
            url=target,
        )
    except (LookupError, ConfigurationError, WebhookError, Rejection):
        return kept
    return kept | {name.lower(): value for name, value in fresh.items()}
