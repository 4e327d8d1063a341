"""The facts that hold for all calls of a service, as a fixture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.codegen.build.auth import PUBLIC, secrets_of
from noctule.codegen.model.integration import Authentication
from noctule.codegen.python.emitter.line_breaks import Code, call, collection, joined, lay_out
from noctule.codegen.python.emitter.literals import literal, string
from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.service.config import body_failure, rate_limit_headers, tuple_of
from noctule.codegen.python.tests.context import CONTRACT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.codegen.model.integration import Method, Wrapper
    from noctule.codegen.python.emitter.module import Imports
    from noctule.codegen.python.tests.context import FileContext


def profile_fixture(context: FileContext) -> Block:
    context.imports.use("", "pytest")
    profile = context.imports.use(CONTRACT, "ServiceProfile")
    lines = [
        "@pytest.fixture",
        f"def profile() -> {profile}:",
        *lay_out(call(f"return {profile}", *_facts(context)), 4),
    ]
    return Block(tuple(lines), definition=True)


def _facts(context: FileContext) -> Iterator[Code]:
    wrapper, imports = context.wrapper, context.imports
    pack = wrapper.pack
    service = imports.use(wrapper.module, wrapper.name)
    addresses: list[Code] = []
    if not wrapper.base_url:
        addresses.append(f"base_url={string(context.origin)}")
    addresses += [
        f"{part.name}={string(part.example)}"
        for part in wrapper.address_parts
        if part.default is None
    ]
    if context.addresses:
        addresses.append(joined("servers=", literal(dict(context.addresses))))
    if addresses:
        partial = imports.use("functools", "partial")
        yield joined("service=", call(partial, service, *addresses))
    else:
        yield f"service={service}"
    yield f"name={string(wrapper.slug)}"
    yield f"url={string(context.origin)}"
    names = list(dict.fromkeys(secrets_of(wrapper.auth)))
    of_schemes = (name for auth in wrapper.schemes.values() for name in secrets_of(auth))
    later = [name for name in dict.fromkeys(of_schemes) if name not in names]
    if names:
        yield joined("secrets=", collection("[", map(string, names), "]"))
    if settings := list(dict.fromkeys(_settings(wrapper))):
        yield joined("settings=", collection("[", map(string, settings), "]"))
    if later:
        yield joined("later_secrets=", collection("[", map(string, later), "]"))
    yield from _sent(wrapper.auth, pack.headers if pack else {})
    yield from _signatures(wrapper)
    if paths := list(dict.fromkeys(_token_paths(wrapper))):
        yield joined("token_paths=", collection("[", map(string, paths), "]"))
    steered = {name for method in wrapper.methods if method.pages for name in method.pages.steered}
    if steered:
        yield joined("page_parameters=", collection("[", map(string, sorted(steered)), "]"))
    texts = {"idempotency_header": wrapper.idempotency_header}
    if pack is not None:
        texts["should_retry_header"] = pack.retry.should_retry_header
        texts["request_id_header"] = pack.request_id_header
    yield from (f"{name}={string(text)}" for name, text in texts.items() if text)
    if pack and pack.retry.statuses:
        yield joined("retry_statuses=", tuple_of(map(repr, pack.retry.statuses)))
    if pack and pack.rate_limit:
        yield joined("rate_limit=", rate_limit_headers(pack.rate_limit, imports))
    if wrapper.failure:
        yield joined("failure=", body_failure(wrapper.failure, imports))
    if wrapper.attempts is not None:
        yield f"attempts={wrapper.attempts}"
    if wrapper.timeout is not None:
        yield f"timeout={wrapper.timeout!r}"


def credentials_code(wrapper: Wrapper, method: Method, imports: Imports) -> Code | None:
    """What a request of the method carries instead of the profile's credentials; None if that is
    what it carries."""
    if not method.auth:
        return None
    auth = Authentication("none") if method.auth == PUBLIC else wrapper.schemes[method.auth]
    of_pack = wrapper.pack.headers if wrapper.pack else dict[str, str]()
    return call(imports.use(CONTRACT, "SentCredentials"), *_sent(auth, of_pack))


def digest_code(wrapper: Wrapper, method: Method) -> Code | None:
    """The variables of user and password of a method that answers challenges."""
    if method.auth == PUBLIC:
        return None
    auth = wrapper.schemes.get(method.auth, wrapper.auth)
    parts = (part for part in auth.parts or (auth,) if part.kind == "digest")
    return next((tuple_of(map(string, part.secrets)) for part in parts), None)


def _sent(auth: Authentication, of_pack: Mapping[str, str]) -> Iterator[Code]:
    """Credentials and headers of every request."""
    authorization = ""
    # What is accepted differs between operations.
    headers = {name: value for name, value in of_pack.items() if name.lower() != "accept"}
    query: dict[str, str] = {}
    for part in auth.parts or (auth,):
        names = [f"{{{name}}}" for name in part.secrets]
        match part.kind:
            case "bearer":
                authorization = f"Bearer {names[0]}"
            case "basic":
                authorization = f"Basic {':'.join(names)}"
            case "client_credentials" | "refresh_token":
                authorization = "Bearer issued"
            case "header":
                headers[part.settings["name"]] = part.settings.get("prefix", "") + names[0]
            case "query":
                query[part.settings["name"]] = names[0]
            case "signed":
                headers |= _constant(part.tables.get("headers", {}))
                query |= _constant(part.tables.get("query", {}))
            case _:
                pass
    yield from [f"authorization={string(authorization)}"] if authorization else []
    yield from [joined("headers=", literal(headers))] if headers else []
    yield from [joined("query=", literal(query))] if query else []


def _constant(texts: Mapping[str, str]) -> dict[str, str]:
    """Of the texts of a signature, those that are the same in every request."""
    return {name: text for name, text in texts.items() if _is_constant(text)}


def _is_constant(text: str) -> bool:
    return all(name.isupper() for name in re.findall(r"\{([^{}]*)\}", text))


def _signatures(wrapper: Wrapper) -> Iterator[Code]:
    """What a signature adds to each request, and the secrets that are not texts."""
    ways = (wrapper.auth, *wrapper.schemes.values())
    parts = [part for way in ways for part in way.parts or (way,) if part.kind == "signed"]
    aws = any(part.kind == "aws_sigv4" for way in ways for part in way.parts or (way,))
    for table in ("headers", "query", "form"):
        texts = [(n, text) for part in parts for n, text in part.tables.get(table, {}).items()]
        names = dict.fromkeys(n for n, text in texts if table == "form" or not _is_constant(text))
        if aws and table == "headers":
            names |= dict.fromkeys(("Authorization", "X-Amz-Date"))
        if names:
            yield joined(f"signature_{table}=", collection("[", map(string, names), "]"))
    packed = [p.settings["secret"] for p in parts if p.settings.get("key", "utf8") != "utf8"]
    if packed:
        yield joined("binary_secrets=", collection("[", map(string, packed), "]"))


def _settings(wrapper: Wrapper) -> Iterator[str]:
    """Variables that may be unset."""
    yield wrapper.base_url_variable
    for address_part in wrapper.address_parts:
        yield address_part.variable
    for auth in (wrapper.auth, *wrapper.schemes.values()):
        for part in (auth, *auth.parts):
            yield from filter(None, map(part.settings.get, ("store", "session_token")))


def _token_paths(wrapper: Wrapper) -> Iterator[str]:
    for auth in (wrapper.auth, *wrapper.schemes.values()):
        for part in (auth, *auth.parts):
            if part.kind in ("client_credentials", "refresh_token"):
                yield urlsplit(part.settings["url"]).path
