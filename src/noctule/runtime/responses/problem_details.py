"""Problem details (RFC 9457): why the provider refused, in the form that many APIs share.

The JSON form only. The XML form (RFC 9457, appendix B) is not read: no provider that we know sends
it without being asked, and we ask for JSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from noctule.runtime.redaction import REDACTOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.runtime.request import Response

MAX_BODY = 64 * 1024
"""Bytes; a longer body is no problem description."""
MAX_TEXT = 500
"""Characters of one text."""
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True)
class ProblemDetails:
    """What the provider says about a refusal, redacted. A member of the wrong type is left out, as
    RFC 9457 asks."""

    type: str = "about:blank"
    """A URI that names the kind of problem; the same for every case of it."""
    title: str = ""
    status: int | None = None
    detail: str = ""
    instance: str = ""
    extensions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Members of this provider's own."""

    @property
    def code(self) -> str | None:
        """The extension `code`, if it is an identifier: many providers have one."""
        code = self.extensions.get("code")
        return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def problem_details(response: Response) -> ProblemDetails | None:
    """The problem that a response describes; None when it describes none."""
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not media_type.endswith("problem+json") or len(response.content) > MAX_BODY:
        return None
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    members = cast("dict[str, Any]", REDACTOR.value(body))
    status = members.pop("status", None)
    texts = {name: _text(members.pop(name, None)) for name in ("title", "detail", "instance")}
    return ProblemDetails(
        type=_text(members.pop("type", None)) or "about:blank",
        status=status if isinstance(status, int) and not isinstance(status, bool) else None,
        extensions=members,
        **texts,
    )


def _text(value: object) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""
