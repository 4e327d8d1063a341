"""How the wrapper proves who calls: from the pack, else from the document's security schemes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from noctule.apidoc.credentials import chosen_schemes, credentials
from noctule.apidoc.naming.word_split import split_words
from noctule.codegen.model.integration import Auth
from noctule.providers import AUTH_PARTS, AuthFact, Pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from noctule.apidoc import ApiDocument, ApiOperation, SecurityScheme
    from noctule.manifest import IntegrationTask

Roles = tuple[str, ...]
TOKEN: Roles = ("token", "api_key")
KEY: Roles = ("api_key", "token")


class Variables:
    """The task's environment variables, by what they are for."""

    def __init__(self, task: IntegrationTask) -> None:
        self._task = task
        self._used: set[str] = set()

    def find(self, roles: Roles) -> str:
        """The variable for one of `roles`; a made-up name where the task has none."""
        for role in roles:
            for variable in self._task.env_vars:
                if variable.role == role and variable.name not in self._used:
                    self._used.add(variable.name)
                    return variable.name
        return _variable(f"{self._task.provider or self._task.service} {roles[0]}")

    def has(self, roles: Roles) -> bool:
        return any(variable.role in roles for variable in self._task.env_vars)

    def named(self, name: str, roles: Roles) -> str:
        """`name` if the task has it or nothing else for `roles`: a user may have renamed it."""
        names = {variable.name for variable in self._task.env_vars}
        if name and (name in names or not self.has(roles)):
            self._used.add(name)
            return name
        return self.find(roles)


def auth_of(
    task: IntegrationTask,
    document: ApiDocument,
    operations: Sequence[ApiOperation],
    pack: Pack | None,
) -> Auth:
    """The one way that serves all of `operations`."""
    variables = Variables(task)
    if pack is not None and pack.auth is not None:
        return _of_pack(pack, pack.auth, variables)
    prefix = _variable(task.provider or task.service)
    planned = {(one.scheme, one.role): one.env for one in credentials(document, operations, prefix)}
    groups = Counter(
        tuple(scheme.name for scheme in chosen_schemes(document, each)) for each in operations
    )
    names = max(groups, key=lambda group: (bool(group), groups[group]), default=())
    schemes = [document.security_schemes[name] for name in names]
    made = [_of_scheme(scheme, variables, planned, document) for scheme in schemes]
    if not schemes:
        made = [_of_header(name, env, variables) for (name, _), env in planned.items()]
    parts = tuple(part for part in made if part.kind != "none")
    if not parts and variables.has(TOKEN):
        return Auth("bearer", (variables.find(TOKEN),))
    return Auth("all", parts=parts) if len(parts) > 1 else parts[0] if parts else Auth("none")


def _variable(text: str) -> str:
    """An environment variable: `Acme Billing api_key` -> `ACME_BILLING_API_KEY`."""
    name = "_".join(split_words(text)).upper()
    return name if name[:1].isalpha() else f"N_{name}"


def secrets_of(auth: Auth) -> Iterator[str]:
    """The environment variables it reads."""
    yield from auth.secrets
    for part in auth.parts:
        yield from secrets_of(part)


def sent_names(auth: Auth, document: ApiDocument) -> frozenset[str]:
    """Wire names, in lower case, of what authentication sends: no method has them as parameters."""
    schemes = document.security_schemes.values()
    named = {scheme.parameter.lower() for scheme in schemes if scheme.kind == "api_key"}
    parts = auth.parts or (auth,)
    return frozenset(named | {part.settings.get("name", "").lower() for part in parts}) - {""}


def _of_pack(pack: Pack, fact: AuthFact, variables: Variables) -> Auth:
    roles = {variable.name: (str(variable.role),) for variable in pack.env}
    named = [fact.env[part] for part in AUTH_PARTS[fact.kind]]
    secrets = tuple(variables.named(name, roles.get(name, TOKEN)) for name in named)
    match fact.kind:
        case "api_key_header":
            return Auth("header", secrets, {"name": fact.header, "prefix": fact.prefix})
        case "api_key_query":
            return Auth("query", secrets, {"name": fact.query})
        case "oauth2_client_credentials":
            return Auth("client_credentials", secrets, {"url": fact.token_url}, fact.scopes)
        case "oauth2_refresh_token":
            return Auth("refresh_token", secrets, {"url": fact.token_url})
        case _:
            return Auth(fact.kind, secrets)


def _of_scheme(
    scheme: SecurityScheme,
    variables: Variables,
    planned: Mapping[tuple[str, str], str],
    document: ApiDocument,
) -> Auth:
    def named(*roles: Roles) -> tuple[str, ...]:
        known = ((planned.get((scheme.name, role[0]), ""), role) for role in roles)
        return tuple(variables.named(name, role) for name, role in known)

    url = scheme.token_url
    if url and "://" not in url and document.servers:
        url = urljoin(document.servers[0].url, url)
    if url and variables.has(("refresh_token",)):
        secrets = named(("client_id",), ("client_secret",), ("refresh_token",))
        return Auth("refresh_token", secrets, {"url": url})
    match scheme.kind:
        case "basic":
            return Auth("basic", named(("username",), ("password",)))
        case "api_key":
            return _key(scheme, named(KEY))
        case "oauth2_client_credentials" if url and variables.has(("client_id",)):
            return Auth(
                "client_credentials", named(("client_id",), ("client_secret",)), {"url": url}
            )
        case "mutual_tls":
            return Auth("none")
        case "other" if scheme.scheme:
            settings = {"name": "Authorization", "prefix": f"{scheme.scheme} "}
            return Auth("header", named(TOKEN), settings)
        case _:
            return Auth("bearer", named(TOKEN))


def _of_header(name: str, env: str, variables: Variables) -> Auth:
    """A header parameter that carries a credential, in a document without security schemes."""
    secret = (variables.named(env, KEY),)
    if name.lower() == "authorization":
        return Auth("bearer", secret)
    return Auth("header", secret, {"name": name, "prefix": ""})


def _key(scheme: SecurityScheme, secrets: tuple[str, ...]) -> Auth:
    if scheme.where == "query":
        return Auth("query", secrets, {"name": scheme.parameter})
    if scheme.where == "cookie":
        return Auth("header", secrets, {"name": "Cookie", "prefix": f"{scheme.parameter}="})
    if scheme.parameter.lower() == "authorization":
        prefix = "Bearer " if "bearer" in scheme.description.lower() else ""
        return Auth("header", secrets, {"name": "Authorization", "prefix": prefix})
    return Auth("header", secrets, {"name": scheme.parameter, "prefix": ""})
