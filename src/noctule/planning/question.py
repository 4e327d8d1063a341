"""The one question the planner may ask, and the option that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from noctule.messages import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiOperation, Server
    from noctule.messages import Language
    from noctule.providers import Need, Pack

MAX_CHOICES = 7


@dataclass(frozen=True)
class QuestionChoice:
    value: str
    """The value for the option."""
    label: str


@dataclass(frozen=True)
class Question:
    about: Literal["provider", "need", "operation", "server"]
    """Also the name of the option of `noctule plan` that answers it."""
    text: str
    choices: tuple[QuestionChoice, ...]

    @property
    def option(self) -> str:
        return f"--{self.about}"

    def as_json(self) -> dict[str, Any]:
        choices = [{"value": choice.value, "label": choice.label} for choice in self.choices]
        return {"about": self.about, "text": self.text, "option": self.option, "choices": choices}


def which_provider(packs: Iterable[Pack], language: Language) -> Question:
    choices = tuple(QuestionChoice(pack.id, pack.name) for pack in packs)
    return Question("provider", say(language, "planning.which_provider"), choices)


def which_need(service: str, needs: Iterable[Need], language: Language) -> Question:
    choices = tuple(QuestionChoice(need.id, need.label(language)) for need in needs)
    text = say(language, "planning.which_need", service=service)
    return Question("need", text, choices)


def which_operation(
    service: str, operations: Iterable[ApiOperation], language: Language
) -> Question:
    from noctule.text import one_line

    choices = tuple(
        QuestionChoice(operation.key, one_line(operation.summary or operation.description, 80))
        for operation in operations
    )
    text = say(language, "planning.which_operation", service=service)
    return Question("operation", text, choices[:MAX_CHOICES])


def which_server(service: str, servers: Iterable[Server], language: Language) -> Question:
    """All of them, since only one is right."""
    choices = tuple(QuestionChoice(server.address, _server_label(server)) for server in servers)
    return Question("server", say(language, "planning.which_server", service=service), choices)


def _server_label(server: Server) -> str:
    from noctule.text import one_line

    description = one_line(server.description, 80)
    return f"{server.address} ({description})" if description else server.address
