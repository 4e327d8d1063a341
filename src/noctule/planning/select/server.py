"""Which of a provider's servers is the production server: said, shown by the document, or asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.apidoc.model.servers import candidates, named, sandboxes
from noctule.messages import say
from noctule.planning.question import Question, which_server
from noctule.problem import Exit, Problem
from noctule.text import one_line

if TYPE_CHECKING:
    from noctule.apidoc import Server
    from noctule.messages import Language
    from noctule.planning.select.provider_choice import ProviderChoice


@dataclass(frozen=True)
class ServerChoice:
    """Empty where the document has one address, and nothing was to be chosen."""

    server: str = ""
    """The address of the production server, with the names of its variables in braces."""
    sandbox: str = ""
    """The address to test against; "" where the document names none, or several."""
    says: str = ""
    """How it was decided, for people."""


NO_CHOICE = ServerChoice()


def choose_server(
    provider: ProviderChoice, wanted: str, language: Language
) -> ServerChoice | Question:
    """Raises `Problem` (exit 2) where `wanted` is not the name, number or address of a server."""
    servers = provider.document.servers
    if wanted:
        address = _wanted(provider, wanted)
        says = say(language, "planning.server_said", server=address)
        return ServerChoice(address, _sandbox(servers, address), says)
    possible = candidates(servers)
    if len(possible) < 2:
        return NO_CHOICE
    chosen = _live(provider, possible) or provider.document.production
    if len(chosen) != 1:
        return which_server(provider.name, chosen, language)
    server = chosen[0]
    description = one_line(server.description, 80)
    key = "server_described" if description else "server_only"
    says = say(language, f"planning.{key}", server=server.address, description=description)
    return ServerChoice(server.address, _sandbox(servers, server.address), says)


def _live(provider: ProviderChoice, possible: tuple[Server, ...]) -> tuple[Server, ...]:
    """The server at the host where the pack has the live environment."""
    pack = provider.pack
    if pack is None or "live" not in pack.environments:
        return ()
    host = urlsplit(pack.environments["live"].base_url).netloc
    matches = tuple(server for server in possible if f"://{host}/" in f"{server.url}/")
    return matches if len(matches) == 1 else ()


def _sandbox(servers: tuple[Server, ...], production: str) -> str:
    found = [server.url for server in sandboxes(servers) if server.address != production]
    return found[0] if len(found) == 1 and "{" not in found[0] else ""


def _wanted(provider: ProviderChoice, wanted: str) -> str:
    document, pack = provider.document, provider.pack
    matches = named(document.servers, wanted)
    if len(matches) == 1 and "://" in matches[0].address:
        return matches[0].address
    environment = pack.environments.get(wanted) if pack is not None else None
    if environment is not None and not matches:
        return environment.base_url
    if wanted.lower().startswith(("https://", "http://")) and _is_usable(wanted):
        return wanted
    known = [f"{number}. {server.address}" for number, server in enumerate(document.servers, 1)]
    raise Problem(
        "planning.several_servers" if matches else "planning.unknown_server",
        exit=Exit.USAGE,
        place=f"--server {wanted}" if "://" not in wanted else "--server",
        document=document.source,
        known=", ".join(known) or "-",
    )


def _is_usable(address: str) -> bool:
    """Whether it is an address that a service can have: no user, query or fragment."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return (
        bool(parts.netloc)
        and not set(parts.netloc + parts.query) & set("@?#")
        and not (parts.query or parts.fragment)
    )
