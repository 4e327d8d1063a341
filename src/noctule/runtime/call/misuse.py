"""What is wrong with a call that could not be built: found after the fact, so that calls without a
fault pay nothing for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from noctule.runtime import errors
from noctule.runtime.call.attempt import without_frames
from noctule.runtime.call.config import CallOptions
from noctule.runtime.call.request_builder import CallArguments
from noctule.runtime.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

MAPPINGS = ("path", "query", "headers")


def refusal(
    service: str, operation: Any, arguments: Mapping[str, object], error: Exception
) -> errors.ServiceError | None:
    """The error for the caller, which names the call; None when `error` has another cause. It has
    no frames, since those hold the arguments."""
    reason = next(_mistakes(operation, arguments), None)
    if reason is not None:
        refused: errors.ServiceError = errors.InvalidArgument(reason)
    elif isinstance(error, errors.ServiceError):
        refused = without_frames(error)
    else:
        return None
    refused.service, refused.operation = service, str(getattr(operation, "name", ""))
    return refused


def _mistakes(operation: object, arguments: Mapping[str, object]) -> Iterator[str]:
    """What a type checker would have said; no value of the caller's is shown."""
    if not isinstance(operation, Operation):
        yield f"the first argument is an Operation, not a {type(operation).__name__}"
    known = CallArguments.__annotations__
    for name in arguments:
        if name not in known:
            yield f"a call has no argument {name!r}; it has {', '.join(known)}"
    for name in MAPPINGS:
        value = arguments.get(name)
        if value is not None and not isinstance(value, Mapping):
            yield f"{name}: give names and their values, not a {type(value).__name__}"
    options = arguments.get("options")
    if options is not None and not isinstance(options, CallOptions):
        yield f"options: give CallOptions(...), not a {type(options).__name__}"
