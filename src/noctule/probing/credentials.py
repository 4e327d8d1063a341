"""Whether a call authenticated as the document says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.probing.differences import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation, SecurityScheme
    from noctule.probing.observation import Observation


def credential_differences(
    document: ApiDocument, operation: ApiOperation, observation: Observation
) -> Iterator[Difference]:
    """For an accepted call: a credential that the document does not ask for at all, or another one
    than it asks for. Cookies are not looked at."""
    if not observation.succeeded:
        return
    documented = [
        document.security_schemes[name]
        for names in operation.security
        for name in names
        if name in document.security_schemes
    ]
    for scheme in observation.schemes.values():
        pointer, came = f"{operation.pointer}/security", said(scheme)
        if not documented:
            yield Difference("undocumented_credential", "", pointer, "none", came)
        elif not any(_is_like(each, scheme) for each in documented):
            kinds = ", ".join(dict.fromkeys(each.kind for each in documented))
            yield Difference("credential", "", pointer, kinds, came)


def said(scheme: Mapping[str, str]) -> str:
    """A security scheme in a few words: "HTTP basic", "header X-API-Key"."""
    if scheme["type"] == "http":
        return f"HTTP {scheme['scheme']}"
    return f"{scheme['in']} {scheme['name']}"


def _is_like(documented: SecurityScheme, used: Mapping[str, str]) -> bool:
    if used["type"] == "apiKey":
        place = (documented.where, documented.parameter.lower())
        return place == (used["in"], used["name"].lower())
    if used["scheme"] in ("basic", "bearer"):
        bearer = documented.kind == "bearer" or documented.kind.startswith(("oauth2", "openid"))
        return documented.kind == "basic" if used["scheme"] == "basic" else bearer
    return documented.scheme.lower() == used["scheme"]
