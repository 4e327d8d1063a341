"""A delivery that asks a question instead of reporting an event, as the scheme describes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.webhooks.errors import InvalidScheme
from noctule.webhooks.schemes.locator import Locator
from noctule.webhooks.schemes.template import Mac, Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.webhooks.schemes.schema import HandshakeTable

Constant = int | bool


@dataclass(frozen=True)
class Handshake:
    """See `handshake` in the signature language (docs/signature-language.md)."""

    match: tuple[tuple[Locator, Template], ...]
    method: str
    text: Template | None
    json: Mapping[str, Template | Constant] | None = field(hash=False)
    headers: tuple[tuple[str, Template], ...]
    status: int
    signed: bool
    shape: re.Pattern[str]
    visit: Locator | None
    secret: Locator | None

    @classmethod
    def of(cls, table: HandshakeTable) -> Handshake:
        """Raises InvalidScheme."""
        if not table.match and table.method != "HEAD":
            raise InvalidScheme("handshake: match is missing")
        if table.visit and not table.signed:
            raise InvalidScheme("handshake: visit needs a signed handshake")
        if table.secret and table.signed:
            raise InvalidScheme("handshake: secret needs an unsigned handshake")
        try:
            shape = re.compile(table.shape)
        except re.error as error:
            raise InvalidScheme(f"handshake: shape: {error}") from None
        return cls(
            match=tuple((Locator.parse(at), Template.parse(t)) for at, t in table.match.items()),
            method=table.method,
            text=Template.parse(table.text) if table.text is not None else None,
            json=None if table.json is None else {k: _member(v) for k, v in table.json.items()},
            headers=tuple((n.lower(), Template.parse(t)) for n, t in table.headers.items()),
            status=table.status,
            signed=table.signed,
            shape=shape,
            visit=Locator.parse(table.visit) if table.visit else None,
            secret=Locator.parse(table.secret) if table.secret else None,
        )

    @property
    def templates(self) -> Iterator[Template]:
        """Every text with placeholders."""
        yield from (template for _, template in self.match)
        yield from (template for _, template in self.headers)
        yield from (value for value in (self.json or {}).values() if isinstance(value, Template))
        if self.text is not None:
            yield self.text

    @property
    def locators(self) -> Iterator[Locator]:
        """What it reads outside its templates."""
        yield from (locator for locator, _ in self.match)
        yield from (locator for locator in (self.visit, self.secret) if locator is not None)

    @property
    def signs_for_anybody(self) -> bool:
        """Whether it signs a text of `shape` for any sender; no event may then have that shape."""
        return not self.signed and any(
            isinstance(part, Mac) for template in self.templates for part in template.parts
        )


def _member(value: str | Constant) -> Template | Constant:
    return Template.parse(value) if isinstance(value, str) else value
