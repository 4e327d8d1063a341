"""A request as values, and why it is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from noctule.json_types import as_dict

PATH_PARAMETER = re.compile(r"\{([^{}]+)\}")
"""A parameter in a path template: `{id}`."""

NEXT_PARAMETER = "noctule_page"
"""The parameter of made-up addresses of pages, where the document has none that could ask."""


@dataclass(frozen=True, slots=True)
class RequestValues:
    """Values by name, in the types of their schemas. `body` is None when none was sent."""

    path: dict[str, Any]
    query: dict[str, Any]
    header: dict[str, Any]
    cookie: dict[str, Any]
    body: Any

    def facts(self) -> dict[str, Any]:
        """All values by name; a member of the body wins over a parameter of the same name."""
        return {**self.query, **self.path, **as_dict(self.body)}


class Refusal(Exception):
    """The response is an error with this status, for this reason."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)
