"""What a provider sends that reports failures inside a 200."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from noctule.runtime.policy.body_failure import BodyFailure


def failure_body(failure: BodyFailure, code: str) -> dict[str, Any]:
    """The JSON body that reports `code` in the way that `failure` describes."""
    body: dict[str, Any] = {}
    if failure.flag:
        body = _merged(body, _at(failure.flag, failure.failed[0] if failure.failed else False))
    if failure.error:
        body = _merged(body, _at(failure.error, code or "refused"))
    return _merged(body, _at(failure.code, code)) if failure.code else body


def _at(path: str, value: Any) -> dict[str, Any]:
    """An object that holds `value` at that path; a number is a place in a list."""
    first, *names = path.split(".")
    for name in reversed(names):
        value = [value] if name.isdecimal() else {name: value}
    return {first: value}


def _merged(body: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Both; where they disagree, `more`."""
    merged = dict(body)
    for name, value in more.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[name] = _merged(cast("dict[str, Any]", before), cast("dict[str, Any]", value))
        else:
            merged[name] = value
    return merged
