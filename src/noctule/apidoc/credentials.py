"""The environment variables that a document's security schemes call for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiDocument, ApiOperation, SecurityScheme

_PARTS: dict[str, tuple[str, ...]] = {
    "bearer": ("token",),
    "basic": ("username", "password"),
    "digest": ("username", "password"),
    "api_key": ("api_key",),
    "oauth2_client_credentials": ("client_id", "client_secret"),
    "oauth2_authorization_code": ("client_id", "client_secret", "refresh_token"),
    "oauth2_password": ("token",),
    "oauth2_implicit": ("token",),
    "oauth2_device": ("token",),
    "openid": ("token",),
    "mutual_tls": ("client_certificate",),
    "aws_sigv4": ("access_key_id", "secret_access_key"),
}
AWS_SESSION_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105  (the name of a variable)
"""The variable of a token that only temporary credentials have."""
NOT_SUPPORTED = re.compile(
    r"digest|hoba|mutual|negotiate|ntlm|oauth|scram.*|vapid|dpop|gnap|concealed|privatetoken"
    r"|.*(?:sign|hmac|aws4|hawk|sigv4).*",
    re.IGNORECASE,
)
"""HTTP authentication schemes that need more than a constant header; others are sent as
`Authorization: <scheme> <token>`."""
_SIGNATURE = re.compile(r"(?:.*[-_])?(?:signature|hmac)", re.IGNORECASE)
"""Names of headers and parameters whose value differs from request to request."""
_NEEDS_TOKEN_URL = frozenset({"oauth2_client_credentials", "oauth2_authorization_code"})
_CREDENTIAL_HEADER = re.compile(r"authorization|.*(?:token|api-?key|secret)", re.IGNORECASE)


@dataclass(frozen=True)
class Credential:
    """One variable; `scheme` is the document's scheme, or the header parameter that carries it."""

    env: str
    role: str
    """As in a pack: "token", "username", "password", "api_key", "client_id" …"""
    scheme: str


def credentials(
    document: ApiDocument, operations: Iterable[ApiOperation], prefix: str
) -> tuple[Credential, ...]:
    """What the operations need, once for each scheme; of several ways to authenticate, the one
    with the fewest variables. Two schemes have the same variable where they take the same secret.
    `prefix` begins every name: "NOTION" gives NOTION_TOKEN. () where the document says nothing:
    none is invented.
    """
    found: dict[tuple[str, str], Credential] = {}
    owners: dict[str, tuple[str, ...]] = {}
    for operation in operations:
        for credential in _of(document, operation, prefix):
            key = credential.scheme, credential.role
            if key in found:
                continue
            scheme = document.security_schemes.get(credential.scheme)
            owner = _owner(scheme, credential.role) if scheme else key
            names = (credential.env, *(_longer_names(scheme, credential, prefix) if scheme else ()))
            name = next((n for n in names if _may_own(owners.get(n, owner), owner)), names[-1])
            owners.setdefault(name, owner)
            found[key] = replace(credential, env=name)
    return tuple(found.values())


def token_store(refresh_token: str) -> str:
    """The variable for the path of the file that keeps a rotated refresh token:
    "ACME_REFRESH_TOKEN" -> "ACME_TOKEN_STORE"."""
    return f"{refresh_token.removesuffix('_TOKEN').removesuffix('_REFRESH')}_TOKEN_STORE"


def chosen_schemes(document: ApiDocument, operation: ApiOperation) -> tuple[SecurityScheme, ...]:
    """The schemes used together for the operation: the supported alternative that needs the fewest
    variables, the document's order deciding ties; () where there is none."""
    schemes = document.security_schemes
    alternatives = [
        tuple(schemes[name] for name in names)
        for names in operation.security
        if names and all(name in schemes and _parts(schemes[name]) for name in names)
    ]
    return min(alternatives, key=lambda group: sum(len(_parts(s)) for s in group), default=())


