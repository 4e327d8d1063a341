"""The environment variables of a task: credentials, and the parts of addresses that the user
chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.apidoc.credentials import AWS_SESSION_TOKEN, credentials, token_store
from noctule.apidoc.servers import SERVER_ROLE, ServiceAddresses
from noctule.manifest import EnvVar
from noctule.messages import say
from noctule.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noctule.apidoc import ApiOperation
    from noctule.apidoc.servers import ServerSetting
    from noctule.messages import Language
    from noctule.planning.select.provider_choice import ProviderChoice

MOST_VALUES = 12
"""Values of a variable that its description lists."""
_WEBHOOK_ROLES = frozenset({"webhook_secret", "webhook_url"})


def env_vars(
    provider: ProviderChoice,
    operations: Sequence[ApiOperation],
    language: Language,
    *,
    events: bool,
) -> list[EnvVar]:
    """`events`: whether the task has webhooks."""
    variables = _credentials(provider, operations, language, events=events)
    names = [variable.name for variable in variables]
    prefix = provider.slug.upper()
    addresses = ServiceAddresses(provider.document, operations, prefix, names)
    return variables + [
        EnvVar(
            name=setting.env,
            description=_of_address(setting, language, provider.name),
            role=SERVER_ROLE,
            required=setting.variable.default is None,
            source="document",
        )
        for setting in addresses.settings
    ]


def _of_address(setting: ServerSetting, language: Language, service: str) -> str:
    """What a part of the address is, its values and its default."""
    variable = setting.variable
    text = say(language, "planning.env_server", service=service, name=variable.name)
    if variable.description:
        text += f": {one_line(variable.description)}"
    if variable.values:
        more = ", …" if len(variable.values) > MOST_VALUES else ""
        values = ", ".join(variable.values[:MOST_VALUES]) + more
        text += f"; {say(language, 'planning.env_server_values', values=values)}"
    if variable.default is not None:
        text += f"; {say(language, 'planning.env_server_default', default=variable.default)}"
    return one_line(text, 300)


def _credentials(
    provider: ProviderChoice,
    operations: Sequence[ApiOperation],
    language: Language,
    *,
    events: bool,
) -> list[EnvVar]:
    """The pack's variables; the document's where no pack says how to authenticate."""
    pack = provider.pack
    of_document = _of_document(provider, operations, language)
    if pack is None:
        return [*of_document]
    of_pack = [
        EnvVar(
            name=fact.name,
            description=fact.label(language),
            role=fact.role,
            required=fact.required,
            source="pack",
        )
        for fact in pack.env
        if events or (pack.auth and fact.role not in _WEBHOOK_ROLES)
    ]
    if pack.auth is not None:
        return of_pack
    names = {variable.name for variable in of_pack}
    return [*(v for v in of_document if v.name not in names), *of_pack]


def _of_document(
    provider: ProviderChoice, operations: Sequence[ApiOperation], language: Language
) -> Iterator[EnvVar]:
    needed = credentials(provider.document, operations, provider.slug.upper())
    by_name = {credential.env: credential for credential in reversed(needed)}
    for credential in reversed(by_name.values()):
        yield EnvVar(
            name=credential.env,
            description=say(language, f"planning.env_{credential.role}", service=provider.name),
            role=credential.role,
            source="document",
        )
    schemes = provider.document.security_schemes.values()
    for name in dict.fromkeys(name for scheme in schemes for name in scheme.variables):
        yield EnvVar(
            name=name,
            description=say(language, "planning.env_signing", service=provider.name),
            role="api_key",
            source="document",
        )
    if any(credential.role == "secret_access_key" for credential in needed):
        yield EnvVar(
            name=AWS_SESSION_TOKEN,
            description=say(language, "planning.env_session_token"),
            role="session_token",
            required=False,
            source="document",
        )
    for store in sorted({token_store(c.env) for c in needed if c.role == "refresh_token"}):
        yield EnvVar(
            name=store,
            description=say(language, "planning.env_token_store", service=provider.name),
            role="setting",
            required=False,
            source="document",
        )
