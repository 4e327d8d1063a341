"""What people say of a document where it leaves something open, or is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.apidoc.model.parts import SecurityScheme


@dataclass(frozen=True)
class Choices:
    """Each member is empty where nothing is said: the document counts."""

    server: str = ""
    """The production server, with the names of its variables."""
    scheme: SecurityScheme | None = None
    """How all operations authenticate, but those that are public beside secured ones."""
    public: bool = False
    """No operation needs credentials, on purpose."""
    audience: str = ""
    """For whom the tokens of client credentials are."""


NO_CHOICES = Choices()
