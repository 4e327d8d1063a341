"""How the wrapper authenticates: from the pack, else from the document's security schemes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.apidoc.credentials import AWS_SESSION_TOKEN, chosen_schemes, credentials, token_store
from noctule.apidoc.naming.word_split import split_words
from noctule.checks.signing import TABLES, arguments, signing_of, variables_of
from noctule.codegen.model.integration import Authentication
from noctule.providers import AUTH_PARTS, AuthFact, Pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from noctule.apidoc import ApiDocument, ApiOperation, SecurityScheme
    from noctule.codegen.model.integration import Method
    from noctule.manifest import IntegrationTask, RequestSigning

Roles = tuple[str, ...]
TOKEN: Roles = ("token", "api_key")
KEY: Roles = ("api_key", "token")
AWS_NAMES = frozenset(
    {"authorization", "x-amz-algorithm", "x-amz-content-sha256", "x-amz-credential", "x-amz-date"}
    | {"x-amz-expires", "x-amz-security-token", "x-amz-signature", "x-amz-signedheaders"}
)
"""What a request that is signed for AWS carries, in headers or in the query."""
PUBLIC = "none"
"""The name, in the runtime, of sending no credentials."""


class TaskVariables:
    """The task's environment variables, found by their role."""

    def __init__(self, task: IntegrationTask) -> None:
        self._task = task
        self._used: set[str] = set()

    def find(self, roles: Roles) -> str:
        """The variable for one of `roles`; a derived name if the task has none."""
        for role in roles:
            for variable in self._task.env_vars:
                if variable.role == role and variable.name not in self._used:
                    self._used.add(variable.name)
                    return variable.name
        return _variable(f"{self._task.provider or self._task.service} {roles[0]}")

    def has(self, roles: Roles) -> bool:
        return any(variable.role in roles for variable in self._task.env_vars)

    def named(self, name: str, roles: Roles) -> str:
        """`name`, unless the task has another variable for `roles`: a user may have renamed it."""
        names = {variable.name for variable in self._task.env_vars}
        if name and (name in names or not self.has(roles)):
            self._used.add(name)
            return name
        return self.find(roles)


@dataclass(frozen=True)
class Authentications:
    """How the operations are authenticated: most of them by `main`."""

    main: Authentication
    schemes: Mapping[str, Authentication] = field(default_factory=dict[str, Authentication])
    """Other ways, by name."""
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """Operation key -> the name of its way; "none" for a public operation."""

    @property
    def certificate(self) -> str:
        """The variable for the path of our certificate, which every connection shows; "" for
        none."""
        parts = (part for way in self for part in (way, *way.parts))
        return next((part.secrets[0] for part in parts if part.kind == "certificate"), "")

    def __iter__(self) -> Iterator[Authentication]:
        yield self.main
        yield from self.schemes.values()

    def of(self, method: Method) -> Authentication:
        """The authentication of one method."""
        if method.auth == PUBLIC:
            return Authentication("none")
        return self.schemes.get(method.auth, self.main)


def auth_of(
    task: IntegrationTask,
    document: ApiDocument,
    operations: Sequence[ApiOperation],
    pack: Pack | None,
) -> Authentications:
    """The authentication of each operation."""
    variables = TaskVariables(task)
    secured = any(operation.security for operation in operations)
    public = {op.key: PUBLIC for op in operations if op.public and secured}
    if pack is not None and pack.auth is not None:
        if pack.auth.sign:
            rule = signing_of(pack.auth.sign, pack.name)
            return Authentications(_signed(rule), names=public)
        return Authentications(_of_pack(pack, pack.auth, variables), names=public)
    prefix = variable_prefix(task)
    planned = {
        (credential.scheme, credential.role): credential.env
        for credential in credentials(document, operations, prefix)
    }
    groups = {op.key: tuple(s.name for s in chosen_schemes(document, op)) for op in operations}

    def scopes(scheme: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(scope for op in operations for scope in op.scopes(scheme)))

    counts = Counter(group for group in groups.values() if group)
    ways = {
        group: _together(
            _signed(task.signing)
            if document.security_schemes[name].kind == "signed"
            else _of_scheme(document.security_schemes[name], variables, planned, document, scopes)
            for name in group
        )
        for group, _ in counts.most_common()
    }
    main = next(iter(ways.values()), None)
    if main is None:
        headers = (_of_header(name, env, variables) for (name, _), env in planned.items())
        main = _together(headers)
    if main.kind == "none" and variables.has(TOKEN):
        main = Authentication("bearer", (variables.find(TOKEN),))
    other = {"+".join(group): way for group, way in ways.items() if way != main}
    names = {key: "+".join(group) for key, group in groups.items() if ways.get(group, main) != main}
    return Authentications(main, other, {**names, **public})


def _together(ways: Iterable[Authentication]) -> Authentication:
    parts: list[Authentication] = []
    for part in ways:
        if part.kind != "none" and part not in parts:
            parts.append(part)
    if len(parts) > 1:
        return Authentication("all", parts=tuple(parts))
    return parts[0] if parts else Authentication("none")


def variable_prefix(task: IntegrationTask) -> str:
    """What the names of the service's environment variables begin with."""
    return _variable(task.provider or task.service)


def _variable(text: str) -> str:
    """An environment variable: `Acme Billing api_key` -> `ACME_BILLING_API_KEY`."""
    name = "_".join(split_words(text)).upper()
    return name if name[:1].isalpha() else f"N_{name}"


