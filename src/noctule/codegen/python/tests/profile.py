"""The facts that hold for all calls of a service, as a fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.codegen.build.auth import secrets_of
from noctule.codegen.python.emitter.line_breaks import Code, call, collection, joined, lay_out
from noctule.codegen.python.emitter.literals import literal, string
from noctule.codegen.python.emitter.module import Block
from noctule.codegen.python.service.config import body_failure, rate_limit_headers, tuple_of
from noctule.codegen.python.tests.context import CONTRACT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.codegen.model.integration import Authentication
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
    if wrapper.base_url:
        yield f"service={service}"
    else:
        partial = imports.use("functools", "partial")
        yield joined("service=", call(partial, service, f"base_url={string(context.origin)}"))
    yield f"name={string(wrapper.slug)}"
    yield f"url={string(context.origin)}"
    if names := list(dict.fromkeys(secrets_of(wrapper.auth))):
        yield joined("secrets=", collection("[", map(string, names), "]"))
    yield from _sent(wrapper.auth, pack.headers if pack else {})
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
    if pack and pack.failure:
        yield joined("failure=", body_failure(pack.failure, imports))
    if wrapper.attempts is not None:
        yield f"attempts={wrapper.attempts}"
    if wrapper.timeout is not None:
        yield f"timeout={wrapper.timeout!r}"


def _sent(auth: Authentication, of_pack: Mapping[str, str]) -> Iterator[Code]:
    """Credentials and headers of every request."""
    authorization = token_path = ""
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
                token_path = urlsplit(part.settings["url"]).path
            case "header":
                headers[part.settings["name"]] = part.settings.get("prefix", "") + names[0]
            case "query":
                query[part.settings["name"]] = names[0]
            case _:
                pass
    yield from [f"authorization={string(authorization)}"] if authorization else []
    yield from [joined("headers=", literal(headers))] if headers else []
    yield from [joined("query=", literal(query))] if query else []
    yield from [f"token_path={string(token_path)}"] if token_path else []
