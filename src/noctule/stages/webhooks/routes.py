"""Which providers' webhooks a project receives, at which paths, verified with which secrets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule import manifest
from noctule.problem import Exit, Problem
from noctule.project.location import TASKS, task_files
from noctule.providers import find, packs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack

PREFIX = "/api/webhooks/"


@dataclass(frozen=True)
class WebhookRoute:
    """A provider's webhooks at one path."""

    provider: str
    path: str
    secrets: tuple[str, ...]
    """Names of the variables that hold the signing secrets."""
    url: str
    """Name of the variable that holds the public address; "" if none is set."""
    origin: str
    """Where the route comes from: a task file, an option, an environment variable."""


def find_routes(folder: Path, providers: Sequence[str]) -> list[WebhookRoute]:
    """The routes of `providers`, by default those of the project's tasks, else those of every
    provider whose secret is in the environment. Raises `Problem` (exit 2) if there is none."""
    if providers:
        return [provider_route(provider) for provider in providers]
    routes = list(_of_tasks(folder)) or list(_of_environment())
    if not routes:
        raise Problem("webhooks.no_route", exit=Exit.USAGE, place=str(folder))
    return routes


def own_route(provider: str, folder: Path) -> WebhookRoute:
    """The route of the project's task for a provider, else of its pack. Raises `Problem`."""
    try:
        own = [route for route in find_routes(folder, ()) if route.provider == provider]
    except Problem:
        own = []
    return own[0] if own else provider_route(provider)


def provider_route(provider: str) -> WebhookRoute:
    """The route of a provider's pack. Raises `Problem` (exit 2) if there is no pack."""
    pack = find(provider)
    if pack is None:
        providers = ", ".join(id_ for id_, pack in packs().items() if pack.signature)
        raise Problem("webhooks.unknown_provider", exit=Exit.USAGE, place=provider, known=providers)
    return _of_pack(pack, "--route")


def _of_pack(pack: Pack, origin: str) -> WebhookRoute:
    slug = pack.webhook.endpoint_slug if pack.webhook else pack.id
    secret = pack.webhook.secret_env if pack.webhook else ""
    name = secret or f"{pack.id.upper().replace('-', '_')}_WEBHOOK_SECRET"
    urls = [fact.name for fact in pack.env if fact.role == "webhook_url"]
    return WebhookRoute(pack.id, PREFIX + slug, (name,), _first_set(urls), origin)


def _of_tasks(folder: Path) -> Iterator[WebhookRoute]:
    for path in task_files(folder):
        task = manifest.read(path)
        if task.webhooks and not task.webhooks[0].refetch:  # the application has their handlers
            yield _of_task(task, f"{TASKS}/{path.name}")


def _of_task(task: IntegrationTask, origin: str) -> WebhookRoute:
    webhook = task.webhooks[0]
    provider = webhook.signature or task.provider
    secrets = _variables(task, "webhook_secret")
    pack = find(provider)
    if not secrets and pack is not None and pack.webhook is not None:
        secrets = _of_pack(pack, "").secrets
    url = _first_set(_variables(task, "webhook_url"))
    return WebhookRoute(provider, webhook.endpoint, secrets, url, origin)


def _variables(task: IntegrationTask, role: str) -> tuple[str, ...]:
    return tuple(variable.name for variable in task.env_vars if variable.role == role)


def _of_environment() -> Iterator[WebhookRoute]:
    for pack in packs().values():
        name = pack.webhook.secret_env if pack.webhook and pack.signature else ""
        if name and (os.environ.get(name) or os.environ.get(f"{name}_FILE")):
            yield _of_pack(pack, name)


def _first_set(names: Sequence[str]) -> str:
    """The first of some variables that has a value."""
    return next((name for name in names if os.environ.get(name)), "")
