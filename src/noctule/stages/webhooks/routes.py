"""Which providers are taken in, at which paths, under which secrets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack

PREFIX = "/api/webhooks/"


@dataclass(frozen=True)
class Route:
    """`secrets` are variables' names; `url` the variable with the public address, if it is set;
    `origin` where the route comes from: a task's file, an option, the environment."""

    provider: str
    path: str
    secrets: tuple[str, ...]
    url: str
    origin: str


def routes_of(folder: Path, names: Sequence[str]) -> list[Route]:
    """The routes that were named; else those of the project's tasks; else of every provider whose
    secret the environment holds. Raises Problem if there is none."""
    if names:
        return [route_of(name) for name in names]
    found = list(_of_tasks(folder)) or list(_of_environment())
    if not found:
        raise Problem("webhooks.no_route", exit=Exit.USAGE, place=str(folder))
    return found


def own_route(provider: str, folder: Path) -> Route:
    """The route of the project's task for a provider, else of its pack. Raises Problem."""
    try:
        own = [route for route in routes_of(folder, ()) if route.provider == provider]
    except Problem:
        own = []
    return own[0] if own else route_of(provider)


def route_of(name: str) -> Route:
    """The route of a provider with a pack. Raises Problem for one that has none, or none signed."""
    from noctule.providers import find, packs

    pack = find(name)
    if pack is None:
        known = ", ".join(name for name, pack in packs().items() if pack.signature)
        raise Problem("webhooks.unknown_provider", exit=Exit.USAGE, place=name, known=known)
    return _of_pack(pack, "--route")


def pack_route(provider: str) -> Route | None:
    """The route of a provider, None without a pack or webhooks."""
    from noctule.providers import find

    pack = find(provider)
    return _of_pack(pack, "") if pack is not None and pack.webhook is not None else None


def _of_pack(pack: Pack, origin: str) -> Route:
    slug = pack.webhook.endpoint_slug if pack.webhook else pack.id
    secret = pack.webhook.secret_env if pack.webhook else ""
    name = secret or f"{pack.id.upper().replace('-', '_')}_WEBHOOK_SECRET"
    addresses = [fact.name for fact in pack.env if fact.role == "webhook_url"]
    return Route(pack.id, PREFIX + slug, (name,), _set(addresses), origin)


def _of_tasks(folder: Path) -> Iterator[Route]:
    from noctule import manifest
    from noctule.project.location import TASKS

    for path in sorted((folder / TASKS).glob("*.yaml")):
        task = manifest.read(path)
        if task.webhooks:
            yield _of_task(task, f"{TASKS}/{path.name}")


def _of_task(task: IntegrationTask, origin: str) -> Route:
    hook = task.webhooks[0]
    provider = hook.signature or task.provider
    secrets = [env.name for env in task.env_vars if env.role == "webhook_secret"]
    if not secrets and (known := pack_route(provider)):
        secrets = list(known.secrets)
    addresses = [env.name for env in task.env_vars if env.role == "webhook_url"]
    return Route(provider, hook.endpoint, tuple(secrets), _set(addresses), origin)


def _of_environment() -> Iterator[Route]:
    from noctule.providers import packs

    for pack in packs().values():
        name = pack.webhook.secret_env if pack.webhook and pack.signature else ""
        if name and (os.environ.get(name) or os.environ.get(f"{name}_FILE")):
            yield _of_pack(pack, name)


def _set(names: Sequence[str]) -> str:
    """The first of some variables that has a value."""
    return next((name for name in names if os.environ.get(name)), "")
