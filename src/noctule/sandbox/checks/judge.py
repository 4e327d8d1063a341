"""Everything that is checked before a request is performed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.sandbox.checks.accept import accept_findings
from noctule.sandbox.checks.address import Addresses
from noctule.sandbox.checks.bodies import read_body
from noctule.sandbox.checks.credentials import CredentialChecks
from noctule.sandbox.checks.parameters import ParameterReader
from noctule.sandbox.checks.validation import Validators
from noctule.sandbox.request import NEXT_PARAMETER, RequestValues

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.providers import Pack
    from noctule.sandbox.checks.credentials import Grants
    from noctule.sandbox.checks.routing import RouteMatch
    from noctule.sandbox.finding import RequestFinding
    from noctule.sandbox.http.connection import IncomingRequest
    from noctule.sandbox.stated.document import StatedDocument
    from noctule.sandbox.stated.operation import StatedOperation

MAX_FINDINGS = 8
"""Of one request."""


class RequestJudge:
    """All checks of one document."""

    def __init__(self, document: StatedDocument, pack: Pack | None, grants: Grants) -> None:
        self._document = document
        self.addresses = Addresses(document, pack)
        self._credentials = CredentialChecks(document, grants)
        self._auth = pack.auth if pack is not None else None
        constant: Mapping[str, str] = pack.headers if pack is not None else {}
        lower = {name.lower(): value for name, value in constant.items()}
        self._accept = lower.get("accept", "")
        """What the pack knows to be right for all operations."""
        places = (scheme.place.partition(" ") for scheme in document.schemes.values())
        self._elsewhere = {NEXT_PARAMETER} | {
            name for where, _, name in places if where in ("query", "cookie")
        }
        if pack is not None:
            self._elsewhere |= {pack.auth.query if pack.auth else "", *pack.parameters}
            self._elsewhere |= {*(pack.auth.sign.get("query", ()) if pack.auth else ())}
        self._elsewhere |= {*document.signed_query}
        self._validators = Validators()

    def judge(
        self, match: RouteMatch, request: IncomingRequest
    ) -> tuple[RequestValues, tuple[RequestFinding, ...]]:
        """The request as values, and how it differs from the document."""
        operation = self._document.operation(match.operation.key)
        findings = [*self.addresses.findings(operation, request)]
        findings += self._of_credentials(operation, request)
        if not self._accept or request.headers.get("accept") != self._accept:
            findings += accept_findings(operation, request)
        reader = ParameterReader(operation, match.path, request, self._elsewhere)
        reader.read()
        body = read_body(operation, request)
        findings += [*reader.findings, *body.findings]
        findings += self._validators.parameters(operation, reader.values)
        findings += self._validators.body(operation, body)
        values = reader.values
        read = RequestValues(values.path, values.query, values.header, values.cookie, body.value)
        return read, tuple(findings[:MAX_FINDINGS])

    def elsewhere(
        self, operation: StatedOperation, request: IncomingRequest, origin: str
    ) -> Iterator[RequestFinding]:
        """Whether credentials were sent on to where a redirect led."""
        return self._credentials.elsewhere(operation, request, origin)

    def _of_credentials(
        self, operation: StatedOperation, request: IncomingRequest
    ) -> Iterator[RequestFinding]:
        """Where the pack names another header than the document, the pack is right."""
        auth = self._auth
        of_pack = auth is not None and bool(auth.header) and auth.header.lower() in request.headers
        for finding in self._credentials.findings(operation, request):
            if not of_pack or finding.kind == "scope":
                yield finding
