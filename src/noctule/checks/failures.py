"""How a provider reports failures inside a 200: as the task declares it, else as its pack does.

The option `--failure` and the task's key `failure` have one form, `KEY:VALUE,KEY:VALUE`; a list has
`|` between its values: `flag:ok,code:error,rate_limited:ratelimited|slow_down`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from noctule.json_types import is_list, is_object
from noctule.problem import Exit, Problem
from noctule.providers import FailureFact

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack

MEMBERS = ("flag", "error", "code")
LISTS = ("failed", "rate_limited", "retryable", "uncertain", "unauthorized")
_VALUE = re.compile(r"[^\s,|][^,|\x00-\x1f\x7f]{0,199}")
MAX_LENGTH = 4_000


def failure_of(task: IntegrationTask, pack: Pack | None) -> FailureFact | None:
    """What the task declares, else what the pack does; None if a 200 is always a success."""
    return declared_failure(task.failure, "failure") or (pack.failure if pack is not None else None)


def declared_failure(text: str, place: str = "--failure") -> FailureFact | None:
    """What `text` declares; None for "". Raises `Problem` (exit 2) for another form."""
    if not text:
        return None
    values: dict[str, Any] = {}
    for part in text[:MAX_LENGTH].split(","):
        key, _, value = part.strip().partition(":")
        items = tuple(value.split("|"))
        known = key in MEMBERS + LISTS and key not in values and all(map(_VALUE.fullmatch, items))
        if not known or (key in MEMBERS and len(items) > 1):
            raise _refused(place)
        values[key] = value if key in MEMBERS else items
    if len(text) > MAX_LENGTH or not (values.get("flag") or values.get("error")):
        raise _refused(place)
    return FailureFact(**values)


def _refused(place: str) -> Problem:
    known = ", ".join(MEMBERS + LISTS)
    return Problem("checks.bad_failure", exit=Exit.USAGE, place=place, known=known)


def without_failure(failure: FailureFact | None, body: Any) -> Any:
    """The example `body` of a success, so that it reports none."""
    if failure is None or not is_object(body):
        return body
    if failure.flag and not failure.failed:
        body = _changed(body, failure.flag.split("."), lambda _: True)
    return _changed(body, failure.error.split("."), _emptied) if failure.error else body


def _changed(body: dict[str, Any], path: list[str], change: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy with the value at `path` changed, if there is one; None leaves it out."""
    name, *rest = path
    if name not in body:
        return body
    value = body[name]
    if rest:
        return body | {name: _changed(value, rest, change)} if is_object(value) else body
    changed = change(value)
    if changed is None:
        return {key: other for key, other in body.items() if key != name}
    return body | {name: changed}


def _emptied(value: Any) -> Any:
    if isinstance(value, str):
        return ""
    return [] if is_list(value) else None