def secrets_of(auth: Authentication) -> Iterator[str]:
    """The environment variables it reads, but for the path of a certificate."""
    yield from auth.secrets if auth.kind != "certificate" else ()
    for part in auth.parts:
        yield from secrets_of(part)


def sent_names(ways: Iterable[Authentication], document: ApiDocument) -> frozenset[str]:
    """Names, in lower case, of parameters that authentication sends: no method has them."""
    schemes = document.security_schemes.values()
    key_names = {scheme.parameter.lower() for scheme in schemes if scheme.kind == "api_key"}
    parts = [part for way in ways for part in way.parts or (way,)]
    names = {part.settings.get("name", "").lower() for part in parts}
    tables = (part.tables.get(table, {}) for part in parts for table in ("headers", "query"))
    signed = {name.lower() for table in tables for name in table}
    aws = AWS_NAMES if any(part.kind == "aws_sigv4" for part in parts) else frozenset[str]()
    return frozenset(key_names | names | signed | aws) - {""}


def _of_pack(pack: Pack, fact: AuthFact, variables: TaskVariables) -> Authentication:
    roles = {variable.name: (str(variable.role),) for variable in pack.env}
    variable_names = [fact.env[part] for part in AUTH_PARTS[fact.kind]]
    secrets = tuple(variables.named(name, roles.get(name, TOKEN)) for name in variable_names)
    match fact.kind:
        case "api_key_header":
            return Authentication("header", secrets, {"name": fact.header, "prefix": fact.prefix})
        case "api_key_query":
            return Authentication("query", secrets, {"name": fact.query})
        case "oauth2_client_credentials":
            return Authentication(
                "client_credentials", secrets, {"url": fact.token_url}, fact.scopes
            )
        case "oauth2_refresh_token":
            store = token_store(secrets[-1])
            return Authentication("refresh_token", secrets, {"url": fact.token_url, "store": store})
        case _:
            return Authentication(fact.kind, secrets)


def _of_scheme(
    scheme: SecurityScheme,
    variables: TaskVariables,
    planned: Mapping[tuple[str, str], str],
    document: ApiDocument,
    scopes: Callable[[str], tuple[str, ...]],
) -> Authentication:
    def named(*roles: Roles) -> tuple[str, ...]:
        pairs = ((planned.get((scheme.name, role[0]), ""), role) for role in roles)
        return tuple(variables.named(name, role) for name, role in pairs)

    url = document.token_url(scheme)
    settings = {"url": url, "audience": scheme.audience}
    user = scheme.kind == "oauth2_authorization_code"
    if url and user and variables.has(("refresh_token",)):
        secrets = named(("client_id",), ("client_secret",), ("refresh_token",))
        store = token_store(secrets[-1])
        settings |= {"url": document.refresh_url(scheme), "store": store}
        return Authentication("refresh_token", secrets, settings)
    match scheme.kind:
        case "basic" | "digest":
            return Authentication(scheme.kind, named(("username",), ("password",)))
        case "aws_sigv4":
            return _aws(scheme, named(("access_key_id",), ("secret_access_key",)))
        case "api_key":
            return _key(scheme, named(KEY))
        case "oauth2_client_credentials" if url and variables.has(("client_id",)):
            secrets = named(("client_id",), ("client_secret",))
            return Authentication("client_credentials", secrets, settings, scopes(scheme.name))
        case "mutual_tls":
            return Authentication("certificate", named(("client_certificate",)))
        case "other" if scheme.scheme:
            settings = {"name": "Authorization", "prefix": f"{scheme.scheme} "}
            return Authentication("header", named(TOKEN), settings)
        case _:
            return Authentication("bearer", named(TOKEN))


def _aws(scheme: SecurityScheme, secrets: tuple[str, ...]) -> Authentication:
    from noctule.runtime.auth.aws_sigv4 import region_of  # few documents are signed so

    region = region_of(urlsplit(scheme.server).hostname or "")
    settings = {"region": region, "service": scheme.service, "session_token": AWS_SESSION_TOKEN}
    return Authentication("aws_sigv4", secrets, settings)


def _signed(signing: RequestSigning) -> Authentication:
    given = arguments(signing)
    tables = {name: given.pop(name) for name in TABLES if name in given}
    return Authentication(
        "signed", variables_of(signing), {**given, "secret": signing.secret}, tables=tables
    )


def _of_header(name: str, env: str, variables: TaskVariables) -> Authentication:
    """A header parameter that carries a credential, in a document without security schemes."""
    secret = (variables.named(env, KEY),)
    if name.lower() == "authorization":
        return Authentication("bearer", secret)
    return Authentication("header", secret, {"name": name, "prefix": ""})


def _key(scheme: SecurityScheme, secrets: tuple[str, ...]) -> Authentication:
    if scheme.where == "query":
        return Authentication("query", secrets, {"name": scheme.parameter})
    if scheme.where == "cookie":
        return Authentication(
            "header", secrets, {"name": "Cookie", "prefix": f"{scheme.parameter}="}
        )
    if scheme.parameter.lower() == "authorization":
        prefix = "Bearer " if "bearer" in scheme.description.lower() else ""
        return Authentication("header", secrets, {"name": "Authorization", "prefix": prefix})
    return Authentication("header", secrets, {"name": scheme.parameter, "prefix": ""})
