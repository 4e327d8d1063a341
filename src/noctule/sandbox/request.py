"""An admitted request as values, and why a request is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.json_types import as_dict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import Media

PATH_PARAMETER = re.compile(r"\{([^{}]+)\}")
"""A parameter in a path template: `{id}`."""


@dataclass(frozen=True, slots=True)
class RequestValues:
    """Values by name, in the types of their schemas. `body` is None when none was sent."""

    path: dict[str, Any]
    query: dict[str, Any]
    headers: Mapping[str, str]
    body: Any
    media: Media | None

    def facts(self) -> dict[str, Any]:
        """All values by name; a member of the body wins over a parameter of the same name."""
        return {**self.query, **self.path, **as_dict(self.body)}


class Refusal(Exception):
    """The response is an error with this status, for this reason."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)
