"""Whether a request carries a credential of a kind that the document asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument, ApiOperation, SecurityScheme
    from noctule.sandbox.http.connection import IncomingRequest


def credential_missing(
    document: ApiDocument, operation: ApiOperation, request: IncomingRequest
) -> str | None:
    """What is missing, in words; None when one of the documented alternatives is satisfied."""
    missing: list[str] = []
    for alternative in operation.security:
        schemes = [document.security_schemes.get(name) for name in alternative]
        absent = [scheme.name for scheme in schemes if scheme and not _carried(scheme, request)]
        if not absent:
            return None
        missing.append(" and ".join(absent))
    return f"no credential: {' or '.join(missing)}" if missing else None


def credential_exposed(
    document: ApiDocument, operation: ApiOperation, request: IncomingRequest
) -> str | None:
    """Which credential a public operation got, in words; None for other operations."""
    if not operation.public:
        return None
    schemes = {
        name
        for other in document.operations.values()
        for names in other.security
        for name in names
        if name in document.security_schemes
    }
    sent = [name for name in sorted(schemes) if _carried(document.security_schemes[name], request)]
    return f"a public operation got a credential: {', '.join(sent)}" if sent else None


def _carried(scheme: SecurityScheme, request: IncomingRequest) -> bool:
    if scheme.kind == "mutual_tls":
        return True  # The prover's connection to the fake has no TLS.
    if scheme.kind == "api_key":
        return bool(_api_key(scheme, request))
    kind, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.kind == "basic":
        return kind.lower() == "basic" and bool(credential)
    if scheme.kind == "bearer":
        return kind.lower() == "bearer" and bool(credential)
    # OAuth2, OpenID and what has no name: any Authorization will do.
    return bool(kind)


def _api_key(scheme: SecurityScheme, request: IncomingRequest) -> str:
    if scheme.where == "header":
        return request.headers.get(scheme.parameter.lower(), "")
    if scheme.where == "query":
        values = parse_qs(request.target.partition("?")[2]).get(scheme.parameter, [""])
        return values[0]
    return _cookies(request).get(scheme.parameter, "")


def _cookies(request: IncomingRequest) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in request.headers.get("cookie", "").split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}
