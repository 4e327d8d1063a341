"""The fields of our own log lines: an allow-list, so that a new field is not logged by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.runtime.redaction.redactor import REDACTOR

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_FIELDS = frozenset(
    {
        "age",
        "attempt",
        "attempts",
        "date",
        "error",
        "expected",
        "failed",
        "fingerprint",
        "found",
        "header",
        "link",
        "number",
        "only",
        "open_for",
        "operation",
        "origin",
        "outcome",
        "pointer",
        "reason",
        "request_id",
        "route",
        "seconds",
        "service",
        "source",
        "state",
        "status",
        "sunset",
        "wait",
    }
)
"""Never a query, a body, or a text of the provider except its request id and the link of a
deprecation; `header` is a header's name."""

MAX_LENGTH = 200
"""Characters of one field."""


def log_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields that may be logged: numbers unchanged, anything else as short redacted text."""
    return {
        name: value if isinstance(value, int | float | None) else _short(str(value))
        for name, value in fields.items()
        if name in LOG_FIELDS
    }


def _short(text: str) -> str:
    text = REDACTOR.beginning(text, MAX_LENGTH)
    return "".join(char if char.isprintable() else "�" for char in text)
