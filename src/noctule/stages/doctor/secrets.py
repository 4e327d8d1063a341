"""Is every variable set that a task or a route needs, and does it look like what it should be?

The value itself is compared with the form that the provider's pack knows, and never shown.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noctule import manifest
from noctule.project.location import task_files
from noctule.providers import find
from noctule.runtime.errors import ConfigurationError, MissingSecrets
from noctule.runtime.secrets import SecretRef
from noctule.stages.doctor.finding import DoctorFinding
from noctule.webhooks.explain.alterations import looks_like_another_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.providers import Pack
    from noctule.stages.doctor.finding import DoctorContext

OTHER_ROLES = frozenset({"public", "webhook_url", "setting", "server", "client_certificate"})
"""Roles of variables that are no credentials."""


PRODUCTION = frozenset({"production", "prod", "live"})
STAGE_VARIABLES = (
    *("APP_ENV", "ENVIRONMENT", "ENV", "PYTHON_ENV", "DJANGO_ENV", "FLASK_ENV", "FASTAPI_ENV"),
    *("STAGE", "DEPLOY_ENV", "NODE_ENV", "SENTRY_ENVIRONMENT", "VERCEL_ENV"),
)
"""Variables by which people say where a program runs."""


@dataclass(frozen=True)
class _Variable:
    """A variable that a task or a route needs."""

    name: str
    service: str
    shape: str
    """Of its value, as a regular expression; "" if unknown."""
    pack: Pack | None
    may_be_empty: bool = False


def check_secrets(context: DoctorContext) -> Iterator[DoctorFinding]:
    for variable in _variables(context).values():
        yield _checked(variable)


def _variables(context: DoctorContext) -> dict[str, _Variable]:
    """The variables by name."""
    variables: dict[str, _Variable] = {}
    for path in task_files(context.folder):
        task = manifest.read(path)
        service = task.provider or task.service
        for variable in task.env_vars:
            if variable.required and variable.role not in OTHER_ROLES:
                needed = _variable(variable.name, service)
                empty = variable.role == "password"
                variables[variable.name] = replace(needed, may_be_empty=empty)
    for route in context.routes:
        for name in route.secrets:
            variables.setdefault(name, _variable(name, route.provider))
    return variables


def _variable(name: str, service: str) -> _Variable:
    pack = find(service)
    shapes = {fact.name: fact.shape for fact in pack.env} if pack else {}
    return _Variable(name, service, shapes.get(name, ""), pack)


def _checked(variable: _Variable) -> DoctorFinding:
    name, service, shape = variable.name, variable.service, variable.shape
    values = {"name": name}
    try:
        secret = SecretRef(name, variable.may_be_empty).read()
    except MissingSecrets:
        return DoctorFinding("bad", "secrets", "missing", service, values)
    except ConfigurationError as error:
        return DoctorFinding(
            "bad", "secrets", "unreadable", service, {**values, "cause": str(error)}
        )
    value = secret.reveal()
    if value.strip().strip("\"'`") != value:
        return DoctorFinding("bad", "secrets", "surrounded", service, values)
    if shape and not re.fullmatch(shape, value):
        kind = looks_like_another_key(secret)
        check = "kind" if kind else "form"
        return DoctorFinding(
            "bad", "secrets", check, service, {**values, "shape": shape, "kind": kind}
        )
    stage = _production()
    if stage and variable.pack and _is_for_tests(value, variable.pack):
        return DoctorFinding("bad", "secrets", "test_key", service, {**values, "stage": stage})
    return DoctorFinding("good", "secrets", "formed" if shape else "set", service, values)


def _production() -> str:
    """The variable that says that this is production, with its value; "" for none."""
    settings = ((name, os.environ.get(name, "").strip()) for name in STAGE_VARIABLES)
    return next((f"{n}={value}" for n, value in settings if value.lower() in PRODUCTION), "")


def _is_for_tests(value: str, pack: Pack) -> bool:
    """Whether a credential has the form of another environment than the live one."""
    matching = {
        name
        for name, environment in pack.environments.items()
        if environment.credential_shape and re.fullmatch(environment.credential_shape, value)
    }
    return bool(matching) and "live" not in matching
