"""The checks before a request is performed: credentials, and conformance to the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.sandbox.checks.authentication import (
    credential_exposed,
    credential_missing,
)
from noctule.sandbox.checks.decoding import Undecodable, decode
from noctule.sandbox.checks.validation import Validators
from noctule.sandbox.request import Refusal

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.providers import Pack
    from noctule.sandbox.checks.routing import RouteMatch
    from noctule.sandbox.http.connection import IncomingRequest
    from noctule.sandbox.request import RequestValues


class RequestChecks:
    """All checks of one document."""

    def __init__(self, document: ApiDocument, pack: Pack | None) -> None:
        self._document = document
        self._header = pack.auth.header.lower() if pack and pack.auth else ""
        schemes = document.security_schemes.values()
        elsewhere = {scheme.parameter for scheme in schemes if scheme.where == "query"}
        if pack is not None:
            elsewhere |= {pack.auth.query if pack.auth else "", *pack.parameters}
        self._validators = Validators(elsewhere)

    def admit(self, match: RouteMatch, request: IncomingRequest) -> RequestValues:
        """The request as values. Raises Refusal: 401 without credentials, 400 with reasons."""
        missing = credential_missing(self._document, match.operation, request)
        # Where the pack names another header than the document, the pack is right.
        if missing is not None and not request.headers.get(self._header):
            raise Refusal(401, missing)
        exposed = credential_exposed(self._document, match.operation, request)
        if exposed is not None and not self._header:
            raise Refusal(400, exposed)
        try:
            values = decode(match.operation, match.path, request)
        except Undecodable as error:
            raise Refusal(400, str(error)) from error
        reasons = self._validators.refusals(match.operation, values)
        if reasons:
            raise Refusal(400, "; ".join(reasons))
        return values
