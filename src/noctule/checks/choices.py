"""What a user says where a document leaves something open: the server, the way to authenticate, the
audience of tokens. A task keeps it, and every stage reads the document with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.apidoc.model.choices import Choices
from noctule.apidoc.model.parts import SecurityScheme
from noctule.checks.failures import declared_failure
from noctule.checks.signing import scheme_of, signing_of
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.manifest import IntegrationTask, RequestSigning
    from noctule.providers import Pack

NONE, SIGNED = "none", "signed"
WAYS = "bearer, basic, digest, header:NAME, query:NAME, cookie:NAME, signed:FILE, none"
_KEY = re.compile(r"(header|query|cookie):([A-Za-z0-9!#$%&'*+.^_`|~\[\]-]{1,100})")
_OURS = frozenset(
    {"host", "connection", "content-length", "content-type", "transfer-encoding", "accept"}
)
"""Headers that every request has for other reasons."""
_AUDIENCE = re.compile(r"[!-~]{1,500}")


@dataclass(frozen=True)
class Said:
    """As the options of `plan` and the keys of a task have it; "" where nothing is said."""

    server: str = ""
    auth: str = ""
    audience: str = ""
    failure: str = ""
    signing: RequestSigning | None = None
    """With the auth "signed": how."""


NOTHING_SAID = Said()


def said_in(task: IntegrationTask) -> Said:
    signing = task.signing if task.auth == SIGNED else None
    return Said(task.server, task.auth, task.audience, task.failure, signing)


def choices_for(said: Said, document: ApiDocument, pack: Pack | None) -> Choices:
    """How the document is to be read. Raises `Problem` (exit 2) for what cannot be meant."""
    if said.auth and pack is not None and pack.auth is not None:
        raise Problem("checks.auth_of_pack", exit=Exit.USAGE, place=pack.name)
    declared_failure(said.failure)
    if pack is not None and pack.auth is not None and pack.auth.sign:
        signing_of(pack.auth.sign, pack.name)
    scheme = scheme_of(said.signing, SIGNED) if said.signing else _scheme(said.auth)
    if said.audience:
        _check_audience(said.audience, document)
    return Choices(
        server=said.server, scheme=scheme, public=said.auth == NONE, audience=said.audience
    )


def _scheme(auth: str) -> SecurityScheme | None:
    """The scheme that `auth` describes; None for "" and for "none". What it is instead is not
    shown: it may be a secret."""
    if auth in ("", NONE):
        return None
    if auth == "bearer":
        return SecurityScheme("bearer", "bearer", scheme="bearer")
    if auth in ("basic", "digest"):
        return SecurityScheme(auth, "digest" if auth == "digest" else "basic", scheme=auth)
    key = _KEY.fullmatch(auth)
    if key is None or (key[1] == "header" and key[2].lower() in _OURS):
        raise Problem("checks.unknown_auth", exit=Exit.USAGE, place="--auth", known=WAYS)
    return SecurityScheme(key[2], "api_key", key[1], key[2])


def _check_audience(audience: str, document: ApiDocument) -> None:
    if not _AUDIENCE.fullmatch(audience):
        raise Problem("checks.bad_audience", exit=Exit.USAGE, place="--audience")
    kinds = {scheme.kind for scheme in document.security_schemes.values()}
    if "oauth2_client_credentials" not in kinds:
        raise Problem("checks.no_audience", exit=Exit.USAGE, place=document.source)
