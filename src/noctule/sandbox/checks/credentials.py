"""Whether a request carries the credentials that its operation wants, and no others."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl

from noctule.sandbox.checks.aws_signature import is_signed_for_aws
from noctule.sandbox.checks.cookies import cookies
from noctule.sandbox.finding import RequestFinding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.sandbox.finding import FindingKind
    from noctule.sandbox.http.connection import IncomingRequest
    from noctule.sandbox.stated.document import StatedDocument
    from noctule.sandbox.stated.operation import StatedOperation
    from noctule.sandbox.stated.security import StatedNeed, StatedScheme

NOTHING = "none"
"""In a finding: no credential at all."""


class Grants(Protocol):
    """What access tokens were granted for."""

    def scopes(self, token: str) -> frozenset[str] | None:
        """None where the token is not ours, or nobody asked for scopes."""
        ...


@dataclass(frozen=True, slots=True)
class CredentialChecks:
    """The checks of one document."""

    document: StatedDocument
    grants: Grants

    def findings(
        self, operation: StatedOperation, request: IncomingRequest
    ) -> Iterator[RequestFinding]:
        carried = self._carried(operation, request)
        if self.document.is_public(operation):
            if carried:
                yield self._finding("credential_public", operation, carried, NOTHING)
            return
        alternatives = [
            tuple(need for need in needs if need.scheme in self.document.schemes)
            for needs in self.document.needs(operation)
        ]
        absent = [
            [need.scheme for need in needs if not self._satisfied(need, request)]
            for needs in alternatives
        ]
        if not alternatives:
            return
        wanted = " or ".join(" and ".join(need.scheme for need in each) for each in alternatives)
        if all(absent):
            missing = " or ".join(" and ".join(names) for names in absent)
            yield self._finding("credential_missing", operation, carried, missing)
            return
        named = {self._scheme(need).place for needs in alternatives for need in needs}
        if extra := [name for name in carried if self.document.schemes[name].place not in named]:
            yield self._finding("credential_extra", operation, extra, wanted or NOTHING)
        satisfied = [needs for needs, names in zip(alternatives, absent, strict=True) if not names]
        yield from self._scopes(operation, satisfied, request)

    def elsewhere(
        self, operation: StatedOperation, request: IncomingRequest, origin: str
    ) -> Iterator[RequestFinding]:
        """At most one finding about a request that a redirect of the operation led to `origin`."""
        if self._carried(operation, request) or "authorization" in request.headers:
            yield RequestFinding(
                "credential_elsewhere", operation.key, origin, "none", operation.pointer
            )

    def _scopes(
        self,
        operation: StatedOperation,
        alternatives: list[tuple[StatedNeed, ...]],
        request: IncomingRequest,
    ) -> Iterator[RequestFinding]:
        """The token must have been requested with the scopes of one alternative."""
        token = request.headers.get("authorization", "").partition(" ")[2].strip()
        granted = self.grants.scopes(token)
        lacking = [
            [need for need in needs if granted is not None and not granted >= {*need.scopes}]
            for needs in alternatives
        ]
        if lacking and all(lacking):
            need = lacking[0][0]
            yield RequestFinding(
                "scope",
                operation.key,
                " ".join(sorted(granted or ())) or NOTHING,
                " ".join(need.scopes),
                need.pointer,
            )

    def _carried(self, operation: StatedOperation, request: IncomingRequest) -> list[str]:
        """The schemes whose credential is in the request. What the operation documents as a
        parameter of its own is none."""
        own = {
            f"{each.where} {each.name.lower() if each.where == 'header' else each.name}"
            for each in operation.parameters
        }
        return [
            name
            for name, scheme in self.document.schemes.items()
            if scheme.place and scheme.place not in own and _holds(scheme.place, request)
        ]

    def _satisfied(self, need: StatedNeed, request: IncomingRequest) -> bool:
        """Mutual TLS always is: the prover's connection to the fake has no TLS."""
        place = self._scheme(need).place
        return not place or _holds(place, request)

    def _scheme(self, need: StatedNeed) -> StatedScheme:
        return self.document.schemes[need.scheme]

    @staticmethod
    def _finding(
        kind: FindingKind, operation: StatedOperation, sent: list[str], documented: str
    ) -> RequestFinding:
        pointer = operation.security_pointer
        return RequestFinding(kind, operation.key, ", ".join(sent) or NOTHING, documented, pointer)


def _holds(place: str, request: IncomingRequest) -> bool:
    where, _, name = place.partition(" ")
    match where:
        case "authorization":
            scheme, _, credential = request.headers.get("authorization", "").partition(" ")
            same = scheme.lower() == name and bool(credential)
            return same and (name != "basic" or _is_basic(credential))
        case "signature":
            return is_signed_for_aws(request)
        case "header":
            return bool(request.headers.get(name))
        case "query":
            pairs = parse_qsl(request.target.partition("?")[2])
            return any(key == name and value for key, value in pairs)
        case _:
            return bool(cookies(request).get(name))


def _is_basic(credential: str) -> bool:
    try:
        return b":" in base64.b64decode(credential, validate=True)
    except (binascii.Error, ValueError):
        return False
