"""The credentials of a sandbox, from the environment, as a request carries them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.apidoc.credentials import chosen_schemes, credentials
from noctule.problem import Exit, Problem
from noctule.runtime.origin import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation, SecurityScheme

LIVE = re.compile(r"(^|[-_:.])(live|prod|production)([-_:.]|$)", re.IGNORECASE)
"""A key with this shape opens production."""
SANDBOX = re.compile(
    r"sandbox|test|demo|staging|stage|\bdev(elopment)?\b|mock|essai", re.IGNORECASE
)
"""What the address or the description of a sandbox says."""
SENT = ("bearer", "basic", "api_key", "other")
"""Kinds of schemes that need no call of their own."""


@dataclass(frozen=True)
class Access:
    """What a request carries besides its arguments; never shown."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    query: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    schemes: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """As in `Observation`."""


def refuse_production(document: ApiDocument, base_url: str) -> None:
    """Raises `Problem` (exit 3) for the host of a server of the document that is not said to be a
    sandbox; loopback is nobody's production."""
    host = urlsplit(base_url).hostname or ""
    if is_loopback(host):
        return
    for server in document.servers:
        text = f"{server.url} {server.description}"
        if urlsplit(server.url).hostname == host and not SANDBOX.search(text):
            raise Problem("probing.production", exit=Exit.REFUSED, place=base_url)


def access_of(
    document: ApiDocument,
    operations: Iterable[ApiOperation],
    prefix: str,
    environment: Mapping[str, str],
) -> dict[str, Access]:
    """The access of each operation, by its key.

    Raises `Problem` for a variable that is missing (exit 2), for a key that looks like one of
    production (exit 3), and for a scheme that takes calls of its own (exit 3).
    """
    operations = list(operations)
    variables = {
        (each.scheme, each.role): _value(each.env, each.role, environment)
        for each in credentials(document, operations, prefix)
    }
    return {
        operation.key: _access(chosen_schemes(document, operation), variables)
        for operation in operations
    }


def _value(name: str, role: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "")
    if not value and role != "password":
        raise Problem("probing.missing_variable", exit=Exit.USAGE, place=name)
    if LIVE.search(value):
        raise Problem("probing.live_key", exit=Exit.REFUSED, place=name)
    return value


def _access(schemes: Iterable[SecurityScheme], variables: Mapping[tuple[str, str], str]) -> Access:
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    used: dict[str, dict[str, str]] = {}
    for scheme in schemes:
        values = {role: value for (name, role), value in variables.items() if name == scheme.name}
        if scheme.kind not in SENT:
            raise Problem("probing.unsupported_scheme", exit=Exit.REFUSED, place=scheme.name)
        if scheme.kind != "api_key":
            word = scheme.kind if scheme.kind != "other" else scheme.scheme
            headers["Authorization"] = _authorization(word, values)
            used[scheme.name] = {"type": "http", "scheme": word.lower()}
            continue
        (key,) = values.values()
        used[scheme.name] = {"type": "apiKey", "in": scheme.where, "name": scheme.parameter}
        if scheme.where == "query":
            query[scheme.parameter] = key
        elif scheme.where == "cookie":
            cookie = f"{scheme.parameter}={key}"
            headers["Cookie"] = "; ".join(filter(None, (headers.get("Cookie", ""), cookie)))
        else:
            headers[scheme.parameter] = key
    return Access(headers, query, used)


def _authorization(word: str, values: Mapping[str, str]) -> str:
    if word == "basic":
        pair = f"{values['username']}:{values.get('password', '')}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    (token,) = values.values()
    return f"{word.title() if word == 'bearer' else word} {token}"
