"""Whether a request accepts what its operation answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.sandbox.finding import RequestFinding
from noctule.sandbox.stated.bodies import essence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.sandbox.http.connection import IncomingRequest
    from noctule.sandbox.stated.operation import StatedOperation


def accept_findings(
    operation: StatedOperation, request: IncomingRequest
) -> Iterator[RequestFinding]:
    """One for each documented success of whose media types none is admitted."""
    accept = request.headers.get("accept", "*/*")
    for response in operation.successes:
        types = [media.type for media in response.media]
        if types and not any(admits(accept, type_) for type_ in types):
            yield RequestFinding(
                "accept",
                operation.key,
                accept,
                f"{', '.join(types)} ({response.status})",
                response.pointer,
            )


def admits(accept: str, media_type: str) -> bool:
    """Whether a header `Accept` (RFC 9110, 12.5.1) admits a media type, which may be a range."""
    kind, _, subtype = essence(media_type).partition("/")
    best, admitted = -1, False
    for element in accept.split(","):
        wanted, _, wanted_subtype = essence(element).partition("/")
        precision = (wanted != "*") + (wanted_subtype != "*")
        fits = wanted in ("*", kind) or kind == "*"
        fits &= wanted_subtype in ("*", subtype) or subtype == "*"
        if fits and precision > best:
            best, admitted = precision, _quality(element) > 0
    return admitted


def _quality(element: str) -> float:
    for parameter in element.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
