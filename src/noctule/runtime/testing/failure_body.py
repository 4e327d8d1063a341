"""What a provider sends that reports failures inside a 200."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noctule.runtime.policy.body_failure import BodyFailure


def failure_body(failure: BodyFailure, code: str) -> dict[str, Any]:
    """The JSON body that reports `code` in the way that `failure` describes."""
    body: dict[str, Any] = {}
    for path, value in ((failure.flag, False), (failure.code, code)):
        *parents, name = path.split(".")
        members = body
        for parent in parents:
            members = members.setdefault(parent, {})
        members[name] = value
    return body
