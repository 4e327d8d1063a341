"""Where a provider publishes its keys, and the addresses that may be called for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.webhooks.errors import InvalidScheme, Reason, Rejection
from noctule.webhooks.schemes.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.webhooks.schemes.schema import FetchTable


@dataclass(frozen=True)
class KeyAddress:
    """See `fetch` in the signature language (docs/signature-language.md).

    `host` and `path` are what an address must match; `answers` are the paths at which the JSON
    answer may have the key, `common_name` is a pattern for the certificate's, `sample` an address
    for local signing.
    """

    url: Template
    host: re.Pattern[str]
    path: re.Pattern[str]
    post: tuple[tuple[str, Template], ...]
    answers: tuple[str, ...]
    common_name: str
    sample: str

    @classmethod
    def of(cls, table: FetchTable) -> KeyAddress:
        """Raises InvalidScheme."""
        try:
            host, path = re.compile(table.host, re.IGNORECASE), re.compile(table.path)
            re.compile(table.common_name)
        except re.error as error:
            raise InvalidScheme(f"fetch: {error}") from None
        post = tuple((name, Template.parse(text)) for name, text in table.post.items())
        url = Template.parse(table.url)
        answers = (table.answer,) if isinstance(table.answer, str) else tuple(table.answer)
        return cls(url, host, path, post, answers, table.common_name, table.sample)

    @property
    def templates(self) -> Iterator[Template]:
        """Every text with placeholders."""
        yield self.url
        yield from (template for _, template in self.post)

    def checked(self, url: str) -> str:
        """The address, if the provider publishes keys there; raises Rejection."""
        if not self.path.fullmatch(urlsplit(self.checked_host(url)).path):
            raise Rejection(Reason.FOREIGN_KEY, "url")
        return url

    def checked_host(self, url: str) -> str:
        """The address, if it is one of the provider's, over HTTPS; raises Rejection."""
        try:
            parts = urlsplit(url)
            plain = parts.port in (None, 443) and not parts.username and not parts.password
        except ValueError:
            raise Rejection(Reason.FOREIGN_KEY, "url") from None
        if (
            parts.scheme != "https"
            or not plain
            or not url.isascii()
            or not url.isprintable()
            or "\\" in url
            or not self.host.fullmatch(parts.hostname or "")
        ):
            raise Rejection(Reason.FOREIGN_KEY, "url")
        return url
