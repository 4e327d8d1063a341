"""The identity of an event: the keys by which a store recognises it when it is delivered again.

Each key has a ground (`schemes.identity.Ground`): what the signature covers, what the
provider's id is worth, and what its retries look like. docs/identity.md gives the reasons.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from noctule.json_types import is_object
from noctule.webhooks.schemes.identity import Ground
from noctule.webhooks.verification.verify import signed_content, timestamp_text, url_spellings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.webhooks.verification.delivery_view import LocatedText
    from noctule.webhooks.verification.verify import VerifiedDelivery

RepeatAction = Literal["quarantine", "handle", "drop"]
"""What becomes of a repeat: equal to an earlier event, which may be another event or a replay."""

WAITING_PREFIX = "hint:"
"""The beginning of a key that holds only while its event waits: the store frees it when a worker
claims the event, since whatever it is about may change again right after."""
ALWAYS, NEVER = float("inf"), float("-inf")


class EventIdentity(NamedTuple):
    """How one event is recognised within its route.

    An earlier event with the same `twin` is the same event. One with the same `key` is the same if
    it is at most `window` seconds older, or if `same_id` is set and it has the same id. Otherwise
    this is a new event (`later`), or a `repeat`, which could be a replay as well.
    """

    key: str
    twin: str = ""
    window: float = ALWAYS
    same_id: bool = False
    later: Literal["new", "repeat"] = "repeat"
    remembered: float = 0.0
    """Seconds for which the twin has to be known."""


def id_key(event_id: str, signed_type: str) -> str:
    """The key of a signed id. Some ids are those of an object, which is created and then changed:
    the type tells these events apart."""
    return f"id:{event_id}\n{signed_type}" if signed_type else f"id:{event_id}"


class IdentityReader:
    """The identities of the events in one delivery."""

    def __init__(self, verified: VerifiedDelivery) -> None:
        self._view = verified.view
        self._signed_at = verified.signed_at
        self._counts: dict[str, int] = {}

    def read(
        self,
        event_id: LocatedText | None,
        event_type: LocatedText | None,
        item: Any,
        position: int | None,
    ) -> EventIdentity:
        """The identity of an event; `item` is its item of the batch at `position`.

        Raises Rejection if the body does not parse.
        """
        scheme = self._view.scheme
        if event_id is not None and event_id.signed and scheme.identity.id_names_event:
            signed_type = event_type.text if event_type and event_type.signed else ""
            return EventIdentity(id_key(event_id.text, signed_type))  # most deliveries: rule 1
        ground = scheme.identity.ground(
            signed_id=False,
            unsigned_id=scheme.reads_unsigned_id,
            signed_time=scheme.timestamp is not None,
        )
        content = self._content(item, position)
        if ground is Ground.BELL:
            return EventIdentity(f"{WAITING_PREFIX}{content}")
        text = event_id.text if event_id else ""
        return self._of_content(ground, text, self._numbered(content))

    def _of_content(self, ground: Ground, event_id: str, content: str) -> EventIdentity:
        scheme = self._view.scheme
        facts = scheme.identity
        partial = scheme.coverage == "partial"
        accepted = scheme.timestamp.past + scheme.timestamp.future if scheme.timestamp else 0.0
        remembered = max(facts.retry_seconds, accepted)  # as long as it can arrive again
        window = remembered if facts.equal_content == "same" else NEVER
        if ground is Ground.TIME_AND_CONTENT and not partial:
            return EventIdentity(f"content:{content}", window=window, later="new")
        if scheme.timestamp is None:
            by_id = ground is Ground.CONTENT_AND_ID
            return EventIdentity(f"content:{content}", window=window, same_id=by_id)
        moment = self._moment(content)
        key = f"signed:{moment}"
        if ground is Ground.TIME and not partial:
            return EventIdentity(key)
        marks = {Ground.TIME_AND_ID: event_id, Ground.TIME: moment}
        twin = f"same:{_digest(content, marks.get(ground, ''))}"
        return EventIdentity(key, twin, NEVER, remembered=remembered)

    def _moment(self, content: str) -> str:
        """What was signed, with its time: nobody but the provider makes a new one."""
        view = self._view
        if view.scheme.coverage != "partial":
            return _digest(content, repr(self._signed_at))
        url = min(url_spellings(view.request.url), key=len)  # each of them has the same signature
        signed = signed_content(view, timestamp_text(view), url)
        return hashlib.sha256(signed).hexdigest()

    def _numbered(self, content: str) -> str:
        """Equal items of one delivery are different events: the second one is content#1."""
        count = self._counts.get(content, 0)
        self._counts[content] = count + 1
        return f"{content}#{count}" if count else content

    def _content(self, item: Any, position: int | None) -> str:
        """A digest of all that tells events apart: the signed content without the signature, the
        time, and what changes between attempts; the whole body where only a part is signed."""
        view, scheme = self._view, self._view.scheme
        changing = list(scheme.identity.changes)
        if scheme.timestamp and scheme.timestamp.locator.kind == "body":
            changing.append(scheme.timestamp.locator)
        if scheme.signature_locator and scheme.signature_locator.kind == "body":
            changing.append(scheme.signature_locator)
        paths = [locator.name.split(".") for locator in changing]
        if position is not None:
            content = _encoded(item, paths)
        elif scheme.coverage == "partial":
            content = _encoded(view.body, paths)
        elif scheme.scope.sorts_form and view.is_form:
            content = view.sorted_form
        elif paths or not scheme.scope.body_digested:
            content = _encoded(view.data, paths)
        else:
            content = view.request.body
        if "url" in scheme.signed:  # without its host, which may be written in several ways
            content = urlsplit(view.request.url).query.encode() + content
        return hashlib.sha256(content).hexdigest()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def _encoded(data: Any, leave_out: Sequence[Sequence[str]]) -> bytes:
    for path in leave_out:
        data = _without(data, path)
    return msgspec.json.encode(data)


def _without(data: Any, path: Sequence[str]) -> Any:
    """The data without the value at a path; nothing is changed in place."""
    if not is_object(data) or path[0] not in data:
        return data
    rest = {key: value for key, value in data.items() if key != path[0]}
    return rest if len(path) == 1 else data | {path[0]: _without(data[path[0]], path[1:])}
