"""Is every variable set that a task or a route needs, and does it look like what it should be?

The value itself is compared with the form that the provider's pack knows, and never shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noctule import manifest
from noctule.project.location import TASKS
from noctule.providers import find
from noctule.runtime.errors import ConfigurationError, MissingSecrets
from noctule.runtime.secrets import SecretRef
from noctule.stages.doctor.finding import DoctorFinding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.stages.doctor.finding import DoctorContext

OTHER_ROLES = frozenset({"public", "webhook_url", "setting"})
"""Roles of variables that are no credentials."""


def check_secrets(context: DoctorContext) -> Iterator[DoctorFinding]:
    for name, (service, shape) in _variables(context).items():
        yield _checked(name, service, shape)


def _variables(context: DoctorContext) -> dict[str, tuple[str, str]]:
    """Variable -> its service, and the form of its value ("" if unknown)."""
    variables: dict[str, tuple[str, str]] = {}
    for path in sorted((context.folder / TASKS).glob("*.yaml")):
        task = manifest.read(path)
        pack = find(task.provider or task.service)
        shapes = {fact.name: fact.shape for fact in pack.env} if pack else {}
        for variable in task.env_vars:
            if variable.required and variable.role not in OTHER_ROLES:
                service = task.provider or task.service
                variables[variable.name] = service, shapes.get(variable.name, "")
    for route in context.routes:
        pack = find(route.provider)
        shapes = {fact.name: fact.shape for fact in pack.env} if pack else {}
        for name in route.secrets:
            variables.setdefault(name, (route.provider, shapes.get(name, "")))
    return variables


def _checked(name: str, service: str, shape: str) -> DoctorFinding:
    values = {"name": name}
    try:
        value = SecretRef(name).read()
    except MissingSecrets:
        return DoctorFinding("bad", "secrets", "missing", service, values)
    except ConfigurationError as error:
        return DoctorFinding(
            "bad", "secrets", "unreadable", service, {**values, "cause": str(error)}
        )
    if shape and not re.fullmatch(shape, value.reveal()):
        return DoctorFinding("bad", "secrets", "form", service, {**values, "shape": shape})
    return DoctorFinding("good", "secrets", "formed" if shape else "set", service, values)
