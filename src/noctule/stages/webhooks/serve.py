"""Receive deliveries: verify, store and acknowledge them, under one server."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_args

from noctule.problem import Exit, Problem
from noctule.stages.webhooks.inbox import as_problem
from noctule.stages.webhooks.routes import find_routes
from noctule.webhooks import Inbox, Receiver
from noctule.webhooks.receiving.serving.admin_pages import AdminPages
from noctule.webhooks.receiving.serving.router import WebhookRouter
from noctule.webhooks.receiving.serving.server import ADMIN_CONNECTIONS, Site, run, serve
from noctule.webhooks.verification.identity import RepeatAction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from noctule.stages.webhooks.routes import WebhookRoute


@dataclass(frozen=True)
class ServedRoutes:
    """What a server listens for, and where."""

    address: str
    routes: tuple[WebhookRoute, ...]
    admin: str = ""
    """The address of /healthz and /metrics; "" if there is none."""

    def as_json(self) -> dict[str, Any]:
        routes = [{"provider": route.provider, "path": route.path} for route in self.routes]
        return {"address": self.address, "admin": self.admin or None, "routes": routes}


def serve_webhooks(
    inbox: str | None,
    folder: Path,
    providers: Sequence[str],
    *,
    host: str,
    port: int,
    admin_host: str = "127.0.0.1",
    admin_port: int = 0,
    repeats: Sequence[str] = (),
    on_ready: Callable[[ServedRoutes], None] = lambda _: None,
) -> None:
    """Receive the webhooks of `providers`, by default those of the project in `folder`, until
    SIGINT or SIGTERM.

    /healthz and /metrics are served at `admin_port`, 0 for none. `repeats` says what becomes of
    events that may be replays: `handle`, or `github=handle`. Raises `Problem`.
    """
    routes = find_routes(folder, providers)
    actions = _actions(repeats, [route.provider for route in routes])
    place = Inbox(inbox)
    with as_problem():
        router = _router(routes, place, actions)
    sites = [Site(router, host, port)]
    if admin_port:
        sites.append(Site(AdminPages(place), admin_host, admin_port, ADMIN_CONNECTIONS))
    for site in sites:
        check_address(site.host, site.port)
    admin = sites[1].address if admin_port else ""
    served = ServedRoutes(sites[0].address, tuple(routes), admin)
    with as_problem():
        run(_serve(router, *sites, on_ready=lambda: on_ready(served)))


async def _serve(router: WebhookRouter, *sites: Site, on_ready: Callable[[], None]) -> None:
    async with router.lifespan():
        on_ready()
        await serve(*sites)


def _router(
    routes: Sequence[WebhookRoute], inbox: Inbox, actions: Mapping[str, RepeatAction]
) -> WebhookRouter:
    receivers = {
        route.path: Receiver(
            route.provider,
            secrets=route.secrets,
            url=route.url,
            inbox=inbox,
            work=False,
            repeats=actions[route.provider],
        )
        for route in routes
    }
    return WebhookRouter(receivers)


def _actions(repeats: Sequence[str], providers: Sequence[str]) -> dict[str, RepeatAction]:
    """What becomes of each provider's repeats; raises `Problem` (exit 2)."""
    actions: dict[str, RepeatAction] = dict.fromkeys(providers, "quarantine")
    for text in sorted(repeats, key=lambda text: "=" in text):  # the general one first
        provider, equals, action = text.rpartition("=")
        if action not in get_args(RepeatAction) or (equals and provider not in providers):
            known = ", ".join(get_args(RepeatAction))
            raise Problem(
                "webhooks.no_repeats",
                exit=Exit.USAGE,
                place=f"--repeats {text}",
                known=known,
                providers=", ".join(providers),
            )
        chosen = [provider] if equals else providers
        actions |= dict.fromkeys(chosen, cast("RepeatAction", action))
    return actions


def check_address(host: str, port: int) -> None:
    """Raises `Problem` (exit 6) if the address cannot be bound; the server itself would end with a
    traceback, after the inbox was opened."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise Problem(
            "webhooks.address",
            exit=Exit.OUTSIDE,
            place=f"{host}:{port}",
            cause=error.strerror or str(error),
        ) from error
