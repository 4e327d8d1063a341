"""What our own log lines may hold: an allow-list, so that a new fact is silent until named."""

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
        "error",
        "expected",
        "failed",
        "found",
        "number",
        "open_for",
        "operation",
        "origin",
        "outcome",
        "pointer",
        "request_id",
        "route",
        "seconds",
        "service",
        "source",
        "state",
        "status",
        "wait",
    }
)
"""Never a header, a query, a body, or a text by the provider beyond its request id."""

LONGEST = 200


def log_fields(facts: Mapping[str, object]) -> dict[str, object]:
    """The facts that may be logged: numbers as they are, anything else as short redacted text."""
    return {
        name: value if isinstance(value, int | float | None) else _short(str(value))
        for name, value in facts.items()
        if name in LOG_FIELDS
    }


def _short(text: str) -> str:
    visible = "".join(each if each.isprintable() else "�" for each in text[:LONGEST])
    return REDACTOR.text(visible)
