"""`config = ServiceConfig(...)`: base URL, authentication and policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.annotations import RUNTIME
from noctule.codegen.python.emitter.line_breaks import Code, call, collection, joined, lay_out
from noctule.codegen.python.emitter.literals import literal, string

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.codegen.model.integration import AddressPart, Authentication, Wrapper
    from noctule.codegen.python.emitter.module import Imports
    from noctule.providers import FailureFact, RateLimitFact


def config_lines(wrapper: Wrapper, imports: Imports) -> list[str]:
    imports.use(RUNTIME, "ServiceConfig")
    return lay_out(joined("config = ", call("ServiceConfig", *_config(wrapper, imports))), 4)


def variable(name: str, imports: Imports) -> str:
    return f"{imports.use(RUNTIME, 'env')}({string(name)})"


def _config(wrapper: Wrapper, imports: Imports) -> Iterator[Code]:
    pack = wrapper.pack
    yield f"name={string(wrapper.slug)}"
    yield f"base_url={string(wrapper.base_url or wrapper.base_path)}"
    yield f"base_url_variable={string(wrapper.base_url_variable)}"
    yield joined("auth=", _auth(wrapper.auth, imports))
    if wrapper.servers:
        yield joined("servers=", literal(dict(wrapper.servers)))
    if wrapper.address_parts:
        yield joined("variables=", _variables(wrapper.address_parts, imports))
    if wrapper.schemes:
        pairs = [
            joined(f"{string(name)}: ", _auth(scheme, imports))
            for name, scheme in wrapper.schemes.items()
        ]
        yield joined("schemes=", collection("{", pairs, "}"))
    if wrapper.certificate:
        path = call(imports.use(RUNTIME, "path_in"), string(wrapper.certificate))
        tls = call(imports.use(RUNTIME, "Tls"), joined("certificate_file=", path))
        yield joined("tls=", tls)
    if wrapper.allow_plain_http:
        yield "allow_plain_http=True"
    if wrapper.idempotency_header:
        yield f"idempotency_header={string(wrapper.idempotency_header)}"
    if pack and pack.retry.statuses:
        yield joined("retry_statuses=", tuple_of(map(repr, pack.retry.statuses)))
    if pack and pack.retry.should_retry_header:
        yield f"should_retry_header={string(pack.retry.should_retry_header)}"
    if pack and pack.request_id_header:
        yield f"request_id_header={string(pack.request_id_header)}"
    if pack and pack.rate_limit:
        yield joined("rate_limit=", rate_limit_headers(pack.rate_limit, imports))
    if wrapper.failure:
        yield joined("failure=", body_failure(wrapper.failure, imports))
    if pack and pack.headers:
        yield joined("headers=", literal(dict(pack.headers)))
    policies = list(_policies(wrapper, imports))
    if policies:
        yield joined("policies=", call(imports.use(RUNTIME, "Policies"), *policies))


def rate_limit_headers(limit: RateLimitFact, imports: Imports) -> Code:
    names = (limit.remaining_header, limit.reset_header, limit.reset_kind)
    constructor = imports.use(RUNTIME, "RateLimitHeaders")
    options: list[Code] = []
    if limit.statuses:
        options.append(joined("statuses=", tuple_of(map(repr, limit.statuses))))
    if limit.phrases:
        options.append(joined("phrases=", tuple_of(map(string, limit.phrases))))
    return call(constructor, *map(string, names), *options)


def body_failure(failure: FailureFact, imports: Imports) -> Code:
    members = {"flag": failure.flag, "error": failure.error, "code": failure.code}
    codes = {
        "failed": failure.failed,
        "rate_limited": failure.rate_limited,
        "retryable": failure.retryable,
        "uncertain": failure.uncertain,
        "unauthorized": failure.unauthorized,
    }
    return call(
        imports.use(RUNTIME, "BodyFailure"),
        *(f"{name}={string(member)}" for name, member in members.items() if member),
        *(
            joined(f"{meaning}=", tuple_of(map(string, names)))
            for meaning, names in codes.items()
            if names
        ),
    )


def _variables(parts: tuple[AddressPart, ...], imports: Imports) -> Code:
    """The mapping for `ServiceConfig(variables=...)`."""
    kind = imports.use(RUNTIME, "ServerVariable")
    pairs = [joined(f"{string(part.key)}: ", call(kind, *_address_part(part))) for part in parts]
    return collection("{", pairs, "}")


def _address_part(part: AddressPart) -> list[Code]:
    facts: list[Code] = [f"variable={string(part.variable)}"]
    if part.default is not None:
        facts.append(f"default={string(part.default)}")
    if part.values:
        facts.append(joined("values=", tuple_of(map(string, part.values))))
    return facts


def tuple_of(items: Iterable[str]) -> Code:
    first, *others = items
    return collection("(", (first, *others), ")") if others else f"({first},)"


def _policies(wrapper: Wrapper, imports: Imports) -> Iterator[Code]:
    if wrapper.timeout is not None:
        yield f"timeout={wrapper.timeout!r}"
    if wrapper.attempts is not None:
        constructor = imports.use(RUNTIME, "RetryLimits")
        yield f"retry={constructor}(attempts={wrapper.attempts})"


def _auth(auth: Authentication, imports: Imports) -> Code:
    def make(name: str, *arguments: Code) -> Code:
        return call(imports.use(RUNTIME, name), *arguments)

    secrets = [variable(name, imports) for name in auth.secrets]
    match auth.kind:
        case "none" | "certificate":
            return make("NoAuth")
        case "all":
            sent = [part for part in auth.parts if part.kind != "certificate"]
            parts = [_auth(part, imports) for part in sent]
            return parts[0] if len(parts) == 1 else make("All", *parts)
        case "bearer":
            return make("Bearer", *secrets)
        case "basic":
            return make("Basic", *secrets)
        case "digest":
            return make("Digest", *secrets)
        case "signed":
            return make("Signed", *_signed(auth, imports))
        case "aws_sigv4":
            return make("AwsSigV4", *_aws(auth, imports))
        case "header":
            prefix = auth.settings.get("prefix", "")
            extra = [f"prefix={string(prefix)}"] if prefix else []
            return make("ApiKeyHeader", string(auth.settings["name"]), *secrets, *extra)
        case "query":
            return make("ApiKeyQuery", string(auth.settings["name"]), *secrets)
        case "client_credentials":
            scopes = [joined("scopes=", tuple_of(map(string, auth.scopes)))] if auth.scopes else []
            arguments = [string(auth.settings["url"]), *secrets, *scopes, *_audience(auth)]
            return make("OAuth2ClientCredentials", *arguments)
        case "refresh_token":
            store = f"variable={string(auth.settings['store'])}"
            kept = joined("store=", make("TokenFile", store))
            url = string(auth.settings["url"])
            return make("OAuth2RefreshToken", url, *secrets, *_audience(auth), kept)


def _signed(auth: Authentication, imports: Imports) -> Iterator[Code]:
    texts = dict(auth.settings)
    yield f"algorithm={string(texts.pop('algorithm'))}"
    if secret := texts.pop("secret"):
        yield f"secret={variable(secret, imports)}"
    yield from (f"{name}={string(text)}" for name, text in texts.items())
    yield from (joined(f"{name}=", literal(dict(table))) for name, table in auth.tables.items())


def _aws(auth: Authentication, imports: Imports) -> Iterator[Code]:
    names = (*auth.secrets, auth.settings["session_token"])
    for key, name in zip(("access_key", "secret_key", "session_token"), names, strict=True):
        yield f"{key}={variable(name, imports)}"
    yield from (f"{key}={string(auth.settings[key])}" for key in ("service", "region"))


def _audience(auth: Authentication) -> list[Code]:
    audience = auth.settings.get("audience", "")
    return [joined("extra=", literal({"audience": audience}))] if audience else []
