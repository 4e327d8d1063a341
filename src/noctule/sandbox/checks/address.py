"""Whether a request was addressed to a server of its operation."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from noctule.runtime.origin import is_loopback
from noctule.sandbox.finding import RequestFinding
from noctule.sandbox.request import PATH_PARAMETER
from noctule.sandbox.stated.addresses import ANY_ORIGIN, Address, stated_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.providers import Pack
    from noctule.sandbox.http.connection import IncomingRequest
    from noctule.sandbox.stated.document import StatedDocument
    from noctule.sandbox.stated.operation import StatedOperation

ADDRESSED = "x-addressed-host"
"""The header that tells the fake provider for which host ("https://api.example.com") a request was,
before the prover sent it to the fake instead."""

MAX_WRONG_PREFIX = 4
"""Segments of a base path that no server has."""


class Addresses:
    """Where the operations of a document are."""

    def __init__(self, document: StatedDocument, pack: Pack | None) -> None:
        environments = pack.environments.values() if pack is not None else ()
        self._of_pack = tuple(stated_address(each.base_url) for each in environments)
        self._document = document
        self._all = (*document.all_addresses(), *self._of_pack)

    def prefixes(self, request: IncomingRequest) -> list[str]:
        """What may come before the path of an operation: the paths of the servers at the request's
        host first, the longest first; at last what no server has, which `findings` tells."""
        origin, path = _origin(request), request.target.partition("?")[0]
        found: dict[str, bool] = {"": False}
        for address in self._all:
            if base := re.match(f"{address.path}(?=/|$)", path):
                here = bool(address.origin and re.fullmatch(address.origin, origin))
                found[base[0]] = here or found.get(base[0], False)
        known = sorted(found, key=lambda base: (not found[base], -len(base)))
        pieces = path.split("/")[: MAX_WRONG_PREFIX + 1]
        wrong = ["/".join(pieces[:count]) for count in range(2, len(pieces) + 1)]
        return [*known, *(base for base in wrong if base not in found)]

    def findings(
        self, operation: StatedOperation, request: IncomingRequest
    ) -> Iterator[RequestFinding]:
        """At most one."""
        stated = self._document.addresses(operation)
        usual = () if operation.servers is not None else self._of_pack
        origin, path = _origin(request), request.target.partition("?")[0]
        template = _template(operation.path)
        if any(_is_at(each, template, origin, path) for each in (*stated, *usual)):
            return
        base = re.fullmatch(f"(.*?){template}", path)
        yield RequestFinding(
            "host",
            operation.key,
            f"{origin}{base[1] if base else ''}",
            " or ".join(dict.fromkeys(each.url or "/" for each in stated)),
            stated[0].pointer,
        )


def _is_at(address: Address, template: str, origin: str, path: str) -> bool:
    """An origin on this machine may be any other's: there, the fake provider is asked directly."""
    anywhere = address.origin is None or is_loopback(urlsplit(origin).hostname or "")
    at_origin = re.fullmatch(ANY_ORIGIN if anywhere else str(address.origin), origin)
    return at_origin is not None and re.fullmatch(f"{address.path}{template}", path) is not None


def _origin(request: IncomingRequest) -> str:
    addressed = request.headers.get(ADDRESSED, "").lower()
    if not addressed:
        return f"http://{request.headers.get('host', '').lower() or 'localhost'}"
    return addressed if "://" in addressed else f"https://{addressed}"


def _template(path: str) -> str:
    """A pattern for the path of an operation, with anything for its parameters."""
    pieces = PATH_PARAMETER.split(path.partition("#")[0].partition("?")[0].rstrip("/"))
    literals = [
        re.escape(quote(piece, safe=string.punctuation)) if index % 2 == 0 else ".+"
        for index, piece in enumerate(pieces)
    ]
    return f"{''.join(literals)}/?"