def _of(document: ApiDocument, operation: ApiOperation, prefix: str) -> Iterable[Credential]:
    group = chosen_schemes(document, operation)
    several_keys = sum(scheme.kind == "api_key" for scheme in group) > 1
    for scheme in group:
        for part in _parts(scheme) if scheme.kind != "signed" else ():
            if scheme.kind == "aws_sigv4":  # every tool of AWS reads these
                yield Credential(f"AWS_{part.upper()}", part, scheme.name)
                continue
            suffix = _of_parameter(scheme.parameter, prefix) if several_keys else part.upper()
            yield Credential(f"{prefix}_{suffix}", part, scheme.name)
    if not operation.security:
        for parameter in operation.parameters:
            if parameter.where == "header" and _CREDENTIAL_HEADER.fullmatch(parameter.name):
                name = f"{prefix}_{_of_parameter(parameter.name, prefix)}"
                yield Credential(name, "api_key", parameter.name)


ANY_TOKEN = ("token",)
"""The owner of a token by OAuth 2 or OpenID: however it was granted, it is the same secret."""


def _owner(scheme: SecurityScheme, role: str) -> tuple[str, ...]:
    """What two schemes have in common whose secret of this role is the same."""
    match scheme.kind:
        case "api_key":
            return scheme.kind, scheme.where, scheme.parameter
        case "basic" | "bearer" | "other":
            return scheme.kind, scheme.name
        case _:
            return ANY_TOKEN if role == "token" else (role, scheme.token_url)


def _may_own(owner: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return owner == other or (
        ANY_TOKEN in (owner, other) and "api_key" not in owner[:1] + other[:1]
    )


def _longer_names(scheme: SecurityScheme, credential: Credential, prefix: str) -> tuple[str, ...]:
    """Names for a second scheme of the same kind: by its parameter, or by its own name."""
    part = credential.role
    dropped = {*part.split("_"), *prefix.lower().split("_"), "auth", "x"}
    own = "_".join(word for word in words(scheme.name) if word not in dropped).upper()
    by_name = f"{prefix}_{own}_{part.upper()}" if own else f"{prefix}_OTHER_{part.upper()}"
    if scheme.kind == "api_key":
        return f"{prefix}_{_of_parameter(scheme.parameter, prefix)}", by_name
    return (by_name,)


def not_supported(document: ApiDocument, operation: ApiOperation) -> str:
    """The scheme, in words, without which nobody can call the operation and which we cannot do;
    "" where there is another way."""
    schemes = document.security_schemes
    wanted: list[str] = []
    for names in operation.security:
        known = [schemes[name] for name in names if name in schemes]
        lacking = [scheme for scheme in known if not _parts(scheme)]
        if not lacking:
            return ""
        wanted += [f"{scheme.name} ({_way(scheme)})" for scheme in lacking]
    signatures = (
        f"{parameter.name} (a signature of each request)"
        for parameter in operation.parameters
        if parameter.required and parameter.where == "header" and _is_signature(parameter.name)
    )
    return " / ".join(wanted) or next(signatures, "")


def _way(scheme: SecurityScheme) -> str:
    if scheme.signed or _is_signature(scheme.parameter):
        return scheme.signed or f"a signature of each request in {scheme.parameter}"
    return f"HTTP {scheme.scheme}" if scheme.scheme else "unknown type"


def _is_signature(name: str) -> bool:
    return _SIGNATURE.fullmatch("-".join(words(name))) is not None


def _parts(scheme: SecurityScheme) -> tuple[str, ...]:
    if scheme.kind == "signed":
        return scheme.variables
    if scheme.kind == "aws_sigv4":
        return _PARTS[scheme.kind]
    if scheme.signed or _is_signature(scheme.parameter):
        return ()
    if scheme.kind == "other" and scheme.scheme and not NOT_SUPPORTED.fullmatch(scheme.scheme):
        return ("token",)
    if scheme.kind in _NEEDS_TOKEN_URL and not scheme.token_url:
        return ("token",)
    return _PARTS.get(scheme.kind, ())


def _of_parameter(name: str, prefix: str) -> str:
    """ "PLAID-CLIENT-ID" under "PLAID" -> "CLIENT_ID"; "Authorization" -> "TOKEN"."""
    if name.lower() == "authorization":
        return "TOKEN"
    own = set(prefix.lower().split("_")) | {"x"}
    kept = [word for word in words(name) if word not in own]
    return "_".join(kept or ["api", "key"]).upper()
